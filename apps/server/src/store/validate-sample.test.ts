/** The sample configuration against the validator: who starts from it starts from one of which nothing is to be said. */
import { fileURLToPath } from 'node:url';
import { validate } from '@holdfast/centre';
import { expect, test } from 'vitest';
import { loadFiles } from './read-files.ts';

const SAMPLE = fileURLToPath(new URL('../../../../config/sample', import.meta.url));

test("nothing is found in the sample configuration, nor where the documents' own recovery time is promised of its desks", async () => {
  const loaded = await loadFiles(SAMPLE);
  if (!loaded.ok) throw new Error('does not load');
  expect(validate(loaded.configuration)).toEqual([]);
  const promised = validate(loaded.configuration, { promises: { recoveryTimeS: 120 } });
  // Any phone may be registered for an hour there (C19): that is the one thing that such a promise would need.
  expect([...new Set(promised.map(({ rule }) => rule))]).toEqual(['V51']);
});
