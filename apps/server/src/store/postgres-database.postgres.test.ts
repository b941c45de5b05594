/** The contract, over one server that is emptied for each test. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PostgresServer } from '../../../../lab/live/peers/postgres.ts';
import { configStoreContract, type StoreWorld } from './config-store.contract.ts';
import type { ConfigStore } from './config-store.ts';
import { openConfigStore } from './open-config-store.ts';

let server: PostgresServer;
beforeAll(async () => {
  server = await PostgresServer.start();
}, 60_000);
afterAll(() => server.stop());

class PostgresWorld implements StoreWorld {
  readonly #stores: ConfigStore[] = [];

  async open(): Promise<ConfigStore> {
    const store = await openConfigStore(server.address());
    this.#stores.push(store);
    return store;
  }

  async tamper(statement: string): Promise<void> {
    await server.query(statement);
  }

  async close(): Promise<void> {
    for (const store of this.#stores) await store.close();
  }
}

configStoreContract('PostgreSQL', async () => {
  await server.query('drop schema public cascade; create schema public');
  return new PostgresWorld();
});

test('[CW5] its settings say what it can promise, as they are now', async () => {
  const store = await openConfigStore(server.address());
  expect(await store.kind()).toEqual({ type: 'postgres', fsync: true, synchronousStandbyNames: '' });
  await server.query(`alter system set synchronous_standby_names = 'south'`);
  await server.query('select pg_reload_conf()');
  await expect.poll(() => store.kind()).toMatchObject({ synchronousStandbyNames: 'south' });
  await server.query('alter system reset synchronous_standby_names');
  await server.query('select pg_reload_conf()');
  await expect.poll(() => store.kind()).toMatchObject({ synchronousStandbyNames: '' });
  await store.close();
});
