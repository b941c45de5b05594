/**
 * A schedule of disasters from one seed. All of them are drawn before the world starts, as data, so that a report
 * can show them and a replay meets the same ones. At least three overlap; all end at `healAt`, after which the
 * world has a stated time to settle.
 */
import { assert, type Millis, must, type Random, randomInteger } from '@holdfast/kernel';

export const FAULT_NAMES = [
  'site-kill',
  'site-power-off',
  'sip-server-kill',
  'graceful-shutdown',
  'process-restart',
  'process-pause',
  'process-pause-inside',
  'site-pause',
  'desk-restart',
  'desk-restart-cut-off',
  'desk-pause',
  'suspension',
  'wall-clock-jump',
  'clock-drift',
  'one-way-cut',
  'sites-partition',
  'desk-site-partition',
  'phones-site-partition',
  'site-isolation',
  'loss-burst',
  'dns-failure',
  'phone-loss',
  'config-server-kill',
  'config-server-pause',
  'stat-server-kill',
  'stat-server-pause',
  'lesser-links-cut',
  'primary-kill',
  'primary-pause',
  'primary-pause-inside',
  'standby-kill-joining',
  'standby-pause',
  'mate-link-cut',
  'mate-entries-lost',
  'primary-grey',
  'arbiter-kill',
  'arbiter-answers-lost',
  'operator-promote',
  'operator-demote',
] as const;
export type FaultName = (typeof FAULT_NAMES)[number];

export interface Fault {
  readonly name: FaultName;
  readonly at: Millis;
  readonly until: Millis;
  /** Which of the things of its kind: taken modulo their number. */
  readonly pick: number;
  /** How much, in [0, 1): what that means depends on the fault. */
  readonly size: number;
}

export interface FaultPlan {
  readonly faults: readonly Fault[];
  readonly healAt: Millis;
}

export interface PlanOptions {
  readonly healAt: Millis;
  readonly faultsMin: number;
  readonly faultsMax: number;
  /** Which faults make sense in this world. */
  readonly names: readonly FaultName[];
}

/** So many faults are in force together at some instant, at least (ME5). */
export const OVERLAP_MIN = 3;
const FAULT_MIN_MS = 200;
/** LL6: rates differ by at most 1 %, so each by at most half of it from true time. */
export const RATE_ERROR_MAX = 0.005;

export function planFaults(random: Random, options: PlanOptions): FaultPlan {
  assert(options.faultsMin >= OVERLAP_MIN, 'a plan has at least as many faults as must overlap');
  const { healAt } = options;
  const faults: Fault[] = [];
  const count = randomInteger(random, options.faultsMin, options.faultsMax);
  // The first few hold together at this instant; the rest fall anywhere.
  const together = healAt * (0.2 + 0.6 * random());
  for (let n = 0; n < count; n++) {
    const name = must(options.names[Math.floor(random() * options.names.length)], 'a fault to choose');
    // Many short ones and a few that last for long.
    const lasts = FAULT_MIN_MS + healAt * 0.5 * random() ** 3;
    const begins = n < OVERLAP_MIN ? together - lasts * random() : random() * (healAt - lasts);
    const at = Math.max(0, begins);
    const until = Math.min(healAt, n < OVERLAP_MIN ? Math.max(at + lasts, together + 1) : at + lasts);
    faults.push({ name, at, until, pick: Math.floor(random() * 1_000_000), size: random() });
  }
  faults.sort((a, b) => a.at - b.at);
  return { faults, healAt };
}

/** The most faults that are in force at one instant. */
export function overlapOf(plan: FaultPlan): number {
  let most = 0;
  for (const fault of plan.faults) {
    const among = plan.faults.filter((other) => other.at <= fault.at && fault.at < other.until);
    most = Math.max(most, among.length);
  }
  return most;
}
