/** Real processes from the bundle, killed for real. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ConfigReply, type ConfigRequest, configReply, PROTOCOL_VERSION } from '@holdfast/protocol';
import { connectLink } from '@holdfast/shell';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { makeWorld } from '../store/make-world.ts';
import { writeConfiguration } from '../store/write-files.ts';

let folder: string;
let ports: number[];
const children: ChildProcess[] = [];

const ROOT = fileURLToPath(new URL('../../../..', import.meta.url));
const SERVER_BUNDLE = join(ROOT, '.build/server.mjs');

beforeAll(() => {
  const built = spawnSync(process.execPath, ['--import', 'tsx', 'scripts/build.ts'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  if (built.status !== 0) throw new Error(built.stderr);
}, 60_000);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-site-'));
  ports = await freePorts(10);
});

afterEach(async () => {
  for (const child of children.splice(0)) {
    child.kill('SIGKILL');
    if (child.pid !== undefined) await until(() => !isAlive(child.pid as number));
  }
  // What the killed supervisors started ends by itself.
  const site = await pidsOf('north').catch(() => undefined);
  for (const pid of Object.values(site?.processes ?? {})) if (pid !== null) await until(() => !isAlive(pid));
  await rm(folder, { recursive: true, force: true });
});

const port = (index: number) => ports[index] as number;

/** The kernel's choice: free a moment ago. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return server;
    }),
  );
  const found = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return found;
}

async function writeWorld(timeout = '10', ringsFor = '10'): Promise<void> {
  const site = (name: string, first: number) => ({
    name,
    address: '127.0.0.1',
    configPort: port(first),
    clientPort: port(first + 1),
    sipPort: port(first + 2),
    gateway: `127.0.0.1:${port(first + 3)}`,
    statPort: port(first + 4),
  });
  const { objects } = await makeWorld({
    agents: 2,
    sites: [site('north', 0), site('south', 5)],
    password: 'fake-password',
    phonePassword: 'fake-phone-password',
    options: {
      'Tenant/holdfast': { 'interaction-workspace': { 'disaster-recovery.timeout': timeout } },
      'Application/sip-north': { TServer: { 'no-answer-timeout': ringsFor } },
    },
  });
  await writeConfiguration(join(folder, 'files'), objects);
}

interface Started {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly exit: Promise<number | null>;
}

function run(args: readonly string[], environment: Record<string, string> = {}): Started {
  const child = spawn(process.execPath, [SERVER_BUNDLE, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  });
  children.push(child);
  let text = '';
  child.stdout?.on('data', (data) => {
    text += data;
  });
  child.stderr?.on('data', (data) => {
    text += data;
  });
  const exit = new Promise<number | null>((resolve) => child.on('close', (code) => resolve(code)));
  return { child, output: () => text, exit };
}

const supervise = (...more: string[]) =>
  run([
    'supervisor',
    '--site',
    'north',
    '--files',
    join(folder, 'files'),
    '--files-only',
    '--data',
    join(folder, 'data'),
    ...more,
  ]);

interface Pids {
  readonly supervisor: number;
  readonly processes: Record<string, number | null>;
}

async function pidsOf(site: string): Promise<Pids> {
  return JSON.parse(await readFile(join(folder, 'data', `supervisor-${site}.json`), 'utf8'));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    // No such process.
    return false;
  }
}

/** Asks again and again; gives up with the test's own limit in view. */
async function until<Value>(
  ask: () => Value | Promise<Value>,
  limitMs = 10_000,
): Promise<NonNullable<Value>> {
  const giveUpAt = performance.now() + limitMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== null && answer !== false) return answer as NonNullable<Value>;
    if (performance.now() > giveUpAt) throw new Error(`not so after ${limitMs} ms: ${ask}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const started = (site: Started) => until(() => site.output().includes('site started'));

/** Requests in order, each after the answer to the one before. */
function talk(toPort: number, requests: readonly ConfigRequest[]): Promise<ConfigReply[]> {
  const replies: ConfigReply[] = [];
  return new Promise((resolve, reject) => {
    let next = 0;
    const link = connectLink<ConfigRequest, ConfigReply>({
      host: '127.0.0.1',
      port: toPort,
      schema: configReply,
      handlers: {
        opened: () => advance(),
        message(reply) {
          replies.push(reply);
          advance();
        },
        closed: ({ text }) => (next > requests.length ? resolve(replies) : reject(new Error(text))),
      },
    });
    function advance(): void {
      const request = requests[next];
      next += 1;
      if (request === undefined) link.close();
      else link.send(request);
    }
  });
}

const OPEN: ConfigRequest = {
  type: 'Open',
  ReferenceID: 1,
  application: 'workspace',
  version: PROTOCOL_VERSION,
  addpTimeoutMs: 10_000,
};
const LOG_IN: ConfigRequest = { type: 'LogIn', ReferenceID: 2, user: 'agent7001', password: 'fake-password' };

test('a site starts in order, a person logs in, SIGTERM ends all of it', async () => {
  await writeWorld();
  const site = supervise();
  await started(site);
  const { processes } = await pidsOf('north');
  expect(Object.keys(processes)).toEqual(['config-north', 'sip-north', 'stat-north']);
  const [opened, loggedIn] = await talk(port(0), [OPEN, LOG_IN]);
  expect(opened).toMatchObject({ type: 'Opened', site: 'north' });
  expect(loggedIn).toMatchObject({
    type: 'LoggedIn',
    configuration: { preferredSite: 'north', peerSite: 'south' },
  });
  const [, wrong] = await talk(port(0), [OPEN, { ...LOG_IN, password: 'x' } as ConfigRequest]);
  expect(wrong).toMatchObject({ type: 'Error', code: 'wrong-password' });
  site.child.kill('SIGTERM');
  expect(await site.exit).toBe(0);
  for (const pid of Object.values(processes)) expect(isAlive(pid as number)).toBe(false);
  expect(site.output()).not.toContain('fake-password');
});

test('[C74] with the other site dead people log in, by the token of either site and by password', async () => {
  await writeWorld();
  const files = join(folder, 'files');
  const both = [
    run(['--application', 'config-north', '--files', files]),
    run(['--application', 'config-south', '--files', files]),
  ];
  for (const one of both) await until(() => one.output().includes('ready'));
  const [here, loggedIn] = await talk(port(0), [OPEN, LOG_IN]);
  const token = loggedIn?.type === 'LoggedIn' ? loggedIn.token : '';
  both[0]?.child.kill('SIGKILL');
  const [there, again] = await talk(port(5), [OPEN, { type: 'LogInByToken', ReferenceID: 3, token }]);
  expect(again).toMatchObject({ type: 'LoggedIn', token, configuration: { person: { name: 'agent7001' } } });
  const [, byPassword] = await talk(port(5), [OPEN, LOG_IN]);
  expect(byPassword).toMatchObject({ type: 'LoggedIn', configuration: { person: { name: 'agent7001' } } });
  expect(there?.type === 'Opened' && there.revision).toBe(here?.type === 'Opened' && here.revision);
});

test('a process that is killed is started again; with --no-restart it stays down until it is asked for', async () => {
  await writeWorld();
  for (const restarts of [true, false]) {
    const site = supervise(...(restarts ? [] : ['--no-restart']));
    await started(site);
    const before = await pidsOf('north');
    process.kill(before.processes['sip-north'] as number, 'SIGKILL');
    if (restarts) {
      const pid = await until(async () => (await pidsOf('north')).processes['sip-north']);
      expect(pid).not.toBeNull();
    } else {
      await until(async () => (await pidsOf('north')).processes['sip-north'] === null);
      site.child.kill('SIGUSR2');
    }
    await until(async () => {
      const pid = (await pidsOf('north')).processes['sip-north'];
      return pid !== null && pid !== before.processes['sip-north'];
    });
    expect((await pidsOf('north')).processes['config-north']).toBe(before.processes['config-north']);
    await until(() => site.output().split('SIP Server ready').length === 3);
    site.child.kill('SIGINT');
    expect(await site.exit).toBe(0);
  }
});

test('[C66] a SIP Server goes on without any Configuration Server, and follows it again when it is back', async () => {
  await writeWorld('10');
  const site = supervise('--no-restart');
  await started(site);
  const before = await pidsOf('north');
  process.kill(before.processes['config-north'] as number, 'SIGKILL');
  await until(() => site.output().includes('configuration server lost'));
  expect(isAlive(before.processes['sip-north'] as number)).toBe(true);
  const socket = createConnection(port(1), '127.0.0.1');
  await new Promise((resolve, reject) => socket.on('connect', resolve).on('error', reject));
  socket.destroy();
  const readings = () => site.output().split('configuration read').length;
  const former = readings();
  // The secret of the servers must stay: only the agents' file is changed.
  const file = join(folder, 'files', 'agents.yaml');
  await writeFile(
    file,
    (await readFile(file, 'utf8')).replace('name: agent7001\n', 'name: agent7001\n    displayName: Kim\n'),
  );
  site.child.kill('SIGUSR2');
  await until(() => readings() > former);
  expect((await pidsOf('north')).processes['sip-north']).toBe(before.processes['sip-north']);
});

test('when the supervisor is killed its processes end too', async () => {
  await writeWorld();
  const site = supervise();
  await started(site);
  const { processes } = await pidsOf('north');
  site.child.kill('SIGKILL');
  for (const pid of Object.values(processes)) await until(() => !isAlive(pid as number));
});

test('with --outlive they go on without it', async () => {
  await writeWorld();
  const site = supervise('--outlive');
  await started(site);
  const { processes } = await pidsOf('north');
  site.child.kill('SIGKILL');
  await until(() => !isAlive(site.child.pid as number));
  const [opened] = await talk(port(0), [OPEN]);
  expect(opened).toMatchObject({ type: 'Opened' });
  for (const pid of Object.values(processes)) process.kill(pid as number, 'SIGTERM');
  for (const pid of Object.values(processes)) await until(() => !isAlive(pid as number));
});

test('SIGHUP serves changed files, and keeps serving the former ones when they are wrong', async () => {
  await writeWorld('10');
  const site = supervise();
  await started(site);
  const timeout = async () => {
    const [, reply] = await talk(port(0), [OPEN, LOG_IN]);
    return reply?.type === 'LoggedIn'
      ? reply.configuration?.options['disaster-recovery.timeout']?.value
      : undefined;
  };
  expect(await timeout()).toBe('10');
  await writeWorld('11');
  site.child.kill('SIGHUP');
  await until(() => site.output().includes('configuration changed'));
  expect(await timeout()).toBe('11');
  await until(() => site.output().split('configuration read').length >= 3);
  await writeWorld('12', 'soon');
  site.child.kill('SIGHUP');
  await until(() => site.output().includes('no-answer-timeout'));
  expect(await timeout()).toBe('11');
});

test.each([
  ['nothing', [], 'usage:'],
  ['an unknown option', ['--colour', 'red'], 'usage:'],
  ['a folder that is not there', ['--application', 'config-north', '--files', '/nowhere'], 'has problems'],
  ['a bad address', ['--application', 'sip-north', '--config', 'nonsense'], '"nonsense" is not HOST:PORT'],
  ['a site that is not there', ['supervisor', '--site', 'west'], 'usage:'],
])('started with %s it says why it cannot run, with status 2', async (_, args, text) => {
  const started = run(args);
  expect(await started.exit).toBe(2);
  expect(started.output()).toContain(text);
});

test('a wrong application, site, secret or a taken port is named, with status 2', async () => {
  await writeWorld();
  const files = join(folder, 'files');
  const cases: [string[], string][] = [
    [
      ['--application', 'sip-north', '--files', files],
      'no enabled Application "sip-north" of type ConfigurationServer',
    ],
    [['supervisor', '--site', 'west', '--files', files, '--data', folder], 'The sites are "north", "south"'],
  ];
  const server = run(['--application', 'config-north', '--files', files]);
  await until(() => server.output().includes('ready'));
  const config = `127.0.0.1:${port(0)}`;
  cases.push([
    ['--application', 'config-north', '--files', files],
    `TCP port ${port(0)} on 127.0.0.1 is taken`,
  ]);
  cases.push([['--application', 'nobody', '--config', config], 'There is no Application "nobody"']);
  cases.push([['--application', 'sip-north', '--config', config], 'The server secret is wrong']);
  for (const [args, text] of cases) {
    const started = run(args, { HOLDFAST_SERVER_SECRET: 'wrong' });
    expect(await started.exit, text).toBe(2);
    expect(started.output()).toContain(text);
  }
});

test('an unknown application ends with status 2 also while the other site is dead, and says what there is', async () => {
  await writeWorld();
  const server = run(['--application', 'config-north', '--files', join(folder, 'files')]);
  await until(() => server.output().includes('ready'));
  const keys = await readFile(join(folder, 'files', 'keys.yaml'), 'utf8');
  const secret = /serverSecret: (\S+)/.exec(keys)?.[1] ?? '';
  const started = run(
    ['--application', 'sip-east', '--config', `127.0.0.1:${port(0)},127.0.0.1:${port(5)}`],
    { HOLDFAST_SERVER_SECRET: secret },
  );
  expect(await started.exit).toBe(2);
  expect(started.output()).toContain(`127.0.0.1:${port(0)}: There is no Application "sip-east"`);
  expect(started.output()).toContain('"sip-north" (SIPServer)');
  expect(started.output()).toContain(`127.0.0.1:${port(5)}: no answer (ECONNREFUSED)`);
});

test('without any Configuration Server it waits: an outage passes, and nothing says that the name is wrong', async () => {
  const started = run(['--application', 'sip-north', '--config', `127.0.0.1:${port(0)}`]);
  await until(() => started.output().includes('configuration server lost'));
  await writeWorld();
  const files = join(folder, 'files');
  run(['--application', 'config-north', '--files', files]);
  // Now it is told that it must show the secret, and ends.
  expect(await started.exit).toBe(2);
  expect(started.output()).toContain('must show the server secret');
});

test('an application that is no longer there is left down after restarts-max, and started when it is back', async () => {
  await writeWorld();
  const file = join(folder, 'files', 'servers.yaml');
  const change = async (text: RegExp, by: string) => {
    const servers = await readFile(file, 'utf8');
    const changed = servers.replace(text, by);
    expect(changed).not.toBe(servers);
    await writeFile(file, changed);
  };
  await change(
    /(name: supervisor-north[\s\S]*?options:\n)/,
    '$1      holdfast:\n        restarts-max: "2"\n',
  );
  const site = supervise();
  await started(site);
  const pidOf = async (name: string) => (await pidsOf('north')).processes[name];
  await change(/(- name: stat-north\n)/, '$1    enabled: false\n');
  site.child.kill('SIGHUP');
  await until(() => site.output().includes('configuration changed'));
  process.kill((await pidOf('stat-north')) as number, 'SIGKILL');
  await until(() => site.output().includes('process given up'));
  expect(site.output()).toContain('There is no Application "stat-north", or it is disabled.');
  expect(await pidOf('stat-north')).toBeNull();
  // The others of the site work on.
  expect(isAlive((await pidOf('sip-north')) as number)).toBe(true);
  await change(/(- name: stat-north\n) +enabled: false\n/, '$1');
  site.child.kill('SIGHUP');
  await until(() => site.output().split('configuration changed').length === 3);
  site.child.kill('SIGUSR2');
  await until(() => site.output().split('Stat Server ready').length === 3);
}, 40_000);
