/**
 * What passes between the tiny processes of the core simulation: the desk link and the registration of phones,
 * reduced to what the machines of `continuity` need.
 */
import type { LoginEpoch, LoginRefusal, LogoutReason, Stamp } from '@holdfast/continuity';

export type CoreUp =
  | { readonly type: 'hello'; readonly agent: string }
  | {
      readonly type: 'login';
      readonly agent: string;
      readonly epoch: LoginEpoch;
      readonly stamp: Stamp;
      readonly needsPeer: boolean;
    }
  | { readonly type: 'logout'; readonly agent: string; readonly epoch: LoginEpoch }
  | { readonly type: 'answer'; readonly agent: string; readonly epoch: LoginEpoch; readonly stamp: Stamp }
  | { readonly type: 'ping' }
  | { readonly type: 'pong' };

export type CoreDown =
  | {
      readonly type: 'welcome';
      readonly pairEpoch: number;
      readonly phoneInService: boolean;
      readonly peerAsked: boolean;
      readonly login: { readonly epoch: LoginEpoch; readonly isLive: boolean } | undefined;
    }
  | { readonly type: 'stamp'; readonly stamp: Stamp }
  | { readonly type: 'phone'; readonly inService: boolean }
  | { readonly type: 'loggedIn'; readonly epoch: LoginEpoch; readonly isConfirmed: boolean }
  | { readonly type: 'refused'; readonly epoch: LoginEpoch; readonly refusal: LoginRefusal }
  | { readonly type: 'loggedOut'; readonly pairEpoch: number; readonly reason: LogoutReason }
  | { readonly type: 'notLoggedIn'; readonly pairEpoch: number; readonly epoch: LoginEpoch }
  | { readonly type: 'ping' }
  | { readonly type: 'pong' };

/** Over UDP, from the phone and back. */
export type CorePhoneMessage =
  | { readonly type: 'register'; readonly agent: string; readonly forMs: number }
  | { readonly type: 'registered'; readonly site: string; readonly forMs: number };

export const DESK_PORT = 1;
export const PHONE_PORT = 2;
export const LEASE_MS = 8_000;
export const STAMPS_MS = 2_000;

/**
 * Mistakes that the checkers must find (ME4), each with the check that has to find it: each takes one sentence of the rules out of the tiny processes.
 * The machines themselves stay as they are; what they are told is falsified as the mistake would.
 */
export const CORE_DEFECTS = {
  /** LL1: the lease counts from when the answer is read, not from the stamp's time. */
  'lease-from-answer': 'never-routable-twice',
  /** LL1, LL3: a stamp counts by its time alone, also one of a former primary. */
  'pair-epoch-ignored': 'never-routable-twice',
  /** LL2: routable until a timer says otherwise. */
  'routable-by-timer': 'never-routable-twice',
  /** LL3: a new primary believes that the leases of the former one have just begun. */
  'takeover-with-leases': 'never-routable-twice',
  /** LL4: the desk logs in elsewhere without waiting for its lease to end. */
  'no-wait': 'never-routable-twice',
  /** LL4, LL5: it waits for the length alone. */
  'no-margin': 'never-routable-twice',
  /** LL6: the site does not notice that its host has slept. */
  'sleep-unnoticed': 'never-routable-twice',
  /** LL8: a desk that has just started logs in at once. */
  'no-wait-at-start': 'never-routable-twice',
  /** LL8: a site says that the other one has ended what it holds, and has not asked it. */
  'peer-not-asked': 'never-routable-twice',
  /** LL8: no answer counts as one. */
  'silence-taken-for-yes': 'never-routable-twice',
  /** LL8: the site that is asked promises, and ends nothing. */
  'peer-ends-nothing': 'never-routable-twice',
  /** DS5: a lost link is never tried again. */
  'desk-never-retries': 'all-settled',
  /** LL3: an answer for a login that the site does not hold counts as a mistake of ours. */
  'login-taken-for-granted': 'no-crash',
  /** LL1: a stamp that was not answered is repeated every millisecond. */
  'stamps-repeated-at-once': 'bounded-inbox',
  /** A seed failed by it once: a phone takes the answer to its unregistration for a registration, and both go round for ever. */
  'unregistration-misread': 'no-livelock',
  /** A seed failed by it once: a phone back at its first site refreshes the second too, and its agent is logged in and out. */
  'both-sites-refreshed': 'all-settled',
} as const;

export type CoreDefect =
  | keyof typeof CORE_DEFECTS
  /**
   * LL7: a site says that a desk works under a login whose lease has long ended. In drawn worlds an agent may mend that
   * by logging in, so that it has a world of its own (`core-former-run.test.ts`).
   */
  | 'ended-login-taken-for-live'
  /**
   * LL8: the site that is asked ends what it holds, and goes on admitting lower epochs. No drawn world shows it: a late log-in
   * is put to the other site in its turn, which knows the higher epoch. Without that answer it takes a second desk
   * of the same person, and drawn worlds have none, because two desks on the two sides of a partition are the stated exception.
   */
  | 'peer-promises-nothing'
  /** LL8: a log-in that waits there goes on waiting. That alone does no harm: when it is to be admitted, the promise is in its way. */
  | 'waiting-login-stays'
  /** Both of them (`core-promise.test.ts`). */
  | 'peer-takes-no-notice';
