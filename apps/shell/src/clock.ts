/**
 * The clock of a process: `now()` never goes back, `wallOffset()` turns it into the time of day. Each reading
 * compares the monotonic with the wall clock; if they moved apart since the last one, the machine was suspended or
 * its time was set, and whoever granted leases must hear of it before anything else happens (LL6).
 */
import { performance } from 'node:perf_hooks';
import type { Millis } from '@holdfast/kernel';

/** Both clocks as the system gives them, ms. A test passes its own. */
export interface ClockSources {
  readonly monotonic: () => number;
  readonly wall: () => number;
}

export interface ClockOptions {
  readonly sources?: ClockSources;
  /** The two clocks may differ by this between two readings before it counts as a jump, ms. */
  readonly jumpMs?: Millis;
}

/** Wall clocks tick in whole ms, and time daemons slew by 0.05 %: 50 ms apart between two readings is neither. */
const JUMP_MS = 50;

/** A process that is stopped between the two readings sees a difference that is none: then it reads again. */
const READ_WITHIN_MS = 5;
const READ_ATTEMPTS_MAX = 5;

export class ProcessClock {
  readonly #sources: ClockSources;
  readonly #jumpMs: Millis;
  readonly #listeners = new Set<(byMs: number) => void>();
  #offset: number;
  #last: Millis;

  constructor(options: ClockOptions = {}) {
    this.#sources = options.sources ?? { monotonic: () => performance.now(), wall: () => Date.now() };
    this.#jumpMs = options.jumpMs ?? JUMP_MS;
    const first = this.#read();
    this.#last = first.monotonic;
    this.#offset = first.wall - first.monotonic;
  }

  /** ms on the monotonic clock of this process. A jump is told to the listeners before this returns. */
  now(): Millis {
    const { monotonic, wall } = this.#read();
    const offset = wall - monotonic;
    const byMs = offset - this.#offset;
    this.#offset = offset;
    this.#last = Math.max(this.#last, monotonic);
    if (Math.abs(byMs) > this.#jumpMs) for (const listener of this.#listeners) listener(byMs);
    return this.#last;
  }

  /** `now() + wallOffset()` is the time of day in ms since 1970. */
  wallOffset(): Millis {
    return this.#offset;
  }

  /** `byMs` > 0: the wall clock ran ahead (suspension, time set forward). Returns how to stop listening. */
  onJump(listener: (byMs: number) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #read(): { monotonic: number; wall: number } {
    const { monotonic: readMonotonic, wall: readWall } = this.#sources;
    let monotonic = readMonotonic();
    for (let attempt = 1; ; attempt++) {
      const wall = readWall();
      const after = readMonotonic();
      if (after - monotonic <= READ_WITHIN_MS || attempt === READ_ATTEMPTS_MAX)
        return { monotonic: after, wall };
      monotonic = after;
    }
  }
}
