import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LogLine } from '@holdfast/kernel';
import type { Entry } from '@holdfast/protocol';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BranchFile, readBranch } from './branch-file.ts';

let folder: string;
let file: string;
let lines: LogLine[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-branch-'));
  file = join(folder, 'config-south.branch');
  lines = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

const base = { epoch: 3, number: 128 };
const entry = (ahead: number): Entry => ({
  ...{ revision: { ...base, ahead }, at: ahead, author: { who: 'kim', from: 'x' }, note: `ünï ${ahead}` },
  changes: [],
});
const open = () => BranchFile.open(file, (line) => lines.push(line));
const keep = (on: BranchFile, ahead: number, branch = 'b1') =>
  on.do({ type: 'keep', branch, base, entry: entry(ahead) });

async function written(count: number): Promise<void> {
  const kept = await open();
  for (let n = 1; n <= count; n++) expect(await keep(kept, n)).toEqual({ type: 'kept' });
  await kept.close();
}

test('[CW2] what was kept is found after a restart, for its owner alone, and goes on; a merged branch is removed', async () => {
  expect((await open()).branch).toBeUndefined();
  await written(2);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const again = await open();
  expect(again.branch).toEqual({ id: 'b1', base, entries: [entry(1), entry(2)] });
  // Without waiting for the one before.
  await Promise.all([keep(again, 3), keep(again, 4)]);
  await again.close();
  const third = await open();
  expect(third.branch?.entries).toEqual([1, 2, 3, 4].map(entry));
  await third.do({ type: 'remove', branch: 'b1' });
  expect(existsSync(file)).toBe(false);
  await keep(third, 1, 'b2');
  await third.close();
  expect((await open()).branch).toMatchObject({ id: 'b2', entries: [{}] });
  expect(lines).toEqual([]);
});

test('[CW2] a last line that is not whole was never acknowledged: it is dropped and said, and the next stands in its place', async () => {
  await written(3);
  const whole = readFileSync(file);
  const third = whole.subarray(0, whole.length - 1).lastIndexOf(10) + 1;
  for (const length of [third + 1, third + 20, whole.length - 1]) {
    writeFileSync(file, whole.subarray(0, length));
    lines = [];
    const torn = await open();
    expect(torn.branch?.entries).toEqual([entry(1), entry(2)]);
    expect(lines).toMatchObject([{ level: 'warn', because: expect.stringContaining(file) }]);
    expect(await keep(torn, 3)).toEqual({ type: 'kept' });
    await torn.close();
    expect(readFileSync(file)).toEqual(whole);
  }
  // A disk that had taken the length and not the bytes.
  const zeros = Buffer.from(whole);
  zeros.fill(0, third + 5, whole.length - 2);
  writeFileSync(file, zeros);
  expect((await open()).branch?.entries).toHaveLength(2);
});

test('[CW2] a line that is not what was written is never served: the file is set aside and named', async () => {
  await written(3);
  const whole = readFileSync(file);
  const third = whole.subarray(0, whole.length - 1).lastIndexOf(10) + 1;
  for (let at = 0; at < whole.length - 1; at += 7) {
    const broken = Buffer.from(whole);
    broken[at] = (broken[at] as number) ^ 1;
    writeFileSync(file, broken);
    const read = await readBranch(file);
    expect([at, read.type]).toEqual([at, 'broken']);
  }
  const text = whole.toString().split('\n');
  // One that is missing, and two in another order.
  for (const other of [text.toSpliced(1, 1), [text[0], text[2], text[1], text[3], '']]) {
    writeFileSync(file, other.join('\n'));
    expect((await readBranch(file)).type).toBe('broken');
  }
  writeFileSync(file, `${whole.subarray(0, third).toString().replace('"kim"', '"eve"')}`);
  const opened = await open();
  expect(opened.branch).toBeUndefined();
  expect(lines).toMatchObject([
    { level: 'error', because: expect.stringMatching(/Line 2 of .*config-south\.branch/) },
  ]);
  expect(existsSync(`${file}.broken`)).toBe(true);
  expect(await keep(opened, 1)).toEqual({ type: 'kept' });
  await opened.close();
});

test('[CW2] what cannot be written is refused with the file, and not there after a restart', async () => {
  // Its name is taken by what is no file.
  mkdirSync(`${file}.new`);
  const full = await open();
  expect(await keep(full, 1)).toMatchObject({ type: 'notKept', because: expect.stringContaining(file) });
  expect((await open()).branch).toBeUndefined();
  rmSync(`${file}.new`, { recursive: true });
  expect(await keep(full, 1)).toEqual({ type: 'kept' });
  await full.close();
  expect((await open()).branch?.entries).toHaveLength(1);
});
