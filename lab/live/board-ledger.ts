/** One fault of the ledger and its agents as the live page draws it, also while agents still wait. */
import type { BoardLedger } from '@holdfast/protocol';
import { type LedgerFault, percentiles } from '../src/ledger.ts';

/** `now`: wall clock, ms; `wall` translates the lab's run time to it. */
export function boardLedgerOf(
  { at, what, site, rows }: LedgerFault,
  { now, wall }: { readonly now: number; readonly wall: (at: number) => number },
): BoardLedger {
  const agents = rows.map((row) => {
    const instant = (value: number | null) => (value === null ? null : wall(value));
    return {
      agent: row.agent,
      lastAbleAt: wall(row.lastAbleAt),
      detectedAt: instant(row.detectedAt),
      decidedAt: instant(row.decidedAt),
      loggedInAt: instant(row.loggedInAt),
      allowedAt: instant(row.allowedAt),
      readyAt: instant(row.readyAt),
      governedBy: row.governedBy,
    };
  });
  // Who still waits has waited so long already: left out, they would make the figures look better than the day is.
  const total = percentiles(agents.map(({ lastAbleAt, readyAt }) => (readyAt ?? now) - lastAbleAt));
  const after = percentiles(
    agents.flatMap(({ lastAbleAt, allowedAt, readyAt }) =>
      readyAt === null ? [] : [Math.max(0, readyAt - (allowedAt ?? lastAbleAt))],
    ),
  );
  return {
    fault: { at: wall(at), what, site },
    agents,
    waiting: agents.filter(({ readyAt }) => readyAt === null).length,
    total: total === null ? null : { p50: total.p50, p95: total.p95, p99: total.p99 },
    afterWait: after === null ? null : { p50: after.p50, p95: after.p95, p99: after.p99 },
  };
}
