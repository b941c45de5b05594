import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConfigObject } from '@holdfast/protocol';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeCopy } from '../store/disk-copy.ts';
import { writeConfiguration } from '../store/write-files.ts';
import { siteConfiguration } from './site-configuration.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-site-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const tenant = (name: string): ConfigObject => ({ objectType: 'Tenant', name, enabled: true, options: {} });
const STORE = 'postgres://holdfast@nowhere/configuration';

test('[CX8] where there is a database the newest sound copy says which processes the site has, else its files', async () => {
  const [data, files] = [join(folder, 'data'), join(folder, 'files')];
  await writeConfiguration(files, [tenant('of-files')], 'json');
  const said: string[] = [];
  const log = ({ what }: { readonly what: string }) => void said.push(what);
  const names = async (store: string | undefined, from: string | undefined = files) => {
    const { objects } = await siteConfiguration({ files: from, store, data, log });
    return objects.map((object) => ('name' in object ? object.name : ''));
  };
  // The first start: there is no folder yet.
  expect(await names(STORE)).toEqual(['of-files']);
  await mkdir(data);
  await writeCopy(join(data, 'config-north.copy'), { revision: '2.9', objects: [tenant('older')] });
  await writeCopy(join(data, 'proxy-north.copy'), { revision: '2.10', objects: [tenant('newest')] });
  const broken = join(data, 'proxy-north-b.copy');
  await writeCopy(broken, { revision: '7.1', objects: [tenant('broken')] });
  await writeFile(broken, (await readFile(broken, 'utf8')).replace('"broken"', '"br0ken"'));
  expect(await names(STORE)).toEqual(['newest']);
  expect(said).toContain('the copy of the configuration is not served');
  // Without files, too.
  await rm(files, { recursive: true });
  expect(await names(STORE)).toEqual(['newest']);
  await expect(names(undefined)).rejects.toThrow('files');
});

test('[CX8] with nothing to go by it says what to name', async () => {
  const log = () => undefined;
  await expect(siteConfiguration({ store: STORE, data: folder, log })).rejects.toThrow('--files');
});
