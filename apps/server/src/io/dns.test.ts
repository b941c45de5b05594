/// <reference path="./dns-packet.d.ts" />
import { once } from 'node:events';
import { createServer } from 'node:net';
import { type LookupAnswer, type RecordType, SipEndpoint } from '@holdfast/sip';
import { type Answer, decode, encode } from 'dns-packet';
import { afterEach, expect, test } from 'vitest';
import { DnsClient, type DnsServer } from './dns.ts';
import { type NameServer, nameServer as openNameServer } from './testing/name-server.ts';

const opened: { close: () => void }[] = [];

afterEach(() => {
  for (const each of opened.splice(0)) each.close();
});

async function nameServer(...answer: Parameters<typeof openNameServer>): Promise<NameServer> {
  const server = await openNameServer(...answer);
  opened.push(server.socket);
  return server;
}

function client(servers: readonly DnsServer[], tryMs = 200): DnsClient {
  const dns = new DnsClient({
    servers,
    tryMs,
    tries: 1,
    hosts: '127.0.0.9 desk.test Other.test\n::1 desk.test\n# x\n',
  });
  opened.push(dns);
  return dns;
}

function look(dns: DnsClient, record: RecordType, name: string): Promise<LookupAnswer> {
  return new Promise((resolve) => dns.lookup(record, name, resolve));
}

const NXDOMAIN = 3;

test('A, SRV and NAPTR records come with the least TTL of their set', async () => {
  const records: Record<string, readonly Answer[]> = {
    'A a.test': [
      { type: 'A', name: 'a.test', ttl: 60, data: '10.0.0.1' },
      { type: 'A', name: 'a.test', ttl: 5, data: '10.0.0.2' },
    ],
    'SRV _sip._udp.a.test': [
      {
        type: 'SRV',
        name: '_sip._udp.a.test',
        ttl: 30,
        data: { priority: 1, weight: 2, port: 5062, target: 'x.a.test' },
      },
    ],
    'NAPTR a.test': [
      {
        type: 'NAPTR',
        name: 'a.test',
        ttl: 7,
        data: {
          order: 1,
          preference: 2,
          flags: 's',
          services: 'SIP+D2U',
          regexp: '',
          replacement: '_sip._udp.a.test',
        },
      },
    ],
  };
  const server = await nameServer(({ name, type }) => ({ answers: records[`${type} ${name}`] ?? [] }));
  const dns = client([server]);
  expect(await look(dns, 'A', 'a.test')).toEqual({ type: 'A', addresses: ['10.0.0.1', '10.0.0.2'], ttlS: 5 });
  expect(await look(dns, 'SRV', '_sip._udp.a.test')).toMatchObject({
    type: 'SRV',
    records: [{ priority: 1, weight: 2, port: 5062, target: 'x.a.test' }],
    ttlS: 30,
  });
  expect(await look(dns, 'NAPTR', 'a.test')).toEqual({
    type: 'NAPTR',
    records: [{ order: 1, preference: 2, flags: 's', service: 'SIP+D2U', replacement: '_sip._udp.a.test' }],
    ttlS: 7,
  });
});

test('[C24] TTL 0 arrives as 0, so that the endpoint asks anew for each transaction and once for each', async () => {
  const server = await nameServer(({ name }) => ({
    answers: [{ type: 'A', name, ttl: 0, data: '10.0.0.7' }],
  }));
  const dns = client([server]);
  const endpoint = new SipEndpoint({ random: () => 0.5, sentBy: () => ({ host: '10.0.0.1', port: 5060 }) });
  const answer = await look(dns, 'A', 'zero.test');
  expect(answer).toEqual({ type: 'A', addresses: ['10.0.0.7'], ttlS: 0 });
  const request = {
    kind: 'request',
    method: 'OPTIONS',
    uri: 'sip:zero.test',
    headers: [],
    body: new Uint8Array(),
  } as const;
  for (let i = 0; i < 3; i++) {
    const { output } = endpoint.sendRequest(0, request, { type: 'uri', uri: 'sip:zero.test:5060' });
    expect(output.effects).toMatchObject([{ type: 'lookup', record: 'A', name: 'zero.test' }]);
    expect(endpoint.lookedUp(0, 'A zero.test', answer).effects).toMatchObject([{ type: 'transmit' }]);
    expect(endpoint.expire(500).effects.every((effect) => effect.type === 'transmit')).toBe(true);
  }
});

test('a name that does not exist is a negative answer for the time that the SOA says', async () => {
  const soa = {
    mname: 'ns.test',
    rname: 'root.test',
    serial: 1,
    refresh: 1,
    retry: 1,
    expire: 1,
    minimum: 20,
  };
  const server = await nameServer(() => ({
    flags: NXDOMAIN,
    authorities: [{ type: 'SOA', name: 'test', ttl: 90, data: soa }],
  }));
  expect(await look(client([server]), 'A', 'none.test')).toEqual({ type: 'none', ttlS: 20 });
});

