/**
 * One core seed (ME5) is two worlds that know nothing of each other: desks with their sites, and a pair with its
 * arbiter. Both are drawn from the same seed, so that a report names one number.
 */
import { CORE_FAULTS, type CoreOptions, runCoreSeed } from './core.ts';
import { runPairSeed } from './core-pair.ts';
import { PAIR_FAULTS } from './core-pair-faults.ts';
import type { SeedResult } from './seed-result.ts';

export const CORE_SEED_FAULTS: readonly string[] = [...CORE_FAULTS, ...PAIR_FAULTS];

export function runBothCores(seed: number, { tracing }: Pick<CoreOptions, 'tracing'> = {}): SeedResult {
  const options = tracing === undefined ? {} : { tracing };
  const desks = runCoreSeed(seed, options);
  const pair = runPairSeed(seed, options);
  return {
    seed,
    failed: desks.failed ?? pair.failed,
    faults: new Map([...desks.faults, ...pair.faults]),
    rules: new Map([...desks.rules, ...pair.rules]),
    virtualMs: desks.virtualMs + pair.virtualMs,
    steps: desks.steps + pair.steps,
    hash: (desks.hash ^ Math.imul(pair.hash, 0x9e3779b1)) >>> 0,
    trace: desks.failed === undefined && pair.failed !== undefined ? pair.trace : desks.trace,
  };
}
