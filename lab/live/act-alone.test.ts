/**
 * The night in which nobody else is left (PR11): the arbiter of a pair has ended, the mate is dead, and the primary was
 * started anew. Nobody is primary then, until the operator says so on the machine itself.
 */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, expect, test } from 'vitest';
import { pairFile } from '../../apps/server/src/arbiter/member-socket.ts';
import { OneSite } from './one-site.ts';
import { PairLog } from './pair-log.ts';
import { Program, stopPrograms, until } from './peers/processes.ts';
import { pause } from './site-processes.ts';
import { TrunkCaller } from './trunk-caller.ts';

const SERVER_BUNDLE = fileURLToPath(new URL('../../.build/server.mjs', import.meta.url));
const MEMBER = 'sip-north';
const CALLED = '7001';
/** Longer than the longest lease that stands in a key, and than an arbiter is waited for. */
const NOBODY_MS = 7_000;

let site: OneSite;
let data: string;
let member: Program;

beforeAll(async () => {
  site = await OneSite.make({ agents: 2, restarts: true, isPair: true });
  data = join(site.folder, 'north');
  const log = new PairLog(site.logFile);
  await site.processes.start();
  await until('the mate is in step', 20_000, () => log.mateIs() === 'mate in step');
}, 60_000);

afterAll(async () => {
  await stopPrograms();
  await site.end();
  site.remove();
}, 20_000);

function server(...args: string[]): Program {
  const keys = readFileSync(join(site.folder, 'configuration', 'keys.json'), 'utf8');
  return Program.start({
    command: process.execPath,
    args: [SERVER_BUNDLE, ...args],
    folder: site.folder,
    environment: {
      HOLDFAST_SERVER_SECRET: /"serverSecret":\s*"([^"]+)"/.exec(keys)?.[1] ?? '',
      // Where the supervisor was; nobody listens there any more.
      HOLDFAST_SUPERVISOR_SOCKET: pairFile(data, MEMBER, 'sock'),
      SUDO_USER: 'dora',
    },
  });
}

async function actAlone(...args: string[]): Promise<{ status: number | null; said: string }> {
  const command = server('act-alone', ...args);
  const { code } = await command.ended;
  return { status: code, said: command.lines.join('\n') };
}

const said = (what: string) => member.lines.some((line) => line.includes(`"what":"${what}"`));

test('[PR11] while the arbiter lives and the mate acts the word is refused, and nothing changes', async () => {
  const serving = await site.processes.serving(MEMBER);
  const standby = serving === MEMBER ? 'sip-north-b' : MEMBER;
  expect(await actAlone(standby, '--data', data, '--yes')).toMatchObject({
    status: 2,
    said: expect.stringContaining('the arbiter answers'),
  });
  expect(await actAlone(serving, '--data', data, '--yes')).toMatchObject({
    status: 2,
    said: expect.stringContaining('confirmed already'),
  });
  expect(await site.processes.serving(MEMBER)).toBe(serving);
  expect(statSync(pairFile(data, standby, 'operator')).mode & 0o777).toBe(0o600);
}, 30_000);

test('[PR11] arbiter ended, mate dead, primary started anew: nobody is primary, and after the word it is', async () => {
  site.processes.kill();
  server('--application', 'config-north', '--files', join(site.folder, 'configuration'));
  await pause(1_000);
  member = server('--application', MEMBER, '--config', `127.0.0.1:${site.ports.config[0]}`, '--data', data);
  await until('it asks in vain', 20_000, () => said('arbiter does not answer'));
  await pause(NOBODY_MS);
  expect(said('role primary')).toBe(false);
  expect(said('serves')).toBe(false);

  expect(await actAlone('sip-nowhere', '--data', data, '--yes')).toMatchObject({
    status: 2,
    said: expect.stringContaining('no socket of "sip-nowhere"'),
  });
  expect(await actAlone(MEMBER)).toMatchObject({ status: 2, said: expect.stringContaining('usage:') });
  expect(await actAlone(MEMBER, '--data', data)).toMatchObject({
    status: 2,
    said: expect.stringMatching(/both are primary[\s\S]*--yes/),
  });
  expect(said('role primary')).toBe(false);

  expect(await actAlone(MEMBER, '--data', data, '--yes')).toMatchObject({
    status: 0,
    said: expect.stringContaining(`${MEMBER} is primary`),
  });
  await until('it serves', 10_000, () => said('serves'));
  expect(member.lines.find((line) => line.includes('operator says to act alone'))).toContain(
    '"by":"dora as ',
  );
  const caller = await TrunkCaller.open(site.ports.gateway, site.ports.sip[0]);
  await site.registeredPhone(CALLED, 0);
  await caller.hangUp(await caller.call(CALLED, 200, 10_000), 200, 5_000);
  caller.close();
}, 90_000);