test('a silent and a failing server are passed over for the next one', async () => {
  const silent = await nameServer(() => undefined);
  const failing = await nameServer(() => ({ flags: 2 }));
  const good = await nameServer(({ name }) => ({ answers: [{ type: 'A', name, ttl: 9, data: '10.0.0.3' }] }));
  expect(await look(client([silent, failing, good], 50), 'A', 'a.test')).toMatchObject({
    addresses: ['10.0.0.3'],
  });
});

test('with all servers silent the look-up fails, in bounded time and with a reason', async () => {
  const silent = await nameServer(() => undefined);
  expect(await look(client([silent], 30), 'A', 'a.test')).toEqual({
    type: 'failed',
    reason: 'no DNS server answers',
  });
  expect(silent.asked).toHaveLength(1);
});

/** To where this machine sends nothing, and says so at once: as to a network of which it has no address in this moment. */
const NO_WAY = { host: '255.255.255.255', port: 53 };

test('a server to which nothing can be sent in this moment is passed over, and alone it is tried again after a while', async () => {
  const good = await nameServer(({ name }) => ({ answers: [{ type: 'A', name, ttl: 9, data: '10.0.0.3' }] }));
  const begun = performance.now();
  const both = new DnsClient({ servers: [NO_WAY, good], tryMs: 10_000, hosts: '' });
  opened.push(both);
  expect(await look(both, 'A', 'a.test')).toMatchObject({ addresses: ['10.0.0.3'] });
  expect(performance.now() - begun).toBeLessThan(5_000);
  const alone = new DnsClient({ servers: [NO_WAY], tryMs: 50, tries: 3, hosts: '' });
  opened.push(alone);
  const asked = performance.now();
  expect(await look(alone, 'A', 'a.test')).toMatchObject({
    type: 'failed',
    reason: expect.stringContaining('EACCES'),
  });
  expect(performance.now() - asked).toBeGreaterThanOrEqual(140);
});

test('an answer to another question, and bytes that are none, are not believed', async () => {
  const server = await nameServer(({ name }) => ({
    answers: [{ type: 'A', name, ttl: 9, data: '10.0.0.3' }],
  }));
  server.socket.prependListener('message', (_bytes, from) => {
    server.socket.send(Buffer.from('nonsense'), from.port, from.address);
    const questions = [{ type: 'A', name: 'evil.test' }];
    const forged = encode({
      type: 'response',
      id: 1,
      questions,
      answers: [{ type: 'A', name: 'a.test', ttl: 9, data: '6.6.6.6' }],
    });
    server.socket.send(forged, from.port, from.address);
  });
  expect(await look(client([server]), 'A', 'a.test')).toMatchObject({ addresses: ['10.0.0.3'] });
});

test('aliases are followed inside the answer, and the least TTL on the way counts', async () => {
  const server = await nameServer(() => ({
    answers: [
      { type: 'CNAME', name: 'www.test', ttl: 3, data: 'real.test' },
      { type: 'A', name: 'real.test', ttl: 60, data: '10.0.0.4' },
    ],
  }));
  expect(await look(client([server]), 'A', 'www.test')).toEqual({
    type: 'A',
    addresses: ['10.0.0.4'],
    ttlS: 3,
  });
});

/** Answers all over UDP with "truncated", on the port on which `tcp` listens; a port may be free for one of them only. */
async function nameServerBeside(tcp: ReturnType<typeof createServer>) {
  for (let tries = 0; tries < 20; tries++) {
    const server = await nameServer(() => ({ flags: 0x0200 }));
    tcp.listen(server.port, '127.0.0.1');
    const isListening = await once(tcp, 'listening').then(
      () => true,
      // The port is taken for TCP.
      () => false,
    );
    if (isListening) return server;
  }
  throw new Error('no port is free for both UDP and TCP');
}

test('an answer that does not fit a datagram is read over TCP', async () => {
  const tcp = createServer((socket) => {
    socket.once('data', () => undefined);
    socket.on('data', (bytes) => {
      const query = decode(bytes.subarray(bytes.length > 14 && bytes[0] === 0 ? 2 : 0));
      const questions = query.questions ?? [];
      const reply = encode({
        type: 'response',
        ...(query.id !== undefined && { id: query.id }),
        questions,
        answers: [{ type: 'A', name: 'big.test', ttl: 1, data: '10.0.0.5' }],
      });
      socket.end(Buffer.concat([new Uint8Array([reply.length >> 8, reply.length & 0xff]), reply]));
    });
  });
  opened.push(tcp);
  const server = await nameServerBeside(tcp);
  expect(await look(client([server], 1_000), 'A', 'big.test')).toMatchObject({ addresses: ['10.0.0.5'] });
});

test('names of the hosts file are answered from it', async () => {
  const dns = client([]);
  expect(await look(dns, 'A', 'desk.test')).toEqual({ type: 'A', addresses: ['127.0.0.9'], ttlS: 60 });
  expect(await look(dns, 'AAAA', 'desk.test')).toEqual({ type: 'AAAA', addresses: ['::1'], ttlS: 60 });
  expect(await look(dns, 'AAAA', 'other.test')).toEqual({ type: 'none', ttlS: 60 });
  expect(await look(dns, 'SRV', 'desk.test')).toMatchObject({ type: 'failed' });
});
