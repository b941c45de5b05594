import { describe, expect, it } from 'vitest';
import {
  afterClockJump,
  answerStamp,
  compareEpochs,
  grantLease,
  isRoutable,
  isStampFresh,
  issueStamp,
  isWorthAnswering,
  LEASE_LENGTH_MS,
  leaseWithMargin,
  mayLogInElsewhereAt,
  nextEpoch,
  type Promised,
  promiseStamp,
  releasePromise,
  startStampClock,
} from './login-lease.ts';
import { SiteLease } from './site-lease.ts';

const LENGTH = 8_000;
const epoch = { number: 7, desk: 'd1' };
const NOTHING: Promised = { name: 'nothing' };
const stampOf = (pairEpoch: number, number: number, at = 0) => ({ pairEpoch, number, at });

describe('the site', () => {
  it('[LL1] the lease ends at stamp time + length, however late the answer is read', () => {
    const { clock, stamp } = issueStamp(startStampClock(1), 1_000);
    const lease = grantLease(clock, { epoch, stamp }, LENGTH, 8_999);
    expect(isRoutable(clock, lease, LENGTH, 8_999)).toBe(true);
    expect(isRoutable(clock, lease, LENGTH, 9_000)).toBe(false);
    expect(grantLease(clock, { epoch, stamp }, LENGTH, 9_000)).toBeUndefined();
  });

  it('[LL1] an old answer never shortens a lease, and a stamp that was never sent buys nothing', () => {
    const first = issueStamp(startStampClock(1), 0);
    const second = issueStamp(first.clock, 2_000);
    const lease = { epoch, stamp: second.stamp };
    const late = answerStamp(second.clock, lease, { epoch, stamp: first.stamp }, LENGTH, 2_500);
    expect(late).toEqual({ type: 'renewed', lease });
    expect(isStampFresh(second.clock, stampOf(1, 3, 2_000), LENGTH, 2_500)).toBe(false);
    expect(isStampFresh(second.clock, stampOf(1, 2, 99_000), LENGTH, 2_500)).toBe(false);
  });

  it('[LL2] a lease has ended although nothing has fired', () => {
    const site = new SiteLease({ pairEpoch: 1, lengthMs: LENGTH });
    const stamp = site.stamp(0);
    site.carried('A1', epoch, stamp, 10);
    site.admitted('A1', epoch);
    expect(site.isRoutable('A1', epoch, 7_999)).toBe(true);
    expect(site.isRoutable('A1', epoch, 8_000)).toBe(false);
  });

  it('[LL3] a new primary routes to nobody before it has an answer to a stamp of its own', () => {
    const old = issueStamp(startStampClock(1), 1_000);
    const lease = { epoch, stamp: old.stamp };
    const fresh = issueStamp(startStampClock(2), 1_500);
    expect(isRoutable(fresh.clock, lease, LENGTH, 1_600)).toBe(false);
    expect(answerStamp(fresh.clock, lease, { epoch, stamp: old.stamp }, LENGTH, 1_600).type).toBe('stale');
    const answered = answerStamp(fresh.clock, lease, { epoch, stamp: fresh.stamp }, LENGTH, 1_600);
    expect(answered).toMatchObject({ type: 'renewed', lease: { stamp: fresh.stamp } });
  });

  it('[LL3] an answer for an epoch that is not held is "not logged in"', () => {
    const { clock, stamp } = issueStamp(startStampClock(1), 0);
    expect(answerStamp(clock, undefined, { epoch, stamp }, LENGTH, 1).type).toBe('notLoggedIn');
    const held = { epoch: { number: 8, desk: 'd2' }, stamp };
    expect(answerStamp(clock, held, { epoch, stamp }, LENGTH, 1).type).toBe('notLoggedIn');
  });

  it('[LL3] an ended lease becomes live again by a fresh answer in the same epoch', () => {
    const site = new SiteLease({ pairEpoch: 1, lengthMs: LENGTH });
    site.carried('A1', epoch, site.stamp(0), 0);
    site.admitted('A1', epoch);
    expect(site.takeChanges(0)).toEqual([{ agentId: 'A1', epoch, routable: true }]);
    expect(site.nextDeadline()).toBe(8_000);
    expect(site.takeChanges(8_000)).toEqual([{ agentId: 'A1', epoch, routable: false }]);
    expect(site.takeChanges(8_001)).toEqual([]);
    expect(site.answered('A1', epoch, site.stamp(9_000), 9_001)).toBe(true);
    expect(site.takeChanges(9_001)).toEqual([{ agentId: 'A1', epoch, routable: true }]);
  });

  it('[LL3] a log-in that is refused takes nothing from the one who is there', () => {
    const site = new SiteLease({ pairEpoch: 1, lengthMs: LENGTH });
    site.carried('A1', epoch, site.stamp(0), 0);
    site.admitted('A1', epoch);
    site.carried('A1', { number: 9, desk: 'd2' }, site.stamp(10), 10);
    expect(site.isRoutable('A1', epoch, 20)).toBe(true);
    expect(site.answered('A1', epoch, site.stamp(2_000), 2_000)).toBe(true);
    site.takeChanges(20_000);
    site.ended('A1', epoch);
    expect(site.answered('A1', epoch, site.stamp(21_000), 21_000)).toBe(false);
    expect(site.nextDeadline()).toBeUndefined();
  });

  it('[LL6] after a jump of the clocks all leases have ended and no earlier stamp counts', () => {
    const before = issueStamp(startStampClock(1), 0);
    const jumped = afterClockJump(before.clock);
    expect(isRoutable(jumped, { epoch, stamp: before.stamp }, LENGTH, 1)).toBe(false);
    expect(isStampFresh(jumped, before.stamp, LENGTH, 1)).toBe(false);
    const after = issueStamp(jumped, 2);
    expect(isStampFresh(after.clock, after.stamp, LENGTH, 3)).toBe(true);
  });
});

