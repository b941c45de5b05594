import { describe, expect, it } from 'vitest';
import { REGRESSIONS } from './regressions.ts';
import { runSeeds } from './simulate.ts';

describe('a seed that failed once holds', () => {
  it.each(REGRESSIONS)('$size $seed: $history', { timeout: 30_000 }, async ({ size, seed }) => {
    const report = await runSeeds({ size, from: seed, seeds: 1, workers: 0 });
    expect(report.failed).toEqual([]);
  });
});
