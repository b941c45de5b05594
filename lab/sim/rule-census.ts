/**
 * How often each rule of a SPEC.md decided something (ME3), seen from outside. A decision that carries its because
 * names its rule; where a rule leaves none, what is counted is the message or event by which everybody else would
 * notice it: EventAgentLogout with `dr-force_logout` is AG12. Nothing is counted because a line of code was reached.
 */
import type { Millis } from '@holdfast/kernel';
import type { DeskReply, DeskRequest, ErrorCode } from '@holdfast/protocol';
import { LOGOUT_REASONS } from '@holdfast/protocol';
import type { PhoneFact, SipMessage } from '@holdfast/sip';
import { cseqOf, headerValue, toOf } from '@holdfast/sip';

/** Of the simulated centre: the callers, a gateway that is not there, and who answers at the Call Processing Port. */
export const GATEWAY = '10.0.9.1';
export const DEAD_GATEWAY = '10.0.9.2';
export const ANNOUNCER = '10.0.9.3';

/** Dialogs whose last description is remembered, and calls over a trunk. */
const ORIGINS_MAX = 1_000;

export class RuleCensus {
  readonly counts: Map<string, number>;

  constructor(counts: Map<string, number>) {
    this.counts = counts;
  }

  count(rule: string): void {
    this.counts.set(rule, (this.counts.get(rule) ?? 0) + 1);
  }

  /** A log line's because begins with its rule where it has one. */
  because(text: string | undefined): void {
    const rule = text === undefined ? null : /^[A-Z]{2}\d+[a-z]?/.exec(text);
    if (rule !== null) this.count(rule[0]);
  }

  /** What a SIP Server sends to a desk. Events are counted where they are read. */
  siteSays(message: DeskReply): void {
    switch (message.type) {
      case 'Stamp':
      case 'Pong':
        return;
      case 'Ping':
        return this.#each('LH2', 'SS9');
      case 'ServerState':
        return this.count('SS40');
      case 'MoveAsked':
        return this.count('SS44');
      case 'Alarm':
        return this.count('SS45');
      case 'NotLoggedIn':
        return this.#each('AG4', 'LL3', 'SS13');
      case 'ServerInfo':
        return this.count(message.resumed ? 'SS7' : 'SS6');
      case 'RegisteredAll':
        return this.count('SS10');
      case 'Error':
        return this.#refused(message.code);
      case 'Registered':
        if (message.snapshot.agent !== undefined || message.snapshot.calls.length > 0) this.count('CA13');
        return;
      case 'Done':
        return this.count('AG17');
      case 'Event':
        if (message.attributes.ReferenceID === undefined) return;
        this.count('AG17');
        if (message.name === 'EventAgentLogin') this.#each('SS12', 'AG1');
        if (message.name === 'EventAgentLogout') this.count('SS15');
        return;
      default:
    }
  }

  /** A line of the log of a SIP Server: about somebody who proves nothing, or a gateway that does not answer. */
  siteWrites(what: string): void {
    if (what === 'registration refused' || what === 'call refused') this.count('SS4');
    if (what === 'trunk out of service' || what === 'trunk back in service') this.count('SS35');
  }

  /** A connection that a SIP Server closes, by its own words. */
  siteCloses(why: string): void {
    if (why.startsWith('No answer to a ping')) this.#each('LH3', 'SS9');
    if (why.startsWith('the same session')) this.count('SS8');
  }

