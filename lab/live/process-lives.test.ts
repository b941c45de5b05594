/**
 * Whatever ends the command line, nothing that it started is left: real processes, ended in every way, and found again by
 * a mark in their environment, which all of a tree inherit.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeWorld, writeConfiguration } from '@holdfast/server';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { SITE_PORTS_SPAN } from './demo-ports.ts';
import { bindFailure, freePorts } from './free-ports.ts';
import { isAlive, send } from './process-tree.ts';
import { pause } from './site-processes.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MARK = 'HOLDFAST_PROCESS_LIVES_TEST';
const CLI = 'apps/cli/holdfast.mjs';
/** A busy machine; the limits of the program itself add up to 15 s. */
const GONE_MAX_MS = 20_000;
const START_MAX_MS = 60_000;

let mark: string;
let folder: string;

beforeAll(() => {
  const built = spawnSync(process.execPath, ['--import', 'tsx', 'scripts/build.ts', '--quiet'], {
    cwd: ROOT,
    stdio: 'inherit',
  });
  expect(built.status).toBe(0);
}, 120_000);

beforeEach(() => {
  mark = randomUUID();
  folder = mkdtempSync(join(tmpdir(), 'holdfast-lives-'));
});

afterEach(() => {
  // Only after a failure there is any.
  for (const { pid } of marked()) send(pid, 'SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

interface Marked {
  readonly pid: number;
  readonly command: string;
  readonly isStopped: boolean;
}

function marked(): Marked[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name) || !isAlive(Number(name))) return [];
    try {
      if (!readFileSync(`/proc/${name}/environ`, 'utf8').includes(`${MARK}=${mark}`)) return [];
      const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
      const isStopped = /\) [Tt] /.test(readFileSync(`/proc/${name}/stat`, 'utf8'));
      return [{ pid: Number(name), command, isStopped }];
    } catch {
      // It ended while we looked, or belongs to somebody else.
      return [];
    }
  });
}

interface Started {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly said: () => string;
}

