/** Both ends of the link between the members of a pair, and strangers at its port. */
import { once } from 'node:events';
import { createConnection } from 'node:net';
import type { LogLine } from '@holdfast/kernel';
import { type MirrorMessage, mirrorMessage, PROTOCOL_VERSION } from '@holdfast/protocol';
import { type GreetingOptions, type PairMembership, startGreeting, stepGreeting } from '@holdfast/servers';
import { connectLink, type LinkEnd, type MessageSchema, startLinkServer } from '@holdfast/shell';
import { afterEach, expect, test, vi } from 'vitest';
import { nodeHashes } from './crypto.ts';
import { LogBudget } from './log-budget.ts';
import { type MateLink, openMateLink } from './mate-link.ts';

const SECRET = 'the secret of all servers';
const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const ACK: MirrorMessage = { type: 'ack', epoch: 1, number: 1 };

interface End {
  readonly link: MateLink;
  /** `linked`, `unlinked: …`, and the types of messages. */
  readonly heard: string[];
  readonly lines: LogLine[];
  close(): Promise<void>;
}

async function open(
  application: 'sip-a' | 'sip-b',
  port: number,
  more: { secret?: string } = {},
): Promise<End> {
  const heard: string[] = [];
  const lines: LogLine[] = [];
  const log = (line: LogLine) => void lines.push(line);
  const strangers = new LogBudget(log);
  const pair: PairMembership = {
    pair: 'sip-a',
    mate: application === 'sip-a' ? 'sip-b' : 'sip-a',
    at: { host: '127.0.0.1', port },
    connects: application === 'sip-b',
    arbiter: { type: 'supervisor' },
    addressHook: undefined,
  };
  const link = await openMateLink({
    ...{ application, process: 'a.1.1', secret: SECRET, pair, log, strangers, ...more },
    linked: () => void heard.push('linked'),
    unlinked: (because) => void heard.push(`unlinked: ${because}`),
    message: ({ type }) => void heard.push(type),
  });
  let isClosed = false;
  const close = async () => {
    if (isClosed) return;
    isClosed = true;
    strangers.stop();
    await link.close();
  };
  closing.push(close);
  return { link, heard, lines, close };
}

/** Of tests that run at once each has its own. */
let ports = 32_100;
const nextPort = () => ports++;

const soon = (isTrue: () => void, timeout = 3_000) => vi.waitFor(isTrue, { timeout, interval: 10 });

const BACKUP: GreetingOptions = {
  ...{ application: 'sip-b', process: 'b.1.1', mate: 'sip-a', secret: SECRET, hashes: nodeHashes },
  ...{ connects: true, nonce: 'a nonce of the backup', wall: Date.now() },
};
const HELLO = startGreeting(BACKUP).send[0] as MirrorMessage;

/** Somebody at the port who is no member, or behaves like none. */
async function stranger(
  port: number,
  hears: (message: MirrorMessage, send: (message: object) => void) => void = () => undefined,
): Promise<{ send(message: object): void; ended: Promise<LinkEnd> }> {
  const schema = { safeParse: (data: unknown) => ({ success: true, data }) as const };
  let closed: (end: LinkEnd) => void;
  const ended = new Promise<LinkEnd>((resolve) => {
    closed = resolve;
  });
  return new Promise((resolve) => {
    const link = connectLink<object, MirrorMessage>({
      ...{ host: '127.0.0.1', port, schema: schema as MessageSchema<MirrorMessage> },
      handlers: {
        opened: () => resolve({ send: (message) => void link.send(message), ended }),
        message: (message) => hears(message, (answer) => void link.send(answer)),
        closed: (end) => closed(end),
      },
    });
    closing.push(() => link.terminate());
  });
}

/** The mate itself, made by hand: `own` is what it says and shows. */
async function greetedMate(port: number, own: GreetingOptions = { ...BACKUP, wall: Date.now() }) {
  let { state } = startGreeting(own);
  const mate = await stranger(port, (message, send) => {
    const step = stepGreeting(own, state, message);
    state = step.state;
    for (const answer of step.send) send(answer);
  });
  mate.send(startGreeting(own).send[0] as MirrorMessage);
  return mate;
}

