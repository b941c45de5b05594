import { describe, expect, it } from 'vitest';
import { Following, type LogMessage } from './following.ts';
import { MirrorDigest } from './mirror-digest.ts';
import { DIGEST_EVERY_MS } from './mirror-follower.ts';

it('[LG6] records that differ again after everything has been sent are asked for anew once in five seconds', () => {
  const following = new Following();
  const everything = (now: number) =>
    following.hear(now, {
      type: 'snapshot',
      ...{ epoch: 7, number: 3, now, part: 0, isLast: true, positions: [], events: [] },
      put: [['dn/7001', { calls: [] }, 3]],
    });
  const otherDigest = (now: number) =>
    following.hear(now, { type: 'digest', epoch: 7, number: 3, digest: 1 }).replies;
  everything(1_000);
  expect(otherDigest(1_000)).toEqual([{ type: 'follow' }]);
  everything(1_010);
  expect(otherDigest(1_010)).toEqual([]);
  // What is held stays until then: an old record is more than none.
  expect(following.store.size).toBe(1);
  expect(otherDigest(1_010 + DIGEST_EVERY_MS)).toEqual([{ type: 'follow' }]);
});

describe('[LG7] what does not come as it should changes nothing, is asked for, is counted and is said', () => {
  /** Complete at entry 10 of epoch 5. */
  function following() {
    const following = new Following();
    following.linked();
    following.hear(0, { ...part(5, 10), part: 0, isLast: true, put: [['dn/7001', { a: 1 }, 10]] });
    return following;
  }
  const part = (epoch: number, number: number) => ({
    ...{ type: 'snapshot' as const, epoch, number, now: 0 },
    ...{ positions: [], events: [] },
  });
  const entry = (epoch: number, from: number, number: number, a = 2): LogMessage => ({
    ...{ type: 'entry', epoch, from, number, now: 0, gone: [], events: [] },
    put: [['dn/7001', { a }, number]],
    position: { epoch, number: 1 },
  });
  const value = (following: Following) => following.store.held().records.get('dn/7001')?.value;

  it('lost: everything since is asked for', () => {
    const held = following();
    const { replies, line } = held.hear(1, entry(5, 11, 12));
    expect(replies).toEqual([{ type: 'follow', epoch: 5, number: 10 }]);
    expect(line).toMatchObject({ level: 'warn', what: 'entries missing' });
    expect([value(held), held.refused.get('gap')]).toEqual([{ a: 1 }, 1]);
  });

  it('twice: acknowledged again, not done again, one line on each link', () => {
    const held = following();
    expect(held.hear(1, entry(5, 10, 11)).replies).toEqual([{ type: 'ack', epoch: 5, number: 11 }]);
    const again = held.hear(2, entry(5, 10, 11, 99));
    expect(again.replies).toEqual([{ type: 'ack', epoch: 5, number: 11 }]);
    expect(again.line).toMatchObject({ level: 'warn', what: 'entry twice' });
    expect(held.hear(3, entry(5, 9, 10, 99)).line).toBeUndefined();
    expect([value(held), held.store.number, held.refused.get('twice')]).toEqual([{ a: 2 }, 11, 2]);
    held.linked();
    expect(held.hear(4, entry(5, 10, 11, 99)).line).toBeDefined();
  });

  it('late, of a former epoch: nothing at all is answered', () => {
    const held = following();
    const late = held.hear(1, entry(4, 10, 11, 99));
    expect(late).toMatchObject({ replies: [], line: { level: 'warn', what: 'late entry refused' } });
    expect([value(held), held.refused.get('lower-epoch')]).toEqual([{ a: 1 }, 1]);
  });

  it('of an epoch that it has not been told of, however high: it is no entry but a gap', () => {
    const held = following();
    const forged = held.hear(1, entry(Number.MAX_SAFE_INTEGER - 1, 10, 11, 99));
    expect(forged.replies).toEqual([{ type: 'follow', epoch: 5, number: 10 }]);
    expect([value(held), held.store.epoch]).toEqual([{ a: 1 }, 5]);
  });

  it('another digest: all is asked for, and what is held is no longer whole, but there', () => {
    const held = following();
    expect(held.hear(1, { type: 'digest', epoch: 5, number: 10, digest: 1 }).replies).toEqual([
      { type: 'follow' },
    ]);
    expect(held.store.isComplete).toBe(false);
    expect([held.isProven, held.refused.get('digest'), value(held)]).toEqual([false, 1, { a: 1 }]);
    // Also on the next link.
    held.linked();
    expect(held.ask()).toEqual({ type: 'follow' });
  });

  it('each further entry after a gap asks for nothing more until an answer has come, or the next digest', () => {
    const held = following();
    const asks = (...heard: LogMessage[]) =>
      heard.flatMap((each) => held.hear(1, each).replies.map(({ type }) => type));
    expect(asks(entry(5, 11, 12), entry(5, 12, 13), entry(5, 13, 14))).toEqual(['follow']);
    expect(held.refused.get('gap')).toBe(3);
    // The answer: everything since, as one entry.
    expect(asks(entry(5, 10, 14), entry(5, 14, 15))).toEqual(['ack', 'ack']);
    expect(asks(entry(5, 16, 17), entry(5, 17, 18))).toEqual(['follow']);
    const digest = { type: 'digest', epoch: 5, number: 18, digest: 1 } as const;
    expect(asks(digest, entry(5, 18, 19))).toEqual(['follow']);
    held.linked();
    expect(asks(entry(5, 19, 20))).toEqual(['follow']);
  });

  it('a part of everything that is not the next one: everything from the beginning', () => {
    const held = following();
    held.hear(1, { ...part(6, 20), part: 0, isLast: false, put: [] });
    const { replies } = held.hear(2, { ...part(6, 20), part: 2, isLast: true, put: [] });
    expect(replies).toEqual([{ type: 'follow' }]);
    expect(held.refused.get('part')).toBe(1);
  });

  it('as it should: proven by its digest, until something is missing', () => {
    const held = following();
    const digest = new MirrorDigest();
    digest.put('dn/7001', 10);
    expect(held.isProven).toBe(false);
    expect(held.hear(1, { type: 'digest', epoch: 5, number: 10, digest: digest.value })).toEqual({
      replies: [],
    });
    expect(held.isProven).toBe(true);
    held.hear(2, entry(5, 11, 12));
    expect(held.isProven).toBe(false);
  });
});
