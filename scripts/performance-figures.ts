/** What a table of docs/performance.md is made of: the figures of the benches, and how they are written. */

/** The figures of one bench, asked for by path: `echo.pairsPerSecond`, `sizes.0.agents`. */
export class Figures {
  readonly #bench: string;
  readonly #all: unknown;

  constructor(bench: string, all: unknown) {
    this.#bench = bench;
    this.#all = all;
  }

  value(path: string): unknown {
    let at = this.#all;
    for (const name of path.split('.')) at = (at as Record<string, unknown> | null | undefined)?.[name];
    if (at === undefined) throw new Error(`${this.#bench} gives no figure ${path}`);
    return at;
  }

  number(path: string): number {
    const value = this.value(path);
    if (typeof value !== 'number') throw new Error(`${path} of ${this.#bench} is no number`);
    return value;
  }

  /** With commas between thousands. */
  count(path: string): string {
    return withCommas(this.number(path));
  }

  percent(path: string): string {
    return `${(100 * this.number(path)).toFixed(1)} %`;
  }

  /** Undefined where the bench has not taken it, as in a short run. */
  part(path: string): Figures | undefined {
    const part = (this.#all as Record<string, unknown> | null | undefined)?.[path];
    return part === undefined ? undefined : new Figures(`${path} of ${this.#bench}`, part);
  }

  list(path: string): readonly Figures[] {
    return (this.value(path) as readonly unknown[]).map(
      (one) => new Figures(`${path} of ${this.#bench}`, one),
    );
  }
}

export function withCommas(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ',');
}

export type Row = readonly string[];

export interface Table {
  readonly heading: string;
  readonly columns: Row;
  /** What each bench adds. */
  readonly parts: Readonly<Record<string, (figures: Figures) => readonly Row[]>>;
}
