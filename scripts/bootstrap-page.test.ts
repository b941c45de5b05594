/** docs/bootstrap.md shows what is read: its examples are bootstrap files, and the limits that it names are those kept. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { BOOTSTRAP_BYTES_MAX, readBootstrap } from '@holdfast/desk';
import { expect, test } from 'vitest';

const page = readFileSync(fileURLToPath(new URL('../docs/bootstrap.md', import.meta.url)), 'utf8');

function example(language: 'xml' | 'json') {
  const [, text = ''] = new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(page) ?? [];
  return readBootstrap(new TextEncoder().encode(text));
}

const site = (application: string, hosts: readonly string[]) => ({
  application,
  form: 'pair',
  nodes: hosts.map((host) => expect.objectContaining({ host })),
  timeoutMs: 10_000,
});

test('the example of the appSettings is read without a warning', () => {
  const reading = example('xml');
  expect(reading).toMatchObject({
    ok: true,
    bootstrap: {
      environment: 'Main',
      preferred: site('workspace', ['config-north', 'config-north-b']),
      peer: site('workspace', ['config-south']),
    },
    warnings: [],
  });
});

test('so is the example in JSON', () => {
  expect(example('json')).toMatchObject({
    ok: true,
    bootstrap: {
      preferred: { ...site('desktop-north', ['config-north', 'config-north-b']), place: 'place-7001-north' },
      peer: { ...site('desktop-south', ['config-south']), place: 'place-7001-south' },
    },
    warnings: [],
  });
});

test('the largest file that is read is named', () => {
  expect(page).toContain(`${BOOTSTRAP_BYTES_MAX.toLocaleString('en')} bytes`);
});
