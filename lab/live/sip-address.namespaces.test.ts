/**
 * A pair of SIP Servers on two hosts with one virtual SIP address, each host with its own supervisor, the site's etcd on a
 * third, and two phones on a fourth: network namespaces joined by a bridge. The address goes where the role goes, and
 * whoever had it is gone from ARP, whether it was killed, stopped, or cut off from everybody.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ConfigObject } from '@holdfast/protocol';
import { makeWorld, writeConfiguration } from '@holdfast/server';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { neverOverloaded, PASSWORD, PHONE_PASSWORD, REALM } from './lab-configuration.ts';
import { EtcdCluster } from './peers/etcd-cluster.ts';
import { Namespaces } from './peers/namespaces.ts';
import { PhonesInNamespace } from './peers/phones-in-namespace.ts';
import { Program, stopPrograms, until } from './peers/processes.ts';
import { isAlive, send } from './process-tree.ts';

const SERVER_BUNDLE = fileURLToPath(new URL('../../.build/server.mjs', import.meta.url));
const HOOK = fileURLToPath(new URL('../../scripts/hooks/virtual-ip', import.meta.url));
const VIRTUAL = Namespaces.virtual;
const SIP_PORT = 5060;
const CALLER = '7001';
const CALLED = '7002';
/** Over TCP: their connections die with the host that they led to. */
const TCP_CALLER = '7003';
const TCP_CALLED = '7004';
/** Generous: the machine may be busy with other things. */
const TAKEOVER_MAX_MS = 30_000;

/** The member on each host. */
const MEMBERS = { first: 'sip-north', second: 'sip-north-b' } as const;
type HostName = keyof typeof MEMBERS;
const HOSTS = Object.keys(MEMBERS) as HostName[];
const otherOf = (host: HostName): HostName => (host === 'first' ? 'second' : 'first');

let folder: string;
let network: Namespaces;
let cluster: EtcdCluster;
let phones: PhonesInNamespace;
const supervisors = new Map<HostName, Program>();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-address-'));
  network = await Namespaces.make([...HOSTS, 'etcd', 'phones']);
  cluster = await EtcdCluster.start({
    ...{ address: network.addressOf('etcd'), namespace: network.nameOf('etcd') },
  });
  await writeWorld();
  for (const host of HOSTS) startSupervisor(host);
  phones = new PhonesInNamespace(network.nameOf('phones'), {
    ...{ host: network.addressOf('phones'), domain: REALM, password: PHONE_PASSWORD },
    servers: [{ site: 'north', host: VIRTUAL, port: SIP_PORT }],
    expires: 60,
    desks: [],
    phones: [
      { number: CALLER, toneHz: 440, transport: 'UDP', scheme: 'single' },
      { number: CALLED, toneHz: 620, transport: 'UDP', scheme: 'single' },
      { number: TCP_CALLER, toneHz: 500, transport: 'TCP', scheme: 'single' },
      { number: TCP_CALLED, toneHz: 700, transport: 'TCP', scheme: 'single' },
    ],
  });
  await inStep();
  for (const number of [CALLER, CALLED, TCP_CALLER, TCP_CALLED]) {
    phones.command(number, { name: 'register' });
    await phones.fact(number, 'registered');
  }
}, 90_000);

afterAll(async () => {
  for (const program of supervisors.values()) await program.stop();
  await stopPrograms();
  await cluster?.stop();
  network?.remove();
  rmSync(folder, { recursive: true, force: true });
}, 30_000);

async function writeWorld(): Promise<void> {
  const site = (name: string, address: string) => ({
    ...{ name, address, configPort: 5110, clientPort: 5111, sipPort: SIP_PORT, statPort: 5112 },
    gateway: `${network.addressOf('phones')}:5080`,
    standby: { clientPort: 5113, pairPort: 5114 },
  });
  const options = {
    TServer: { 'sip-address': VIRTUAL },
    holdfast: { 'arbiter-endpoints': cluster.endpoints.join(','), 'address-hook': HOOK },
  };
  const { objects } = await makeWorld({
    ...{ agents: 4, password: PASSWORD, phonePassword: PHONE_PASSWORD, realm: REALM },
    // The other site does not run here.
    sites: [site('north', network.addressOf('first')), site('south', '10.213.0.99')],
    options: { 'Application/sip-north': options, 'Application/sip-north-b': options },
  });
  await writeConfiguration(join(folder, 'files'), objects.map(neverOverloaded).flatMap(onTwoHosts), 'json');
}

