/** Sites that do not start: real processes and a socket that really holds the port. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { freePorts } from './free-ports.ts';
import { LiveLab } from './live-lab.ts';
import { drawPorts } from './site-ports.ts';
import { SiteProcesses, SiteStartError } from './site-processes.ts';
import { SHORT } from './times.ts';

const SERVER = fileURLToPath(new URL('../../.build/server.mjs', import.meta.url));
/** Well below the 20 s after which a silent site is given up. */
const AT_ONCE_MS = 10_000;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-start-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test.each([true, false])(
  'a taken UDP port fails the start with the last log lines, and the log is kept (restarts: %s)',
  async (restarts) => {
    expect(existsSync(SERVER), 'run node scripts/setup.mjs').toBe(true);
    const ports = await drawPorts();
    const other = createSocket('udp4').bind(ports.sip[0], '127.0.0.1');
    await once(other, 'listening');
    const options = { agents: 6, seed: 1, times: SHORT, families: 'both', serverEntry: SERVER } as const;
    const lab = await LiveLab.make({ ...options, withSound: 0, ports, restarts });
    try {
      const startedAt = performance.now();
      const error = await lab.start().then(
        () => undefined,
        (failure: unknown) => failure,
      );
      expect(performance.now() - startedAt).toBeLessThan(AT_ONCE_MS);
      expect(error).toBeInstanceOf(SiteStartError);
      const { message } = error as SiteStartError;
      expect(message).toContain('sip-north ended');
      expect(message).toContain(`SIP port ${ports.sip[0]} on 127.0.0.1 is taken`);
      const log = /The whole log: (\S+)/.exec(message)?.[1] ?? '';
      expect(log.startsWith(lab.folder)).toBe(true);
      await lab.stop();
      expect(readFileSync(log, 'utf8')).toContain('process ended');
      const pids = [...lab.sites.north.processes(), ...lab.sites.south.processes()];
      expect(pids.filter(({ pid }) => pid !== undefined)).toEqual([]);
    } finally {
      await lab.stop();
      rmSync(lab.folder, { recursive: true, force: true });
      other.close();
    }
  },
  40_000,
);

test('a supervisor that cannot run says why', async () => {
  const [port] = (await freePorts(1)) as [number];
  const site = new SiteProcesses({
    site: 'north',
    entry: SERVER,
    files: join(folder, 'nowhere'),
    restarts: true,
    data: folder,
    servers: [{ application: 'config-north', host: '127.0.0.1', port }],
  });
  await expect(site.start()).rejects.toThrow(/the supervisor of north ended \(2\).*nowhere/s);
  expect(site.state).toBe('down');
}, 20_000);

test('a site that is killed while it starts is not waited for', async () => {
  const [port] = (await freePorts(1)) as [number];
  const site = new SiteProcesses({
    site: 'north',
    entry: SERVER,
    files: folder,
    restarts: true,
    data: folder,
    servers: [{ application: 'config-north', host: '127.0.0.1', port }],
  });
  const starting = site.start();
  site.kill();
  await expect(starting).rejects.toThrow(/ended while it started|ended \(/);
  expect(site.state).toBe('down');
});
