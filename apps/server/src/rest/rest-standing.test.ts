/** What REST says of the server itself: whether it writes, whom it follows, and where an edit is to be made. */
import { makeConfiguration } from '@holdfast/centre';
import type { Person } from '@holdfast/protocol';
import {
  type ConfigServerEffect,
  ConfigServerNode,
  LineCounts,
  type StoreAnswer,
  type StoreRequest,
} from '@holdfast/servers';
import { afterEach, expect, test } from 'vitest';
import { nodeHashes } from '../crypto.ts';
import { LogBudget } from '../log-budget.ts';
import { type ServingConfiguration, serveConfiguration } from '../serve-configuration.ts';
import { InnerClients } from './inner-clients.ts';
import { openRest } from './open-rest.ts';
import { standingOf } from './standing.ts';
import {
  ADMINISTRATOR,
  ask,
  freePorts,
  logIn,
  type RestPorts,
  restObjects,
  takePorts,
  untilStanding,
} from './test-rest.ts';
import { Subscriber } from './test-subscriber.ts';

let serving: ServingConfiguration | undefined;
const logged: string[] = [];
afterEach(() => serving?.stop());

interface Served {
  readonly url: string;
  readonly ports: RestPorts;
  readonly token: string;
}

/** Over a store that answers so. */
async function serve(answer: (request: StoreRequest) => StoreAnswer): Promise<Served> {
  const ports = await takePorts();
  const objects = await restObjects(ports);
  serving = await serveConfiguration({
    ...{ application: 'config-north', type: 'ConfigurationServer', stored: { epoch: 3, number: 7 } },
    configuration: makeConfiguration(objects, nodeHashes.sha256, '3.7'),
    ...{ log: ({ what }) => void logged.push(what), lines: new LineCounts(), startedAt: performance.now() },
    asked(effect, node) {
      if (effect.type !== 'store') return;
      const { id, request } = effect;
      setImmediate(() => node.input({ type: 'stored', id, answer: answer(request) }));
    },
  });
  const url = `http://127.0.0.1:${ports.northRest}`;
  return { url, ports, token: await logIn(url, ADMINISTRATOR) };
}

/** Without ports, and with a door that is open to whoever has any token. */
async function serveNode() {
  const objects = await restObjects(await takePorts());
  const node = new ConfigServerNode({
    ...{ application: 'config-north', configuration: makeConfiguration(objects, nodeHashes.sha256, '3.7') },
    ...{ now: 0, wallOffsetMs: 0, hashes: nodeHashes, random: () => 0.5 },
    signToken: () => '',
    verifyToken: () => ({ ok: true, person: ADMINISTRATOR, issuedWall: 0, expiresAt: Date.now() + 60_000 }),
  });
  return { node };
}

const KIM = '/v1/objects/Person/agent7001';
/** Another one writes, and has written nothing since. */
function follows({ type }: StoreRequest): StoreAnswer {
  return type === 'entriesAfter'
    ? { type: 'entries', entries: [], revision: { epoch: 3, number: 7 } }
    : { type: 'held', by: 'config-south', epoch: 4, ageMs: 100 };
}

test('[RE7] where another Configuration Server writes, an edit is sent there, and everything else is served', async () => {
  const { url, ports, token } = await serve(follows);
  await untilStanding(url, token, 'following');
  const { body } = await ask(url, 'GET', '/v1/revision', { token });
  expect(body).toMatchObject({ revision: '3.7', standing: 'following', writer: 'config-south', ageMs: 0 });
  const path = `${KIM}?note=x`;
  const moved = await ask(url, 'PATCH', path, { token, body: { displayName: 'Kim' } });
  expect([moved.status, moved.headers.get('location'), moved.body.code]).toEqual([
    307,
    `http://127.0.0.1:${ports.southRest}${path}`,
    'not-writer',
  ]);
  const headers = { 'Content-Type': 'application/x-ndjson' };
  const text = '{"key": "Person/x", "patch": null}';
  const imported = await ask(url, 'POST', '/v1/imports', { token, text, headers });
  expect([imported.status, imported.headers.get('location')]).toEqual([
    307,
    `http://127.0.0.1:${ports.southRest}/v1/imports`,
  ]);
  expect((await ask(url, 'GET', KIM, { token })).status).toBe(200);
});

test('[RE7] where the database is away, an edit is refused with for how long, and everything else is served', async () => {
  const { url, token } = await serve(({ type }) => {
    const away = { type: 'unavailable' as const, because: 'The database is away. Start it.' };
    return type === 'commit' ? { ...away, mayBeCommitted: false } : away;
  });
  const refused = await ask(url, 'PATCH', KIM, { token, body: { displayName: 'Kim' } });
  expect(refused.status).toBe(503);
  expect(refused.body).toMatchObject({ code: 'not-stored', revision: '3.7', ageMs: expect.any(Number) });
  const { body } = await ask(url, 'GET', '/v1/revision', { token });
  expect(body).toMatchObject({ standing: 'cutOff', because: 'The database is away. Start it.' });
  expect(body.ageMs).toBeGreaterThan(0);
  expect((await ask(url, 'GET', KIM, { token })).status).toBe(200);
});

