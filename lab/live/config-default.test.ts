/**
 * Two sites as an installation begins: one writes into the database that its supervisor takes by itself, the other has a proxy
 * alone. Real processes from the bundle, killed for real.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ADMINISTRATOR } from '@holdfast/centre';
import { makeWorld, writeConfiguration } from '@holdfast/server';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ConfigOperator } from './config-operator.ts';
import { freePorts } from './free-ports.ts';
import {
  generatedSites,
  PASSWORD,
  PHONE_PASSWORD,
  REALM,
  SITES,
  type SiteName,
  type SitePorts,
  siteFolders,
} from './lab-configuration.ts';
import { until } from './peers/processes.ts';
import { drawPorts } from './site-ports.ts';
import { SiteProcesses } from './site-processes.ts';
import { siteServers } from './site-servers.ts';

const SERVER_BUNDLE = fileURLToPath(new URL('../../.build/server.mjs', import.meta.url));
/** A busy machine. */
const WRITES_MAX_MS = 20_000;

let folder: string;
let ports: SitePorts;
let sites: Readonly<Record<SiteName, SiteProcesses>>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-config-default-'));
  const [port, restPort] = (await freePorts(2)) as [number, number];
  ports = { ...(await drawPorts()), writer: { port, restPort } };
  await writeWorld(ports);
  const site = (name: SiteName) =>
    new SiteProcesses({
      ...{ site: name, entry: SERVER_BUNDLE, restarts: true, store: {}, servers: siteServers(ports, name) },
      ...siteFolders(folder, name),
    });
  sites = { north: site('north'), south: site('south') };
  await Promise.all(SITES.map((name) => sites[name].start()));
}, 120_000);
afterAll(async () => {
  await Promise.all(SITES.map((name) => sites[name].stop()));
  rmSync(folder, { recursive: true, force: true });
});

async function writeWorld(of: SitePorts, into = folder): Promise<void> {
  const secrets = { password: PASSWORD, phonePassword: PHONE_PASSWORD, realm: REALM };
  const { objects } = await makeWorld({ agents: 2, sites: generatedSites(of), ...secrets });
  for (const name of SITES) await writeConfiguration(siteFolders(into, name).files, objects, 'json');
}

const portAt = (site: SiteName) => ports.config[SITES.indexOf(site)] as number;
const enter = (site: SiteName) =>
  ConfigOperator.enter({ port: portAt(site), user: ADMINISTRATOR.user, password: PASSWORD });
const logOf = (site: SiteName) => readFileSync(join(folder, site, `${site}.log`), 'utf8');
const renaming = (displayName: string) => [{ key: 'Person/agent7001', patch: { displayName } }];

async function readAt(site: SiteName): Promise<unknown> {
  const operator = await enter(site);
  const read = await operator.read('Person', 'agent7001');
  operator.close();
  return read;
}

test('[CX8] [CX9] what is edited at a site of proxies alone is written at the other one, and served at both', async () => {
  const operator = await enter('south');
  await until('the writer has its role', WRITES_MAX_MS, async () => {
    const { type } = await operator.edit(renaming('Kim'));
    return type === 'Edited';
  });
  operator.close();
  for (const site of SITES) expect(await readAt(site)).toMatchObject({ object: { displayName: 'Kim' } });
  const names = sites.south.processes().map(({ application }) => application);
  expect(names).toEqual(['supervisor-south', 'proxy-south', 'sip-south', 'stat-south']);
  expect(logOf('north')).toContain('CW5: PGlite within this process');
}, 60_000);

test('[CX1] [CX10] a site of proxies starts alone from its copy; the one that writes has its database, and reads no files', async () => {
  for (const site of SITES) sites[site].kill();
  await sites.south.start();
  expect(await readAt('south')).toMatchObject({ object: { displayName: 'Kim' } });
  expect(logOf('north')).not.toContain('the files are read no more');
  await sites.north.start();
  expect(await readAt('north')).toMatchObject({ object: { displayName: 'Kim' } });
  expect(logOf('north')).toContain(`holdfast config import ${siteFolders(folder, 'north').files}`);
}, 90_000);

function supervise(...more: readonly string[]) {
  const into = join(folder, 'two');
  const { files, data } = siteFolders(into, 'north');
  const args = ['supervisor', '--site', 'north', '--files', files, '--data', join(data, 'data'), ...more];
  return spawnSync(process.execPath, [SERVER_BUNDLE, ...args], { encoding: 'utf8' });
}

test('[CX9] with a Configuration Server at each site no supervisor begins a database of its own, and nothing is started', async () => {
  await writeWorld(await drawPorts(), join(folder, 'two'));
  const { status, stderr, stdout } = supervise();
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toContain('independent writers of one configuration');
  for (const remedy of ['make "config-south" a ConfigurationServerProxy', 'PostgreSQL', '--files-only'])
    expect(stderr).toContain(remedy);
  const both = supervise('--files-only', '--store', 'pglite:/nowhere');
  expect([both.status, both.stderr]).toEqual([2, expect.stringContaining('exclude each other')]);
}, 60_000);
