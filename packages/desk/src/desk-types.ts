/**
 * What a desk is told, what it orders, and what its agent sees. The same for a robot, the simulator and the
 * browser: the shell opens connections, keeps one timer, stores two numbers and draws the view.
 */

import type { RunningWait } from '@holdfast/continuity';
import type { Because, LogLine, Millis } from '@holdfast/kernel';
import type {
  AgentStateName,
  CallOnDN,
  ConfigReply,
  ConfigRequest,
  DeskReply,
  DeskRequest,
  LoginEpoch,
  Reasons,
  UserData,
  WorkMode,
} from '@holdfast/protocol';

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** What the desk knows before it has spoken to anybody (DS5, DS20): the bootstrap file and the local storage. */
export interface DeskLocalData {
  /** Name of the desktop's Application object. */
  readonly application: string;
  /** The Configuration Servers of either site, in the order in which they are tried. */
  readonly configServers: { readonly preferred: readonly Endpoint[]; readonly peer: readonly Endpoint[] };
  /** Pause after all of them have failed, ms. */
  readonly retryPauseMs: Millis;
  readonly addpTimeoutMs: Millis;
  /** Names this run of the desk, unlike any other run of any desk: part of each login's epoch (LL7). */
  readonly desk: string;
  /** The highest epoch number in local storage, 0 for none. */
  readonly epochStored: number;
  /**
   * LL8. `wait` (right unless you know better): the first log-in waits one whole lease and margin from the
   * start. `nothingBefore`: whoever starts the desk vouches that no desk of this agent lived within that time.
   */
  readonly firstLogin: 'wait' | 'nothingBefore';
}

export type DeskInput =
  | {
      readonly type: 'start';
      readonly user: string;
      readonly password: string;
      readonly place: string;
      readonly localData: DeskLocalData;
      /** Wall clock minus the monotonic clock of `now`, ms. */
      readonly wallOffset: Millis;
    }
  | DeskCommand
  | { readonly type: 'opened'; readonly connection: string }
  /** The connection is gone; `how` in a few words ("reset by peer"). */
  | { readonly type: 'closed'; readonly connection: string; readonly how?: string }
  | { readonly type: 'failed'; readonly connection: string; readonly how?: string }
  /** A message, checked against its schema by the shell. */
  | { readonly type: 'message'; readonly connection: string; readonly message: DeskReply | ConfigReply }
  /** LL6: wall and monotonic clock have moved apart (the machine slept). */
  | { readonly type: 'clockJumped'; readonly wallOffset: Millis };

/** What the agent, or the program that acts for one, can ask for. */
export type DeskCommand =
  /** Log in again after a logout. */
  | { readonly type: 'login' }
  | { readonly type: 'logout' }
  | { readonly type: 'ready' }
  | { readonly type: 'notReady'; readonly reason?: string; readonly workMode?: WorkMode }
  | { readonly type: 'answer'; readonly ConnID: string }
  | { readonly type: 'release'; readonly ConnID: string }
  | { readonly type: 'call'; readonly destination: string; readonly userData?: UserData }
  | { readonly type: 'attach'; readonly ConnID: string; readonly userData: UserData }
  /** An interaction window was opened or closed; no voluntary move and no restored state while one is open. */
  | { readonly type: 'windowOpen'; readonly window: string }
  | { readonly type: 'windowClosed'; readonly window: string }
  /** DS14: the call that stood at the lost site is over (the phone reports it, or the agent says so). */
  | { readonly type: 'callOver' }
  /** DS17: move to the other site now. */
  | { readonly type: 'move'; readonly to: string; readonly by: string }
  /** Ends the session: the agent is logged out, connections are closed. */
  | { readonly type: 'stop' };

export type LinkKind = 'telephony' | 'configuration';

export type DeskEffect =
  | {
      readonly type: 'connect';
      readonly connection: string;
      readonly host: string;
      readonly port: number;
      readonly kind: LinkKind;
    }
  | { readonly type: 'close'; readonly connection: string }
  | { readonly type: 'send'; readonly connection: string; readonly message: DeskRequest | ConfigRequest }
  /** LL7: to be stored before the next `send`. */
  | { readonly type: 'persist'; readonly site: string; readonly epoch: LoginEpoch }
  /** Answer on the agent's phone; a SIP Server cannot. */
  | { readonly type: 'answerPhone'; readonly ConnID: string }
  | { readonly type: 'view'; readonly view: DeskView }
  | { readonly type: 'decision'; readonly because: Because; readonly what: string; readonly site: string }
  | {
      readonly type: 'fact';
      readonly fact: DeskFact;
      readonly site: string;
      readonly governedBy: string | null;
      readonly because: string | null;
    }
  | { readonly type: 'log'; readonly line: LogLine };

/**
 * For the ledger (ME1), each told when it happens. detected: the site of the login cannot be worked with (link
 * lost, logged out by the phone or by a shutdown); decided: a cause to leave is complete; connected: telephony
 * stands there; loginSent; loggedIn; ready.
 */
export type DeskFact = 'detected' | 'decided' | 'connected' | 'loginSent' | 'loggedIn' | 'ready';

export interface LinkView {
  readonly kind: LinkKind;
  readonly site: string;
  readonly state: 'on' | 'off' | 'connecting';
  readonly health: 'green' | 'yellow' | 'red';
}

export interface CallView extends CallOnDN {
  readonly site: string;
  /** Desk's clock. */
  readonly since: Millis;
}

export interface DeskView {
  readonly user: string;
  readonly person: string | null;
  readonly place: string;
  /** As the site of the login reports it; LoggedOut while there is no login that works. */
  readonly state: AgentStateName;
  readonly workMode: WorkMode;
  readonly reasons: Reasons;
  /** Desk's clock: since when in this state. */
  readonly since: Millis;
  /** Site of the login; null while there is none that works. */
  readonly site: string | null;
  /** What the agent is told now; empty when all is well. */
  readonly banner: string;
  /** The last request that was refused, with the remedy. */
  readonly notice: string | null;
  readonly because: Because | null;
  readonly wait: RunningWait | null;
  /** The state that will be put back later is held back (DS13, DS14). */
  readonly isStateHeldBack: boolean;
  /** LL8. */
  readonly isUnconfirmed: boolean;
  readonly links: readonly LinkView[];
  /** Sites that have the agent's phone in service. */
  readonly phoneAt: readonly string[];
  readonly calls: readonly CallView[];
  /** Open interaction windows. */
  readonly windows: readonly string[];
}
