/**
 * How busy a process is, asked from outside: `kill -USR2 <pid>` writes one log line with the event loop's delay
 * since the last time of asking, and with memory. What waits in the loop waits before every call and every log-in,
 * so this is the first figure to look at when a site is slow.
 */
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import type { Log } from '../log.ts';

/** Between two looks, ms: what is shorter is not seen. */
const RESOLUTION_MS = 10;

/** By how much the event loop was late. */
export class LoopDelay {
  readonly #histogram: IntervalHistogram;

  constructor() {
    this.#histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
    this.#histogram.enable();
  }

  /** Since the start or the last `reset`; ms, one decimal. */
  figures(): { readonly p99Ms: number; readonly maxMs: number } {
    const late = (nanoseconds: number) =>
      // The histogram counts the whole time between two looks.
      Math.max(0, Math.round(nanoseconds / 1e5 - 10 * RESOLUTION_MS) / 10);
    return { p99Ms: late(this.#histogram.percentile(99)), maxMs: late(this.#histogram.max) };
  }

  reset(): void {
    this.#histogram.reset();
  }
}

export const LOAD_SIGNAL = 'SIGUSR2';
export const LOAD_LINE = 'process load';

export function reportLoad(log: Log): void {
  const delay = new LoopDelay();
  let since = performance.now();
  process.on(LOAD_SIGNAL, () => {
    const { p99Ms, maxMs } = delay.figures();
    // Started with --expose-gc, the process tells what it really holds.
    (globalThis as { gc?: () => void }).gc?.();
    const { rss, heapUsed } = process.memoryUsage();
    log({
      level: 'info',
      what: LOAD_LINE,
      detail: {
        loopDelayP99Ms: p99Ms,
        loopDelayMaxMs: maxMs,
        overMs: Math.round(performance.now() - since),
        rssKB: Math.round(rss / 1024),
        heapKB: Math.round(heapUsed / 1024),
      },
    });
    delay.reset();
    since = performance.now();
  });
}

const LOAD_EVERY_MS = 1_000;

/** Tells once a second in what share of it the event loop was at work, 0 to 1, and not waiting for something to do. */
export function watchLoad(tell: (busy: number) => void): { stop(): void } {
  let before = performance.eventLoopUtilization();
  const timer = setInterval(() => {
    const now = performance.eventLoopUtilization();
    tell(performance.eventLoopUtilization(now, before).utilization);
    before = now;
  }, LOAD_EVERY_MS);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}
