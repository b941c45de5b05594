/**
 * The measuring half of `simulate.ts`: virtual seconds a second of two centres of 100 and 2,000 agents, with every desk,
 * phone and server a real node, and what a site's loss costs these agents in virtual time (ME1). Prints one JSON object.
 */
import { availableParallelism } from 'node:os';
import { runSiteLoss } from '../lab/sim/site-loss.ts';
import { WholeWorld } from '../lab/sim/whole.ts';
import { World } from '../lab/sim/world.ts';
import { verdict } from './bench-run.ts';
import { processCpuMs, threadCpuMs } from './process-cpu.ts';

const isShort = process.argv.includes('--short');
const SECONDS_PER_CALL = 180;
/** Of both worlds; the cadences are those of the documents and of the sample configuration. */
const SIMULATED = [
  'two sites with a SIP Server, a Configuration Server and a board each; nothing fails',
  'a network of one seed: delays, 0.5 % of datagrams lost, 0.5 % doubled, 1 % late by up to 300 ms',
  'for each agent a phone (all four schemes) that registers anew every 20 s, by SHA-256 digest',
  'for each agent a desk with three links: stamps of both sites every 2 s, one of them answered, ADDP after 5 s of silence',
  `a call for each agent every ${SECONDS_PER_CALL} s, with queue, ringing, speech and after-call work`,
];
/** Everybody is logged in and Ready by then. */
const STARTED_MS = 20_000;

/** How long to run each size, virtual ms. */
const SIZES = isShort
  ? [
      { agents: 100, forMs: 60_000 },
      { agents: 2_000, forMs: 5_000 },
    ]
  : [
      { agents: 100, forMs: 600_000 },
      { agents: 2_000, forMs: 120_000 },
    ];

function measure({ agents, forMs }: { agents: number; forMs: number }) {
  const world = new World(1);
  world.tracing = false;
  const callsPerSecond = agents / SECONDS_PER_CALL;
  const centre = new WholeWorld(world, { agents, callsPerSecond });
  world.run(STARTED_MS);
  const stepsBefore = world.steps;
  const { datagrams, segments } = world.net;
  const cpuBefore = { thread: threadCpuMs(), process: processCpuMs() };
  const startedAt = process.hrtime.bigint();
  world.run(STARTED_MS + forMs);
  const wallS = Number(process.hrtime.bigint() - startedAt) / 1e9;
  const threadS = (threadCpuMs() - cpuBefore.thread) / 1000;
  const processS = (processCpuMs() - cpuBefore.process) / 1000;
  const heapMb = process.memoryUsage().heapUsed / 1e6;
  const routable = centre.dns.filter((dn) => centre.sites.some((site) => site.isRoutable(dn))).length;
  return {
    agents,
    routable,
    calls_established: centre.callers.established,
    failed: world.failure ?? null,
    virtual_s: forMs / 1000,
    wall_s: round(wallS),
    virtual_s_per_s: round(forMs / 1000 / wallS),
    /** Without what other processes of this machine took; the second also without the threads that collect garbage. */
    virtual_s_per_cpu_s: round(forMs / 1000 / processS),
    virtual_s_per_thread_cpu_s: round(forMs / 1000 / threadS),
    events: world.steps - stepsBefore,
    datagrams: world.net.datagrams - datagrams,
    stream_messages: world.net.segments - segments,
    hour_s: round(3600 / (forMs / 1000 / wallS)),
    heap_mb: round(heapMb),
    rss_mb: round(process.memoryUsage().rss / 1e6),
  };
}

function siteLoss(agents: number) {
  const { ledger, failed } = runSiteLoss(1, agents);
  const never = ledger.agents.filter((row) => row.readyAt === null).length;
  const { wait_ms, after_wait_ms, total_ms } = ledger;
  return {
    agents,
    concerned: ledger.agents.length,
    never_ready: never,
    failed: failed ?? null,
    wait_ms,
    after_wait_ms,
    total_ms,
  };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

const sizes = SIZES.map(measure);
const siteLosses = (isShort ? [100] : [100, 500]).map(siteLoss);
const judged = verdict(
  Object.fromEntries(
    [...sizes, ...siteLosses].map(({ agents, failed }) => [
      `a check failed among ${agents} agents: ${JSON.stringify(failed)}`,
      failed === null,
    ]),
  ),
);
const report = {
  bench: 'simulate',
  ...judged,
  short: isShort,
  cpus: availableParallelism(),
  node: process.version,
  simulated: SIMULATED,
  sizes,
  site_loss: siteLosses,
};
console.log(JSON.stringify(report, null, 2));
process.exitCode = judged.ok ? 0 : 1;
