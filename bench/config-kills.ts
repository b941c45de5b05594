/**
 * SIGKILL of a Configuration Server in the midst of edits, again and again, and of its database too where that is a process of its own:
 * real processes, and administrators who edit over real links. Afterwards the log is held against what each of them was
 * told (CW5). Prints one JSON object.
 *
 *     node --import tsx bench/config-kills.ts [--short] [--json FILE]
 *
 * Over PGlite and over PostgreSQL where that is installed, both at once; the short run has one of the two.
 */
import { loadavg } from 'node:os';
import { ConfigProcesses } from '../lab/live/config-processes.ts';
import { isPostgresInstalled, PostgresServer } from '../lab/live/peers/postgres.ts';
import { stopPrograms } from '../lab/live/peers/processes.ts';
import { benchRun, round, verdict } from './bench-run.ts';
import { bundleServersAndLab } from './bundles.ts';
import { AGENTS, killStorm, type StormFigures } from './kill-storm.ts';

const run = benchRun({ short: 1, usual: 1 });
const KILLS = run.isShort ? 4 : 200;

bundleServersAndLab();
const load = round(loadavg()[0] as number, 1);
const isInstalled = isPostgresInstalled();
try {
  const [postgresql, pglite] = await Promise.all([
    isInstalled ? overPostgres() : undefined,
    // Making its files takes PGlite longer than all the rest of a short run.
    run.isShort && isInstalled ? undefined : overPGlite(),
  ]);
  const stores = { ...(postgresql && { postgresql }), ...(pglite && { pglite }) };
  const figures = { load_before: load, stores };
  run.tell({ ...verdict(claimsOn(stores)), ...figures });
} finally {
  await stopPrograms();
}

async function overPostgres(): Promise<StormFigures> {
  const world = await ConfigProcesses.make({ agents: AGENTS });
  const database = await PostgresServer.start();
  try {
    return await killStorm({ world, store: database.address(), database, kills: KILLS });
  } finally {
    await database.stop();
    world.remove();
  }
}

async function overPGlite(): Promise<StormFigures> {
  const world = await ConfigProcesses.make({ agents: AGENTS });
  try {
    return await killStorm({ world, store: world.pglite, kills: KILLS });
  } finally {
    world.remove();
  }
}

function claimsOn(stores: Readonly<Record<string, StormFigures>>): Record<string, boolean> {
  const claims = Object.entries(stores).flatMap(([name, figures]): [string, boolean][] => [
    [`${name}: of ${figures.acknowledged} acknowledged edits ${figures.lost} are lost`, figures.lost === 0],
    [`${name}: ${figures.altered} edits are in the log otherwise than was said`, figures.altered === 0],
    [
      `${name}: ${figures.served_wrong} times an object was served that nobody has made so`,
      figures.served_wrong === 0,
    ],
    [`${name}: the log is not sound: ${figures.verdict}`, figures.verdict === 'sound'],
  ]);
  return Object.fromEntries(claims);
}
