/**
 * The role of one member of a pair, as data: what it knows, what happens to it, and what it wants done. The idea is
 * told in `pair-role.ts`.
 */
import type { Because, LogLine, Millis } from '@holdfast/kernel';
import type { ArbiterAnswer, ArbiterRequest, KeySeen, Revision, RoleKey } from './arbiter-key.ts';

/** PR11: values to start from. Each may be set otherwise, the same at both members. */
export const PAIR_LEASE_MS = 600;
export const PAIR_RENEW_EVERY_MS = 150;
/** PR5: long enough for an arbiter to elect a new leader. */
export const PAIR_LONG_LEASE_MS = 5_000;
/** LL6 allows clocks that differ by 1 % in rate; 5 % of the length leaves room. */
export const PAIR_MARGIN_SHARE = 0.05;
/** PR4: an ask without a result stands at least so long before a primary that wants a confirmation gets one again. */
export const PAIR_TAKE_BACK_AFTER_MS = 1_000;
/** What the arbiter has not answered by then counts as not answered; the port gives up after the same time. */
export const PAIR_ANSWER_MAX_MS = 300;
/** How long the operator's word to change the roles is tried before it is given up. */
export const PAIR_CHANGE_MAX_MS = 5_000;

export interface PairRoleOptions {
  readonly leaseMs: Millis;
  readonly renewEveryMs: Millis;
  readonly longLeaseMs: Millis;
  readonly marginShare: number;
  readonly takeBackAfterMs: Millis;
  readonly answerMaxMs: Millis;
  readonly changeMaxMs: Millis;
}

export const PAIR_ROLE_DEFAULTS: PairRoleOptions = {
  leaseMs: PAIR_LEASE_MS,
  renewEveryMs: PAIR_RENEW_EVERY_MS,
  longLeaseMs: PAIR_LONG_LEASE_MS,
  marginShare: PAIR_MARGIN_SHARE,
  takeBackAfterMs: PAIR_TAKE_BACK_AFTER_MS,
  answerMaxMs: PAIR_ANSWER_MAX_MS,
  changeMaxMs: PAIR_CHANGE_MAX_MS,
};

/** What passes between the members. `epoch` is always the highest that the sender has seen. */
export type PairMessage =
  /** A primary asks to be confirmed in `epoch`, its own. */
  | {
      readonly type: 'confirm';
      readonly epoch: number;
      readonly n: number;
      /** Which life of the sender asks. */
      readonly process: string;
      /** What the sender will count on a confirmation; who confirms keeps still for so long and a margin. */
      readonly lengthMs: Millis;
      /** The operator wants the sender's mate to have the role (promote first, demote second). */
      readonly yields: boolean;
    }
  | { readonly type: 'confirmed'; readonly epoch: number; readonly n: number }
  /** `n` of the request that is refused. `asking`: the sender has an ask open at the arbiter (PR4). */
  | {
      readonly type: 'refused';
      readonly epoch: number;
      readonly n: number;
      readonly why: 'lower-epoch' | 'asking' | 'starting';
    };

export type PairRoleEvent =
  | { readonly type: 'message'; readonly message: PairMessage }
  | { readonly type: 'arbiterAnswer'; readonly answer: ArbiterAnswer }
  /** What a watch of the arbiter's key has seen; it may lag. */
  | { readonly type: 'keySeen'; readonly seen: KeySeen }
  /** The epoch is on disk (fsync done). */
  | { readonly type: 'wroteEpoch'; readonly epoch: number }
  | { readonly type: 'writeFailed'; readonly epoch: number; readonly because: string }
  /** LL6: wall and monotonic clock have jumped apart. */
  | { readonly type: 'clockJumped' }
  /** The operator: this member shall be primary. */
  | { readonly type: 'promote' }
  /** The operator: the mate shall be primary. Nothing is given up before the mate has the role. */
  | { readonly type: 'demote' }
  /** The operator vouches that the mate does not act; PR11: with the arbiter down nobody else can. */
  | { readonly type: 'actAlone' }
  /** The supervisor has seen this process of the mate end (PR11). */
  | { readonly type: 'mateEnded'; readonly process: string }
  | { readonly type: 'expire' };

/** `paused`: a primary that may not act now; it keeps everything and sends nothing (PR6). */
export type PairRoleName = 'starting' | 'standby' | 'asking' | 'primary' | 'paused';

