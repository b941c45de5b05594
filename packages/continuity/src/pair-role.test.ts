import { describe, expect, it } from 'vitest';
import { mayFollow } from './pair-role.ts';
import { keyOfTwo, primaryAlone, seen, TestMember, TestPair } from './test-pair.ts';

/** A standby that has read the key of a primary in epoch 5 at the instant 0. */
function standby(count = 7): TestMember {
  const member = new TestMember({ written: 4 });
  member.answer({ type: 'stands', seen: seen(count, keyOfTwo(5)) });
  return member;
}

/** The last confirmation that the primary has asked for, granted by the mate. */
function confirmed(member: TestMember): void {
  const asked = member.sent('confirm').at(-1);
  if (asked !== undefined) member.hear({ type: 'confirmed', epoch: asked.epoch, n: asked.n });
}

/** Keeps the primary confirmed by its mate alone until then. */
function confirmedUntil(member: TestMember, at: number): void {
  while (member.now < at) {
    confirmed(member);
    member.until(Math.min(at, member.now + 50));
  }
}

describe('who may act', () => {
  it('[PR1] a primary acts while the arbiter or its mate has confirmed it, and either is enough', () => {
    const byArbiter = primaryAlone();
    expect(byArbiter.acts).toBe(true);
    byArbiter.until(630 + 599);
    expect(byArbiter.acts).toBe(true);
    byArbiter.until(630 + 600);
    expect(byArbiter.acts).toBe(false);

    const byMate = primaryAlone();
    confirmedUntil(byMate, 5_000);
    expect(byMate.acts).toBe(true);
    expect(byMate.told).toEqual({ role: 'primary', rule: 'PR1' });
  });

  it('[PR1] it renews at the arbiter also while its mate confirms', () => {
    const member = primaryAlone();
    const before = member.effects.length;
    confirmedUntil(member, 2_000);
    const renewals = member.effects.slice(before).filter((effect) => effect.type === 'askArbiter');
    // Without any answer each is given up after 300 ms.
    expect(renewals.length).toBeGreaterThanOrEqual(4);
    expect(renewals.every((effect) => effect.type === 'askArbiter' && effect.request.type === 'swap')).toBe(
      true,
    );
  });

  it('[PR1] the death of the arbiter or of the mate alone takes nothing from a primary', () => {
    for (const dies of ['arbiter', 'mate'] as const) {
      const pair = new TestPair();
      pair.start('one');
      pair.run(100);
      pair.start('two');
      pair.run(3_000);
      expect(pair.acting).toEqual(['one']);
      if (dies === 'arbiter') pair.isArbiterUp = false;
      else pair.kill('two');
      expect(pair.run(20_000)).toEqual({ idleMs: 0, doubles: 0 });
      expect(pair.acting).toEqual(['one']);
    }
  });
});

describe('from when a lease counts', () => {
  it('[PR2] the holder counts from when it sent what was confirmed, however late the answer comes', () => {
    const member = primaryAlone();
    const [first] = member.sent('confirm');
    member.until(1_100);
    member.hear({ type: 'confirmed', epoch: 1, n: first?.type === 'confirm' ? first.n : 0 });
    member.until(1_229);
    expect(member.acts).toBe(true);
    member.until(1_231);
    expect(member.acts).toBe(false);
    // Long after its lease has ended, an answer buys nothing at all.
    member.hear({ type: 'confirmed', epoch: 1, n: 1 });
    expect(member.acts).toBe(false);
  });

  it('[PR2] an answer of the arbiter counts from the request that it answers', () => {
    const member = primaryAlone();
    member.until(780);
    const key = member.lastKey;
    member.now = 1_000;
    member.answer({ type: 'swapped', seen: seen(2, key) });
    member.now = 780 + 599;
    expect(member.acts).toBe(true);
    member.now = 780 + 600;
    expect(member.acts).toBe(false);
  });

  it('[PR2] the confirmer waits a lease and the margin from when it confirmed', () => {
    const member = standby();
    member.until(400);
    member.asked(5, 1);
    // The key has been unchanged for long when the wait for the mate is over.
    member.until(400 + 629);
    expect(member.name).toBe('standby');
    member.until(400 + 630);
    expect(member.name).toBe('asking');
  });

  it('[PR2] it waits for as long as the primary says that it counts, where that is longer', () => {
    const member = standby();
    member.until(400);
    member.asked(5, 1, { lengthMs: 2_000 });
    member.until(400 + 2_099);
    expect(member.name).toBe('standby');
    member.until(400 + 2_100);
    expect(member.name).toBe('asking');
  });

  it('[PR2] its start counts as a confirmation that a former life may have sent', () => {
    const member = new TestMember();
    member.answer({ type: 'stands', seen: seen(0) });
    member.until(629);
    expect(member.name).toBe('standby');
    member.until(630);
    expect(member.name).toBe('asking');
  });
});

