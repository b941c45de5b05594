/**
 * A Configuration Server whose database is out of reach, as a real process: it edits on a branch of its own, which survives a SIGKILL, and
 * which is merged when the database is back.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ConfigObject, PROTOCOL_VERSION } from '@holdfast/protocol';
import { makeWorld, writeConfiguration } from '@holdfast/server';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { freePorts } from './free-ports.ts';
import { PASSWORD, PHONE_PASSWORD, REALM } from './lab-configuration.ts';
import { Program, stopPrograms, until } from './peers/processes.ts';
import { RawClient } from './raw-client.ts';

const SERVER_BUNDLE = fileURLToPath(new URL('../../.build/server.mjs', import.meta.url));
const READY_MAX_MS = 20_000;
/** It keeps edits 10 s after it has lost its database, and merges within seconds when that is back. */
const BRANCH_MAX_MS = 20_000;

let folder: string;
let port: number;
let nobody: number;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-branch-'));
  const [config, free, ...others] = await freePorts(10);
  [port, nobody] = [config as number, free as number];
  const site = (
    name: string,
    [configPort, clientPort, statPort, sipPort]: readonly (number | undefined)[],
  ) => ({
    ...{ name, address: '127.0.0.1', gateway: '127.0.0.1:9' },
    ...{ configPort, clientPort, statPort, sipPort },
  });
  const { objects } = await makeWorld({
    ...{ agents: 4, password: PASSWORD, phonePassword: PHONE_PASSWORD, realm: REALM },
    sites: [site('north', [port, ...others.slice(0, 3)]), site('south', others.slice(3))] as never,
  });
  const withAdministrator = (object: ConfigObject): ConfigObject =>
    object.objectType === 'Person' && object.rank === 'supervisor'
      ? { ...object, rank: 'administrator' }
      : object;
  await writeConfiguration(join(folder, 'files'), objects.map(withAdministrator), 'json');
});
afterEach(() => {
  RawClient.closeAll();
  return stopPrograms();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function start(store: string): Promise<Program> {
  const program = Program.start({
    ...{ command: process.execPath, folder },
    args: [
      ...[SERVER_BUNDLE, '--application', 'config-north', '--store', store],
      ...['--files', join(folder, 'files'), '--data', folder],
    ],
  });
  const isReady = () => program.lines.some((line) => line.includes('configuration server ready'));
  await until(`config-north is ready; it said ${program.lines.slice(-5).join('\n')}`, READY_MAX_MS, isReady);
  return program;
}

async function enter(): Promise<RawClient> {
  const client = await RawClient.open(port);
  const opening = { application: 'workspace', version: PROTOCOL_VERSION, addpTimeoutMs: 60_000 };
  await client.ask({ type: 'Open', ReferenceID: 1, ...opening }, 'Opened');
  await client.ask({ type: 'LogIn', ReferenceID: 2, user: 'supervisor1', password: PASSWORD }, 'LoggedIn');
  return client;
}

/** Asked until it is done: what is refused meanwhile is refused for want of the database. */
async function edited(
  client: RawClient,
  agent: string,
  displayName: string,
): Promise<Record<string, unknown>> {
  const endAt = performance.now() + BRANCH_MAX_MS;
  for (let ReferenceID = 10; ; ReferenceID++) {
    const answerIn = () =>
      client.messages.find((one) => one.ReferenceID === ReferenceID && /^(Not)?Edited$/.test(one.type));
    client.send({ type: 'Edit', ReferenceID, edits: [{ key: `Person/${agent}`, patch: { displayName } }] });
    await until('the edit is answered', 5_000, () => answerIn() !== undefined);
    const answer = answerIn() as Record<string, unknown>;
    if (answer.type === 'Edited' || performance.now() > endAt) return answer;
    expect(answer).toMatchObject({ code: 'not-stored' });
  }
}

const nameOf = async (client: RawClient, name: string): Promise<unknown> => {
  const read = { type: 'Read', ReferenceID: 5, objectType: 'Person', name, subscribe: false };
  const { objects } = await client.ask(read, 'Objects');
  return (objects as { displayName?: string }[])[0]?.displayName;
};

test('[CW2] [CW3] without its database it edits a branch, also after a SIGKILL, and with it the branch is merged', async () => {
  const pglite = `pglite:${join(folder, 'store')}`;
  const away = `postgres://nobody@127.0.0.1:${nobody}/none`;
  const before = await start(pglite);
  expect(await edited(await enter(), 'agent7001', 'Kim')).toMatchObject({
    type: 'Edited',
    revision: expect.stringMatching(/^\d+\.2$/),
  });
  await until('it is copied', READY_MAX_MS, () => existsSync(join(folder, 'config-north.copy')));
  await before.stop();
  const cutOff = await start(away);
  const held = await edited(await enter(), 'agent7002', 'Lee');
  expect(held).toMatchObject({
    revision: expect.stringMatching(/^\d+\.2\+1$/),
    findings: [{ text: expect.stringContaining('held at this site') }],
  });
  cutOff.kill();
  await cutOff.stop();
  await start(away);
  const again = await enter();
  expect([await nameOf(again, 'agent7001'), await nameOf(again, 'agent7002')]).toEqual(['Kim', 'Lee']);
  expect(await edited(again, 'agent7003', 'Max')).toMatchObject({
    revision: expect.stringMatching(/^\d+\.2\+2$/),
  });
  RawClient.closeAll();
  await stopPrograms();
  await start(pglite);
  await until('the branch is merged', BRANCH_MAX_MS, () => !existsSync(join(folder, 'config-north.branch')));
  const merged = await enter();
  expect(await Promise.all([nameOf(merged, 'agent7001')])).toEqual(['Kim']);
  expect([await nameOf(merged, 'agent7002'), await nameOf(merged, 'agent7003')]).toEqual(['Lee', 'Max']);
  const { entries } = await merged.ask({ type: 'History', ReferenceID: 9, limit: 1 }, 'Entries');
  expect(entries).toMatchObject([{ author: { who: 'merge', from: 'config-north' }, merges: { entries: 2 } }]);
}, 120_000);
