/** SIP over TLS and WebSocket on real sockets: both ends ours, and ends that do not keep to it. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect as connectTcp, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import type { LogLine } from '@holdfast/kernel';
import {
  connectionFlow,
  createRequest,
  type ParseFailure,
  type SipMessage,
  type Source,
  type TransportName,
} from '@holdfast/sip';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import type { ConnectionLimits } from './connection-table.ts';
import type { OtherSip } from './other-transports.ts';
import { SipTransports } from './sip-transports.ts';
import { makeCertificate, writeCertificate } from './testing/make-certificate.ts';

const HOST = '127.0.0.1';
const ALL = { TLS: 0, WS: 0, WSS: 0 };
const closing: (() => unknown)[] = [];
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-tls-'));
});

afterEach(async () => {
  vi.useRealTimers();
  for (const close of closing.splice(0).reverse()) await close();
  rmSync(folder, { recursive: true });
});

interface End {
  readonly transports: SipTransports;
  readonly heard: { readonly message: SipMessage; readonly source: Source }[];
  readonly malformed: ParseFailure[];
  readonly failures: { readonly transaction?: string; readonly flow?: string }[];
  readonly cuts: string[];
  readonly lines: LogLine[];
}

async function open(other: OtherSip, connections: Partial<ConnectionLimits> = {}): Promise<End> {
  const end = { heard: [], malformed: [], failures: [], cuts: [], lines: [] } as Omit<End, 'transports'>;
  const transports = await SipTransports.open({
    ...{ host: HOST, port: 0, other, connections },
    onMessage: (message, source) => end.heard.push({ message, source }),
    onMalformed: (failure) => end.malformed.push(failure),
    onFailure: (what) => end.failures.push(what),
    onCut: (why) => end.cuts.push(why),
    onLine: (line) => end.lines.push(line),
    onBroken: (error) => {
      throw error;
    },
  });
  closing.push(() => transports.close());
  return { ...end, transports };
}

/** A server with all of them, and the certificate by which it is known. */
async function server(limits: Partial<ConnectionLimits> = {}, names: readonly string[] = [HOST]) {
  const made = makeCertificate({ names });
  const tls = { ...writeCertificate(folder, made), name: HOST };
  return { ...(await open({ ports: ALL, tls }, limits)), ca: made.certificate, tls };
}

const portOf = ({ transports }: End, transport: 'TLS' | 'WS' | 'WSS') => transports.portOf(transport) ?? 0;

function request(body = ''): SipMessage {
  return createRequest({
    method: 'OPTIONS',
    uri: 'sip:7001@holdfast',
    headers: [
      ['Via', 'SIP/2.0/WS nowhere.invalid;branch=z9hG4bKa'],
      ['Max-Forwards', '70'],
      ['From', '<sip:a@holdfast>;tag=1'],
      ['To', '<sip:b@holdfast>'],
      ['Call-ID', 'io'],
      ['CSeq', '1 OPTIONS'],
      ...(body === '' ? [] : [['Content-Type', 'text/plain'] as const]),
    ],
    body,
  });
}

const TEXT = [
  'OPTIONS sip:7001@holdfast SIP/2.0',
  ...['Via: SIP/2.0/WSS nowhere.invalid;branch=z9hG4bKx', 'Max-Forwards: 70'],
  ...['From: <sip:a@holdfast>;tag=1', 'To: <sip:b@holdfast>', 'Call-ID: x', 'CSeq: 1 OPTIONS', '', ''],
].join('\r\n');

const NO_TEXT = Buffer.from(
  TEXT.replace(/\r\n\r\n$/, '\r\nContent-Type: application/octet-stream\r\nContent-Length: 1\r\n\r\n\xff'),
  'latin1',
);

const transmit = (
  { transports }: End,
  target: { readonly transport: TransportName; readonly port: number; readonly flow?: string },
  body = '',
) =>
  transports.transmit({
    ...{ type: 'transmit', message: request(body), transaction: 'mine' },
    target: { host: HOST, ...target },
  });

