import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeConfiguration } from '@holdfast/centre';
import { applicationObject, type ConfigObject } from '@holdfast/protocol';
import { expect, test } from 'vitest';
import { nodeHashes } from '../crypto.ts';
import { chosenStore, refuseSecondWriter } from './chosen-store.ts';
import { siteProcesses } from './site-processes.ts';

const TOLD = { data: '/data', files: '/files', filesOnly: false } as const;

test('[CX9] a supervisor takes a database of its own, unless another is named or files alone are asked for', () => {
  expect(chosenStore(TOLD)).toBe('pglite:/data/configuration.pglite');
  expect(chosenStore({ ...TOLD, files: undefined })).toBe('pglite:/data/configuration.pglite');
  expect(chosenStore({ ...TOLD, store: 'postgres://holdfast@db/x' })).toBe('postgres://holdfast@db/x');
  expect(chosenStore({ ...TOLD, filesOnly: true })).toBeUndefined();
});

test('[CX9] files alone without files, or beside a database, are refused in words that name no password', () => {
  expect(() => chosenStore({ ...TOLD, files: undefined, filesOnly: true })).toThrow('(--files)');
  const both = () => chosenStore({ ...TOLD, store: 'postgres://holdfast:secret@db/x', filesOnly: true });
  expect(both).toThrow('exclude each other');
  expect(both).not.toThrow('secret');
});

const host: ConfigObject = {
  objectType: 'Host',
  name: 'h1',
  address: '10.0.0.1',
  enabled: true,
  options: {},
};

const server = (name: string, type: string, site: string) =>
  applicationObject.parse({
    ...{ objectType: 'Application', name, type, host: 'h1', ports: { default: 5000 } },
    options: { 'interaction-workspace': { 'disaster-recovery.site': site } },
  });

test('[CX9] a PGlite is not begun beside another Configuration Server; one that holds something is opened', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-chosen-store-'));
  const own = `pglite:${folder}`;
  const judge =
    (south: string, store: string | undefined, site = 'north') =>
    () => {
      const servers = [
        server('config-north', 'ConfigurationServer', 'north'),
        server('its-south', south, 'south'),
      ];
      const configuration = makeConfiguration([host, ...servers], nodeHashes.sha256);
      const { processes } = siteProcesses(configuration, { site, store, data: folder, outlive: false });
      refuseSecondWriter(configuration, processes, store);
    };
  const [writing, following] = ['ConfigurationServer', 'ConfigurationServerProxy'];
  expect(judge(writing, own)).toThrow('"its-south" of site "south"');
  expect(judge(writing, own, 'south')).toThrow('"config-north" of site "north"');
  expect(judge(following, own)).not.toThrow();
  expect(judge(following, own, 'south')).not.toThrow();
  expect(judge(writing, 'postgres://holdfast@db/x')).not.toThrow();
  expect(judge(writing, undefined)).not.toThrow();
  await mkdir(join(folder, 'cluster'));
  expect(judge(writing, own)).not.toThrow();
  await rm(folder, { recursive: true });
});
