/** Work of which only so much runs at once; the rest waits in the order of asking, up to a limit. */
export class Turns {
  readonly #waitingMax: number;
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(limits: { readonly atOnce: number; readonly waitingMax: number }) {
    this.#free = limits.atOnce;
    this.#waitingMax = limits.waitingMax;
  }

  /** Whoever comes now is not taken. */
  get isFull(): boolean {
    return this.#free === 0 && this.#waiting.length >= this.#waitingMax;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}
