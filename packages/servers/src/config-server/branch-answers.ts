/** What a store knows of branches, and of what their merges have left open (CW3, CW4). Handing one in needs no writer's role. */
import type { Conflict } from '@holdfast/centre';
import type { Branch, Entry, Revision } from '@holdfast/protocol';
import type { Unavailable } from './store-answers.ts';

export interface HandInRequest {
  readonly id: string;
  readonly base: Revision;
  /** The Application that held it. */
  readonly by: string;
  /** Wall clock of whoever hands it in. */
  readonly at: number;
  /** Index of the first of the entries; those before it are there already. What is there is not written twice. */
  readonly from: number;
  readonly entries: readonly Entry[];
}

export interface MergedSoFar {
  /** Of its entries so many have been merged. */
  readonly entries: number;
  /** Of the entry that did. */
  readonly revision: Revision;
}

export type HandInAnswer =
  | {
      readonly type: 'handedIn';
      /** So many of its entries are there now. */
      readonly entries: number;
      readonly merged: MergedSoFar | undefined;
    }
  /** The base is not in this log; up to `common` both are the same. */
  | { readonly type: 'diverged'; readonly common: Revision }
  /** The database cannot hold what is in it, or entries before these are missing. */
  | { readonly type: 'refused'; readonly because: string }
  | Unavailable;

/** The oldest branch of which something is not merged. */
export interface UnmergedBranch extends Branch {
  readonly by: string;
  /** Of its entries so many have been merged. */
  readonly merged: number;
  /** Others with the same base, as far as they have been merged: entries of a lost main line stand in several (CW4). */
  readonly others: readonly { readonly id: string; readonly revisions: readonly Revision[] }[];
}

export type UnmergedAnswer =
  | { readonly type: 'unmerged'; readonly branch: UnmergedBranch | undefined }
  | Unavailable;

/** As it is kept with the entry of the merge, in the same transaction. */
export interface NewConflict {
  readonly id: string;
  /** `stricter`: settled by rule, and can be chosen otherwise. */
  readonly kind: 'conflict' | 'stricter';
  readonly conflict: Conflict;
}

export interface StoredConflict extends NewConflict {
  readonly mergedIn: Revision;
  readonly resolvedIn: Revision | undefined;
}

export interface ConflictsQuery {
  readonly id?: string | undefined;
  /** Those alone that wait for a choice. */
  readonly isOpen: boolean;
  readonly limit: number;
}

export type ConflictsAnswer =
  /** The oldest first. */
  | {
      readonly type: 'conflicts';
      readonly conflicts: readonly StoredConflict[];
      readonly isLast: boolean;
    }
  | Unavailable;
