/**
 * The agent at the desk: the state and what is remembered of it over a loss of the login (DS13), open windows, and the
 * calls that stood at a lost site (DS14). It is told what becomes of the login; where that is, is decided elsewhere.
 */
import {
  type AgentChoice,
  type Busy,
  type DeskSite,
  factsOf,
  type Governed,
  type SeenState,
} from '@holdfast/continuity';
import { type Because, type Millis, must } from '@holdfast/kernel';
import { AgentState, type StateRequest } from './agent-state.ts';
import { CallsAtLoss } from './calls-at-loss.ts';
import type { DeskFact } from './desk-types.ts';
import type { TelephonyLink } from './telephony-link.ts';

/** Interaction windows that a desk keeps; one more is refused. */
const WINDOWS_MAX = 64;

export interface AgentSessionPorts {
  /** Asks the site of the login; false when that is not possible. */
  ask(request: StateRequest, because: Because): boolean;
  fact(fact: DeskFact, site: string): void;
  telephony(): Iterable<TelephonyLink>;
}

export class AgentSession {
  readonly #ports: AgentSessionPorts;
  readonly #callsAtLoss = new CallsAtLoss();
  readonly #windows = new Set<string>();
  #restores: Readonly<Record<string, Governed<boolean>>> = {};
  #home = '';
  #state: AgentState | undefined;
  /** What the agent chose before the desk was configured. */
  #chosenEarly: AgentChoice | undefined;

  constructor(ports: AgentSessionPorts) {
    this.#ports = ports;
  }

  /** Undefined before the desk is configured. */
  get state(): AgentState | undefined {
    return this.#state;
  }

  get windows(): ReadonlySet<string> {
    return this.#windows;
  }

  /** `restores`: whether the last state is put back, for each site (DS1). Later ones count from the next log-in on (DS24). */
  configured(now: Millis, restores: Readonly<Record<string, Governed<boolean>>>, home: string): void {
    this.#restores = restores;
    this.#home = home;
    if (this.#state !== undefined) return;
    this.#state = new AgentState(must(restores[home], 'every site has its options'), now, {
      ask: (request, because) => this.#ports.ask(request, because),
    });
    this.#state.tell(now, { type: 'windows', open: this.#windows.size });
    if (this.#chosenEarly !== undefined) this.choose(now, this.#chosenEarly);
  }

  choose(now: Millis, choice: AgentChoice): void {
    if (this.#state === undefined) this.#chosenEarly = choice;
    this.#state?.tell(now, { type: 'chosen', choice });
  }

  /** As the site of the login reports it. */
  see(now: Millis, site: string, state: SeenState, isAnswer: boolean): void {
    if (this.#state?.see(now, state, isAnswer)) this.#ports.fact('ready', site);
  }

  window(now: Millis, window: string, isOpen: boolean): void {
    if (!isOpen) this.#windows.delete(window);
    else if (this.#windows.size < WINDOWS_MAX) this.#windows.add(window);
    this.#state?.tell(now, { type: 'windows', open: this.#windows.size });
  }

  callOver(now: Millis): void {
    this.#callsAtLoss.callOver(this.#ports.telephony());
    this.#state?.tell(now, { type: 'callOver' });
  }

  /** DS14: the call that stood at the lost site goes on where the agent works now. */
  adopted(now: Millis): void {
    this.#callsAtLoss.adopted();
    this.#state?.tell(now, { type: 'callOver' });
  }

  get busy(): Busy {
    let calls = 0;
    for (const telephony of this.#ports.telephony()) calls += telephony.calls.size;
    const afterCallWork = this.#state?.seen?.workMode === 'AfterCallWork';
    return { calls, afterCallWork, openWindows: this.#windows.size };
  }

  /** DS14: a call of the site that was lost may go on. */
  get hasCallAtLostSite(): boolean {
    return this.#state?.hasCallAtLostSite === true;
  }

  /** A log-in is about to be sent. */
  logsIn(now: Millis, at: TelephonyLink): void {
    if (this.#callsAtLoss.take()) this.#state?.tell(now, { type: 'loginLost', hadCall: true });
    for (const other of this.#ports.telephony()) if (other !== at) other.forgetCalls();
  }

  /** The desk serves at that site no more. */
  leftService(now: Millis, telephony: TelephonyLink, after: DeskSite): void {
    const { situation } = after;
    this.#state?.leftService(now);
    if (situation.name === 'out') return this.#state?.forget(now, this.#windows.size);
    if (situation.name === 'withdrawing') return;
    if (factsOf(after, telephony.site).telephony.name === 'off') this.#callsAtLoss.linkLost(telephony);
    this.#ports.fact('detected', telephony.site);
  }

  /** The desk serves at that site now. */
  cameIntoService(now: Millis, site: string, after: DeskSite): void {
    const { epoch } = must(factsOf(after, site).login, 'serving under a login');
    // A site that is this agent's no more has none of its own.
    const restores = must(this.#restores[site] ?? this.#restores[this.#home], 'every site has its options');
    if (this.#state?.cameIntoService(now, epoch, restores)) this.#ports.fact('loggedIn', site);
    else this.#callsAtLoss.take();
  }

  nextDeadline(): Millis | undefined {
    return this.#state?.nextDeadline();
  }

  expire(now: Millis): void {
    this.#state?.tell(now, { type: 'expire' });
  }
}
