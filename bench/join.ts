/**
 * A standby that comes back to a primary with 10,000 registrations and 1,000 calls: how long until it is ready, and
 * what that costs the primary, beside the same primary with its mate in step and nothing going on. Real processes; the
 * standby is killed, its supervisor starts it again, and it has to be told everything.
 *
 *     npx tsx bench/join.ts [--short] [--registrations N] [--calls N] [--runs N] [--json FILE]
 *
 * Prints one JSON object. Afterwards the primary is killed, and the standby must hang up every call and reach phones:
 * exit status 1 when it does not hold what it said to be ready with. Times decide nothing.
 */
import { writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { freePorts } from '../lab/live/free-ports.ts';
import { OneSite } from '../lab/live/one-site.ts';
import { MEMBERS, PairLog } from '../lab/live/pair-log.ts';
import { until } from '../lab/live/peers/processes.ts';
import { AnswerWatch } from './answer-watch.ts';
import { round, verdict } from './bench-run.ts';
import { bundleServersAndLab } from './bundles.ts';
import { pause } from './echo-load.ts';
import { LeanCalls } from './lean-calls.ts';
import { RegisteringPhone } from './phones-load.ts';
import { cpuOf } from './process-cpu.ts';

const { values } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    registrations: { type: 'string' },
    calls: { type: 'string' },
    runs: { type: 'string' },
    json: { type: 'string' },
  },
});
const REGISTRATIONS = Number(values.registrations ?? (values.short ? 300 : 10_000));
const CALLS = Number(values.calls ?? (values.short ? 50 : 1_000));
const RUNS = Number(values.runs ?? (values.short ? 1 : 5));
const QUIET_MS = values.short ? 1_000 : 10_000;
/** Phones that are called when the standby has taken over. */
const CALLED_AFTERWARDS = 20;
const PHONE_PASSWORD = 'fake-phone-password';
const AT_ONCE = 25;
const READY_MAX_MS = 120_000;

/** Of the primary, in one stretch of time. */
interface Cost {
  readonly forMs: number;
  readonly cpuMs: number;
  readonly loopDelayMaxMs: number;
  readonly loopDelayP99Ms: number;
  /** Of a phone that asks every 10 ms. */
  readonly longestAnswerMs: number;
}

interface Join {
  /** From the start of its process: it has read its configuration and asked for the log. */
  readonly asksAfterMs: number;
  /** It has everything, and is waited for from now on. */
  readonly inStepAfterMs: number;
  /** What it holds has been compared with what the primary holds (HR2). */
  readonly readyAfterMs: number;
  readonly sinceDeathMs: number;
  readonly cost: Cost;
}

async function inBatches<Thing>(things: readonly Thing[], act: (thing: Thing) => Promise<unknown>) {
  for (let from = 0; from < things.length; from += AT_ONCE)
    await Promise.all(things.slice(from, from + AT_ONCE).map(act));
}

