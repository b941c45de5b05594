/** A primary that dies, and its standby that is promoted, for real: whether it had all entries, or lacks the last. */
import { makeConfiguration } from '@holdfast/centre';
import { type LogLine, must } from '@holdfast/kernel';
import { revisionText } from '@holdfast/protocol';
import { LineCounts } from '@holdfast/servers';
import { afterEach, expect, test } from 'vitest';
import { freePorts } from '../../../../lab/live/free-ports.ts';
import { PostgresServer } from '../../../../lab/live/peers/postgres.ts';
import { nodeHashes } from '../crypto.ts';
import { serveConfiguration } from '../serve-configuration.ts';
import { readOf, TestWriter } from './config-store.contract.ts';
import type { ConfigStore } from './config-store.ts';
import { makeWorld } from './make-world.ts';
import { openConfigStore } from './open-config-store.ts';
import { StoreShell } from './store-shell.ts';
import { BASE, created, deleted, person, tenant } from './test-objects.ts';

const closing: { close?(): unknown; stop?(): unknown }[] = [];
afterEach(async () => {
  for (const one of closing.splice(0).reverse()) await (one.close ?? one.stop)?.call(one);
});

async function pair(): Promise<{ readonly primary: PostgresServer; readonly standby: PostgresServer }> {
  const primary = await PostgresServer.start();
  closing.push(primary);
  const standby = await primary.standby();
  closing.push(standby);
  return { primary, standby };
}

async function open(address: string): Promise<ConfigStore> {
  const store = await openConfigStore(address);
  closing.push(store);
  return store;
}

/** The first epoch of the second timeline. */
const PROMOTED = 1_000_001;
/** Of what takes a fraction of it on a quiet machine. */
const PATIENCE = { timeout: 20_000 };
const HELD_MS = 60_000;

test('[CD10] [CW1] the primary dies and its standby is promoted: the store goes on there, under a new epoch, and the fence holds', async () => {
  const { primary, standby } = await pair();
  await primary.query(`alter system set synchronous_standby_names = '*'`);
  await primary.query('select pg_reload_conf()');
  const address = standby.address(primary);
  const writer = await TestWriter.claim(await open(address));
  const other = await open(address);
  await writer.mustCommit(created(...BASE));
  await primary.kill();
  const killedAt = performance.now();
  const going = writer.commit(created(person('max')), { id: 'max' });
  await standby.query('alter system reset synchronous_standby_names');
  await standby.promote();
  expect(await going).toEqual({ type: 'epochLost', epoch: 1, by: 'config-north' });
  expect(await writer.store.beat(1)).toMatchObject({ type: 'epochLost' });
  expect(await other.claim('config-south', HELD_MS)).toMatchObject({ type: 'held', by: 'config-north' });
  expect(await writer.store.claim('config-north', HELD_MS)).toMatchObject({
    type: 'claimed',
    epoch: PROMOTED,
  });
  writer.epoch = PROMOTED;
  expect(await writer.mustCommit(created(person('max')), { id: 'max' })).toEqual({
    epoch: PROMOTED,
    number: 2,
  });
  console.log(
    JSON.stringify({
      measured: 'SIGKILL of the primary to the commit on the promoted standby',
      ms: Math.round(performance.now() - killedAt),
    }),
  );
  expect(await other.claim('config-south', 0)).toMatchObject({ type: 'claimed', epoch: PROMOTED + 1 });
  const late = await writer.commit(deleted(person('max')));
  expect(late).toEqual({ type: 'epochLost', epoch: PROMOTED + 1, by: 'config-south' });
  // The former primary comes back as if nothing had been: who has seen its successor does not go to it.
  await primary.begin();
  await primary.query('alter system reset synchronous_standby_names');
  await standby.kill();
  const because = expect.stringContaining('former primary');
  expect(await other.beat(PROMOTED + 1)).toMatchObject({ type: 'unavailable', because });
  await standby.begin();
  expect(await other.beat(PROMOTED + 1)).toEqual({ type: 'renewed' });
  expect((await readOf(await open(address))).writer).toMatchObject({
    epoch: PROMOTED + 1,
    holder: 'config-south',
  });
}, 60_000);

test('[CD8] [CW5] a promoted standby lacks the last entries: no number is given twice, and who holds them learns of it', async () => {
  const { primary, standby } = await pair();
  const writer = await TestWriter.claim(await open(standby.address(primary)));
  await writer.mustCommit(created(tenant));
  await expect.poll(() => standby.query('select count(*) from config_entry'), PATIENCE).toBe('1');
  // It hears nothing more: replication is not waited for, and was behind when the primary died.
  await standby.query(`alter system set primary_conninfo = ''`);
  await standby.query('select pg_reload_conf()');
  await expect.poll(() => primary.query('select count(*) from pg_stat_replication'), PATIENCE).toBe('0');
  await writer.mustCommit(created(person('max')));
  await writer.mustCommit(created(person('eve')));
  await primary.kill();
  await standby.promote();
  expect((await writer.commit(created(person('kim')))).type).toBe('epochLost');
  await writer.store.claim('config-north', HELD_MS);
  writer.epoch = PROMOTED;
  expect(await writer.mustCommit(created(person('kim')))).toEqual({ epoch: PROMOTED, number: 2 });
  expect(await writer.store.entriesAfter({ epoch: 1, number: 3 }, 10)).toEqual({
    type: 'diverged',
    common: { epoch: 1, number: 1 },
    revision: { epoch: PROMOTED, number: 2 },
  });
  expect(await writer.store.verify()).toMatchObject({ type: 'sound', entries: 2 });
}, 60_000);

