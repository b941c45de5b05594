/**
 * SIP that nobody should send, sent to a real site over UDP and TCP: the messages of RFC 4475 (what each is owed stands
 * in `torture-answers.ts`), thousands of broken ones, floods, connections that only wait. The site answers with a 400-class response or not at all, as the RFCs
 * say, logs no more than somebody can read, keeps its memory, and does its work all the while.
 */
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { seededRandom } from '@holdfast/kernel';
import { checkMessage, parseMessage, type SipResponse, StreamFramer } from '@holdfast/sip';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { AttackedSite, type LoggedLine } from './attacked-site.ts';
import { mutatedMessage, type Sender, soundMessage, WOUND_NAMES } from './mutated-sip.ts';
import { until } from './peers/processes.ts';
import { pause } from './site-processes.ts';
import { TORTURE_ANSWERS, type TortureAnswer } from './torture-answers.ts';

const SEED = 4475;
/** How long a person waits for a phone to register, or for an answer, while and after the site is attacked. */
const WORKS_WITHIN_MS = 3_000;
/** Server transactions over UDP last 64*T1 (RFC 3261 timers H and J). */
const TRANSACTIONS_END_MS = 33_000;
/** Objects that may be left when all is over, MB: 20,000 messages of which each left something would weigh more. */
const HEAP_GROWTH_MAX_MB = 6;
/** What Node may keep of the machine's memory for the next flood, MB. */
const GROWTH_MAX_MB = 160;
/** As the site writes them: so many of one kind as they come, then one that counts, in each period. */
const LINES_A_PERIOD = 11;
const PERIOD_MS = 10_000;

let site: AttackedSite;
let memoryBeforeMb: number;
let heapBeforeMb: number;
let floodedAt = 0;
/** Over UDP, where each is one by itself. */
let malformedSent = 0;
const opened: { destroy(): void }[] = [];
/** What the site sent and is no response. */
const unreadable: string[] = [];

beforeAll(async () => {
  site = await AttackedSite.start();
  for (let i = 0; i < 3; i++) await site.works();
  heapBeforeMb = await site.heapOf('sip-north');
  memoryBeforeMb = site.memoryOf('sip-north');
}, 40_000);
afterEach(async () => {
  for (const one of opened.splice(0)) one.destroy();
  expect(unreadable.splice(0)).toEqual([]);
  const { registeredMs, answeredMs } = await site.works();
  expect(registeredMs).toBeLessThan(WORKS_WITHIN_MS);
  expect(answeredMs).toBeLessThan(WORKS_WITHIN_MS);
});
afterAll(() => site.stop());

const malformedLines = (lines: readonly LoggedLine[]) =>
  lines.filter(({ what }) => what.startsWith('malformed SIP message'));
/** Of lines that were left out, the number that the counting line names. */
const toldBy = (lines: readonly LoggedLine[]) =>
  lines.reduce((sum, { detail }) => sum + Number(detail?.leftOut ?? 1), 0);

/** A UDP socket that keeps what it gets. */
async function udp(): Promise<{ socket: UdpSocket; sender: Sender; answers: SipResponse[] }> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 4 * 1_024 * 1_024 });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const answers: SipResponse[] = [];
  socket.on('message', (bytes) => {
    const parsed = parseMessage(bytes);
    if (parsed.ok && parsed.message.kind === 'response') answers.push(parsed.message);
    else unreadable.push(String(bytes));
  });
  opened.push({ destroy: () => socket.close() });
  const { address, port } = socket.address();
  return {
    socket,
    answers,
    sender: { transport: 'UDP', host: address, port, to: `127.0.0.1:${site.sipPort}` },
  };
}

interface Line {
  readonly socket: Socket;
  readonly sender: Sender;
  readonly answers: SipResponse[];
  readonly closed: Promise<void>;
}

/** A TCP connection that keeps the responses that it gets. */
async function tcp(): Promise<Line> {
  const socket = connect(site.sipPort, '127.0.0.1');
  opened.push(socket);
  // How it ends is told by `close`.
  socket.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  const framer = new StreamFramer();
  const answers: SipResponse[] = [];
  socket.on('data', (bytes) => {
    for (const framed of framer.push(bytes)) {
      if (framed.type === 'message' && framed.message.kind === 'response') answers.push(framed.message);
      else if (framed.type === 'bad' || framed.type === 'broken') unreadable.push(framed.failure.reason);
    }
  });
  await once(socket, 'connect');
  const { address, port } = socket.address() as AddressInfo;
  return {
    socket,
    answers,
    closed,
    sender: { transport: 'TCP', host: address, port, to: `127.0.0.1:${site.sipPort}` },
  };
}