function onTwoHosts(object: ConfigObject): readonly ConfigObject[] {
  if (object.objectType === 'Host' && object.name === 'north-host')
    return [object, { ...object, name: 'north-host-b', address: network.addressOf('second') }];
  if (object.objectType === 'Application' && object.name === MEMBERS.second)
    return [{ ...object, host: 'north-host-b' }];
  return [object];
}

function startSupervisor(host: HostName): void {
  const own = host === 'first' ? 'north-host' : 'north-host-b';
  const args = ['--site', 'north', '--host', own, '--files', join(folder, 'files'), '--files-only'];
  supervisors.set(
    host,
    Program.start({
      command: process.execPath,
      args: [SERVER_BUNDLE, 'supervisor', ...args, '--data', join(folder, host)],
      ...{ folder, namespace: network.nameOf(host) },
    }),
  );
}

interface Line {
  readonly what: string;
  readonly application: string;
  readonly time: string;
}

const logOf = (host: HostName): Line[] =>
  (supervisors.get(host)?.lines ?? [])
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Line);

const countOf = (host: HostName, what: string) => logOf(host).filter((line) => line.what === what).length;

/** Whose member said last that it serves; both hosts have the clock of this machine. */
function primary(): HostName {
  const last = (host: HostName) => logOf(host).findLast(({ what }) => what === 'serves')?.time ?? '';
  return last('first') > last('second') ? 'first' : 'second';
}

/** As the primary said last. */
const mateIs = () => logOf(primary()).findLast(({ what }) => what.includes('mate'))?.what;

function inStep(): Promise<void> {
  return until(
    'one serves, and its mate is in step',
    TAKEOVER_MAX_MS,
    () => mateIs() === 'mate in step',
  ).catch((error: Error) => {
    const ends = HOSTS.map((host) => supervisors.get(host)?.lastWords() ?? '').join('\n');
    throw new Error(`${error.message}\n${ends}`);
  });
}

function pidOf(host: HostName): number {
  const { processes } = JSON.parse(readFileSync(join(folder, host, 'supervisor-north.json'), 'utf8'));
  return processes[MEMBERS[host]];
}

/** In a call: the fault, then a change of the session and the end of the call go through the other host. */
async function throughoutCall(
  fault: string,
  happens: (host: HostName) => Promise<void> | void,
): Promise<void> {
  await inStep();
  const former = primary();
  const next = otherOf(former);
  const served = countOf(next, 'serves');
  const [at, calledAt] = [phones.facts(CALLER).length, phones.facts(CALLED).length];
  phones.command(CALLER, { name: 'call', to: CALLED, site: 'north' });
  await phones.fact(CALLER, 'established', at);
  expect(await network.answersFor('phones', VIRTUAL)).toEqual([await network.hardwareOf(former)]);

  const from = performance.now();
  await happens(former);
  await until('the other host serves', TAKEOVER_MAX_MS, () => countOf(next, 'serves') > served);
  phones.command(CALLER, { name: 'hold' });
  await phones.fact(CALLED, 'held', calledAt);
  const inDialogMs = Math.round(performance.now() - from);
  console.log(
    JSON.stringify({
      address: 'virtual IP',
      over: 'UDP',
      fault,
      inDialogMs,
    }),
  );
  phones.command(CALLER, { name: 'hangup' });
  await phones.fact(CALLED, 'ended', calledAt);
  expect(await phones.fact(CALLER, 'ended', at)).toMatchObject({ by: 'local', status: 0 });
  await isAt(next);
}

