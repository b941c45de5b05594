import { expect, it } from 'vitest';
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
