/** The store in SQL, over PostgreSQL and over PGlite alike: what is asked, its transaction, and what comes of it when it fails. */
import { setTimeout as pause } from 'node:timers/promises';
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
import { Kysely, Migrator, PostgresDialect, sql } from 'kysely';
import { CannotRun } from '../role.ts';
import { conflicts, handIn, refusedForText, unmerged } from './branches.ts';
import { commitEntry, Refusal } from './commit-entry.ts';
import type { ConfigStore } from './config-store.ts';
import { migrations } from './migrations.ts';
import { postgresKind } from './postgres-kind.ts';
import { entriesAfter, history, objectsAt, readObjects } from './read-log.ts';
import type { StoreDatabase } from './store-database.ts';
import { Turns } from './turns.ts';
import { verifyLog } from './verify-log.ts';
import { failureOf, violationIn } from './violation.ts';
import { claimWriter, readWriter, renewWriter } from './writer-role.ts';

/** Writes that wait for the one before them; more are answered at once that there are too many. */
export const WRITES_MAX = 64;
/** Reads at once, each with a connection, and those that wait for one. A whole configuration may be on its way to each. */
const LOOKS = { atOnce: 4, waitingMax: 256 } as const;
/** So long a commit is tried again while the database changes its primary; its id keeps it from being made twice. */
const COMMIT_MAX_MS = 10_000;
const COMMIT_PAUSE_MS = 200;
/** Of references that are shown with a refusal. */
const HOLDERS_MAX = 5;

type Work<T> = (db: Kysely<unknown>) => Promise<T>;

export class SqlStore implements ConfigStore {
  readonly #database: StoreDatabase;
  readonly #db: Kysely<unknown>;
  #isMigrated = false;
  #migrating: Promise<void> | undefined;
  /** One after the other, as the lock in the database would have them go anyway. */
  readonly #writes = new Turns({ atOnce: 1, waitingMax: WRITES_MAX - 1 });
  readonly #looks = new Turns(LOOKS);
  #isClosed = false;

  private constructor(database: StoreDatabase) {
    this.#database = database;
    this.#db = new Kysely({ dialect: new PostgresDialect({ pool: database }) });
  }

  /** Rejects with CannotRun for what a person has to mend. A database that is only away is found later. */
  static async open(database: StoreDatabase): Promise<SqlStore> {
    const store = new SqlStore(database);
    try {
      await store.#migrate();
    } catch (error) {
      // The database, its address, or its tables.
      const failure = failureOf(error);
      if (error instanceof CannotRun || failure.isForPeople) {
        await store.close();
        throw error instanceof CannotRun ? error : new CannotRun(failure.because);
      }
      if (failure.isConnectionLost) database.lost();
    }
    return store;
  }

  async kind(): Promise<StoreKind | Unavailable> {
    const { type } = this.#database;
    return type === 'pglite' ? { type } : this.#look(postgresKind);
  }

