/**
 * Two sites, and an agent with phone and desk beside a gateway, each on a host of its own: network namespaces joined by a
 * bridge, whose packet filters lose some of all that is sent. One site is lost, and later the other is heard by nobody
 * although it hears everybody; each time the agent goes to where they are heard, and is logged in once.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DESK_APPLICATION, SALES_QUEUE } from '@holdfast/centre';
import type { ConfigObject } from '@holdfast/protocol';
import { makeWorld, writeConfiguration } from '@holdfast/server';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  neverOverloaded,
  PASSWORD,
  PHONE_PASSWORD,
  REALM,
  SITES,
  type SiteName,
} from './lab-configuration.ts';
import { Namespaces } from './peers/namespaces.ts';
import { PhonesInNamespace } from './peers/phones-in-namespace.ts';
import { Program, stopPrograms, until } from './peers/processes.ts';

const SERVER_BUNDLE = fileURLToPath(new URL('../../.build/server.mjs', import.meta.url));
const PORTS = { config: 5110, clients: 5111, stats: 5112, health: 5113, sip: 5060, gateway: 5080 };
const AGENT = { user: 'agent7001', number: '7001' };
const GATEWAY = 'gateway';
const LOSS = 0.02;
/** Generous: the machine may be busy with other things. */
const MOVE_MAX_MS = 40_000;

let folder: string;
let network: Namespaces;
let agents: PhonesInNamespace;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-sites-'));
  network = await Namespaces.make([...SITES, 'agents']);
  for (const host of [...SITES, 'agents']) await network.lose(host, LOSS);
  await writeWorld();
  for (const site of SITES) startSite(site);
  for (const site of SITES)
    await until(`${site} serves`, MOVE_MAX_MS, async () => (await logins(site)) !== undefined);
  agents = agentsAndGateway();
  agents.command(AGENT.number, { name: 'register' });
  await works('north');
}, 120_000);

afterAll(async () => {
  await stopPrograms();
  network?.remove();
  rmSync(folder, { recursive: true, force: true });
}, 30_000);

async function writeWorld(): Promise<void> {
  const gateway = `${network.addressOf('agents')}:${PORTS.gateway}`;
  const site = (name: SiteName) => ({
    ...{ name, address: network.addressOf(name), gateway, sipPort: PORTS.sip },
    ...{ configPort: PORTS.config, clientPort: PORTS.clients, statPort: PORTS.stats },
  });
  const server = {
    TServer: { 'wrap-up-time': '1' },
    holdfast: { 'stamp-period': '500', 'lease-length': '2000', 'registrar-min-timeout': '1' },
  };
  const desk = {
    'disaster-recovery.enabled': 'true',
    'disaster-recovery.timeout': '4',
    'disaster-recovery.wait-for-sipphone-timeout': '4',
    'disaster-recovery.auto-restore': 'false',
    'disaster-recovery.restore-agent-state': 'true',
    'warm-standby.retry-delay': '1',
  };
  const { objects } = await makeWorld({
    ...{ agents: 2, password: PASSWORD, phonePassword: PHONE_PASSWORD, realm: REALM },
    sites: [site('north'), site('south')],
    options: {
      'Application/sip-north': server,
      'Application/sip-south': server,
      [`Application/${DESK_APPLICATION}`]: { 'interaction-workspace': desk },
    },
  });
  for (const name of SITES)
    await writeConfiguration(
      join(folder, name, 'files'),
      objects.map(neverOverloaded).map(asWatched),
      'json',
    );
}

/** Silence is noticed soon, and who is asked says how many are logged in. */
function asWatched(object: ConfigObject): ConfigObject {
  if (object.objectType !== 'Application') return object;
  if (object.type === 'SIPServer') return { ...object, ports: { ...object.ports, health: PORTS.health } };
  if (object.name !== DESK_APPLICATION) return object;
  return { ...object, connections: object.connections.map((one) => ({ ...one, addp: { timeout: 1 } })) };
}

function startSite(site: SiteName): void {
  const data = join(folder, site, 'data');
  mkdirSync(data);
  Program.start({
    command: process.execPath,
    args: [
      ...[SERVER_BUNDLE, 'supervisor', '--site', site],
      ...['--files', join(folder, site, 'files'), '--files-only', '--data', data],
    ],
    ...{ folder, namespace: network.nameOf(site) },
  });
}

