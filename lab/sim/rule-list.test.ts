import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { HELD_BY_CHECK, NOT_SIMULATED, OTHER_FAMILIES, RUN_TIME_ALL_THE_SAME, rulesOf } from './rule-list.ts';
import { WHOLE_DEFECTS } from './whole-defects.ts';

const packages = new URL('../../packages/', import.meta.url);

/** The ids of every SPEC.md. */
function specified(): Set<string> {
  const found = new Set<string>();
  for (const name of readdirSync(packages)) {
    let text: string;
    try {
      text = readFileSync(new URL(`${name}/SPEC.md`, packages), 'utf8');
    } catch {
      // A package without rules of its own has no SPEC.md.
      continue;
    }
    for (const [, id = ''] of text.matchAll(/^- \*\*([A-Z]{2}\d+[a-z]?)\*\*/gm)) found.add(id);
  }
  return found;
}

const isRunTime = (id: string) => !(id.slice(0, 2) in OTHER_FAMILIES) || RUN_TIME_ALL_THE_SAME.has(id);

describe('the list of rules that a simulation must meet', () => {
  it('names every run-time rule of every SPEC.md, met, held by a check, or neither with the reason, and no other', () => {
    const met = new Set([...rulesOf('core'), ...rulesOf('whole')]);
    const unmet = [...Object.keys(HELD_BY_CHECK), ...Object.keys(NOT_SIMULATED)];
    const listed = [...met, ...unmet];
    const runTime = [...specified()].filter(isRunTime);
    expect(listed.filter((id) => !runTime.includes(id))).toEqual([]);
    expect(runTime.filter((id) => !listed.includes(id))).toEqual([]);
    // A family that is gone needs no reason.
    const families = new Set([...specified()].map((id) => id.slice(0, 2)));
    expect(Object.keys(OTHER_FAMILIES).filter((family) => !families.has(family))).toEqual([]);
    expect(unmet.filter((id) => met.has(id))).toEqual([]);
    expect(new Set(unmet).size).toBe(unmet.length);
    // Each of these checks is known to find what it is for.
    const checks: readonly string[] = Object.values(WHOLE_DEFECTS);
    expect(Object.values(HELD_BY_CHECK).filter((check) => !checks.includes(check))).toEqual([]);
  });
});
