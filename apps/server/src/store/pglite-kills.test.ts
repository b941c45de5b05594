/** The death of the process that has PGlite within it, and a disk without room. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seededRandom } from '@holdfast/kernel';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openConfigStore } from './open-config-store.ts';
import { acknowledgedIn, buildWriter, compare, killStorm, linesOf, startWriter } from './test-store-kills.ts';

/** Each costs a start of PGlite; bench/config-kills.ts kills whole Configuration Servers 200 times. */
const KILLS = 5;
let folder: string;
let writer: Awaited<ReturnType<typeof buildWriter>>;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-kills-'));
  writer = await buildWriter();
}, 30_000);
afterAll(() => {
  writer.remove();
  rmSync(folder, { recursive: true, force: true });
});

test('[CW5] the process is killed in the midst of storms of writes: nothing that was acknowledged is lost', async () => {
  const report = await killStorm(
    { writer: writer.file, address: `pglite:${folder}/killed`, kills: KILLS },
    seededRandom(5),
  );
  expect(report).toMatchObject({ kills: KILLS, lost: [], verdict: { type: 'sound' } });
  expect(report.acknowledged).toBeGreaterThan(KILLS);
  console.log(JSON.stringify({ measured: 'SIGKILL of the writer with PGlite', ...report }));
}, 120_000);

test('[CD6] a disk without room refuses in words, loses nothing, and what was there is read', async () => {
  const address = `pglite:${folder}/full`;
  // No file of that process may grow above a log segment of PostgreSQL: the tables cannot, as on a full disk.
  const child = startWriter([writer.file, address, 'full', '10'], ['prlimit', `--fsize=${17 * 1024 * 1024}`]);
  const lines = linesOf(child);
  await once(child, 'close');
  const refused = lines.filter((line) => line.startsWith('no '));
  expect(refused).toHaveLength(3);
  expect(refused[0]).toContain('Its disk is full: make room there.');
  const acknowledged = acknowledgedIn(lines);
  expect(acknowledged.length).toBeGreaterThan(20);
  const store = await openConfigStore(address);
  try {
    expect(await compare(store, acknowledged)).toMatchObject({
      lost: [],
      unsaid: 0,
      verdict: { type: 'sound' },
    });
    expect((await store.claim('after', 0)).type).toBe('claimed');
  } finally {
    await store.close();
  }
}, 120_000);