const random = seededRandom(SEED);
const missingCSeq = (sender: Sender) => soundMessage(random, 'OPTIONS', sender).replace(/CSeq:.*\r\n/, '');

test('one malformed request has one answer, 400 with its reason, and one log line', async () => {
  const { socket, sender, answers } = await udp();
  const line = await tcp();
  const before = malformedLines(site.lines()).length;
  // Without what an answer needs there is none (RFC 3261 §8.2.6); with it the reason names the field.
  socket.send(missingCSeq(sender), site.sipPort);
  socket.send(soundMessage(random, 'OPTIONS', sender).replace('CSeq: ', 'CSeq: x'), site.sipPort);
  line.socket.write(
    soundMessage(random, 'OPTIONS', line.sender).replace('Max-Forwards: 70', 'Max-Forwards: many'),
  );
  await until('two answers', 3_000, () => answers.length === 1 && line.answers.length === 1);
  expect(answers[0]).toMatchObject({ status: 400 });
  expect(answers[0]?.reason).toContain('CSeq');
  expect(line.answers[0]).toMatchObject({ status: 400 });
  await until('three lines', 3_000, () => malformedLines(site.lines()).length === before + 3);
  await pause(100);
  const lines = malformedLines(site.lines()).slice(before);
  const told = lines.map(
    ({ level, detail }) => `${level} ${detail?.status} ${detail?.field} ${detail?.remote}`,
  );
  const { host, port } = sender;
  expect(told.sort()).toEqual(
    [
      `warn 400 CSeq ${host}:${port}`,
      `warn 400 CSeq ${host}:${port}`,
      `warn 400 Max-Forwards ${host}:${line.sender.port}`,
    ].sort(),
  );
});

/** Where the sender says that it is: the host and port of the topmost Via. */
const SENT_BY = /((?:^|\r\n)v(?:ia)?[ \t]*:\s*SIP\s*\/\s*\d\.0\s*\/\s*\w+\s+)[^\s;]+/i;
/** For an answer that is not to come. */
const NO_ANSWER_MS = 300;

test('every message of RFC 4475 is answered as that RFC says, over UDP', async () => {
  const names = tortureNames();
  const asked = names.map(async (name) => {
    const { socket, sender, answers } = await udp();
    // The answer goes to where the topmost Via says (RFC 3261 §18.2.2), which also names the transaction.
    const text = torture(name).toString('latin1');
    const ours = text.replace(SENT_BY, `$1${sender.host}:${sender.port}`);
    expect(ours, name).not.toBe(text);
    socket.send(Buffer.from(ours, 'latin1'), site.sipPort);
    const { udp: status } = TORTURE_ANSWERS[name] as TortureAnswer;
    if (status !== null) await until(`${name} is answered`, 5_000, () => finals(answers).length > 0);
    return { name, socket, answers };
  });
  const told = await Promise.all(asked);
  await pause(NO_ANSWER_MS);
  for (const { name, answers } of told) {
    const { udp: status } = TORTURE_ANSWERS[name] as TortureAnswer;
    // An INVITE's answer is repeated until it is acknowledged.
    expect([...new Set(finals(answers))], name).toEqual(status === null ? [] : [status]);
  }
});

test('every message of RFC 4475 is answered as that RFC says, over TCP, and the connection goes on', async () => {
  const isLast = ({ headers }: SipResponse) => callId(headers)?.startsWith('last-') === true;
  const asked = tortureNames().map(async (name) => {
    const { udp: status, tcp: statuses, closes = false } = TORTURE_ANSWERS[name] as TortureAnswer;
    const line = await tcp();
    let isClosed = false;
    void line.closed.then(() => {
      isClosed = true;
    });
    line.socket.write(torture(name));
    // What comes behind it on the same connection is answered all the same.
    line.socket.write(soundMessage(random, 'OPTIONS', line.sender).replace('Call-ID: ', 'Call-ID: last-'));
    // It promises more bytes than it has, so that it takes the next message for its body.
    const waits = name === 'clerr';
    if (waits) await pause(NO_ANSWER_MS);
    else await until(`${name} is done with`, 5_000, () => isClosed || line.answers.some(isLast));
    const expected = statuses ?? (status === null ? [] : [status]);
    expect(finals(line.answers.filter((response) => !isLast(response))), name).toEqual(expected);
    expect(isClosed, name).toBe(closes);
    expect(line.answers.some(isLast), name).toBe(!closes && !waits);
  });
  await Promise.all(asked);
});

