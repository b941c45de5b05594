/**
 * Runs the benches one after the other and prints one JSON with every figure and what the machine was doing.
 *
 *     npx tsx bench/run.ts [--short] [--only NAME,NAME] [--json FILE]
 *
 * Exit status 0 when every bench ran and none missed what it must reach; 1 when one could not run (`error` says why) or
 * missed something (`missed` names each figure). A bench calls missed only what a busy machine does not change: ratios of
 * CPU time, and what failed or was left over. Whatever the clock measures is told and decides nothing. `--short` takes
 * three minutes on two quiet cores, and its figures are no more than rough.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

interface Bench {
  readonly name: string;
  /** The file in this folder, where it is not the name. */
  readonly file?: string;
  readonly nodeFlags?: readonly string[];
  readonly args?: readonly string[];
  /** Null: not part of the short run, because it takes too long or needs a peer. */
  readonly shortArgs: readonly string[] | null;
}

const BENCHES: readonly Bench[] = [
  { name: 'parse', shortArgs: ['--blocks', '4'] },
  { name: 'registrar-core', shortArgs: ['2'] },
  { name: 'endpoint', shortArgs: ['--seconds', '3'] },
  { name: 'centre', nodeFlags: ['--expose-gc'], shortArgs: ['--calls', '50000'] },
  { name: 'config-store', shortArgs: ['--short'] },
  { name: 'config-kills', shortArgs: ['--short'] },
  { name: 'config-proxy', shortArgs: ['--short'] },
  { name: 'config-sync', shortArgs: ['--agents', '2000', '--edits', '4000'] },
  { name: 'validate', shortArgs: ['--agents', '2000', '--edits', '50'] },
  { name: 'log-in', shortArgs: ['--short'] },
  { name: 'register', args: ['--seconds', '60'], shortArgs: ['--short'] },
  { name: 'register-kamailio', shortArgs: null },
  { name: 'b2bua', args: ['--seconds', '30'], shortArgs: ['--short'] },
  { name: 'simulate', shortArgs: ['--short'] },
  { name: 'memory', shortArgs: ['--short'] },
  { name: 'site-loss', shortArgs: ['--short'] },
  {
    name: 'site-loss-documents',
    file: 'site-loss',
    args: ['--times', 'documents', '--agents', '100', '--runs', '1'],
    shortArgs: null,
  },
  { name: 'takeover', shortArgs: ['--short'] },
  { name: 'mirroring', shortArgs: ['--short'] },
  { name: 'join', shortArgs: ['--short'] },
  { name: 'relogin-storm', shortArgs: ['--short'] },
];

/** A bench that has not ended by then hangs. */
const BENCH_MAX_MS = 20 * 60_000;

const root = fileURLToPath(new URL('..', import.meta.url));
const { values } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    only: { type: 'string' },
    json: { type: 'string' },
  },
});

interface Outcome {
  readonly took_s: number;
  /** Of the machine in the minute before: near 0 when nothing else ran. */
  readonly load_before: number;
  readonly exit_status: number | null;
  readonly figures?: unknown;
  readonly error?: string;
  /** In the bench's own words. */
  readonly missed: readonly string[];
}

function runBench({ name, file = name, nodeFlags = [], args = [], shortArgs }: Bench): Outcome {
  const load = loadavg()[0] as number;
  const startedAt = performance.now();
  const given = values.short ? (shortArgs ?? []) : args;
  const { stdout, stderr, status, error } = spawnSync(
    process.execPath,
    [...nodeFlags, '--import', 'tsx', `bench/${file}.ts`, ...given],
    { cwd: root, encoding: 'utf8', timeout: BENCH_MAX_MS, maxBuffer: 2 ** 26 },
  );
  const outcome = {
    took_s: oneDecimal((performance.now() - startedAt) / 1000),
    load_before: oneDecimal(load),
    exit_status: status,
  };
  const figures = lastJson(stdout ?? '');
  if (figures === undefined)
    return { ...outcome, error: error?.message ?? reasonIn(stderr ?? ''), missed: [] };
  const { missed = [] } = figures as { readonly missed?: readonly string[] };
  // A bench that tells its figures and then ends in disorder has not done what it should either.
  if (status !== 0 && missed.length === 0)
    return { ...outcome, figures, missed: [`it ended with ${status ?? 'a signal'}`] };
  return { ...outcome, figures, missed };
}

function inWords({ error, missed }: Outcome): string {
  if (error !== undefined) return `could not run: ${error}`;
  return missed.length === 0 ? 'ran' : `missed: ${missed.join('; ')}`;
}

/** The line that says what went wrong, where there is one; else how it ended. */
function reasonIn(stderr: string): string {
  const lines = stderr.trim().split('\n');
  const thrown = lines.find((line) => /^\w*Error\b/.test(line));
  return thrown ?? (lines.slice(-5).join('\n') || 'it printed no JSON');
}

/** What a bench prints ends with one JSON object that starts at the beginning of a line. */
function lastJson(output: string): unknown {
  for (let at = output.lastIndexOf('\n{'); ; at = output.lastIndexOf('\n{', at - 1)) {
    try {
      return JSON.parse(output.slice(at + 1));
    } catch {
      // Not the start of the object; the one before may be.
      if (at <= 0) return undefined;
    }
  }
}

function oneDecimal(value: number): number {
  return Math.round(10 * value) / 10;
}

const only = values.only?.split(',');
const unknown = only?.filter((name) => !BENCHES.some((bench) => bench.name === name)) ?? [];
if (unknown.length > 0) {
  process.stderr.write(
    `no bench ${unknown.join(', ')}; there are ${BENCHES.map(({ name }) => name).join(', ')}\n`,
  );
  process.exit(2);
}
const chosen = BENCHES.filter(({ name, shortArgs }) =>
  only === undefined ? !values.short || shortArgs !== null : only.includes(name),
);
const benches: Record<string, Outcome> = {};
const host = {
  cpus: availableParallelism(),
  model: cpus()[0]?.model ?? 'unknown',
  node: process.version,
  load_at_start: loadavg().map(oneDecimal),
};
for (const bench of chosen) {
  const outcome = runBench(bench);
  benches[bench.name] = outcome;
  process.stderr.write(`${bench.name}: ${inWords(outcome)} (${outcome.took_s} s)\n`);
}
const text = `${JSON.stringify({ version: 1, short: values.short, host, benches }, null, 2)}\n`;
if (values.json === undefined) process.stdout.write(text);
else writeFileSync(values.json, text);
const isSound = ({ error, missed }: Outcome) => error === undefined && missed.length === 0;
process.exitCode = Object.values(benches).every(isSound) ? 0 : 1;
