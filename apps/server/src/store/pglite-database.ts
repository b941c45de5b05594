/**
 * PGlite: PostgreSQL as WebAssembly within our own process, its files in a folder. Nothing has to be installed, and one
 * process alone can use it. It has one connection, so that transactions go one after the other.
 *
 * CW5: what was committed survives the death of the process, because it has been written to files; it never calls fsync,
 * so that the death of the machine may take the last seconds, or leave files that no longer open. Then the other site's
 * copy is the source. Whoever cannot live with that takes PostgreSQL.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PGlite } from '@electric-sql/pglite';
import type { PostgresPoolClient } from 'kysely';
import { CannotRun } from '../role.ts';
import { type FolderLock, lockFolder } from './folder-lock.ts';
import type { StoreDatabase } from './store-database.ts';

/** Reads and writes that wait for the connection. */
const WAITING_MAX = 256;

export interface PGliteOptions {
  readonly folder: string;
  /** A file of `dumpEmptyCluster`: the first start takes a second instead of four, and half the memory. */
  readonly prepared?: string | undefined;
}

export class PGliteDatabase implements StoreDatabase {
  readonly #options: PGliteOptions;
  readonly #lock: FolderLock;
  #opened: Promise<PGlite> | undefined;
  #isLost = false;
  #isEnded = false;
  /** Ends when whoever was last in line gives the connection back. */
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  private constructor(options: PGliteOptions, lock: FolderLock) {
    this.#options = options;
    this.#lock = lock;
  }

  /** Rejects with CannotRun where another process has the folder, or its files do not open. */
  static async open(options: PGliteOptions): Promise<PGliteDatabase> {
    const database = new PGliteDatabase(options, lockFolder(options.folder));
    try {
      await database.#open();
      return database;
    } catch (error) {
      // Its files are broken, of another release, or the disk is full.
      await database.end();
      throw new CannotRun(
        `The configuration in ${options.folder} does not open: ${(error as Error).message}. Restore the folder from a copy, or name an empty one and import.`,
      );
    }
  }

  async connect(): Promise<PostgresPoolClient> {
    if (this.#waiting >= WAITING_MAX) throw new Error(`${WAITING_MAX} wait for the database already.`);
    const before = this.#last;
    let giveBack = () => {};
    this.#last = new Promise<void>((resolve) => {
      giveBack = resolve;
    });
    this.#waiting += 1;
    await before;
    this.#waiting -= 1;
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
    this.#opened ??= openPGlite(this.#options);
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
      await (await opened)?.close();
    } catch {
      // One that has failed need not be able to end in order; its files are recovered at the next start.
    }
  }
}

async function openPGlite({ folder, prepared }: PGliteOptions): Promise<PGlite> {
  // Only who uses it loads its megabytes.
  const { PGlite } = await import('@electric-sql/pglite');
  const dataDir = join(folder, 'cluster');
  const dump = isNew(dataDir) ? preparedCluster(prepared) : undefined;
  return PGlite.create({ dataDir, ...(dump === undefined ? {} : { loadDataDir: dump }) });
}

function isNew(dataDir: string): boolean {
  try {
    readFileSync(join(dataDir, 'PG_VERSION'));
    return false;
  } catch {
    // Not there yet.
    return true;
  }
}

function preparedCluster(path: string | undefined): Blob | undefined {
  if (path === undefined) return undefined;
  try {
    return new Blob([readFileSync(path)], { type: 'application/x-gzip' });
  } catch {
    // It is a help and no more: without it the cluster is made here.
    return undefined;
  }
}

/** As `pg` answers, and kysely reads it. */
function queryOf(pglite: PGlite): PostgresPoolClient['query'] {
  const query = async (text: string, parameters: readonly unknown[]) => {
    const { rows, affectedRows } = await pglite.query(text, [...parameters]);
    return { command: 'UPDATE', rowCount: affectedRows ?? 0, rows };
  };
  return query as PostgresPoolClient['query'];
}

/** Of a cluster without tables, as one compressed file. */
export async function dumpEmptyCluster(): Promise<Uint8Array> {
  const { PGlite } = await import('@electric-sql/pglite');
  const pglite = await PGlite.create();
  const dump = await pglite.dumpDataDir('gzip');
  await pglite.close();
  return new Uint8Array(await dump.arrayBuffer());
}
