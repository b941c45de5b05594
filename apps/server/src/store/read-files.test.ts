import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { configurationFiles, problemLine } from '@holdfast/centre';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { nodeHashes, verifyPassword } from '../crypto.ts';
import { makeWorld } from './make-world.ts';
import { loadFiles } from './read-files.ts';
import { writeConfiguration } from './write-files.ts';

const SAMPLE = fileURLToPath(new URL('../../../../config/sample', import.meta.url));
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-files-'));
});
afterEach(() => rm(folder, { recursive: true }));

const site = (name: string, base: number) => ({
  name,
  address: '127.0.0.1',
  configPort: base,
  clientPort: base + 1,
  sipPort: base + 2,
  gateway: `127.0.0.1:${base + 3}`,
});
const world = () =>
  makeWorld({
    agents: 3,
    sites: [site('north', 5100), site('south', 5200)],
    password: 'fake-password',
    phonePassword: 'fake-phone-password',
  });

async function problems(): Promise<string[]> {
  const loaded = await loadFiles(folder);
  return loaded.ok ? [] : loaded.problems.map(problemLine);
}

test('the sample of the repository loads without a problem or a warning', async () => {
  const loaded = await loadFiles(SAMPLE);
  expect(loaded.ok ? [] : loaded.problems.map(problemLine)).toEqual([]);
  expect(loaded.warnings).toEqual([]);
  if (!loaded.ok) return;
  const { configuration } = loaded;
  const agents = configuration.all('Person').filter(({ name }) => name.startsWith('agent'));
  expect(agents.map(({ name }) => name)).toEqual(Array.from({ length: 20 }, (_, i) => `agent${7001 + i}`));
  const schemes = new Set(
    configuration.all('Place').map(({ options }) => options.holdfast?.['registration-scheme']),
  );
  expect([...schemes].sort()).toEqual(['active-backup', 'dual', 'single']);
});

test('[PH4] the passwords of the sample are the fake ones that it documents', async () => {
  const loaded = await loadFiles(SAMPLE);
  if (!loaded.ok) throw new Error('does not load');
  const person = loaded.configuration.get('Person', 'agent7001');
  expect(await verifyPassword(person?.passwordHash ?? '', 'fake-password')).toBe(true);
  const text = '7001:holdfast:fake-phone-password';
  expect(loaded.configuration.get('DN', '7001@south')?.digest).toEqual({
    realm: 'holdfast',
    md5: nodeHashes.md5(text),
    sha256: nodeHashes.sha256(text),
  });
});

test('[CF7] YAML and JSON of the same objects are the same revision', async () => {
  const { objects } = await world();
  const revisions: string[] = [];
  for (const format of ['yaml', 'json'] as const) {
    const own = join(folder, format);
    await writeConfiguration(own, objects, format);
    const loaded = await loadFiles(own);
    if (!loaded.ok) throw new Error(loaded.problems.map(problemLine).join('\n'));
    revisions.push(loaded.configuration.revision);
  }
  expect(revisions[0]).toBe(revisions[1]);
});

test('numbers keep their zeros and words stay words', async () => {
  const { objects } = await world();
  await writeConfiguration(folder, objects);
  await writeFile(
    join(folder, 'more.yaml'),
    'dns:\n  - number: 0700\n    switch: north\n    type: Extension\n    displayName: off\n',
  );
  const loaded = await loadFiles(folder);
  if (!loaded.ok) throw new Error('does not load');
  expect(loaded.configuration.get('DN', '0700@north')?.displayName).toBe('off');
  expect(configurationFiles(loaded.configuration.objects).length).toBe(6);
});

test('a broken file is named with its line, together with what is wrong elsewhere', async () => {
  await writeFile(join(folder, 'a.yaml'), 'tenants:\n  - name: x\n  name: y\n');
  await writeFile(join(folder, 'b.json'), '{"hosts": [');
  await writeFile(join(folder, 'c.yaml'), 'hosts:\n  - name: h\n    name: i\n');
  await writeFile(join(folder, 'd.yaml'), 'persons:\n  - name: kim\n');
  const lines = await problems();
  expect(lines.find((line) => line.startsWith('a.yaml'))).toMatch(/^a\.yaml: line \d/);
  expect(lines.find((line) => line.startsWith('b.json'))).toContain('This is not JSON');
  expect(lines.find((line) => line.startsWith('c.yaml'))).toContain('line 3');
  expect(lines.find((line) => line.startsWith('d.yaml'))).toContain(
    'Person/kim: tenant: This field is missing',
  );
});

test('a missing folder, an empty one and a file that multiplies itself are refused', async () => {
  expect((await loadFiles(join(folder, 'none'))).ok).toBe(false);
  expect(await problems()).toEqual([
    `${folder}: There is no configuration file (*.yaml, *.json) in this folder.`,
  ]);
  const levels = ['a: &a [x, x, x, x, x, x, x, x, x, x]'];
  for (const [now, before] of ['ba', 'cb', 'dc', 'ed', 'fe', 'gf'])
    levels.push(`${now}: &${now} [${Array(10).fill(`*${before}`).join(', ')}]`);
  await writeFile(join(folder, 'bomb.yaml'), levels.join('\n'));
  expect((await problems()).join('\n')).toContain('bomb.yaml');
});

test('what would take all memory to parse is refused before, in a moment', async () => {
  const nested = { brackets: '{[', dashes: '- ', questions: '? ', closing: '}\n', quotes: '"' };
  for (const [name, piece] of Object.entries(nested))
    await writeFile(join(folder, `${name}.yaml`), piece.repeat(name === 'quotes' ? 500_000 : 100_000));
  const stairs = Array.from({ length: 300 }, (_, n) => `${' '.repeat(n)}a:\n`);
  await writeFile(join(folder, 'stairs.yaml'), stairs.join(''));
  await writeFile(join(folder, 'errors.yaml'), 'a: b: c\n'.repeat(1_000));
  await writeFile(join(folder, 'brackets.json'), '['.repeat(500_000));
  const lines = await problems();
  const of = (file: string) => lines.filter((line) => line.startsWith(`${file}:`));
  for (const name of ['brackets', 'dashes', 'questions'])
    expect(of(`${name}.yaml`)[0]).toContain('more than 32 levels deep');
  expect(of('closing.yaml')[0]).toContain('closed that was not opened');
  expect(of('quotes.yaml')[0]).toContain('A line has more than');
  expect(of('stairs.yaml')[0]).toContain('indented by more than');
  expect(of('brackets.json')[0]).toContain('not JSON');
  expect(of('errors.yaml')).toHaveLength(20);
});
