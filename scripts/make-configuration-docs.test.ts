import { expect, test } from 'vitest';
import { PERMISSIONS, RULES } from '../packages/centre/src/index.ts';
import { configObject } from '../packages/protocol/src/index.ts';
import { configurationDocument, OBJECTS, writtenConfigurationDocument } from './make-configuration-docs.ts';

test('docs/configuration.md says what schemas, catalogue and rules say', () => {
  expect(
    writtenConfigurationDocument(),
    'Run `npx tsx scripts/make-configuration-docs.ts` and commit docs/configuration.md.',
  ).toBe(configurationDocument());
});

test('every field of every object is described, and no other', () => {
  const fields = configObject.options.map(({ shape }) => [
    shape.objectType.value,
    Object.keys(shape).filter((name) => !['objectType', 'enabled', 'options'].includes(name)),
  ]);
  const described = Object.entries(OBJECTS).map(([type, one]) => [type, Object.keys(one.fields)]);
  expect(Object.fromEntries(described)).toEqual(Object.fromEntries(fields));
});

test('every permission stands in the document once, with everybody who has it', () => {
  const rows = configurationDocument().split('\n');
  for (const [name, { holders }] of Object.entries(PERMISSIONS)) {
    const [row = '', ...more] = rows.filter((one) => one.startsWith(`| \`${name}\` | `));
    expect(more).toEqual([]);
    for (const { words } of holders) expect(row).toContain(words);
  }
});

test('every rule stands in the document once', () => {
  const rows = configurationDocument().split('\n');
  for (const { id } of RULES) expect(rows.filter((row) => row.startsWith(`| ${id} |`))).toHaveLength(1);
});
