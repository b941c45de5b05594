/**
 * The agent's state in the eyes of the desk: what the site reports, what is remembered over a loss of the
 * login, and what is asked for afterwards (DS13, DS14). The decisions are those of `restore`; this keeps it
 * told of logins won, kept and lost.
 */
import {
  type AgentChoice,
  type Governed,
  type Restore,
  type RestoreEvent,
  restoreDeadline,
  type SeenState,
  startRestore,
  stepRestore,
} from '@holdfast/continuity';
import type { Because, Millis } from '@holdfast/kernel';
import { compareLoginEpochs, type LoginEpoch } from '@holdfast/protocol';
import type { Ask } from './telephony-link.ts';

export type StateRequest = Omit<Extract<Ask, { type: 'AgentReady' | 'AgentNotReady' }>, 'dn'>;

export interface AgentStatePorts {
  /** Sends the request to the site of the login; false when it cannot be sent. */
  ask(request: StateRequest, because: Because): boolean;
}

const LOGGED_IN: SeenState = { state: 'NotReady', workMode: 'Unknown', reasons: {}, endsAt: undefined };

export class AgentState {
  readonly #ports: AgentStatePorts;
  #restore: Restore;
  /** The login whose state is in hand. */
  #login: LoginEpoch | undefined;
  #seen: SeenState | undefined;
  #since: Millis;

  constructor(restoresState: Governed<boolean>, now: Millis, ports: AgentStatePorts) {
    this.#restore = startRestore(restoresState);
    this.#since = now;
    this.#ports = ports;
  }

  /** Undefined while there is no login that works. */
  get seen(): SeenState | undefined {
    return this.#seen;
  }

  get since(): Millis {
    return this.#since;
  }

  get isHeldBack(): boolean {
    return this.#restore.phase === 'held';
  }

  get hasCallAtLostSite(): boolean {
    return this.#restore.hasCallAtLostSite;
  }

  nextDeadline(): Millis | undefined {
    return restoreDeadline(this.#restore);
  }

  tell(now: Millis, event: RestoreEvent): void {
    const { state, effects } = stepRestore(this.#restore, event, now);
    this.#restore = state;
    for (const effect of effects) {
      if (!this.#ports.ask(requestFor(effect.choice), effect.because)) this.tell(now, { type: 'answered' });
    }
  }

  /** What the site reports. True when the agent has just become Ready. */
  see(now: Millis, state: SeenState, isAnswer: boolean): boolean {
    const before = this.#seen;
    if (before?.state !== state.state || before.workMode !== state.workMode) this.#since = now;
    this.#seen = state;
    this.tell(now, { type: 'seen', state, isAnswer });
    return state.state === 'Ready' && before?.state !== 'Ready';
  }

  /** The desk serves under this login, at a site with this option (DS1). True when it is a new one, false when the former still stood. */
  cameIntoService(now: Millis, epoch: LoginEpoch, restoresState: Governed<boolean>): boolean {
    this.#restore = { ...this.#restore, restoreLastState: restoresState };
    this.#seen = LOGGED_IN;
    this.#since = now;
    const isKept = this.#login !== undefined && compareLoginEpochs(this.#login, epoch) === 0;
    this.#login = epoch;
    this.tell(now, { type: isKept ? 'loginKept' : 'loggedIn' });
    return !isKept;
  }

  leftService(now: Millis): void {
    this.#seen = undefined;
    this.#since = now;
    this.tell(now, { type: 'loginLost', hadCall: false });
  }

  /** A logout on purpose: the next log-in begins a new session. */
  forget(now: Millis, openWindows: number): void {
    this.#restore = startRestore(this.#restore.restoreLastState);
    this.#login = undefined;
    this.tell(now, { type: 'windows', open: openWindows });
  }
}

function requestFor({ state, workMode, reasons }: AgentChoice): StateRequest {
  return {
    type: state === 'Ready' ? 'AgentReady' : 'AgentNotReady',
    // Its words came from the wire or from the agent's desk, both checked there.
    ...(workMode === 'Unknown' ? {} : { workMode: workMode as NonNullable<StateRequest['workMode']> }),
    ...(Object.keys(reasons).length === 0 ? {} : { reasons: { ...reasons } }),
  };
}
