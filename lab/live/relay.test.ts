import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
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
