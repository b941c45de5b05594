/**
 * A Configuration Server whose database is out of reach, as a real process: it edits on a branch of its own, which survives a SIGKILL, and
 * which is merged when the database is back.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
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
  const madeFit = (object: ConfigObject): ConfigObject => {
    if (object.objectType === 'Person' && object.rank === 'supervisor')
      return { ...object, rank: 'administrator' };
    // CX9: north alone writes.
    const isOther = object.objectType === 'Application' && object.name === 'config-south';
    return isOther ? { ...object, enabled: false } : object;
  };
  await writeConfiguration(join(folder, 'files'), objects.map(madeFit), 'json');
});
afterEach(() => {
  RawClient.closeAll();
  return stopPrograms();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** `data`: the folder of its copy and its branch. */
async function start(store: string, data = folder): Promise<Program> {
  const program = Program.start({
    ...{ command: process.execPath, folder },
    args: [
      ...[SERVER_BUNDLE, '--application', 'config-north', '--store', store],
      ...['--files', join(folder, 'files'), '--data', data],
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

function config(...words: readonly string[]): Promise<{ status: number; out: string; err: string }> {
  const args = [SERVER_BUNDLE, 'config', '--config', `127.0.0.1:${port}`, ...words];
  const env = { ...process.env, HOLDFAST_USER: 'supervisor1', HOLDFAST_PASSWORD: PASSWORD };
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: folder, env }, (error, out, err) => {
      resolve({ status: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1, out, err });
    });
  });
}

test('[CW3] what was edited on both sides is a conflict that an administrator lists and resolves', async () => {
  const pglite = `pglite:${join(folder, 'store')}`;
  const away = `postgres://nobody@127.0.0.1:${nobody}/none`;
  await start(away);
  const held = await edited(await enter(), 'agent7004', 'Branch');
  expect(held).toMatchObject({ type: 'Edited', revision: expect.stringMatching(/\+1$/) });
  expect(await config('conflicts')).toMatchObject({ status: 2, err: expect.stringContaining('not-ready') });
  await stopPrograms();
  // Somebody else writes meanwhile, who knows nothing of it.
  const elsewhere = join(folder, 'elsewhere');
  mkdirSync(elsewhere);
  await start(pglite, elsewhere);
  expect(await edited(await enter(), 'agent7004', 'Main')).toMatchObject({ type: 'Edited' });
  await stopPrograms();
  await start(pglite);
  await until('the branch is merged', BRANCH_MAX_MS, () => !existsSync(join(folder, 'config-north.branch')));

  const listed = await config('conflicts');
  expect(listed).toMatchObject({ status: 0, err: '' });
  const [head = '', what = '', main = '', branch = ''] = listed.out.split('\n');
  const [id = ''] = head.split(' ');
  expect(head).toMatch(/ {2}open, merged in \d+\.\d+$/);
  expect(what).toMatch(/Person\/agent7004: displayName: main line: Main .*branch: Branch .*Main stands/);
  expect(main).toMatch(/main line: supervisor1 \(workspace at 127\.0\.0\.1\), [\d-]+ [\d:]+ UTC, \d+\.\d+$/);
  expect(branch).toMatch(
    /branch: supervisor1 \(workspace at 127\.0\.0\.1\), [\d-]+ [\d:]+ UTC, \d+\.\d+\+1$/,
  );
  expect(await config('resolve', id)).toMatchObject({ status: 2, err: expect.stringContaining('usage') });
  expect(await config('resolve', 'nothing', 'main')).toMatchObject({ status: 1 });
  expect(await config('resolve', 'nothing', 'Kim')).toMatchObject({ status: 1 });
  const tried = await config('resolve', id, 'branch', '--dry-run');
  expect(tried).toMatchObject({ status: 0, out: 'Person/agent7004: displayName: Main → Branch\n' });
  const resolved = await config('resolve', id, 'Today', '--note', 'asked him');
  expect(resolved).toMatchObject({ status: 0, out: 'Person/agent7004: displayName: Main → Today\n' });
  expect(await config('conflicts')).toMatchObject({ status: 0, out: 'no open conflict\n' });
  expect((await config('conflicts', '--all')).out).toContain('resolved in');
  expect((await config('history', 'Person/agent7004', '--limit', '1')).out).toContain(
    `resolves ${id}  asked him`,
  );
  expect(await config('resolve', id, 'main')).toMatchObject({
    status: 1,
    err: expect.stringContaining('conflict'),
  });
}, 120_000);
