/** What strangers, mistakes and malice send, here to a Configuration Server of files: each is refused with a problem that says why. */
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ADMINISTRATOR, type Asked, ask, askRaw, type RestWorld, startRest } from './test-rest.ts';

let world: RestWorld;
beforeAll(async () => {
  world = await startRest('files');
}, 60_000);
afterAll(() => world.stop());

const say = (method: string, path: string, asked: Asked = {}) =>
  ask(world.url, method, path, { token: world.token, ...asked });
const PERSON = `/v1/objects/Person/${ADMINISTRATOR}`;

describe('[RE10] whatever is refused is a problem', () => {
  test('a body that is no JSON, of another type, or with fields that nobody knows', async () => {
    const problem = async (method: string, path: string, asked: Asked) => {
      const { status, body } = await say(method, path, asked);
      expect(body).toMatchObject({
        ...{ status, type: `/docs#${body.code}`, title: expect.any(String), detail: expect.any(String) },
      });
      return [status, body.code, body.field ?? ''];
    };
    expect(await problem('POST', '/v1/edits', { text: '{"edits": [' })).toEqual([400, 'bad-message', '']);
    expect(await problem('POST', '/v1/edits', { text: '' })).toEqual([400, 'bad-message', '']);
    expect(await problem('PATCH', PERSON, { text: '[]' })).toEqual([400, 'bad-message', '']);
    expect(await problem('PATCH', PERSON, { text: '{"__proto__": {"rank": "x"}}' })).toEqual([
      400,
      'bad-message',
      '',
    ]);
    const xml = { text: '<a/>', headers: { 'Content-Type': 'application/xml' } };
    expect(await problem('POST', '/v1/edits', xml)).toEqual([415, 'unsupported-media-type', '']);
    const edit = { key: PERSON.slice('/v1/objects/'.length), patch: {} };
    const more = await problem('POST', '/v1/edits', { body: { edits: [edit], mode: 'fast' } });
    expect(more).toEqual([400, 'bad-message', '']);
    expect(await problem('POST', '/v1/edits', { body: { edits: [{ ...edit, force: true }] } })).toEqual([
      400,
      'bad-message',
      'edits.0',
    ]);
    expect(await problem('POST', '/v1/edits', { body: { edits: [edit], seenAt: 'now' } })).toEqual([
      400,
      'bad-message',
      'seenAt',
    ]);
    expect(await problem('GET', '/v1/objects?colour=red', {})).toEqual([400, 'bad-message', '']);
    expect(await problem('GET', '/v1/objects?type=Nothing', {})).toMatchObject([400, 'bad-message', 'type']);
    for (const limit of ['0', '-1', '1e9', 'x', '10001'])
      expect(await problem('GET', `/v1/objects?limit=${limit}`, {})).toEqual([400, 'bad-message', 'limit']);
    expect(await problem('PATCH', `${PERSON}?dryRun=perhaps`, { body: {} })).toEqual([
      400,
      'bad-message',
      'dryRun',
    ]);
  });

  test('paths that lead elsewhere, lead nowhere', async () => {
    const host = 'Host: x\r\nConnection: close\r\n';
    const get = (path: string) =>
      askRaw(world.port, `GET ${path} HTTP/1.1\r\n${host}Authorization: Bearer ${world.token}\r\n\r\n`);
    for (const path of [
      '/v1/objects/../../../etc/passwd',
      '/v1/objects/Person/..%2f..%2f..%2fetc%2fpasswd',
      '/v1/objects/Person/%2e%2e/%2e%2e/etc/passwd',
      '/v1/objects/%2e%2e/keys.yaml',
      '/docs/../openapi.json%00',
      '/..%5c..%5cetc',
      '//etc/passwd',
      `/v1/objects/Person/${'a'.repeat(10_000)}`,
    ]) {
      const answer = await get(path);
      expect(answer).toMatch(/^HTTP\/1\.1 (400|404) /);
      expect(answer).toContain('application/problem+json');
      expect(answer).not.toContain('root:');
    }
    expect(await get('/v1/objects/Person/%zz')).toMatch(/^HTTP\/1\.1 400 [\s\S]*problem\+json/);
    expect(await askRaw(world.port, 'NONSENSE\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
    expect((await say('POST', '/v1/revision')).status).toBe(404);
  });

  test('a body of more than 10 MB is not read, from strangers none at all', async () => {
    const long = JSON.stringify({
      edits: [{ key: 'Person/x', patch: { displayName: 'x'.repeat(10 * 1024 * 1024) } }],
    });
    const told = await say('POST', '/v1/edits', { text: long });
    expect([told.status, told.body.code]).toEqual([413, 'too-large']);
    expect(told.body.detail).toContain('10240 KB');
    // Without saying how long it will be.
    const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
    const head = (authorization: string) =>
      `POST /v1/edits HTTP/1.1\r\nHost: x\r\n${authorization}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`;
    const streamed = await pour(head(`Authorization: Bearer ${world.token}\r\n`), chunk, 400);
    expect(streamed).toMatch(/^HTTP\/1\.1 413 [\s\S]*too-large/);
    expect(await pour(head(''), chunk, 400)).toMatch(/^HTTP\/1\.1 401 [\s\S]*no-token/);
    // Nearly as long, and good: it is read, and refused for something else.
    const patch = { displayName: 'x'.repeat(9 * 1024 * 1024) };
    const read = await say('POST', '/v1/edits', {
      body: { edits: [{ key: `Person/${ADMINISTRATOR}`, patch }] },
    });
    expect([read.status, read.body.code]).toEqual([409, 'wrong-state']);
    expect(read.text.length).toBeLessThan(2_000);
  });
});

/** Sends a head and one chunk again and again, until it is answered. */
function pour(head: string, chunk: string, times: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port: world.port });
    let heard = '';
    let sent = 0;
    const more = () => {
      while (sent < times && heard === '' && socket.writable) {
        sent += 1;
        if (!socket.write(chunk)) return void socket.once('drain', more);
      }
    };
    socket.on('connect', () => {
      socket.write(head);
      more();
    });
    socket.on('data', (data) => {
      heard += data;
      setTimeout(() => socket.destroy(), 50);
    });
    // It is cut as we speak.
    socket.on('error', () => {});
    socket.on('close', () => resolve(heard));
  });
}