/** The address is at that host and nowhere else, and so whoever asks is told. */
async function isAt(host: HostName): Promise<void> {
  await until('the former host has it no longer', TAKEOVER_MAX_MS, async () => {
    return !(await network.hasAddress(otherOf(host), VIRTUAL));
  });
  expect(await network.hasAddress(host, VIRTUAL)).toBe(true);
  expect(await network.answersFor('phones', VIRTUAL)).toEqual([await network.hardwareOf(host)]);
}

test('[PR10] the primary is killed: the address goes to the other host, and the next request is answered there', async () => {
  await throughoutCall('SIGKILL', (host) => send(pidOf(host), 'SIGKILL'));
}, 90_000);

test('[PR8] [PR10] the primary is stopped: its supervisor kills it and removes the address, which it could not do itself', async () => {
  let pid = 0;
  await throughoutCall('SIGSTOP', (host) => {
    pid = pidOf(host);
    send(pid, 'SIGSTOP');
  });
  expect(isAlive(pid)).toBe(false);
}, 90_000);

test('[PR8] [PR10] the host is cut off and answers ARP still: its own supervisor removes the address, and it comes back as standby', async () => {
  let cut: HostName = 'first';
  await throughoutCall('IP cut off', async (host) => {
    cut = host;
    await network.cutIP(host, true);
  });
  await network.cutIP(cut, false);
  await inStep();
  expect(primary()).toBe(otherOf(cut));
  await isAt(otherOf(cut));
}, 90_000);

test('[PR8] [PR10] the cable of the host is pulled: when it is in again the address is at one host', async () => {
  let cut: HostName = 'first';
  await throughoutCall('cable pulled', async (host) => {
    cut = host;
    await network.cable(host, 'down');
  });
  await network.cable(cut, 'up');
  await inStep();
  expect(primary()).toBe(otherOf(cut));
  await isAt(otherOf(cut));
}, 90_000);

test('[PR10] phones over TCP connect anew to the address, and are called over the new connections', async () => {
  await inStep();
  const former = primary();
  const both = [TCP_CALLER, TCP_CALLED].map((number) => ({ number, at: phones.facts(number).length }));
  const from = performance.now();
  send(pidOf(former), 'SIGKILL');
  await Promise.all(both.map(({ number, at }) => phones.fact(number, 'registered', at)));
  const registeredMs = Math.round(performance.now() - from);
  const called = phones.facts(TCP_CALLER).length;
  phones.command(TCP_CALLER, { name: 'call', to: TCP_CALLED, site: 'north' });
  await phones.fact(TCP_CALLER, 'established', called);
  console.log(JSON.stringify({ address: 'virtual IP', over: 'TCP', fault: 'SIGKILL', registeredMs }));
  const at = phones.facts(TCP_CALLED).length;
  phones.command(TCP_CALLER, { name: 'hangup' });
  await phones.fact(TCP_CALLED, 'ended', at);
  await isAt(otherOf(former));
}, 90_000);

test('[PR10] the supervisor ends in order: it takes the address with it', async () => {
  await inStep();
  const host = primary();
  const served = countOf(otherOf(host), 'serves');
  await supervisors.get(host)?.stop();
  expect(await network.hasAddress(host, VIRTUAL)).toBe(false);
  await until('the other host serves', TAKEOVER_MAX_MS, () => countOf(otherOf(host), 'serves') > served);
  await isAt(otherOf(host));
  const at = phones.facts(CALLER).length;
  phones.command(CALLER, { name: 'call', to: CALLED, site: 'north' });
  await phones.fact(CALLER, 'established', at);
}, 90_000);

test('[PR10] the shipped hook adds /32, never removes an address that a host has of its own, and refuses what is none', async () => {
  const hook = (...args: string[]) => network.run('phones', HOOK, ...args);
  const own = network.addressOf('phones');
  await hook('remove', own);
  expect(await network.hasAddress('phones', own)).toBe(true);
  await hook('remove', VIRTUAL);
  for (const wrong of [['add', 'sip.example.net'], ['add', '192.0.2.1'], ['move', VIRTUAL], ['add']])
    await expect(hook(...wrong)).rejects.toThrow(/no IPv4 address|no interface|usage/);
});