describe('the desk', () => {
  it('[LL4] waits from the receipt of the newest stamp that it handed back', () => {
    const first = promiseStamp(NOTHING, { stamp: stampOf(1, 1), receivedAt: 100 }, LENGTH);
    const second = promiseStamp(first, { stamp: stampOf(1, 2), receivedAt: 2_100 }, LENGTH);
    expect(mayLogInElsewhereAt(second, LENGTH)).toBe(2_100 + 8_400);
    const older = promiseStamp(second, { stamp: stampOf(1, 3), receivedAt: 50 }, LENGTH);
    expect(mayLogInElsewhereAt(older, LENGTH)).toBe(2_100 + 8_400);
    expect(mayLogInElsewhereAt(NOTHING, LENGTH)).toBe(Number.NEGATIVE_INFINITY);
  });

  it('[LL4] is released by the word of a site in no lower pair epoch, and by no other', () => {
    const promised = promiseStamp(NOTHING, { stamp: stampOf(5, 1), receivedAt: 100 }, LENGTH);
    expect(releasePromise(promised, 4)).toBe(promised);
    expect(releasePromise(promised, 5)).toEqual(NOTHING);
    expect(releasePromise(promised, 6)).toEqual(NOTHING);
  });

  it('[LL1] answers a stamp once, the newest', () => {
    const promised = promiseStamp(NOTHING, { stamp: stampOf(1, 2), receivedAt: 0 }, LENGTH);
    expect(isWorthAnswering(promised, stampOf(1, 2))).toBe(false);
    expect(isWorthAnswering(promised, stampOf(1, 1))).toBe(false);
    expect(isWorthAnswering(promised, stampOf(1, 3))).toBe(true);
    expect(isWorthAnswering(promised, stampOf(2, 1))).toBe(true);
  });

  it('[LL5] the margin is 5 % of the length', () => {
    expect(leaseWithMargin(LEASE_LENGTH_MS)).toBe(8_400);
    expect(leaseWithMargin(1)).toBe(2);
  });

  it('[LL7] an epoch is above all known and not below the wall clock', () => {
    expect(nextEpoch('d', 10, 5)).toEqual({ number: 11, desk: 'd' });
    expect(nextEpoch('d', 10, 5_000.7)).toEqual({ number: 5_000, desk: 'd' });
    expect(compareEpochs({ number: 1, desk: 'a' }, { number: 1, desk: 'b' })).toBeLessThan(0);
    expect(compareEpochs({ number: 2, desk: 'a' }, { number: 1, desk: 'b' })).toBeGreaterThan(0);
  });

  it('[LL8] a desk that has just started counts from its start, and nobody can release it', () => {
    const unknown: Promised = { name: 'unknown', startedAt: 1_000 };
    expect(mayLogInElsewhereAt(unknown, LENGTH)).toBe(9_400);
    expect(releasePromise(unknown, 99)).toBe(unknown);
  });
});
