import { describe, expect, it } from 'vitest';
import { runScript } from './scripted-stage.ts';
import { SCRIPTS } from './scripts.ts';

/** In turn calm, where each desk does what the scenario says, and under all faults. */
const SEEDS = 6;

describe('a live scenario as a scripted world', () => {
  it.each(SCRIPTS)('$name', { timeout: 60_000 }, (script) => {
    for (let seed = 0; seed < SEEDS; seed++)
      expect({ seed, failed: runScript(script, seed).failed }).toEqual({ seed, failed: undefined });
  });

  it.each(['timeouts-never', 'auto-restore-off', 'hot-seating'])('%s needs its options', (name) => {
    const script = SCRIPTS.find((one) => one.name === name);
    expect(script && runScript({ name, run: script.run }, 0).failed).toBeDefined();
  });

  it.each([
    ['config-link-loss', 'moves-without-configuration'],
    ['config-link-loss', 'wrong-family'],
    ['stat-link-loss', 'statistics-never-retried'],
  ] as const)('%s finds %s', { timeout: 60_000 }, (name, defect) => {
    const script = SCRIPTS.find((one) => one.name === name);
    expect(script && runScript(script, 0, { defect }).failed).toBeDefined();
    expect(script && runScript(script, 0).failed).toBeUndefined();
  });
});
