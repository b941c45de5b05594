import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { RULES } from './rules.ts';

test('the rules are numbered in order, at least 40 of them, each with all that a page needs', () => {
  expect(RULES.length).toBeGreaterThanOrEqual(40);
  expect(RULES.map(({ id }) => id)).toEqual(RULES.map((_, i) => `V${i + 1}`));
  for (const rule of RULES)
    for (const text of [rule.title, rule.why, rule.remedy]) expect(text, rule.id).toMatch(/^[^ ].*\.$/);
  expect(new Set(RULES.map(({ title }) => title)).size).toBe(RULES.length);
});

test('the sentences of SPEC.md are the titles of the rules', () => {
  const spec = readFileSync(new URL('../../../SPEC.md', import.meta.url), 'utf8');
  // A sentence goes on in lines that begin with two blanks.
  const lines = spec.replaceAll(/\n {2}(?=\S)/g, ' ').split('\n');
  const sentences = lines.flatMap((line) => {
    const [, id, text] = /^- \*\*(V\d+)\*\* (.+)$/.exec(line) ?? [];
    return id === undefined ? [] : [`${id} ${text}`];
  });
  expect(sentences).toEqual(RULES.map(({ id, title }) => `${id} ${title}`));
});