  #each(...rules: readonly string[]): void {
    for (const rule of rules) this.count(rule);
  }

  #refused(code: ErrorCode): void {
    this.count('AG17');
    for (const rule of REFUSALS[code] ?? []) this.count(rule);
  }

  /** What a SIP Server sends over SIP. */
  siteTransmits(message: SipMessage, now: Millis, transaction: string | undefined): void {
    if (message.body.length > 0) this.#described(message);
    if (message.kind === 'request') {
      // The answer to an offer in a 2xx (RFC 3261 §13.2.2.4).
      if (message.method === 'ACK' && message.body.length > 0) this.count('SS23');
      if (message.method === 'INVITE') this.#forks(message, now);
      // In a dialog it turns the caller from the announcer to the agent, or puts one end's offer to the other.
      if (message.method === 'INVITE') this.count(toOf(message)?.params.has('tag') === true ? 'SS20' : 'RG6');
      if (message.method === 'OPTIONS') this.count('SS60');
      if (message.method === 'BYE') this.count('SS27');
      return;
    }
    const { status } = message;
    if (status === 401 && transaction === undefined) this.count('SS3');
    switch (cseqOf(message)?.method) {
      case 'REGISTER':
        if (headerValue(message, 'require') === 'outbound') this.count('RG5');
        if (status === 200) this.count('RG1');
        else if (status === 401) this.count('PH4');
        else if (status === 500) this.count('RG3');
        return;
      case 'INVITE':
        if (status === 180) this.count('SS21');
        if (status === 183 && message.body.length > 0) this.count('SS22');
        if (status === 401) this.count('SS16');
        if (status === 603) this.count('SS42');
        return;
      case 'OPTIONS':
        return this.count(status === 503 ? 'SS43' : 'SS26');
      default:
    }
  }

  /** Two INVITEs of one call to one extension, sent in one turn, go to two of its contacts. */
  #forks(message: SipMessage, now: Millis): void {
    const connId = headerValue(message, 'x-holdfast-connid');
    if (connId !== undefined) this.#trunks(connId, message, now);
    const { callId } = this.#lastInvite;
    const nextId = headerValue(message, 'call-id');
    if (connId !== undefined && connId === this.#lastInvite.connId && now === this.#lastInvite.now)
      if (callId !== nextId) this.count('SS24');
    this.#lastInvite = { connId, callId: nextId, now };
  }

  /** One call goes to two gateways, one after the other; what is called at the port of an announcer. */
  #trunks(connId: string, message: SipMessage, now: Millis): void {
    const host = message.kind === 'request' ? /@([\d.]+)/.exec(message.uri)?.[1] : undefined;
    if (host === ANNOUNCER) this.count('SS34');
    if (host !== GATEWAY && host !== DEAD_GATEWAY) return;
    const before = this.#gatewayOf.get(connId);
    if (before !== undefined && before.host !== host && now > before.now) this.count('SS32');
    if (this.#gatewayOf.size > ORIGINS_MAX) this.#gatewayOf.clear();
    this.#gatewayOf.set(connId, { host, now });
  }

  readonly #gatewayOf = new Map<string, { readonly host: string; readonly now: Millis }>();

  #lastInvite: { connId: string | undefined; callId: string | undefined; now: Millis } = {
    connId: undefined,
    callId: undefined,
    now: 0,
  };

  /** One end is described another party under the origin of the first, in a higher version. */
  #described(message: SipMessage): void {
    const callId = headerValue(message, 'call-id') ?? '';
    const origin = /^o=(\S+ \S+) (\d+)/m.exec(String.fromCharCode(...message.body));
    if (origin === null) return;
    const [, session = '', version = ''] = origin;
    const before = this.#origins.get(callId);
    if (before?.session === session && Number(version) > before.version) this.count('SS19');
    if (this.#origins.size > ORIGINS_MAX) this.#origins.clear();
    this.#origins.set(callId, { session, version: Number(version) });
  }

  readonly #origins = new Map<string, { readonly session: string; readonly version: number }>();

  /** An answer of a phone that a SIP Server receives: one that does not take the call. */
  siteHears(message: SipMessage): void {
    if (message.kind === 'request') return;
    if (message.status >= 300 && message.status < 303) this.count('SS33');
    if (message.status < 400 || message.status === 487) return;
    if (cseqOf(message)?.method === 'INVITE') this.count('QU9');
  }

  phoneTells(fact: PhoneFact): void {
    switch (fact.name) {
      case 'unregistered':
        return this.count('PH6');
      case 'registrationFailed':
        return this.count('PH2');
      case 'ringing':
        // Our own phone, called because we asked for a call by the desk.
        if (fact.from === fact.to) this.count('SS28');
        return;
      case 'established':
        return this.count('PH9');
      case 'held':
      case 'retrieved':
        return this.count('PH11');
      default:
    }
  }
}

