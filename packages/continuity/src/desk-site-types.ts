/**
 * What `desk-site.ts` decides with and about: the policy, the facts of each site, the situation of the desk,
 * what it is told and what it orders.
 */
import type { Because, Millis } from '@holdfast/kernel';
import type { Governed, GoverningOption } from './governed.ts';
import type { LoginEpoch, Promised, ReceivedStamp, Stamp } from './login-lease.ts';
import type { ReturnDamping, ReturnDampingPolicy } from './return-damping.ts';

/**
 * The options of either family as one policy (DS1): the third-party family is the same machine with other
 * values, of which `never` and `autoRestore: false` are the typical ones.
 */
export interface DeskSitePolicy {
  /** DS2: false means that no link leaves its site. */
  readonly enabled: Governed<boolean>;
  readonly preferredSite: string;
  /** What names it, where an option does. */
  readonly preference?: GoverningOption;
  /** Undefined where there is no other site. */
  readonly peerSite: string | undefined;
  /** For each site, while the desk belongs there (DS1: in the third-party family each site's Application has its own). */
  readonly timeouts: Readonly<Record<string, SiteTimeouts>>;
  /** DS15. */
  readonly autoRestore: Governed<boolean>;
  /** RD1, RD2: how a return waits for steady health. */
  readonly damping: ReturnDampingPolicy;
  /** An unanswered log-in makes its connection suspect after so long. */
  readonly loginAnswerMaxMs: Millis;
  /** Pause before a log-in that was refused is tried again at the same site; doubles with each refusal. */
  readonly refusedPauseMs: Millis;
}

export interface SiteTimeouts {
  /** DS8a: telephony off without a break for so long. */
  readonly siteTimeoutMs: Governed<Millis | 'never'>;
  /** DS8b: the phone out of service for so long after it cost the login. */
  readonly phoneTimeoutMs: Governed<Millis | 'never'>;
}

/** What the desk knows of one site. */
export interface SiteFacts {
  /** `unknown` before the first attempt has succeeded or failed: nothing is counted from it (DS6). */
  readonly telephony:
    | { readonly name: 'unknown' }
    | { readonly name: 'on'; readonly pairEpoch: number }
    | { readonly name: 'off'; readonly since: Millis };
  /** The phone as this site sees it, as last heard; `unknown` before the site said anything. */
  readonly phone:
    | { readonly name: 'unknown' }
    | { readonly name: 'inService' }
    | { readonly name: 'outOfService'; readonly since: Millis };
  /** The login of this desk that may stand there; `confirmed` once the site has said so. */
  readonly login: { readonly epoch: LoginEpoch; readonly confirmed: boolean } | undefined;
  /** The newest stamp heard, for a log-in to carry. */
  readonly heard: ReceivedStamp | undefined;
  readonly promised: Promised;
  readonly leaseLengthMs: Millis;
  /** The object that sets that length; `default` before the site has told. */
  readonly leaseSource: string;
  /** LL8: the site puts each log-in to the other one, which ends what it holds; false once it has failed to. */
  readonly peerAsked: boolean;
  /** The site sends its agents away (graceful shutdown) and gets no log-in until it takes that back or starts anew. */
  readonly isClosing: boolean;
  /** RD1: this desk's part of the window that the site gives to those who return; 0 before it has told. */
  readonly returnSlotMs: Millis;
  /** No log-in before this instant, after `refusals` in a row. */
  readonly notBefore: Millis;
  readonly refusals: number;
}

/** Why the desk wants to leave a site: DS8 a, b, c, DS15, DS17. */
export type CauseName = 'telephony' | 'phone' | 'shutdown' | 'return' | 'asked';

export interface Cause {
  readonly name: CauseName;
  readonly because: Because;
}

/** DS12: nobody has asked yet, or who has ended the login; `said` are the words of the site. */
export type OutReason =
  | { readonly name: 'notAsked' | 'agent' | 'superseded' }
  | { readonly name: 'supervisor' | 'unknown'; readonly said: string };

