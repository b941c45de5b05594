/**
 * A whole site dies under live agents: real processes, real SIP, real log-ins. Runs the lab's scenario `site-loss`
 * several times at each size, with another seed each time, and gathers what its reports say: how long agents could
 * not work beyond the waits that options set (after_wait), in all, and what the machine was doing.
 *
 *     npx tsx bench/site-loss.ts [--short] [--runs N] [--agents N,N] [--times short|documents] [--json FILE]
 *
 * Prints one JSON object. A run whose checks do not all hold is reported as such and its figures count all the same.
 */
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { type LedgerAgent, percentiles } from '../lab/src/ledger.ts';
import { bundleServersAndLab } from './bundles.ts';
import { failedChecks, type LabRun, runLab } from './lab-run.ts';

const { values } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    runs: { type: 'string' },
    agents: { type: 'string' },
    times: { type: 'string', default: 'short' },
    json: { type: 'string' },
  },
});
const sizes = (values.agents ?? (values.short ? '20' : '100,500')).split(',').map(Number);
const runs = Number(values.runs ?? (values.short ? 1 : 3));
/** Beyond the configured waits, p99, ms: what issue 2 asks for on two cores. */
const AIMS: Readonly<Record<number, number>> = { 100: 1_000, 500: 3_000 };

function run(agents: number, seed: number): LabRun {
  return runLab('site-loss', ['--agents', `${agents}`, '--seed', `${seed}`, '--times', values.times]);
}

/** One who is never Ready again counts with the end of the run, which is the largest that the report has. */
const after = ({ report: { ledger } }: LabRun) =>
  ledger.agents.map(({ readyAt, allowedAt, lastAbleAt }) =>
    readyAt === null ? (ledger.after_wait_ms?.max ?? 0) : Math.max(0, readyAt - (allowedAt ?? lastAbleAt)),
  );

/**
 * Where the time of those who moved to the other site went, from one sighting of the ledger to the next: a wait that
 * something decides is the same for all, while what only the machine takes grows with its load.
 */
function stagesOf(all: readonly LabRun[]) {
  const moved = all.flatMap(({ report }) => report.ledger.agents).filter(({ from, to }) => to !== from);
  const between = (from: (row: LedgerAgent) => number | null, to: (row: LedgerAgent) => number | null) =>
    percentiles(
      moved.flatMap((row) => {
        const [begin, end] = [from(row), to(row)];
        return begin === null || end === null ? [] : [Math.round(end - begin)];
      }),
    );
  return {
    fault_to_detected: between(
      (row) => row.lastAbleAt,
      (row) => row.detectedAt,
    ),
    detected_to_decided: between(
      (row) => row.detectedAt,
      (row) => row.decidedAt,
    ),
    decided_to_logged_in: between(
      (row) => row.decidedAt,
      (row) => row.loggedInAt,
    ),
    logged_in_to_ready: between(
      (row) => row.loggedInAt,
      (row) => row.readyAt,
    ),
  };
}

function figuresOf(agents: number, all: readonly LabRun[]) {
  const afterWait = percentiles(all.flatMap(after));
  const aim = AIMS[agents] ?? null;
  return {
    agents,
    /** Over all agents of all runs. */
    after_wait_ms: afterWait,
    aim_p99_ms: aim,
    meets_aim: aim === null || afterWait === null ? null : afterWait.p99 <= aim,
    stages_ms: stagesOf(all),
    runs: all.map(({ report, load }) => ({
      seed: report.seed,
      load_before: Math.round(load * 10) / 10,
      failed_checks: failedChecks(report),
      concerned: report.ledger.agents.length,
      in_call: report.ledger.in_call,
      wait_ms: report.ledger.wait_ms,
      after_wait_ms: report.ledger.after_wait_ms,
      total_ms: report.ledger.total_ms,
      calls: report.calls,
      queue: report.queue,
      sound: report.sound,
      relayed: report.host.relayed,
      loop_delay_ms_p99: report.host.loop_delay_ms_p99,
      memory_kb: report.host.memory_kb,
    })),
  };
}

bundleServersAndLab();
const report = {
  version: 1,
  bench: 'site-loss',
  times: values.times,
  sizes: sizes.map((agents) =>
    figuresOf(
      agents,
      Array.from({ length: runs }, (_, index) => run(agents, index + 1)),
    ),
  ),
  host: { cpus: availableParallelism(), node: process.version },
};
const json = `${JSON.stringify(report, null, 2)}\n`;
process.stdout.write(json);
if (values.json !== undefined) writeFileSync(values.json, json);
