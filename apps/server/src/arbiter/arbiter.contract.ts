/** What every arbiter of a pair does, whatever it is made of: the suite that each implementation passes. */
import { type ArbiterAnswer, compareRevisions, type KeySeen } from '@holdfast/continuity';
import { afterEach, describe, expect, test } from 'vitest';
import { ANSWER_MAX_MS, OPEN_MAX } from './arbiter.ts';
import type { TestMember } from './test-member.ts';

/** One pair of its own, with a running arbiter. */
export interface ArbiterWorld {
  /** Each a process of its own. */
  member(name: 'a' | 'b'): Promise<TestMember>;
  /** Requests arrive, answers do not. */
  loseAnswers(): void;
  healAnswers(): void;
  /** SIGKILL of all of it. */
  kill(): Promise<void>;
  start(): Promise<void>;
  close(): Promise<void>;
}

const seenOf = (answer: ArbiterAnswer): KeySeen => {
  if (answer.type === 'unknown') throw new Error(`unknown: ${answer.because}`);
  return answer.seen;
};

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** By how much an answer may come later than its limit on a machine that is busy. */
const SLACK_MS = 700;

type Open = (...names: ('a' | 'b')[]) => Promise<[TestMember, TestMember]>;

export function arbiterContract(name: string, begin: () => Promise<ArbiterWorld>): void {
  describe(`the contract of arbiters: ${name}`, () => {
    let world: ArbiterWorld;
    const members: TestMember[] = [];
    const open: Open = async (...names) => {
      world = await begin();
      for (const one of names) members.push(await world.member(one));
      return members as [TestMember, TestMember];
    };
    afterEach(async () => {
      const surplus = members.flatMap((member) => member.surplus);
      for (const { own } of members.splice(0)) own.child.kill('SIGKILL');
      await world.close();
      expect(surplus, 'each request is answered once').toEqual([]);
    });
    testSwaps(open);
    testLosses(open, () => world);
  });
}

function testSwaps(open: Open): void {
  test('[PR7] [PR8] at first nobody holds the role', async () => {
    const [a] = await open('a');
    expect(seenOf(await a.read()).key).toBeUndefined();
  });

  test('[PR7] [PR8] a swap on the revision that stands is done, on any other it is told what stands', async () => {
    const [a] = await open('a');
    const empty = seenOf(await a.read());
    const first = await a.swap(empty.revision);
    expect(first).toMatchObject({ type: 'swapped', seen: { key: a.key() } });
    const { revision } = seenOf(first);
    expect(compareRevisions(revision, empty.revision)).toBeGreaterThan(0);
    expect(await a.read()).toMatchObject({ type: 'stands', seen: { key: a.key(), revision } });
    const stale = await a.swap(empty.revision, { epoch: 2 });
    expect(stale).toMatchObject({ type: 'not-swapped', seen: { key: a.key(), revision } });
    const future = { ...revision, count: revision.count + 1 };
    expect(await a.swap(future, { epoch: 2 })).toMatchObject({ type: 'not-swapped', seen: { revision } });
    expect(seenOf(await a.read())).toEqual({ key: a.key(), revision });
  });

  test('[PR7] [PR8] the revision grows with each swap, also with one that changes nothing', async () => {
    const [a] = await open('a');
    let { revision } = seenOf(await a.read());
    for (const lengthMs of [600, 600, 5_000, 600]) {
      const seen = seenOf(await a.swap(revision, { lengthMs }));
      expect(seen.key?.lengthMs).toBe(lengthMs);
      expect(compareRevisions(seen.revision, revision)).toBeGreaterThan(0);
      revision = seen.revision;
    }
  });

  test('[PR7] [PR8] of two swaps at once exactly one is done, and the other learns of it', async () => {
    const [a, b] = await open('a', 'b');
    const { revision } = seenOf(await a.read());
    const answers = await Promise.all([a.swap(revision), b.swap(revision)]);
    expect(answers.map(({ type }) => type).sort()).toEqual(['not-swapped', 'swapped']);
    const [one, other] = answers.map(seenOf);
    expect(one).toEqual(other);
    expect(seenOf(await b.read())).toEqual(one);
  });

  test('[PR7] [PR8] the mate takes the role on the revision that stands, and the holder is told', async () => {
    const [a, b] = await open('a', 'b');
    const held = seenOf(await a.swap(seenOf(await a.read()).revision));
    await until(() => b.changes.some((seen) => compareRevisions(seen.revision, held.revision) === 0));
    const taken = await b.swap(held.revision, { epoch: 2 });
    expect(taken).toMatchObject({ type: 'swapped', seen: { key: b.key({ epoch: 2 }) } });
    await until(() => b.changes.at(-1)?.key?.epoch === 2);
    const counts = b.changes.map(({ revision }) => revision.count);
    expect(counts).toEqual([...new Set(counts)].sort((x, y) => x - y));
  });
}

function testLosses(open: Open, world: () => ArbiterWorld): void {
  test('[PR7] [PR8] a lost answer is unknown after the stated time, and a later reading shows what happened', async () => {
    const [a] = await open('a');
    const { revision } = seenOf(await a.read());
    world().loseAnswers();
    const askedAt = performance.now();
    const lost = await a.swap(revision);
    expect(lost.type).toBe('unknown');
    expect(performance.now() - askedAt).toBeLessThan(ANSWER_MAX_MS + SLACK_MS);
    expect((await a.read()).type).toBe('unknown');
    world().healAnswers();
    expect(await a.certainRead()).toMatchObject({ key: a.key() });
  });

  test('[PR7] [PR8] without an arbiter all is unknown; it comes back with its key, and a revision no lower', async () => {
    const [a] = await open('a');
    const held = seenOf(await a.swap(seenOf(await a.read()).revision));
    await world().kill();
    expect((await a.swap(held.revision)).type).toBe('unknown');
    expect((await a.read()).type).toBe('unknown');
    await world().start();
    const stands = await a.certainRead();
    expect(stands.key).toEqual(held.key);
    expect(compareRevisions(stands.revision, held.revision)).toBeGreaterThanOrEqual(0);
    const renewed = seenOf(await a.swap(stands.revision));
    expect(compareRevisions(renewed.revision, stands.revision)).toBeGreaterThan(0);
    expect((await a.swap(held.revision)).type).toBe('not-swapped');
  });

  test('[PR7] [PR8] of more requests than are sensible those above the limit are answered unknown at once', async () => {
    const [a] = await open('a');
    await a.read();
    const answers = await Promise.all(Array.from({ length: OPEN_MAX + 8 }, () => a.read()));
    const tooMany = answers.filter((one) => one.type === 'unknown' && one.because.includes('requests wait'));
    expect(tooMany).toHaveLength(8);
    expect(tooMany).toEqual(answers.slice(OPEN_MAX));
  });

  test('[PR7] [PR8] after it is closed nothing is heard of it', async () => {
    const [a] = await open('a');
    await a.read();
    void a.read();
    a.close();
    await world().kill();
    expect(a.surplus).toEqual([]);
  });
}