/** A mate that takes nothing in: its WebSocket is written by hand, so that nothing is read. */
async function slowReader(port: number): Promise<void> {
  const socket = createConnection({ host: '127.0.0.1', port });
  closing.push(() => socket.destroy());
  socket.on('error', () => undefined);
  socket.write(
    'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
  );
  await once(socket, 'data');
  // RFC 6455 §5.2: a text of 126 to 65,535 bytes, masked with zeros.
  const say = (message: MirrorMessage) => {
    const text = Buffer.from(JSON.stringify(message).padEnd(126));
    const head = [0x81, 0xfe, text.length >> 8, text.length & 255, 0, 0, 0, 0];
    socket.write(Buffer.concat([Buffer.from(head), text]));
  };
  say(HELLO);
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  socket.pause();
  const answer = JSON.parse(String(bytes.subarray(bytes.indexOf('{')))) as MirrorMessage;
  for (const shown of stepGreeting(BACKUP, startGreeting(BACKUP).state, answer).send) say(shown);
}

test('the members find each other, whichever comes first, and again after one was away', async () => {
  const port = nextPort();
  const backup = await open('sip-b', port);
  await soon(() => expect(backup.lines.map(({ what }) => what)).toEqual(['mate not reached']));
  const primary = await open('sip-a', port);
  await soon(() => expect([primary.heard, backup.heard]).toEqual([['linked'], ['linked']]));
  primary.link.send(ACK);
  backup.link.send(ACK);
  await soon(() => expect([primary.heard[1], backup.heard[1]]).toEqual(['ack', 'ack']));
  await primary.close();
  await soon(() => expect(backup.heard[2]).toMatch(/^unlinked: /));
  const again = await open('sip-a', port);
  await soon(() => expect([again.heard, backup.heard[3]]).toEqual([['linked'], 'linked']));
});

test('who shows another secret or runs as another Application is refused, with a line and no secret in it', async () => {
  const port = nextPort();
  const primary = await open('sip-a', port);
  const wrong = await open('sip-b', port, { secret: 'a guess' });
  await soon(() => expect(wrong.lines[0]?.because).toContain('does not show the server secret'));
  const other = await greetedMate(port, { ...BACKUP, application: 'stat-a' });
  expect((await other.ended).kind).toBe('closed');
  const told = primary.lines.map(({ what, because }) => `${what}: ${because}`);
  expect(told).toContain('mate refused: it runs as "stat-a", and the mate is "sip-b"');
  expect(JSON.stringify(primary.lines)).not.toContain('a guess');
  expect(primary.heard).toEqual([]);
});

test('[C77] a mate of a later version is heard, for it knows ours; what is no version is refused', async () => {
  const port = nextPort();
  const primary = await open('sip-a', port);
  const unversioned = await stranger(port);
  for (let i = 0; i < 3; i++) unversioned.send({ ...HELLO, version: 0 });
  expect((await unversioned.ended).text).toContain('version');
  expect(primary.heard).toEqual([]);
  const former = await stranger(port);
  former.send({ type: 'hello', version: 1, application: 'sip-b', process: 'b.1.1', secret: SECRET });
  expect((await former.ended).text).toContain('the oldest that is understood between servers is 2');
  const later = await stranger(port, (message, send) => {
    const own = startGreeting(BACKUP).state;
    for (const answer of stepGreeting(BACKUP, own, message).send) send(answer);
  });
  later.send({ ...HELLO, version: PROTOCOL_VERSION + 1 });
  await soon(() => expect(primary.heard).toEqual(['linked']));
});

test('before who it is somebody may say nothing, and has two seconds for it', async () => {
  const port = nextPort();
  const primary = await open('sip-a', port);
  const talker = await stranger(port);
  const silent = await stranger(port);
  talker.send(ACK);
  expect((await talker.ended).text).toBe('it did not say who it is');
  expect(primary.lines[0]?.because).toBe('it did not say who it is');
  await silent.ended;
  expect(primary.heard).toEqual([]);
}, 10_000);

