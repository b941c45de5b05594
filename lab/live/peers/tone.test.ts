import { makeMusic, makeTone } from '@holdfast/server';
import { expect, test } from 'vitest';
import { dominantTone } from './tone.ts';

test('a tone is found, also when a jitter buffer has cut pieces out of it', () => {
  const tone = makeTone(440, 2);
  expect(dominantTone(tone)).toBe(440);
  const pieces = Array.from({ length: 20 }, (_, i) => [...tone.subarray(i * 800, i * 800 + 731)]);
  expect(dominantTone(Int16Array.from(pieces.flat()))).toBe(440);
});

test('silence, music, and a recording that is mostly silence hold no tone', () => {
  expect(dominantTone(new Int16Array(8_000))).toBeUndefined();
  expect(dominantTone(new Int16Array(0))).toBeUndefined();
  expect(dominantTone(makeMusic().subarray(0, 16_000))).toBeUndefined();
  expect(dominantTone(Int16Array.from([...new Int16Array(8_000), ...makeTone(440, 0.5)]))).toBeUndefined();
});
