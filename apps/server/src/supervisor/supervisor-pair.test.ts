/** A supervisor with both members of a pair, killed for real. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { buildProgram } from '../../../../scripts/build.ts';
import { identityOf, isRunning } from '../arbiter/process-identity.ts';
import { makeWorld } from '../store/make-world.ts';
import { writeConfiguration } from '../store/write-files.ts';

const PROGRAM = 'apps/server/src/supervisor/test-pair-site-main.ts';
const bundle = fileURLToPath(new URL('../../../../.build/test-pair-site.mjs', import.meta.url));
const MEMBERS = ['sip-north', 'sip-north-b'];
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-pair-site-'));
  await buildProgram({ name: 'test-pair-site', entry: PROGRAM }, false);
  const site = (name: string, first: number) => ({
    name,
    address: '127.0.0.1',
    configPort: first,
    clientPort: first + 1,
    sipPort: first + 2,
    gateway: `127.0.0.1:${first + 3}`,
    statPort: first + 4,
    // Nobody opens a port here.
    standby: { clientPort: first + 5, pairPort: first + 6 },
  });
  const { objects } = await makeWorld({
    agents: 2,
    sites: [site('north', 5110), site('south', 5210)],
    password: 'fake-password',
    phonePassword: 'fake-phone-password',
    options: {},
  });
  await writeConfiguration(join(folder, 'files'), objects);
});

interface Pids {
  readonly supervisor: number;
  readonly processes: Record<string, number | null>;
}

let supervisor: ChildProcess;
let output: string;
/** Whom a failed test may leave behind: members outlive their supervisor. */
const pids = new Set<number>();

beforeEach(() => {
  output = '';
  return startSite();
}, 20_000);

afterEach(async () => {
  const last = await sitePids().catch(() => undefined);
  for (const pid of Object.values(last?.processes ?? {})) if (pid !== null) pids.add(pid);
  supervisor.kill('SIGKILL');
  for (const pid of pids) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  pids.clear();
  await rm(join(folder, 'data'), { recursive: true, force: true });
});

afterAll(() => rm(folder, { recursive: true, force: true }));

async function startSite(): Promise<void> {
  const startedBefore = output.split('site started').length;
  const args = [bundle, 'supervise', join(folder, 'files'), join(folder, 'data')];
  supervisor = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [supervisor.stdout, supervisor.stderr])
    stream?.on('data', (data) => {
      output += data;
    });
  await until('the site has started', () => output.split('site started').length > startedBefore);
  for (const pid of Object.values((await sitePids()).processes)) if (pid !== null) pids.add(pid);
}

async function sitePids(): Promise<Pids> {
  return JSON.parse(await readFile(join(folder, 'data', 'supervisor-north.json'), 'utf8'));
}

const pidOf = async (application: string) => (await sitePids()).processes[application] as number;

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    // No such process.
    return false;
  }
}

async function until(what: string, isTrue: () => boolean | Promise<boolean>): Promise<void> {
  const giveUpAt = performance.now() + 8_000;
  while (!(await isTrue())) {
    if (performance.now() > giveUpAt) throw new Error(`not so: ${what}; ${output.slice(-2_000)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const says = (said: object) => until(JSON.stringify(said), () => output.includes(JSON.stringify(said)));

async function ask(application: string): Promise<void> {
  process.kill(await pidOf(application), 'SIGUSR2');
}

test('[PR7] both members start, the primary first; the mate asks and the old primary ends, and starts again', async () => {
  expect(Object.keys((await sitePids()).processes)).toEqual(['config-north', ...MEMBERS, 'stat-north']);
  await ask('sip-north');
  await says({ application: 'sip-north', answer: 'swapped' });
  await says({ application: 'sip-north-b', sees: 'sip-north' });
  const old = await pidOf('sip-north');
  const oldProcess = identityOf(old) ?? '';
  process.kill(old, 'SIGHUP');
  await says({ application: 'sip-north', offers: true });
  await ask('sip-north-b');
  await says({ application: 'sip-north-b', answer: 'swapped' });
  // What its parent has not heard of yet still has a number.
  expect(isRunning(oldProcess)).toBe(false);
  await says({ application: 'sip-north-b', ended: 'sip-north' });
  await until('it is started again', async () => ![old, null].includes(await pidOf('sip-north')));
  // That was asked for: it is no error, and no death of those that are counted.
  await until('it is said that it made way', () => output.includes('"what":"process made way"'));
  expect(output).not.toContain('"what":"process ended"');
  await says({ application: 'sip-north', sees: 'sip-north-b' });
  // The new primary hangs and offers nothing: that is a death, which counts.
  process.kill(await pidOf('sip-north-b'), 'SIGSTOP');
  output = '';
  await ask('sip-north');
  await says({ application: 'sip-north', answer: 'swapped' });
  await until('its end is told as an error', () => output.includes('"what":"process ended"'));
  expect(output).toContain('which it had not offered');
  expect(output).not.toContain('"what":"process made way"');
  supervisor.kill('SIGTERM');
  await once(supervisor, 'exit');
  for (const pid of Object.values((await sitePids()).processes)) expect(pid).toBeNull();
}, 40_000);

test('[PR7] the supervisor is killed: the members go on, and the next one takes them over and ends them', async () => {
  await ask('sip-north');
  await says({ application: 'sip-north', answer: 'swapped' });
  const before = (await sitePids()).processes;
  supervisor.kill('SIGKILL');
  await until('the others have ended', () => !isAlive(before['stat-north'] as number));
  for (const name of MEMBERS) expect(isAlive(before[name] as number)).toBe(true);
  await startSite();
  const after = (await sitePids()).processes;
  for (const name of MEMBERS) expect(after[name]).toBe(before[name]);
  expect(after['stat-north']).not.toBe(before['stat-north']);
  expect(output.split('process taken over')).toHaveLength(3);
  // The new arbiter knows who holds the role, kills for a grant, and starts again what it has killed.
  await ask('sip-north-b');
  await until('the former primary has ended', () => !isAlive(before['sip-north'] as number));
  await until(
    'it is started again',
    async () => ![before['sip-north'], null].includes(await pidOf('sip-north')),
  );
  expect(await pidOf('sip-north-b')).toBe(before['sip-north-b']);
  supervisor.kill('SIGTERM');
  await once(supervisor, 'exit');
  // It is the child of whoever took it in when its parent died, and who has to hear of its end first.
  await until('the standby has ended', () => !isAlive(before['sip-north-b'] as number));
}, 40_000);
