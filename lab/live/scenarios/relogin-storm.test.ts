import { expect, test } from 'vitest';
import { shortestSpan } from './relogin-storm.ts';

test('a storm is as short as the shortest time that holds its share, wherever the first and the last fall', () => {
  expect(shortestSpan([9_000, 100, 1_000, 1_100, 1_200], 3)).toBe(200);
  expect(shortestSpan([0, 5_000, 10_000], 2.7)).toBe(10_000);
  expect(shortestSpan([7], 1)).toBe(0);
});

test('fewer than the share are no storm', () => {
  expect(shortestSpan([1, 2], 3)).toBeUndefined();
  expect(shortestSpan([], 0.9)).toBeUndefined();
});
