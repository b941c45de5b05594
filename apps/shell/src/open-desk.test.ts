import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readBootstrap } from '@holdfast/desk';
import { type ConfigReply, type ConfigRequest, configRequest, PROTOCOL_VERSION } from '@holdfast/protocol';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { DeskFolder } from './desk-folder.ts';
import { type LinkServer, startLinkServer } from './link-server.ts';
import { type DeskOpening, type OpenDeskOptions, openDesk } from './open-desk.ts';

/** The listening end of a Configuration Server: it lets a desk open, and remembers what it was asked. */
interface Listener {
  readonly port: number;
  /** Log-ins. */
  readonly asked: ConfigRequest[];
  readonly ends: string[];
  /** Resolves when somebody has logged in so many times. */
  called(times?: number): Promise<void>;
}

let data: string;
let file: string;
const servers: LinkServer<ConfigReply>[] = [];
const opened: DeskOpening[] = [];
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'holdfast-open-'));
  file = join(data, 'bootstrap.json');
});
afterEach(async () => {
  for (const opening of opened.splice(0)) if (opening.ok) opening.desk.cut();
  await Promise.all(servers.splice(0).map((server) => server.stop()));
  rmSync(data, { recursive: true, force: true });
});

async function listener(): Promise<Listener> {
  const asked: ConfigRequest[] = [];
  const ends: string[] = [];
  const server = await startLinkServer<ConfigRequest, ConfigReply>({
    ...{ host: '127.0.0.1', port: 0, schema: configRequest },
    handlers: {
      opened() {},
      message(link, request) {
        if (request.type === 'LogIn') asked.push(request);
        if (request.type !== 'Open') return;
        const { ReferenceID, application } = request;
        const version = PROTOCOL_VERSION;
        server.send(link, {
          type: 'Opened',
          ReferenceID,
          application,
          site: 'north',
          version,
          revision: '1',
        });
      },
      closed: (_link, end) => ends.push(end.kind),
    },
  });
  servers.push(server);
  const called = (times = 1) => vi.waitFor(() => expect(asked.length).toBe(times), { timeout: 5_000 });
  return { port: server.port, asked, ends, called };
}

/** Nobody listens there. */
const NOBODY = '127.0.0.1:1';

function bootstrapOf({ port }: { readonly port: number }, hotSeating = false): string {
  const nodes = [`127.0.0.1:${port}`];
  return JSON.stringify({
    environment: 'Main',
    hotSeating,
    sites: { preferred: { application: 'w', nodes }, peer: { application: 'w', nodes: [NOBODY] } },
  });
}

async function open(more: Partial<OpenDeskOptions> = {}): Promise<DeskOpening> {
  const opening = await openDesk({
    ...{ user: 'sue', password: 'fake-password', bootstrap: file, dataFolder: join(data, 'kept') },
    ...more,
  });
  opened.push(opening);
  return opening;
}

/** As after a log-in: the copy made of that file leads elsewhere. */
function keepCopy(madeOf: string, at: Listener): void {
  const opening = DeskFolder.open(join(data, 'kept'), 'sue');
  const reading = readBootstrap(Buffer.from(bootstrapOf(at)));
  if (!opening.ok || !reading.ok) throw new Error('the test needs a sound copy');
  const content = createHash('sha256').update(madeOf).digest('hex');
  opening.folder.storeCopy({ bootstrap: reading.bootstrap, madeOf: content });
  opening.folder.release();
}

test('[DS20] the first start goes where the file says, with the words of whoever asked', async () => {
  const server = await listener();
  writeFileSync(file, bootstrapOf(server));
  expect(await open({ place: 'place-7' })).toMatchObject({ ok: true, warnings: [] });
  await server.called();
  expect(server.asked[0]).toMatchObject({ user: 'sue', password: 'fake-password', places: ['place-7'] });
});

test('[DS20] the renewed copy goes before the file that it was made of, and not before a file that has changed', async () => {
  const [old, renewed] = [await listener(), await listener()];
  writeFileSync(file, bootstrapOf(old));
  keepCopy(bootstrapOf(old), renewed);
  const first = await open();
  await renewed.called();
  if (first.ok) await first.desk.stop();
  expect(old.asked).toEqual([]);
  writeFileSync(file, `${bootstrapOf(old)}\n`);
  await open();
  await old.called();
});

