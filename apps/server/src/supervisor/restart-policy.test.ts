import { applicationObject } from '@holdfast/protocol';
import { expect, test } from 'vitest';
import {
  afterDeath,
  FIRST_PAUSE_MS,
  PAUSE_MAX_MS,
  type RestartRecord,
  restartsMaxOf,
  WINDOW_MS,
} from './restart-policy.ts';

/** The pauses after deaths at these instants; null for given up. */
function pauses(restartsMax: number, ...deaths: number[]): (number | null)[] {
  let record: RestartRecord = { deaths: [] };
  return deaths.map((at) => {
    const decision = afterDeath(record, restartsMax, at);
    record = decision.record;
    return decision.name === 'restart' ? decision.pauseMs : null;
  });
}

test('the first restart is at once, the next ones after pauses that double up to a bound', () => {
  const got = pauses(100, ...Array.from({ length: 12 }, (_, i) => i));
  expect(got.slice(0, 4)).toEqual([0, FIRST_PAUSE_MS, 2 * FIRST_PAUSE_MS, 4 * FIRST_PAUSE_MS]);
  expect(got.at(-1)).toBe(PAUSE_MAX_MS);
});

test('after too many deaths it is given up, and 0 means never started again', () => {
  expect(pauses(2, 0, 1, 2)).toEqual([0, FIRST_PAUSE_MS, null]);
  expect(pauses(0, 0)).toEqual([null]);
});

test('[option holdfast/restarts-max] with one death more than it the process stays down', () => {
  const supervisor = (options: Record<string, string>) =>
    applicationObject.parse({
      objectType: 'Application',
      name: 'supervisor-north',
      type: 'Supervisor',
      options: { holdfast: options },
    });
  const restarts = (restartsMax: number) =>
    pauses(restartsMax, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11).indexOf(null);
  expect(restarts(restartsMaxOf(supervisor({ 'restarts-max': '3' })))).toBe(3);
  expect(restarts(restartsMaxOf(supervisor({})))).toBe(10);
  expect(restarts(restartsMaxOf(undefined))).toBe(10);
});

test('deaths are forgotten after a while', () => {
  expect(pauses(2, 0, 1, WINDOW_MS + 1)).toEqual([0, FIRST_PAUSE_MS, 0]);
  expect(pauses(1, 0, WINDOW_MS - 1)).toEqual([0, null]);
});