  read(): Promise<StoredConfiguration | Unavailable> {
    return this.#look(async (db) => {
      const { writer, revision } = await readWriter(db);
      const { rows } = await sql<{ key: string; body: unknown }>`select key, body from config_object`.execute(
        db,
      );
      const read = readObjects(rows);
      if (read.type === 'unreadable') return unreadable(read.key);
      return { type: 'configuration', objects: read.objects, revision, writer };
    });
  }

  claim(holder: string, staleMs: number, above = 0): Promise<ClaimAnswer> {
    return this.#write((db) => claimWriter(db, { holder, staleMs, above }));
  }

  beat(epoch: number): Promise<BeatAnswer> {
    return this.#write((db) => renewWriter(db, epoch, false));
  }

  release(epoch: number): Promise<BeatAnswer> {
    return this.#write((db) => renewWriter(db, epoch, true));
  }

  commit(request: CommitRequest): Promise<CommitAnswer> {
    return this.#inTurn<CommitAnswer | Unavailable>(this.#writes, () => this.#commit(request)).then(
      (answer): CommitAnswer =>
        answer.type === 'unavailable' ? { mayBeCommitted: false, ...answer } : answer,
    );
  }

  entriesAfter(revision: Revision, limit: number): Promise<EntriesAnswer> {
    return this.#look((db) => entriesAfter(db, revision, limit));
  }

  history(query: HistoryQuery): Promise<HistoryAnswer> {
    return this.#look((db) => history(db, query));
  }

  objectsAt(when: Revision | number): Promise<PastAnswer> {
    return this.#look(async (db) => {
      const past = await objectsAt(db, when);
      return past.type === 'unreadable' ? unreadable(past.key) : past;
    });
  }

  /** It may be done twice: what is there is not written again. */
  handIn(branch: HandInRequest): Promise<HandInAnswer> {
    return this.#inTurn<HandInAnswer>(this.#writes, () =>
      this.#twice<HandInAnswer>(() =>
        this.#db
          .transaction()
          .execute((db) => handIn(db, branch))
          .catch(refusedForText),
      ),
    );
  }

  unmerged(): Promise<UnmergedAnswer> {
    return this.#look(unmerged);
  }

  conflicts(query: ConflictsQuery): Promise<ConflictsAnswer> {
    return this.#look((db) => conflicts(db, query));
  }

  verify(): Promise<VerifyAnswer> {
    return verifyLog((work) => this.#look(work));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#db.destroy();
    // Kysely ends only what it has begun to use.
    await this.#database.end();
  }

  /** One look at everything as it stood at one moment. */
  #look<T>(work: Work<T>): Promise<T | Unavailable> {
    return this.#inTurn<T | Unavailable>(this.#looks, () =>
      this.#twice(() =>
        this.#db.transaction().setIsolationLevel('repeatable read').setAccessMode('read only').execute(work),
      ),
    );
  }

  /** Each of these may be done twice: an own role is claimed anew, a sign of life given again. */
  #write<T>(work: Work<T>): Promise<T | Unavailable> {
    return this.#inTurn<T | Unavailable>(this.#writes, () =>
      this.#twice(() => this.#db.transaction().execute(work)),
    );
  }

  /** Once more where the connection was lost: it may have been dead since long before, and the next one is not. */
  async #twice<T>(work: () => Promise<T>): Promise<T | Unavailable> {
    for (let attempt = 0; ; attempt++) {
      try {
        await this.#migrate();
        return await work();
      } catch (error) {
        // The world failing.
        const { isConnectionLost, because } = this.#failed(error);
        if (!isConnectionLost || attempt > 0) return { type: 'unavailable', because };
      }
    }
  }

  /** The answer to a COMMIT that was lost is found by asking again: under the writer's lock its id is there or is not. */
  async #commit(request: CommitRequest): Promise<CommitAnswer> {
    const giveUpAt = performance.now() + COMMIT_MAX_MS;
    let mayBeCommitted = false;
    for (;;) {
      let isWhole = false;
      try {
        await this.#migrate();
        const revision = await this.#db.transaction().execute(async (db) => {
          const given = await commitEntry(db, request);
          isWhole = true;
          return given;
        });
        return { type: 'committed', revision };
      } catch (error) {
        if (error instanceof Refusal) return error.answer;
        const violation = violationIn(error);
        if (violation !== undefined) {
          const { rule, target, text } = violation;
          return { type: 'constraint', rule, objects: await this.#concerned(target), text };
        }
        // The world failing.
        const { isConnectionLost, because } = this.#failed(error);
        if (isWhole) mayBeCommitted = true;
        const isOver = this.#isClosed || performance.now() > giveUpAt;
        if (isOver || !(isConnectionLost || mayBeCommitted))
          return { type: 'unavailable', because, mayBeCommitted };
        await pause(COMMIT_PAUSE_MS);
      }
    }
  }

  /** The object itself and some of those that refer to it. */
  async #concerned(target: string | undefined): Promise<readonly string[]> {
    if (target === undefined) return [];
    const found = await this.#look(async (db) => {
      const { rows } = await sql<{ from_key: string }>`
        select distinct from_key from config_reference where to_key = ${target} limit ${HOLDERS_MAX}`.execute(
        db,
      );
      return rows.map(({ from_key }) => from_key);
    });
    return Array.isArray(found) ? [target, ...found.filter((key) => key !== target)] : [target];
  }

  #inTurn<T>(turns: Turns, work: () => Promise<T>): Promise<T | Unavailable> {
    if (this.#isClosed) return Promise.resolve({ type: 'unavailable', because: 'The store is closed.' });
    if (turns.isFull)
      return Promise.resolve({ type: 'unavailable', because: 'Too many wait for the database. Ask again.' });
    return turns.run(work);
  }

  #failed(error: unknown): { readonly because: string; readonly isConnectionLost: boolean } {
    const failure = failureOf(error);
    if (failure.isConnectionLost) this.#database.lost();
    return failure;
  }

  async #migrate(): Promise<void> {
    if (this.#isMigrated) return;
    this.#migrating ??= migrate(this.#db).finally(() => {
      this.#migrating = undefined;
    });
    await this.#migrating;
    this.#isMigrated = true;
  }
}

async function migrate(db: Kysely<unknown>): Promise<void> {
  const { error } = await new Migrator({ db, provider: migrations }).migrateToLatest();
  if (error === undefined) return;
  if (error instanceof Error && error.message.includes('is missing'))
    throw new CannotRun(
      `The database was made by a later release of Holdfast (${error.message}). Run that release, or restore a copy from before it.`,
    );
  throw error;
}

function unreadable(key: string): Unavailable {
  const because = `The object "${key}" in the database is not one that this release knows. A later release, or a hand, has written it: run that release, or restore the object.`;
  return { type: 'unavailable', because };
}
