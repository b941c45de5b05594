/**
 * A pair of SIP Servers whose members are on two Hosts, with the site's etcd as arbiter: here one machine stands for both,
 * the supervisor of the site has started the one member, and somebody else the other.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ConfigObject } from '@holdfast/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { OneSite } from './one-site.ts';
import { EtcdCluster } from './peers/etcd-cluster.ts';
import { Program, stopPrograms, until } from './peers/processes.ts';
import { pause } from './site-processes.ts';
import { TrunkCaller } from './trunk-caller.ts';

const SERVER_BUNDLE = fileURLToPath(new URL('../../.build/server.mjs', import.meta.url));
const CALLED = '7001';
const TALKING = '7002';
const EVERY_MS = 20;
const TAKEOVER_MAX_MS = 15_000;
/** Elections take half a second, renewals come every 150 ms. */
const SETTLED_MS = 2_500;
/** Longer than the longest lease that stands in a key. */
const NOBODY_MS = 7_000;

let cluster: EtcdCluster;
let site: OneSite;
let caller: TrunkCaller;
let backup: Program;

beforeAll(async () => {
  cluster = await EtcdCluster.start();
  const holdfast = {
    'arbiter-endpoints': cluster.endpoints.join(','),
    ...{ 'probe-period': '2', 'probe-failures': '2' },
  };
  site = await OneSite.make({
    ...{ agents: 2, restarts: true, isPair: true, configure: onTwoHosts },
    options: { 'Application/sip-north': { holdfast } },
  });
  await site.processes.start();
  backup = startBackup();
  caller = await TrunkCaller.open(site.ports.gateway, site.ports.sip[0]);
  await site.registeredPhone(CALLED, 0);
  await site.registeredPhone(TALKING, 0);
}, 60_000);

afterAll(async () => {
  caller?.close();
  await site.end();
  await stopPrograms();
  await cluster.stop();
  site.remove();
}, 30_000);

function onTwoHosts(object: ConfigObject): readonly ConfigObject[] {
  if (object.objectType === 'Host' && object.name === 'north-host')
    return [object, { ...object, name: 'north-host-b' }];
  if (object.objectType === 'Application' && object.name === 'sip-north-b')
    return [{ ...object, host: 'north-host-b' }];
  return [object];
}

function startBackup(): Program {
  const keys = readFileSync(join(site.folder, 'configuration', 'keys.json'), 'utf8');
  const secret = /"serverSecret":\s*"([^"]+)"/.exec(keys)?.[1] ?? '';
  const args = ['--application', 'sip-north-b', '--config', `127.0.0.1:${site.ports.config[0]}`];
  mkdirSync(backupData());
  return Program.start({
    command: process.execPath,
    args: [SERVER_BUNDLE, ...args, '--data', backupData()],
    folder: site.folder,
    environment: { HOLDFAST_SERVER_SECRET: secret },
  });
}

/** The other Host has a disk of its own. */
const backupData = () => join(site.folder, 'backup');
const siteLog = () => readFileSync(site.logFile, 'utf8');
const says = (log: () => string, text: string) =>
  until(`"${text}" is logged`, 20_000, () => log().includes(text));
const backupLog = () => backup.lines.join('\n');

test('[PR8] with a node of the etcd dead the primary is killed: its mate on the other Host serves', async () => {
  expect(siteLog()).toContain('sip-north-b belongs to host');
  await says(siteLog, '"what":"mate in step"');
  await cluster.kill(await cluster.leader());
  // Who was alone at its start had asked for a long lease (PR5), and asks for a short one once the others lead again.
  await pause(SETTLED_MS);
  const standing = await caller.call(TALKING, 200, 10_000);
  const from = performance.now();
  site.processes.killServer('sip-north');
  const since = () => Math.round(performance.now() - from);
  const [inDialogMs, newCallMs] = await Promise.all([
    caller.hangUp(standing, EVERY_MS, TAKEOVER_MAX_MS).then(since),
    caller.call(CALLED, EVERY_MS, TAKEOVER_MAX_MS).then(async (call) => {
      const answeredMs = since();
      await caller.hangUp(call, 200, 5_000);
      return answeredMs;
    }),
  ]);
  console.log(JSON.stringify({ pair: 'SIGKILL, etcd', newCallMs, inDialogMs }));
  expect(backupLog()).toContain('"what":"serves"');
  // The supervisor has started the other one anew: it follows, and takes nothing back.
  await says(backupLog, '"what":"mate in step"');
  expect(await site.processes.serving('sip-north')).toBe('sip-north-b');
}, 60_000);

test('[GF6] the disk of the primary takes no file any more: its mate on the other Host has the role, and calls stand', async () => {
  await says(backupLog, '"what":"mate in step"');
  const standing = await caller.call(TALKING, 200, 10_000);
  renameSync(backupData(), `${backupData()}-away`);
  writeFileSync(backupData(), 'no folder');
  await until('it offers its role', 60_000, () => backupLog().includes('"what":"offers the role"'));
  expect(backupLog()).toMatch(/FT3: it is unfit \(disk: ENOTDIR/);
  await until(
    'its mate serves',
    20_000,
    async () => (await site.processes.serving('sip-north')) === 'sip-north',
  );
  await caller.hangUp(standing, EVERY_MS, TAKEOVER_MAX_MS);
  await caller.hangUp(await caller.call(CALLED, EVERY_MS, TAKEOVER_MAX_MS), 200, 5_000);
  // Across hosts nobody ended it: it follows, and could not take the role back.
  await says(backupLog, '"what":"role standby"');
}, 120_000);

test('[PR8] the nodes of the etcd die one after the other: while both members live nothing changes', async () => {
  const standing = await caller.call(TALKING, 200, 10_000);
  const serves = () => siteLog().split('"what":"serves"').length;
  const before = serves();
  for (const node of cluster.ports.keys()) {
    await cluster.kill(node);
    await pause(SETTLED_MS);
  }
  await says(siteLog, '"what":"arbiter does not answer"');
  await caller.hangUp(await caller.call(CALLED, 200, 10_000), 200, 5_000);
  await caller.hangUp(standing, 200, 10_000);
  expect(serves()).toBe(before);
  expect(await site.processes.serving('sip-north')).toBe('sip-north');
}, 60_000);

test('[PR11] no node of the etcd is left, the mate dies and the primary is started anew: nobody is primary until an operator says so', async () => {
  // The test before it has left no node.
  await backup.stop();
  site.processes.killServer('sip-north');
  const from = siteLog().length;
  const since = () => siteLog().slice(from);
  await says(since, '"what":"arbiter does not answer"');
  await pause(NOBODY_MS);
  expect(since()).not.toContain('"what":"serves"');
  const word = Program.start({
    command: process.execPath,
    args: [SERVER_BUNDLE, 'act-alone', 'sip-north', '--data', join(site.folder, 'north'), '--yes'],
    folder: site.folder,
  });
  expect((await word.endWithin(10_000)).code, word.lastWords()).toBe(0);
  await says(since, '"what":"operator says to act alone"');
  await says(since, '"what":"serves"');
  // Nobody was left who held the registrations.
  await site.registeredPhone(CALLED, 0);
  await caller.hangUp(await caller.call(CALLED, 200, 10_000), 200, 5_000);
}, 60_000);
