/**
 * A proxy of the configuration as a real process, with as many objects as two large sites have: how long it takes from its start until
 * somebody is logged in there, from its disk and from the Configuration Server; its memory; how soon a change has come to the last
 * of 500 subscribers; and what becomes of 500 desks that log in with everything but it dead. Prints one JSON object.
 *
 *     node --import tsx bench/config-proxy.ts [--short] [--json FILE]
 *
 * The configuration is kept in PostgreSQL where that is installed, else in PGlite. Desks are a few lines each (`lean-config-desk.ts`).
 */
import { statSync } from 'node:fs';
import { loadavg } from 'node:os';
import { ConfigProcesses, ready } from '../lab/live/config-processes.ts';
import { PASSWORD } from '../lab/live/lab-configuration.ts';
import { isPostgresInstalled, PostgresServer } from '../lab/live/peers/postgres.ts';
import { type Program, stopPrograms } from '../lab/live/peers/processes.ts';
import { benchRun, round, verdict } from './bench-run.ts';
import { bundleServersAndLab } from './bundles.ts';
import { changesToAll } from './config-audience.ts';
import {
  killed,
  logInsAtOnce,
  memoryOf,
  type Start,
  servedRevision,
  startFigures,
  startProxy,
  untilCopied,
} from './proxy-process.ts';

const run = benchRun({ short: 1, usual: 1 });
/** Six objects each: 60,000 in all. */
const PERSONS = run.isShort ? 200 : 10_000;
const STARTS = run.isShort ? 2 : 7;
const DESKS = run.isShort ? 60 : 500;
const EDITS = run.isShort ? 5 : 200;
/** From its disk, with 50,000 objects. */
const START_AIM_MS = 2_000;
/** A database is filled first. */
const IMPORT_MAX_MS = 10 * 60_000;
const SERVER_START_MAX_MS = 60_000;

bundleServersAndLab();
const load = round(loadavg()[0] as number, 1);
const world = await ConfigProcesses.make({ agents: PERSONS });
const postgres = isPostgresInstalled() ? await PostgresServer.start() : undefined;
try {
  run.tell(await measure());
} finally {
  await stopPrograms();
  await postgres?.stop();
  world.remove();
}

async function measure() {
  const store = postgres?.address() ?? world.pglite;
  const first = await timed(() => ready(world.beginServer(store), IMPORT_MAX_MS));
  await killed(first.result);
  const server = await timed(() => ready(world.beginServer(store), SERVER_START_MAX_MS));
  const fromServer = await starts('server');
  const started = await memoryOf(fromServer.program);
  const changes = await changesToAll(world, { desks: DESKS, edits: EDITS });
  await untilCopied(world, changes.revision);
  // All but what is on the proxy's disk.
  await killed(fromServer.program);
  await killed(server.result);
  await postgres?.kill();
  const fromDisk = await starts('disk');
  const served = await servedRevision(world);
  const users = world.agents.slice(0, DESKS).map(({ user }) => user);
  const byToken = await logInsAtOnce(world, users, (user) => ({ token: world.tokenOf(user) }));
  const byPassword = await logInsAtOnce(world, users, () => ({ password: PASSWORD }));
  const afterLogIns = await memoryOf(fromDisk.program);
  const cpuMs = Math.min(...fromDisk.all.map((start) => start.cpuMs));
  const cpuMaxMs = START_AIM_MS / run.least(1);
  return {
    ...verdict({
      [`a start from disk served ${served}, and the last revision was ${changes.revision}`]:
        served === changes.revision,
      [`a start from disk took ${cpuMs} ms of CPU time, of ${round(cpuMaxMs)}`]: cpuMs <= cpuMaxMs,
      [`${changes.missed} edits did not reach all ${DESKS} subscribers`]: changes.missed === 0,
      [`by token ${byToken.let_in} of ${DESKS} desks were let in with all but their proxy dead`]:
        byToken.let_in === DESKS,
      [`by password ${byPassword.let_in} of ${DESKS} desks were let in with all but their proxy dead`]:
        byPassword.let_in === DESKS,
    }),
    ...{ store: postgres === undefined ? 'PGlite' : 'PostgreSQL', load_before: load },
    ...{ objects: world.objects.length, persons: PERSONS, aim_start_ms: START_AIM_MS },
    server: { filled_ms: first.ms, ready_ms: server.ms },
    start_from_disk: startFigures(fromDisk.all),
    start_from_server: startFigures(fromServer.all),
    copy_mb: round(statSync(world.copy).size / 1_048_576, 1),
    memory: { started, after_log_ins: afterLogIns },
    subscribers: DESKS,
    changes: changes.figures,
    alone: { desks: DESKS, by_token: byToken, by_password: byPassword },
  };
}

/** The last one goes on. */
async function starts(
  from: 'disk' | 'server',
): Promise<{ readonly program: Program; readonly all: readonly Start[] }> {
  const all: Start[] = [];
  for (;;) {
    const { program, start } = await startProxy(world, from);
    all.push(start);
    if (all.length >= STARTS) return { program, all };
    await killed(program);
  }
}

async function timed<T>(work: () => Promise<T>): Promise<{ readonly ms: number; readonly result: T }> {
  const from = performance.now();
  const result = await work();
  return { ms: round(performance.now() - from), result };
}
