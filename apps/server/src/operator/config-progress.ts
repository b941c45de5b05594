/** What an administrator hears of work that takes longer than a moment, on stderr: what is done, of how much, and how fast. */
import { performance } from 'node:perf_hooks';

/** Whoever waits no longer needs to know nothing. */
const SILENT_MS = 2_000;
const EVERY_MS = 1_000;

export class Progress {
  readonly #tell: (line: string) => void;
  readonly #now: () => number;
  #what = '';
  #startedAt = 0;
  #nextAt = 0;

  /** `now`: a clock that does not jump, ms. */
  constructor(tell: (line: string) => void, now: () => number = () => performance.now()) {
    this.#tell = tell;
    this.#now = now;
  }

  tell(what: string, done: number, of: number): void {
    const now = this.#now();
    if (what !== this.#what) {
      this.#what = what;
      this.#startedAt = now;
      this.#nextAt = now + SILENT_MS;
    }
    if (now < this.#nextAt) return;
    this.#nextAt = now + EVERY_MS;
    const perSecond = Math.round((1000 * done) / (now - this.#startedAt));
    this.#tell(`${what}: ${done} of ${of} (${perSecond} a second)`);
  }

  async during<Result>(what: string, work: Promise<Result>): Promise<Result> {
    const startedAt = this.#now();
    const timer = setInterval(
      () => this.#tell(`${what}: ${Math.round((this.#now() - startedAt) / 1000)} s`),
      SILENT_MS,
    );
    try {
      return await work;
    } finally {
      clearInterval(timer);
    }
  }
}
