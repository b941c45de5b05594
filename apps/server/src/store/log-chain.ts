/** The log of the configuration read from its first entry on: whether each entry follows on the one before, and what all of them have made. */
import { createHash } from 'node:crypto';
import { canonicalText } from '@holdfast/centre';
import type { Change } from '@holdfast/protocol';
import { EntryHash } from './entry-hash.ts';
import { type EntryRow, linksOf } from './read-log.ts';

export interface ChainedRow extends EntryRow {
  readonly previous_hash: string;
  readonly hash: string;
}

/** The first that is not what was committed. */
export interface Break {
  readonly type: 'broken';
  readonly at: string;
  readonly because: string;
}

export class LogChain {
  /** Of the last entry that has been read whole. */
  #number = 0;
  #hash = '';
  #open: { readonly row: ChainedRow; readonly hash: EntryHash } | undefined;
  /** Key → digest of what its last entry has made of it. */
  readonly #made = new Map<string, string>();

  get number(): number {
    return this.#number;
  }

  get hash(): string {
    return this.#hash;
  }

  /** Of every object that there has to be. */
  get keys(): Iterable<string> {
    return this.#made.keys();
  }

  hasMade(key: string): boolean {
    return this.#made.has(key);
  }

  isAsMade(key: string, body: unknown): boolean {
    return this.#made.get(key) === digestOf(body);
  }

  /** The next entry; its changes follow. */
  begin(row: ChainedRow): Break | undefined {
    const { number, epoch, id, at, who, came_from: from, note } = row;
    if (number !== this.#number + 1) return broken(row, `Entry ${this.#number + 1} is missing.`);
    if (row.previous_hash !== this.#hash)
      return broken(row, `It does not follow on the entry ${this.#number} that is here.`);
    const hash = new EntryHash(this.#hash, { number, epoch, id, at, who, from, note, ...linksOf(row) });
    this.#open = { row, hash };
    return undefined;
  }

  change(change: Change): void {
    this.#open?.hash.add(change);
    const { key, after } = change;
    if (after === null) this.#made.delete(key);
    else this.#made.set(key, digestOf(after));
  }

  /** Of the entry that was begun. */
  end(): Break | undefined {
    const open = this.#open;
    if (open === undefined) return undefined;
    this.#open = undefined;
    const { row } = open;
    if (open.hash.end() !== row.hash)
      return broken(row, 'It is not what was committed: it, or one of its changes, has been edited.');
    this.#number = row.number;
    this.#hash = row.hash;
    return undefined;
  }
}

function broken({ epoch, number }: ChainedRow, because: string): Break {
  return { type: 'broken', at: `${epoch}.${number}`, because };
}

function digestOf(body: unknown): string {
  return createHash('sha256').update(canonicalText(body)).digest('base64url');
}
