import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { FIRST_SITE_PORT, SITE_PORTS_SPAN, sitePorts, takenPorts } from './demo-ports.ts';
import { bindFailure, freePorts } from './free-ports.ts';
import type { SitePorts } from './live-lab.ts';
import { drawPorts } from './site-ports.ts';

async function freeDemoPorts(): Promise<{ ports: SitePorts; page: number }> {
  const [page] = (await freePorts(1)) as [number];
  return { ports: await drawPorts(), page };
}

test('free ports give no complaint, and are free again afterwards', async () => {
  const { ports, page } = await freeDemoPorts();
  expect(await takenPorts(ports, page)).toBeUndefined();
  expect(await takenPorts(ports, page)).toBeUndefined();
});

test('a UDP port of SIP that is taken is named with its server and the remedy, within a second', async () => {
  const { ports, page } = await freeDemoPorts();
  const other = createSocket('udp4').bind(ports.sip[1], '127.0.0.1');
  await once(other, 'listening');
  const startedAt = performance.now();
  const complaint = await takenPorts(ports, page);
  expect(performance.now() - startedAt).toBeLessThan(1000);
  expect(complaint).toContain(`UDP port ${ports.sip[1]} of the SIP Server sip-south (SIP) is taken`);
  expect(complaint).toContain('--site-ports');
  // TCP is free.
  expect(complaint).not.toContain('TCP port');
  other.close();
  await once(other, 'close');
});

test.each([
  ['config', 0, 'the Configuration Server config-north'],
  ['clients', 1, 'the SIP Server sip-south (its clients)'],
  ['stats', 0, 'the Stat Server stat-north'],
  ['sip', 0, 'the SIP Server sip-north (SIP)'],
] as const)('a TCP port of %s that is taken is named with its server', async (kind, index, whose) => {
  const { ports, page } = await freeDemoPorts();
  const other = createServer().listen(ports[kind][index], '127.0.0.1');
  await once(other, 'listening');
  expect(await takenPorts(ports, page)).toContain(`TCP port ${ports[kind][index]} of ${whose} is taken`);
  other.close();
  await once(other, 'close');
});

test('the port of the page must be none of the sites', async () => {
  const { ports } = await freeDemoPorts();
  expect(await takenPorts(ports, ports.gateway)).toContain(
    `port ${ports.gateway} cannot be both that of the live page and that of the callers' gateway`,
  );
});

test('where a socket is bound, each protocol says so by itself', async () => {
  const [port] = (await freePorts(1)) as [number];
  const udp = createSocket('udp4').bind(port, '127.0.0.1');
  await once(udp, 'listening');
  expect((await bindFailure('UDP', port))?.code).toBe('EADDRINUSE');
  expect(await bindFailure('TCP', port)).toBeUndefined();
  udp.close();
});

test('the ports that the README names, and any others that lie like them', () => {
  expect(sitePorts(FIRST_SITE_PORT)).toEqual({
    config: [5110, 5210],
    writer: { port: 5115, restPort: 5116 },
    clients: [5111, 5211],
    stats: [5112, 5212],
    sip: [5160, 5260],
    gateway: 5190,
  });
  const { config, writer, clients, stats, sip, gateway } = sitePorts(7000);
  const all = [...config, writer.port, writer.restPort, ...clients, ...stats, ...sip, gateway];
  expect(new Set(all).size).toBe(all.length);
  expect(Math.max(...all)).toBe(7000 + SITE_PORTS_SPAN);
});
