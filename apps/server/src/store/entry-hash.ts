/**
 * Each entry of the log bears a hash over itself and the hash of the entry before it. Who edits one, takes one away or
 * puts one in between breaks the chain from there on (CD7): those whom the log records cannot change it unseen.
 */
import { createHash } from 'node:crypto';
import { canonicalText } from '@holdfast/centre';
import type { Change } from '@holdfast/protocol';

/** All of an entry but its changes. */
export interface EntryHeader {
  readonly number: number;
  readonly epoch: number;
  readonly id: string;
  readonly at: number;
  readonly who: string;
  readonly from: string;
  readonly note: string | null;
}

/** `changes` as JSON holds them, before any schema: what a later release would read into them is no edit. */
export function entryHash(previous: string, header: EntryHeader, changes: Iterable<Change>): string {
  const hash = new EntryHash(previous, header);
  for (const change of changes) hash.add(change);
  return hash.end();
}

/** Piece by piece: an import has changed 50,000 objects in one entry. */
export class EntryHash {
  readonly #hash = createHash('sha256');

  constructor(previous: string, { number, epoch, id, at, who, from, note }: EntryHeader) {
    this.#hash.update(`${previous}\n${canonicalText({ number, epoch, id, at, who, from, note })}\n`);
  }

  /** In their order. */
  add({ key, before, after }: Change): void {
    this.#hash.update(`${canonicalText({ key, before, after })}\n`);
  }

  end(): string {
    return this.#hash.digest('hex');
  }
}
