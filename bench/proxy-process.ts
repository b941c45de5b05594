/** Starts a proxy of the configuration, weighs it, and lets desks log in there. */
import { readFileSync, rmSync } from 'node:fs';
import { ADMINISTRATOR } from '@holdfast/centre';
import { LOAD_LINE, LOAD_SIGNAL } from '@holdfast/server';
import type { ConfigProcesses } from '../lab/live/config-processes.ts';
import {
  type LeanConfigDesk,
  type LeanEntry,
  openLeanConfigDesk,
  openLeanConfigDesks,
} from '../lab/live/lean-config-desk.ts';
import { type Program, until } from '../lab/live/peers/processes.ts';
import { percentiles } from '../lab/src/ledger.ts';
import { round } from './bench-run.ts';
import { pause } from './echo-load.ts';
import { cpuOf } from './process-cpu.ts';

export interface Start {
  /** From the start of the process until a desk that tries again and again is logged in. */
  readonly logInMs: number;
  /** What the thread that serves has taken until then. */
  readonly cpuMs: number;
}

const START_MAX_MS = 120_000;
const TRY_EVERY_MS = 5;
const COPY_MAX_MS = 60_000;
const ANSWER_MAX_MS = 5_000;
/** Whoever is not let in by then is not let in, however busy the machine is. */
const LOG_INS_MAX_MS = 5 * 60_000;

export async function killed(program: Program): Promise<void> {
  program.kill();
  await program.ended;
}

/** From nothing but its copy, or without one. */
export async function startProxy(
  world: ConfigProcesses,
  from: 'disk' | 'server',
): Promise<{ readonly program: Program; readonly start: Start }> {
  if (from === 'server') rmSync(world.copy, { force: true });
  const startedAt = performance.now();
  const program = world.beginProxy({ nodeFlags: ['--expose-gc'] });
  await firstLogIn(world, program);
  const logInMs = round(performance.now() - startedAt);
  return { program, start: { logInMs, cpuMs: round(cpuOf(program.pid ?? 0).cpuMs) } };
}

async function firstLogIn(world: ConfigProcesses, program: Program): Promise<void> {
  const user = world.agents[0]?.user ?? '';
  const token = world.tokenOf(user);
  for (const giveUpAt = performance.now() + START_MAX_MS; ; await pause(TRY_EVERY_MS)) {
    if (program.hasEnded || performance.now() > giveUpAt)
      throw new Error(`the proxy does not serve; ${program.lastWords()}`);
    // Until it listens it is refused.
    const desk = await openLeanConfigDesk({ port: world.ports.proxy, user }).catch(() => undefined);
    if (desk === undefined) continue;
    await desk.logIn({ token });
    return desk.close();
  }
}

export function startFigures(all: readonly Start[]) {
  const of = (what: keyof Start) => {
    const values = percentiles(all.map((start) => start[what]));
    return { median: values?.p50 ?? null, max: values?.max ?? null };
  };
  return { runs: all.length, log_in_ms: of('logInMs'), cpu_ms: of('cpuMs') };
}

/** That it would start from by now. */
export async function untilCopied(world: ConfigProcesses, revision: string): Promise<void> {
  await until(`the copy is that of ${revision}`, COPY_MAX_MS, () => world.copiedRevision === revision);
}

export async function servedRevision(world: ConfigProcesses): Promise<string | undefined> {
  const operator = await world.administrator(world.ports.proxy);
  const read = await operator.read('Person', ADMINISTRATOR.user);
  operator.close();
  return read?.revision;
}

/** After a collection, as the process says itself; and the most that it has ever had. */
export async function memoryOf(program: Program) {
  const from = program.lines.length;
  const said = () => program.lines.slice(from).find((line) => line.includes(LOAD_LINE));
  program.signal(LOAD_SIGNAL);
  await until('it says how much memory it takes', ANSWER_MAX_MS, () => said() !== undefined);
  const { detail } = JSON.parse(said() ?? '') as { detail: { rssKB: number; heapKB: number } };
  const status = readFileSync(`/proc/${program.pid}/status`, 'utf8');
  const mostKB = Number(/^VmHWM:\s*(\d+) kB/m.exec(status)?.[1] ?? 0);
  const megabytes = (kB: number) => round(kB / 1_024);
  return {
    heap_mb: megabytes(detail.heapKB),
    rss_mb: megabytes(detail.rssKB),
    most_mb: megabytes(mostKB),
  };
}

/** All are connected, and ask in the same moment. */
export async function logInsAtOnce(
  world: ConfigProcesses,
  users: readonly string[],
  entryOf: (user: string) => LeanEntry,
) {
  const desks = await openLeanConfigDesks(users.map((user) => ({ port: world.ports.proxy, user })));
  const entries = users.map(entryOf);
  const inAfter: number[] = [];
  let refused = 0;
  const startedAt = performance.now();
  const logIn = async (desk: LeanConfigDesk, i: number) => {
    const { configuration } = await desk.logIn(entries[i] as LeanEntry);
    if (configuration?.person.name !== desk.user) throw new Error(`${desk.user} is given no desk`);
    inAfter.push(performance.now() - startedAt);
  };
  for (const [i, desk] of desks.entries()) logIn(desk, i).catch(() => void refused++);
  const isOver = () => inAfter.length + refused === desks.length;
  await until('all desks are in', LOG_INS_MAX_MS, isOver).catch(() => undefined);
  const askedToWait = desks.filter((desk) => desk.askedToWait > 0).length;
  for (const desk of desks) desk.close();
  const times = percentiles(inAfter);
  return {
    let_in: inAfter.length,
    asked_to_wait: askedToWait,
    in_50_ms: times === null ? null : round(times.p50),
    in_95_ms: times === null ? null : round(times.p95),
    in_all_ms: times === null ? null : round(times.max),
  };
}
