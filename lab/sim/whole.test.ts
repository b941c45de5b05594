import { describe, expect, it } from 'vitest';
import { runWholeSeed } from './whole.ts';
import { WHOLE_DEFECTS } from './whole-servers.ts';

describe('the whole simulation', () => {
  it('gives the same run for the same seed', { timeout: 60_000 }, () => {
    for (const seed of [3, 10]) expect(runWholeSeed(seed)).toEqual(runWholeSeed(seed));
    expect(runWholeSeed(3).hash).not.toBe(runWholeSeed(10).hash);
  });

  it('settles without faults: everybody Ready, calls answered, nothing left behind', {
    timeout: 60_000,
  }, () => {
    for (let seed = 0; seed < 3; seed++) {
      const { failed } = runWholeSeed(seed, { faults: false, breakMs: 60_000 });
      expect({ seed, failed }).toEqual({ seed, failed: undefined });
    }
  });

  it('[D31] keeps its promises under faults, and both sites agree on where every agent works at the end', {
    timeout: 120_000,
  }, () => {
    const faults = new Map<string, number>();
    const rules = new Map<string, number>();
    for (let seed = 7; seed < 27; seed++) {
      const result = runWholeSeed(seed);
      expect({ seed, failed: result.failed }).toEqual({ seed, failed: undefined });
      for (const [name, times] of result.faults) faults.set(name, (faults.get(name) ?? 0) + times);
      for (const [rule, times] of result.rules) rules.set(rule, (rules.get(rule) ?? 0) + times);
    }
    expect(faults.size).toBeGreaterThan(12);
    expect(faults.get('sites-partition')).toBeGreaterThan(0);
    for (const rule of ['DS5', 'DS8a', 'DS8b', 'DS9']) expect(rules.get(rule) ?? 0, rule).toBeGreaterThan(0);
  });
});

describe('a planted defect is found within 500 whole seeds (ME4)', () => {
  it.each(WHOLE_DEFECTS)('%s', { timeout: 180_000 }, (defect) => {
    let found: number | undefined;
    for (let seed = 0; seed < 500 && found === undefined; seed++) {
      if (runWholeSeed(seed, { defect }).failed?.check === 'never-routable-twice') found = seed;
    }
    expect(found).toBeDefined();
    expect(runWholeSeed(found ?? 0).failed?.check).not.toBe('never-routable-twice');
  });
});
