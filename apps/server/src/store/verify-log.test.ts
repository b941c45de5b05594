/** The reading of the whole log beside everything else that a store does, over PGlite, which has one connection. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TestWriter } from './config-store.contract.ts';
import { PGliteDatabase } from './pglite-database.ts';
import { SqlStore } from './sql-store.ts';
import { created, deleted, object } from './test-objects.ts';
import { PIECE_MAX } from './verify-log.ts';

const folder = mkdtempSync(join(tmpdir(), 'holdfast-verify-'));
let database: PGliteDatabase;
let writer: TestWriter;
beforeAll(async () => {
  database = await PGliteDatabase.open(folder);
  writer = await TestWriter.claim(await SqlStore.open(database));
}, 120_000);
afterAll(async () => {
  await writer.store.close();
  rmSync(folder, { recursive: true, force: true });
});

const tenant = (name: string) => object({ objectType: 'Tenant', name });

async function tamper(statement: string): Promise<void> {
  const client = await database.connect();
  try {
    await client.query(statement, []);
  } finally {
    client.release();
  }
}

test('[AU2] the log is read in pieces, and what others write between them is held against it too', async () => {
  const many = Array.from({ length: 2 * PIECE_MAX + 7 }, (_, n) => tenant(`m${n}`));
  await writer.mustCommit(created(...many));
  let isRead = false;
  const reading = writer.store.verify().finally(() => {
    isRead = true;
  });
  let written = 0;
  for (; !isRead; written++) {
    // One before those that have been read already, one that is gone before its turn would come.
    const [first, last] = [tenant(`a${written}`), tenant(`z${written}`)];
    await writer.mustCommit(created(first, last));
    await writer.mustCommit(deleted(last));
    // Editors come from outside, and not without a break: nothing else has its turn within the work of PGlite.
    await pause(1);
  }
  expect(written).toBeGreaterThan(2);
  const verdict = await reading;
  if (verdict.type !== 'sound') throw new Error(JSON.stringify(verdict));
  // Up to an entry that was made while it was being read.
  expect(verdict.entries).toBeGreaterThan(1);
  expect(await writer.store.verify()).toMatchObject({ type: 'sound', entries: 1 + 2 * written });
}, 120_000);

test('[AU2] an object that no entry has deleted is missed in whichever piece it was', async () => {
  for (const name of ['m0', `m${PIECE_MAX}`, 'a0']) {
    await tamper(`delete from config_object where key = 'Tenant/${name}'`);
    expect(await writer.store.verify()).toMatchObject({
      ...{ type: 'broken', at: `Tenant/${name}`, because: expect.stringContaining('gone') },
    });
    await writer.mustCommit(created(tenant(`again-${name}`)));
    await tamper(
      `insert into config_object (key, body, epoch, number)
        select 'Tenant/${name}', jsonb_set(body, '{name}', '"${name}"'), epoch, number
        from config_object where key = 'Tenant/again-${name}'`,
    );
    expect(await writer.store.verify()).toMatchObject({ type: 'sound' });
  }
}, 120_000);

test('[AU2] a store that is closed meanwhile says that it could not be read', async () => {
  const reading = writer.store.verify();
  await writer.store.close();
  expect(await reading).toMatchObject({ type: 'unavailable' });
});
