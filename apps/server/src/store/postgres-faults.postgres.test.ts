/** What happens to PostgreSQL servers, killed and promoted for real, and what the store makes of it. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { PostgresServer } from '../../../../lab/live/peers/postgres.ts';
import { CannotRun } from '../role.ts';
import { readOf, TestWriter } from './config-store.contract.ts';
import type { ConfigStore } from './config-store.ts';
import { openConfigStore } from './open-config-store.ts';
import { CommitLoss } from './test-commit-loss.ts';
import { created, person, tenant } from './test-objects.ts';

let server: PostgresServer;
// What is acknowledged must be on the disk although this server would not wait for it.
beforeAll(async () => {
  server = await PostgresServer.start({ settings: ['synchronous_commit=off', 'wal_writer_delay=10s'] });
}, 60_000);
afterAll(() => server.stop());

const emptied = () => server.query('drop schema public cascade; create schema public');

const closing: { close?(): unknown; stop?(): unknown }[] = [];
afterEach(async () => {
  for (const one of closing.splice(0).reverse()) await (one.close ?? one.stop)?.call(one);
});

async function open(address = server.address()): Promise<ConfigStore> {
  const store = await openConfigStore(address);
  closing.push(store);
  return store;
}

/** Until it is killed; what was answered `committed`. */
async function writeUntil(writer: TestWriter, isOver: () => boolean): Promise<string[]> {
  const acknowledged: string[] = [];
  for (let n = 0; !isOver(); n++) {
    const one = person(`p${n}`);
    const answer = await writer.commit(created(one));
    if (answer.type === 'committed') acknowledged.push(one.name);
    else break;
  }
  return acknowledged;
}

const namesIn = async (store: ConfigStore) =>
  (await readOf(store)).objects.flatMap((one) => (one.objectType === 'Person' ? [one.name] : []));

test('[CW5] the database dies in the midst of writes: nothing acknowledged is lost, and the writer goes on by itself', async () => {
  await emptied();
  const writer = await TestWriter.claim(await open());
  await writer.mustCommit(created(tenant));
  let isOver = false;
  const writing = writeUntil(writer, () => isOver);
  for (let kill = 0; kill < 2; kill++) {
    await new Promise((resolve) => setTimeout(resolve, 150 + 40 * kill));
    await server.kill();
    await server.begin();
  }
  await new Promise((resolve) => setTimeout(resolve, 300));
  isOver = true;
  const acknowledged = await writing;
  expect(acknowledged.length).toBeGreaterThan(10);
  const store = await open();
  expect((await namesIn(store)).sort()).toEqual([...acknowledged].sort());
  expect(await store.verify()).toMatchObject({ type: 'sound', entries: acknowledged.length + 1 });
}, 60_000);

test('[CD3] the answer to a COMMIT is lost, or the COMMIT itself: the entry is there once', async () => {
  await emptied();
  const loss = await CommitLoss.open(server.port);
  closing.push(loss);
  const writer = await TestWriter.claim(
    await open(server.address().replace(server.host, `127.0.0.1:${loss.port}`)),
  );
  await writer.mustCommit(created(tenant));
  for (const [n, what] of (['answer', 'question', 'answer', 'question'] as const).entries()) {
    loss.loseNext(what);
    expect(await writer.commit(created(person(`p${n}`)))).toEqual({
      type: 'committed',
      revision: { epoch: 1, number: n + 2 },
    });
    expect(loss.lost).toBe(n + 1);
  }
  expect(await namesIn(writer.store)).toHaveLength(4);
}, 30_000);

test('[CD6] a database that is away, or cannot be written, is an answer, and is found again by itself', async () => {
  await emptied();
  const store = await open(server.address().replace('holdfast@', 'holdfast:s3cret@'));
  const writer = await TestWriter.claim(store);
  await writer.mustCommit(created(tenant));
  await server.kill();
  const away = await store.read();
  expect(away).toMatchObject({ type: 'unavailable', because: expect.stringContaining('ECONNREFUSED') });
  expect(JSON.stringify([away, await store.beat(1)])).not.toContain('s3cret');
  // Opened while it is away: the tables are looked at later.
  const late = await open();
  expect((await late.read()).type).toBe('unavailable');
  await server.begin();
  expect((await readOf(late)).objects).toEqual([tenant]);
  expect(await store.beat(1)).toEqual({ type: 'renewed' });
  await server.query('alter system set default_transaction_read_only = on');
  await server.query('select pg_reload_conf()');
  await expect.poll(async () => (await store.beat(1)).type, { timeout: 20_000 }).toBe('unavailable');
  await server.query('alter system reset default_transaction_read_only');
  await server.query('select pg_reload_conf()');
  await expect.poll(async () => (await store.beat(1)).type, { timeout: 20_000 }).toBe('renewed');
}, 60_000);

test('[CD12] what a person has to mend at the database is said at the start, with the remedy', async () => {
  await emptied();
  const refused = async (address: string) => {
    const failure = await openConfigStore(address).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(CannotRun);
    expect((failure as Error).message).not.toContain('s3cret');
    return (failure as Error).message;
  };
  expect(await refused(server.address().replace('/postgres', '/nothing'))).toContain('createdb');
  await server.query('drop role if exists guest; create role guest login');
  expect(await refused(`postgres://guest:s3cret@${server.host}/postgres`)).toContain(
    'grant it create on schema',
  );
  await server.query('grant usage on schema public to guest');
  expect(await refused(`postgres://guest:s3cret@${server.host}/postgres`)).toContain(
    'grant it create on schema',
  );
  expect(await refused(`postgres://nobody-knows:s3cret@${server.host}/postgres`)).toContain('Correct user');
  await (await openConfigStore(server.address())).close();
  await server.query(`insert into kysely_migration values ('9999-later', '2030-01-01')`);
  expect(await refused(server.address())).toContain('later release');
}, 30_000);
