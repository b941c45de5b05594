/**
 * PGlite: PostgreSQL as WebAssembly within our own process, its files in a folder. Nothing has to be installed, and one
 * process alone can use it. It has one connection, so that transactions go one after the other.
 *
 * CW5: what was committed survives the death of the process, because it has been written to files; it never calls fsync,
 * so that the death of the machine may take the last seconds, or leave files that no longer open. Then the other site's
 * copy is the source. Whoever cannot live with that takes PostgreSQL.
 */
import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { PGlite } from '@electric-sql/pglite';
import type { PostgresPoolClient } from 'kysely';
import { CannotRun } from '../role.ts';
import { type FolderLock, lockFolder } from './folder-lock.ts';
import type { StoreDatabase } from './store-database.ts';

/** Of one that has failed, and may never say that it has ended. */
const CLOSE_MAX_MS = 5_000;

export class PGliteDatabase implements StoreDatabase {
  readonly type = 'pglite';
  readonly #folder: string;
  readonly #lock: FolderLock;
  #opened: Promise<PGlite> | undefined;
  #isLost = false;
  #isEnded = false;
  /** Ends when whoever was last in line gives the connection back. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(folder: string, lock: FolderLock) {
    this.#folder = folder;
    this.#lock = lock;
  }

  /** Rejects with CannotRun where another process has the folder, or its files do not open. */
  static async open(folder: string): Promise<PGliteDatabase> {
    const database = new PGliteDatabase(folder, lockFolder(folder));
    try {
      await database.#open();
      return database;
    } catch (error) {
      // Its files are broken, of another release, or the disk is full.
      await database.end();
      throw new CannotRun(
        `The configuration in ${folder} does not open: ${(error as Error).message}. Move the folder away: the database is made anew, of the copy that this server keeps in its data folder, else of files. The copy of a proxy does too, under this server's name (NAME.copy).`,
      );
    }
  }

  async connect(): Promise<PostgresPoolClient> {
    const before = this.#last;
    let giveBack = () => {};
    this.#last = new Promise<void>((resolve) => {
      giveBack = resolve;
    });
    await before;
    try {
      const pglite = await this.#open();
      return { query: queryOf(pglite), release: giveBack };
    } catch (error) {
      giveBack();
      throw error;
    }
  }

  lost(): void {
    this.#isLost = true;
  }

  async end(): Promise<void> {
    if (this.#isEnded) return;
    this.#isEnded = true;
    await this.#last;
    await this.#close();
    this.#lock.release();
  }

  /** With the folder's lock, and as whoever has the connection. */
  async #open(): Promise<PGlite> {
    if (this.#isEnded) throw new Error('The store is closed.');
    if (this.#isLost) {
      this.#isLost = false;
      await this.#close();
    }
    this.#opened ??= openPGlite(this.#folder);
    try {
      return await this.#opened;
    } catch (error) {
      this.#opened = undefined;
      throw error;
    }
  }

  async #close(): Promise<void> {
    const opened = this.#opened;
    this.#opened = undefined;
    try {
      await Promise.race([(await opened)?.close(), pause(CLOSE_MAX_MS, undefined, { ref: false })]);
    } catch {
      // One that has failed need not be able to end in order; its files are recovered at the next start.
    }
  }
}

/** Whether a database has been made there. */
export function hasPGlite(folder: string): boolean {
  return existsSync(clusterIn(folder));
}

const clusterIn = (folder: string) => join(folder, 'cluster');

async function openPGlite(folder: string): Promise<PGlite> {
  // Only who uses it loads its megabytes.
  const { PGlite } = await import('@electric-sql/pglite');
  const dataDir = clusterIn(folder);
  if (!existsSync(dataDir)) {
    // Whole, or not under its name: the process may be killed in the midst of it, and nobody could open a half.
    const fresh = join(folder, 'cluster.new');
    rmSync(fresh, { recursive: true, force: true });
    const pglite = await PGlite.create({ dataDir: fresh });
    await pglite.close();
    renameSync(fresh, dataDir);
  }
  return PGlite.create({ dataDir });
}

/** As `pg` answers, and kysely reads it. */
function queryOf(pglite: PGlite): PostgresPoolClient['query'] {
  const query = async (text: string, parameters: readonly unknown[]) => {
    const { rows, affectedRows } = await pglite.query(text, [...parameters]);
    return { command: 'UPDATE', rowCount: affectedRows ?? 0, rows };
  };
  return query as PostgresPoolClient['query'];
}
