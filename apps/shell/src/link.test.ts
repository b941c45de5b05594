import { mkdtemp, rm } from 'node:fs/promises';
import { createConnection, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LogLine } from '@holdfast/kernel';
import { type ConfigReply, type ConfigRequest, configReply, configRequest } from '@holdfast/protocol';
import { afterEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { LinkEnd, MessageSchema } from './link.ts';
import { connectLink, type LinkClient } from './link-client.ts';
import { type LinkServer, type LinkServerOptions, startLinkServer } from './link-server.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

/** Things that happened, and a promise for the next one that fits. */
function journal<Entry>() {
  const entries: Entry[] = [];
  const waiting: { fits: (entry: Entry) => boolean; resolve: (entry: Entry) => void }[] = [];
  return {
    entries,
    add(entry: Entry) {
      entries.push(entry);
      for (const one of waiting.filter(({ fits }) => fits(entry))) {
        waiting.splice(waiting.indexOf(one), 1);
        one.resolve(entry);
      }
    },
    until(fits: (entry: Entry) => boolean): Promise<Entry> {
      const found = entries.find(fits);
      return found === undefined
        ? new Promise((resolve) => waiting.push({ fits, resolve }))
        : Promise.resolve(found);
    },
  };
}

type ServerEntry = {
  what: 'opened' | 'closed' | 'message';
  link: string;
  end?: LinkEnd;
  request?: ConfigRequest;
};
type ClientEntry = {
  what: 'opened' | 'closed' | 'message' | 'malformed';
  end?: LinkEnd;
  reply?: ConfigReply;
};

async function server(extra: Partial<LinkServerOptions<ConfigRequest>> = {}) {
  const seen = journal<ServerEntry>();
  const links: LinkServer<ConfigReply> = await startLinkServer<ConfigRequest, ConfigReply>({
    host: '127.0.0.1',
    port: 0,
    schema: configRequest,
    handlers: {
      opened: (link) => seen.add({ what: 'opened', link }),
      message: (link, request) => seen.add({ what: 'message', link, request }),
      closed: (link, end) => seen.add({ what: 'closed', link, end }),
    },
    ...extra,
  });
  cleanups.push(() => links.stop());
  return { links, seen };
}

function client(port: number, extra: { host?: string; connectMaxMs?: number; replyBytesMax?: number } = {}) {
  const seen = journal<ClientEntry>();
  const link: LinkClient<ConfigRequest> = connectLink<ConfigRequest, ConfigReply>({
    host: '127.0.0.1',
    port,
    schema: configReply,
    handlers: {
      opened: () => seen.add({ what: 'opened' }),
      message: (reply) => seen.add({ what: 'message', reply }),
      closed: (end) => seen.add({ what: 'closed', end }),
      malformed: () => seen.add({ what: 'malformed' }),
    },
    ...extra,
  });
  cleanups.push(() => link.terminate());
  return { link, seen };
}

async function open(port: number): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
  cleanups.push(() => socket.terminate());
  await new Promise((resolve) => socket.on('open', resolve));
  return socket;
}

const SILENT = { opened: () => {}, message: () => {}, closed: () => {} };
const isClosed = (entry: { what: string }) => entry.what === 'closed';
const isOpened = (entry: { what: string }) => entry.what === 'opened';
const isMessage = (entry: { what: string }) => entry.what === 'message';

test('messages pass both ways and a closing is heard at both ends', async () => {
  const { links, seen } = await server();
  const one = client(links.port);
  await one.seen.until(isOpened);
  expect(one.link.send({ type: 'Ping', n: 7 })).toBe(true);
  const { link, request } = await seen.until(isMessage);
  expect(request).toEqual({ type: 'Ping', n: 7 });
  expect(links.send(link, { type: 'Pong', n: 7 })).toBe(true);
  expect((await one.seen.until(isMessage)).reply).toEqual({ type: 'Pong', n: 7 });
  links.close(link, 'enough');
  expect((await one.seen.until(isClosed)).end).toEqual({ kind: 'closed', text: 'enough' });
  expect((await seen.until(isClosed)).end?.kind).toBe('local');
  expect(links.size).toBe(0);
  expect(links.send(link, { type: 'Pong', n: 8 })).toBe(false);
});

