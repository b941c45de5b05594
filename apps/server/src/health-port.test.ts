/** The port `health` over real HTTP. */
import { get } from 'node:http';
import { connect, createServer, type Socket } from 'node:net';
import { makeConfiguration } from '@holdfast/centre';
import { gauge, LineCounts, READY, type ServerReport, WITHOUT_MATE } from '@holdfast/servers';
import { afterEach, expect, test } from 'vitest';
import { nodeHashes } from './crypto.ts';
import { CONNECTIONS_PER_ADDRESS_MAX, type HealthPort, openHealthPort } from './health-port.ts';
import { makeWorld } from './store/make-world.ts';

const REPORT: ServerReport = {
  primary: READY,
  ...{ standby: WITHOUT_MATE, upgrade: WITHOUT_MATE },
  metrics: [gauge('holdfast_calls', 'Calls.', 3)],
};

let opened: HealthPort | undefined;
afterEach(() => opened?.stop());

async function open(port: number | undefined): Promise<HealthPort | undefined> {
  const site = (name: string) => ({
    ...{ name, address: '127.0.0.1', gateway: '127.0.0.1:5099' },
    ...{ configPort: 5_110, clientPort: 5_111, statPort: 5_112, sipPort: 5_160 },
  });
  const { objects } = await makeWorld({
    ...{ agents: 1, sites: [site('north'), site('south')] },
    ...{ password: 'fake-password', phonePassword: 'fake-phone-password' },
  });
  const withPort = objects.map((object) =>
    object.objectType === 'Application' && object.name === 'sip-north' && port !== undefined
      ? { ...object, ports: { ...object.ports, health: port } }
      : object,
  );
  const lines = new LineCounts();
  lines.count({ level: 'warn', what: 'mate lost' });
  const configuration = makeConfiguration(withPort, nodeHashes.sha256);
  opened = await openHealthPort({ configuration, application: 'sip-north', lines, report: () => REPORT });
  return opened;
}

/** Taken by a listener of ours for the moment. */
async function freePort(): Promise<{ readonly port: number; release(): Promise<void> }> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  return { port, release: () => new Promise((resolve) => server.close(() => resolve())) };
}

test('[HR4] answers readiness and figures, those of the process and of the log included', async () => {
  const { port, release } = await freePort();
  await release();
  await open(port);
  const get = (path: string, method = 'GET') => fetch(`http://127.0.0.1:${port}${path}`, { method });
  expect((await get('/ready?from=balancer')).status).toBe(200);
  const standby = await get('/ready/standby');
  expect([standby.status, await standby.text()]).toEqual([503, 'This server is no member of a pair.\n']);
  expect((await get('/ready', 'POST')).status).toBe(405);
  const text = await (await get('/metrics')).text();
  expect(text).toContain('\nholdfast_calls 3\n');
  expect(text).toContain('\nholdfast_log_lines_total{level="warn",what="mate lost"} 1\n');
  expect(text).toMatch(/\nholdfast_loop_delay_max_ms \d/);
});

/** As from a machine of its own: every address of 127.0.0.0/8 is one of this machine. */
function statusFor(localAddress: string, port: number): Promise<number | undefined> {
  const asked = { host: '127.0.0.1', port, path: '/ready', localAddress, agent: false };
  return new Promise((resolve, reject) => {
    get(asked, (response) => {
      response.resume();
      resolve(response.statusCode);
    }).on('error', reject);
  });
}

test('[HR4] who opens connections and ends no request keeps nobody else out, and is cut off after seconds', async () => {
  const { port, release } = await freePort();
  await release();
  await open(port);
  const began = performance.now();
  const closedAfterMs: number[] = [];
  const hold = (n: number): Promise<void> =>
    new Promise((resolve) => {
      const socket: Socket = connect({ host: '127.0.0.1', port, localAddress: '127.0.0.1' });
      // Some say nothing at all, some begin, some never end their body.
      const words = [
        '',
        'GET /ready HTTP/1.1\r\nHost: a\r\n',
        'POST /ready HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n',
      ];
      socket.on('connect', () => socket.write(words[n % words.length] ?? ''));
      // A reset is one way to be cut off.
      socket.on('error', () => {});
      socket.on('data', () => {});
      socket.on('close', () => {
        closedAfterMs.push(performance.now() - began);
        resolve();
      });
    });
  const held = Array.from({ length: 100 }, (_, n) => hold(n));
  expect(await statusFor('127.0.0.2', port)).toBe(200);
  await Promise.all(held);
  expect(closedAfterMs.filter((ms) => ms > 4_000)).toHaveLength(CONNECTIONS_PER_ADDRESS_MAX);
  expect(Math.max(...closedAfterMs)).toBeLessThan(12_000);
  expect(await statusFor('127.0.0.1', port)).toBe(200);
}, 30_000);

test('[HR4] an Application without the port has none, and a port that is taken is named', async () => {
  expect(await open(undefined)).toBeUndefined();
  const { port, release } = await freePort();
  await expect(open(port)).rejects.toThrow(`Port "health" (${port}) on 127.0.0.1 is taken`);
  await release();
});
