/**
 * Runs many seeds of one size, one worker thread a core, and adds up what they came to. A seed that failed is
 * named with the check and its words; `runSeeds({ …, from: seed, seeds: 1 })` runs exactly that world again.
 *
 * The worker is this same file, or the bundle that holds it: a thread that was started for seeds runs seeds.
 */
import { availableParallelism } from 'node:os';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { must } from '@holdfast/kernel';
import { CORE_FAULTS, runCoreSeed } from './core.ts';
import type { SeedResult } from './seed-result.ts';
import { runWholeSeed, WHOLE_FAULTS } from './whole.ts';

export type SimulationSize = 'core' | 'whole';

export interface SimulateOptions {
  readonly size: SimulationSize;
  readonly seeds: number;
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
  readonly seeds: number;
  readonly failed: readonly { readonly seed: number; readonly check: string; readonly detail: string }[];
  readonly faults: Readonly<Record<string, number>>;
  readonly rules: Readonly<Record<string, number>>;
  readonly virtual_s: number;
  readonly wall_s: number;
}

/** A thread cannot be started from a TypeScript source; from a bundle it is one a core. */
const WORKERS_DEFAULT = import.meta.url.endsWith('.ts') ? 0 : availableParallelism();
/** Seeds that a worker gets at once: small enough that all end at about the same time. */
const BATCH = { core: 50, whole: 1 } as const;
/** A report names so many failed seeds at most; the run goes on and counts them as faults and rules all the same. */
const FAILED_MAX = 1_000;

interface Batch {
  readonly size: SimulationSize;
  readonly from: number;
  readonly seeds: number;
  readonly agents: number | undefined;
}

interface Sum {
  readonly failed: { seed: number; check: string; detail: string }[];
  readonly faults: Map<string, number>;
  readonly rules: Map<string, number>;
  virtualMs: number;
}

export async function runSeeds(options: SimulateOptions): Promise<SimulateReport> {
  const startedAt = process.hrtime.bigint();
  const sum = emptySum(options.size);
  const batches = batchesOf(options);
  const workers = Math.min(options.workers ?? WORKERS_DEFAULT, batches.length);
  if (workers === 0) for (const batch of batches) add(sum, runBatch(batch));
  else await Promise.all(Array.from({ length: workers }, () => workOff(batches, sum)));
  sum.failed.sort((a, b) => a.seed - b.seed);
  return {
    version: 1,
    size: options.size,
    seeds: options.seeds,
    failed: sum.failed.slice(0, FAILED_MAX),
    faults: sorted(sum.faults),
    rules: sorted(sum.rules),
    virtual_s: Math.round(sum.virtualMs / 1000),
    wall_s: Number(process.hrtime.bigint() - startedAt) / 1e9,
  };
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
  if (size === 'core') return runCoreSeed(seed, { tracing });
  return runWholeSeed(seed, { tracing, ...(agents === undefined ? {} : { agents }) });
}

function runBatch(batch: Batch): Sum {
  const sum = emptySum(batch.size);
  for (let seed = batch.from; seed < batch.from + batch.seeds; seed++) {
    const result = runSeed(batch.size, seed, batch.agents, false);
    const failed =
      result.failed === undefined ? [] : [{ seed, check: result.failed.check, detail: result.failed.detail }];
    add(sum, { failed, faults: result.faults, rules: result.rules, virtualMs: result.virtualMs });
  }
  return sum;
}

/** Every fault of the size is in the report, also one that never occurred (ME3). */
function emptySum(size: SimulationSize): Sum {
  const names = size === 'core' ? CORE_FAULTS : WHOLE_FAULTS;
  return { failed: [], faults: new Map(names.map((name) => [name, 0])), rules: new Map(), virtualMs: 0 };
}

function add(
  sum: Sum,
  more: {
    failed: Sum['failed'];
    faults: SeedResult['faults'];
    rules: SeedResult['rules'];
    virtualMs: number;
  },
): void {
  sum.failed.push(...more.failed);
  for (const [name, times] of more.faults) sum.faults.set(name, (sum.faults.get(name) ?? 0) + times);
  for (const [name, times] of more.rules) sum.rules.set(name, (sum.rules.get(name) ?? 0) + times);
  sum.virtualMs += more.virtualMs;
}

function batchesOf({ size, seeds, from = 0, agents }: SimulateOptions): Batch[] {
  const batches: Batch[] = [];
  for (let first = from; first < from + seeds; first += BATCH[size]) {
    batches.push({ size, from: first, seeds: Math.min(BATCH[size], from + seeds - first), agents });
  }
  return batches.reverse();
}

/** One worker takes batch after batch until none is left. */
function workOff(batches: Batch[], sum: Sum): Promise<void> {
  const worker = new Worker(new URL(import.meta.url), { workerData: WORKER_MARK });
  return new Promise((resolve, reject) => {
    const next = () => {
      const batch = batches.pop();
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
