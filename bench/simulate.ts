/**
 * How fast the whole simulation runs: virtual seconds a second of two calm centres of 100 and 2,000 agents, with every
 * desk, phone and server a real node (stamps, pings, registrations every 20 s, a call an agent every three minutes),
 * on one core. And what a site's loss costs these agents in virtual time (ME1). Prints one JSON object.
 *
 *   node --max-semi-space-size=64 --import tsx bench/simulate.ts [--short]
 */
import { availableParallelism } from 'node:os';
import { runSiteLoss } from '../lab/sim/site-loss.ts';
import { WholeWorld } from '../lab/sim/whole.ts';
import { World } from '../lab/sim/world.ts';

const isShort = process.argv.includes('--short');
const SECONDS_PER_CALL = 180;
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
  const cpuBefore = process.cpuUsage();
  const startedAt = process.hrtime.bigint();
  world.run(STARTED_MS + forMs);
  const wallS = Number(process.hrtime.bigint() - startedAt) / 1e9;
  const { user, system } = process.cpuUsage(cpuBefore);
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
    /** Without what other processes of this machine took. */
    virtual_s_per_cpu_s: round((forMs * 1000) / (user + system)),
    events: world.steps - stepsBefore,
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

const report = {
  bench: 'simulate',
  short: isShort,
  cpus: availableParallelism(),
  node: process.version,
  sizes: SIZES.map(measure),
  site_loss: (isShort ? [100] : [100, 500]).map(siteLoss),
};
console.log(JSON.stringify(report, null, 2));
process.exitCode = [...report.sizes, ...report.site_loss].some(({ failed }) => failed !== null) ? 1 : 0;
