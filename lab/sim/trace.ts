/**
 * What happened last, for the report of a failing seed, and a fingerprint of all that happened, for the promise
 * that the same seed gives the same run. Both are cheap enough to be always on: nothing is turned into text
 * before somebody asks.
 */

/** How many of the last happenings are kept: about ten virtual seconds of a world of eight agents. */
export const TRACE_ENTRIES_MAX = 4096;

/** A happening in the report is cut off at this many characters. */
const LINE_MAX = 400;

export class Trace {
  readonly #at = new Float64Array(TRACE_ENTRIES_MAX);
  readonly #who: string[] = new Array<string>(TRACE_ENTRIES_MAX).fill('');
  readonly #what: string[] = new Array<string>(TRACE_ENTRIES_MAX).fill('');
  readonly #detail: unknown[] = new Array<unknown>(TRACE_ENTRIES_MAX).fill(undefined);
  #count = 0;
  #hash = 0x811c9dc5;

  /** `detail` is not copied: what is written about it in the report is its state at the time of the report. */
  record(at: number, who: string, what: string, detail: unknown): void {
    const slot = this.#count++ % TRACE_ENTRIES_MAX;
    this.#at[slot] = at;
    this.#who[slot] = who;
    this.#what[slot] = what;
    this.#detail[slot] = detail;
  }

  /** Mixes three numbers into the fingerprint; `at` counts to the microsecond. */
  mix(at: number, kind: number, index: number): void {
    let hash = this.#hash ^ ((at * 1000) >>> 0);
    hash = Math.imul(hash, 0x01000193) ^ (kind + 31 * index);
    this.#hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
  }

  get hash(): number {
    return this.#hash >>> 0;
  }

  get count(): number {
    return this.#count;
  }

  /** The last `most` happenings as text, oldest first. */
  lines(most: number): string[] {
    const lines: string[] = [];
    const first = Math.max(0, this.#count - Math.min(most, TRACE_ENTRIES_MAX));
    for (let n = first; n < this.#count; n++) {
      const slot = n % TRACE_ENTRIES_MAX;
      const at = (this.#at[slot] as number).toFixed(3).padStart(12);
      const line = `${at} ${this.#who[slot]}: ${this.#what[slot]} ${inWords(this.#detail[slot])}`;
      lines.push(line.trimEnd().slice(0, LINE_MAX));
    }
    return lines;
  }
}

function inWords(detail: unknown): string {
  if (detail === undefined) return '';
  if (typeof detail === 'string') return detail;
  return JSON.stringify(detail, (_key, value: unknown) => {
    if (value instanceof Uint8Array) return `${value.length} bytes`;
    if (value instanceof Map) return Object.fromEntries(value);
    if (value instanceof Set) return [...value];
    return value;
  });
}
