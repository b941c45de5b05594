/** What a Configuration Server begins with, over a PGlite that is emptied for each test. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LogLine } from '@holdfast/kernel';
import { applicationObject, type ConfigObject } from '@holdfast/protocol';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { ConfigStore } from './config-store.ts';
import { writeCopy } from './disk-copy.ts';
import { makeKeys } from './make-world.ts';
import { openConfiguration } from './open-configuration.ts';
import { PGliteDatabase } from './pglite-database.ts';
import { SqlStore } from './sql-store.ts';
import { writeConfiguration } from './write-files.ts';

let root: string;
let folder: string;
let database: PGliteDatabase;
let store: ConfigStore;
let said: LogLine[];

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'holdfast-open-'));
  database = await PGliteDatabase.open(join(root, 'store'));
}, 120_000);
afterAll(async () => {
  await database.end();
  await rm(root, { recursive: true });
});
beforeEach(async () => {
  const client = await database.connect();
  await client.query('drop schema public cascade', []);
  await client.query('create schema public', []);
  client.release();
  store = await SqlStore.open({
    type: 'pglite',
    connect: () => database.connect(),
    lost: () => database.lost(),
    end: async () => {},
  });
  folder = await mkdtemp(join(root, 'test-'));
  said = [];
  await writeConfiguration(files(), SOLE, 'json');
});
afterEach(() => store.close());

const files = () => join(folder, 'files');
const copy = () => join(folder, 'config-north.copy');
const tenant = (name: string): ConfigObject => ({ objectType: 'Tenant', name, enabled: true, options: {} });
const HOST: ConfigObject = { objectType: 'Host', name: 'h', address: '10.0.0.1', enabled: true, options: {} };
const KEYS: ConfigObject = { objectType: 'Keys', name: 'keys', enabled: true, options: {}, ...makeKeys() };
const server = (site: string, port: number) =>
  applicationObject.parse({
    ...{ objectType: 'Application', name: `config-${site}`, type: 'ConfigurationServer' },
    ...{ host: 'h', tenant: 'of-files', ports: { default: port } },
    options: { 'interaction-workspace': { 'disaster-recovery.site': site } },
  });
const SOLE = [HOST, KEYS, tenant('of-files'), server('north', 5000)];

async function open() {
  const { configuration } = await openConfiguration({
    ...{ application: 'config-north', files: files(), copy: copy(), store },
    log: (line) => void said.push(line),
  });
  return { revision: configuration.revision, tenants: configuration.all('Tenant').map(({ name }) => name) };
}

const lineOf = (what: string) => said.find((line) => line.what === what);

test('[CX10] files fill an empty database; later they are read no more, and it is said how they come into it', async () => {
  expect(await open()).toEqual({ revision: '1.1', tenants: ['of-files'] });
  expect(lineOf('the files are read no more')).toBeUndefined();
  await writeConfiguration(files(), [...SOLE, tenant('late')], 'json');
  expect(await open()).toEqual({ revision: '1.1', tenants: ['of-files'] });
  expect(lineOf('the files are read no more')?.because).toContain(`holdfast config import ${files()}`);
});

test('[CX10] a database that was lost is made of the copy and not of older files, under an epoch that is none of its own', async () => {
  await writeCopy(copy(), { revision: '3.128', objects: [...SOLE, tenant('since')] });
  expect(await open()).toEqual({ revision: '4.1', tenants: ['of-files', 'since'] });
  const history = await store.history({ limit: 1 });
  expect(history).toMatchObject({ entries: [{ note: `of ${copy()}, revision 3.128` }] });
});

test('[CX10] beside a damaged copy an empty database is not filled: somebody has to say with what', async () => {
  await writeCopy(copy(), { revision: '3.128', objects: [tenant('since')] });
  await writeFile(copy(), (await readFile(copy(), 'utf8')).replace('since', 'sInce'));
  await expect(open()).rejects.toThrow('is damaged');
  await rm(copy());
  expect(await open()).toMatchObject({ tenants: ['of-files'] });
});

test('[CX9] a PGlite is not filled beside another Configuration Server, and where it is filled already that is an error in the log', async () => {
  const south = server('south', 5001);
  await writeConfiguration(files(), [...SOLE, south], 'json');
  await expect(open()).rejects.toThrow('independent writers of one configuration');
  expect(await store.read()).toMatchObject({ revision: { number: 0 } });
  await writeConfiguration(files(), SOLE, 'json');
  await open();
  expect(lineOf('another Configuration Server may write too')).toBeUndefined();
  const claim = await store.claim('config-north', 0);
  if (claim.type !== 'claimed') throw new Error(claim.type);
  const late = { key: 'Application/config-south', before: null, after: south };
  await store.commit({
    ...{ epoch: claim.epoch, id: 'late', at: 1, author: { who: 'kim', from: 'test' }, changes: [late] },
  });
  expect(await open()).toMatchObject({ tenants: ['of-files'] });
  expect(lineOf('another Configuration Server may write too')).toMatchObject({ level: 'error' });
});