function agentsAndGateway(): PhonesInNamespace {
  const bootstrap = join(folder, 'bootstrap.json');
  const nodes = (site: SiteName) => ({
    ...{ application: DESK_APPLICATION, nodes: [`${network.addressOf(site)}:${PORTS.config}`] },
  });
  const sites = { preferred: nodes('north'), peer: nodes('south') };
  writeFileSync(bootstrap, JSON.stringify({ environment: 'test', hotSeating: false, sites }));
  return new PhonesInNamespace(network.nameOf('agents'), {
    ...{ host: network.addressOf('agents'), domain: REALM, password: PHONE_PASSWORD, expires: 3 },
    registration: { attemptMs: 2_000, returnEveryMs: 1_500, retryFirstMs: 300, retryMaxMs: 1_000 },
    servers: SITES.map((site) => ({ site, host: network.addressOf(site), port: PORTS.sip })),
    phones: [
      { number: AGENT.number, toneHz: 440, transport: 'UDP', scheme: 'dual' },
      { number: GATEWAY, toneHz: 620, transport: 'UDP', scheme: 'none', port: PORTS.gateway },
    ],
    desks: [{ user: AGENT.user, password: PASSWORD, bootstrap, dataFolder: join(folder, 'desk') }],
  });
}

/** Asked on the host itself, whatever its network does. */
async function logins(site: SiteName): Promise<number | undefined> {
  const ask = `fetch('http://${network.addressOf(site)}:${PORTS.health}/metrics').then((r) => r.text()).then(console.log, () => {})`;
  const said = await network.run(site, process.execPath, '-e', ask);
  const figure = /^holdfast_logins (\d+)$/m.exec(said)?.[1];
  return figure === undefined ? undefined : Number(figure);
}

/** Ready at that site and logged in there, and a caller who calls it is answered. */
async function works(site: SiteName): Promise<void> {
  const seen = () => agents.desk(AGENT.user);
  await agents.program.until(`the desk is at ${site}`, MOVE_MAX_MS, () => seen()?.site === site);
  await agents.program.until(`the agent is logged in at ${site}`, MOVE_MAX_MS, () => {
    return seen()?.site === site && ['Ready', 'NotReady'].includes(seen()?.state ?? '');
  });
  if (seen()?.state === 'NotReady') agents.deskCommand(AGENT.user, { type: 'ready' });
  await agents.program.until('the agent is Ready', MOVE_MAX_MS, () => seen()?.state === 'Ready');
  expect(await logins(site)).toBe(1);
  const [at, answeredAt] = [agents.facts(GATEWAY).length, agents.facts(AGENT.number).length];
  agents.command(GATEWAY, { name: 'call', to: SALES_QUEUE, site });
  await agents.fact(AGENT.number, 'established', answeredAt);
  // Both hear each other before one hangs up.
  await agents.fact(GATEWAY, 'established', at);
  agents.command(AGENT.number, { name: 'hangup' });
  expect(await agents.fact(GATEWAY, 'ended', at)).toMatchObject({ by: 'remote', wasEstablished: true });
}

test('[DS8a] the cable of a site is pulled: its agent works at the other, also when it is in again', async () => {
  const from = performance.now();
  await network.cable('north', 'down');
  await works('south');
  console.log(
    JSON.stringify({ namespaces: 'cable pulled', answered_ms: Math.round(performance.now() - from) }),
  );
  await network.cable('north', 'up');
  await until('north knows that the agent has gone', MOVE_MAX_MS, async () => (await logins('north')) === 0);
  await works('south');
}, 120_000);

test('[DS8a] [LL4] a site hears everybody and is heard by nobody: its agent works at the other, and is logged in once', async () => {
  const from = performance.now();
  await network.cutSending('south', true);
  await works('north');
  console.log(
    JSON.stringify({ namespaces: 'cut one way', answered_ms: Math.round(performance.now() - from) }),
  );
  await network.cutSending('south', false);
  await until('south knows that the agent has gone', MOVE_MAX_MS, async () => (await logins('south')) === 0);
  await works('north');
  // The lines were as poor as they were meant to be, all the time.
  for (const host of [...SITES, 'agents']) expect(await network.lost(host)).toBeGreaterThan(0);
}, 120_000);
