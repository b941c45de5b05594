/**
 * The contact centre as a domain: who is logged in, which calls exist, who waits where, which agent is next.
 * It knows no SIP, no sockets and no lease; the SIP Server node tells it facts and performs what it decides.
 */
import type { LogLine, Millis } from '@holdfast/kernel';
import type {
  CallType,
  ErrorCode,
  EventAttributes,
  EventName,
  LoginEpoch,
  Reasons,
  UserData,
  WorkMode,
} from '@holdfast/protocol';
import type { AnnouncedCaller } from './pool-state.ts';

export type DNType = 'Extension' | 'ACDQueue' | 'RoutingPoint' | 'CallProcessingPort' | 'Trunk';

/** What of the configuration the centre works by, options already resolved. Durations in ms. */
export interface CentreConfiguration {
  readonly site: string;
  readonly dns: readonly DNConfiguration[];
  readonly agentLogins: readonly ({
    readonly code: string;
    readonly wrapUpMs: number | 'untimed' | undefined;
  } & Partial<LoginRules>)[];
  /** For how long the place of a caller is kept whose leg was lost (AD7), ms; 0 or absent: not at all. */
  readonly lostPlaceWindowMs?: number;
  /** `wrap-up-time` of the SIP Server: after-call work after a business call, 0 for none. */
  readonly wrapUpMs: number | 'untimed';
}

/** What else holds for whoever uses an Agent Login; what is left out is as LOGIN_RULES says. */
export interface LoginRules {
  /** `timed-acw-in-idle`: after-call work that is asked for outside a call takes the wrap-up time (AG9). */
  readonly isIdleWorkTimed: boolean;
  /** `acw-in-idle-force-ready`: such work ends in Ready; else in the state before it (AG9). */
  readonly isReadyAfterIdleWork: boolean;
  /** `auto-logout-timeout`: who does nothing for so long is logged out; 0 is never (AG22). */
  readonly autoLogoutMs: Millis;
  /** `auto-logout-ready`: also in Ready, after-call work and auxiliary work (AG22). */
  readonly isAutoLogoutForAll: boolean;
}

export const LOGIN_RULES: LoginRules = {
  isIdleWorkTimed: true,
  isReadyAfterIdleWork: true,
  autoLogoutMs: 0,
  isAutoLogoutForAll: false,
};

export interface DNConfiguration {
  readonly number: string;
  readonly type: DNType;
  readonly name: string;
  /** ACD queue and routing point: what follows. */
  readonly queue?: {
    /** Ring time before the call is taken back and offered to the next agent. */
    readonly noAnswerMs: number;
    /** Whether the agent who did not answer is set NotReady (reason `no-answer`). */
    readonly noAnswerNotReady: boolean;
    /** Most callers that may wait; one more goes to the overflow DN, or is refused with 486 without one. */
    readonly waitingMax: number;
    /** Longest wait before the overflow DN; undefined for none. */
    readonly waitMaxMs?: number;
    readonly overflowDN?: string;
    /** What the caller hears: nothing (ringing tone of the caller's side), music or tone. */
    readonly treatment: 'ringback' | 'music' | 'tone';
    /** Priority of calls that arrive here and carry none in their UserData (`Priority`); higher is served first. */
    readonly priority: number;
    /** Callers and agents of the queue of this number at the other site are served together with those of this one (PQ1). */
    readonly isPooled?: boolean;
  };
  /** Routing point: where it sends every call (a queue or an extension). */
  readonly routeTo?: string;
  /** Extension: why its phone cannot register at the other site, where that is known (AG24). */
  readonly phoneStays?: string;
}

/** How a graceful shutdown goes on. */
export interface ShutdownTerms {
  /** So many idle agents are logged out at once, and how long after them the next ones are (AG24). */
  readonly wave: number;
  readonly waveEveryMs: Millis;
  /** How long from now until whoever is left is logged out; absent: nobody is before the work is done (AG25). */
  readonly withinMs?: Millis;
  /** At that deadline calls are released too. */
  readonly isForced: boolean;
  /** The process is to end when nothing is left. */
  readonly endsProcess: boolean;
  /** DNs whose phones are registered at the other site too: their agents go first. */
  readonly phonesElsewhere?: ReadonlySet<string>;
}

