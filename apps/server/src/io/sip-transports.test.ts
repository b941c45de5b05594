import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { cryptoRandom } from '@holdfast/shell';
import {
  connectionFlow,
  createRequest,
  createResponse,
  type EndpointEvent,
  type EndpointOutput,
  type ParseFailure,
  SipEndpoint,
  type SipMessage,
  type SipRequest,
  type Source,
  type TransportName,
} from '@holdfast/sip';
import { afterEach, expect, test } from 'vitest';
import { SipTransports, type SipTransportsOptions } from './sip-transports.ts';

const closing: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** Waits for the next thing of each kind; nothing here sleeps. */
class Inbox<T> {
  readonly #things: T[] = [];
  readonly #takers: ((thing: T) => void)[] = [];

  put(thing: T): void {
    const taker = this.#takers.shift();
    if (taker === undefined) this.#things.push(thing);
    else taker(thing);
  }

  take(): Promise<T> {
    const thing = this.#things.shift();
    return thing === undefined
      ? new Promise((resolve) => this.#takers.push(resolve))
      : Promise.resolve(thing);
  }
}

async function openTransports(options: Partial<SipTransportsOptions> = {}) {
  const messages = new Inbox<{ message: SipMessage; source: Source }>();
  const malformed = new Inbox<ParseFailure>();
  const failures = new Inbox<{ transaction?: string; flow?: string }>();
  const transports = await SipTransports.open({
    host: '127.0.0.1',
    port: 0,
    onMessage: (message, source) => messages.put({ message, source }),
    onMalformed: (failure) => malformed.put(failure),
    onFailure: (what) => failures.put(what),
    onBroken: (error) => {
      throw error;
    },
    ...options,
  });
  closing.push(() => transports.close());
  return { transports, messages, malformed, failures };
}

/** An endpoint on real sockets, run in real time. */
async function openAgent(react?: (agent: Agent, event: EndpointEvent) => void) {
  const agent = new Agent(react);
  await agent.open();
  return agent;
}

class Agent {
  readonly events = new Inbox<EndpointEvent>();
  readonly #react: ((agent: Agent, event: EndpointEvent) => void) | undefined;
  #transports: SipTransports | undefined;
  readonly endpoint = new SipEndpoint({
    random: cryptoRandom(),
    sentBy: () => ({ host: this.at.host, port: this.at.port }),
  });

  constructor(react?: (agent: Agent, event: EndpointEvent) => void) {
    this.#react = react;
  }

  get at(): SipTransports {
    if (this.#transports === undefined) throw new Error('not open');
    return this.#transports;
  }

  async open(): Promise<void> {
    this.#transports = await SipTransports.open({
      host: '127.0.0.1',
      port: 0,
      onMessage: (message, source) => this.perform(this.endpoint.receive(performance.now(), message, source)),
      onMalformed: (failure, source) =>
        this.perform(this.endpoint.receiveMalformed(performance.now(), failure, source)),
      onFailure: (what) => this.perform(this.endpoint.transportFailed(performance.now(), what)),
      onBroken: (error) => {
        throw error;
      },
    });
    closing.push(() => this.at.close());
  }

  perform(output: EndpointOutput): void {
    for (const effect of output.effects) if (effect.type === 'transmit') this.at.transmit(effect);
    for (const event of output.events) {
      this.#react?.(this, event);
      this.events.put(event);
    }
  }

  send(request: SipRequest, to: { host: string; port: number }, transport: TransportName): string {
    const target = { transport, host: to.host, port: to.port };
    const sent = this.endpoint.sendRequest(performance.now(), request, { type: 'target', target });
    this.perform(sent.output);
    return sent.transaction;
  }
}

function request(method: string, body = ''): SipRequest {
  return createRequest({
    method,
    uri: 'sip:7001@127.0.0.1',
    headers: [
      ['Max-Forwards', '70'],
      ['From', '<sip:7000@127.0.0.1>;tag=1'],
      ['To', '<sip:7001@127.0.0.1>'],
      ['Call-ID', 'io'],
      ['CSeq', `1 ${method}`],
      ...(body === '' ? [] : [['Content-Type', 'text/plain'] as const]),
    ],
    body,
  });
}

