/**
 * One disaster as a picture: four lanes of marks (who noticed when, decided, logged in, was Ready again) and under
 * them, on the same time axis, how many agents are Ready again: the ledger's cumulative curve. All times here are
 * ms since the fault.
 */
import type { BoardLedger } from '@holdfast/protocol';

export const LANES = ['detected', 'decided', 'loggedIn', 'ready'] as const;
export type Lane = (typeof LANES)[number];

export interface Recovery {
  readonly concerned: number;
  readonly lanes: Readonly<Record<Lane, readonly number[]>>;
  /** Corners of the curve of those who are Ready again. Begins with 0 at 0. */
  readonly curve: readonly CurvePoint[];
  /** The same for the moments from which each agent might have been Ready: options, phones and leases allowed it. */
  readonly allowed: readonly CurvePoint[];
  /** The longest of these waits; null while nobody has decided. */
  readonly allowedMs: number | null;
  /** What governed the waits, each once: options by their names, then calls. */
  readonly governedBy: readonly Governor[];
  /** Right end of the time axis. */
  readonly endMs: number;
  /** Where the curve ends: now, or the end of the axis. */
  readonly nowMs: number;
}

/** An option, or the end of the calls that stood, and whose waits it governed. */
export interface Governor {
  /** Of the option; null for calls, each of which ends at its own time. */
  readonly option: string | null;
  /** Null where the lab gives no time. */
  readonly least: number | null;
  readonly most: number | null;
  readonly agents: number;
}

/** From this moment on so many agents. */
export interface CurvePoint {
  readonly atMs: number;
  readonly agents: number;
}

/** The axis shows at least so much, so that a fast recovery does not look like a slow one. */
const AXIS_LEAST_MS = 5_000;
/** While some agents are still away the axis grows with the time, but not without end. */
const AXIS_PATIENCE_MS = 60_000;
const MARGIN = 1.08;

export function recoveryOf(ledger: BoardLedger, now: number): Recovery {
  const since = (at: number | null) => (at === null ? [] : [Math.max(0, at - ledger.fault.at)]);
  const sorted = (pick: (agent: BoardLedger['agents'][number]) => number | null) =>
    ledger.agents.flatMap((agent) => since(pick(agent))).sort((a, b) => a - b);
  const lanes = {
    detected: sorted(({ detectedAt }) => detectedAt),
    decided: sorted(({ decidedAt }) => decidedAt),
    loggedIn: sorted(({ loggedInAt }) => loggedInAt),
    ready: sorted(({ readyAt }) => readyAt),
  };
  const allowed = sorted(({ allowedAt }) => allowedAt);
  const last = Math.max(0, ...LANES.map((lane) => lanes[lane].at(-1) ?? 0), allowed.at(-1) ?? 0);
  const elapsed = Math.max(0, now - ledger.fault.at);
  const isOver = lanes.ready.length === ledger.agents.length;
  const growing = isOver ? 0 : Math.min(elapsed, Math.max(AXIS_PATIENCE_MS, 3 * last));
  const endMs = Math.max(AXIS_LEAST_MS, last * MARGIN, growing);
  return {
    concerned: ledger.agents.length,
    lanes,
    curve: cumulative(lanes.ready),
    allowed: cumulative(allowed),
    allowedMs: allowed.at(-1) ?? null,
    governedBy: governors(ledger.agents.flatMap(({ governedBy }) => governedBy ?? [])),
    endMs,
    nowMs: Math.min(elapsed, endMs),
  };
}

/** What the lab says of who was held by a call at the lost site (DS14) and not by an option. */
const BY_CALL = 'call-at-lost-site';

/** Each is "name=8000 ms". */
function governors(governedBy: readonly string[]): Governor[] {
  const times = new Map<string, number[]>();
  for (const text of governedBy) {
    const [name = text, value = ''] = text.split('=');
    times.set(name, [...(times.get(name) ?? []), Number.parseInt(value, 10)]);
  }
  const all = [...times].map(([name, ms]): Governor => {
    const known = ms.filter(Number.isFinite);
    const [least, most] = known.length === 0 ? [null, null] : [Math.min(...known), Math.max(...known)];
    return { option: name === BY_CALL ? null : name, least, most, agents: ms.length };
  });
  const rank = ({ option }: Governor) => (option === null ? '1' : `0${option}`);
  return all.sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
}

const cumulative = (sorted: readonly number[]): CurvePoint[] => [
  { atMs: 0, agents: 0 },
  ...sorted.map((atMs, index) => ({ atMs, agents: index + 1 })),
];

/** Round steps for people, at most eight of them. */
export function axisTicks(endMs: number): readonly number[] {
  const step = TICK_STEPS_MS.find((candidate) => endMs / candidate <= TICKS_MAX) ?? endMs;
  const ticks: number[] = [];
  for (let at = 0; at <= endMs && ticks.length <= TICKS_MAX; at += step) ticks.push(at);
  return ticks;
}

const TICKS_MAX = 8;
const TICK_STEPS_MS = [
  1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_800_000, 3_600_000,
];