/** Where a graceful shutdown stands. */
export interface ShutdownView {
  readonly by: string;
  /** Still logged in; of them, those who are idle and wait for their wave. */
  readonly agents: number;
  readonly inWaves: number;
  /** Calls that are not over; of them, callers who wait in queues. */
  readonly calls: number;
  readonly waiting: number;
  /** Agents who were logged in when it began and whose phones cannot register at the other site, and why: the last to go. */
  readonly staying: readonly { readonly dn: string; readonly agentId: string; readonly because: string }[];
  readonly deadlineAt: Millis | undefined;
  readonly isPastDeadline: boolean;
  readonly isForced: boolean;
  readonly endsProcess: boolean;
  /** Neither an agent nor a call is left. */
  readonly isDrained: boolean;
}

export type PartyRelease = 'normal' | 'busy' | 'no-answer' | 'rejected' | 'unreachable' | 'lost';

/** Facts and requests. `referenceId` and `client` come back in the events and refusals that answer a request. */
export type CentreInput =
  /** Again at any time: what is the same stays as it is, agents and calls are kept (C57). New DNs start out of service. */
  | { readonly type: 'configured'; readonly configuration: CentreConfiguration }
  /** The phone of this DN is registered here, or no longer. Logs the agent out (dr-force_logout) when it goes. */
  | { readonly type: 'phone'; readonly dn: string; readonly inService: boolean }
  /**
   * The login lease of the agent on this DN is live (true) or has ended (LL3). A login is admitted with a live
   * lease only, so it starts routable. Leases that have ended by `now` must be told before the input that is
   * handled at `now` (LL2), all in one input: a call that one of them gives back may not go to another of them.
   */
  | {
      readonly type: 'routable';
      readonly changes: readonly { readonly dn: string; readonly routable: boolean }[];
    }
  | ({
      readonly type: 'login';
      readonly dn: string;
      readonly agentId: string;
      readonly person: string;
      readonly place: string;
      readonly queues: readonly string[];
      readonly epoch: LoginEpoch;
      readonly workMode?: WorkMode;
      readonly reasons?: Reasons;
      /** The other site has ended what it held up to this epoch (LL8): EventAgentLogin says so. */
      readonly isConfirmed?: boolean;
      /** When the token was made by which the person is known, wall clock, ms since 1970 (ID3). */
      readonly tokenIssuedWall: number;
    } & Request)
  /**
   * LL8: the person works at the other site. What is held here up to the epoch ends (`login-superseded`), and nothing up to
   * it is admitted any more; refused where a higher one is known.
   */
  | ({
      readonly type: 'endLogin';
      readonly person: string;
      readonly epoch: LoginEpoch;
    } & Request)
  /** `by` says who asked: the agent, a supervisor, or the server (`reason` is then the LogoutReason). */
  | ({
      readonly type: 'logout';
      readonly dn: string;
      readonly by: 'agent' | 'supervisor' | 'server';
      readonly epoch?: LoginEpoch;
      readonly reason?: string;
      readonly reasons?: Reasons;
    } & Request)
  /**
   * Graceful shutdown: agents are let go and none comes in (AG20); `on: false` takes it back. Asked for again, the newest
   * terms hold. Without terms everybody who is idle goes at once, and there is no deadline.
   */
  | ({
      readonly type: 'shutdown';
      readonly on: boolean;
      /** Who asked, for the log. */
      readonly by: string;
      readonly terms?: ShutdownTerms;
    } & Request)
  | ({
      readonly type: 'ready';
      readonly dn: string;
      readonly workMode?: WorkMode;
      readonly reasons?: Reasons;
    } & Request)
  | ({
      readonly type: 'notReady';
      readonly dn: string;
      readonly workMode?: WorkMode;
      readonly reasons?: Reasons;
    } & Request)
  /**
   * A new call, with a ConnID that was never used before. `from` is a DN of this site (internal or outbound) or the caller's number (inbound, via a trunk).
   * `to` is a DN of this site, or any number when `trunk` is set (outbound).
   */
  | {
      readonly type: 'callStarted';
      readonly connId: string;
      readonly from: { readonly dn: string } | { readonly ani: string; readonly trunk: string };
      readonly to: string;
      readonly trunk?: string;
      readonly userData: UserData;
      /** For how long the caller had waited at the other site, which is gone (AD7), ms. */
      readonly waitedMs?: number;
      /** To an emergency number: no shutdown ends it (PQ4). */
      readonly isEmergency?: boolean;
      /** The call for which this one is a consultation (CA20). */
      readonly consultOf?: string;
      /** It comes from the other site for an agent who was reserved, under this number, for the caller of that ConnID there. */
      readonly reservation?: { readonly connId: string; readonly number: number };
    }
  /** The DN sends whoever it talks with to a number: one of this site, or any over `trunk` (CA17). */
  | ({
      readonly type: 'transfer';
      readonly connId: string;
      readonly dn: string;
      readonly to: string;
      readonly trunk?: string;
      /** To an emergency number (PQ4). */
      readonly isEmergency?: boolean;
      /** Attached to the call. */
      readonly userData?: UserData;
    } & Request)
  /** The DN brings the far ends of two calls together in the first (CA19). */
  | ({
      readonly type: 'completeTransfer';
      readonly connId: string;
      readonly consult: string;
      readonly dn: string;
    } & Request)
  /** What became of the leg that `ring` (or `dial`) asked for. */
  | { readonly type: 'partyRinging'; readonly connId: string; readonly dn: string }
  | { readonly type: 'partyAnswered'; readonly connId: string; readonly dn: string }
  | { readonly type: 'partyFailed'; readonly connId: string; readonly dn: string; readonly why: PartyRelease }
  /** The called phone sends the caller elsewhere (3xx): to a DN of this site, or to a number behind `trunk`. */
  | {
      readonly type: 'partyRedirected';
      readonly connId: string;
      readonly dn: string;
      readonly to: string;
      readonly trunk?: string;
      /** That is an emergency number (PQ4). */
      readonly isEmergency?: boolean;
    }
  /** A leg of the call is over: the caller (`dn` undefined for a caller from a trunk) or another party. */
  | { readonly type: 'partyGone'; readonly connId: string; readonly dn?: string; readonly why: PartyRelease }
  | { readonly type: 'partyHeld'; readonly connId: string; readonly dn: string; readonly held: boolean }
  | ({
      readonly type: 'attachUserData';
      readonly connId: string;
      readonly dn: string;
      readonly userData: UserData;
    } & Request)
  | ({
      readonly type: 'deleteUserData';
      readonly connId: string;
      readonly dn: string;
      readonly keys?: readonly string[];
    } & Request)
  | ({ readonly type: 'releaseCall'; readonly connId: string; readonly dn: string } & Request)
  | PoolInput;

