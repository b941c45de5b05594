/**
 * What a desk is told, what it orders, and what its agent sees. The same for a robot, the simulator and the
 * browser: the shell opens connections, keeps one timer, stores two numbers and draws the view.
 */

import type { GoverningOption } from '@holdfast/continuity';
import type { Because, LogLine, Millis } from '@holdfast/kernel';
import type {
  ConfigReply,
  ConfigRequest,
  DeskReply,
  DeskRequest,
  EventMessage,
  LoginEpoch,
  StatReply,
  StatRequest,
  UserData,
  WorkMode,
} from '@holdfast/protocol';
import type { Bootstrap } from './bootstrap/bootstrap.ts';
import type { CallView, DeskView, LinkView } from './desk-view.ts';
import type { SeatToday } from './local-data.ts';

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** What the desk knows before it has spoken to anybody (DS5, DS20): the bootstrap file and the local storage. */
export interface DeskLocalData {
  /** Of the file, or the copy of it that was renewed last. */
  readonly bootstrap: Bootstrap;
  /** The file itself, where that is a copy: its Configuration Servers are tried at the start when none of the copy answers. */
  readonly delivered?: Bootstrap;
  /** Of the link to configuration, until the configuration has told its own. */
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
      /**
       * Where the agent sits today, one Place or one for each site (DS21); asked for at each start where seats are hot
       * (DS20). Absent: as the bootstrap file says, else the Person's default place.
       */
      readonly place?: SeatToday;
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
  | { readonly type: 'message'; readonly connection: string; readonly message: LinkReply }
  /** LL6: wall and monotonic clock have moved apart (the machine slept). */
  | { readonly type: 'clockJumped'; readonly wallOffset: Millis };

/** What the agent, or the program that acts for one, can ask for. */
export type DeskCommand =
  /** Log in again after a logout. */
  | { readonly type: 'login' }
  | { readonly type: 'logout' }
  /** DS23: in place of the present one, also when that has expired. */
  | { readonly type: 'setPassword'; readonly newPassword: string }
  | { readonly type: 'ready' }
  | { readonly type: 'notReady'; readonly reason?: string; readonly workMode?: WorkMode }
  | { readonly type: 'answer'; readonly ConnID: string }
  | { readonly type: 'release'; readonly ConnID: string }
  | { readonly type: 'call'; readonly destination: string; readonly userData?: UserData }
  /** The other party goes to the destination, without this agent. */
  | {
      readonly type: 'transfer';
      readonly ConnID: string;
      readonly destination: string;
      readonly userData?: UserData;
    }
  /** A second call about the first, which `completeTransfer` makes one with it. */
  | {
      readonly type: 'consult';
      readonly ConnID: string;
      readonly destination: string;
      readonly userData?: UserData;
    }
  | { readonly type: 'completeTransfer'; readonly ConnID: string; readonly consultConnID: string }
  | { readonly type: 'attach'; readonly ConnID: string; readonly userData: UserData }
  /** An interaction window was opened or closed; no voluntary move and no restored state while one is open. */
  | { readonly type: 'windowOpen'; readonly window: string }
  | { readonly type: 'windowClosed'; readonly window: string }
  /** DS14: the call that stood at the lost site is over (the phone reports it, or the agent says so). */
  | { readonly type: 'callOver' }
  /** DS17: move to the other site now. */
  | { readonly type: 'move'; readonly to: string; readonly by: MoveAsker }
  /** Ends the session: the agent is logged out, connections are closed. */
  | { readonly type: 'stop' };

/** Who asks for a move from this side of the wire; others ask through the SIP Server. */
export type MoveAsker = 'agent' | 'administrator' | 'program';

export type LinkKind = 'telephony' | 'configuration' | 'statistics';
export type LinkRequest = DeskRequest | ConfigRequest | StatRequest;
export type LinkReply = DeskReply | ConfigReply | StatReply;

export type DeskEffect =
  | {
      readonly type: 'connect';
      readonly connection: string;
      readonly host: string;
      readonly port: number;
      readonly kind: LinkKind;
    }
  | { readonly type: 'close'; readonly connection: string }
  | { readonly type: 'send'; readonly connection: string; readonly message: LinkRequest }
  /** LL7: to be stored before the next `send`. */
  | { readonly type: 'persist'; readonly site: string; readonly epoch: LoginEpoch }
  /** Answer on the agent's phone; a SIP Server cannot. */
  | { readonly type: 'answerPhone'; readonly ConnID: string }
  /** DS20: to be stored in one step, in place of the former copy: the next start begins with it. */
  | { readonly type: 'bootstrap'; readonly bootstrap: Bootstrap }
  /** DS16: for whoever watches over the system, and told once for each beginning and end. */
  | {
      readonly type: 'alarm';
      readonly name: AlarmName;
      readonly isRaised: boolean;
      readonly because: Because;
    }
  /** DS18: of an embedded endpoint only. */
  | { readonly type: 'restartPhone'; readonly because: Because }
  | { readonly type: 'phoneSettings'; readonly registration: readonly RegistrationPeriod[] }
  | { readonly type: 'view'; readonly view: DeskView }
  /** A link to which the desk attends has another state, or stands at another site (`listeners.ts`). */
  | { readonly type: 'link'; readonly link: LinkView }
  /**
   * The session with the SIP Servers of the site with which the desk works stands, or its connection is lost. A
   * takeover inside a pair is the one after the other, while the link is never off (DS5).
   */
  | { readonly type: 'session'; readonly name: SessionEventName; readonly site: string }
  /** The calls on the agent's DNs have changed. */
  | { readonly type: 'calls'; readonly calls: readonly CallView[] }
  /** An event of the agent's DN at the site with which the desk works, before the desk acts on it. */
  | { readonly type: 'dn'; readonly site: string; readonly event: EventMessage }
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

/** In T-Library's words. */
export type SessionEventName = 'EventLinkConnected' | 'EventLinkDisconnected';

export type AlarmName = 'configuration-link-lost' | 'statistics-link-lost';

/** How often an embedded endpoint registers at a site. */
export interface RegistrationPeriod {
  readonly site: string;
  readonly everyMs: Millis;
  readonly option: GoverningOption;
}
