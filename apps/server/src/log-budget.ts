/**
 * Log lines that a stranger can cause. One bad message deserves a line of its own; a million of them must not
 * fill the disk, nor hide the line that matters. So the first few of a period are written as they come, the rest
 * are counted, and when the period ends one line says how many there were, from how many senders, and the last.
 */
import type { LogLine } from '@holdfast/kernel';
import type { Log } from './log.ts';

/** Written as they come in one period; what is more is counted. */
export const LINES_MAX = 10;
/** How long a period lasts from its first line, ms. */
export const PERIOD_MS = 10_000;
/** Senders told apart in one period; a stranger can forge any number of them. */
const SENDERS_MAX = 1_000;

export class LogBudget {
  readonly #log: Log;
  readonly #periodMs: number;
  #timer: NodeJS.Timeout | undefined;
  #written = 0;
  #leftOut = 0;
  #last: LogLine | undefined;
  readonly #senders = new Set<string>();

  constructor(log: Log, periodMs = PERIOD_MS) {
    this.#log = log;
    this.#periodMs = periodMs;
  }

  /** `sender`: whoever caused the line. */
  line(line: LogLine, sender: string): void {
    if (this.#timer === undefined) {
      this.#timer = setTimeout(() => this.#endPeriod(), this.#periodMs);
      this.#timer.unref();
    }
    if (this.#written < LINES_MAX) {
      this.#written += 1;
      return this.#log(line);
    }
    this.#leftOut += 1;
    this.#last = line;
    if (this.#senders.size < SENDERS_MAX) this.#senders.add(sender);
  }

  /** Says what is still unsaid. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#endPeriod();
  }

  #endPeriod(): void {
    this.#timer = undefined;
    this.#written = 0;
    if (this.#last !== undefined) {
      const { size } = this.#senders;
      const detail = {
        ...this.#last.detail,
        leftOut: this.#leftOut,
        senders: size < SENDERS_MAX ? size : `${size} or more`,
      };
      this.#log({ ...this.#last, what: `${this.#last.what}, and more like it`, detail });
    }
    this.#leftOut = 0;
    this.#last = undefined;
    this.#senders.clear();
  }
}