async function isReady(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${port}/ready/standby`)).status === 200;
  } catch {
    // It does not run at this moment.
    return false;
  }
}

class Joining {
  readonly site: OneSite;
  readonly calls: LeanCalls;
  readonly log: PairLog;
  readonly #health: Readonly<Record<string, number>>;
  readonly #watch: AnswerWatch;

  private constructor(
    site: OneSite,
    parts: { health: Readonly<Record<string, number>>; calls: LeanCalls; watch: AnswerWatch },
  ) {
    this.site = site;
    this.log = new PairLog(site.logFile);
    this.calls = parts.calls;
    this.#health = parts.health;
    this.#watch = parts.watch;
  }

  static async start(): Promise<Joining> {
    const ports = await freePorts(MEMBERS.length);
    const health = Object.fromEntries(MEMBERS.map((name, index) => [name, ports[index] as number]));
    const site = await OneSite.make({
      // One more, for whoever watches.
      ...{ agents: REGISTRATIONS + 1, restarts: true, isPair: true },
      configure: (object) =>
        object.objectType === 'Application' && health[object.name] !== undefined
          ? { ...object, ports: { ...object.ports, health: health[object.name] as number } }
          : object,
    });
    const calls = await LeanCalls.open(site.ports.gateway);
    calls.useServer(site.ports.sip[0]);
    const number = site.agents.at(-1)?.dn as string;
    const watch = await AnswerWatch.open(
      site.ports.sip[0],
      (socket) => new RegisteringPhone(0, socket, { number, password: PHONE_PASSWORD }),
    );
    return new Joining(site, { health, calls, watch });
  }

  get numbers(): readonly string[] {
    return this.site.agents.slice(0, REGISTRATIONS).map(({ dn }) => dn);
  }

  #standbyPid(): number | undefined {
    const { standby } = this.log;
    return this.site.processes.processes().find(({ application }) => application === standby)?.pid;
  }

  async ready(): Promise<void> {
    const port = this.#health[this.log.standby] as number;
    await until('the standby is ready', READY_MAX_MS, () => isReady(port));
  }

  /** What the primary does meanwhile. */
  async costOf(act: () => Promise<unknown>): Promise<Cost> {
    const { primary, site } = { primary: this.log.primary, site: this.site };
    const pid = site.processes.pidOf(primary);
    await site.processes.loads();
    this.#watch.longestMs();
    const [from, before] = [performance.now(), cpuOf(pid).cpuMs];
    await act();
    const [forMs, cpuMs] = [performance.now() - from, cpuOf(pid).cpuMs - before];
    const longestAnswerMs = this.#watch.longestMs();
    const load = (await site.processes.loads()).find(({ application }) => application === primary);
    if (load === undefined) throw new Error(`${primary} does not say how late it was`);
    return {
      forMs: round(forMs),
      cpuMs: round(cpuMs),
      loopDelayMaxMs: load.loopDelayMaxMs,
      loopDelayP99Ms: load.loopDelayP99Ms,
      longestAnswerMs: round(longestAnswerMs, 1),
    };
  }

  async join(): Promise<Join> {
    const { log } = this;
    const former = this.#standbyPid();
    const times = { death: 0, start: 0, ready: 0 };
    const cost = await this.costOf(async () => {
      times.death = Date.now();
      this.site.processes.killServer(log.standby);
      await until('the standby is started again', READY_MAX_MS, () => {
        const pid = this.#standbyPid();
        return pid !== undefined && pid !== former;
      });
      times.start = Date.now();
      await this.ready();
      times.ready = Date.now();
    });
    const after = (what: string) => round((log.saidAt(what) ?? Number.NaN) - times.start);
    return {
      asksAfterMs: after('mate joins'),
      inStepAfterMs: after('mate in step'),
      readyAfterMs: times.ready - times.start,
      sinceDeathMs: times.ready - times.death,
      cost,
    };
  }

  /** How many of the calls the standby ends in order, and how many phones it reaches, when the primary is gone. */
  async takeOver(held: readonly number[]): Promise<{ readonly kept: number; readonly reached: number }> {
    const failedBefore = this.calls.failed;
    this.site.processes.killServer(this.log.primary);
    await inBatches(held, (call) => this.calls.hangUp(call));
    const kept = held.length - (this.calls.failed - failedBefore);
    const failedThen = this.calls.failed;
    const called = this.numbers.slice(-CALLED_AFTERWARDS);
    await inBatches(called, (number) => this.calls.dial(number));
    return { kept, reached: called.length - (this.calls.failed - failedThen) };
  }

  async end(): Promise<void> {
    this.#watch.close();
    this.calls.close();
    await this.site.end();
    this.site.remove();
  }
}

bundleServersAndLab();
const loadBefore = round(loadavg()[0] as number, 1);
const joining = await Joining.start();
try {
  await joining.site.processes.start();
  await inBatches(joining.numbers, (number) => joining.calls.register(number, PHONE_PASSWORD));
  const held: number[] = [];
  await inBatches(joining.numbers.slice(0, CALLS), async (number) =>
    held.push(await joining.calls.dial(number)),
  );
  await joining.ready();
  const quiet = await joining.costOf(() => pause(QUIET_MS));
  const joins: Join[] = [];
  for (let run = 0; run < RUNS; run++) joins.push(await joining.join());
  const { kept, reached } = await joining.takeOver(held);
  const wanted = Math.min(CALLED_AFTERWARDS, REGISTRATIONS);
  const judged = verdict({
    [`of ${CALLS} calls ${kept} were ended in order by the standby`]: kept === CALLS,
    [`of ${wanted} phones the standby reached ${reached}`]: reached === wanted,
  });
  const median = (of: (join: Join) => number) =>
    joins.map(of).sort((a, b) => a - b)[Math.floor(joins.length / 2)] as number;
  const most = (of: (join: Join) => number) => Math.max(...joins.map(of));
  const report = {
    version: 1,
    bench: 'join',
    registrations: REGISTRATIONS,
    calls: CALLS,
    ready_ms: {
      median: median(({ readyAfterMs }) => readyAfterMs),
      max: most(({ readyAfterMs }) => readyAfterMs),
    },
    in_step_ms: {
      median: median(({ inStepAfterMs }) => inStepAfterMs),
      max: most(({ inStepAfterMs }) => inStepAfterMs),
    },
    asks_ms: {
      median: median(({ asksAfterMs }) => asksAfterMs),
      max: most(({ asksAfterMs }) => asksAfterMs),
    },
    primary: {
      loop_delay_max_ms: {
        quiet: quiet.loopDelayMaxMs,
        joining: most(({ cost }) => cost.loopDelayMaxMs),
      },
      longest_answer_ms: { quiet: quiet.longestAnswerMs, joining: most(({ cost }) => cost.longestAnswerMs) },
    },
    quiet,
    joins,
    calls_kept: kept,
    phones_reached: reached,
    host: { cpus: cpus().length, node: process.version, load_before: loadBefore },
    ...judged,
  };
  const json = `${JSON.stringify(report, null, 2)}\n`;
  process.stdout.write(json);
  if (values.json !== undefined) writeFileSync(values.json, json);
  process.exitCode = judged.ok ? 0 : 1;
} finally {
  await joining.end();
}