/** What is heard of the queues of the other site (PQ1): as the callers' side of a queue, then as the agents'. */
export type PoolInput =
  /** The other site can be reached over this trunk, and asked; without one it cannot. `isLost`: what is on its way may be lost. */
  | { readonly type: 'poolLink'; readonly trunk: string | undefined; readonly isLost: boolean }
  /** It keeps its agent on `dn` for a caller who waits here. */
  | {
      readonly type: 'poolGranted';
      readonly queue: string;
      readonly connId: string;
      readonly reservation: number;
      readonly dn: string;
    }
  /** It grants nobody to this queue. */
  | { readonly type: 'poolRefused'; readonly queue: string; readonly because: string }
  /** The first of its callers in a queue, in their order; they take the place of those that it named before. */
  | { readonly type: 'waitElsewhere'; readonly queue: string; readonly callers: readonly AnnouncedCaller[] }
  /** Its caller comes for the agent who was granted. */
  | {
      readonly type: 'poolTaken';
      readonly connId: string;
      readonly reservation: number;
      readonly userData: UserData;
    }
  | {
      readonly type: 'poolDeclined';
      readonly connId: string;
      readonly reservation: number;
      readonly because: string;
    }
  /** Nothing is heard of its callers any more. */
  | { readonly type: 'elsewhereLost' };

/** To be told to the other site (PQ1). */
export type PoolEffect =
  | { readonly type: 'poolWaiting'; readonly queue: string; readonly callers: readonly AnnouncedCaller[] }
  | {
      readonly type: 'poolTake';
      readonly connId: string;
      readonly reservation: number;
      readonly userData: UserData;
    }
  | {
      readonly type: 'poolDecline';
      readonly connId: string;
      readonly reservation: number;
      readonly because: string;
    }
  | {
      readonly type: 'poolGrant';
      readonly queue: string;
      readonly connId: string;
      readonly reservation: number;
      readonly dn: string;
    }
  | { readonly type: 'poolRefuse'; readonly queue: string; readonly because: string };

