/**
 * When a process that has died is started again: at once the first time, then after a pause that doubles, and no
 * more after too many deaths in a row, since a process that dies at every start only fills the log. A process
 * that has run for a while starts over with a clean record.
 */
import { levelOf, optionValue } from '@holdfast/centre';
import type { Millis } from '@holdfast/kernel';
import { type Application, OPTIONS } from '@holdfast/protocol';

export const FIRST_PAUSE_MS = 100;
export const PAUSE_MAX_MS = 10_000;
/** Deaths older than this are forgotten. */
export const WINDOW_MS = 600_000;

export interface RestartRecord {
  /** When it died, newest last. */
  readonly deaths: readonly Millis[];
}

export type RestartDecision =
  | { readonly name: 'restart'; readonly pauseMs: Millis; readonly record: RestartRecord }
  | { readonly name: 'giveUp'; readonly record: RestartRecord; readonly because: string };

/** What the Supervisor's Application says; a site may have none. */
export function restartsMaxOf(supervisor: Application | undefined): number {
  const levels = supervisor === undefined ? [] : [levelOf(`Application/${supervisor.name}`, supervisor)];
  return optionValue(OPTIONS.holdfast['restarts-max'], levels);
}

/** `restartsMax` within WINDOW_MS. */
export function afterDeath(record: RestartRecord, restartsMax: number, now: Millis): RestartDecision {
  const deaths = [...record.deaths.filter((at) => now - at < WINDOW_MS), now];
  if (deaths.length > restartsMax) {
    const because = `${deaths.length} deaths within ${WINDOW_MS / 60_000} minutes; restarts-max is ${restartsMax}`;
    return { name: 'giveUp', record: { deaths }, because };
  }
  const pauseMs = deaths.length === 1 ? 0 : Math.min(PAUSE_MAX_MS, FIRST_PAUSE_MS * 2 ** (deaths.length - 2));
  return { name: 'restart', pauseMs, record: { deaths } };
}
