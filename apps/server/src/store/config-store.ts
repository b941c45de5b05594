/**
 * Where the Configuration Server keeps the configuration: all objects, the log of every change of them, and who may write
 * now. Files are its import and export. Two databases can hold it, with the same tables and the same contract
 * (`config-store.contract.ts`): PostgreSQL, and PGlite, which is PostgreSQL within our own process.
 *
 * An entry is one transaction: its objects, its line in the log and the check that its writer is still the writer (CW1)
 * are all in the database or none is. What is answered `committed` survives the death of our process, and of the
 * database's. What a machine's death leaves differs, and is said where a database is chosen (CW5).
 *
 * Nothing here rejects for what the world does: a database that is away is an answer.
 */
import type { Author, Change, ConfigObject, Entry, Revision } from '@holdfast/protocol';
import type {
  ConflictsAnswer,
  ConflictsQuery,
  HandInAnswer,
  HandInRequest,
  NewConflict,
  UnmergedAnswer,
} from '@holdfast/servers';

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

export interface ConfigStore {
  read(): Promise<StoredConfiguration | Unavailable>;
  /**
   * A higher epoch than the last, where the writer gave no sign for `staleMs` by the database's clock, or is the claimer itself.
   * `above`: the highest epoch that the claimer has heard of, whatever this database knows.
   */
  claim(holder: string, staleMs: number, above?: number): Promise<ClaimAnswer>;
  /** A sign of life of the writer; every commit is one too. */
  beat(epoch: number): Promise<BeatAnswer>;
  /** The writer ends in order: whoever claims next need not wait. */
  release(epoch: number): Promise<BeatAnswer>;
  commit(request: CommitRequest): Promise<CommitAnswer>;
  /** Oldest first, whole, at least one and at most `limit`; fewer where they are large. */
  entriesAfter(revision: Revision, limit: number): Promise<EntriesAnswer>;
  history(query: HistoryQuery): Promise<HistoryAnswer>;
  /** All objects as they were under a revision, or at a moment of the wall clock (ms): after the last entry made by then. */
  objectsAt(when: Revision | number): Promise<PastAnswer>;
  /** Needs no role: whoever has it may hand it in, and more of it later. The same entry is written once. */
  handIn(branch: HandInRequest): Promise<HandInAnswer>;
  /** The branch that has waited longest for its merge. */
  unmerged(): Promise<UnmergedAnswer>;
  conflicts(query: ConflictsQuery): Promise<ConflictsAnswer>;
  /** Reads the whole log. */
  verify(): Promise<VerifyAnswer>;
  close(): Promise<void>;
}