const seen = (things: readonly unknown[], count = 1) =>
  vi.waitFor(() => expect(things.length).toBeGreaterThanOrEqual(count), { timeout: 5_000 });

/** A client that is no phone of ours. */
async function browser(port: number, headers: Readonly<Record<string, string>> = {}): Promise<WebSocket> {
  const socket = new WebSocket(`ws://${HOST}:${port}/`, 'sip', { headers });
  closing.push(() => socket.terminate());
  await once(socket, 'open');
  return socket;
}

async function tcp(port: number): Promise<Socket> {
  const socket = connectTcp(port, HOST);
  socket.on('error', () => undefined);
  closing.push(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

test.each(['TLS', 'WS', 'WSS'] as const)(
  '[TR1] over %s a phone connects, and is reached over the connection that it has made',
  async (transport) => {
    const site = await server();
    const phone = await open({ dials: { ca: site.ca } });
    transmit(phone, { transport, port: portOf(site, transport) }, 'ä'.repeat(200));
    transmit(phone, { transport, port: portOf(site, transport) });
    await seen(site.heard, 2);
    const [first, second] = site.heard.map(({ source }) => source);
    expect(first).toMatchObject({ transport, host: HOST });
    expect(second).toEqual(first);
    expect(site.heard[0]?.message.body.length).toBe(400);
    if (first === undefined) return;
    // Bytes that are no text go as they are.
    site.transports.transmit({
      ...{ type: 'transmit', message: request('back'), bytes: NO_TEXT },
      target: first,
    });
    await seen(phone.heard);
    expect(phone.heard[0]?.source.flow).toBe(connectionFlow(transport, HOST, portOf(site, transport)));
    expect(site.transports.connections).toBe(1);
    phone.transports.drop(connectionFlow(transport, HOST, portOf(site, transport)));
    await seen(site.failures);
    expect(site.failures).toEqual([{ flow: first.flow }]);
    // It makes none itself: what led to the phone is gone, whoever had it.
    transmit(site, first);
    expect(site.failures.slice(1)).toEqual([{ transaction: 'mine' }, { flow: first.flow }]);
  },
);

test('[TR1] what no option names is not offered, and other ports stay closed', async () => {
  const site = await open({});
  expect((['TLS', 'WS', 'WSS'] as const).map((transport) => portOf(site, transport))).toEqual([0, 0, 0]);
  transmit(site, { transport: 'TLS', port: 5061 });
  expect(site.failures).toEqual([{ transaction: 'mine' }, { flow: 'TLS 127.0.0.1 5061' }]);
});

test('[TR1] a port that is taken is named with its transport, and nothing stays open', async () => {
  const site = await server();
  const taken = portOf(site, 'WSS');
  const wanted = { ports: { WS: 0, WSS: taken }, tls: site.tls };
  const opening = SipTransports.open({
    ...{ host: HOST, port: site.transports.port + 1, other: wanted },
    ...{ onMessage: () => {}, onMalformed: () => {}, onFailure: () => {}, onBroken: () => {} },
  });
  await expect(opening).rejects.toMatchObject({ code: 'EADDRINUSE', transport: 'WSS', port: taken });
});

test.each(['TLS', 'WSS'] as const)(
  '[TR2] [C26] over %s a phone believes no certificate that it does not trust, nor one for somebody else (RFC 5922)',
  async (transport) => {
    const site = await server({}, [HOST, 'north.example.net']);
    const port = portOf(site, transport);
    const refused = [
      await open({ dials: { ca: makeCertificate({ names: [HOST] }).certificate } }),
      await open({ dials: { ca: site.ca, serverName: 'south.example.net' } }),
    ];
    for (const phone of refused) {
      transmit(phone, { transport, port });
      await seen(phone.failures, 2);
      expect(phone.failures).toContainEqual({ transaction: 'mine' });
    }
    const phone = await open({ dials: { ca: site.ca, serverName: 'north.example.net' } });
    transmit(phone, { transport, port });
    await seen(site.heard);
  },
);

test.each(['TLS', 'WSS'] as const)(
  '[TR2] over %s the next connection is shown a renewed certificate, and one that stands goes on',
  async (transport) => {
    const site = await server();
    const port = portOf(site, transport);
    const old = await open({ dials: { ca: site.ca } });
    transmit(old, { transport, port });
    await seen(site.heard);
    const renewed = makeCertificate({ names: [HOST] });
    writeCertificate(folder, renewed);
    await vi.waitFor(
      async () => {
        const phone = await open({ dials: { ca: renewed.certificate } });
        transmit(phone, { transport, port });
        await vi.waitFor(() => expect(site.heard.length).toBeGreaterThan(1), { timeout: 400 });
      },
      { timeout: 5_000 },
    );
    const before = site.heard.length;
    transmit(old, { transport, port });
    await seen(site.heard, before + 1);
    expect(site.heard.at(-1)?.source).toEqual(site.heard[0]?.source);
  },
);

test('[TR2] without a good certificate everything else is offered; it is mended without a restart', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
  const tls = { certificate: join(folder, 'certificate.pem'), key: join(folder, 'key.pem'), name: HOST };
  const site = await open({ ports: ALL, tls });
  expect(portOf(site, 'TLS') + portOf(site, 'WSS')).toBe(0);
  expect(site.lines).toMatchObject([{ level: 'error', what: 'SIP over TLS not offered' }]);
  const socket = await browser(portOf(site, 'WS'));
  socket.send(TEXT);
  await seen(site.heard);
  const made = makeCertificate({ names: [HOST] });
  writeCertificate(folder, made);
  vi.advanceTimersByTime(10_000);
  await vi.waitFor(() => expect(portOf(site, 'WSS')).toBeGreaterThan(0));
  const phone = await open({ dials: { ca: made.certificate } });
  for (const transport of ['TLS', 'WSS'] as const)
    transmit(phone, { transport, port: portOf(site, transport) });
  await seen(site.heard, 3);
});

test('[TR3] a frame is one message, text or binary, and keep-alives are answered', async () => {
  const site = await server();
  const socket = await browser(portOf(site, 'WS'));
  const back: string[] = [];
  socket.on('message', (data) => back.push(String(data)));
  socket.send(TEXT);
  socket.send(Buffer.from(TEXT));
  // Without Content-Length the body ends with the frame (RFC 7118 §5.2).
  socket.send(`${TEXT}body`);
  await seen(site.heard, 3);
  expect(site.heard.map(({ message }) => String(Buffer.from(message.body)))).toEqual(['', '', 'body']);
  socket.send('\r\n\r\n');
  await seen(back);
  expect(back).toEqual(['\r\n']);
  socket.ping('are you there');
  expect(String((await once(socket, 'pong'))[0])).toBe('are you there');
  socket.send('no SIP at all');
  await seen(site.malformed);
  expect(site.heard).toHaveLength(3);
});

test('[TR3] who offers no subprotocol sip is refused, who is no WebSocket is told, and Origin opens and closes nothing', async () => {
  const site = await server();
  const port = portOf(site, 'WS');
  const other = new WebSocket(`ws://${HOST}:${port}/`, 'chat');
  const [error] = await once(other, 'error');
  expect(String(error)).toContain('400');
  const answer = await fetch(`http://${HOST}:${port}/`);
  expect([answer.status, await answer.text()]).toEqual([426, expect.stringContaining('RFC 7118')]);
  const socket = await browser(port, { Origin: 'https://evil.example' });
  socket.send(TEXT);
  await seen(site.heard);
});

test('[TR3] a frame longer than any message ends its connection', async () => {
  const site = await server();
  const socket = await browser(portOf(site, 'WS'));
  socket.on('error', () => undefined);
  socket.send('x'.repeat(70_000));
  await once(socket, 'close');
  await vi.waitFor(() => expect(site.transports.connections).toBe(0));
});

test('[TR3] a phone that answers no ping is cut, and one that does is not', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const site = await server();
  const port = portOf(site, 'WS');
  const dumb = new WebSocket(`ws://${HOST}:${port}/`, 'sip', { autoPong: false });
  closing.push(() => dumb.terminate());
  const gone = once(dumb, 'close');
  await once(dumb, 'open');
  const alive = await browser(port);
  for (const socket of [dumb, alive]) socket.send(TEXT);
  await seen(site.heard, 2);
  const pinged = once(alive, 'ping');
  vi.advanceTimersByTime(30_000);
  await pinged;
  // Its answer is read before what it says next.
  alive.send(TEXT);
  await seen(site.heard, 3);
  vi.advanceTimersByTime(30_000);
  await gone;
  expect(site.cuts).toEqual(['no answer to a ping within 30000 ms']);
  alive.send(TEXT);
  await seen(site.heard, 4);
});

