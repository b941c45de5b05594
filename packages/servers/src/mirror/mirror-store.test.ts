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
