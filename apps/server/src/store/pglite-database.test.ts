/** PGlite in a folder of the test, made once and emptied for each test. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { configStoreContract, type StoreWorld } from './config-store.contract.ts';
import type { ConfigStore } from './config-store.ts';
import { PGliteDatabase } from './pglite-database.ts';
import { SqlStore } from './sql-store.ts';
import type { StoreDatabase } from './store-database.ts';

let folder: string;
let database: PGliteDatabase;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-pglite-'));
  database = await PGliteDatabase.open(folder);
}, 60_000);
afterAll(async () => {
  await database.end();
  rmSync(folder, { recursive: true, force: true });
});

async function say(statement: string): Promise<void> {
  const client = await database.connect();
  try {
    await client.query(statement, []);
  } finally {
    client.release();
  }
}

/** It has one connection, and all stores share it. */
class PGliteWorld implements StoreWorld {
  readonly #stores: ConfigStore[] = [];

  async open(): Promise<ConfigStore> {
    const shared: StoreDatabase = {
      type: 'pglite',
      connect: () => database.connect(),
      lost: () => database.lost(),
      end: async () => {},
    };
    const store = await SqlStore.open(shared);
    this.#stores.push(store);
    return store;
  }

  tamper = say;

  async close(): Promise<void> {
    for (const store of this.#stores) await store.close();
  }
}

configStoreContract('PGlite', async () => {
  await say('drop schema public cascade');
  await say('create schema public');
  return new PGliteWorld();
});
