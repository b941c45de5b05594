/** Subscribers and imports over real connections, at a Configuration Server over PGlite and at a proxy of it. */
import { join } from 'node:path';
import { LineCounts, secretOfLines } from '@holdfast/servers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningConfigProxy, startConfigProxy } from '../config-proxy.ts';
import { ADMINISTRATOR, AGENT, type Asked, ask, logIn, type RestWorld, startRest } from './test-rest.ts';
import { Subscriber } from './test-subscriber.ts';

let world: RestWorld;
let proxy: RunningConfigProxy;
let proxyUrl: string;
beforeAll(async () => {
  world = await startRest();
  const keys = world.objects.find(({ objectType }) => objectType === 'Keys');
  proxy = await startConfigProxy({
    ...{ application: 'proxy-north', servers: [{ host: '127.0.0.1', port: world.ports.north }] },
    secret: secretOfLines((keys?.objectType === 'Keys' && keys.serverSecret) || ''),
    ...{ copy: join(world.folder, 'proxy.copy'), log: () => {}, lines: new LineCounts() },
  });
  proxyUrl = `http://127.0.0.1:${world.ports.proxyRest}`;
}, 60_000);
afterAll(async () => {
  await proxy.stop();
  await world.stop();
});

const say = (method: string, path: string, asked: Asked = {}) =>
  ask(world.url, method, path, { token: world.token, ...asked });
const KIM = `/v1/objects/Person/${AGENT}`;
const name = (displayName: string) => say('PATCH', KIM, { body: { displayName } });

describe('[RE9] changes are told as they happen', () => {
  test('of everything, of types, of keys; with the revision of each, also where nothing of it was asked for', async () => {
    const all = new Subscriber(world.url, '', world.token);
    const hosts = new Subscriber(world.url, '?type=Host&type=Switch', world.token);
    const key = new Subscriber(world.url, `?key=Person/${AGENT}&key=Person/not.yet`, world.token);
    const agent = new Subscriber(world.url, '', await logIn(world.url, 'agent7002'));
    for (const one of [all, hosts, key, agent]) await one.until((heard) => heard.length === 1);
    const { body: now } = await say('GET', '/v1/revision');
    expect(all.heard).toEqual([{ type: 'subscribed', revision: now.revision }]);
    const { body } = await name('Kim');
    await say('PUT', '/v1/objects/Person/not.yet', { body: { tenant: 'holdfast' } });
    await say('DELETE', '/v1/objects/Person/not.yet');
    for (const one of [all, hosts, key, agent]) await one.until((heard) => heard.length === 4);
    for (const one of [all, key])
      expect(one.heard.slice(1)).toMatchObject([
        { type: 'changed', revision: body.revision, objects: [{ displayName: 'Kim' }], deleted: [] },
        { objects: [{ name: 'not.yet' }] },
        { objects: [], deleted: ['Person/not.yet'] },
      ]);
    const nothing = { objects: [], deleted: [] };
    for (const one of [hosts, agent]) expect(one.heard.slice(1)).toMatchObject([nothing, nothing, nothing]);
    expect(JSON.stringify(all.heard)).not.toContain('argon2id');
    for (const one of [all, hosts, key, agent]) one.socket.close();
  });

  test('until the log-in counts no more; nobody without one is told anything', async () => {
    const token = await logIn(world.url, 'agent7003');
    const subscriber = new Subscriber(world.url, '', token);
    await subscriber.until((heard) => heard.length === 1);
    await say('PATCH', '/v1/objects/Person/agent7003', { body: { enabled: false } });
    expect(await subscriber.closed).toBe(1008);
    expect(subscriber.heard.at(-1)).toMatchObject({ type: 'ended', problem: { code: 'account-disabled' } });
    await say('PATCH', '/v1/objects/Person/agent7003', { body: { enabled: true } });
    await expect(new Subscriber(world.url, '', 'x').closed).rejects.toThrow('401');
    await expect(new Subscriber(world.url, '?type=Nothing', world.token).closed).rejects.toThrow('400');
    const plain = await say('GET', '/v1/changes');
    expect([plain.status, plain.headers.get('upgrade')]).toEqual([426, 'websocket']);
    const talks = new Subscriber(world.url, '', world.token);
    await talks.until((heard) => heard.length === 1);
    talks.socket.send('{}');
    expect(await talks.closed).toBe(1008);
  });
});

