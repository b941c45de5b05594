/**
 * Configuration Servers over a database, and a proxy that follows them, as real processes: what is edited is there after a
 * SIGKILL, reaches whoever has subscribed, and is served by the proxy with all others dead.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { ADMINISTRATOR } from '@holdfast/centre';
import { PROTOCOL_VERSION } from '@holdfast/protocol';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { CONFIG_PROXY, ConfigProcesses } from './config-processes.ts';
import { PASSWORD } from './lab-configuration.ts';
import { stopPrograms } from './peers/processes.ts';
import { RawClient } from './raw-client.ts';

/** A proxy is told in far less. */
const TOLD_MAX_MS = 1_000;

let world: ConfigProcesses;

beforeAll(async () => {
  world = await ConfigProcesses.make({ agents: 4 });
});
afterEach(() => {
  RawClient.closeAll();
  return stopPrograms();
});
afterAll(() => world.remove());

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
  const config = await world.startServer();
  await world.startProxy();
  const [admin, watcher] = [
    await enter(world.ports.config, ADMINISTRATOR.user),
    await enter(world.ports.proxy, ADMINISTRATOR.user),
  ];
  await watcher.ask(readName, 'Objects');
  const changed = watcher.next('Changed', 5_000);
  // A desk, at a proxy.
  const told = (await enter(world.ports.proxy, 'agent7001')).next('DeskConfiguration', 5_000);
  const startedAt = performance.now();
  const revision = await edited(admin, 7, 'Kim');
  expect(await changed).toMatchObject({ revision, objects: [{ name: 'agent7001', displayName: 'Kim' }] });
  expect(await told).toMatchObject({ revision, configuration: { person: { displayName: 'Kim' } } });
  expect(performance.now() - startedAt).toBeLessThan(TOLD_MAX_MS);
  // Through the proxy, in its own name.
  const second = await edited(await enter(world.ports.proxy, ADMINISTRATOR.user), 8, 'Lee');
  config.kill();
  await config.ended;
  await world.startServer();
  const again = await enter(world.ports.config, ADMINISTRATOR.user);
  expect(await again.ask(readName, 'Objects')).toMatchObject({
    objects: [{ displayName: 'Lee' }],
    revision: second,
  });
  const { entries } = await again.ask(
    { type: 'History', ReferenceID: 9, key: 'Person/agent7001' },
    'Entries',
  );
  expect(entries).toMatchObject([
    {
      author: { who: ADMINISTRATOR.user, from: 'workspace at 127.0.0.1' },
      changes: [{ after: { displayName: 'Lee' } }],
    },
    { author: { who: ADMINISTRATOR.user }, changes: [{ after: { displayName: 'Kim' } }] },
    { author: { who: 'import', from: 'config-north' } },
  ]);
}, 90_000);

test('[CX1] [CX4] [HR5] [C74] a proxy starts and serves with everybody else dead, and says of an edit for how long', async () => {
  await world.startProxy();
  const client = await enter(world.ports.proxy, ADMINISTRATOR.user);
  expect(await client.ask(readName, 'Objects')).toMatchObject({ objects: [{ displayName: 'Lee' }] });
  const refused = await client.ask(rename(3, 'Max'), 'NotEdited');
  expect(refused).toMatchObject({ code: 'not-stored' });
  expect(refused.text).toContain('It was not written.');
  const asked = (path: string) => fetch(`http://127.0.0.1:${world.ports.health}${path}`);
  expect((await asked('/ready')).status).toBe(200);
  const figures = await (await asked('/metrics')).text();
  expect(figures).toMatch(/^holdfast_configuration_revision 3$/m);
  expect(Number(/^holdfast_configuration_age_seconds ([\d.]+)$/m.exec(figures)?.[1])).toBeGreaterThan(0);
}, 60_000);

test('[CX2] a copy that is not what was written is not served: it is read anew', async () => {
  const copy = world.copy;
  expect(readdirSync(world.folder)).toContain(`${CONFIG_PROXY}.copy`);
  writeFileSync(copy, readFileSync(copy, 'utf8').replace('"Lee"', '"Eve"'));
  const starting = world.startProxy();
  await world.startServer();
  const proxy = await starting;
  expect(proxy.lines.some((line) => line.includes('its checksum is another'))).toBe(true);
  const client = await enter(world.ports.proxy, ADMINISTRATOR.user);
  expect(await client.ask(readName, 'Objects')).toMatchObject({ objects: [{ displayName: 'Lee' }] });
}, 90_000);