test('a malformed message is answered with its field, the link stays until the third', async () => {
  const { links, seen } = await server();
  const socket = new WebSocket(`ws://127.0.0.1:${links.port}/`);
  const answers = journal<Record<string, unknown>>();
  socket.on('message', (data) => answers.add(JSON.parse(String(data))));
  const closed = new Promise<number>((resolve) => socket.on('close', resolve));
  await new Promise((resolve) => socket.on('open', resolve));
  socket.send('{"type":"LogIn","ReferenceID":5,"user":"","password":"x"}');
  const first = await answers.until(() => true);
  expect(first).toMatchObject({ type: 'Error', code: 'bad-message', field: 'user', ReferenceID: 5 });
  socket.send('{"type":"Ping","n":1}');
  expect((await seen.until(isMessage)).request).toEqual({ type: 'Ping', n: 1 });
  socket.send(Buffer.from([0, 1, 2]));
  await answers.until((answer) => String(answer.text).includes('binary'));
  socket.send('not json');
  await answers.until((answer) => String(answer.text).includes('not JSON'));
  expect(await closed).toBe(1008);
  expect((await seen.until(isClosed)).end?.kind).toBe('protocol');
});

test('a refusal that quotes the sender fits into the closing frame, whatever was quoted', async () => {
  const quoting: MessageSchema<ConfigRequest> = {
    safeParse: (value) => {
      const path = ['reasons', ...Object.keys((value as { reasons: object }).reasons)];
      return { success: false, error: { issues: [{ path, message: 'must be text' }] } };
    },
  };
  const { links, seen } = await server({ schema: quoting });
  const socket = await open(links.port);
  const closed = new Promise<string>((resolve) => socket.on('close', (_, reason) => resolve(String(reason))));
  const text = JSON.stringify({ reasons: { [`${'😀'.repeat(45)}${'x'.repeat(5_000)}`]: 5 } });
  for (let i = 0; i < 3; i++) socket.send(text);
  expect(await closed).toMatch(/^Field "reasons\.😀+$/u);
  expect((await seen.until(isClosed)).end?.kind).toBe('protocol');
});

test('what is wrong on a link is told for the log, with who it was', async () => {
  const lines = journal<LogLine>();
  const { links } = await server({ handlers: { ...SILENT, trouble: (line) => lines.add(line) } });
  const socket = await open(links.port);
  for (let i = 0; i < 3; i++) socket.send('{');
  await lines.until(({ what }) => what === 'link cut');
  expect(lines.entries.map(({ what }) => what)).toEqual([
    ...Array(3).fill('malformed message on a link'),
    'link cut',
  ]);
  expect(lines.entries[0]).toMatchObject({ because: 'The message is not JSON.' });
  expect(lines.entries[0]?.detail?.remote).toMatch(/^127\.0\.0\.1:\d+$/);
});

test('a flood on one link delays the others by a message, not by the flood', async () => {
  const order: string[] = [];
  const both = journal<string>();
  const { links } = await server({
    handlers: {
      ...SILENT,
      message: (link) => {
        order.push(link);
        if (link === 'link-2') both.add(link);
      },
    },
  });
  const flood = await open(links.port);
  const other = await open(links.port);
  for (let n = 0; n < 20_000; n++) flood.send('{"type":"Ping","n":1}');
  other.send('{"type":"Ping","n":2}');
  await both.until(() => true);
  expect(order.indexOf('link-2')).toBeLessThan(1_000);
});

test('pings that nobody reads the answers of do not pile up', async () => {
  const { links, seen } = await server({ bufferedBytesMax: 100_000 });
  const socket = await open(links.port);
  socket.pause();
  const closed = seen.until(isClosed);
  let isOver = false;
  void closed.then(() => {
    isOver = true;
  });
  // The system's own buffers take the first megabytes.
  for (let n = 0; n < 400 && !isOver; n++) {
    for (let i = 0; i < 1_000; i++) socket.ping('x'.repeat(125));
    await new Promise(setImmediate);
  }
  expect((await closed).end?.kind).toBe('slow-reader');
  socket.terminate();
});

test('who asks for a page is told that links are WebSockets', async () => {
  const { links } = await server();
  const response = await fetch(`http://127.0.0.1:${links.port}/`);
  expect(response.status).toBe(426);
});

test('a message over the limit closes the link and no other', async () => {
  const { links, seen } = await server({ requestBytesMax: 1_000 });
  const good = client(links.port);
  await good.seen.until(isOpened);
  const bad = client(links.port);
  await bad.seen.until(isOpened);
  bad.link.send({ type: 'LogIn', ReferenceID: 1, user: 'a', password: 'x'.repeat(2_000) });
  expect((await bad.seen.until(isClosed)).end).toEqual({ kind: 'closed', text: 'status 1009' });
  expect((await seen.until(isClosed)).end?.kind).toBe('protocol');
  expect(good.link.send({ type: 'Ping', n: 1 })).toBe(true);
  await seen.until(isMessage);
});

test('a reset is heard at once at the other end, with its name', async () => {
  const { links, seen } = await server();
  const raw: Socket = createConnection(links.port, '127.0.0.1');
  raw.on('error', () => {});
  raw.write(
    'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
  );
  await seen.until(isOpened);
  raw.resetAndDestroy();
  expect((await seen.until(isClosed)).end).toEqual({ kind: 'reset', text: 'ECONNRESET' });
});

test('a server that dies is heard at once by its client', async () => {
  const { links, seen } = await server();
  const one = client(links.port);
  await one.seen.until(isOpened);
  links.terminate((await seen.until(isOpened)).link);
  expect((await one.seen.until(isClosed)).end?.kind).toBe('reset');
});

test('an attempt at a closed port, at a silent one and at one that speaks no WebSocket ends once', async () => {
  const { links } = await server();
  const port = links.port;
  await links.stop();
  const refused = client(port);
  expect((await refused.seen.until(isClosed)).end).toEqual({ kind: 'reset', text: 'ECONNREFUSED' });

  const silent = createServer(() => {}).listen(0, '127.0.0.1');
  cleanups.push(() => silent.close());
  await new Promise((resolve) => silent.on('listening', resolve));
  const late = client((silent.address() as { port: number }).port, { connectMaxMs: 50 });
  expect((await late.seen.until(isClosed)).end?.kind).toBe('timeout');

  const talker = createServer((socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')).listen(
    0,
    '127.0.0.1',
  );
  cleanups.push(() => talker.close());
  await new Promise((resolve) => talker.on('listening', resolve));
  const wrong = client((talker.address() as { port: number }).port);
  expect((await wrong.seen.until(isClosed)).end?.kind).toBe('protocol');
  for (const one of [refused, late, wrong]) expect(one.seen.entries).toHaveLength(1);
});

test('who reads too slowly is cut off at the stated bound', async () => {
  const { links, seen } = await server({ bufferedBytesMax: 1_000_000 });
  const one = client(links.port);
  await one.seen.until(isOpened);
  const { link } = await seen.until(isOpened);
  // In one turn of the event loop nothing is read, as by a stopped process.
  const reply = { type: 'Objects' as const, ReferenceID: 1, revision: 'r', objects: ['x'.repeat(100_000)] };
  let sent = 0;
  while (sent < 1_000 && links.send(link, reply)) sent += 1;
  expect(sent).toBeLessThan(100);
  expect((await seen.until(isClosed)).end?.kind).toBe('slow-reader');
});

test('one message that is longer than all that may wait is no reason to cut whoever reads it; a second one is', async () => {
  const { links, seen } = await server({ bufferedBytesMax: 1_000_000 });
  const one = client(links.port);
  await one.seen.until(isOpened);
  const { link } = await seen.until(isOpened);
  const reply = (length: number) => ({
    ...{ type: 'Objects' as const, ReferenceID: 1, revision: 'r', objects: ['x'.repeat(length)] },
  });
  // In one turn of the event loop nothing is read.
  expect(links.send(link, reply(20_000_000))).toBe(true);
  expect(links.send(link, reply(100_000))).toBe(true);
  expect(links.send(link, reply(20_000_000))).toBe(true);
  expect(links.send(link, reply(1))).toBe(false);
  expect((await seen.until(isClosed)).end?.kind).toBe('slow-reader');
});

test('one link more than allowed is refused', async () => {
  const { links } = await server({ linksMax: 1 });
  const first = client(links.port);
  await first.seen.until(isOpened);
  const second = client(links.port);
  expect((await second.seen.until(isClosed)).end?.text).toContain('503');
});

test('a link goes over a Unix domain socket too, whatever letters its path has', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast: link %41 '));
  cleanups.push(() => rm(folder, { recursive: true }));
  const host = join(folder, 'a.sock');
  const { links, seen } = await server({ host });
  const one = client(0, { host });
  await one.seen.until(isOpened);
  expect(one.link.send({ type: 'Ping', n: 7 })).toBe(true);
  expect((await seen.until(isMessage)).request).toEqual({ type: 'Ping', n: 7 });
  await expect(server({ host })).rejects.toThrow(`Socket ${host} is taken`);
  const elsewhere = client(0, { host: join(folder, 'nobody.sock') });
  expect((await elsewhere.seen.until(isClosed)).end).toEqual({ kind: 'reset', text: 'ENOENT' });
  expect(links.port).toBe(0);
});

test('a taken port is named', async () => {
  const { links } = await server();
  await expect(server({ port: links.port })).rejects.toThrow(`TCP port ${links.port} on 127.0.0.1 is taken`);
});

test('a client drops what it cannot read and leaves a server that keeps sending it', async () => {
  const { links, seen } = await server();
  const one = client(links.port);
  await one.seen.until(isOpened);
  const { link } = await seen.until(isOpened);
  for (let i = 0; i < 3; i++) links.send(link, { type: 'Nonsense' } as unknown as ConfigReply);
  expect((await one.seen.until(isClosed)).end?.kind).toBe('protocol');
  expect(one.seen.entries.filter(({ what }) => what === 'malformed')).toHaveLength(3);
});