describe('[RE10] and nobody asks more than they may', () => {
  test('of log-ins by password so many a minute from one address', async () => {
    const answers: number[] = [];
    for (let n = 0; n < 80 && !answers.includes(429); n++) {
      // A name that is locked soon costs no work.
      const { status, headers } = await ask(world.url, 'POST', '/v1/log-in', {
        body: { user: 'nobody', password: 'x' },
      });
      answers.push(status);
      if (status === 429) expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    }
    expect(answers.slice(0, 5)).toEqual([401, 401, 401, 401, 401]);
    expect(answers.at(-1)).toBe(429);
    // Tokens are not concerned.
    expect((await say('GET', PERSON)).status).toBe(200);
  });
});

test('[RE11] every route is in the OpenAPI document, and on a page that loads nothing', async () => {
  const { status, body } = await ask(world.url, 'GET', '/openapi.json');
  expect([status, body.openapi]).toEqual([200, '3.1.0']);
  const routes = Object.entries(body.paths as Record<string, object>).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method} ${path}`),
  );
  expect(routes.sort()).toEqual([
    'delete /v1/objects/{type}/{name}',
    'get /v1/changes',
    'get /v1/conflicts',
    'get /v1/findings',
    'get /v1/history',
    'get /v1/history/verification',
    'get /v1/imports/{id}',
    'get /v1/objects',
    'get /v1/objects/{type}/{name}',
    'get /v1/revision',
    'get /v1/synchronisation',
    'patch /v1/objects/{type}/{name}',
    'post /v1/conflicts/{id}/resolve',
    'post /v1/edits',
    'post /v1/findings/fix',
    'post /v1/imports',
    'post /v1/log-in',
    'post /v1/password',
    'post /v1/persons/{name}/revoke',
    'post /v1/persons/{name}/unlock',
    'post /v1/restore',
    'post /v1/synchronisation',
    'put /v1/objects/{type}/{name}',
    'put /v1/persons/{name}/password',
  ]);
  // Whatever is referred to is there.
  const text = JSON.stringify(body);
  const references = [...text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name);
  expect(new Set(references).size).toBeGreaterThan(4);
  for (const name of references) expect(Object.keys(body.components.schemas)).toContain(name);
  const patch = body.paths['/v1/objects/{type}/{name}'].patch;
  expect(Object.keys(patch.requestBody.content)).toContain('application/merge-patch+json');
  expect(patch.responses['4XX'].content['application/json'].schema).toBeDefined();
  const page = await ask(world.url, 'GET', '/docs');
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
  expect(page.text).toContain('<code>PATCH /v1/objects/{type}/{name}</code>');
  expect(page.text).toContain('id="conflict"');
  expect(page.text).not.toMatch(/<script|<link|src=|https?:/);
});
