/** Endpoints that answer what no etcd would: each gives `unknown` with the reason, and nothing is thrown. */
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ArbiterAnswer, RoleKey } from '@holdfast/continuity';
import { afterEach, expect, test } from 'vitest';
import { type Arbiter, OPEN_MAX } from './arbiter.ts';
import { openEtcdArbiter } from './etcd-arbiter.ts';
import { base64 } from './etcd-messages.ts';

const servers: Server[] = [];
const arbiters: Arbiter[] = [];
afterEach(() => {
  for (const arbiter of arbiters.splice(0)) arbiter.close();
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

const KEY: RoleKey = { holder: 'sip-a', process: 'p1', epoch: 1, ask: 1, lengthMs: 600 };
const HEADER = { cluster_id: '1', member_id: '2', revision: '7' };
const pairOf = (value: unknown) => ({ mod_revision: '7', value: base64(JSON.stringify(value)) });

/** Watches are held open and silent; of all else `answer` decides. */
async function endpoint(answer: RequestListener): Promise<string> {
  const server = createServer((request, response) => {
    if (request.url?.includes('watch') !== true) answer(request, response);
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const json =
  (value: unknown, status = 200): RequestListener =>
  (_request, response) => {
    response.writeHead(status, { 'Content-Type': 'application/json' });
    response.end(typeof value === 'string' ? value : JSON.stringify(value));
  };

/** The answers to a reading and to a swap, one after the other. */
async function answersOf(...endpoints: string[]): Promise<ArbiterAnswer[]> {
  const answers: ArbiterAnswer[] = [];
  let next: () => void = () => {};
  const arbiter = openEtcdArbiter({
    endpoints,
    pair: 'sip-a',
    handlers: {
      answered(answer) {
        answers.push(answer);
        next();
      },
      changed: () => {},
    },
  });
  arbiters.push(arbiter);
  const answered = () =>
    new Promise<void>((resolve) => {
      next = resolve;
    });
  arbiter.ask({ type: 'read', n: 1 });
  await answered();
  arbiter.ask({ type: 'swap', n: 2, ifRevision: { start: 0, count: 7 }, key: KEY });
  await answered();
  return answers;
}

const unknowns = (because: string) =>
  [1, 2].map((n) => ({ type: 'unknown', n, because: expect.stringContaining(because) }));

test.each<[string, RequestListener, string]>([
  ['a page', json('<html>'), 'no JSON'],
  ['nothing', json(''), 'no JSON'],
  ['null', json('null'), 'none of an etcd'],
  ['a list', json([]), 'none of an etcd'],
  ['JSON of somebody else', json({ ok: true }), 'none of an etcd'],
  [
    'an error',
    json({ error: 'etcdserver: no leader', code: 14 }, 503),
    'HTTP 503: {"error":"etcdserver: no leader',
  ],
  ['another address', json('', 302), 'redirect'],
  ['more than it may', json(JSON.stringify('x'.repeat(70_000))), 'more than 65536 bytes'],
  ['nothing at all', () => {}, 'No answer within 300 ms'],
  ['a connection that ends', (request) => request.socket.destroy(), 'other side closed'],
])('[PR8] an endpoint that answers with %s gives unknown with the reason', async (_, answer, because) => {
  expect(await answersOf(await endpoint(answer))).toEqual(unknowns(because));
});

test.each<[string, unknown, string]>([
  ['no JSON', { mod_revision: '7', value: base64('{') }, 'none of ours; delete it'],
  ['a key that lacks a field', pairOf({ ...KEY, ask: undefined }), 'none of ours'],
  ['a length of no sense', pairOf({ ...KEY, lengthMs: 1e12 }), 'none of ours'],
  ['no value', { mod_revision: '7' }, 'none of ours'],
  ['no revision', { value: 'e30=' }, 'no revision'],
  ['a revision that is no number', { ...pairOf(KEY), mod_revision: '7e99' }, 'no revision'],
])('[PR8] under a key with %s nobody is taken for the holder', async (_, pair, because) => {
  const answer: RequestListener = (request, response) => {
    const range = { header: HEADER, kvs: [pair] };
    const isRead = request.url?.endsWith('range') === true;
    json(isRead ? range : { header: HEADER, responses: [{ response_range: range }] })(request, response);
  };
  expect(await answersOf(await endpoint(answer))).toEqual(unknowns(because));
});

test('[PR8] a swap that may have been done is not tried at the next endpoint; one that was not sent is', async () => {
  let asked = 0;
  const counts: RequestListener = (request, response) => {
    asked += 1;
    json({ header: HEADER, kvs: [pairOf(KEY)], succeeded: true })(request, response);
  };
  const good = await endpoint(counts);
  const broken = await endpoint((request) => request.socket.destroy());
  const gone = await endpoint(() => {});
  servers.at(-1)?.close();
  const stands = { type: 'stands', seen: { revision: { count: 7 }, key: KEY } };
  expect(await answersOf(gone, good)).toMatchObject([stands, { type: 'swapped' }]);
  asked = 0;
  const first: RequestListener = (request, response) =>
    request.url?.endsWith('range') ? counts(request, response) : request.socket.destroy();
  expect(await answersOf(await endpoint(first), good)).toMatchObject([stands, { type: 'unknown', n: 2 }]);
  expect(asked).toBe(1);
  // A reading does no harm twice.
  expect(await answersOf(broken, good)).toMatchObject([stands, { type: 'swapped' }]);
});

test('[PR8] a revision that goes back is not believed: the data of the etcd were lost', async () => {
  let revision = 7;
  const answer: RequestListener = (request, response) => {
    const kvs = revision === 0 ? [] : [{ ...pairOf(KEY), mod_revision: String(revision) }];
    const range = { header: HEADER, kvs };
    revision = 0;
    const isRead = request.url?.endsWith('range') === true;
    json(isRead ? range : { header: HEADER, responses: [{ response_range: range }] })(request, response);
  };
  expect(await answersOf(await endpoint(answer))).toMatchObject([
    { type: 'stands' },
    { type: 'unknown', because: expect.stringContaining('stands at revision 0 and stood at 7') },
  ]);
});

test('[PR8] endpoints that are no URLs are named', () => {
  const open = (...endpoints: string[]) =>
    openEtcdArbiter({ endpoints, pair: 'p', handlers: { answered: () => {}, changed: () => {} } });
  expect(() => open('10.0.0.1:2379')).toThrow('"10.0.0.1:2379" is no URL of an etcd endpoint');
  expect(() => open('ftp://10.0.0.1')).toThrow('is no URL of an etcd endpoint');
  expect(() => open()).toThrow('needs one endpoint at least');
});

test('[PR8] requests without an answer are bounded', async () => {
  const answers: ArbiterAnswer[] = [];
  const arbiter = openEtcdArbiter({
    endpoints: [await endpoint(() => {})],
    pair: 'p',
    handlers: { answered: (answer) => answers.push(answer), changed: () => {} },
  });
  arbiters.push(arbiter);
  for (let n = 0; n <= OPEN_MAX; n++) arbiter.ask({ type: 'read', n });
  expect(answers).toEqual([]);
  await new Promise((resolve) => setImmediate(resolve));
  expect(answers.map(({ n }) => n)).toEqual([OPEN_MAX]);
});