describe('when a standby asks', () => {
  it('[PR3] not while the key changes, whatever the mate does; from the last change it waits what is written', () => {
    const member = standby();
    for (let count = 8; count <= 20; count++) {
      member.until((count - 7) * 150);
      member.step({ type: 'keySeen', seen: seen(count, keyOfTwo(5)) });
      expect(member.name).toBe('standby');
    }
    member.until(13 * 150 + 629);
    expect(member.name).toBe('standby');
    member.until(13 * 150 + 630);
    expect(member.name).toBe('asking');
  });

  it('[PR3] a revision seen again, or an older one, is no change', () => {
    const member = standby();
    member.until(500);
    member.step({ type: 'keySeen', seen: seen(7, keyOfTwo(5)) });
    member.step({ type: 'keySeen', seen: seen(6, keyOfTwo(5)) });
    member.until(630);
    expect(member.name).toBe('asking');
    expect(member.lastRequest).toMatchObject({ type: 'swap', ifRevision: { start: 0, count: 7 } });
    expect(member.lastKey).toMatchObject({ holder: 'one', process: 'one-1', epoch: 6, ask: 1 });
  });

  it('[PR3] not while its mate has it confirm, and not before it has ever seen the key', () => {
    const member = standby();
    for (let n = 1; n <= 40; n++) {
      member.until(n * 100);
      member.asked(5, n);
    }
    expect(member.name).toBe('standby');
    const blind = new TestMember();
    blind.until(10_000);
    expect(blind.name).toBe('standby');
  });

  it('[PR3] a renewal that failed ends nothing and is made again on what stands; a higher epoch ends the role', () => {
    const member = primaryAlone();
    member.until(780);
    const renewal = member.lastKey;
    // An earlier renewal had happened although its answer was lost.
    member.answer({ type: 'not-swapped', seen: seen(2, renewal) });
    expect(member.acts).toBe(true);
    expect(member.lastRequest).toMatchObject({ type: 'swap', ifRevision: { start: 0, count: 2 } });
    member.answer({ type: 'not-swapped', seen: seen(3, keyOfTwo(2)) });
    expect(member.acts).toBe(false);
    expect(member.told).toEqual({ role: 'standby', rule: 'PR3' });
  });

  it('[PR3] the mate’s word of a higher epoch ends the role, one of its own or a lower one does not', () => {
    const member = primaryAlone();
    member.hear({ type: 'refused', epoch: 1, n: 1, why: 'asking' });
    member.asked(0, 1);
    expect(member.acts).toBe(true);
    expect(member.sent('refused')).toHaveLength(1);
    member.asked(2, 1);
    expect(member.name).toBe('standby');
    // And it is confirmed at once, since whoever asks is its primary now.
    expect(member.sent('confirmed')).toEqual([{ type: 'confirmed', epoch: 2, n: 1 }]);
  });
});

