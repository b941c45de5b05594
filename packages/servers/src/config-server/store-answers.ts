/**
 * What a store of the configuration answers. The store itself touches a database; what its answers mean is decided
 * here. A database that is away is an answer.
 */
import type { Author, Change, ConfigObject, Entry, Revision } from '@holdfast/protocol';
import type { NewConflict } from './branch-answers.ts';

/** The database is away, has no room, or hangs; the next attempt may find it. */
export interface Unavailable {
  readonly type: 'unavailable';
  /** One sentence with what to do. No password is in it. */
  readonly because: string;
}

/** The role of writer, as its row in the database has it. */
export interface WriterRow {
  /** 0 before the first claim. */
  readonly epoch: number;
  /** Name of the Application. */
  readonly holder: string | undefined;
  /** Since its last sign of life, by the database's clock; undefined when it gave the role back or there was none. */
  readonly ageMs: number | undefined;
}

/** The base of everything: no entry, no object. */
export const REVISION_NONE: Revision = { epoch: 0, number: 0 };

export interface StoredConfiguration {
  readonly type: 'configuration';
  /** Sorted by key; as of the revision, in one look. */
  readonly objects: readonly ConfigObject[];
  /** Of the last entry. */
  readonly revision: Revision;
  readonly writer: WriterRow;
}

export type ClaimAnswer =
  | { readonly type: 'claimed'; readonly epoch: number; readonly revision: Revision }
  | { readonly type: 'held'; readonly by: string; readonly epoch: number; readonly ageMs: number }
  | Unavailable;

/** Somebody has claimed since, or the database was promoted: nothing of this epoch is ever written again. Claiming anew tells. */
export interface EpochLost {
  readonly type: 'epochLost';
  /** The one that stands. */
  readonly epoch: number;
  readonly by: string;
}

export type BeatAnswer = { readonly type: 'renewed' } | EpochLost | Unavailable;

/** What is to be an entry: its revision is given by the store. */
export interface CommitRequest {
  /** Under which the asker has claimed. */
  readonly epoch: number;
  /** Its own, 1 to 64 characters: asked again with it, the same entry is found and not made twice. */
  readonly id: string;
  /** Wall clock of the writer. */
  readonly at: number;
  readonly author: Author;
  readonly note?: string | undefined;
  readonly changes: readonly Change[];
  /** See `Entry`. Once for each number of entries. */
  readonly merges?: Entry['merges'];
  /** What the merge leaves to be resolved, and what it has settled. */
  readonly conflicts?: readonly NewConflict[] | undefined;
  /** See `Entry`. A conflict is resolved once. */
  readonly resolves?: string | undefined;
}

/** An object is no longer what the editor saw. */
export interface Conflict {
  readonly key: string;
  /** Null: there is none. */
  readonly stored: ConfigObject | null;
}

export type CommitAnswer =
  /** Also where this id has been committed before. */
  | { readonly type: 'committed'; readonly revision: Revision }
  | EpochLost
  | { readonly type: 'conflict'; readonly conflicts: readonly Conflict[] }
  /** The object model forbids it (CD4): nothing was changed. */
  | {
      readonly type: 'constraint';
      /** `CF3`. */
      readonly rule: string;
      /** Keys of those that are in each other's way, as far as the database says. */
      readonly objects: readonly string[];
      readonly text: string;
    }
  /** Where it may have been committed all the same, asking again with the same id tells. */
  | (Unavailable & { readonly mayBeCommitted: boolean });

export interface StoredEntry extends Entry {
  readonly id: string;
}

export type EntriesAnswer =
  /** `revision` is that of the last entry in the store. */
  | { readonly type: 'entries'; readonly entries: readonly StoredEntry[]; readonly revision: Revision }
  /** The asker holds what this log does not (CW4): up to `common` both are the same. */
  | { readonly type: 'diverged'; readonly common: Revision; readonly revision: Revision }
  | Unavailable;

/** Every field narrows; without any, everything, newest first. */
export interface HistoryQuery {
  /** Of one object; only its changes are shown. */
  readonly key?: string | undefined;
  readonly who?: string | undefined;
  /** Wall clock: from (inclusive) and to (exclusive). */
  readonly fromAt?: number | undefined;
  readonly toAt?: number | undefined;
  /** Number of the last entry of the page before. */
  readonly before?: number | undefined;
  /** 1 to `HISTORY_MAX`. */
  readonly limit: number;
}

/** On one page. */
export const HISTORY_MAX = 500;
/** Of one entry in a page of the history: an import has 50,000, and nobody reads them in a list. */
export const CHANGES_SHOWN_MAX = 100;

export interface HistoryEntry extends StoredEntry {
  /** Of the entry, of which `changes` may be the first ones. */
  readonly changeCount: number;
}

export type HistoryAnswer =
  | { readonly type: 'history'; readonly entries: readonly HistoryEntry[]; readonly isLast: boolean }
  | Unavailable;

export type PastAnswer =
  | { readonly type: 'past'; readonly objects: readonly ConfigObject[]; readonly revision: Revision }
  /** There is no such revision in this log. */
  | { readonly type: 'unknown'; readonly because: string }
  | Unavailable;

export type VerifyAnswer =
  | { readonly type: 'sound'; readonly entries: number; readonly revision: Revision }
  /** The log, or an object, is not what was committed (CD7). */
  | { readonly type: 'broken'; readonly at: string; readonly because: string }
  | Unavailable;
