/**
 * Whether the log and the objects are what was committed (CD7): the chain of hashes from the first entry to the one that
 * the writer's row names as the last, and each object as its last change left it.
 *
 * It is read in pieces, each as it stood at one moment, and at least as long is left between them for everybody else (CD13): PGlite has
 * one connection, within a process in which agents log in meanwhile. Entries never change, so that the pieces fit together; objects are
 * held against the entries up to the one that was the last when they were read.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Change } from '@holdfast/protocol';
import type { Unavailable, VerifyAnswer } from '@holdfast/servers';
import { type Kysely, sql } from 'kysely';
import { type Break, type ChainedRow, LogChain } from './log-chain.ts';

/** Entries, changes or objects of one piece: some 20 ms of work. */
export const PIECE_MAX = 500;
/** A piece that has waited for a database is no reason to wait longer. */
const PAUSE_MAX_MS = 100;

/** One look at the database as it stood at one moment; the next may be of a later one. */
export type Look = <T>(work: (db: Kysely<unknown>) => Promise<T>) => Promise<T | Unavailable>;

interface Head {
  readonly epoch: number;
  readonly number: number;
  readonly hash: string;
  /** Of the highest entry that there is. */
  readonly last: number;
}

interface ChangeRow extends Change {
  readonly number: number;
  readonly position: number;
}

interface ObjectRow {
  readonly key: string;
  readonly body: unknown;
}

export async function verifyLog(look: Look): Promise<VerifyAnswer> {
  try {
    return await new Verification(look).run();
  } catch (stopped) {
    // What ends a reading before its end is thrown where it is found.
    if (stopped instanceof Stopped) return stopped.answer;
    throw stopped;
  }
}

class Stopped extends Error {
  readonly answer: Break | Unavailable;

  constructor(answer: Break | Unavailable) {
    super(answer.because);
    this.answer = answer;
  }
}

class Verification {
  readonly #look: Look;
  readonly #chain = new LogChain();
  #pieceAt = performance.now();

  constructor(look: Look) {
    this.#look = look;
  }

  async run(): Promise<VerifyAnswer> {
    let head = await this.#readTo(await this.#piece(readHead));
    const seen = new Set<string>();
    for (let after = ''; ; ) {
      const { rows, head: then } = await this.#piece((db) => objectsAfter(db, after));
      head = await this.#readTo(then);
      for (const row of rows) this.#compare(row);
      for (const { key } of rows) seen.add(key);
      const last = rows.at(-1);
      if (last === undefined) break;
      after = last.key;
    }
    const unseen = [...this.#chain.keys].filter((key) => !seen.has(key));
    for (let from = 0; from < unseen.length; from += PIECE_MAX)
      head = await this.#lookAgain(unseen.slice(from, from + PIECE_MAX));
    const { epoch, number } = head;
    return { type: 'sound', entries: number, revision: { epoch, number } };
  }

  /** They are gone, or have been made since their neighbours were read. */
  async #lookAgain(keys: readonly string[]): Promise<Head> {
    const { rows, head: then } = await this.#piece((db) => objectsOf(db, keys));
    const head = await this.#readTo(then);
    for (const row of rows) this.#compare(row);
    const found = new Set(rows.map(({ key }) => key));
    const gone = keys.find((key) => this.#chain.hasMade(key) && !found.has(key));
    if (gone === undefined) return head;
    throw new Stopped({
      type: 'broken',
      at: gone,
      because: 'The object is gone, and no entry has deleted it.',
    });
  }

  #compare({ key, body }: ObjectRow): void {
    if (this.#chain.isAsMade(key, body)) return;
    const because = 'The object is not what its last entry made of it.';
    throw new Stopped({ type: 'broken', at: key, because });
  }

  /** All that there was then, so that objects which were read with it can be held against it. */
  async #readTo(head: Head | undefined): Promise<Head> {
    if (head === undefined)
      throw new Stopped({ type: 'broken', at: 'the writer', because: 'Its row is gone.' });
    const chain = this.#chain;
    while (chain.number < head.number) {
      const rows = await this.#piece((db) => entriesAfter(db, chain.number, head.number));
      if (rows.length === 0) break;
      await this.#readPage(rows);
    }
    if (chain.number === head.number && chain.hash === head.hash && head.last <= head.number) return head;
    const at = `${head.epoch}.${head.number}`;
    const ends = Math.max(chain.number, head.last);
    const because = `The log ends with entry ${ends}, and the last that was made is ${head.number}.`;
    throw new Stopped({ type: 'broken', at, because });
  }