describe('[RE5] imports', () => {
  const lines = (from: number, count: number, more: object = {}) =>
    Array.from({ length: count }, (_, i) =>
      JSON.stringify({ key: `Person/import.${from + i}`, patch: { tenant: 'holdfast', ...more } }),
    );
  const start = (url: string, body: readonly string[], query = '') =>
    ask(url, 'POST', `/v1/imports${query}`, {
      ...{ token: world.token, text: body.join('\n') },
      headers: { 'Content-Type': 'application/x-ndjson' },
    });
  const end = async (url: string, location: string | null) => {
    for (;;) {
      const { status, body } = await ask(url, 'GET', location ?? '', { token: world.token });
      expect(status).toBe(200);
      if (body.state !== 'running') return body;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };

  test('are done part by part, and say how far they are', async () => {
    const started = await start(world.url, [...lines(0, 25), ''], '?part=10&note=spring');
    expect([started.status, started.body.state, started.body.edits]).toEqual([202, 'running', 25]);
    const done = await end(world.url, started.headers.get('location'));
    expect(done).toMatchObject({ state: 'done', written: 25, changed: 25, findings: [] });
    expect(done.revisions).toHaveLength(2);
    const { body } = await say('GET', '/v1/history?limit=3');
    expect(body.entries.map(({ note }: { note: string }) => note)).toEqual([
      'spring (part 3 of 3)',
      'spring (part 2 of 3)',
      'spring (part 1 of 3)',
    ]);
    // Sent again nothing is left to do.
    const again = await start(world.url, lines(0, 25));
    expect(await end(world.url, again.headers.get('location'))).toMatchObject({ state: 'done', changed: 0 });
  });

  test('end with the first part that may not be done, and what is no edit is refused before anything is', async () => {
    const started = await start(
      world.url,
      [...lines(100, 4), ...lines(104, 2, { defaultPlace: 'nowhere' }), ...lines(106, 2)],
      '?part=2',
    );
    const ended = await end(world.url, started.headers.get('location'));
    expect(ended).toMatchObject({ state: 'refused', written: 4, problem: { code: 'bad-configuration' } });
    expect((await say('GET', '/v1/objects/Person/import.106')).status).toBe(404);
    for (const [bad, field] of [
      ['{"key": "Person/x"', 'line 3'],
      ['{"key": "Person/x", "pach": {}}', 'line 3'],
      ['[]', 'line 3'],
    ] as const) {
      const { status, body } = await start(world.url, [...lines(200, 2), bad]);
      expect([status, body.code, body.field]).toEqual([400, 'bad-message', field]);
    }
    expect((await say('GET', '/v1/objects/Person/import.200')).status).toBe(404);
    expect((await start(world.url, [''])).status).toBe(400);
    expect((await say('GET', '/v1/imports/unknown')).status).toBe(404);
  });

  test('[RE7] also at a proxy, in parts of messages where they are long', async () => {
    const started = await start(
      proxyUrl,
      lines(1_000, 1_500, { displayName: 'x'.repeat(200) }),
      '?part=1500',
    );
    expect(await end(proxyUrl, started.headers.get('location'))).toMatchObject({
      state: 'done',
      written: 1_500,
    });
    expect((await say('GET', '/v1/objects/Person/import.2499')).status).toBe(200);
  });
});

test('[RE7] a proxy serves what it follows, passes edits on, and says whom it follows', async () => {
  const at = (method: string, path: string, asked: Asked = {}) =>
    ask(proxyUrl, method, path, { token: world.token, ...asked });
  const { body } = await at('GET', '/v1/revision');
  expect(body).toMatchObject({
    ...{ application: 'proxy-north', site: 'north', standing: 'proxy' },
    follows: `127.0.0.1:${world.ports.north}`,
  });
  expect(body.ageMs).toBeLessThan(15_000);
  const subscriber = new Subscriber(proxyUrl, `?key=Person/${AGENT}`, world.token);
  await subscriber.until((heard) => heard.length === 1);
  const edited = await at('PATCH', KIM, { body: { displayName: 'By proxy' } });
  expect([edited.status, edited.body.author]).toEqual([200, { who: ADMINISTRATOR, from: '127.0.0.1' }]);
  const [, changed] = await subscriber.until((heard) => heard.length === 2);
  expect(changed).toMatchObject({ revision: edited.body.revision, objects: [{ displayName: 'By proxy' }] });
  subscriber.socket.close();
  expect((await at('GET', '/v1/history?limit=1')).body.entries).toMatchObject([
    { revision: edited.body.revision },
  ]);
});
