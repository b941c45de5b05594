/**
 * Configuration Servers over a database, and a proxy that follows them, as real processes: what is edited is there after a
 * SIGKILL, reaches whoever has subscribed, and is served by the proxy with all others dead.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ConfigObject } from '@holdfast/protocol';
import { PROTOCOL_VERSION } from '@holdfast/protocol';
import { makeWorld, writeConfiguration } from '@holdfast/server';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { freePorts } from './free-ports.ts';
import { PASSWORD, PHONE_PASSWORD, REALM } from './lab-configuration.ts';
import { Program, stopPrograms, until } from './peers/processes.ts';
import { RawClient } from './raw-client.ts';

const SERVER_BUNDLE = fileURLToPath(new URL('../../.build/server.mjs', import.meta.url));
const PROXY = 'proxy-north';
/** Two members may begin at once; a proxy is told in far less. */
const READY_MAX_MS = 20_000;
const TOLD_MAX_MS = 1_000;

let folder: string;
let ports: { config: number; proxy: number; health: number };
let secret: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-config-'));
  const [config, proxy, health, ...others] = await freePorts(11);
  ports = { config, proxy, health } as typeof ports;
  const site = (
    name: string,
    [configPort, clientPort, statPort, sipPort]: readonly (number | undefined)[],
  ) => ({
    ...{ name, address: '127.0.0.1', gateway: '127.0.0.1:9' },
    ...{ configPort, clientPort, statPort, sipPort },
  });
  const { objects } = await makeWorld({
    ...{ agents: 4, password: PASSWORD, phonePassword: PHONE_PASSWORD, realm: REALM },
    sites: [site('north', [config, ...others.slice(0, 3)]), site('south', others.slice(3))] as never,
  });
  await writeConfiguration(join(folder, 'files'), objects.flatMap(withProxy), 'json');
  const keys = objects.find(({ objectType }) => objectType === 'Keys');
  secret = keys?.objectType === 'Keys' ? (keys.serverSecret ?? '') : '';
});
afterEach(() => {
  RawClient.closeAll();
  return stopPrograms();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A proxy of north, which alone writes (CX9); and a supervisor who may edit. */
function withProxy(object: ConfigObject): ConfigObject[] {
  if (object.objectType === 'Person' && object.rank === 'supervisor')
    return [{ ...object, rank: 'administrator' }];
  if (object.objectType !== 'Application') return [object];
  if (object.name === 'config-south') return [{ ...object, enabled: false }];
  if (object.name !== 'config-north') return [object];
  const proxy = { ...object, name: PROXY, type: 'ConfigurationServerProxy' as const };
  return [object, { ...proxy, ports: { default: ports.proxy, health: ports.health } }];
}

async function startServer(application: string, args: readonly string[]): Promise<Program> {
  const program = Program.start({
    ...{ command: process.execPath, folder },
    args: [SERVER_BUNDLE, '--application', application, ...args],
    environment: { HOLDFAST_SERVER_SECRET: secret },
  });
  const isReady = () => program.lines.some((line) => line.includes('configuration server ready'));
  await until(
    `${application} is ready; it said ${program.lines.slice(-5).join('\n')}`,
    READY_MAX_MS,
    isReady,
  );
  return program;
}

const startConfig = () =>
  startServer('config-north', [
    '--store',
    `pglite:${join(folder, 'store')}`,
    '--files',
    join(folder, 'files'),
  ]);
const startProxy = () =>
  startServer(PROXY, ['--proxy', '--config', `127.0.0.1:${ports.config}`, '--data', folder]);

async function enter(port: number, user: string): Promise<RawClient> {
  const client = await RawClient.open(port);
  const opening = { application: 'workspace', version: PROTOCOL_VERSION, addpTimeoutMs: 10_000 };
  await client.ask({ type: 'Open', ReferenceID: 1, ...opening }, 'Opened');
  await client.ask({ type: 'LogIn', ReferenceID: 2, user, password: PASSWORD }, 'LoggedIn');
  return client;
}

const rename = (ReferenceID: number, displayName: string) => ({
  ...{ type: 'Edit', ReferenceID, edits: [{ key: 'Person/agent7001', patch: { displayName } }] },
});
const readName = { type: 'Read', ReferenceID: 5, objectType: 'Person', name: 'agent7001', subscribe: true };

/** The writer has to have asked its store first. */
async function edited(client: RawClient, ReferenceID: number, displayName: string): Promise<string> {
  for (;;) {
    client.send(rename(ReferenceID, displayName));
    const answer = await Promise.any([client.next('Edited', 5_000), client.next('NotEdited', 5_000)]);
    if (answer.type === 'Edited') return String(answer.revision);
    expect(answer).toMatchObject({ code: 'not-stored' });
  }
}

test('[CW5] [CS17] what was acknowledged is there after a SIGKILL, and has reached whoever follows', async () => {
  const config = await startConfig();
  await startProxy();
  const [admin, watcher] = [
    await enter(ports.config, 'supervisor1'),
    await enter(ports.proxy, 'supervisor1'),
  ];
  await watcher.ask(readName, 'Objects');
  const changed = watcher.next('Changed', 5_000);
  // A desk, at a proxy.
  const told = (await enter(ports.proxy, 'agent7001')).next('DeskConfiguration', 5_000);
  const startedAt = performance.now();
  const revision = await edited(admin, 7, 'Kim');
  expect(await changed).toMatchObject({ revision, objects: [{ name: 'agent7001', displayName: 'Kim' }] });
  expect(await told).toMatchObject({ revision, configuration: { person: { displayName: 'Kim' } } });
  expect(performance.now() - startedAt).toBeLessThan(TOLD_MAX_MS);
  // Through the proxy, in its own name.
  const second = await edited(await enter(ports.proxy, 'supervisor1'), 8, 'Lee');
  await config.kill();
  await startConfig();
  const again = await enter(ports.config, 'supervisor1');
  expect(await again.ask(readName, 'Objects')).toMatchObject({
    objects: [{ displayName: 'Lee' }],
    revision: second,
  });
  const { entries } = await again.ask(
    { type: 'History', ReferenceID: 9, key: 'Person/agent7001' },
    'Entries',
  );
  expect(entries).toMatchObject([
    { author: { who: 'supervisor1', from: 'workspace' }, changes: [{ after: { displayName: 'Lee' } }] },
    { author: { who: 'supervisor1' }, changes: [{ after: { displayName: 'Kim' } }] },
    { author: { who: 'import', from: 'config-north' } },
  ]);
}, 90_000);

test('[CX1] [CX4] [HR5] [C74] a proxy starts and serves with everybody else dead, and says of an edit for how long', async () => {
  await startProxy();
  const client = await enter(ports.proxy, 'supervisor1');
  expect(await client.ask(readName, 'Objects')).toMatchObject({ objects: [{ displayName: 'Lee' }] });
  const refused = await client.ask(rename(3, 'Max'), 'NotEdited');
  expect(refused).toMatchObject({ code: 'not-stored' });
  expect(refused.text).toContain('It was not written.');
  const asked = (path: string) => fetch(`http://127.0.0.1:${ports.health}${path}`);
  expect((await asked('/ready')).status).toBe(200);
  const figures = await (await asked('/metrics')).text();
  expect(figures).toMatch(/^holdfast_configuration_revision 3$/m);
  expect(Number(/^holdfast_configuration_age_seconds ([\d.]+)$/m.exec(figures)?.[1])).toBeGreaterThan(0);
}, 60_000);

test('[CX2] a copy that is not what was written is not served: it is read anew', async () => {
  const copy = join(folder, `${PROXY}.copy`);
  expect(readdirSync(folder)).toContain(`${PROXY}.copy`);
  writeFileSync(copy, readFileSync(copy, 'utf8').replace('"Lee"', '"Eve"'));
  const starting = startProxy();
  await startConfig();
  const proxy = await starting;
  expect(proxy.lines.some((line) => line.includes('its checksum is another'))).toBe(true);
  const client = await enter(ports.proxy, 'supervisor1');
  expect(await client.ask(readName, 'Objects')).toMatchObject({ objects: [{ displayName: 'Lee' }] });
}, 90_000);
