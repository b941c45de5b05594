import type { LogLine } from '@holdfast/kernel';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { LINES_MAX, LogBudget, PERIOD_MS } from './log-budget.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const bad = (n: number): LogLine => ({ level: 'warn', what: 'bad message', because: `number ${n}` });

test('few lines are written as they come, and nothing follows', () => {
  const lines: LogLine[] = [];
  const budget = new LogBudget((line) => lines.push(line));
  budget.line(bad(1), 'a');
  budget.line(bad(2), 'b');
  vi.advanceTimersByTime(10 * PERIOD_MS);
  budget.stop();
  expect(lines).toEqual([bad(1), bad(2)]);
});

test('of a flood the first lines are written, the rest is counted and told once, with the last', () => {
  const lines: LogLine[] = [];
  const budget = new LogBudget((line) => lines.push(line));
  for (let n = 1; n <= 50_000; n++) budget.line(bad(n), `sender ${n % 7}`);
  expect(lines).toHaveLength(LINES_MAX);
  vi.advanceTimersByTime(PERIOD_MS);
  expect(lines).toHaveLength(LINES_MAX + 1);
  expect(lines.at(-1)).toMatchObject({
    what: 'bad message, and more like it',
    because: 'number 50000',
    detail: { leftOut: 50_000 - LINES_MAX, senders: 7 },
  });
  budget.line(bad(1), 'a');
  expect(lines.at(-1)).toEqual(bad(1));
});

test('senders that nobody could count are told as so many or more', () => {
  const lines: LogLine[] = [];
  const budget = new LogBudget((line) => lines.push(line));
  for (let n = 0; n < 20_000; n++) budget.line(bad(n), `forged ${n}`);
  budget.stop();
  expect(lines.at(-1)?.detail).toEqual({ leftOut: 20_000 - LINES_MAX, senders: '1000 or more' });
});

test('a flood of one kind hides no other', () => {
  const lines: LogLine[] = [];
  const budget = new LogBudget((line) => lines.push(line));
  for (let n = 0; n < 1_000; n++) budget.line(bad(n), 'a');
  budget.line({ level: 'warn', what: 'something else' }, 'a');
  expect(lines.at(-1)).toEqual({ level: 'warn', what: 'something else' });
});