function answering(status: number) {
  return (agent: Agent, event: EndpointEvent) => {
    if (event.type !== 'request') return;
    const response = createResponse(event.request, status, { toTag: 'b' });
    agent.perform(agent.endpoint.sendResponse(performance.now(), event.transaction, response));
  };
}

const HEAD = [
  'OPTIONS sip:7001@127.0.0.1 SIP/2.0',
  'Via: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bKx',
  'Max-Forwards: 70',
  'From: <sip:a@127.0.0.1>;tag=1',
  'To: <sip:b@127.0.0.1>',
  'Call-ID: x',
  'CSeq: 1 OPTIONS',
];

function text(lines: readonly string[], body = ''): string {
  return `${lines.join('\r\n')}\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

async function dial(transports: SipTransports): Promise<Socket> {
  const socket = connect(transports.port, '127.0.0.1');
  await once(socket, 'connect');
  closing.push(async () => socket.destroy());
  return socket;
}

test.each(['UDP', 'TCP'] as const)('a request and its response over %s', async (transport) => {
  const alice = await openAgent();
  const bob = await openAgent(answering(200));
  const id = alice.send(request('OPTIONS'), bob.at, transport);
  expect(await alice.events.take()).toMatchObject({
    type: 'response',
    transaction: id,
    response: { status: 200 },
    source: { transport },
  });
});

test('a refused INVITE is acknowledged over the wire, and the transaction is confirmed', async () => {
  const alice = await openAgent();
  const bob = await openAgent(answering(486));
  alice.send(request('INVITE'), bob.at, 'TCP');
  const statuses: number[] = [];
  while (statuses.at(-1) !== 486) {
    const event = await alice.events.take();
    if (event.type === 'response') statuses.push(event.response.status);
  }
  expect(statuses).toEqual([100, 486]);
  // Another exchange on the same connection shows that the ACK before it has been read.
  alice.send(request('OPTIONS'), bob.at, 'TCP');
  await alice.events.take();
  expect(bob.endpoint.status()).toMatchObject({ serverTransactions: 0, deadlines: 0 });
});

test('a request over 1,300 bytes goes over TCP', async () => {
  const alice = await openAgent();
  const bob = await openAgent(answering(200));
  alice.send(request('MESSAGE', 'x'.repeat(1_300)), bob.at, 'UDP');
  const event = await bob.events.take();
  expect(event).toMatchObject({ type: 'request', source: { transport: 'TCP' } });
  expect(event.type === 'request' && event.request.body.length).toBe(1_300);
});

test('where TCP is refused, a long request comes back to UDP', async () => {
  const alice = await openAgent();
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  closing.push(async () => socket.close());
  const received = once(socket, 'message');
  alice.send(
    request('MESSAGE', 'x'.repeat(1_300)),
    { host: '127.0.0.1', port: socket.address().port },
    'UDP',
  );
  const [bytes] = await received;
  expect(String(bytes)).toContain('Via: SIP/2.0/UDP');
  expect(bytes.length).toBeGreaterThan(1_300);
});

test('a TCP port that nobody listens on fails the transaction', async () => {
  const alice = await openAgent();
  const { transports } = await openTransports();
  const port = transports.port;
  await transports.close();
  closing.length = 0;
  closing.push(() => alice.at.close());
  const id = alice.send(request('OPTIONS'), { host: '127.0.0.1', port }, 'TCP');
  expect(await alice.events.take()).toEqual({ type: 'failed', transaction: id, reason: 'transport' });
});

test('a connection that breaks before the answer fails the transaction', async () => {
  const alice = await openAgent();
  const bob = await openAgent();
  const id = alice.send(request('OPTIONS'), bob.at, 'TCP');
  const event = await bob.events.take();
  expect(event.type).toBe('request');
  if (event.type === 'request') bob.at.drop(event.source.flow);
  expect(await alice.events.take()).toEqual({ type: 'failed', transaction: id, reason: 'transport' });
});

test('requests to one address share one connection', async () => {
  const alice = await openAgent();
  const bob = await openAgent(answering(200));
  for (let i = 0; i < 5; i++) {
    alice.send(request('OPTIONS'), bob.at, 'TCP');
    await alice.events.take();
  }
  expect(alice.at.connections).toBe(1);
  expect(bob.at.connections).toBe(1);
});

test('a response goes back over the connection of its request, whatever the Via says', async () => {
  const bob = await openAgent(answering(200));
  const socket = await dial(bob.at);
  const answered = once(socket, 'data');
  socket.write(text(HEAD));
  expect(String((await answered)[0])).toMatch(/^SIP\/2\.0 200 OK\r\n/);
});

test('messages are found in pieces, and two in one piece', async () => {
  const { transports, messages } = await openTransports();
  const socket = await dial(transports);
  const whole = text(HEAD, 'hello');
  socket.write(whole.slice(0, 40));
  socket.write(whole.slice(40) + text(HEAD, 'again'));
  const bodies = [await messages.take(), await messages.take()].map(({ message }) =>
    String(Buffer.from(message.body)),
  );
  expect(bodies).toEqual(['hello', 'again']);
});

test('a keep-alive is answered with one CRLF (RFC 5626 §4.4.1)', async () => {
  const { transports } = await openTransports();
  const socket = await dial(transports);
  const answered = once(socket, 'data');
  socket.write('\r\n\r\n');
  expect(String((await answered)[0])).toBe('\r\n');
});

test('a stream that is no SIP is closed', async () => {
  const { transports, malformed } = await openTransports();
  const socket = await dial(transports);
  const ended = once(socket, 'end');
  socket.write('\u0000\u0001\u0002\u0003 something else\r\n\r\n');
  expect(await malformed.take()).toMatchObject({ ok: false, status: 400 });
  socket.resume();
  await ended;
});

test('a request without what transactions need is answered 400 and names the field', async () => {
  const bob = await openAgent();
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  closing.push(async () => socket.close());
  const answered = once(socket, 'message');
  const lines = HEAD.map((line) =>
    line.replace('CSeq: 1 OPTIONS', 'CSeq: 1 INVITE').replace('/TCP', '/UDP').replace(':9;', ';rport;'),
  );
  socket.send(text(lines), bob.at.port, '127.0.0.1');
  expect(String((await answered)[0])).toMatch(/^SIP\/2\.0 400 .*CSeq/);
  expect(bob.endpoint.status()).toMatchObject({ malformed: 1, serverTransactions: 0 });
});

test('a bad response and keep-alives over UDP are dropped without a word', async () => {
  const { transports, messages, malformed } = await openTransports();
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  closing.push(async () => socket.close());
  for (const bytes of ['\r\n\r\n', 'jaK', 'SIP/2.0 200 OK\r\nVia: none\r\n\r\n', text(HEAD)]) {
    socket.send(bytes, transports.port, '127.0.0.1');
  }
  expect((await messages.take()).message).toMatchObject({ kind: 'request', method: 'OPTIONS' });
  expect(await malformed.take()).not.toHaveProperty('request');
});

test('beyond the limit of connections a further one is closed, and those that stand go on', async () => {
  const { transports, messages } = await openTransports({ connections: { connectionsMax: 1 } });
  const first = await dial(transports);
  first.write(text(HEAD));
  await messages.take();
  const second = connect(transports.port, '127.0.0.1');
  await once(second, 'close');
  first.write(text(HEAD));
  expect((await messages.take()).source.flow).toBe(connectionFlow('TCP', '127.0.0.1', first.localPort ?? 0));
});

test('a message that never ends closes its connection', async () => {
  const { transports, failures } = await openTransports({ connections: { unfinishedMs: 30 } });
  const socket = await dial(transports);
  const flow = connectionFlow('TCP', '127.0.0.1', socket.localPort ?? 0);
  socket.write('OPTIONS sip:a SIP/2.0\r\nVia: ');
  await once(socket, 'close');
  expect(await failures.take()).toEqual({ flow });
});

test('a message that trickles in closes its connection just as soon', async () => {
  const cuts = new Inbox<string>();
  const { transports } = await openTransports({
    connections: { unfinishedMs: 120, firstMessageMs: 60_000 },
    onCut: (why) => cuts.put(why),
  });
  const socket = await dial(transports);
  socket.on('error', () => undefined);
  const began = process.hrtime.bigint();
  const drip = setInterval(() => socket.write('X: y\r\n'), 10);
  socket.write('OPTIONS sip:a SIP/2.0\r\n');
  await new Promise((resolve) => socket.once('close', resolve));
  clearInterval(drip);
  expect(await cuts.take()).toBe('a message was not whole after 120 ms');
  expect(Number(process.hrtime.bigint() - began) / 1e6).toBeLessThan(2_000);
});

test('each whole message gives the next one its full time', async () => {
  const { transports, messages } = await openTransports({ connections: { unfinishedMs: 100 } });
  const socket = await dial(transports);
  const whole = text(HEAD);
  socket.write(whole.slice(0, 30));
  // Always in the middle of a message, far longer than one of them may take.
  for (let i = 0; i < 20; i++) {
    await new Promise((resolve) => setTimeout(resolve, 15));
    socket.write(whole.slice(30) + whole.slice(0, 30));
    await messages.take();
  }
  expect(transports.connections).toBe(1);
});

test('who opens a connection and brings no message is closed, keep-alives or not', async () => {
  const cuts = new Inbox<string>();
  const { transports } = await openTransports({
    connections: { firstMessageMs: 50 },
    onCut: (why) => cuts.put(why),
  });
  const socket = await dial(transports);
  socket.resume();
  socket.write('\r\n\r\n');
  await once(socket, 'close');
  expect(await cuts.take()).toBe('no message within 50 ms');
});

test('who opens a connection and says nothing gives way at the limit, who has spoken does not', async () => {
  const { transports, messages } = await openTransports({ connections: { connectionsMax: 3 } });
  const phone = await dial(transports);
  phone.write(text(HEAD));
  await messages.take();
  const silent = [await dial(transports), await dial(transports)];
  const gone = silent.map((socket) => once(socket, 'close'));
  const third = await dial(transports);
  await gone[0];
  expect(transports.connections).toBe(3);
  phone.write(text(HEAD));
  third.write(text(HEAD));
  const flows = [await messages.take(), await messages.take()].map(({ source }) => source.port);
  expect(new Set(flows)).toEqual(new Set([phone.localPort, third.localPort]));
});

test('an end that does not close after a broken stream is closed, whatever it goes on sending', async () => {
  const { transports, malformed } = await openTransports();
  const socket = connect({ port: transports.port, host: '127.0.0.1', allowHalfOpen: true });
  closing.push(async () => socket.destroy());
  socket.on('error', () => undefined);
  socket.write('\u0000\u0001');
  await malformed.take();
  socket.resume();
  const flood = setInterval(() => socket.write('x'.repeat(1_000)), 20);
  // It may hear of the end by an error first.
  await new Promise((resolve) => socket.once('close', resolve));
  clearInterval(flood);
  expect(transports.connections).toBe(0);
});

test('an end that reads nothing is cut off at the stated bound', async () => {
  const { transports, messages, failures } = await openTransports({
    connections: { unsentBytesMax: 100_000 },
  });
  const socket = await dial(transports);
  socket.pause();
  socket.write(text(HEAD));
  const { source } = await messages.take();
  const big = request('MESSAGE', 'x'.repeat(60_000));
  const target = { transport: source.transport, host: source.host, port: source.port, flow: source.flow };
  for (let i = 0; i < 500 && transports.connections > 0; i++) {
    transports.transmit({ type: 'transmit', message: big, target });
    await new Promise(setImmediate);
  }
  expect(await failures.take()).toEqual({ flow: source.flow });
});

test('a port in use is refused with its name', async () => {
  const { transports } = await openTransports();
  await expect(openTransports({ port: transports.port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
});

test('a message whose bytes are known is sent without writing it anew', async () => {
  const { transports } = await openTransports();
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  closing.push(async () => socket.close());
  const target = { transport: 'UDP', host: '127.0.0.1', port: socket.address().port } as const;
  const received = once(socket, 'message');
  transports.transmit({
    type: 'transmit',
    message: request('OPTIONS'),
    bytes: new TextEncoder().encode('known'),
    target,
  });
  expect(String((await received)[0])).toBe('known');
});
