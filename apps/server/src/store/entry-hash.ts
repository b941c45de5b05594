/**
 * Each entry of the log bears a hash over itself and the hash of the entry before it. Who edits one, takes one away or
 * puts one in between breaks the chain from there on (CD7): those whom the log records cannot change it unseen.
 */
import { createHash } from 'node:crypto';
import { canonicalText } from '@holdfast/centre';
import type { Change, Entry } from '@holdfast/protocol';

/** All of an entry but its changes. */
export interface EntryHeader {
  readonly number: number;
  readonly epoch: number;
  readonly id: string;
  readonly at: number;
  readonly who: string;
  readonly from: string;
  readonly note: string | null;
  /** Absent in most, which then have the hash that they had before there was this. */
  readonly merges?: Entry['merges'];
  readonly resolves?: string | undefined;
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

  constructor(previous: string, { number, epoch, id, at, who, from, note, merges, resolves }: EntryHeader) {
    this.#hash.update(
      `${previous}\n${canonicalText({ number, epoch, id, at, who, from, note, merges, resolves })}\n`,
    );
  }

  /** In their order. */
  add({ key, before, after }: Change): void {
    this.#hash.update(`${canonicalText({ key, before, after })}\n`);
  }

  end(): string {
    return this.#hash.digest('hex');
  }
}
