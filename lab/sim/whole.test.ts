import { assert } from '@holdfast/kernel';
import { describe, expect, it } from 'vitest';
import type { FaultName } from './faults.ts';
import { runSiteLoss } from './site-loss.ts';
import { runWholeSeed, type WholeOptions, WholeWorld } from './whole.ts';
import { WHOLE_DEFECTS } from './whole-defects.ts';
import { PAIR_WHOLE_DEFECTS } from './whole-pair-defects.ts';
import { World } from './world.ts';

describe('the whole simulation', () => {
  it('gives the same run for the same seed', { timeout: 60_000 }, () => {
    const once = runWholeSeed(3);
    expect(runWholeSeed(3)).toEqual(once);
    expect(runWholeSeed(10).hash).not.toBe(once.hash);
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
    timeout: 300_000,
  }, () => {
    const faults = new Map<string, number>();
    const rules = new Map<string, number>();
    for (let seed = 7; seed < 19; seed++) {
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

/** ME4: a defect must be found within so many whole seeds, from the first one on. */
const SEEDS_TO_FIND_MAX = 500;
type WholeDefect = keyof typeof WHOLE_DEFECTS;

/**
 * Where a search from the first seed on found those that few worlds show. It begins there, which saves minutes; a change
 * of the code that makes such a seed draw another world costs time, and no more.
 */
const FOUND_LAST_AT: { readonly [defect in WholeDefect]?: number } = {
  'reservation-never-lapses': 31,
  'lease-carried-over': 12,
  'gaps-ignored': 9,
  'sleep-unnoticed': 9,
  'no-lease-check': 7,
  'lease-end-untold': 6,
  'lease-from-answer': 96,
  'agent-taken-for-granted': 96,
  'legs-believed': 122,
  'told-before-held': 9,
  'answers-forgotten': 4,
  'ended-forgotten': 7,
  'offer-untold': 9,
};

/** What shows those that hardly any drawn world shows: nothing else breaks there. */
const SHOWN_BY: { readonly [defect in WholeDefect]?: readonly FaultName[] } = {
  // The sites ask each other for a login (LL8), where they can.
  'no-wait-at-start': ['desk-restart-cut-off', 'sites-partition'],
};

/** What needs no pair is looked for in worlds without one, which cost less. */
function worldOf(defect: WholeDefect): WholeOptions {
  const faults = SHOWN_BY[defect];
  return { ...(defect in PAIR_WHOLE_DEFECTS ? {} : { pairs: [] }), ...(faults !== undefined && { faults }) };
}

/** The seed in which the check that is there for the defect failed. */
function seedThatFinds(defect: WholeDefect): number | undefined {
  const first = FOUND_LAST_AT[defect] ?? 0;
  assert(first < SEEDS_TO_FIND_MAX, 'a seed beyond those says nothing about them');
  const seeds = [...Array(SEEDS_TO_FIND_MAX).keys()];
  return [first, ...seeds].find((seed) => {
    const { failed } = runWholeSeed(seed, { ...worldOf(defect), defect });
    return failed?.check === WHOLE_DEFECTS[defect];
  });
}

describe('a planted defect is found within 500 whole seeds (ME4)', () => {
  const defects = Object.entries(WHOLE_DEFECTS) as [WholeDefect, string][];
  it.each(defects)('%s, by %s', { timeout: 300_000 }, (defect) => {
    const seed = seedThatFinds(defect);
    assert(seed !== undefined, `${defect} was not found`);
    // It is the defect, not the world: without it the same seed holds.
    expect(runWholeSeed(seed, worldOf(defect)).failed).toBeUndefined();
  });
});

describe('the loss of a site in virtual time (ME1)', () => {
  it('opens a row for each agent who was able to work there, and all are Ready again at the other', {
    timeout: 60_000,
  }, () => {
    const { ledger, failed } = runSiteLoss(1, 20);
    expect(failed).toBeUndefined();
    expect(ledger.agents.length).toBeGreaterThan(5);
    for (const row of ledger.agents) {
      expect(row).toMatchObject({ from: 'north', to: 'south' });
      expect(row.readyAt).not.toBeNull();
      // The ledger's clock is true; a desk's may run 0.5 % fast (LL6), and so do the waits that it counts.
      const earliest =
        row.lastAbleAt + ((row.allowedAt ?? Number.POSITIVE_INFINITY) - row.lastAbleAt) * 0.995;
      expect(row.readyAt ?? 0).toBeGreaterThanOrEqual(Math.floor(earliest));
    }
    expect(ledger.wait_ms ?? 0).toBeGreaterThan(10_000);
    expect(ledger.after_wait_ms?.p50 ?? Number.POSITIVE_INFINITY).toBeLessThan(3_000);
  });

  it('counts no other call as that of the lost site, and no hand that is slow: whose phone is there is Ready within a second', {
    timeout: 60_000,
  }, () => {
    // An agent of this world was called at the other site while the call of the lost one still stood.
    const { ledger, failed } = runSiteLoss(3, 100);
    expect(failed).toBeUndefined();
    expect(ledger.in_call).toBeGreaterThan(5);
    // A phone that registers elsewhere only when its next refresh fails (PH1) may come after the wait that the options ask.
    const there = ledger.agents.filter(({ phoneAt, allowedAt }) => (phoneAt ?? Infinity) <= (allowedAt ?? 0));
    expect(there.length).toBeGreaterThan(0.9 * ledger.agents.length);
    for (const { readyAt, allowedAt } of there)
      expect((readyAt ?? Infinity) - (allowedAt ?? 0)).toBeLessThan(1_000);
  });

  it('[PH1] leaves the agents of fixed phones logged out, each with that because, until their site is back', {
    timeout: 60_000,
  }, () => {
    const world = new World(1);
    const centre = new WholeWorld(world, { agents: 8, schemes: ['fixed'], callsPerSecond: 0.1 });
    world.run(40_000);
    const there = centre.people.filter(({ view }) => view?.site === 'north');
    expect(there).toHaveLength(4);
    centre.killSite('north');
    world.run(120_000);
    for (const { view } of there) {
      expect(view?.site).toBeNull();
      expect(view?.banner).toMatch(/has not answered for .* Waiting until a site has your phone\./);
    }
    centre.startSite('north');
    world.run(180_000);
    for (const { view } of there) expect(view).toMatchObject({ site: 'north', state: 'Ready' });
  });
});
