/**
 * Runs many seeds of one size, one worker thread a core, and adds up what they came to. A seed that failed is
 * named with the check and its words; `runSeeds({ …, from: seed, seeds: 1 })` runs exactly that world again.
 *
 * The worker is this same file, or the bundle that holds it: a thread that was started for seeds runs seeds.
 */
import { availableParallelism } from 'node:os';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { must } from '@holdfast/kernel';
import { CORE_SEED_FAULTS, runBothCores } from './core-seed.ts';
import { OCCURS_WITHIN_SEEDS, rulesOf } from './rule-list.ts';
import { runScriptedSeed } from './scripts.ts';
import type { SeedResult } from './seed-result.ts';
import { runWholeSeed, WHOLE_FAULTS } from './whole.ts';

export type SimulationSize = 'core' | 'whole' | 'scripted';

export interface SimulateOptions {
  readonly size: SimulationSize;
  readonly seeds: number;
  /** Ends after so many minutes of wall time, with the seeds that have been run by then. */
  readonly minutes?: number;
  /** The first seed; default 0. */
  readonly from?: number;
  /** Whole only: how many agents; the world's own choice (at least 8) unless set. */
  readonly agents?: number;
  /** Threads beside this one; 0 to run in this thread. Default one a core, from sources 0. */
  readonly workers?: number;
}

/** Kept stable: `holdfast simulate --json` writes it. */
export interface SimulateReport {
  readonly version: 1;
  readonly size: SimulationSize;
  /** How many have really been run. */
  readonly seeds: number;
  readonly failed: readonly { readonly seed: number; readonly check: string; readonly detail: string }[];
  readonly faults: Readonly<Record<string, number>>;
  readonly rules: Readonly<Record<string, number>>;
  /** Checks that looked at a share of the changes only, and at which; all others looked at every one. */
  readonly sampled: Readonly<Record<string, number>>;
  readonly virtual_s: number;
  readonly wall_s: number;
}

/** A thread cannot be started from a TypeScript source; from a bundle it is one a core. */
const WORKERS_DEFAULT = import.meta.url.endsWith('.ts') ? 0 : availableParallelism();
/** Seeds that a worker gets at once: small enough that all end at about the same time. */
const BATCH = { core: 50, whole: 1, scripted: 4 } as const;
/** A report names so many failed seeds at most; the run goes on and counts them as faults and rules all the same. */
const FAILED_MAX = 1_000;

/** A world makes much that lives for one event: with the default half of it is copied before it has died. */
const YOUNG_MB = 192;

interface Batch {
  readonly size: SimulationSize;
  readonly from: number;
  readonly seeds: number;
  readonly agents: number | undefined;
}

interface Sum {
  seeds: number;
  readonly failed: { seed: number; check: string; detail: string }[];
  readonly faults: Map<string, number>;
  readonly rules: Map<string, number>;
  readonly sampled: Map<string, number>;
  virtualMs: number;
}

/** Takes the next batch of work, until there is none or the time is over. */
type NextBatch = () => Batch | undefined;

export async function runSeeds(options: SimulateOptions): Promise<SimulateReport> {
  const startedAt = process.hrtime.bigint();
  const elapsedS = () => Number(process.hrtime.bigint() - startedAt) / 1e9;
  const sum = emptySum(options.size);
  const batches = batchesOf(options);
  const mostS = options.minutes === undefined ? Number.POSITIVE_INFINITY : 60 * options.minutes;
  const next: NextBatch = () => (elapsedS() < mostS ? batches.next().value : undefined);
  const workers = Math.min(
    options.workers ?? WORKERS_DEFAULT,
    Math.ceil(options.seeds / BATCH[options.size]),
  );
  if (workers === 0) for (let batch = next(); batch !== undefined; batch = next()) add(sum, runBatch(batch));
  else await Promise.all(Array.from({ length: workers }, () => workOff(next, sum)));
  sum.failed.sort((a, b) => a.seed - b.seed);
  return {
    version: 1,
    size: options.size,
    seeds: sum.seeds,
    failed: [...sum.failed, ...neverOccurred(options, sum)].slice(0, FAILED_MAX),
    faults: sorted(sum.faults),
    rules: sorted(sum.rules),
    sampled: sorted(sum.sampled),
    virtual_s: Math.round(sum.virtualMs / 1000),
    wall_s: elapsedS(),
  };
}

