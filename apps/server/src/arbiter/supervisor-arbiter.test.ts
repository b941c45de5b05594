/** The supervisor as arbiter, in a process of its own, with processes that are killed for real. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LogLine } from '@holdfast/kernel';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { buildProgram } from '../../../../scripts/build.ts';
import { type ArbiterWorld, arbiterContract } from './arbiter.contract.ts';
import { pairFile } from './member-socket.ts';
import { identityOf, isRunning } from './process-identity.ts';
import { openSupervisorArbiter } from './supervisor-arbiter.ts';
import { AnswerLoss } from './test-answer-loss.ts';
import { type MemberProcess, startMemberProcess, TestMember } from './test-member.ts';

const PROGRAM = 'apps/server/src/arbiter/test-host-pair-main.ts';
const bundle = fileURLToPath(new URL('../../../../.build/test-host-pair.mjs', import.meta.url));

/** It starts ten times as fast as sources do. */
beforeAll(() => buildProgram({ name: 'test-host-pair', entry: PROGRAM }, false));

class HostWorld implements ArbiterWorld {
  readonly log: LogLine[] = [];
  readonly #data: string;
  #host: ChildProcess | undefined;
  #socket = '';
  #loss: AnswerLoss | undefined;
  readonly #members: TestMember[] = [];

  private constructor(data: string) {
    this.#data = data;
  }

  static async begin(): Promise<HostWorld> {
    const world = new HostWorld(await mkdtemp(join(tmpdir(), 'holdfast-pair-')));
    await world.start();
    world.#loss = await AnswerLoss.open({ path: world.#socket }, join(world.#data, 'loss.sock'));
    return world;
  }

  get recordFile(): string {
    return pairFile(this.#data, 'sip-a', 'json');
  }

  async start(): Promise<void> {
    const former = this.#host;
    const host = fork(bundle, [this.#data, 'sip-a', 'sip-b'], { execArgv: [] });
    this.#host = host;
    host.on('message', (message: { log?: LogLine }) => {
      if (message.log !== undefined) this.log.push(message.log);
    });
    this.#socket = await new Promise((resolve, reject) => {
      host.on('message', ({ socket, failed }: { socket?: string; failed?: string }) => {
        if (socket !== undefined) resolve(socket);
        if (failed === undefined) return;
        this.#host = former;
        reject(new Error(failed));
      });
    });
  }

  async member(name: 'a' | 'b'): Promise<TestMember> {
    const own = await startMemberProcess(`sip-${name}`);
    this.#host?.send({ application: own.application, pid: own.pid });
    await new Promise<void>((resolve) =>
      this.#host?.on('message', ({ started }: { started?: number }) => started === own.pid && resolve()),
    );
    return this.connect(own);
  }

  connect(own: MemberProcess): TestMember {
    const { application, process } = own;
    const member = new TestMember(own, (handlers) =>
      openSupervisorArbiter({ socket: join(this.#data, 'loss.sock'), application, process, handlers }),
    );
    this.#members.push(member);
    return member;
  }

  loseAnswers(): void {
    this.#loss?.lose();
  }

  healAnswers(): void {
    this.#loss?.heal();
  }

  async kill(): Promise<void> {
    if (this.#host?.exitCode !== null || this.#host.signalCode !== null) return;
    this.#host.kill('SIGKILL');
    await once(this.#host, 'exit');
  }

  async close(): Promise<void> {
    for (const member of this.#members) member.close();
    this.#loss?.close();
    await this.kill();
    await rm(this.#data, { recursive: true, force: true });
  }
}

arbiterContract('the supervisor of one host', () => HostWorld.begin());

let world: HostWorld;
const children: ChildProcess[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await world?.close();
});

async function pairHeldByA(): Promise<[TestMember, TestMember]> {
  world = await HostWorld.begin();
  const a = await world.member('a');
  const b = await world.member('b');
  children.push(a.own.child, b.own.child);
  expect((await a.swap((await a.certainRead()).revision)).type).toBe('swapped');
  return [a, b];
}

test('[PR7] the old process has ended when the other one is granted the role, also one that is stopped', async () => {
  const [a, b] = await pairHeldByA();
  a.own.child.kill('SIGSTOP');
  const { revision } = await b.certainRead();
  const askedAt = performance.now();
  const taken = await b.swap(revision, { epoch: 2 });
  const grantedAfterMs = Math.round(performance.now() - askedAt);
  expect(isRunning(a.own.process)).toBe(false);
  expect(taken.type).toBe('swapped');
  console.log(JSON.stringify({ measured: 'grant over a stopped holder, its end included', grantedAfterMs }));
  const { key, members } = JSON.parse(await readFile(world.recordFile, 'utf8'));
  expect({ key, members }).toEqual({ key: b.key({ epoch: 2 }), members: { 'sip-b': b.own.process } });
});

test('[PR7] the mate of a process that ends is told at once', async () => {
  const [a, b] = await pairHeldByA();
  const killedAt = performance.now();
  a.own.child.kill('SIGKILL');
  while (b.ends.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  const measured = { toldAfterMs: Math.round(performance.now() - killedAt) };
  console.log(JSON.stringify({ measured: 'end of a member told to its mate', ...measured }));
  expect(b.ends).toEqual(['sip-a']);
});

test('[PR7] the arbiter dies and comes back: the members live on, are known, and the old one is killed for a grant', async () => {
  const [a, b] = await pairHeldByA();
  await world.kill();
  expect([a, b].map(({ own }) => isRunning(own.process))).toEqual([true, true]);
  await world.start();
  const stands = await b.certainRead();
  expect(stands.key).toEqual(a.key());
  expect((await b.swap(stands.revision, { epoch: 2 })).type).toBe('swapped');
  expect(isRunning(a.own.process)).toBe(false);
});

test('[PR7] a second supervisor on the same data is refused, and so is a record that cannot be understood', async () => {
  await pairHeldByA();
  await expect(world.start()).rejects.toThrow(/Another supervisor .* has the pair/);
  await world.kill();
  await writeFile(world.recordFile, '{"supervisor":');
  await expect(world.start()).rejects.toThrow('cannot be understood. End both members of the pair');
});

test('[PR7] who is no living member of the pair is refused with the reason', async () => {
  await pairHeldByA();
  const stranger = await startMemberProcess('sip-a');
  children.push(stranger.child);
  const second = await world.connect(stranger).read();
  expect(second).toMatchObject({ type: 'unknown', because: expect.stringContaining('runs already') });
  const nobody = { ...stranger, process: stranger.process.replace(/\d+$/, '1') };
  const gone = await world.connect(nobody).read();
  expect(gone).toMatchObject({ type: 'unknown', because: expect.stringContaining('No process') });
  const other = { ...stranger, application: 'sip-x' };
  const foreign = await world.connect(other).read();
  expect(foreign).toMatchObject({ type: 'unknown', because: expect.stringContaining('is no member') });
  expect(identityOf(stranger.pid)).toBe(stranger.process);
});