describe('the ask', () => {
  /** Asks at 630 on revision 7. */
  function asking(): TestMember {
    const member = standby();
    member.until(630);
    return member;
  }

  it('[PR4] is repeated on the same revision, and nobody is confirmed meanwhile', () => {
    const member = asking();
    const first = member.lastRequest;
    member.answer({ type: 'unknown' });
    member.until(1_000);
    member.asked(5, 9);
    expect(member.sent('confirmed')).toEqual([]);
    expect(member.sent('refused')).toEqual([{ type: 'refused', epoch: 5, n: 9, why: 'asking' }]);
    expect(member.lastRequest).toMatchObject({ ...first, n: member.lastRequest.n });
    expect(member.lastRequest.n).toBeGreaterThan(first.n);
  });

  it('[PR4] whose answer was lost is found granted when the key names its process and number', () => {
    const member = asking();
    const key = member.lastKey;
    member.answer({ type: 'unknown' });
    member.until(800);
    member.answer({ type: 'not-swapped', seen: seen(8, key) });
    member.step({ type: 'wroteEpoch', epoch: 6 });
    expect(member.acts).toBe(true);
    // Which of the repetitions wrote it nobody knows: the first one is the safe one to count from.
    member.now = 630 + 599;
    expect(member.acts).toBe(true);
    member.now = 630 + 600;
    expect(member.acts).toBe(false);
  });

  it('[PR4] an unchanged revision is no result; a higher one that names another is a refusal', () => {
    const member = asking();
    member.answer({ type: 'not-swapped', seen: seen(7, keyOfTwo(5)) });
    expect(member.name).toBe('asking');
    member.until(800);
    member.answer({ type: 'not-swapped', seen: seen(8, keyOfTwo(5)) });
    expect(member.name).toBe('standby');
    expect(member.told?.rule).toBe('PR4');
    member.asked(5, 9);
    expect(member.sent('confirmed')).toHaveLength(1);
  });

  it('[PR4] a key that names an earlier process of mine is another’s', () => {
    const member = asking();
    const earlier = { ...member.lastKey, process: 'one-0' };
    member.answer({ type: 'not-swapped', seen: seen(8, earlier) });
    expect(member.name).toBe('standby');
    member.until(630 + 629);
    expect(member.name).toBe('standby');
    member.until(630 + 631);
    expect(member.lastKey).toMatchObject({ epoch: 7, ask: 2 });
  });

  it('[PR4] is taken back after a second when a primary wants to be confirmed, and never acted on then', () => {
    const member = asking();
    const key = member.lastKey;
    member.until(1_629);
    member.asked(5, 9);
    expect(member.name).toBe('asking');
    member.until(1_630);
    member.asked(5, 10);
    expect(member.sent('confirmed')).toEqual([{ type: 'confirmed', epoch: 5, n: 10 }]);
    // Its repetition was on its way all the time.
    member.step({ type: 'keySeen', seen: seen(8, key) });
    member.step({ type: 'wroteEpoch', epoch: 6 });
    expect(member.name).toBe('standby');
    expect(member.acts).toBe(false);
    member.until(1_630 + 631);
    expect(member.lastKey).toMatchObject({ epoch: 7, ask: 2 });
  });

  it('[PR4] without a primary that wants to be confirmed it stands for as long as it takes', () => {
    const member = asking();
    member.until(60_000);
    expect(member.name).toBe('asking');
    expect(member.lastKey.ask).toBe(1);
  });
});

describe('a long lease', () => {
  /** A primary whose mate has been silent for three leases, at the instant 2,430, with 5 s granted. */
  function long(): TestMember {
    const member = primaryAlone();
    for (let count = 2; member.now < 2_430; count++) {
      member.until(member.now + 150);
      member.granted(count);
    }
    return member;
  }

  it('[PR5] is asked for when the mate has not confirmed for three leases, and holds for what is written', () => {
    const early = primaryAlone();
    early.until(780);
    expect(early.lastKey.lengthMs).toBe(600);
    const member = long();
    expect(member.lastKey.lengthMs).toBe(5_000);
    const grantedAt = member.now;
    member.until(grantedAt + 4_999);
    expect(member.acts).toBe(true);
    member.until(grantedAt + 5_000);
    expect(member.acts).toBe(false);
  });

  it('[PR5] is never shorter than the mate’s', () => {
    const member = new TestMember({ options: { longLeaseMs: 100 } });
    member.answer({ type: 'stands', seen: seen(0) });
    member.until(630);
    member.granted(1);
    member.until(4_000);
    expect(member.lastKey.lengthMs).toBe(600);
  });

  it('[PR5] from asking for a shorter one on, no more than that counts, whatever becomes of the request', () => {
    const member = long();
    member.until(member.now + 150);
    const askedLong = member.lastRequest;
    confirmed(member);
    member.until(member.now + 300);
    expect(member.lastKey.lengthMs).toBe(600);
    const shortAt = member.now;
    // The answer to the long one comes after all.
    const key = askedLong.type === 'swap' ? askedLong.key : undefined;
    member.step({
      type: 'arbiterAnswer',
      answer: { type: 'swapped', n: askedLong.n, seen: seen(99, key) },
    });
    member.now = shortAt + 599;
    expect(member.acts).toBe(true);
    member.now = shortAt + 600;
    expect(member.acts).toBe(false);
  });

  it('[PR5] a standby waits for the length that is written', () => {
    const member = new TestMember({ written: 4 });
    member.answer({ type: 'stands', seen: seen(7, keyOfTwo(5, { lengthMs: 5_000 })) });
    member.until(5_249);
    expect(member.name).toBe('standby');
    member.until(5_250);
    expect(member.name).toBe('asking');
  });
});

