import type { HeldRecord } from '@holdfast/kernel';
import { describe, expect, it } from 'vitest';
import { MirrorStore } from './mirror-store.ts';

const event = (number: number) => ({ number, dn: '7001', message: { type: 'Event', number } });
const common = { epoch: 7, now: 0, put: [] };

it('[LG1] what is new while everything is being sent pushes out no event that is still to come', () => {
  const store = new MirrorStore();
  const part = (n: number, isLast: boolean, events: number[]) =>
    store.snapshot(0, {
      type: 'snapshot',
      ...{ ...common, number: n, part: n, isLast, positions: [], events: events.map(event) },
    });
  part(0, false, [1, 2]);
  const position = { epoch: 7, number: 5 };
  const entry = { ...common, from: 0, number: 1, gone: [], position };
  expect(store.entry(0, { type: 'entry', ...entry, events: [event(5)] })).toBe('taken');
  part(1, true, [3, 4, 5]);
  expect([...store.held().events].map(({ number }) => number)).toEqual([1, 2, 3, 4, 5]);
});

it('[LG1] [LG5] a mate whose clock is another: what it wrote a moment ago was a moment ago here, whatever either clock says', () => {
  for (const apart of [0, 1e12, -1e12]) {
    const store = new MirrorStore();
    store.linked();
    const theirs = (ours: number) => ours + apart;
    const put: [string, unknown, number][] = [['dn/7001', {}, 1]];
    store.snapshot(1_000, {
      type: 'snapshot',
      ...{ epoch: 7, now: theirs(1_000), number: 1, part: 0, isLast: true, positions: [], events: [], put },
    });
    const position = { epoch: 7, number: 1 };
    store.entry(5_000, {
      type: 'entry',
      ...{ epoch: 7, now: theirs(5_000), from: 1, number: 2, gone: [], events: [], position },
      put: [['dn/7002', {}, 2]],
    });
    const heldAt = (key: string) => store.held().records.get(key)?.heldAt;
    expect([heldAt('dn/7001'), heldAt('dn/7002')]).toEqual([1_000, 5_000]);
  }
});

describe('[LG8] everything anew, in parts', () => {
  const at = { now: 0, events: [], positions: [] };
  const put = (...keys: string[]): [string, unknown, number][] =>
    keys.map((key) => [key.slice(0, 2), { is: key }, 1]);
  const part = (epoch: number, n: number, isLast: boolean, ...keys: string[]) =>
    ({ type: 'snapshot', ...at, epoch, number: 10, part: n, isLast, put: put(...keys) }) as const;
  const entry = (epoch: number, from: number, gone: string[], ...keys: string[]) =>
    ({
      ...{ type: 'entry' as const, ...at, epoch, from, number: from + 1, gone, put: put(...keys) },
      position: { epoch, number: 1 },
    }) as const;
  const isOf = (record: HeldRecord | undefined) => (record?.value as { readonly is: string } | undefined)?.is;
  const read = (store: MirrorStore) => {
    const records = store.records();
    return [...(records?.keys() ?? [])].sort().map((key) => isOf(records?.get(key)));
  };
  const held = (store: MirrorStore) => [...store.held().records.values()].map(isOf).sort();

  /** Of epoch 5, whole. */
  function whole() {
    const store = new MirrorStore();
    expect(store.records()).toBeUndefined();
    store.snapshot(0, part(5, 0, false, 'a1 old'));
    expect(store.records()).toBeUndefined();
    store.snapshot(0, part(5, 1, true, 'b1 old', 'c1 old'));
    expect([store.isComplete, read(store)]).toEqual([true, ['a1 old', 'b1 old', 'c1 old']]);
    return store;
  }

  it('what was whole is read until it has come, with what has come of it', () => {
    const store = whole();
    store.snapshot(0, part(6, 0, false, 'a1 new', 'd1 new'));
    const both = ['a1 new', 'b1 old', 'c1 old', 'd1 new'];
    expect([store.isComplete, read(store), held(store)]).toEqual([false, both, both]);
    expect(store.entry(0, entry(6, 10, ['c1'], 'e1 new'))).toBe('taken');
    expect(read(store)).toEqual(['a1 new', 'b1 old', 'd1 new', 'e1 new']);
    expect(store.snapshot(0, part(6, 2, true))).toBe(false);
    expect(store.entry(0, entry(5, 10, []))).toBe('old');
    store.snapshot(0, part(6, 1, true));
    expect([store.isComplete, read(store), store.epoch]).toEqual([true, ['a1 new', 'd1 new', 'e1 new'], 6]);
  });

  it('on a new link it goes on from what was whole, and the rest of the former parts is no longer awaited', () => {
    const store = whole();
    store.snapshot(0, part(5, 0, false, 'a1 new'));
    // The same log, so that what changes meanwhile changes what was whole too.
    expect(store.entry(0, entry(5, 10, ['b1']))).toBe('taken');
    expect(store.position).toEqual({ epoch: 5, number: 11 });
    store.linked();
    expect([read(store), store.isComplete]).toEqual([['a1 old', 'c1 old'], true]);
    expect(store.entry(0, entry(5, 11, [], 'f1 new'))).toBe('taken');
  });

  it('what is doubted is read, and never gone on from', () => {
    const store = whole();
    store.doubt();
    store.linked();
    expect([store.position, store.isComplete, read(store).length]).toEqual([{}, false, 3]);
    expect(held(store)).toHaveLength(3);
    store.snapshot(0, part(5, 0, true, 'a1 new'));
    expect([store.isComplete, read(store)]).toEqual([true, ['a1 new']]);
  });
});
