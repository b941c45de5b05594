/**
 * Runs one scenario and writes its report: the same JSON whether all checks hold or not, and also when the
 * scenario itself could not go on.
 */

import { availableParallelism } from 'node:os';
import type { OptionSections } from '@holdfast/protocol';
import { LoopDelay } from '@holdfast/server';
import type { LedgerReport } from '../src/ledger.ts';
import { type CallFigures, callsBalance } from './call-account.ts';
import type { LineFigures } from './line-account.ts';
import type { LineQuality } from './line-quality.ts';
import { type Check, LiveLab } from './live-lab.ts';
import type { Measures } from './measures.ts';
import { callersCome, callsAreAnswered, everybodyAtHome, type Scenario } from './scenarios/scenario.ts';
import type { ServerLoad } from './server-loads.ts';
import { SiteStartError } from './site-processes.ts';
import { type SoundReport, soundBothWays } from './sound-account.ts';
import { type LabTimes, timesInWords } from './times.ts';

/** Documented in docs/reports.md; instants are ms since the run's start. */
export interface LabReport {
  readonly version: 1;
  readonly scenario: string;
  readonly seed: number;
  readonly agents: number;
  /** The set of waits that was used. */
  readonly times: LabTimes['name'];
  readonly checks: readonly Check[];
  readonly ledger: LedgerReport;
  readonly calls: CallFigures;
  readonly queue: LineFigures;
  readonly sound: SoundReport;
  readonly takeover: Measures['takeover'];
  readonly control: Measures['control'];
  readonly storm: Measures['storm'];
  readonly host: {
    readonly cpus: number;
    readonly node: string;
    /** Whether the traffic between desks and sites passed the lab's relay. */
    readonly relayed: boolean;
    readonly loop_delay_ms_p99: { readonly lab: number; readonly servers: number | null };
    /** Of each server, with everybody logged in, before anything is broken. */
    readonly memory_kb: readonly {
      readonly application: string;
      readonly rss: number;
      readonly heap: number;
    }[];
  };
}

export interface RunOptions {
  readonly scenario: Scenario;
  readonly agents?: number;
  readonly seed?: number;
  /** Unless told otherwise those of the scenario; one of the same name does not replace them. */
  readonly times?: LabTimes;
  /** Options of both SIP Servers, over those of the scenario. */
  readonly serverOptions?: OptionSections;
  /** Of all lines of the lab. */
  readonly quality?: LineQuality;
  readonly serverEntry: string;
  /** Aborted when it has to end before all is done; the reason is an Error. */
  readonly end?: AbortSignal;
  readonly say: (text: string) => void;
}

export async function runScenario({
  scenario,
  agents = scenario.agents,
  seed = 1,
  times: asked = scenario.times,
  serverOptions = {},
  quality,
  serverEntry,
  end = new AbortController().signal,
  say,
}: RunOptions): Promise<LabReport> {
  // A scenario may have shortened waits of its own, and needs them.
  const { autoRestore } = scenario.times;
  const times = asked.name === scenario.times.name ? scenario.times : { ...asked, autoRestore };
  const lab = await LiveLab.make({
    agents,
    seed,
    times,
    serverOptions,
    quality,
    serverEntry,
    restarts: scenario.restarts,
    pairs: scenario.pairs === true,
    hasDatabase: scenario.hasDatabase === true,
    families: 'both',
    ...(scenario.homes === undefined ? {} : { homes: scenario.homes }),
    ...(scenario.hasOutlyingOffice === undefined ? {} : { hasOutlyingOffice: scenario.hasOutlyingOffice }),
    ...(scenario.hotSeating === undefined ? {} : { hotSeating: scenario.hotSeating }),
    ...(scenario.placeAt === undefined ? {} : { placeAt: scenario.placeAt }),
    ...(scenario.configure === undefined ? {} : { configure: scenario.configure }),
    withSound: CALLS_WITH_SOUND,
  });
  say(`${scenario.name}: ${agents} agents, seed ${seed}; times "${times.name}": ${timesInWords(times)}`);
  if (!lab.isRelayed)
    say('  so many desks are connected to the sites directly, not through the relay of the lab');
  const delay = new LoopDelay();
  let before: readonly ServerLoad[] = [];
  let after: readonly ServerLoad[] = [];
  let lateMs = 0;
  const play = async () => {
    if (scenario.begins === 'dark') await lab.open();
    else {
      if (!(await comeToWork(lab, say))) return;
      before = await lab.serverLoads();
      delay.reset();
      callersCome(lab, scenario.occupancy);
      // By then about as many talk as will go on talking.
      await callsAreAnswered(lab, Math.max(4, Math.round(scenario.occupancy * agents)));
    }
    await scenario.run(lab);
    // What becomes of the calls that stood at the fault shows only when they end.
    await lab.until(4 * times.talkMs, () => lab.calls.openSinceFault === 0);
  };
  try {
    await Promise.race([play(), aborted(end)]);
  } catch (error) {
    // Nothing has been seen yet that would be worth a report.
    if (error instanceof SiteStartError) throw error;
    // Whatever broke the scenario is a failed check, and what was seen until then is still worth a report.
    lab.check('scenario-ran', false, String((error as Error).stack ?? error));
  } finally {
    lateMs = delay.figures().p99Ms;
    after = await lab.serverLoads();
    lab.calls.close();
    soundGoesOn(lab);
    await lab.stop();
  }
  const calls = lab.calls.figures();
  const balance = callsBalance(calls);
  lab.check('calls-accounted', balance.ok, balance.detail);
  const { dropped } = lab.watch;
  // The checks of a scenario look at all that desks said: what was dropped may be what failed.
  if (dropped > 0)
    lab.check('watch-complete', false, `${dropped} decisions and alarms of desks were dropped`);
  const host = hostFigures({ relayed: lab.isRelayed, lateMs, before, after });
  const spoiled = spoiledBy(host.loop_delay_ms_p99);
  if (spoiled !== undefined) say(spoiled);
  const ledger = rounded(lab.ledger.report(lab.now()));
  if (ledger.in_call !== null)
    say(`  of ${ledger.agents.length} agents concerned ${ledger.in_call} were in a call at the fault`);
  return {
    version: 1,
    scenario: scenario.name,
    seed,
    agents,
    times: times.name,
    checks: lab.checks,
    ledger,
    calls,
    queue: lab.calls.line(lab.now()),
    sound: roundSound(lab.sound.report()),
    ...rounded(lab.measures),
    host,
  };
}