/** Not the failure of a seed, but of the worlds as a whole: they are poorer than they should be. */
export const EVERYTHING_OCCURS = 'everything-occurs';

/** ME3: over so many seeds each fault and each rule of this size has occurred. */
function neverOccurred({ from = 0, agents }: SimulateOptions, sum: Sum): SimulateReport['failed'] {
  // A world of a given size is not the mixture of worlds that has to meet everything.
  if (sum.seeds < OCCURS_WITHIN_SEEDS || agents !== undefined) return [];
  const missing = [...sum.faults, ...sum.rules].filter(([, times]) => times === 0).map(([name]) => name);
  if (missing.length === 0) return [];
  const detail = `in ${sum.seeds} seeds these never occurred: ${missing.join(', ')}`;
  return [{ seed: from, check: EVERYTHING_OCCURS, detail }];
}

/** One seed with its last happenings, for whoever looks for the cause. */
export function traceSeed(options: { size: SimulationSize; seed: number; agents?: number }): SeedResult {
  return runSeed(options.size, options.seed, options.agents, true);
}

function runSeed(
  size: SimulationSize,
  seed: number,
  agents: number | undefined,
  tracing: boolean,
): SeedResult {
  if (size === 'core') return runBothCores(seed, { tracing });
  if (size === 'scripted') return runScriptedSeed(seed, { tracing });
  return runWholeSeed(seed, { tracing, ...(agents === undefined ? {} : { agents }) });
}

function runBatch(batch: Batch): Sum {
  const sum = emptySum(batch.size);
  for (let seed = batch.from; seed < batch.from + batch.seeds; seed++) {
    const result = runSeed(batch.size, seed, batch.agents, false);
    const failed =
      result.failed === undefined ? [] : [{ seed, check: result.failed.check, detail: result.failed.detail }];
    const { rules, virtualMs } = result;
    const sampled = new Map(result.sampled);
    add(sum, { seeds: 1, failed, faults: new Map(result.faults), rules: new Map(rules), sampled, virtualMs });
  }
  return sum;
}

/** Every fault and every rule of the size is in the report, also one that never occurred (ME3). */
function emptySum(size: SimulationSize): Sum {
  const names = size === 'core' ? CORE_SEED_FAULTS : WHOLE_FAULTS;
  return {
    seeds: 0,
    failed: [],
    faults: new Map(names.map((name) => [name, 0])),
    rules: new Map(rulesOf(size).map((rule) => [rule, 0])),
    sampled: new Map(),
    virtualMs: 0,
  };
}

function add(sum: Sum, more: Sum): void {
  sum.seeds += more.seeds;
  sum.failed.push(...more.failed);
  for (const [name, times] of more.faults) sum.faults.set(name, (sum.faults.get(name) ?? 0) + times);
  for (const [name, times] of more.rules) sum.rules.set(name, (sum.rules.get(name) ?? 0) + times);
  // The least share that any of the worlds had.
  for (const [check, share] of more.sampled)
    sum.sampled.set(check, Math.min(share, sum.sampled.get(check) ?? 1));
  sum.virtualMs += more.virtualMs;
}

function* batchesOf({ size, seeds, from = 0, agents }: SimulateOptions): Generator<Batch, undefined> {
  for (let first = from; first < from + seeds; first += BATCH[size]) {
    yield { size, from: first, seeds: Math.min(BATCH[size], from + seeds - first), agents };
  }
  return undefined;
}

/** One worker takes batch after batch until none is left. */
function workOff(nextBatch: NextBatch, sum: Sum): Promise<void> {
  const worker = new Worker(new URL(import.meta.url), {
    workerData: WORKER_MARK,
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
  });
  return new Promise((resolve, reject) => {
    const next = () => {
      const batch = nextBatch();
      if (batch !== undefined) worker.postMessage(batch);
      else void worker.terminate().then(() => resolve());
    };
    worker.on('message', (done: Sum) => {
      add(sum, done);
      next();
    });
    worker.on('error', reject);
    next();
  });
}

function sorted(counts: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}

const WORKER_MARK = 'holdfast-simulate';

if (!isMainThread && workerData === WORKER_MARK) {
  const port = must(parentPort, 'a worker has a parent');
  port.on('message', (batch: Batch) => port.postMessage(runBatch(batch)));
}
