import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BOOTSTRAP_BYTES_MAX } from '@holdfast/desk';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { readDelivery } from './bootstrap-source.ts';

const FILE = JSON.stringify({
  environment: 'Main',
  sites: { preferred: { application: 'workspace', nodes: ['north:1'] } },
});

let folder: string;
const servers: Server[] = [];
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-source-'));
});
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function serving(answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/bootstrap`;
}

function path(name: string, content: string | Uint8Array): string {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}

async function failureOf(source: string, maxMs?: number): Promise<string> {
  const delivery = await readDelivery(source, maxMs);
  if (delivery.isThere) throw new Error('it was read');
  return delivery.text;
}

test('[DS20] a file and a URL give the same, and another content another name of it', async () => {
  const fromPath = await readDelivery(path('sound', FILE));
  const fromUrl = await readDelivery(await serving((_request, response) => response.end(FILE)));
  if (!fromPath.isThere || !fromUrl.isThere) throw new Error('not read');
  expect(fromPath.reading).toMatchObject({ ok: true, bootstrap: { environment: 'Main' } });
  expect(fromUrl.reading).toEqual(fromPath.reading);
  expect(fromUrl.content).toBe(fromPath.content);
  const other = await readDelivery(path('other', `${FILE} `));
  expect(other.isThere && other.content).not.toBe(fromPath.content);
});

test('[DS20] what is no file, or not there, or not to be read, is a sentence', async () => {
  expect(await failureOf(join(folder, 'missing'))).toContain('ENOENT');
  mkdirSync(join(folder, 'folder'));
  expect(await failureOf(join(folder, 'folder'))).toBe('It is no file.');
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  expect(await failureOf(join(folder, 'pipe'))).toBe('It is no file.');
  expect(await failureOf('/dev/zero')).toBe('It is no file.');
  expect(await failureOf('ftp://host/file')).toContain('by http or https');
  expect(await failureOf('x\0y')).toContain('cannot be read');
});

test('[DS20] what is larger than any bootstrap file is not read to its end', async () => {
  expect(await failureOf(path('large', Buffer.alloc(BOOTSTRAP_BYTES_MAX + 1)))).toContain('larger than');
  let sent = 0;
  const endless = await serving((_request, response) => {
    const more = () => {
      while (!response.destroyed && response.write(Buffer.alloc(65_536))) sent += 65_536;
    };
    response.on('drain', more);
    more();
  });
  expect(await failureOf(endless)).toContain('larger than');
  expect(sent).toBeLessThan(20 * BOOTSTRAP_BYTES_MAX);
});

test('[DS20] a URL that hangs is given up in time: nobody accepts, nobody answers, an answer that never ends', async () => {
  const silent = await serving(() => {});
  const halfway = await serving((_request, response) => response.write('{'));
  const mute = createTcpServer(() => {}).listen(0, '127.0.0.1');
  await once(mute, 'listening');
  for (const url of [silent, halfway, `http://127.0.0.1:${(mute.address() as AddressInfo).port}/`]) {
    const startedAt = performance.now();
    expect(await failureOf(url, 200)).toBe('It did not come within 200 ms.');
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  }
  mute.close();
});

test('[DS20] what a server answers instead is told', async () => {
  const answering = (status: number) =>
    serving((_request, response) => {
      response.writeHead(status, { location: '/elsewhere' }).end('<p>no</p>');
    });
  expect(await failureOf(await answering(404))).toBe('The server answers 404 Not Found.');
  expect(await failureOf(await answering(500))).toContain('500');
  // In a circle.
  expect(await failureOf(await answering(302))).toContain('redirect');
  const refused = createTcpServer().listen(0, '127.0.0.1');
  await once(refused, 'listening');
  const { port } = refused.address() as AddressInfo;
  refused.close();
  await once(refused, 'close');
  expect(await failureOf(`http://127.0.0.1:${port}/`)).toContain('ECONNREFUSED');
  expect(await failureOf(`https://127.0.0.1:${port}/`)).toContain('ECONNREFUSED');
  expect(await failureOf('http://')).toContain('cannot be read');
});

test('[DS20] a page that is no bootstrap file is refused with line and reason', async () => {
  const delivery = await readDelivery(
    await serving((_request, response) => response.end('<html>\n<p>Log in first</html>')),
  );
  expect(delivery).toMatchObject({
    isThere: true,
    reading: { ok: false, problems: [{ line: 2, text: expect.stringContaining('XML') }] },
  });
});

test('a password in a URL is refused and not repeated', async () => {
  const delivery = await readDelivery('http://sue:fake-password@127.0.0.1:1/x');
  expect(JSON.stringify(delivery)).not.toContain('fake-password');
  expect(delivery).toMatchObject({ name: 'http://127.0.0.1:1/x', isThere: false });
});
