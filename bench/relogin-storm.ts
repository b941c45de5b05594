/**
 * All desks of a dead site log in anew at the other one while callers go on calling there, with the pace of
 * `login-rate` and without one, side by side (SS80): the lab's scenario `relogin-storm`, and 2,000 lean desks
 * (`lean-storm.ts`), more than the lab's robots can be on one machine.
 *
 *     npx tsx bench/relogin-storm.ts [--short] [--agents N,N] [--lean N] [--runs N] [--json FILE]
 *
 * In the lab 15 of 16 agents move. Prints one JSON object. A run whose checks do not all hold is reported as such and
 * its figures count all the same. `--short` leaves the lab out: the scenario is one of those of `.ci/run`.
 */
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { round } from './bench-run.ts';
import { bundleServersAndLab } from './bundles.ts';
import { failedChecks, type LabRun, runLab } from './lab-run.ts';
import { leanStorm } from './lean-storm.ts';

const { values } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    agents: { type: 'string' },
    lean: { type: 'string' },
    runs: { type: 'string' },
    json: { type: 'string' },
  },
});
const sizes = (values.agents ?? (values.short ? '' : '534')).split(',').filter(Boolean).map(Number);
const leanDesks = Number(values.lean ?? (values.short ? 150 : 2_000));
const runs = Number(values.runs ?? (values.short ? 1 : 2));

interface Pace {
  readonly name: 'paced' | 'unpaced';
  /** `login-rate`; undefined leaves the default. */
  readonly rate: number | undefined;
}

/** The second is so fast that nobody ever waits for a turn. */
const PACES: readonly Pace[] = [
  { name: 'paced', rate: undefined },
  { name: 'unpaced', rate: 10_000 },
];

type ByPace<Value> = Record<Pace['name'], Value>;

async function besideEachOther<Figures>(
  measure: (rate: number | undefined, seed: number) => Figures | Promise<Figures>,
): Promise<ByPace<Figures[]>> {
  const all: ByPace<Figures[]> = { paced: [], unpaced: [] };
  for (let run = 0; run < runs; run++)
    // Each goes first in every second run.
    for (const { name, rate } of run % 2 === 0 ? PACES : [...PACES].reverse())
      all[name].push(await measure(rate, run + 1));
  return all;
}

async function live(agents: number) {
  const storms = await besideEachOther((rate, seed) => {
    const set = rate === undefined ? [] : ['--set', `holdfast/login-rate=${rate}`];
    return figuresOf(runLab('relogin-storm', ['--agents', `${agents}`, '--seed', `${seed}`, ...set]));
  });
  return { agents, ...storms };
}

function figuresOf({ report, load }: LabRun) {
  const { storm, host } = report;
  if (storm === null)
    throw new Error(`seed ${report.seed} came to no storm: ${failedChecks(report).join('; ')}`);
  return {
    seed: report.seed,
    load_before: round(load, 1),
    failed_checks: failedChecks(report),
    ...storm,
    loop_delay_ms_p99: host.loop_delay_ms_p99,
  };
}

bundleServersAndLab();
const lab = [];
for (const size of sizes) lab.push(await live(size));
const report = {
  version: 1,
  bench: 'relogin-storm',
  live: lab,
  lean: { desks: leanDesks, ...(await besideEachOther((rate) => leanStorm(leanDesks, rate))) },
  host: { cpus: availableParallelism(), node: process.version },
};
const json = `${JSON.stringify(report, null, 2)}\n`;
process.stdout.write(json);
if (values.json !== undefined) writeFileSync(values.json, json);
