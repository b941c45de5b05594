import { describe, expect, it } from 'vitest';
import { runCoreSeed } from './core.ts';
import { runPairSeed } from './core-pair.ts';
import { runBothCores } from './core-seed.ts';
import { runSeeds, traceSeed } from './simulate.ts';
import { WholeWorld } from './whole.ts';
import { World } from './world.ts';

describe('runSeeds', () => {
  it('says which checks look at a part of the changes only, in a large world', () => {
    const sampled = (agents: number) => new WholeWorld(new World(1), { agents }).watch(undefined);
    expect(sampled(8)).toEqual(new Map());
    expect(sampled(100)).toEqual(new Map([['centre-in-order', 1 / 100]]));
  });

  it('adds up what the seeds came to, in the stable form of the report', { timeout: 60_000 }, async () => {
    const report = await runSeeds({ size: 'core', from: 100, seeds: 60, workers: 0 });
    expect(Object.keys(report)).toEqual([
      'version',
      'size',
      'seeds',
      'failed',
      'faults',
      'rules',
      'sampled',
      'virtual_s',
      'wall_s',
    ]);
    expect(report).toMatchObject({ version: 1, size: 'core', seeds: 60, failed: [] });
    // The desks' world and the pair's.
    expect(report.virtual_s).toBe(60 * (150 + 15));
    let kills = 0;
    for (let seed = 100; seed < 160; seed++) kills += runCoreSeed(seed).faults.get('site-kill') ?? 0;
    expect(report.faults['site-kill']).toBe(kills);
    let restarts = 0;
    for (let seed = 100; seed < 160; seed++)
      restarts += runPairSeed(seed).faults.get('pair-quick-restart') ?? 0;
    expect(report.faults['pair-quick-restart']).toBe(restarts);
    expect(report.rules.DS9).toBeGreaterThan(0);
  });

  it('runs one seed again, event by event, with its last happenings in words', () => {
    const again = traceSeed({ size: 'core', seed: 123 });
    expect(again.hash).toBe(runBothCores(123).hash);
    expect(again.trace.length).toBeGreaterThan(100);
  });
});