/** Where the desk stands. Exactly one login at a time is present: that of `serving`. */
export type Situation =
  /** Wants no login: not yet asked for, logged out on purpose, refused, or ended by another desk. */
  | { readonly name: 'out'; readonly why: OutReason; readonly because: Because }
  /**
   * Belongs to this site but cannot work there now; leaves when a cause is complete (DS8). `because` is what
   * its next log-in there will say.
   */
  | { readonly name: 'waiting'; readonly site: string; readonly because: Because }
  /** Logged in, telephony on. */
  | { readonly name: 'serving'; readonly site: string }
  /** Has a cause to leave `from` and no site yet at which to log in (DS9). `aim` is tried first (DS19). */
  | { readonly name: 'seeking'; readonly from: string; readonly aim: string; readonly cause: Cause }
  /** Its log-in has been sent; a site that does not answer is distrusted at `answerBy`. */
  | {
      readonly name: 'entering';
      readonly site: string;
      readonly answerBy: Millis;
      /** Where the desk stands again if the log-in comes to nothing. */
      readonly origin: Extract<Situation, { name: 'waiting' | 'seeking' }>;
      /** What the site had been promised before; a refused log-in promised nothing. */
      readonly promisedBefore: Promised;
    }
  /** Logs out at a living site, to log in at another (DS15, DS17). */
  | { readonly name: 'withdrawing'; readonly from: string; readonly to: string; readonly cause: Cause };

/** What holds the agent at a site: no voluntary move during any of them (DS15). */
export interface Busy {
  readonly calls: number;
  readonly afterCallWork: boolean;
  readonly openWindows: number;
}

export interface DeskSite {
  readonly policy: DeskSitePolicy;
  /** Of this run of the desk; part of every epoch (LL7). */
  readonly desk: string;
  readonly epochHighest: number;
  /** Wall clock minus monotonic clock, ms. */
  readonly wallOffsetMs: Millis;
  readonly sites: Readonly<Record<string, SiteFacts>>;
  readonly busy: Busy;
  readonly situation: Situation;
  /** LL7: the agent asked for this log-in, so that it may outbid another desk that works; a desk by itself may not. */
  readonly isAskedByAgent: boolean;
  /** DS17: the agent was moved to the peer on request, and the preferred site has been there ever since. */
  readonly isKeptAway: boolean;
  /** DS25: the preferred site has become another, and the agent does not work there yet: why it goes there. */
  readonly rehoming: Because | undefined;
  /** DS24: sites that are this agent's no more, and are remembered until nothing of this desk is left there. */
  readonly formerSites: readonly string[];
  /** The health of the preferred site, as a return sees it (RD1, RD2). */
  readonly damping: ReturnDamping;
  /** LL8: the present login rests on a wait since the start, not on the word of the other site. */
  readonly isUnconfirmed: boolean;
  /** Deadlines up to here have been looked at. */
  readonly seenAt: Millis;
}

export type LoginRefusal =
  /** The stamp was stale: the next one will do. */
  | { readonly name: 'staleStamp' }
  | { readonly name: 'phoneOutOfService' }
  | { readonly name: 'shuttingDown' }
  /** LL8: the other site was to be asked and did not answer. */
  | { readonly name: 'peerSilent' }
  /** A higher epoch of this agent is known (LL7); `isLive` while a desk works there under it. */
  | { readonly name: 'epochTooLow'; readonly epoch: LoginEpoch; readonly isLive: boolean }
  /** Anything that time may mend; `text` is shown. */
  | { readonly name: 'later'; readonly text: string; readonly retryAfterMs?: Millis };

