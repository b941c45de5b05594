/** What the events of a whole site show of the rules (ME3). */
import { type DeskReply, LOGOUT_REASONS } from '@holdfast/protocol';
import { CALL_PROCESSING_PORT, type RuleCensus } from './rule-census.ts';

type SiteEvent = Extract<DeskReply, { type: 'Event' }>;

/** The events of a whole site, as a wallboard hears them. */
export class SiteWatch {
  readonly #census: RuleCensus;
  readonly #overflow: string;
  readonly #waitMaxMs: number;
  /** Who waits on each queue, and since when (the server's clock). */
  readonly #waiting = new Map<string, Map<string, number>>();
  /** The queue that each call was last in. */
  readonly #queueOf = new Map<string, string>();
  readonly #agents = new Set<string>();
  readonly #ready = new Set<string>();
  readonly #callsOn = new Map<string, Set<string>>();
  readonly #rungOn = new Map<string, string>();
  #isShuttingDown = false;
  #hasReopened = false;
  /** The server's clock. */
  readonly #dialledAt = new Map<string, number>();

  constructor(census: RuleCensus, overflow: string, waitMaxMs: number) {
    this.#census = census;
    this.#overflow = overflow;
    this.#waitMaxMs = waitMaxMs;
  }

  hears(message: DeskReply): void {
    if (message.type === 'ServerState') this.#serverState(message.isShuttingDown);
    if (message.type !== 'Event') return;
    switch (message.name) {
      case 'EventAgentLogin':
      case 'EventAgentLogout':
      case 'EventAgentReady':
      case 'EventAgentNotReady':
      case 'EventDNOutOfService':
      case 'EventDNBackInService':
        return this.#hearsOfAgent(message);
      case 'EventQueued':
      case 'EventDiverted':
      case 'EventAbandoned':
      case 'EventRouteRequest':
      case 'EventQueueLogout':
        return this.#hearsOfQueue(message);
      default:
        this.#hearsOfCall(message);
    }
  }

