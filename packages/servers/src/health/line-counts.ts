/**
 * How often each kind of log line was written: what an administrator sets alarms on. Every fault that has a line has a
 * figure by that (HR4), and the kinds are our own words, so that nobody outside can make a new one.
 */
import type { LogLine } from '@holdfast/kernel';
import type { Metric } from './server-report.ts';

/** Far more kinds than there are; beyond it a line is counted under `other` of its level, so that memory stays bounded. */
export const LINE_KINDS_MAX = 500;
/** Its figures, one a level, stand beside those of the kinds: there is always room for them. */
export const OTHER_KINDS = 'other';

export class LineCounts {
  readonly #counts = new Map<
    string,
    { readonly level: LogLine['level']; readonly what: string; count: number }
  >();

  count({ level, what }: Pick<LogLine, 'level' | 'what'>): void {
    const key = `${level} ${what}`;
    const known = this.#counts.get(key);
    if (known !== undefined) known.count += 1;
    else if (this.#counts.size < LINE_KINDS_MAX || what === OTHER_KINDS)
      this.#counts.set(key, { level, what, count: 1 });
    else this.count({ level, what: OTHER_KINDS });
  }

  metric(): Metric {
    return {
      name: 'holdfast_log_lines_total',
      type: 'counter',
      help: 'Log lines by what happened, those that were left out of the log included.',
      figures: [...this.#counts.values()].map(({ level, what, count }) => ({
        value: count,
        labels: { level, what },
      })),
    };
  }
}
