/**
 * The login lease: the right of one site to route calls to one agent. It is why one desk never makes its agent
 * routable at two sites, with no third site to ask, whatever the network does (rules LL).
 *
 * Think of a parking meter whose ticket carries the time at which it was printed. The site prints tickets
 * (*stamps*: pair epoch, number, its own clock) and hands them to the desk; the desk hands one back as long as
 * it means to stay. The site lets the agent park until *printed + length*, whenever the ticket comes back: one
 * that lay in a buffer for a minute buys nothing. The desk, which cannot read the site's clock, knows only that
 * a ticket was printed before it was received. So when the length (and a margin for clocks that run unevenly)
 * has passed since it received the last ticket that it ever handed back, the site has certainly stopped.
 *
 *      site    print ──────────── routable until print + length ─────┤
 *                  ╲            ╱ (answer, however late)
 *      desk        receive ─────────────── length + margin ──────────────┤ now it may log in elsewhere
 *
 * Both ends are here, side by side, because each rests on what the other promises. Nothing here fires: the
 * end of a lease is compared with `now` at every decision that rests on it (LL2).
 */
import type { Millis } from '@holdfast/kernel';

/** The same shape as in the protocol; continuity knows no wire. */
export interface Stamp {
  readonly pairEpoch: number;
  readonly number: number;
  /** On the monotonic clock of the site that sent it, ms. Nobody else reads it. */
  readonly at: Millis;
}

/** Of one login; totally ordered, first by number, then by desk (LL7). */
export interface LoginEpoch {
  readonly number: number;
  readonly desk: string;
}

export function compareEpochs(a: LoginEpoch, b: LoginEpoch): number {
  if (a.number !== b.number) return a.number - b.number;
  return a.desk < b.desk ? -1 : a.desk > b.desk ? 1 : 0;
}

/**
 * LL7: one above the highest number that this desk and its sites are known to have used, and not below the
 * wall clock, so that a desk that has forgotten everything still comes out higher.
 */
export function nextEpoch(desk: string, highestKnown: number, wallMs: Millis): LoginEpoch {
  return { number: Math.max(highestKnown + 1, Math.floor(wallMs)), desk };
}

/** LL5. Length and margin together stay below the least site time-out, so that the lease never adds to a wait. */
export const LEASE_LENGTH_MS = 8_000;
export const STAMP_EVERY_MS = 2_000;
/** LL6 allows clocks that differ by 1 % in rate; 5 % of the length leaves room. */
export const LEASE_MARGIN_SHARE = 0.05;

export function leaseWithMargin(lengthMs: Millis): Millis {
  return Math.ceil(lengthMs * (1 + LEASE_MARGIN_SHARE));
}

// ---- the site's end ------------------------------------------------------------------------------------

/** What a primary has stamped. A new primary starts a new one, so that no stamp of its predecessor counts (LL3). */
export interface StampClock {
  readonly pairEpoch: number;
  /** Number of the newest stamp; 0 before the first. */
  readonly newest: number;
  /** Stamps up to this number no longer count, because the clocks have jumped since (LL6). */
  readonly voidUpTo: number;
}

/** The lease of one login: nothing but the newest stamp that was answered for it. */
export interface Lease {
  readonly epoch: LoginEpoch;
  readonly stamp: Stamp;
}

export function startStampClock(pairEpoch: number): StampClock {
  return { pairEpoch, newest: 0, voidUpTo: 0 };
}

export function issueStamp(
  clock: StampClock,
  now: Millis,
): { readonly clock: StampClock; readonly stamp: Stamp } {
  const number = clock.newest + 1;
  return { clock: { ...clock, newest: number }, stamp: { pairEpoch: clock.pairEpoch, number, at: now } };
}

/** LL6: wall and monotonic clock have jumped apart. Every lease ends, and no stamp sent before counts any more. */
export function afterClockJump(clock: StampClock): StampClock {
  return { ...clock, voidUpTo: clock.newest };
}

/** Whether the site itself sent this stamp, in this epoch and since its clocks last jumped, and it is not spent. */
export function isStampFresh(clock: StampClock, stamp: Stamp, lengthMs: Millis, now: Millis): boolean {
  return (
    stamp.pairEpoch === clock.pairEpoch &&
    stamp.number > clock.voidUpTo &&
    stamp.number <= clock.newest &&
    // A time in the future was never sent by us; it would buy a lease beyond one length.
    stamp.at <= now &&
    now < stamp.at + lengthMs
  );
}

/** The lease that a log-in starts, or undefined when its stamp is stale (`stale-stamp`: LL1). */
export function grantLease(
  clock: StampClock,
  login: { readonly epoch: LoginEpoch; readonly stamp: Stamp },
  lengthMs: Millis,
  now: Millis,
): Lease | undefined {
  return isStampFresh(clock, login.stamp, lengthMs, now)
    ? { epoch: login.epoch, stamp: login.stamp }
    : undefined;
}