test('[CD6] [CD10] a primary hangs and says nothing: what waits for it is ended, and its promoted standby is found', async () => {
  const { primary, standby } = await pair();
  const writer = await TestWriter.claim(await open(primary.address(standby)));
  await writer.mustCommit(created(tenant));
  await expect.poll(() => standby.query('select count(*) from config_entry'), PATIENCE).toBe('1');
  primary.signal('SIGSTOP');
  const hungAt = performance.now();
  const going = writer.commit(created(person('max')));
  await standby.promote();
  expect(await going).toMatchObject({ type: 'epochLost', by: 'config-north' });
  expect(performance.now() - hungAt).toBeLessThan(30_000);
  await writer.store.claim('config-north', HELD_MS);
  writer.epoch = PROMOTED;
  await writer.mustCommit(created(person('max')));
  primary.signal('SIGCONT');
  await writer.mustCommit(created(person('eve')));
  expect(await standby.query('select count(*) from config_entry')).toBe('3');
}, 60_000);

/** A Configuration Server over that database. */
async function serve(address: string) {
  const store = await openConfigStore(address);
  const { objects, revision: stored } = await readOf(store);
  const lines: LogLine[] = [];
  const log = (line: LogLine) => void lines.push(line);
  const configuration = makeConfiguration(objects, nodeHashes.sha256, revisionText(stored));
  const serving = await serveConfiguration({
    ...{ application: 'config-north', type: 'ConfigurationServer', configuration, stored },
    ...{ log, lines: new LineCounts(), startedAt: 0 },
    asked: (effect) => {
      if (effect.type === 'store') shell.ask(effect);
    },
  });
  const shell = new StoreShell(store, undefined, log, serving);
  closing.push({ close: () => shell.stop() }, { close: () => serving.stop() });
  return { node: serving.node, lines };
}

test('[CW4] what a promoted standby lacks is handed back by the Configuration Server that holds it, and merged', async () => {
  const { primary, standby } = await pair();
  const ports = await freePorts(8);
  const site = (
    name: string,
    [configPort, clientPort, statPort, sipPort]: readonly (number | undefined)[],
  ) => ({
    ...{ name, address: '127.0.0.1', gateway: '127.0.0.1:9' },
    ...{ configPort, clientPort, statPort, sipPort },
  });
  const { objects } = await makeWorld({
    ...{ agents: 1, password: 'x', phonePassword: 'y', realm: 'holdfast' },
    sites: [site('north', ports.slice(0, 4)), site('south', ports.slice(4))] as never,
  });
  const address = standby.address(primary);
  const other = await TestWriter.claim(await open(address), 'config-south');
  await other.mustCommit(created(...objects));
  await expect.poll(() => standby.query('select count(*) from config_entry')).toBe('1');
  await standby.query(`alter system set primary_conninfo = ''`);
  await standby.query('select pg_reload_conf()');
  await expect.poll(() => primary.query('select count(*) from pg_stat_replication')).toBe('0');
  const { node, lines } = await serve(address);
  const tenant = must(
    objects.find(({ objectType }) => objectType === 'Tenant'),
    'generated',
  );
  const of = { tenant: 'name' in tenant ? tenant.name : '' };
  await other.mustCommit(created(person('max', of)));
  await other.mustCommit(created(person('eve', of)));
  const isThere = (name: string) => node.configuration.get('Person', name) !== undefined;
  await expect.poll(() => isThere('eve'), { timeout: 5_000 }).toBe(true);
  await primary.kill();
  await standby.promote();
  const merges = () => standby.query('select merges from config_entry where merges is not null');
  await expect.poll(merges, { timeout: 20_000, interval: 200 }).toBe('lost-1.2');
  await expect.poll(() => node.configuration.revision, { timeout: 5_000 }).toBe(`${PROMOTED}.2`);
  expect(['max', 'eve'].map(isThere)).toEqual([true, true]);
  expect(lines.find(({ what }) => what === 'edits of a cut-off site merged')).toMatchObject({
    detail: { branch: 'lost-1.2', entries: 2, objects: 2, conflicts: 0 },
  });
  expect(await other.store.verify()).toMatchObject({ type: 'sound', entries: 2 });
}, 90_000);
