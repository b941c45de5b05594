/**
 * Runs the benches one after the other and prints one JSON with every figure and what the machine was doing.
 *
 *     npx tsx bench/run.ts [--short] [--json FILE]
 *
 * Exit status 0 when every bench ran, whatever its figures say; 1 when one could not run. `--short` takes about
 * two minutes on two cores: it shows that the benches work, and its figures are no more than rough.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));

interface Bench {
  readonly name: string;
  readonly args: readonly string[];
  readonly shortArgs: readonly string[];
  /** Not part of the short run: it takes too long, or needs a peer. */
  readonly longOnly?: boolean;
}

const BENCHES: readonly Bench[] = [
  { name: 'parse', args: [], shortArgs: ['--rounds', '10'] },
  { name: 'registrar-core', args: [], shortArgs: [] },
  { name: 'register', args: ['--seconds', '60'], shortArgs: ['--short'] },
  { name: 'register-kamailio', args: [], shortArgs: [], longOnly: true },
  { name: 'endpoint', args: [], shortArgs: ['--seconds', '3'] },
  { name: 'centre', args: [], shortArgs: [] },
  { name: 'b2bua', args: [], shortArgs: ['--short'] },
  { name: 'simulate', args: [], shortArgs: ['--short'] },
];

/** A bench that has not ended by then hangs. */
const BENCH_MAX_MS = 15 * 60_000;

const { values } = parseArgs({
  options: { short: { type: 'boolean', default: false }, json: { type: 'string' } },
});

const report = {
  version: 1,
  short: values.short,
  host: { cpus: availableParallelism(), node: process.version, load_at_start: loadavg() },
  benches: {} as Record<string, unknown>,
};
let couldNotRun = 0;
for (const bench of BENCHES) {
  if (values.short && bench.longOnly === true) continue;
  const startedAt = performance.now();
  const args = [
    '--import',
    'tsx',
    `bench/${bench.name}.ts`,
    ...(values.short ? bench.shortArgs : bench.args),
  ];
  const { stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: root,
    encoding: 'utf8',
    timeout: BENCH_MAX_MS,
    maxBuffer: 2 ** 26,
  });
  const figures = lastJson(stdout);
  const tookS = Math.round((performance.now() - startedAt) / 100) / 10;
  process.stderr.write(`${bench.name}: ${figures === undefined ? 'could not run' : 'ran'} in ${tookS} s\n`);
  if (figures === undefined) {
    couldNotRun += 1;
    report.benches[bench.name] = { error: stderr.trim().split('\n').slice(-5).join('\n') };
  } else report.benches[bench.name] = figures;
}
const text = `${JSON.stringify(report, null, 2)}\n`;
if (values.json === undefined) process.stdout.write(text);
else writeFileSync(values.json, text);
process.exitCode = couldNotRun === 0 ? 0 : 1;

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