/** In a process group of its own, as a terminal would start it. */
function start(command: string, args: readonly string[]): Started {
  const child = spawn(command, args, {
    cwd: ROOT,
    env: { ...process.env, [MARK]: mark, TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let text = '';
  const hear = (chunk: Buffer) => {
    text += chunk;
  };
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  if (child.pid === undefined) throw new Error(`${command} could not be started`);
  return { child, pid: child.pid, said: () => text };
}

async function until(what: string, started: Started, isTrue: () => boolean): Promise<void> {
  const giveUpAt = performance.now() + START_MAX_MS;
  while (!isTrue()) {
    if (performance.now() > giveUpAt) throw new Error(`never ${what}:\n${started.said()}`);
    await pause(50);
  }
}

async function nothingIsLeft(): Promise<void> {
  const giveUpAt = performance.now() + GONE_MAX_MS;
  while (marked().length > 0 && performance.now() < giveUpAt) await pause(50);
  expect(marked()).toEqual([]);
}

/** A first port with all of a demonstration's free above it. */
async function freeSitePorts(): Promise<number> {
  for (;;) {
    const [first] = (await freePorts(1)) as [number];
    const offsets = [1, 2, 5, 6, 50, 80, 100, 101, 102, SITE_PORTS_SPAN];
    const failures = await Promise.all(
      offsets.flatMap((offset) => [bindFailure('TCP', first + offset), bindFailure('UDP', first + offset)]),
    );
    if (failures.every((failure) => failure === undefined)) return first;
  }
}

/** By npm, as people start it: npm, a shell, the command, the lab, two supervisors and seven servers. */
async function startDemo(): Promise<Started> {
  const [port] = (await freePorts(1)) as [number];
  const sitePorts = await freeSitePorts();
  const options = ['--agents', '6', '--port', String(port), '--site-ports', String(sitePorts)];
  const demo = start('npm', ['start', '--', ...options]);
  await until('up', demo, () => demo.said().includes('Ctrl-C stops everything'));
  expect(marked().length).toBeGreaterThanOrEqual(13);
  return demo;
}

test.each(['SIGTERM', 'SIGHUP', 'SIGKILL'] as const)(
  'npm start that gets %s leaves nothing behind',
  async (signal) => {
    const demo = await startDemo();
    process.kill(demo.pid, signal);
    await nothingIsLeft();
    // Its working folder too.
    expect(readdirSync(folder).filter((name) => name.startsWith('holdfast-lab-'))).toEqual([]);
  },
  120_000,
);

test('npm start ends in order at Ctrl-C, which reaches all of its group', async () => {
  const demo = await startDemo();
  process.kill(-demo.pid, 'SIGINT');
  await nothingIsLeft();
  expect(demo.said()).toContain('nothing is left running');
}, 120_000);

async function startServer(): Promise<Started> {
  const [configPort, clientPort, sipPort, gateway, ...others] = (await freePorts(7)) as number[];
  const site = (name: string, [config, clients, sip]: readonly (number | undefined)[]) => ({
    name,
    address: '127.0.0.1',
    configPort: config as number,
    clientPort: clients as number,
    sipPort: sip as number,
    gateway: `127.0.0.1:${gateway}`,
  });
  const { objects } = await makeWorld({
    agents: 2,
    sites: [site('north', [configPort, clientPort, sipPort]), site('south', others)],
    password: 'fake-password',
    phonePassword: 'fake-phone-password',
  });
  await writeConfiguration(join(folder, 'files'), objects);
  const server = start(process.execPath, [CLI, 'run', 'config-north', '--files', join(folder, 'files')]);
  await until('ready', server, () => server.said().includes('ready'));
  expect(marked().length).toBeGreaterThanOrEqual(2);
  return server;
}

/** A process is gone from the list before its parent has heard how it ended. */
function ended(one: Started): Promise<void> {
  return until('ended', one, () => one.child.exitCode !== null || one.child.signalCode !== null);
}

test.each(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGKILL'] as const)(
  'holdfast run that gets %s leaves no server behind',
  async (signal) => {
    const server = await startServer();
    process.kill(server.pid, signal);
    await nothingIsLeft();
    await ended(server);
    if (signal !== 'SIGKILL') expect(server.child.exitCode).toBe(0);
  },
  60_000,
);

test('a simulation ends with the command that is killed', async () => {
  const simulation = start(process.execPath, [CLI, 'simulate', '--whole', '--seeds', '100000']);
  await until('running', simulation, () => marked().some(({ command }) => command.includes('simulate.mjs')));
  process.kill(simulation.pid, 'SIGKILL');
  await nothingIsLeft();
}, 60_000);

/** The supervisor and the servers of north are stopped, and could not notice anything by themselves. */
async function startHungSite(): Promise<Started> {
  const lab = start(process.execPath, [CLI, 'lab', 'run', 'hung-site', '--agents', '16']);
  await until('hung', lab, () => marked().filter(({ isStopped }) => isStopped).length >= 3);
  return lab;
}

test('a stopped site does not outlive the lab, even when lab and command are killed together', async () => {
  const lab = await startHungSite();
  // Command and lab; the sites are in groups of their own.
  process.kill(-lab.pid, 'SIGKILL');
  await nothingIsLeft();
}, 120_000);

test('a scenario that is ended says so, writes its report, and exits with 2', async () => {
  const report = join(folder, 'report.json');
  const lab = start(process.execPath, [CLI, 'lab', 'run', 'site-loss', '--agents', '6', '--json', report]);
  await until('playing', lab, () => lab.said().includes('site-loss: 6 agents'));
  await until('up', lab, () => marked().length >= 8);
  process.kill(lab.pid, 'SIGTERM');
  await nothingIsLeft();
  await ended(lab);
  expect(lab.child.exitCode).toBe(2);
  expect(lab.said()).toContain('ended by SIGTERM before all checks were made');
  const { checks } = JSON.parse(readFileSync(report, 'utf8'));
  expect(checks).toContainEqual(expect.objectContaining({ name: 'scenario-ran', ok: false }));
}, 120_000);