/** Which rule refuses with which code. */
const REFUSALS: Partial<Record<ErrorCode, readonly string[]>> = {
  'stale-stamp': ['LL1'],
  'phone-out-of-service': ['AG1'],
  'already-logged-in': ['AG3'],
  'agent-elsewhere': ['AG3', 'AG4'],
  'epoch-too-low': ['AG3', 'AG4'],
  'shutting-down': ['AG21', 'SS41'],
  'not-logged-in': ['AG16'],
  'not-allowed': ['AG16'],
  'unknown-call': ['CA10'],
  'phone-busy': ['SS31'],
  'phone-no-answer': ['SS31'],
  'phone-rejected': ['SS31'],
};

/** The client of one desk's session at one site, as its messages show it. */
export class AgentWatch {
  readonly #census: RuleCensus;
  readonly #asked = new Map<number, DeskRequest>();
  #state = '';
  /** Work mode under which the state was last reported; timed after-call work carries its time. */
  #wasTimed = false;
  #isOnCall = false;
  #isRinging = false;

  constructor(census: RuleCensus) {
    this.#census = census;
  }

  asks(request: DeskRequest): void {
    if (!('ReferenceID' in request)) return;
    if (request.type === 'AgentReady' || request.type === 'AgentNotReady')
      this.#asked.set(request.ReferenceID, request);
    // A handful waits at most; what a lost connection never answered is forgotten here.
    if (this.#asked.size > 64) this.#asked.clear();
  }

  hears(message: DeskReply): void {
    if (message.type === 'Done' && this.#asked.delete(message.ReferenceID) && this.#isOnCall)
      return this.#census.count('AG5');
    if (message.type !== 'Event') return;
    const { name, attributes } = message;
    switch (name) {
      case 'EventAgentReady':
      case 'EventAgentNotReady':
        return this.#standing(name, attributes);
      case 'EventAgentLogin':
      case 'EventAgentLogout':
        this.#state = '';
        return;
      case 'EventRinging':
        this.#isRinging = attributes.ThisQueue !== undefined;
        return;
      case 'EventEstablished':
        this.#isOnCall = true;
        this.#isRinging = false;
        return;
      case 'EventReleased':
        this.#isOnCall = false;
        this.#isRinging = false;
        return;
      default:
    }
  }

  #standing(
    name: 'EventAgentReady' | 'EventAgentNotReady',
    attributes: Extract<DeskReply, { type: 'Event' }>['attributes'],
  ): void {
    const census = this.#census;
    const { ReferenceID, WorkMode, Extensions } = attributes;
    const isAsked = ReferenceID !== undefined && this.#asked.delete(ReferenceID);
    const isAfterCallWork = WorkMode === 'AfterCallWork';
    const state = `${name} ${WorkMode} ${JSON.stringify(attributes.Reasons ?? {})}`;
    if (isAsked && state === this.#state) census.count('AG6');
    if (isAsked && isAfterCallWork && !this.#isOnCall) census.count('AG9');
    if (isAsked && name === 'EventAgentNotReady' && this.#isRinging) census.count('AG15');
    if (!isAsked && isAfterCallWork) census.count('AG7');
    if (!isAsked && !isAfterCallWork && this.#wasTimed)
      census.count(name === 'EventAgentReady' ? 'AG8' : 'AG10');
    this.#state = state;
    this.#wasTimed = isAfterCallWork && typeof Extensions?.WrapUpTime === 'number';
  }
}

/** Of the generated configuration. */
export const CALL_PROCESSING_PORT = '8900';

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
    const { name, attributes, time } = message;
    const { ThisDN: dn, ConnID = '', ThisQueue: queue, CallType } = attributes;
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