test('malformed messages are told with their field, and the third closes the link', async () => {
  const port = nextPort();
  const primary = await open('sip-a', port);
  const mate = await greetedMate(port);
  await soon(() => expect(primary.heard).toEqual(['linked']));
  for (const number of [-1, 'one', null]) mate.send({ ...ACK, number });
  expect(await mate.ended).toMatchObject({ kind: 'closed', text: expect.stringContaining('Field "number"') });
  expect(primary.lines[0]).toMatchObject({ what: 'malformed message on a link' });
  await soon(() => expect(primary.heard[1]).toMatch(/^unlinked: /));
});

test('a mate that reads too slowly is cut off at the bound, and one that says nothing any more is left', async () => {
  const port = nextPort();
  const primary = await open('sip-a', port);
  await slowReader(port);
  await soon(() => expect(primary.heard).toEqual(['linked']));
  const put: [string, unknown, number][] = [['dn/7001', 'x'.repeat(1_000_000), 1]];
  const position = { epoch: 1, number: 0 };
  for (let number = 1; primary.heard.length === 1 && number < 100; number++) {
    const entry = { epoch: 1, from: number - 1, number, now: 0, put, gone: [], events: [], position };
    primary.link.send({ type: 'entry', ...entry });
    await new Promise(setImmediate);
  }
  await soon(() => expect(primary.heard[1]).toContain('unlinked: more than 16777216 bytes wait'));
  await greetedMate(port);
  await soon(() => expect(primary.heard[2]).toBe('linked'));
  await soon(() => expect(primary.heard[3]).toBe('unlinked: nothing came for 3000 ms'), 6_000);
}, 20_000);

test('a mate that connects anew takes the place of its former connection', async () => {
  const port = nextPort();
  const primary = await open('sip-a', port);
  const former = await greetedMate(port);
  await soon(() => expect(primary.heard).toEqual(['linked']));
  const fresh = await greetedMate(port);
  await former.ended;
  await soon(() => expect(primary.heard).toEqual(['linked', 'unlinked: it has connected anew', 'linked']));
  fresh.send(ACK);
  await soon(() => expect(primary.heard.at(-1)).toBe('ack'));
});

test('[LK1] of a stranger no long message is read, from the mate any', async () => {
  const port = nextPort();
  const primary = await open('sip-a', port);
  const long = (bytes: number) => ({ ...ACK, filling: 'x'.repeat(bytes) });
  const flood = await stranger(port);
  flood.send(long(20_000));
  expect(await flood.ended).toMatchObject({ kind: 'reset' });
  await soon(() =>
    expect(primary.lines).toMatchObject([
      { what: 'link cut', because: 'more than 8192 bytes came before it was known' },
    ]),
  );
  const mate = await greetedMate(port);
  await soon(() => expect(primary.heard).toEqual(['linked']));
  mate.send(long(2_000_000));
  mate.send(long(20_000));
  await soon(() => expect(primary.heard).toEqual(['linked', 'ack', 'ack']));
});

test('[LK1] whoever listens at the address of the mate learns no secret, and is not taken for it', async () => {
  const port = nextPort();
  const heard: string[] = [];
  const trap = await startLinkServer<MirrorMessage, MirrorMessage>({
    ...{ host: '127.0.0.1', port, schema: mirrorMessage, linksMax: 4, requestBytesMax: 100_000 },
    handlers: {
      opened: () => undefined,
      message(link, message) {
        heard.push(JSON.stringify(message));
        // It says who the mate is, and sends back what it was shown.
        if (message.type === 'hello') trap.send(link, { ...message, application: 'sip-a' });
        else trap.send(link, message);
      },
      closed: () => undefined,
      trouble: () => undefined,
    },
  });
  closing.push(() => trap.stop());
  const backup = await open('sip-b', port);
  await soon(() => expect(backup.lines[0]?.because).toContain('does not show the server secret'));
  expect(backup.heard).toEqual([]);
  expect(heard.join()).not.toContain(SECRET);
});

test('a mate whose clock is another is told of, and works', async () => {
  const port = nextPort();
  const primary = await open('sip-a', port);
  await greetedMate(port, { ...BACKUP, wall: Date.now() + 60_000 });
  await soon(() => expect(primary.heard).toEqual(['linked']));
  expect(primary.lines[0]).toMatchObject({ what: 'clock of the mate is another' });
  expect(primary.lines[0]?.because).toMatch(/sip-b is (59|60)\d{3} ms from ours/);
});
