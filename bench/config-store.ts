/**
 * The stores of the configuration beside each other: PGlite, and where it is installed PostgreSQL with fsync as it is by
 * default. How long they take to start, to import, to read everything, to go back, to verify the log; how many entries of
 * one object they commit, one after the other; and their memory. Prints one JSON object. The short run has one of the two.
 *
 *     npx tsx bench/config-store.ts [--short] [--seconds 20] [--json FILE]
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { isPostgresInstalled, PostgresServer } from '../lab/live/peers/postgres.ts';
import { benchRun, verdict } from './bench-run.ts';
import { ROOT } from './bundles.ts';

const run = benchRun({ short: 0.5, usual: 20 });
/** Six objects each: 50,000 in all, as many as the two sites of a centre of 8,300 agents have. */
const AGENTS = run.isShort ? 100 : 8_330;
const STORE_MAX_MS = 10 * 60_000;
const execFileEnded = promisify(execFile);

interface Figures {
  readonly objects: number;
  readonly objects_read: number;
  readonly objects_past: number;
  readonly verified: string;
}

async function measure(address: string): Promise<Figures> {
  const { stdout } = await execFileEnded(
    process.execPath,
    [
      ...['--expose-gc', '--import', 'tsx', 'bench/config-store-run.ts', '--address', address],
      ...['--agents', `${AGENTS}`, '--seconds', `${run.seconds}`],
    ],
    { cwd: ROOT, encoding: 'utf8', timeout: STORE_MAX_MS },
  );
  return JSON.parse(stdout) as Figures;
}

async function measurePostgres(): Promise<Figures & { readonly server_mb: number }> {
  const server = await PostgresServer.start();
  try {
    const figures = await measure(server.address());
    return { ...figures, server_mb: postgresMegabytes(server) };
  } finally {
    await server.stop();
  }
}

/** Of the server and all its processes, what is shared counted once. */
function postgresMegabytes(server: PostgresServer): number {
  return Math.round(server.pids().reduce((sum, pid) => sum + proportionalKB(pid), 0) / 1_024);
}

function proportionalKB(pid: number): number {
  try {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    return Number(/^Pss:\s*(\d+) kB/m.exec(text)?.[1] ?? 0);
  } catch {
    // It has ended meanwhile.
    return 0;
  }
}

const folder = mkdtempSync(join(tmpdir(), 'holdfast-config-store-'));
try {
  const stores: Record<string, Figures> = {};
  const isInstalled = isPostgresInstalled();
  if (isInstalled) stores.postgresql = await measurePostgres();
  // Making its files takes PGlite longer than all the rest of a short run.
  if (!(run.isShort && isInstalled)) stores.pglite = await measure(`pglite:${join(folder, 'pglite')}`);
  const isWhole = ({ objects, objects_read, objects_past, verified }: Figures) =>
    objects_read === objects && objects_past === objects && verified === 'sound';
  run.tell({
    ...verdict({
      'a store did not give back what was put in, or its log is not sound':
        Object.values(stores).every(isWhole),
    }),
    ...{ seconds: run.seconds, stores },
  });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