test('[RE9] a subscriber that does not read is cut, and all others hear on', async () => {
  const { url, token } = await serve(follows);
  const deaf = new Subscriber(url, '?type=Person', token);
  const good = new Subscriber(url, '?type=Person', token);
  for (const one of [deaf, good]) await one.until((heard) => heard.length === 1);
  deaf.stopReading();
  const isCut = () => logged.includes('subscriber cut');
  // Each time a megabyte, of which the system takes a few.
  const persons = (n: number) =>
    Array.from(
      { length: 3_000 },
      (_, i): Person => ({
        ...{ objectType: 'Person', name: `many.${i}`, tenant: 'holdfast', enabled: true, options: {} },
        ...{ rank: 'agent', agentLogins: [], displayName: `${n} ${'x'.repeat(230)}` },
      }),
    );
  let n = 0;
  for (; n < 60 && !isCut(); n++) {
    const { configuration } = (serving as ServingConfiguration).node;
    const changes = { changed: persons(n), deleted: [] };
    const next = configuration.with(changes, `3.${8 + n}`);
    serving?.input({ type: 'configuration', configuration: next, changes });
    await good.until((heard) => heard.length === n + 2);
  }
  expect(isCut()).toBe(true);
  expect(n).toBeGreaterThan(4);
  deaf.socket.terminate();
  good.socket.close();
});

test('[RE10] one address asks so much a minute, of whatever there is, and subscribers are so many', async () => {
  const [port = 0] = await freePorts(1);
  const { node } = await serveNode();
  const inner = new InnerClients((input) => perform(node.handle(0, input)));
  const perform = (effects: readonly ConfigServerEffect[]) => {
    for (const effect of effects) if (effect.type === 'send') inner.send(effect.connection, effect.message);
  };
  const rest = await openRest({
    ...{
      application: 'config-north',
      host: '127.0.0.1',
      port,
      limits: { requestsMax: 12, subscribersMax: 1 },
    },
    strangers: new LogBudget(() => {}),
    attach: (from, handlers) => inner.attach(from, handlers),
    configuration: () => node.configuration,
    standing: () => standingOf(node.standing, undefined, 0),
  });
  const url = `http://127.0.0.1:${port}`;
  const first = new Subscriber(url, '', 'any');
  await first.until((heard) => heard.length === 1);
  await expect(new Subscriber(url, '', 'any').closed).rejects.toThrow('503');
  const statuses: number[] = [];
  for (const path of ['/docs', '/nothing', '/v1/revision', '/v1/objects', '/docs'])
    for (let n = 0; n < 3; n++) statuses.push((await ask(url, 'GET', path)).status);
  expect(statuses.slice(0, 10)).toEqual([200, 200, 200, 404, 404, 404, 401, 401, 401, 401]);
  expect(statuses.slice(10)).toEqual([429, 429, 429, 429, 429]);
  const { headers, body } = await ask(url, 'GET', '/docs');
  expect([body.code, Number(headers.get('retry-after')) > 0]).toEqual(['too-many-requests', true]);
  await rest.stop();
  expect(await first.closed).toBe(1001);
});

test('[RE1] an Application without the port has no REST, and one whose port is taken does not start', async () => {
  const [configPort = 0, rest = 0] = await freePorts(2);
  const ports = { ...(await takePorts()), north: configPort, northRest: rest };
  const objects = await restObjects(ports);
  const start = (configured: typeof objects) =>
    serveConfiguration({
      ...{ application: 'config-north', type: 'ConfigurationServer' },
      configuration: makeConfiguration(configured, nodeHashes.sha256, '3.7'),
      ...{ log: () => {}, lines: new LineCounts(), startedAt: performance.now() },
    });
  const without = objects.map((object) =>
    object.objectType === 'Application' && object.name === 'config-north'
      ? { ...object, ports: { default: configPort } }
      : object,
  );
  serving = await start(without);
  expect(Object.keys(serving.ports)).toEqual(['default']);
  await expect(ask(`http://127.0.0.1:${rest}`, 'GET', '/docs')).rejects.toThrow();
  await serving.stop();
  serving = await start(objects);
  expect(serving.ports).toEqual({ default: configPort, rest });
  const clash = objects.map((object) =>
    object.objectType === 'Application' && object.name === 'config-north'
      ? { ...object, ports: { default: ports.proxy, rest } }
      : object,
  );
  await expect(start(clash)).rejects.toThrow(`Port "rest" (${rest}) on 127.0.0.1 is taken`);
});
