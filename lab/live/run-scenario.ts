/**
 * Runs one scenario and writes its report: the same JSON whether all checks hold or not, and also when the
 * scenario itself could not go on.
 */

import { availableParallelism } from 'node:os';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { LedgerReport } from '../src/ledger.ts';
import type { CallFigures } from './call-account.ts';
import { type Check, LiveLab } from './live-lab.ts';
import type { Scenario } from './scenarios/scenario.ts';

/** Documented in docs/reports.md; instants are ms since the run's start. */
export interface LabReport {
  readonly version: 1;
  readonly scenario: string;
  readonly seed: number;
  readonly agents: number;
  readonly checks: readonly Check[];
  readonly ledger: LedgerReport;
  readonly calls: CallFigures;
  readonly queue: {
    readonly waiting: number;
    readonly inversions: number | null;
    readonly lost: number | null;
  };
  readonly host: {
    readonly cpus: number;
    readonly node: string;
    readonly loop_delay_ms_p99: { readonly lab: number; readonly servers: number | null };
  };
}

export interface RunOptions {
  readonly scenario: Scenario;
  readonly agents?: number;
  readonly seed?: number;
  readonly serverEntry: string;
  readonly say: (text: string) => void;
}

export async function runScenario({
  scenario,
  agents = scenario.agents,
  seed = 1,
  serverEntry,
  say,
}: RunOptions): Promise<LabReport> {
  const { times } = scenario;
  const lab = await LiveLab.make({
    agents,
    seed,
    times,
    serverEntry,
    restarts: scenario.restarts,
    withSound: Math.min(30, agents),
  });
  say(
    `${scenario.name}: ${agents} agents, seed ${seed}; time-outs: site ${times.siteTimeoutS} s, phone ${times.phoneTimeoutS} s, ADDP ${times.addpMs} ms, lease ${times.leaseLengthMs} ms, registration ${times.registerEveryS} s`,
  );
  const delay = monitorEventLoopDelay({ resolution: 10 });
  try {
    await lab.start();
    delay.enable();
    if (scenario.callsPerSecond > 0) lab.callers.stream(scenario.callsPerSecond);
    await scenario.run(lab);
    // What becomes of the calls that stood at the fault shows only when they end.
    await lab.until(4 * times.talkMs, () => lab.calls.openSinceFault === 0);
  } catch (error) {
    // Whatever broke the scenario is a failed check, and what was seen until then is still worth a report.
    lab.check('scenario-ran', false, String((error as Error).stack ?? error));
  } finally {
    delay.disable();
    await lab.stop();
  }
  return {
    version: 1,
    scenario: scenario.name,
    seed,
    agents,
    checks: lab.checks,
    ledger: roundLedger(lab.ledger.report(lab.now())),
    calls: lab.calls.figures(),
    queue: { waiting: lab.calls.waiting, inversions: null, lost: null },
    host: {
      cpus: availableParallelism(),
      node: process.version,
      loop_delay_ms_p99: { lab: Math.round(delay.percentile(99) / 1e5) / 10, servers: null },
    },
  };
}

function roundLedger(report: LedgerReport): LedgerReport {
  return JSON.parse(
    JSON.stringify(report, (_key, value) => (typeof value === 'number' ? Math.round(value) : value)),
  );
}
