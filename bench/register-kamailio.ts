/**
 * The control for the figures of our registrar: sipp registers phones without authentication at Kamailio, whose
 * whole work is `save("location")`. The rate is raised until sipp has to send more than one in a hundred again;
 * the highest rate below that counts. sipp and Kamailio share the machine, as our load and our server do. Then the same
 * storm, with authentication, goes to a pair of ours and to a pair of Kamailio (`register-pairs.ts`).
 *
 *     npx tsx bench/register-kamailio.ts [--seconds 5] [--users 10000] [--json FILE]
 *
 * Prints one line of JSON.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { freePorts } from '../lab/live/free-ports.ts';
import { Kamailio } from '../lab/live/peers/kamailio.ts';
import { stopPrograms } from '../lab/live/peers/processes.ts';
import { Sipp } from '../lab/live/peers/sipp.ts';
import { REGISTER_PLAIN } from '../lab/live/peers/sipp-scenarios.ts';
import { bundleServersAndLab } from './bundles.ts';
import { isClean, type PairStorm, type RegisterStep, registerStormAtPairs } from './register-pairs.ts';

interface KamailioStorm {
  readonly bench: 'register-kamailio';
  readonly cpus: number;
  /** Processes of Kamailio that read UDP. */
  readonly workers: number;
  readonly seconds: number;
  readonly steps: readonly KamailioStep[];
  /** REGISTERs a second of the best step in which next to nothing had to be sent again. */
  readonly per_second: number;
  /** Authorised registrations a second, each mirrored to the mate. */
  readonly pairs: {
    readonly users: number;
    readonly aim_per_second: number;
    readonly holdfast: PairStorm;
    readonly kamailio: PairStorm;
  };
}

interface KamailioStep extends RegisterStep {
  /** What Kamailio itself says to hold at the end of the step. */
  readonly contacts: number;
}

const WORKERS = 4;
const RATES = [1_000, 2_000, 4_000, 6_000, 8_000, 10_000, 12_000, 16_000, 20_000];
const PAIR_RATES = [500, 1_000, 1_500, 2_000, 3_000, 4_000, 5_000, 6_000, 8_000];
/** Issue 4, on two cores. */
const PAIR_AIM_PER_SECOND = 5_000;
/** sipp's own limit of calls at once. */
const OPEN_MAX = 20_000;
/** On top of the time that a step should take. */
const STEP_GRACE_MS = 40_000;

/** Each step has a Kamailio of its own: a table that is full of the last step's phones would be another task. */
async function registerStormAtKamailio({
  seconds,
  users,
}: {
  readonly seconds: number;
  readonly users: number;
}): Promise<KamailioStorm> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-storm-'));
  const steps: KamailioStep[] = [];
  let pairs: Awaited<ReturnType<typeof registerStormAtPairs>>;
  try {
    for (const rate of RATES) {
      const step = await storm(join(folder, String(rate)), rate, seconds);
      steps.push(step);
      if (!isClean(step)) break;
    }
    pairs = await registerStormAtPairs({ folder, users, seconds, rates: PAIR_RATES });
  } finally {
    await stopPrograms();
    rmSync(folder, { recursive: true, force: true });
  }
  const best = Math.max(0, ...steps.filter(isClean).map(({ per_second }) => per_second));
  return {
    bench: 'register-kamailio',
    cpus: availableParallelism(),
    workers: WORKERS,
    seconds,
    steps,
    per_second: Math.round(best),
    pairs: { users, aim_per_second: PAIR_AIM_PER_SECOND, ...pairs },
  };
}

async function storm(folder: string, rate: number, seconds: number): Promise<KamailioStep> {
  const kamailio = await Kamailio.start({ folder: join(folder, 'kamailio'), children: WORKERS });
  const [port] = (await freePorts(1)) as [number];
  const sipp = Sipp.start({
    folder: join(folder, 'sipp'),
    scenario: { xml: REGISTER_PLAIN },
    port,
    remote: `127.0.0.1:${kamailio.port}`,
    calls: rate * seconds,
    rate,
    keepsMessages: false,
    extra: ['-l', String(OPEN_MAX)],
  });
  const { successful, failed, retransmissions, perSecond } = await sipp.report(
    1000 * seconds + STEP_GRACE_MS,
  );
  const contacts = await kamailio.contacts();
  await kamailio.stop();
  return {
    asked_per_second: rate,
    per_second: Math.round(perSecond),
    registered: successful,
    failed,
    retransmissions,
    contacts,
  };
}

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    users: { type: 'string', default: '10000' },
    json: { type: 'string' },
  },
});
bundleServersAndLab();
const storms = await registerStormAtKamailio({
  seconds: Number(values.seconds),
  users: Number(values.users),
});
const report = JSON.stringify(storms);
if (values.json !== undefined) writeFileSync(values.json, `${report}\n`);
console.log(report);