const TORTURE = fileURLToPath(new URL('../../packages/sip/torture/', import.meta.url));

function torture(name: string): Buffer {
  return readFileSync(`${TORTURE}${name}.sip`);
}

/** All 49, each of which stands in the table. */
function tortureNames(): string[] {
  const names = readdirSync(TORTURE).flatMap((file) => (file.endsWith('.sip') ? [file.slice(0, -4)] : []));
  expect(names.length).toBe(49);
  expect(names.sort()).toEqual(Object.keys(TORTURE_ANSWERS).sort());
  return names;
}

const finals = (answers: readonly SipResponse[]) =>
  answers.map(({ status }) => status).filter((status) => status >= 200);

test('thousands of broken messages over UDP and TCP: no answer but those of the RFC, no crash, few lines', async () => {
  const { socket, sender, answers } = await udp();
  const before = site.lines().length;
  const startedAt = performance.now();
  const wounded = new Map<string, number>();
  let sent = 0;
  let line = await tcp();
  let isOpen = true;
  const tcpAnswers: SipResponse[] = [];
  while (sent < 8_000 && performance.now() - startedAt < 20_000) {
    const overTcp = sent % 4 === 0;
    if (overTcp && !isOpen) {
      tcpAnswers.push(...line.answers);
      line = await tcp();
      isOpen = true;
      void line.closed.then(() => {
        isOpen = false;
      });
    }
    const { bytes, wounds } = mutatedMessage(random, overTcp ? line.sender : sender);
    for (const wound of wounds) wounded.set(wound, (wounded.get(wound) ?? 0) + 1);
    if (overTcp) {
      line.socket.write(bytes);
      // Every fourth of them alone, so that others run into one another.
      if (sent % 16 === 0) line.socket.end();
      if (sent % 16 === 0) isOpen = false;
    } else {
      const parsed = parseMessage(bytes);
      if (!parsed.ok || !checkMessage(parsed.message).ok) malformedSent += 1;
      // Longer than a datagram can be: the system refuses it.
      socket.send(bytes, site.sipPort, '127.0.0.1', () => undefined);
    }
    sent += 1;
    if (sent % 50 === 0) await pause(5);
  }
  floodedAt = performance.now();
  expect(sent).toBe(8_000);
  expect([...wounded.keys()].sort()).toEqual([...WOUND_NAMES].sort());
  await pause(500);
  const statuses = new Map<number, number>();
  for (const { status } of [...answers, ...tcpAnswers, ...line.answers])
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
  expect(statuses.get(400)).toBeGreaterThan(500);
  for (const [status, count] of statuses) {
    const isExpected =
      status === 100 || status === 200 || (status >= 400 && status < 500) || [505, 513].includes(status);
    expect(isExpected, `${count} times ${status}`).toBe(true);
  }
  expect(malformedSent).toBeGreaterThan(1_000);
  const tookMs = performance.now() - startedAt;
  const lines = malformedLines(site.lines().slice(before));
  expect(lines.length).toBeLessThanOrEqual(LINES_A_PERIOD * Math.ceil(tookMs / PERIOD_MS + 1));
});

test('a datagram and a stream of the largest size, and bytes that are no SIP', async () => {
  const { socket, sender, answers } = await udp();
  const big = soundMessage(random, 'INFO', sender).replace('Content-Length: 0\r\n', 'X: y\r\n');
  socket.send(Buffer.from(big + 'x'.repeat(65_507 - big.length)), site.sipPort);
  await until('an answer', 3_000, () => answers.length > 0);
  expect(answers.map(({ status }) => status)).toEqual([481]);

  const long = await tcp();
  const head = soundMessage(random, 'INFO', long.sender);
  long.socket.write(head.replace('Content-Length: 0', 'Content-Length: 70000') + 'x'.repeat(70_000));
  await long.closed;
  expect(long.answers.map(({ status }) => status)).toEqual([513]);

  const endless = await tcp();
  endless.socket.write(`OPTIONS sip:a SIP/2.0\r\nX: ${'y'.repeat(40_000)}`);
  await endless.closed;

  const binary = await tcp();
  binary.socket.write(Uint8Array.from({ length: 100_000 }, (_, n) => (n * 7919) & 255));
  await binary.closed;
  expect(binary.answers).toEqual([]);
  for (let n = 0; n < 300; n++)
    socket.send(
      Uint8Array.from({ length: n }, () => Math.floor(256 * random())),
      site.sipPort,
    );
});

