/** The ports of a member of a pair, which another process may still have. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { LogLine } from '@holdfast/kernel';
import type { SipServerInput } from '@holdfast/servers';
import { connectLink } from '@holdfast/shell';
import { parseMessage } from '@holdfast/sip';
import { afterEach, expect, test, vi } from 'vitest';
import { LogBudget } from './log-budget.ts';
import { CannotRun } from './role.ts';
import { SipServerPorts } from './sip-server-ports.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const HOST = '127.0.0.1';
let ports = 32_200;

function member(sipPort: number, clientPort: number) {
  const inputs: SipServerInput[] = [];
  const lines: LogLine[] = [];
  const log = (line: LogLine) => void lines.push(line);
  const strangers = new LogBudget(log);
  closing.push(() => strangers.stop());
  const opened = new SipServerPorts({
    ...{ sip: { host: HOST, port: sipPort }, clients: { host: HOST, port: clientPort }, log, strangers },
    input: (input) => void inputs.push(input),
  });
  closing.push(() => opened.close());
  return { ports: opened, inputs };
}

/** Something of a SIP Server to a phone at that port. */
function messageTo(port: number): Parameters<SipServerPorts['transmit']>[0] {
  const text = 'OPTIONS sip:7001@127.0.0.1 SIP/2.0\r\nContent-Length: 0\r\n\r\n';
  const parsed = parseMessage(Buffer.from(text));
  const message = parsed.ok ? parsed.message : parsed.request;
  if (message === undefined) throw new Error('the test needs a message');
  return { type: 'transmit', message, target: { transport: 'UDP', host: HOST, port } };
}

async function phone() {
  const socket = createSocket('udp4');
  socket.bind(0, HOST);
  await once(socket, 'listening');
  closing.push(() => socket.close());
  const heard: string[] = [];
  socket.on('message', (bytes) => heard.push(String(bytes).slice(0, 7)));
  return { port: socket.address().port, heard };
}

test('a port that the former primary still has is waited for, and what is to be sent meanwhile goes out then', async () => {
  const [sip, clients] = [ports++, ports++];
  const former = member(sip, clients);
  await former.ports.open();
  const next = member(sip, clients);
  const { port, heard } = await phone();
  const opening = next.ports.open(5_000);
  next.ports.transmit(messageTo(port));
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(heard).toEqual([]);
  await former.ports.close();
  await opening;
  await vi.waitFor(() => expect(heard).toEqual(['OPTIONS']));
  former.ports.transmit(messageTo(port));
  next.ports.transmit(messageTo(port));
  await vi.waitFor(() => expect(heard).toHaveLength(2));
});

test('one that stays another’s is told by name when the patience is over, and nothing is left open', async () => {
  const [sip, clients] = [ports++, ports++];
  const other = member(ports++, clients);
  await other.ports.open();
  const unlucky = member(sip, clients);
  const failure = unlucky.ports.open(50).catch((error: unknown) => error);
  expect(await failure).toBeInstanceOf(CannotRun);
  expect(String(await failure)).toContain(`TCP port ${clients} on ${HOST} is taken by another program.`);
  const lucky = member(sip, ports++);
  await lucky.ports.open();
});

test('closed while it opens it stays closed, and what clients of a former life say is not heard', async () => {
  const [sip, clients] = [ports++, ports++];
  const one = member(sip, clients);
  void one.ports.open();
  await one.ports.close();
  const two = member(sip, clients);
  await two.ports.open();
  const schema = { safeParse: (data: unknown) => ({ success: true, data }) as const };
  const ended = new Promise<void>((resolve) => {
    const handlers = { opened: () => undefined, message: () => undefined, closed: () => resolve() };
    connectLink({ host: HOST, port: clients, schema, handlers });
  });
  await vi.waitFor(() => expect(two.inputs).toHaveLength(1));
  expect(two.inputs.map(({ type }) => type)).toEqual(['opened']);
  await two.ports.close();
  await ended;
  await two.ports.open();
  expect(two.inputs.map(({ type }) => type)).toEqual(['opened']);
  expect(one.inputs).toEqual([]);
});