test('[DS20] the servers of the file are tried when none of its renewed copy answers', async () => {
  const [old, moved] = [await listener(), await listener()];
  writeFileSync(file, bootstrapOf(old));
  keepCopy(bootstrapOf(old), moved);
  await servers.pop()?.stop();
  await open();
  await old.called();
});

test('[DS20] a broken file, a missing one and a URL that hangs: told, and the copy serves', async () => {
  const [old, renewed] = [await listener(), await listener()];
  keepCopy(bootstrapOf(old), renewed);
  const mute = createServer(() => {}).listen(0, '127.0.0.1');
  await once(mute, 'listening');
  const url = `http://127.0.0.1:${(mute.address() as AddressInfo).port}/bootstrap.json`;
  writeFileSync(file, bootstrapOf(old).replace('"Main"', '17'));
  const expected = [
    [file, `${file}, line 1, environment: `],
    [join(data, 'missing'), 'ENOENT'],
    [url, 'It did not come within 150 ms.'],
  ] as const;
  for (const [index, [bootstrap, told]] of expected.entries()) {
    const opening = await open({ bootstrap, bootstrapMaxMs: 150 });
    expect(opening.ok && opening.warnings).toEqual([
      expect.stringContaining(told),
      expect.stringMatching(/copy/),
    ]);
    await renewed.called(index + 1);
    if (opening.ok) await opening.desk.stop();
  }
  expect(old.asked).toEqual([]);
  mute.closeAllConnections();
  mute.close();
});

test('[DS20] neither file nor copy: no desk, every problem named, and nothing is held', async () => {
  expect(await open()).toEqual({
    ok: false,
    problems: [expect.stringContaining('ENOENT'), expect.stringMatching(/no copy/)],
  });
  writeFileSync(file, '<configuration>');
  expect(await open()).toMatchObject({ ok: false, problems: [expect.stringContaining('line 1'), {}] });
  expect(readdirSync(join(data, 'kept', 'agent-sue'))).toEqual([]);
});

test('[LL7] a second desk of the same agent is refused until the first one has ended', async () => {
  const server = await listener();
  writeFileSync(file, bootstrapOf(server));
  const first = await open();
  expect(await open()).toMatchObject({ ok: false, problems: [expect.stringContaining('runs already')] });
  expect(await open({ user: 'tom' })).toMatchObject({ ok: true });
  if (first.ok) await first.desk.stop();
  expect(await open()).toMatchObject({ ok: true });
});

test('[DS20] where seats are hot there is no desk without a place; it is told how to give one, and nothing is held', async () => {
  const server = await listener();
  writeFileSync(file, bootstrapOf(server, true));
  for (const place of [undefined, '', []]) {
    const opening = await open(place === undefined ? {} : { place });
    expect(opening).toEqual({ ok: false, problems: [expect.stringContaining('openDesk({ place:')] });
  }
  expect(server.asked).toEqual([]);
  await open({ place: ['place-7-north', 'place-7-south'] });
  await server.called();
  expect(server.asked[0]).toMatchObject({ places: ['place-7-north', 'place-7-south'] });
});

test('listeners hear nothing before the desk is in hand, and may end it', async () => {
  const server = await listener();
  writeFileSync(file, bootstrapOf(server));
  let isOpen = false;
  const heard: boolean[] = [];
  let ended: Promise<void> | undefined;
  const opening = await open({
    listeners: {
      view: () => {
        heard.push(isOpen);
        if (opening.ok) ended ??= server.called().then(() => opening.desk.stop());
      },
    },
  });
  isOpen = true;
  await server.called();
  const startedAt = performance.now();
  await ended;
  // In order: the other end hears a farewell, and nobody waits for the limit.
  expect(performance.now() - startedAt).toBeLessThan(1_000);
  expect(server.ends).toEqual(['closed']);
  expect(heard).not.toContain(false);
  const told = heard.length;
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(heard.length).toBe(told);
});