  async #readPage(rows: readonly ChainedRow[]): Promise<void> {
    const changes = this.#changesOf(rows);
    let next = await changes.next();
    for (const row of rows) {
      this.#stopAt(this.#chain.begin(row));
      for (; !next.done && next.value.number === row.number; next = await changes.next())
        this.#chain.change(next.value);
      this.#stopAt(this.#chain.end());
    }
  }

  /** Of all these entries, in their order: one entry may have 100,000, and a hundred entries one each. */
  async *#changesOf(rows: readonly ChainedRow[]): AsyncGenerator<ChangeRow, void> {
    const last = rows.at(-1)?.number ?? 0;
    let after = { number: rows[0]?.number ?? 0, position: -1 };
    for (;;) {
      const page = await this.#piece((db) => changesAfter(db, after, last));
      yield* page;
      const newest = page.at(-1);
      if (newest === undefined || page.length < PIECE_MAX) return;
      after = newest;
    }
  }

  #stopAt(found: Break | undefined): void {
    if (found !== undefined) throw new Stopped(found);
  }

  async #piece<T>(work: (db: Kysely<unknown>) => Promise<T>): Promise<T> {
    await pause(Math.min(PAUSE_MAX_MS, performance.now() - this.#pieceAt));
    this.#pieceAt = performance.now();
    const found = await this.#look(work);
    if (isUnavailable(found)) throw new Stopped(found);
    return found;
  }
}

async function readHead(db: Kysely<unknown>): Promise<Head | undefined> {
  const { rows } = await sql<Head>`
    select head_epoch as epoch, head_number as number, head_hash as hash,
      coalesce((select max(number) from config_entry), 0) as last
    from config_writer`.execute(db);
  return rows[0];
}

async function entriesAfter(
  db: Kysely<unknown>,
  number: number,
  last: number,
): Promise<readonly ChainedRow[]> {
  const { rows } = await sql<ChainedRow>`
    select number, epoch, id, at, who, came_from, note, change_count, merges, merged_entries, resolves,
      previous_hash, hash
    from config_entry where number > ${number} and number <= ${last} order by number limit ${PIECE_MAX}`.execute(
    db,
  );
  return rows;
}

async function changesAfter(
  db: Kysely<unknown>,
  after: { readonly number: number; readonly position: number },
  last: number,
): Promise<readonly ChangeRow[]> {
  const { rows } = await sql<ChangeRow>`
    select number, position, key, before, after from config_change
    where (number, position) > (${after.number}, ${after.position}) and number <= ${last}
    order by number, position limit ${PIECE_MAX}`.execute(db);
  return rows;
}

interface ObjectsThen {
  readonly rows: readonly ObjectRow[];
  readonly head: Head | undefined;
}

async function objectsAfter(db: Kysely<unknown>, after: string): Promise<ObjectsThen> {
  const { rows } = await sql<ObjectRow>`
    select key, body from config_object where key > ${after} order by key limit ${PIECE_MAX}`.execute(db);
  return { rows, head: await readHead(db) };
}

async function objectsOf(db: Kysely<unknown>, keys: readonly string[]): Promise<ObjectsThen> {
  const { rows } = await sql<ObjectRow>`
    select key, body from config_object
    where key in (select jsonb_array_elements_text(${JSON.stringify(keys)}::jsonb))`.execute(db);
  return { rows, head: await readHead(db) };
}

function isUnavailable(found: unknown): found is Unavailable {
  return typeof found === 'object' && found !== null && 'type' in found && found.type === 'unavailable';
}