/** So often who looks on is told how many are there. */
const PROGRESS_EVERY_MS = 5_000;

async function comeToWork(lab: LiveLab, say: (text: string) => void): Promise<boolean> {
  const progress = setInterval(() => {
    const loggedIn = lab.robots.filter(({ view }) => view !== undefined && view.site !== null).length;
    say(`  ${loggedIn} of ${lab.options.agents} agents are logged in`);
  }, PROGRESS_EVERY_MS);
  try {
    await lab.start();
    return await everybodyAtHome(lab);
  } finally {
    clearInterval(progress);
  }
}

/** Above it the figures of a run measure the machine (docs/reports.md). */
const LOOP_DELAY_MS_MAX = 40;

/** A warning where that is so. */
export function spoiledBy({ lab, servers }: LabReport['host']['loop_delay_ms_p99']): string | undefined {
  const late = [
    ...(lab > LOOP_DELAY_MS_MAX ? [`the lab ${lab} ms`] : []),
    ...(servers !== null && servers > LOOP_DELAY_MS_MAX ? [`a server ${servers} ms`] : []),
  ];
  if (late.length === 0) return undefined;
  return `  warning: the machine was too busy (p99 of the loop delay: ${late.join(', ')}, above ${LOOP_DELAY_MS_MAX} ms): the figures measure the machine`;
}

/** Memory is of the time before the fault, the delay of the time since. */
function hostFigures({
  relayed,
  lateMs,
  before,
  after,
}: {
  readonly relayed: boolean;
  readonly lateMs: number;
  readonly before: readonly ServerLoad[];
  readonly after: readonly ServerLoad[];
}): LabReport['host'] {
  return {
    cpus: availableParallelism(),
    node: process.version,
    relayed,
    loop_delay_ms_p99: {
      lab: lateMs,
      servers: after.length === 0 ? null : Math.max(...after.map((load) => load.loopDelayP99Ms)),
    },
    memory_kb: before.map(({ application, rssKB, heapKB }) => ({ application, rss: rssKB, heap: heapKB })),
  };
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

/** ME6: both ends speak and listen on so many calls at once; in the smallest runs these are all. */
const CALLS_WITH_SOUND = 30;

/** Sound goes directly between the two ends: whatever dies, those who have each other's address hear each other. */
function soundGoesOn(lab: LiveLab): void {
  const { ok, detail } = soundBothWays(lab.sound.report());
  lab.check('sound-both-ways', ok, detail);
}

function roundSound(report: SoundReport): SoundReport {
  return { ...report, gap_ms_max: report.gap_ms_max === null ? null : Math.round(report.gap_ms_max) };
}

/** All numbers whole. */
function rounded<Report>(report: Report): Report {
  return JSON.parse(
    JSON.stringify(report, (_key, value) => (typeof value === 'number' ? Math.round(value) : value)),
  );
}
