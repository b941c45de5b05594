import { expect, test } from 'vitest';
import { keepNewest } from './lab-watch.ts';

test('of too many entries the oldest are dropped, one by one and counted', () => {
  const kept: number[] = [];
  const dropped = [1, 2, 3, 4, 5].map((entry) => keepNewest(kept, entry, 3));
  expect(kept).toEqual([3, 4, 5]);
  expect(dropped).toEqual([0, 0, 0, 1, 1]);
});
