import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { seededRandom } from '@holdfast/kernel';
import { afterEach, expect, test } from 'vitest';
import { until } from './peers/processes.ts';
import { pause } from './site-processes.ts';
import { UdpRelay } from './udp-relay.ts';

/** What is not cut has passed by then. */
const PASSED_MS = 100;

const ends: { close(): void }[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end.close();
});

async function socket(): Promise<{ socket: Socket; port: number; heard: string[] }> {
  const one = createSocket('udp4').bind(0, '127.0.0.1');
  await once(one, 'listening');
  const heard: string[] = [];
  one.on('message', (bytes) => heard.push(String(bytes)));
  ends.push(one);
  return { socket: one, port: one.address().port, heard };
}

/** A server that answers everything. */
async function world() {
  const server = await socket();
  server.socket.on('message', (bytes, { port }) => server.socket.send(`re ${bytes}`, port, '127.0.0.1'));
  const relay = await UdpRelay.open(server.port);
  ends.push(relay);
  const phone = await socket();
  const send = (text: string) => phone.socket.send(text, relay.port, '127.0.0.1');
  return { server, relay, phone, send };
}

test('cut one way, the other way still passes', async () => {
  const { server, relay, phone, send } = await world();
  relay.cut = 'to-phone';
  send('a');
  await until('the server hears it', 2_000, () => server.heard.includes('a'));
  await pause(PASSED_MS);
  relay.cut = 'to-server';
  send('b');
  await pause(PASSED_MS);
  relay.cut = 'none';
  send('c');
  await until('the answer comes', 2_000, () => phone.heard.includes('re c'));
  expect([server.heard, phone.heard]).toEqual([['a', 'c'], ['re c']]);
});

test('over a poor line some is lost and some comes out of order', async () => {
  const { server, relay, send } = await world();
  relay.setQuality({ delayMs: 40, jitterMs: 20, loss: 0.1, reordered: 0.2 }, seededRandom(1));
  const from = performance.now();
  for (let n = 0; n < 200; n++) send(String(n).padStart(3, '0'));
  await until('most has come', 3_000, () => server.heard.length > 150 && performance.now() - from > 500);
  expect(server.heard.length).toBeLessThan(200);
  expect(server.heard).not.toEqual([...server.heard].sort());
});
