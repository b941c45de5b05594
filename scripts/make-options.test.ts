import { expect, test } from 'vitest';
import { OPTION_LIST, PROPERTIES } from '../packages/protocol/src/index.ts';
import { optionsDocument, writtenOptionsDocument } from './make-options.ts';

test('docs/options.md says what the catalogue says', () => {
  expect(
    writtenOptionsDocument(),
    'The option catalogue has changed: run `npx tsx scripts/make-options.ts` and commit docs/options.md.',
  ).toBe(optionsDocument());
});

test('every property of applications and connections stands in the document', () => {
  const rows = optionsDocument().split('\n');
  for (const { name, owner } of PROPERTIES)
    expect(rows.filter((row) => row.startsWith(`| \`${name}\` | ${owner} |`))).toHaveLength(1);
});

test('every option stands in the document once for each section that has it', () => {
  const rows = optionsDocument().split('\n');
  for (const { name } of OPTION_LIST) {
    const wanted = OPTION_LIST.filter((option) => option.name === name).length;
    expect(rows.filter((row) => row.startsWith(`| \`${name}\` |`))).toHaveLength(wanted);
  }
});
