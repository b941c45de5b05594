import { expect, test } from 'vitest';
import { cryptoRandom } from './random.ts';

test('numbers lie in [0, 1), fill it evenly and do not repeat from one generator to the next', () => {
  const random = cryptoRandom();
  const tenths = new Array<number>(10).fill(0);
  for (let i = 0; i < 10_000; i++) {
    const drawn = random();
    expect(drawn >= 0 && drawn < 1).toBe(true);
    tenths[Math.floor(drawn * 10)] = (tenths[Math.floor(drawn * 10)] ?? 0) + 1;
  }
  for (const count of tenths) expect(count).toBeGreaterThan(800);
  expect(cryptoRandom()()).not.toBe(cryptoRandom()());
});
