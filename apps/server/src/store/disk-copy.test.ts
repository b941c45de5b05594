import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConfigObject } from '@holdfast/protocol';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readCopy, revisionOfCopy, writeCopy } from './disk-copy.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-copy-'));
  file = join(folder, 'copy');
});
afterEach(() => rmSync(folder, { recursive: true }));

const tenant = (name: string): ConfigObject => ({ objectType: 'Tenant', name, enabled: true, options: {} });
const copy = { revision: '3.128', objects: [tenant('a'), tenant('ünïcode')] };

test('[CX1] a copy is what was written, for its owner alone, and the next takes its place', async () => {
  expect(await readCopy(file)).toEqual({ type: 'none' });
  await writeCopy(file, copy);
  expect(await readCopy(file)).toEqual({ type: 'copy', ...copy });
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const next = { revision: '4.129', objects: [] };
  await writeCopy(file, next);
  expect(await readCopy(file)).toEqual({ type: 'copy', ...next });
  expect(readdirSync(folder)).toEqual(['copy']);
});

test('[CX1] whoever asks meanwhile does not wait until a long one has become text', async () => {
  let inThisTurn = 0;
  let mostInOne = 0;
  const counted = (name: string): ConfigObject => {
    const object = tenant(name);
    const toJSON = () => {
      mostInOne = Math.max(mostInOne, ++inThisTurn);
      return object;
    };
    return Object.assign(tenant(name), { toJSON });
  };
  const objects = Array.from({ length: 9_000 }, (_, i) => counted(`tenant-${i}`));
  let isWritten = false;
  const nextTurn = () => {
    inThisTurn = 0;
    if (!isWritten) setImmediate(nextTurn);
  };
  nextTurn();
  await writeCopy(file, { revision: '3.128', objects });
  isWritten = true;
  expect(mostInOne).toBeLessThanOrEqual(4_000);
  const written = Array.from({ length: 9_000 }, (_, i) => tenant(`tenant-${i}`));
  expect(await readCopy(file)).toEqual({ type: 'copy', revision: '3.128', objects: written });
});

test('[CX2] a copy of which any byte is another is never served, and the reason names the file', async () => {
  await writeCopy(file, copy);
  const whole = readFileSync(file);
  expect(whole.at(-1)).toBe(10);
  for (let at = 0; at < whole.length - 1; at++) {
    const broken = Buffer.from(whole);
    broken[at] = (broken[at] as number) ^ 1;
    writeFileSync(file, broken);
    expect([at, (await readCopy(file)).type]).toEqual([at, 'corrupt']);
  }
  for (const length of [0, 1, 40, whole.length - 2]) {
    writeFileSync(file, whole.subarray(0, length));
    expect((await readCopy(file)).type).toBe('corrupt');
  }
});

test('[CX1] where it cannot be written the former one stays', async () => {
  await writeCopy(file, copy);
  // Its name is taken by what is no file.
  mkdirSync(`${file}.new`);
  await expect(writeCopy(file, { ...copy, objects: [] })).rejects.toThrow();
  expect(await readCopy(file)).toEqual({ type: 'copy', ...copy });
});

test('[CW4] with a copy the last entries are kept, without a gap and not too many', async () => {
  const entry = (number: number, changes: number) => ({
    ...{ revision: { epoch: 3, number }, at: 1, author: { who: 'kim', from: 'x' } },
    changes: Array.from({ length: changes }, (_, i) => ({
      ...{ key: `Tenant/t${i}`, before: null, after: tenant(`t${i}`) },
    })),
  });
  const owed = [{ revision: { epoch: 2, number: 9 }, entries: [{ ...entry(9, 1), note: 'owed' }] }];
  const entries = [entry(125, 1), entry(126, 3_000), entry(127, 2_000), entry(128, 1_000)];
  await writeCopy(file, { ...copy, lines: { held: { revision: { epoch: 3, number: 128 }, entries }, owed } });
  expect(await readCopy(file)).toEqual({
    ...{ type: 'copy', ...copy },
    lines: { held: { revision: { epoch: 3, number: 128 }, entries: entries.slice(2) }, owed },
  });
  expect(await revisionOfCopy(file)).toBe('3.128');
  expect(await revisionOfCopy(`${file}.none`)).toBeUndefined();
  const whole = readFileSync(file, 'utf8');
  writeFileSync(file, whole.replace('"owed"', '"ower"'));
  expect((await readCopy(file)).type).toBe('corrupt');
});
