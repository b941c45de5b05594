/**
 * Log lines that a stranger can cause. One bad message deserves a line of its own; a million of them must not
 * fill the disk, nor hide the line that matters. So the first few of a period are written as they come, the rest
 * are counted, and when the period ends one line says how many there were, from how many senders, and the last.
 */
import type { LogLine } from '@holdfast/kernel';
import type { LineCounts } from '@holdfast/servers';
import type { Log } from './log.ts';

/** Written as they come in one period; what is more is counted. */
export const LINES_MAX = 10;
/** How long a period lasts from its first line, ms. */
export const PERIOD_MS = 10_000;
/** Senders told apart in one period; a stranger can forge any number of them. */
const SENDERS_MAX = 1_000;

/** The lines of one kind since the period began. */
interface Period {
  readonly timer: NodeJS.Timeout;
  written: number;
  leftOut: number;
  last: LogLine | undefined;
  readonly senders: Set<string>;
}

export class LogBudget {
  readonly #log: Log;
  readonly #periodMs: number;
  /** By what happened, so that a flood of one kind hides no other. The kinds are our own words: a handful. */
  readonly #periods = new Map<string, Period>();

  readonly #lines: LineCounts | undefined;

  /** `lines` counts those that are left out as well. */
  constructor(log: Log, { periodMs = PERIOD_MS, lines }: { periodMs?: number; lines?: LineCounts } = {}) {
    this.#log = log;
    this.#lines = lines;
    this.#periodMs = periodMs;
  }

  /** `sender`: whoever caused the line. */
  line(line: LogLine, sender: string): void {
    const period = this.#periods.get(line.what) ?? this.#begin(line.what);
    if (period.written < LINES_MAX) {
      period.written += 1;
      return this.#log(line);
    }
    period.leftOut += 1;
    this.#lines?.count(line);
    period.last = line;
    if (period.senders.size < SENDERS_MAX) period.senders.add(sender);
  }

  /** Says what is still unsaid. */
  stop(): void {
    for (const what of [...this.#periods.keys()]) this.#end(what);
  }

  #begin(what: string): Period {
    const timer = setTimeout(() => this.#end(what), this.#periodMs);
    timer.unref();
    const period = { timer, written: 0, leftOut: 0, last: undefined, senders: new Set<string>() };
    this.#periods.set(what, period);
    return period;
  }

  #end(what: string): void {
    const period = this.#periods.get(what);
    if (period === undefined) return;
    clearTimeout(period.timer);
    this.#periods.delete(what);
    const { last, leftOut, senders } = period;
    if (last === undefined) return;
    const told = senders.size < SENDERS_MAX ? senders.size : `${senders.size} or more`;
    const detail = { ...last.detail, leftOut, senders: told };
    this.#log({ ...last, what: `${what}, and more like it`, detail });
  }
}
