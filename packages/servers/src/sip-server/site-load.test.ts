import { expect, it } from 'vitest';
import {
  MEASURE_KEPT_MS,
  SiteLoad,
  STEP_DOWN,
  STEP_UP,
  WANTED_LESS_MAX,
  wantedLessFor,
} from './site-load.ts';

/** What is asked for after each second of these shares, %. */
function after(shares: readonly number[], busyMax = 95): number[] {
  const load = new SiteLoad();
  return shares.map((share, second) => {
    load.measured(1_000 * second, { busy: share / 100, busyMax });
    return load.wantedLess(1_000 * second);
  });
}

it('[OC4] grows from the second busy second on, and shrinks more slowly with each other one', () => {
  expect(after([50, 99, 99, 99, 60, 60, 60, 60])).toEqual([0, 0, 10, 20, 15, 10, 5, 0]);
  expect([STEP_UP, STEP_DOWN]).toEqual([10, 5]);
});

it('[OC4] one busy second is none: a process that was stopped is not loaded', () => {
  expect(after([50, 100, 50, 100, 50])).toEqual([0, 0, 0, 0, 0]);
});

it('[OC4] never asks for nothing at all, and for everything where the option is 0', () => {
  expect(after(Array.from({ length: 20 }, () => 100)).at(-1)).toBe(WANTED_LESS_MAX);
  expect(after([100, 100, 100], 0)).toEqual([0, 0, 0]);
  expect(after([100, 100, 100], 100)).toEqual([0, 0, 0]);
});

it('[OC4] says nothing any more when nothing has been measured for 3 s, and begins anew', () => {
  const load = new SiteLoad();
  for (const at of [0, 1_000, 2_000]) load.measured(at, { busy: 1, busyMax: 95 });
  expect(load.wantedLess(2_000 + MEASURE_KEPT_MS)).toBe(20);
  expect(load.wantedLess(2_001 + MEASURE_KEPT_MS)).toBe(0);
  load.measured(60_000, { busy: 0.1, busyMax: 95 });
  expect(load.wantedLess(60_000)).toBe(0);
});

it('[OC4] calls ask for less from nine tenths of the room on', () => {
  const shares = [0, 899, 900, 950, 999, 1_000, 1_100].map((calls) => wantedLessFor(calls, 1_000));
  expect(shares).toEqual([0, 0, 0, 50, 99, 100, 100]);
  expect(wantedLessFor(0, 0)).toBe(0);
});
