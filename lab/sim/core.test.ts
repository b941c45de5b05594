import { describe, expect, it } from 'vitest';
import { CORE_FAULTS, runCoreSeed } from './core.ts';
import { CORE_DEFECTS } from './core-messages.ts';
import { rulesOf } from './rule-list.ts';

type CoreDefect = keyof typeof CORE_DEFECTS;

/** ME4: a defect must be found within so many core seeds. */
const SEEDS_TO_FIND_MAX = 10_000;

/** How many seeds it took, from the first one on, until the check that is there for the defect failed. */
function seedsToFind(defect: CoreDefect): number | undefined {
  for (let seeds = 1; seeds <= SEEDS_TO_FIND_MAX; seeds++) {
    const { failed } = runCoreSeed(seeds - 1, { defect });
    if (failed?.check === CORE_DEFECTS[defect]) return seeds;
  }
  return undefined;
}

describe('the core simulation', () => {
  it('gives the same run for the same seed', () => {
    for (const seed of [1, 2, 3, 77]) expect(runCoreSeed(seed)).toEqual(runCoreSeed(seed));
    expect(runCoreSeed(1).hash).not.toBe(runCoreSeed(2).hash);
  });

  it('is the same whether or not happenings are kept for a report', () => {
    expect(runCoreSeed(5, { tracing: true }).hash).toBe(runCoreSeed(5).hash);
  });

  it('holds over 500 seeds, in which every fault and every rule of moving occurs', {
    timeout: 60_000,
  }, () => {
    const faults = new Map<string, number>();
    const rules = new Map<string, number>();
    for (let seed = 0; seed < 500; seed++) {
      const result = runCoreSeed(seed);
      expect({ seed, failed: result.failed }).toEqual({ seed, failed: undefined });
      for (const [name, times] of result.faults) faults.set(name, (faults.get(name) ?? 0) + times);
      for (const [rule, times] of result.rules) rules.set(rule, (rules.get(rule) ?? 0) + times);
    }
    for (const name of CORE_FAULTS) expect(faults.get(name) ?? 0, name).toBeGreaterThan(0);
    // Those of a pair are met in the other half of a core seed.
    for (const rule of rulesOf('core').filter((id) => !id.startsWith('PR')))
      expect(rules.get(rule) ?? 0, rule).toBeGreaterThan(0);
  });
});

describe('a planted defect is found within 10,000 core seeds (ME4)', () => {
  const defects = Object.entries(CORE_DEFECTS) as [CoreDefect, string][];
  it.each(defects)('%s, by %s', { timeout: 120_000 }, (defect) => {
    const seeds = seedsToFind(defect);
    expect(seeds).toBeDefined();
    // It is the defect, not the world: without it the same seed holds.
    expect(runCoreSeed((seeds ?? 1) - 1).failed).toBeUndefined();
  });
});
