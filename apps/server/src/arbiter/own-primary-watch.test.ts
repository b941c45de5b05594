/** A real process that is stopped, and one that is not. */
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { isAbsolute, join, relative } from 'node:path';
import type { LogLine } from '@holdfast/kernel';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { pairFile } from './member-socket.ts';
import { type OwnPrimaryWatch, watchOwnPrimary } from './own-primary-watch.ts';
import { isRunning } from './process-identity.ts';
import { openRoleReport, type RoleReport } from './role-report.ts';
import { openSupervisorArbiter } from './supervisor-arbiter.ts';
import { type MemberProcess, startMemberProcess, TestMember } from './test-member.ts';

const LEASE_MS = 300;

let data: string;
let watch: OwnPrimaryWatch;
let member: MemberProcess;
let report: RoleReport;
let log: LogLine[];
/** How the address was moved. */
let moved: string[];

beforeEach(async () => {
  log = [];
  moved = [];
  data = await mkdtemp(join(tmpdir(), 'holdfast-own-'));
  watch = await watchOwnPrimary({
    ...{ data, application: 'sip-a', log: (line) => log.push(line) },
    moveAddress: (verb) => moved.push(verb),
  });
  member = await startMemberProcess('sip-a');
  const { application, process } = member;
  report = openRoleReport({ socket: watch.socketPath, application, process });
});

afterEach(async () => {
  report.close();
  member.child.kill('SIGKILL');
  await watch.stop();
  await rm(data, { recursive: true });
});

/** The test speaks for the process, as long as that is not stopped. */
function confirmEvery(ms: number): { stop(): void } {
  const timer = setInterval(() => report.confirmed(LEASE_MS), ms);
  return { stop: () => clearInterval(timer) };
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test('[PR8] [PR10] a primary that is stopped is killed, and the address removed, when neither voice has confirmed it for a lease', async () => {
  const voice = confirmEvery(50);
  await pause(4 * LEASE_MS);
  expect(isRunning(member.process)).toBe(true);
  expect(moved).toEqual(['remove', 'add']);
  member.child.kill('SIGSTOP');
  const stoppedAt = performance.now();
  voice.stop();
  const [, signal] = await once(member.child, 'exit');
  expect(signal).toBe('SIGKILL');
  console.log(
    JSON.stringify({
      measured: 'SIGSTOP of an own primary to its end',
      leaseMs: LEASE_MS,
      afterMs: Math.round(performance.now() - stoppedAt),
    }),
  );
  expect(log).toEqual([
    expect.objectContaining({ what: 'process killed', because: expect.stringContaining('PR8') }),
  ]);
  expect(moved).toEqual(['remove', 'add', 'remove']);
});

test('[PR10] a primary whose end its parent has heard of has lost the address, and nobody is killed', async () => {
  const voice = confirmEvery(50);
  await pause(LEASE_MS);
  voice.stop();
  watch.ended();
  expect(moved).toEqual(['remove', 'add', 'remove']);
  expect(log).toEqual([]);
});

test('[PR8] a standby that is stopped is left alone', async () => {
  const voice = confirmEvery(50);
  await pause(LEASE_MS);
  voice.stop();
  report.standsBy();
  member.child.kill('SIGSTOP');
  await pause(3 * LEASE_MS);
  expect(isRunning(member.process)).toBe(true);
  expect(log).toEqual([]);
});

test('[PR8] there the supervisor is no arbiter, and says so', async () => {
  const asking = new TestMember(member, (handlers) =>
    openSupervisorArbiter({ ...member, socket: watch.socketPath, handlers }),
  );
  expect(await asking.read()).toMatchObject({
    type: 'unknown',
    because: expect.stringContaining('etcd of the site'),
  });
  asking.close();
});

test('a data folder that is named from where the supervisor was started has a socket like any other', async () => {
  const named = relative(process.cwd(), join(data, 'here'));
  expect(isAbsolute(named)).toBe(false);
  await mkdir(named);
  const from = await watchOwnPrimary({ data: named, application: 'sip-a', log: (line) => log.push(line) });
  expect(from.socketPath).toBe(pairFile(join(data, 'here'), 'sip-a', 'sock'));
  await from.stop();
});