describe('pause, epoch, disk and clock', () => {
  it('[PR6] a primary whose lease has ended pauses without any timer, and goes on in its epoch when confirmed', () => {
    const member = primaryAlone();
    // Nobody has woken it: the comparison alone decides.
    member.now = 1_230;
    expect(member.acts).toBe(false);
    member.until(1_230);
    expect(member.told).toEqual({ role: 'paused', rule: 'PR6' });
    member.until(9_000);
    confirmed(member);
    expect(member.acts).toBe(true);
    expect(member.pair.role).toMatchObject({ name: 'primary', epoch: 1 });
  });

  it('[PR6] no epoch below the highest seen is confirmed', () => {
    const member = standby();
    member.asked(4, 1);
    expect(member.sent('confirmed')).toEqual([]);
    expect(member.sent('refused')).toEqual([{ type: 'refused', epoch: 5, n: 1, why: 'lower-epoch' }]);
    member.asked(9, 1);
    member.asked(8, 2);
    expect(member.sent('confirmed')).toEqual([{ type: 'confirmed', epoch: 9, n: 1 }]);
  });

  it('[PR6] it does not act in an epoch before that is on disk, and leaves the role to its mate when it cannot be', () => {
    const member = standby();
    member.until(630);
    const key = member.lastKey;
    const effects = member.answer({ type: 'swapped', seen: seen(8, key) });
    expect(effects).toContainEqual({ type: 'writeEpoch', epoch: 6 });
    expect(member.acts).toBe(false);
    expect(member.told).toEqual({ role: 'paused', rule: 'PR6' });
    member.step({ type: 'writeFailed', epoch: 6, because: 'ENOSPC' });
    expect(member.name).toBe('standby');
    // For longer than its mate needs to take the role.
    member.until(630 + 4_999);
    expect(member.name).toBe('standby');
    member.until(630 + 5_000);
    expect(member.name).toBe('asking');
  });

  it('[PR6] without its file it confirms nobody until it has read the key', () => {
    const member = new TestMember({ written: undefined });
    expect(member.told).toEqual({ role: 'starting', rule: 'PR6' });
    member.asked(3, 1);
    expect(member.sent('refused')).toEqual([{ type: 'refused', epoch: 3, n: 1, why: 'starting' }]);
    member.answer({ type: 'stands', seen: seen(7, keyOfTwo(5)) });
    expect(member.name).toBe('standby');
    member.asked(4, 2);
    member.asked(5, 3);
    expect(member.sent('confirmed')).toEqual([{ type: 'confirmed', epoch: 5, n: 3 }]);
  });

  it('[PR6] a restarted primary comes up as standby, also where the key still names its member', () => {
    const pair = new TestPair();
    pair.start('one');
    pair.run(1_000);
    pair.kill('one');
    const again = pair.start('one', 'one-2', 1);
    pair.run(600);
    expect(again.name).toBe('standby');
    pair.run(200);
    expect(pair.acting).toEqual(['one']);
    expect(again.pair.role).toMatchObject({ name: 'primary', epoch: 2 });
  });

  it('[PR6] after a jump of the clocks its lease has ended, and no answer to what was sent before counts', () => {
    const member = primaryAlone();
    member.until(780);
    confirmed(member);
    const [before, key] = [member.sent('confirm').at(-1), member.lastKey];
    member.step({ type: 'clockJumped' });
    expect(member.acts).toBe(false);
    if (before !== undefined) member.hear({ type: 'confirmed', epoch: 1, n: before.n });
    member.answer({ type: 'swapped', seen: seen(2, key) });
    expect(member.acts).toBe(false);
    member.until(930);
    confirmed(member);
    expect(member.acts).toBe(true);
  });

  it('[PR6] a grant that was asked for before a jump of the clocks starts no lease', () => {
    const member = standby();
    member.until(630);
    member.step({ type: 'clockJumped' });
    member.granted(8);
    expect(member.name).toBe('paused');
    member.until(800);
    member.granted(9);
    expect(member.acts).toBe(true);
  });

  it('[PR9] an entry of a lower epoch changes no log, however it came to leave so late', () => {
    const member = standby();
    expect(mayFollow(member.pair, 5)).toBe(true);
    expect(mayFollow(member.pair, 4)).toBe(false);
    member.until(630);
    member.granted(8);
    // What the former primary had decided before it was stopped leaves when it wakes.
    expect(mayFollow(member.pair, 5)).toBe(false);
  });
});