export interface Request {
  /** Which client asked; opaque to the centre. Absent when no client did. */
  readonly client?: string;
  readonly referenceId?: number;
}

/** To be performed in order. */
export type CentreEffect =
  /** A new fact on one DN, for every client registered there; becomes a numbered entry of the log. */
  | {
      readonly type: 'event';
      readonly dn: string;
      readonly name: EventName;
      readonly attributes: EventAttributes;
      readonly client?: string;
    }
  /** A graceful shutdown has begun, or was taken back. */
  | { readonly type: 'shuttingDown'; readonly on: boolean }
  /** Ring this extension (or dial out over `trunk`) for the call. */
  | {
      readonly type: 'ring';
      readonly connId: string;
      readonly dn: string;
      readonly trunk?: string;
      readonly callType: CallType;
      readonly userData: UserData;
      /** With a trunk: of the agent at the other site for whom the call goes there. Without: a caller from there has come for this one. */
      readonly reservation?: number;
    }
  /** Stop ringing it. */
  | {
      readonly type: 'withdraw';
      readonly connId: string;
      readonly dn: string;
      readonly why: 'no-answer' | 'caller-gone' | 'lease' | 'logged-out' | 'not-ready' | 'released';
    }
  /**
   * The call waits: play this to the caller (again a new one replaces the former). It goes on while agents are
   * rung, and is not asked for again when the call comes back to the same queue; it ends when a party answers.
   * A call for which an agent is idle gets none: the caller hears that phone ring.
   */
  | {
      readonly type: 'treat';
      readonly connId: string;
      readonly treatment: 'ringback' | 'music' | 'tone';
      readonly dn: string;
    }
  /** The DN turns the other end to somebody else: it is kept apart until `transferred` or `transferFailed`. */
  | { readonly type: 'park'; readonly connId: string; readonly dn: string }
  /** That has come about: its leg ends. */
  | { readonly type: 'transferred'; readonly connId: string; readonly dn: string }
  /** It has not, for this reason (RFC 3261 §21): the call is as before. */
  | {
      readonly type: 'transferFailed';
      readonly connId: string;
      readonly dn: string;
      readonly status: number;
    }
  /** Two calls of the DN become the first of them: their far ends are brought together, and its legs end. */
  | { readonly type: 'join'; readonly connId: string; readonly consult: string; readonly dn: string }
  /**
   * End every leg that is left; `status` is the SIP answer to a caller who was never answered. Every call that
   * was started gets exactly one, also when its legs are gone already: nothing is known of it here afterwards.
   */
  | { readonly type: 'release'; readonly connId: string; readonly status: number; readonly why: string }
  | {
      readonly type: 'refuse';
      readonly client: string;
      readonly referenceId: number;
      readonly code: ErrorCode;
      readonly text: string;
      readonly epoch?: LoginEpoch;
    }
  /** A request that changed nothing visible was done (attach of equal data, …). */
  | { readonly type: 'done'; readonly client: string; readonly referenceId: number }
  | PoolEffect
  | { readonly type: 'log'; readonly line: LogLine };

/** What became of the calls of one queue since the start: offered = the rest + those that wait or ring now. */
export interface QueueCounters {
  readonly dn: string;
  /** Calls that arrived, refused ones included. */
  readonly offered: number;
  readonly answered: number;
  /** The caller left before an answer. */
  readonly abandoned: number;
  /** Offers that came back without an answer: no end, the call stays in line. */
  readonly redirected: number;
  /** Sent to the overflow DN, or refused because the queue was full and had none. */
  readonly overflowed: number;
  /** Ended by anything else: the queue was removed, a client released the call. */
  readonly released: number;
}

export interface AgentView {
  readonly dn: string;
  readonly agentId: string;
  readonly person: string;
  readonly place: string;
  readonly epoch: LoginEpoch;
  /** Of the token of the login; wall clock, ms since 1970. */
  readonly tokenIssuedWall: number;
  readonly state: 'Ready' | 'NotReady';
  readonly workMode: WorkMode;
  readonly reasons: Reasons;
  readonly queues: readonly string[];
  readonly routable: boolean;
  readonly since: Millis;
}
