/** Addresses, and folders that somebody else has. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { identityOf } from '../arbiter/process-identity.ts';
import { CannotRun } from '../role.ts';
import { lockFolder } from './folder-lock.ts';
import { openConfigStore } from './open-config-store.ts';
import { postgresAddress } from './postgres-address.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-store-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('[CD12] an address names user, password, hosts, database and TLS, each as libpq reads it', () => {
  expect(
    postgresAddress(
      'postgres://us%40er:p%3Aw%2F@db1,db-2.example:5433,[::1]:5434/hold%20fast?sslmode=verify-full',
    ),
  ).toEqual({
    hosts: [
      { host: 'db1', port: 5432 },
      { host: 'db-2.example', port: 5433 },
      { host: '::1', port: 5434 },
    ],
    user: 'us@er',
    password: 'p:w/',
    database: 'hold fast',
    tls: 'verify-full',
  });
  expect(postgresAddress('postgresql://user@db/x')).toMatchObject({ password: undefined, tls: 'disable' });
});

test.each([
  ['postgres://user:s3cret@db1:99999/x', 'a host that cannot be read'],
  ['postgres://user:s3cret@/x', 'a host that cannot be read'],
  ['postgres://user:s3cret@db1/', 'no user|no database'],
  ['postgres://:s3cret@db1/x', 'no user'],
  ['postgres://user:s3cret@db1', 'no user'],
  ['postgres://user:s3c@ret@db1/x', 'no user'],
  ['postgres://user:s3cret%@db1/x', '%25'],
  ['postgres://user:s3cret@db1/x?sslmode=maybe', 'sslmode'],
  ['postgres://user:s3cret@db1/x?options=-c', 'known is sslmode'],
  [`postgres://user:s3cret@${Array(17).fill('db').join(',')}/x`, 'more than 16 hosts'],
  ['mysql://user:s3cret@db1/x', 'not understood'],
  ['user:s3cret@db1', 'not understood'],
  ['pglite:', 'no folder'],
])('[CD12] the address %s is refused in words, without its password', async (address, words) => {
  const failure = await openConfigStore(address).then(
    () => undefined,
    (error: unknown) => error as Error,
  );
  expect(failure).toBeInstanceOf(CannotRun);
  expect(failure?.message).toMatch(new RegExp(words));
  expect(failure?.message).not.toContain('s3c');
});

test('[CD12] a PostgreSQL that is only away keeps no server from starting', async () => {
  const store = await openConfigStore('postgres://user:s3cret@127.0.0.1:1/x');
  const read = await store.read();
  expect(read).toMatchObject({ type: 'unavailable', because: expect.stringContaining('127.0.0.1:1') });
  expect(JSON.stringify(read)).not.toContain('s3cret');
  const change = { epoch: 1, id: 'x', at: 0, author: { who: 'a', from: 'b' }, changes: [] };
  const commit = store.commit(change);
  await store.close();
  expect(await commit).toMatchObject({ type: 'unavailable', mayBeCommitted: false });
  expect(await store.beat(1)).toEqual({ type: 'unavailable', because: 'The store is closed.' });
}, 20_000);

test('[CD11] a folder that this process or another has open is refused with who has it, and free when that one has ended', async () => {
  const own = join(folder, 'own');
  const lock = lockFolder(own);
  expect(() => lockFolder(own)).toThrow(`open in process ${process.pid}.`);
  lock.release();
  const again = lockFolder(own);
  again.release();
  const module = fileURLToPath(new URL('./folder-lock.ts', import.meta.url));
  const code = `const { lockFolder } = await import(${JSON.stringify(module)});
    lockFolder(${JSON.stringify(own)}); console.log('locked'); setInterval(() => {}, 1000);`;
  const other = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(other.stdout, 'data');
  expect(() => lockFolder(own)).toThrow(CannotRun);
  expect(() => lockFolder(own)).toThrow(`open in process ${other.pid}. End that process`);
  other.kill('SIGKILL');
  await once(other, 'exit');
  lockFolder(own).release();
  expect(readdirSync(own)).toEqual(['lock.4']);
}, 20_000);

test('[CD11] what another life of our process number has left keeps nobody out, and a number is never given again', () => {
  const own = join(folder, 'former');
  mkdirSync(own);
  writeFileSync(join(own, 'lock.7'), `${identityOf(process.pid)}9`);
  const lock = lockFolder(own);
  expect(readdirSync(own)).toEqual(['lock.8']);
  lock.release();
  writeFileSync(join(own, 'lock.9'), 'no identity at all');
  lockFolder(own).release();
  expect(existsSync(join(own, 'lock.10'))).toBe(true);
});

test('[CD11] a folder that cannot be used is refused with the reason', async () => {
  const file = join(folder, 'file');
  writeFileSync(file, '');
  await expect(openConfigStore(`pglite:${file}`)).rejects.toThrow(/cannot be used: E[A-Z]+/);
  const broken = join(folder, 'broken');
  mkdirSync(join(broken, 'cluster'), { recursive: true });
  writeFileSync(join(broken, 'cluster', 'PG_VERSION'), '3\n');
  await expect(openConfigStore(`pglite:${broken}`)).rejects.toThrow(/does not open: .*Move the folder away/);
  // The lock went with it.
  await expect(openConfigStore(`pglite:${broken}`)).rejects.toThrow('does not open');
}, 20_000);