export type StampAnswerOutcome =
  /** `lease` is the longer of the old and the new one. */
  | { readonly type: 'renewed'; readonly lease: Lease }
  /** An old answer: it changes nothing. */
  | { readonly type: 'stale' }
  /** LL3: the desk must log in with a higher epoch. */
  | { readonly type: 'notLoggedIn' };

/** What an answered stamp does to the lease that the site holds for that DN, if it holds one. */
export function answerStamp(
  clock: StampClock,
  held: Lease | undefined,
  answer: { readonly epoch: LoginEpoch; readonly stamp: Stamp },
  lengthMs: Millis,
  now: Millis,
): StampAnswerOutcome {
  if (held === undefined || compareEpochs(held.epoch, answer.epoch) !== 0) return { type: 'notLoggedIn' };
  if (!isStampFresh(clock, answer.stamp, lengthMs, now)) return { type: 'stale' };
  const isNewer = compareStamps(answer.stamp, held.stamp) > 0;
  return { type: 'renewed', lease: isNewer ? { epoch: held.epoch, stamp: answer.stamp } : held };
}

/**
 * LL2: whether calls may be routed under this lease, now. Ask at each decision; never conclude it from a timer.
 * A lease that was granted by a former primary (LL3) or before a jump of the clocks (LL6) is simply not fresh.
 */
export function isRoutable(
  clock: StampClock,
  lease: Lease | undefined,
  lengthMs: Millis,
  now: Millis,
): boolean {
  return lease !== undefined && isStampFresh(clock, lease.stamp, lengthMs, now);
}

/** When a lease that is live now will end: to wake up and tell, never to conclude that it still lives. */
export function leaseEndsAt(lease: Lease, lengthMs: Millis): Millis {
  return lease.stamp.at + lengthMs;
}

export function compareStamps(a: Stamp, b: Stamp): number {
  return a.pairEpoch - b.pairEpoch || a.number - b.number;
}

// ---- the desk's end ------------------------------------------------------------------------------------

/** A stamp as the desk holds it. */
export interface ReceivedStamp {
  readonly stamp: Stamp;
  /** On the desk's own clock. */
  readonly receivedAt: Millis;
}

/** What one site may believe of this desk, at the worst. */
export type Promised =
  /** No stamp was ever handed back there, or the site has said that the login is over. */
  | { readonly name: 'nothing' }
  /** The newest stamp that was answered or carried in a log-in there (LL4). */
  | { readonly name: 'stamp'; readonly held: ReceivedStamp; readonly lengthMs: Millis }
  /**
   * LL8: this desk has just started and cannot know what it did before. The worst is that it answered a stamp
   * of that site at the very moment of its start.
   */
  | { readonly name: 'unknown'; readonly startedAt: Millis };

/** LL1: only a stamp newer than the newest one handed back is worth an answer. */
export function isWorthAnswering(promised: Promised, stamp: Stamp): boolean {
  return promised.name !== 'stamp' || compareStamps(stamp, promised.held.stamp) > 0;
}

/** The promise after a stamp has been answered or carried in a log-in. The later receipt binds. */
export function promiseStamp(promised: Promised, held: ReceivedStamp, lengthMs: Millis): Promised {
  if (promised.name !== 'stamp') return { name: 'stamp', held, lengthMs };
  const newer = held.receivedAt >= promised.held.receivedAt ? held : promised.held;
  return { name: 'stamp', held: newer, lengthMs: Math.max(lengthMs, promised.lengthMs) };
}

/**
 * LL4: the site has said, in `pairEpoch`, that the login is over. A word of an older primary than the one whose
 * stamp was answered last frees nothing; neither does a word about a login of which this desk knows nothing.
 */
export function releasePromise(promised: Promised, pairEpoch: number): Promised {
  if (promised.name === 'stamp' && pairEpoch >= promised.held.stamp.pairEpoch) return { name: 'nothing' };
  return promised;
}

/**
 * LL4: the instant from which the desk may log in at another site than the one it promised this to, on its own
 * clock. `lengthMs` is the lease length now known, for a desk that has just started (LL8).
 */
export function mayLogInElsewhereAt(promised: Promised, lengthMs: Millis): Millis {
  switch (promised.name) {
    case 'nothing':
      return Number.NEGATIVE_INFINITY;
    case 'stamp':
      return promised.held.receivedAt + leaseWithMargin(promised.lengthMs);
    case 'unknown':
      return promised.startedAt + leaseWithMargin(lengthMs);
  }
}
