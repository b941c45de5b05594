/** For tests: a Configuration Server over PGlite with a port for REST, in this process, and a client that speaks HTTP to it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LogLine } from '@holdfast/kernel';
import type { ConfigObject } from '@holdfast/protocol';
import { LineCounts } from '@holdfast/servers';
import { startConfigServer } from '../config-server.ts';
import { makeWorld } from '../store/make-world.ts';
import { writeConfiguration } from '../store/write-files.ts';

export const PASSWORD = 'fake-password';
export const ADMINISTRATOR = 'administrator1';
export const AGENT = 'agent7001';

export interface RestWorld {
  readonly url: string;
  readonly port: number;
  readonly ports: RestPorts;
  readonly objects: readonly ConfigObject[];
  readonly folder: string;
  readonly log: readonly LogLine[];
  /** Of the administrator. */
  readonly token: string;
  /** The file of what is edited while the database is away. */
  readonly branch: string;
  /** `between`: what happens while it is down. */
  restart(between: () => Promise<void>): Promise<void>;
  stop(): Promise<void>;
}

export interface RestPorts {
  readonly north: number;
  readonly northRest: number;
  readonly southRest: number;
  readonly proxy: number;
  readonly proxyRest: number;
}

export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await new Promise((resolve) => server.once('listening', resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** Of a centre with a few agents, an administrator, and a proxy at north. */
export async function restObjects(ports: RestPorts): Promise<ConfigObject[]> {
  const site = (name: string, base: number) => ({
    ...{ name, address: '127.0.0.1', gateway: '127.0.0.1:9' },
    ...{ configPort: base, clientPort: base + 1, statPort: base + 2, sipPort: base + 3 },
  });
  const { objects } = await makeWorld({
    ...{ agents: 4, sites: [site('north', 4_000), site('south', 4_100)] },
    ...{ password: PASSWORD, phonePassword: 'fake-phone-password' },
  });
  return objects.flatMap((object): ConfigObject[] => {
    if (object.objectType !== 'Application') return [object];
    if (object.name === 'config-south')
      return [{ ...object, ports: { ...object.ports, rest: ports.southRest } }];
    if (object.name !== 'config-north') return [object];
    const proxy = { ...object, name: 'proxy-north', type: 'ConfigurationServerProxy' as const };
    return [
      { ...object, ports: { default: ports.north, rest: ports.northRest } },
      { ...proxy, ports: { default: ports.proxy, rest: ports.proxyRest } },
    ];
  });
}

/** CX9: over a PGlite one of them alone is enabled. */
function unlessSecondWriter(object: ConfigObject): ConfigObject {
  return object.objectType === 'Application' && object.name === 'config-south'
    ? { ...object, enabled: false }
    : object;
}

export async function takePorts(): Promise<RestPorts> {
  const [north = 0, northRest = 0, southRest = 0, proxy = 0, proxyRest = 0] = await freePorts(5);
  return { north, northRest, southRest, proxy, proxyRest };
}

/** Over PGlite, where it writes; or of files, where nothing is edited. */
export async function startRest(over: 'pglite' | 'files' = 'pglite'): Promise<RestWorld> {
  const ports = await takePorts();
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-rest-'));
  const made = await restObjects(ports);
  const objects = over === 'pglite' ? made.map(unlessSecondWriter) : made;
  await writeConfiguration(join(folder, 'files'), objects, 'json');
  const log: LogLine[] = [];
  const branch = join(folder, 'branch');
  const start = () =>
    startConfigServer({
      ...{ application: 'config-north', files: join(folder, 'files') },
      ...(over === 'files' ? {} : { store: `pglite:${join(folder, 'store')}`, branch }),
      ...{ log: (line) => void log.push(line), lines: new LineCounts() },
    });
  let server = await start();
  const url = `http://127.0.0.1:${ports.northRest}`;
  const token = await logIn(url, ADMINISTRATOR);
  if (over === 'pglite') await untilStanding(url, token, 'writing');
  return {
    ...{ url, port: ports.northRest, ports, objects, folder, log, token, branch },
    async restart(between) {
      await server.stop();
      await between();
      server = await start();
      await untilStanding(url, token, 'writing');
    },
    async stop() {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export async function untilStanding(url: string, token: string, standing: string): Promise<void> {
  for (;;) {
    const { body } = await ask(url, 'GET', '/v1/revision', { token });
    if (body.standing === standing) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export async function logIn(url: string, user: string, password = PASSWORD): Promise<string> {
  const { body } = await ask(url, 'POST', '/v1/log-in', { body: { user, password } });
  if (typeof body.token !== 'string') throw new Error(`no log-in: ${JSON.stringify(body)}`);
  return body.token;
}

export interface Asked {
  readonly token?: string;
  readonly body?: unknown;
  /** As it is sent; else the body as JSON. */
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  /** Empty where the answer is no JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: a test says what it expects of it.
  readonly body: any;
  readonly text: string;
}

export async function ask(
  url: string,
  method: string,
  path: string,
  { token, body, text, headers }: Asked = {},
): Promise<Answered> {
  const sent = text ?? (body === undefined ? undefined : JSON.stringify(body));
  const response = await fetch(`${url}${path}`, {
    method,
    redirect: 'manual',
    headers: {
      ...(sent === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
      ...headers,
    },
    ...(sent === undefined ? {} : { body: sent }),
  });
  const answer = await response.text();
  const isJson = /json/.test(response.headers.get('content-type') ?? '');
  return {
    ...{ status: response.status, headers: response.headers, text: answer },
    body: isJson && answer !== '' ? JSON.parse(answer) : {},
  };
}

/** A request that no client would make: what comes back until the other end closes. */
export function askRaw(port: number, words: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port });
    let heard = '';
    socket.on('connect', () => socket.write(words));
    socket.on('data', (data) => {
      heard += data;
    });
    // A reset is one way to be refused.
    socket.on('error', () => resolve(heard));
    socket.on('close', () => resolve(heard));
    socket.setTimeout(10_000, () => reject(new Error('no answer within 10 s')));
  });
}
