import { expect, test } from 'vitest';
import { OPTION_LIST } from '../packages/protocol/src/index.ts';
import { optionsDocument, writtenOptionsDocument } from './make-options.ts';

test('docs/options.md says what the catalogue says', () => {
  expect(
    writtenOptionsDocument(),
    'The option catalogue has changed: run `npx tsx scripts/make-options.ts` and commit docs/options.md.',
  ).toBe(optionsDocument());
});

test('every option of every section stands in the document once', () => {
  const text = optionsDocument();
  for (const { name } of OPTION_LIST) expect(text.split(`| \`${name}\` |`).length - 1).toBe(1);
});
