import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { seededRandom } from '@holdfast/kernel';
import { afterEach, expect, test } from 'vitest';
import { Relay } from './relay.ts';

const ends: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

async function line() {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const relay = await Relay.open({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
  const desk = connect(relay.port, '127.0.0.1');
  desk.on('error', () => {});
  const [far] = (await once(server, 'connection')) as [Socket];
  far.on('error', () => {});
  ends.push(
    () => void server.close(),
    () => relay.close(),
    () => void desk.destroy(),
    () => void far.destroy(),
  );
  return { relay, desk, far };
}

test('bytes pass both ways', async () => {
  const { desk, far } = await line();
  desk.write('ping');
  expect(String((await once(far, 'data'))[0])).toBe('ping');
  far.write('pong');
  expect(String((await once(desk, 'data'))[0])).toBe('pong');
});

test('a reset of the server reaches the desk as a reset', async () => {
  const { desk, far } = await line();
  const failed = once(desk, 'error');
  far.resetAndDestroy();
  expect(((await failed)[0] as NodeJS.ErrnoException).code).toBe('ECONNRESET');
});

test('while cut to the desk, what the server sends is held; it comes when the cut ends', async () => {
  const { relay, desk, far } = await line();
  relay.cut('to-desk');
  let heard = '';
  desk.on('data', (bytes) => {
    heard += String(bytes);
  });
  far.write('late');
  desk.write('ask');
  expect(String((await once(far, 'data'))[0])).toBe('ask');
  expect(heard).toBe('');
  relay.cut('none');
  await once(desk, 'data');
  expect(heard).toBe('late');
});

test('where nobody listens, the desk is reset at once', async () => {
  const closed = createServer();
  closed.listen(0, '127.0.0.1');
  await once(closed, 'listening');
  const { port } = closed.address() as AddressInfo;
  closed.close();
  await once(closed, 'close');
  const relay = await Relay.open({ host: '127.0.0.1', port });
  ends.push(() => relay.close());
  const desk = connect(relay.port, '127.0.0.1');
  await Promise.race([once(desk, 'error'), once(desk, 'close')]);
  expect(desk.destroyed).toBe(true);
});

test.each([5, 40, 150])(
  'a line of %i ms takes that long in either direction, and no jitter changes the order',
  async (delayMs) => {
    const { relay, desk, far } = await line();
    relay.setQuality({ delayMs, jitterMs: 30, loss: 0.2, reordered: 0 }, seededRandom(delayMs));
    let heard = '';
    far.on('data', (bytes) => {
      heard += String(bytes);
      if (heard.endsWith('!')) far.write('heard');
    });
    const from = performance.now();
    const parts = Array.from({ length: 20 }, (_, n) => `${n},`).concat('!');
    for (const part of parts) desk.write(part);
    await once(desk, 'data');
    expect(performance.now() - from).toBeGreaterThanOrEqual(2 * delayMs - 1);
    expect(heard).toBe(parts.join(''));
    expect(relay.leastMs).toBeGreaterThanOrEqual(delayMs - 1);
  },
);

test('what was sent before the end arrives before it, also over a slow line', async () => {
  const { relay, desk, far } = await line();
  relay.setQuality({ delayMs: 40, jitterMs: 0, loss: 0, reordered: 0 }, seededRandom(1));
  let heard = '';
  desk.on('data', (bytes) => {
    heard += String(bytes);
  });
  far.end('the last word');
  await once(desk, 'end');
  expect(heard).toBe('the last word');
});

test('a server that hangs up while what the desk says is held back ends the line, and the relay can close', async () => {
  const { relay, desk, far } = await line();
  relay.cut('to-server');
  desk.write('unheard');
  const ended = once(desk.resume(), 'end');
  far.end();
  await ended;
  // Before either end is destroyed: a socket that is held back would keep it open.
  await relay.close();
  ends.splice(1, 1);
});