  #hearsOfAgent({ name, attributes }: SiteEvent): void {
    const { ThisDN: dn } = attributes;
    const census = this.#census;
    switch (name) {
      case 'EventAgentLogin':
        return this.#loggedIn(dn);
      case 'EventAgentLogout':
        return this.#loggedOut(dn, attributes.Reasons?.LogoutReason);
      case 'EventAgentReady':
        this.#ready.add(dn);
        return;
      case 'EventAgentNotReady':
        this.#ready.delete(dn);
        if (attributes.Reasons?.ReasonCode === 'no-answer') census.count('QU6');
        return;
      case 'EventDNOutOfService':
        census.count('RG4');
        return census.count('SS2');
      case 'EventDNBackInService':
        census.count('SS1');
        return census.count('AG12');
      default:
    }
  }

  #hearsOfQueue({ name, attributes, time }: SiteEvent): void {
    const { ThisDN: dn, ConnID = '' } = attributes;
    const census = this.#census;
    switch (name) {
      case 'EventQueued':
        return this.#queued(dn, ConnID, time);
      case 'EventDiverted':
        return this.#left(dn, ConnID, true);
      case 'EventAbandoned':
        census.count(this.#waiting.get(dn)?.has(ConnID) === true ? 'QU11' : 'CA7');
        this.#rungOn.delete(ConnID);
        this.#left(dn, ConnID, false);
        return this.#over(dn, ConnID);
      case 'EventRouteRequest':
        return census.count('QU14');
      default:
    }
  }

  #hearsOfCall({ name, attributes, time }: SiteEvent): void {
    const { ThisDN: dn, ConnID = '', ThisQueue: queue, CallType } = attributes;
    const census = this.#census;
    switch (name) {
      case 'EventDialing':
        this.#dialledAt.set(ConnID, time);
        this.#stands(dn, ConnID);
        if (CallType === 'Internal') census.count('CA2');
        return;
      case 'EventNetworkReached':
        return census.count('CA3');
      case 'EventDestinationBusy':
        return census.count('CA4');
      case 'EventRinging':
        this.#stands(dn, ConnID);
        if (dn === CALL_PROCESSING_PORT) census.count('CA6');
        if (queue === undefined) return census.count('CA5');
        this.#rungOn.set(ConnID, dn);
        return census.count('QU3');
      case 'EventEstablished':
        if (queue !== undefined) census.count('CA1');
        this.#rungOn.delete(ConnID);
        return;
      case 'EventHeld':
      case 'EventRetrieved':
        census.count('SS25');
        return census.count('CA8');
      case 'EventAttachedDataChanged':
        return census.count('CA9');
      case 'EventReleased':
        census.count('CA11');
        if (attributes.CallState === 'Redirected' && queue === undefined) census.count('CA15');
        if (attributes.CallState === 'Transferred') census.count('CA17');
        if (this.#dialledAt.get(ConnID) === time) census.count('CA12');
        this.#dialledAt.delete(ConnID);
        return this.#over(dn, ConnID);
      default:
    }
  }

  /** The connection was lost: what is known of calls is no longer whole. */
  forget(): void {
    for (const known of [this.#waiting, this.#queueOf, this.#callsOn, this.#rungOn, this.#dialledAt])
      known.clear();
    this.#agents.clear();
    this.#ready.clear();
    this.#isShuttingDown = false;
    this.#hasReopened = false;
  }

  #serverState(isShuttingDown: boolean): void {
    this.#hasReopened = this.#isShuttingDown && !isShuttingDown;
    this.#isShuttingDown = isShuttingDown;
  }

  #loggedIn(dn: string): void {
    const census = this.#census;
    census.count('AG2');
    // Taken back, the shutdown lets people in again.
    if (this.#hasReopened) for (const rule of ['AG21', 'SS41']) census.count(rule);
    this.#hasReopened = false;
    if (this.#agents.has(dn)) for (const rule of ['AG3', 'LL7']) census.count(rule);
    this.#agents.add(dn);
  }

  #loggedOut(dn: string, reason: string | undefined): void {
    const census = this.#census;
    this.#agents.delete(dn);
    this.#ready.delete(dn);
    if (reason === undefined) census.count('AG11');
    if (reason === LOGOUT_REASONS.phoneLost) census.count('AG12');
    if (reason === LOGOUT_REASONS.superseded) census.count('AG3');
    if (reason === LOGOUT_REASONS.gracefulShutdown) census.count('AG20');
    if (reason === LOGOUT_REASONS.inactive) census.count('AG22');
    if ((this.#callsOn.get(dn)?.size ?? 0) > 0) census.count('AG13');
  }

  #queued(queue: string, connId: string, time: number): void {
    const line = this.#waiting.get(queue) ?? new Map<string, number>();
    this.#waiting.set(queue, line);
    const former = this.#queueOf.get(connId);
    // Back from an agent, to the same queue: its place in line is the old one.
    if (former === queue && this.#rungOn.delete(connId)) this.#census.count('QU5');
    if (queue === this.#overflow && former !== undefined && former !== queue) {
      const waited = time - (this.#since.get(connId) ?? time);
      this.#census.count(waited >= this.#waitMaxMs * 0.98 ? 'QU8' : 'QU7');
    }
    if (former === undefined) this.#since.set(connId, time);
    this.#queueOf.set(connId, queue);
    line.set(connId, time);
  }

  readonly #since = new Map<string, number>();

  /** A call leaves the line: for an agent, or for another queue. */
  #left(queue: string, connId: string, isDiverted: boolean): void {
    const line = this.#waiting.get(queue);
    if (line?.delete(connId) !== true) return;
    this.#census.count('QU13');
    if (!isDiverted) return;
    if (line.size > 0) this.#census.count('QU1');
    if (this.#ready.size > 1) this.#census.count('QU2');
    for (const [other, waiting] of this.#waiting)
      if (other !== queue && waiting.size > 0) this.#census.count('QU12');
  }

  #stands(dn: string, connId: string): void {
    const calls = this.#callsOn.get(dn) ?? new Set<string>();
    this.#callsOn.set(dn, calls.add(connId));
  }

  #over(dn: string, connId: string): void {
    this.#callsOn.get(dn)?.delete(connId);
    // A call that rang and comes back is known until it is queued again.
    if (this.#rungOn.has(connId)) return;
    this.#queueOf.delete(connId);
    this.#since.delete(connId);
  }
}