test.each(['TLS', 'WS', 'WSS'] as const)(
  '[TR1] over %s a connection takes a place from its first byte: who shakes no hand and says nothing is closed',
  async (transport) => {
    const site = await server({ firstMessageMs: 150, connectionsMax: 2 });
    const port = portOf(site, transport);
    const silent = await tcp(port);
    silent.resume();
    await once(silent, 'close');
    expect(site.cuts.some((why) => /no message within 150 ms|TLS handshake/.test(why))).toBe(true);
    const places = [await tcp(port), await tcp(port)];
    const gone = once(places[0] as Socket, 'close');
    places[0]?.resume();
    await tcp(port);
    await gone;
    expect(site.transports.connections).toBeLessThanOrEqual(2);
  },
);

test.each(['TLS', 'WSS'] as const)('[TR2] over %s nothing below TLS 1.2 is spoken', async (transport) => {
  const site = await server();
  const port = portOf(site, transport);
  const socket = connectTls({
    ...{ host: HOST, port, rejectUnauthorized: false },
    ...{ minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' },
  });
  const failed = once(socket, 'error').catch((error: unknown) => [error]);
  expect(String((await failed)[0])).toMatch(/alert|version|protocol/i);
  const noTls = await tcp(port);
  noTls.resume();
  noTls.write('OPTIONS sip:7001@holdfast SIP/2.0\r\n\r\n');
  await once(noTls, 'close');
  await vi.waitFor(() =>
    expect(site.cuts.filter((why) => why.startsWith('the TLS handshake failed')).length).toBe(2),
  );
  expect(site.heard).toEqual([]);
});

test.each(['TLS', 'WSS'] as const)(
  '[TR2] over %s bytes that are no TLS after the handshake end the connection',
  async (transport) => {
    const site = await server();
    const raw = await tcp(portOf(site, transport));
    const secured = connectTls({ socket: raw, ca: site.ca, host: HOST });
    secured.on('error', () => undefined);
    await once(secured, 'secureConnect');
    const gone = once(raw, 'close');
    raw.write('what is this');
    await gone;
    await vi.waitFor(() => expect(site.transports.connections).toBe(0));
  },
);

test.each(['WS', 'WSS'] as const)(
  '[TR1] over %s an end that reads nothing is cut off at the stated bound',
  async (transport) => {
    const site = await server({ unsentBytesMax: 100_000 });
    const scheme = transport.toLowerCase();
    const socket = new WebSocket(`${scheme}://${HOST}:${portOf(site, transport)}/`, 'sip', { ca: site.ca });
    closing.push(() => socket.terminate());
    await once(socket, 'open');
    socket.send(TEXT);
    await seen(site.heard);
    socket.pause();
    const source = site.heard[0]?.source;
    for (let i = 0; i < 1_000 && site.transports.connections > 0 && source !== undefined; i++) {
      transmit(site, source, 'x'.repeat(60_000));
      await new Promise(setImmediate);
    }
    expect(site.cuts).toEqual(['more than 100000 bytes wait to be read']);
  },
);
