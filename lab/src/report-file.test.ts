import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { simulate } from '../sim/simulate-command.ts';
import { reportFileFault } from './report-file.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-report-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

test('a file that is there or can be made passes, and is not made yet', () => {
  const file = join(folder, 'new.json');
  expect(reportFileFault(file)).toBeUndefined();
  expect(existsSync(file)).toBe(false);
  writeFileSync(join(folder, 'old.json'), '{}');
  expect(reportFileFault(join(folder, 'old.json'))).toBeUndefined();
});

test('what cannot be written is named with the remedy', () => {
  expect(reportFileFault(join(folder, 'none', 'a.json'))).toContain(
    `no directory ${join(folder, 'none')}; make`,
  );
  expect(reportFileFault(`${folder}/`)).toContain(`name a file in it, like ${folder}/report.json`);
  expect(reportFileFault('')).toContain('needs the name');
  writeFileSync(join(folder, 'plain'), '');
  expect(reportFileFault(join(folder, 'plain', 'a.json'))).toContain('is no directory');
});

test('a simulation is not begun when its report could not be written', async () => {
  const world = { run: () => Promise.reject(new Error('it was begun')), out: () => {}, say: () => {} };
  const argv = ['--core', '--seeds', '1', '--json', join(folder, 'none', 'a.json')];
  await expect(simulate(argv, world)).rejects.toThrow(/^--json .*: there is no directory /);
});
