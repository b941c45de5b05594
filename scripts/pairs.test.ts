/** docs/pairs.md shows what was tried: its configuration is taken, and its etcd has the options of the one in the lab. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Configuration, loadConfiguration } from '@holdfast/centre';
import { nodeHashes } from '@holdfast/server';
import { readPairMembership } from '@holdfast/servers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeKeys } from '../apps/server/src/store/make-world.ts';
import { readFolder, readSingleFile } from '../apps/server/src/store/read-files.ts';
import { siteProcesses } from '../apps/server/src/supervisor/site-processes.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const page = readFileSync(`${root}docs/pairs.md`, 'utf8');

type Tree = { [key: string]: string | Tree | Tree[] };
type Lists = Record<string, Tree[]>;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-pairs-page-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const examples = (language: string) =>
  [...page.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, text = '']) => text);

/** An example in YAML, as a configuration file is read. */
async function read<Read>(text = ''): Promise<Read> {
  const file = join(folder, 'example.yaml');
  writeFileSync(file, text);
  const { files, problems } = await readSingleFile(file);
  expect(problems).toEqual([]);
  return files[0]?.data as Read;
}

/** The sample with what the page changes in it. */
async function sampleWith(changed: Lists): Promise<Configuration> {
  const { files } = await readFolder(`${root}config/sample`);
  const sample = files.filter(({ file }) => !file.includes('keys'));
  for (const { data } of sample)
    for (const [list, objects] of Object.entries(data as Lists))
      for (const patch of changed[list] ?? []) {
        const object = objects.find(({ name }) => name === patch.name);
        if (object === undefined) objects.push(patch);
        else merge(object, patch);
      }
  const keys = { file: 'keys.json', data: { keys: [{ name: 'keys', ...makeKeys() }] } };
  const loaded = loadConfiguration([...sample, keys], nodeHashes.sha256);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return loaded.configuration;
}

function merge(into: Tree, patch: Tree): void {
  for (const [key, value] of Object.entries(patch)) {
    const present = into[key];
    if (isMap(present) && isMap(value)) merge(present, value);
    else into[key] = value;
  }
}

const isMap = (value: Tree[string] | undefined): value is Tree =>
  typeof value === 'object' && !Array.isArray(value);

const startedOn = (configuration: Configuration, host: string) =>
  siteProcesses(configuration, { site: 'north', host, data: '.', outlive: false }).processes.map(
    ({ application }) => application.name,
  );

test('the pair on two Hosts is taken: etcd decides, the hook moves the address, and each supervisor starts its member', async () => {
  const configuration = await sampleWith(await read<Lists>(examples('yaml')[0]));
  for (const member of ['sip-north', 'sip-north-b'])
    expect(readPairMembership(configuration, member)).toMatchObject({
      ok: true,
      pair: {
        arbiter: { type: 'etcd', endpoints: expect.arrayContaining(['http://10.0.0.11:2379']) },
        addressHook: { address: '10.0.0.50', program: expect.stringMatching(/scripts\/hooks\/virtual-ip$/) },
      },
    });
  expect(startedOn(configuration, 'north-host')).toContain('sip-north');
  expect(startedOn(configuration, 'north-host-b')).toEqual(['sip-north-b']);
});

test('so is the one by name, without an address that moves', async () => {
  const [whole, named] = examples('yaml');
  const changed = await read<Lists>(whole);
  const patch = await read<Tree>(named);
  for (const application of changed.applications ?? []) {
    const { TServer, holdfast } = application.options as Record<string, Tree>;
    delete TServer?.['sip-address'];
    delete holdfast?.['address-hook'];
    merge(application, patch);
  }
  const configuration = await sampleWith(changed);
  expect(readPairMembership(configuration, 'sip-north-b')).toMatchObject({
    ok: true,
    pair: { arbiter: { type: 'etcd' }, addressHook: undefined },
  });
});

test('etcd is started with the options with which the lab starts one', () => {
  const lab = readFileSync(`${root}lab/live/peers/etcd-cluster.ts`, 'utf8');
  const command = examples('sh').find((text) => text.startsWith('etcd ')) ?? '';
  const shown = [...command.matchAll(/--([a-z-]+)/g)].map(([, name = '']) => name);
  expect(shown.length).toBeGreaterThan(8);
  expect(shown.filter((name) => !lab.includes(`'${name}': `) && !lab.includes(` ${name}: `))).toEqual([]);
  expect(command).toContain('--heartbeat-interval 50 --election-timeout 500');
  expect(lab).toContain('HEARTBEAT_MS = 50');
  expect(lab).toContain('ELECTION_MS = 500');
});