test('pipelined requests are all answered, in their order', async () => {
  const line = await tcp();
  const requests = Array.from({ length: 500 }, (_, n) =>
    soundMessage(random, 'OPTIONS', line.sender).replace(/CSeq: \d+/, `CSeq: ${n}`),
  );
  line.socket.write(requests.join(''));
  await until('500 answers', 5_000, () => line.answers.length === 500);
  expect(line.answers.map(({ status }) => status)).toEqual(Array(500).fill(200));
  const numbers = line.answers.map(({ headers }) => headers.find(({ key }) => key === 'cseq')?.value);
  expect(numbers).toEqual(requests.map((_, n) => `${n} OPTIONS`));
});

test('registrations with forged nonces and calls from nowhere are refused, each of them', async () => {
  const { socket, sender, answers } = await udp();
  const forged = (request: string) => {
    const hex = Math.floor(random() * 2 ** 48).toString(16);
    const credentials =
      `Digest username="7001", realm="holdfast", nonce="${hex}.${hex}", uri="sip:x", response="${hex.padStart(32, '0')}", ` +
      `algorithm=MD5, qop=auth, nc=00000001, cnonce="${hex}"`;
    return request.replace('Max-Forwards', `Authorization: ${credentials}\r\nMax-Forwards`);
  };
  const send = async (count: number, make: () => string) => {
    answers.length = 0;
    for (let n = 1; n <= count; n++) {
      socket.send(make(), site.sipPort);
      if (n % 50 === 0) await pause(5);
    }
  };
  await send(5_000, () => forged(soundMessage(random, 'REGISTER', sender)));
  await until('5,000 answers', 10_000, () => answers.length >= 5_000);
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]));
  await send(3_000, () => soundMessage(random, 'INVITE', sender));
  const finals = () =>
    new Set(answers.filter(({ status }) => status > 100).map(({ headers }) => callId(headers)));
  await until('3,000 answers', 10_000, () => finals().size === 3_000);
  // The caller proves who it is first; nobody rings.
  expect(new Set(answers.map(({ status }) => status).filter((status) => status > 100))).toEqual(
    new Set([401]),
  );
  floodedAt = performance.now();
});

const callId = (headers: SipResponse['headers']) => headers.find(({ key }) => key === 'call-id')?.value;

test('connections that only wait, up to the limit and beyond, keep no phone out and are closed in time', async () => {
  // One of them drips a header that never ends.
  const loris = await tcp();
  const lorisAt = performance.now();
  loris.socket.write('OPTIONS sip:a SIP/2.0\r\n');
  const drip = setInterval(() => loris.socket.write('X: y\r\n'), 200);
  const waiting: Socket[] = [];
  let closed = 0;
  const startedAt = performance.now();
  for (let n = 1; n <= 10_050; n++) {
    const socket = connect(site.sipPort, '127.0.0.1');
    opened.push(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      closed += 1;
    });
    socket.resume();
    waiting.push(socket);
    if (n % 200 === 0) await once(socket, 'connect').catch(() => undefined);
  }
  const { registeredMs } = await site.works('TCP');
  expect(registeredMs).toBeLessThan(WORKS_WITHIN_MS);
  await loris.closed;
  clearInterval(drip);
  const lorisMs = performance.now() - lorisAt;
  expect(lorisMs).toBeLessThan(14_000);
  await until('all that waited are closed', 25_000, () => closed === waiting.length);
  expect(performance.now() - startedAt).toBeLessThan(30_000);
  expect(site.lines().some(({ what }) => what.startsWith('SIP connection cut'))).toBe(true);
}, 60_000);

test('when the transactions have ended, nothing of all this is held any more', async () => {
  await pause(Math.max(0, floodedAt + TRANSACTIONS_END_MS - performance.now()));
  await site.works();
  expect((await site.heapOf('sip-north')) - heapBeforeMb).toBeLessThan(HEAP_GROWTH_MAX_MB);
  const grownMb = site.memoryOf('sip-north') - memoryBeforeMb;
  expect(grownMb).toBeLessThan(GROWTH_MAX_MB);
  // What was left out of the log is counted in it.
  expect(toldBy(malformedLines(site.lines()))).toBeGreaterThanOrEqual(malformedSent);
  const levels = new Set(site.lines().map(({ level }) => level));
  expect([...levels].filter((level) => level === 'error' || level === 'fatal')).toEqual([]);
}, 60_000);
