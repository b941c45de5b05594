/** The registry: every rule of the validator, once, in the order of its number. */
import { assert } from '@holdfast/kernel';
import type { RuleId } from './finding.ts';
import type { Rule } from './rule.ts';
import { RULES_OF_OBJECTS } from './rules-of-objects.ts';
import { RULES_OF_TIMES } from './rules-of-times.ts';

export const RULES: readonly Rule[] = [...RULES_OF_OBJECTS, ...RULES_OF_TIMES];

const BY_ID = new Map(RULES.map((rule) => [rule.id, rule]));

export function ruleOf(id: RuleId): Rule {
  const rule = BY_ID.get(id);
  assert(rule !== undefined, `the rule ${id} of a check stands in the registry`);
  return rule;
}
