/**
 * Where the Configuration Server keeps the configuration: all objects, the log of every change of them, and who may write
 * now. Files are its import and export. Two databases can hold it, with the same tables and the same contract
 * (`config-store.contract.ts`): PostgreSQL, and PGlite, which is PostgreSQL within our own process.
 *
 * An entry is one transaction: its objects, its line in the log and the check that its writer is still the writer (CW1)
 * are all in the database or none is. What is answered `committed` survives the death of our process, and of the
 * database's. What a machine's death leaves differs, and is said where a database is chosen (CW5).
 *
 * Nothing here rejects for what the world does: a database that is away is an answer. What the answers mean is decided in
 * packages/servers, where they are told in full (`store-answers.ts`).
 */
import type { Revision } from '@holdfast/protocol';
import type {
  BeatAnswer,
  ClaimAnswer,
  CommitAnswer,
  CommitRequest,
  ConflictsAnswer,
  ConflictsQuery,
  EntriesAnswer,
  HandInAnswer,
  HandInRequest,
  HistoryAnswer,
  HistoryQuery,
  PastAnswer,
  StoredConfiguration,
  StoreKind,
  Unavailable,
  UnmergedAnswer,
  VerifyAnswer,
} from '@holdfast/servers';

export interface ConfigStore {
  /** What it can promise (CW5), as its database is set now. */
  kind(): Promise<StoreKind | Unavailable>;
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
