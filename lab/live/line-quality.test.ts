import { seededRandom } from '@holdfast/kernel';
import { afterEach, expect, test, vi } from 'vitest';
import { DatagramLine, datagramDelay, GOOD_LINE, partDelay, StreamLane } from './line-quality.ts';

afterEach(() => void vi.useRealTimers());

const POOR = { delayMs: 40, jitterMs: 20, loss: 0.02, reordered: 0.05 };

test('of many datagrams the stated shares are lost and late, and none is early', () => {
  const random = seededRandom(1);
  const delays = Array.from({ length: 20_000 }, () => datagramDelay(POOR, random));
  const arrived = delays.filter((delay) => delay !== undefined);
  expect(1 - arrived.length / delays.length).toBeCloseTo(0.02, 2);
  expect(Math.min(...arrived)).toBeGreaterThanOrEqual(40);
  expect(Math.max(...arrived)).toBeLessThanOrEqual(40 + 20 + 30);
  // Later than jitter alone could make it.
  expect(arrived.filter((delay) => delay > 70).length / arrived.length).toBeGreaterThan(0.03);
});

test('a part of a connection is never lost, only late', () => {
  const random = seededRandom(1);
  const delays = Array.from({ length: 10_000 }, () => partDelay(POOR, random));
  expect(delays.filter((delay) => delay >= 240).length / delays.length).toBeCloseTo(0.02, 2);
});

test('datagrams overtake each other, and are counted', () => {
  vi.useFakeTimers();
  const line = new DatagramLine({ ...POOR, reordered: 0.2 }, seededRandom(1));
  const arrived: number[] = [];
  for (let n = 0; n < 1_000; n++) {
    line.carry(() => arrived.push(n));
    vi.advanceTimersByTime(1);
  }
  vi.advanceTimersByTime(1_000);
  expect(arrived).toHaveLength(line.counts.carried);
  expect(line.counts.carried + line.counts.lost).toBe(1_000);
  expect(arrived).not.toEqual([...arrived].sort((a, b) => a - b));
  expect(line.counts.overtaken).toBeGreaterThan(0);
});

test('a good line delivers at once; a stopped one nothing more', () => {
  vi.useFakeTimers();
  let arrived = 0;
  new DatagramLine(GOOD_LINE, seededRandom(1)).carry(() => void arrived++);
  expect(arrived).toBe(1);
  const slow = new DatagramLine({ ...GOOD_LINE, delayMs: 5 }, seededRandom(1));
  slow.carry(() => void arrived++);
  slow.stop();
  vi.advanceTimersByTime(100);
  expect(arrived).toBe(1);
});

test('a lane keeps the order of what it carries, whatever the delay of each', () => {
  vi.useFakeTimers();
  const lane = new StreamLane();
  const arrived: string[] = [];
  lane.carry(50, 3, () => arrived.push('late'));
  lane.carry(0, 4, () => arrived.push('early'));
  expect(lane.bytes).toBe(7);
  vi.advanceTimersByTime(49);
  expect(arrived).toEqual([]);
  vi.advanceTimersByTime(2);
  expect(arrived).toEqual(['late', 'early']);
  expect(lane.bytes).toBe(0);
});