export type DeskSiteEvent =
  /** The agent asks to be logged in. */
  | { readonly type: 'logIn' }
  /** DS12: the agent's own logout. */
  | { readonly type: 'logOut' }
  /** DS17: the agent, an administrator or a program asks for a move. */
  | { readonly type: 'move'; readonly to: string; readonly because: Because }
  /**
   * The connection to a site stands and the agent's DN is registered there: how it is found. `login` is whoever
   * of this agent's desks is logged in on the DN; `isLive` while its lease is.
   */
  | {
      readonly type: 'telephonyOn';
      readonly site: string;
      readonly pairEpoch: number;
      readonly leaseLengthMs: Millis;
      /** The object that sets that length, as `Application/sip-north`. */
      readonly leaseSource: string;
      readonly phoneInService: boolean;
      /** The site can put log-ins to the other one (LL8). */
      readonly peerAsked: boolean;
      /** The site says that it is shutting down gracefully. */
      readonly isClosing: boolean;
      /** RD1: this desk's part, drawn by chance, of the window that the site gives to those who return. */
      readonly returnSlotMs: Millis;
      readonly login: { readonly epoch: LoginEpoch; readonly isLive: boolean } | undefined;
    }
  /** Every member of the pair has failed; `since` is when the last connection was lost (DS5, DS6). */
  | { readonly type: 'telephonyOff'; readonly site: string; readonly since: Millis }
  | { readonly type: 'phone'; readonly site: string; readonly inService: boolean }
  | { readonly type: 'stamp'; readonly site: string; readonly stamp: Stamp }
  /** `isConfirmed`: the other site has ended what it held up to this epoch (LL8). */
  | {
      readonly type: 'loggedIn';
      readonly site: string;
      readonly epoch: LoginEpoch;
      readonly isConfirmed: boolean;
    }
  | {
      readonly type: 'loginRefused';
      readonly site: string;
      readonly epoch: LoginEpoch;
      readonly refusal: LoginRefusal;
    }
  /** A graceful shutdown of the site has begun, or was taken back. Whoever works there is logged out when it is time. */
  | { readonly type: 'closing'; readonly site: string; readonly isClosing: boolean }
  /** EventAgentLogout for the agent on the desk's DN, in the words of its LogoutReason. */
  | {
      readonly type: 'loggedOut';
      readonly site: string;
      readonly pairEpoch: number;
      readonly reason: LogoutReason;
      readonly text: string;
    }
  /** The site holds no login of this epoch (LL3). */
  | {
      readonly type: 'notLoggedIn';
      readonly site: string;
      readonly pairEpoch: number;
      readonly epoch: LoginEpoch;
    }
  /** The site refused the logout that a move asked for. */
  | { readonly type: 'logoutRefused'; readonly site: string; readonly text: string }
  | { readonly type: 'busy'; readonly busy: Busy }
  /** DS24: the options are others now. */
  | { readonly type: 'policy'; readonly policy: DeskSitePolicy }
  | { readonly type: 'clock'; readonly wallOffsetMs: Millis }
  | { readonly type: 'expire' };

export type LogoutReason = 'phone' | 'shutdown' | 'superseded' | 'agent' | 'supervisor' | 'unknown';

export type DeskSiteEffect =
  /** Write it down (LL7), then send the log-in with this epoch and stamp. */
  | {
      readonly type: 'logIn';
      readonly site: string;
      readonly epoch: LoginEpoch;
      readonly stamp: Stamp;
      /** LL8: to be admitted only when the other site has ended what it holds. */
      readonly needsPeer: boolean;
      readonly because: Because;
    }
  | { readonly type: 'logOut'; readonly site: string; readonly epoch: LoginEpoch }
  | { readonly type: 'answerStamp'; readonly site: string; readonly epoch: LoginEpoch; readonly stamp: Stamp }
  /** The site accepts but does not answer: treat its connection as broken. */
  | { readonly type: 'distrust'; readonly site: string; readonly because: Because }
  /** A decision: to leave, to stay, to return, to do nothing. */
  | { readonly type: 'decide'; readonly what: Decision; readonly site: string; readonly because: Because };

export type Decision =
  | 'leave'
  | 'logIn'
  | 'stay'
  | 'return'
  | 'move'
  | 'waitForPhone'
  /** DS24: what is waited for now lasts longer or shorter. */
  | 'judgeAnew'
  /** DS25: the agent belongs to another site. */
  | 'rehome'
  | 'loggedOut'
  | 'refused';