export type PairRoleEffect =
  | { readonly type: 'sendToMate'; readonly message: PairMessage }
  | { readonly type: 'askArbiter'; readonly request: ArbiterRequest }
  /** To disk with fsync, answered by `wroteEpoch` or `writeFailed` (PR6). */
  | { readonly type: 'writeEpoch'; readonly epoch: number }
  | {
      readonly type: 'role';
      readonly role: PairRoleName;
      readonly epoch: number;
      readonly because: Because;
    }
  | { readonly type: 'log'; readonly line: LogLine };

export interface PairMember {
  /** The application name. */
  readonly name: string;
  /** Which life of it; no two are ever equal. */
  readonly process: string;
  /**
   * No epoch is taken below this, the wall clock at the start (ms since 1970): so that a server that ran alone before
   * it got a mate, whose epochs are its starts (LL7's way), never counted higher.
   */
  readonly epochLeast: number;
}

/** What was last promised to the mate. */
export interface Confirmation {
  /** When it was sent; the start counts as one (PR2). */
  readonly at: Millis;
  readonly lengthMs: Millis;
  /** To which process; undefined for what a former life of this member may have promised. */
  readonly process: string | undefined;
}

/** The arbiter's key as seen last. */
export interface SeenKey extends KeySeen {
  /** When this revision was first seen, on this member's clock (PR3). */
  readonly sinceAt: Millis;
}

/** The one request that the arbiter has not answered. */
export interface OpenRequest {
  readonly n: number;
  readonly sentAt: Millis;
  /** What it would write, and on which revision; undefined for a read. */
  readonly swap: { readonly key: RoleKey; readonly ifRevision: Revision } | undefined;
  /** False when the clocks have jumped since (PR6): then it starts no lease. */
  readonly counts: boolean;
}

export interface StartingRole {
  readonly name: 'starting';
  readonly because: Because;
}
export interface StandbyRole {
  readonly name: 'standby';
  readonly because: Because;
  /** Until then the operator's word replaces the waits before an ask; undefined without one. */
  readonly promotedUntil: Millis | undefined;
  /** A member whose disk has failed leaves the role to its mate until then. */
  readonly askNotBefore: Millis;
}
export interface AskingRole {
  readonly name: 'asking';
  readonly because: Because;
  readonly key: RoleKey;
  readonly ifRevision: Revision;
  /** When it was first sent; a grant that is found later counts from here. */
  readonly askedAt: Millis;
  /** False when the clocks have jumped since: then a grant starts no lease. */
  readonly counts: boolean;
  readonly takeBackAt: Millis;
  /** A promotion outlives a refusal: the primary's renewal was only faster. */
  readonly promotedUntil: Millis | undefined;
  /** When the lease of whoever held the role has certainly ended; already past unless the operator asked. */
  readonly heldUntil: Millis;
}
export interface PrimaryRole {
  readonly name: 'primary';
  readonly epoch: number;
  readonly ask: number;
  /** The two leases, each counted from when the request was sent (PR2). */
  readonly mateUntil: Millis;
  readonly arbiterUntil: Millis;
  /** When the newest request that the mate confirmed was sent, or the role began (PR5). */
  readonly mateSince: Millis;
  /** Requests for confirmation that are younger than a lease, the oldest first. */
  readonly sent: readonly { readonly n: number; readonly at: Millis }[];
  readonly confirms: number;
  readonly nextConfirmAt: Millis;
  /** It does not act before, unless its mate has confirmed this epoch and so has ended its own. */
  readonly heldUntil: Millis;
  /** PR11: by the operator's word, until a voice is heard. */
  readonly isAlone: boolean;
  /** Until then the mate is asked to take the role; undefined without the operator's word. */
  readonly yieldsUntil: Millis | undefined;
}
export type RoleState = StartingRole | StandbyRole | AskingRole | PrimaryRole;

export interface PairRole {
  readonly options: PairRoleOptions;
  readonly member: PairMember;
  readonly role: RoleState;
  /** The highest epoch seen: on disk, in the key, or with the mate. 0 for none. */
  readonly highest: number;
  /** The highest epoch that this member has on disk; undefined without that file (PR6). */
  readonly written: number | undefined;
  /** Numbers given to asks (PR4) and to requests to the arbiter. */
  readonly asks: number;
  readonly requests: number;
  readonly open: OpenRequest | undefined;
  readonly nextRequestAt: Millis;
  /** Whether the last request was answered; undefined before the first. */
  readonly isArbiterHeard: boolean | undefined;
  readonly seen: SeenKey | undefined;
  readonly confirmed: Confirmation;
  /** The process of the mate that has last ended for certain (PR11). */
  readonly mateEnded: string | undefined;
  readonly told: PairRoleName | undefined;
}
