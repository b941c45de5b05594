import { describe, expect, it } from 'vitest';
import { BROKEN, runModel, SAFE } from './check-model.ts';

const TIMEOUT_MS = 180_000;

describe('the model of the role in a pair, searched completely within its bounds', () => {
  const safe = SAFE.map((run) => ({ ...run, name: run.without ?? 'as the rules are' }));
  it.each(safe)('$name, $bounds: never two primaries', { timeout: TIMEOUT_MS }, (run) => {
    const { isSafe, states } = runModel(run);
    expect(isSafe).toBe(true);
    // A model that can do nothing is safe too.
    expect(states).toBeGreaterThan(1_000_000);
  });

  it.each(BROKEN)('without $without: two primaries', { timeout: TIMEOUT_MS }, (run) => {
    expect(runModel(run).isSafe).toBe(false);
  });
});
