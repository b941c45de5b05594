import { must } from '@holdfast/kernel';
import { describe, expect, it } from 'vitest';
import { SCRIPTED_DEFECTS } from './scripted-defects.ts';
import { runScript } from './scripted-stage.ts';
import { SCRIPTS } from './scripts.ts';
import type { WholeDefect } from './whole-defects.ts';

/** In turn calm, where each desk does what the scenario says, and under all faults. */
const SEEDS = 6;
/** A pair renews its role all the time, so that a world with one costs several times as much; `.ci/run` has more of them. */
const SEEDS_WITH_PAIRS = 2;
const CALM_SEED = 0;
/** In most of them a site is lost early enough. */
const BROKEN_SEEDS = [5, 7, 9, 11];

/** Which check of which scenario finds which mistake. */
const FINDS: readonly (readonly [string, WholeDefect, string])[] = [
  ...Object.entries(SCRIPTED_DEFECTS).map(
    ([defect, { script, check }]) => [script, defect as WholeDefect, check] as const,
  ),
  ['config-link-loss', 'configuration-never-retried', 'workspace-link-moved'],
  ['config-link-loss', 'moves-without-configuration', 'voice-for-voice-only'],
  ['config-link-loss', 'wrong-family', 'lesser-link-stays'],
  ['stat-link-loss', 'statistics-never-retried', 'workspace-link-moved'],
  ['start-preferred-dead, both sites', 'configuration-never-retried', 'all-at-first-site-up'],
  ["start-preferred-dead, at another's place", 'configuration-never-retried', 'all-at-living-site'],
  ["start-preferred-dead, at another's place", 'sites-kept', 'nothing-ever-kept'],
  ['pair-takeover', 'legs-left-behind', 'calls-survive-takeover'],
  ['pair-takeover', 'desk-never-retries', 'all-at-home'],
  ['hung-primary', 'lease-carried-over', 'no-offer-before-answer'],
  ['sites-partitioned', 'no-lease-check', 'never-routable-twice'],
];

function scriptOf(name: string) {
  return must(
    SCRIPTS.find((script) => script.name === name),
    'a scenario of that name',
  );
}

describe('a live scenario as a scripted world', () => {
  it.each(SCRIPTS)('$name', { timeout: 60_000 }, (script) => {
    const seeds = script.pairs === undefined ? SEEDS : SEEDS_WITH_PAIRS;
    for (let seed = 0; seed < seeds; seed++)
      expect({ seed, failed: runScript(script, seed).failed }).toEqual({ seed, failed: undefined });
  });

  it('each has a mistake that its own checks find (ME4)', () => {
    expect(new Set(FINDS.map(([name]) => name))).toEqual(new Set(SCRIPTS.map(({ name }) => name)));
  });

  it.each(FINDS)('%s finds %s by %s', { timeout: 60_000 }, (name, defect, check) => {
    const script = scriptOf(name);
    expect(runScript(script, CALM_SEED, { defect }).failed?.check).toBe(check);
    // It is the defect, not the world.
    expect(runScript(script, CALM_SEED).failed).toBeUndefined();
  });

  it.each([
    ['hot-seating', 'sites-kept', 'nothing-ever-kept'],
    ["start-preferred-dead, at another's place", 'sites-kept', 'nothing-ever-kept'],
    ['auto-restore-off', 'restores-anyway', 'no-desk-returns'],
    ['timeouts-never', 'never-is-soon', 'no-time-out-decides'],
  ] as const)('%s finds %s under all faults too, by %s', { timeout: 60_000 }, (name, defect, check) => {
    const failures = BROKEN_SEEDS.map((seed) => runScript(scriptOf(name), seed, { defect }).failed?.check);
    expect(failures).toContain(check);
  });

  it.each(['timeouts-never', 'auto-restore-off', 'hot-seating'])('%s needs its options', (name) => {
    const { run } = scriptOf(name);
    expect(runScript({ name, run }, CALM_SEED).failed).toBeDefined();
  });
});
