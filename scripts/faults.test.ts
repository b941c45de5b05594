/** docs/faults.md against the code: its tests are there with their ids, and its log lines and figures are written somewhere. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { testTitles, trackedFiles } from './tidy.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const rows = readFileSync(`${root}docs/faults.md`, 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| fault ') && !line.startsWith('| ---'))
  .map((line) => line.slice(2, -2).split(' | '));

/** All code that is no test. */
const code = trackedFiles()
  .filter((file) => /^(packages|apps)\/.*\.ts$/.test(file) && !file.endsWith('.test.ts'))
  .map((file) => readFileSync(root + file, 'utf8'))
  .join('\n');

/** As `role standby` is logged; who invents another word here finds no such role. */
const roles = [...(/type PairRoleName =([^;]+);/.exec(code)?.[1] ?? '').matchAll(/'(\w+)'/g)].map(
  ([, role]) => `role ${role}`,
);

const spans = (cell = '') => [...cell.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text);

test('every fault has five cells: what it is, what happens, its line, its figure and its test', () => {
  expect(rows.length).toBeGreaterThan(25);
  expect(rows.filter((cells) => cells.length !== 5 || cells.includes(''))).toEqual([]);
});

test('its tests are there, and have the ids that it names', () => {
  const lost = rows.flatMap(([fault = '', , , , tests = '']) =>
    tests.split(/[;,] /).flatMap((part) => {
      const files = spans(part);
      // `a`, `b` [X1]: the ids stand behind the last of several.
      const titles = files.flatMap((file) =>
        existsSync(root + file) ? testTitles(readFileSync(root + file, 'utf8')).map(({ text }) => text) : [],
      );
      const missing = files.filter((file) => !existsSync(root + file));
      const ids = [...part.matchAll(/\[[A-Z]+\d+\]/g)].map(([id]) => id);
      return [...missing, ...ids.filter((id) => !titles.some((title) => title.includes(id)))].map(
        (what) => `${fault}: ${what}`,
      );
    }),
  );
  expect(lost).toEqual([]);
});

test('its lines and figures are those of the code', () => {
  const written = (text: string) => code.includes(text);
  // Put together in the code: `role standby` and `other site: …` from a name of the role and from a line, `… lost` from whom.
  const isOutage = (line: string) =>
    line.endsWith(' lost') && written(`'${line.slice(0, -' lost'.length)}'`) && written("'lost'");
  const isLine = (line: string) =>
    line.startsWith('role ')
      ? roles.includes(line) && written('`role $')
      : written(line) || isOutage(line) || (line === 'other site: …' && written('`other site: $'));
  const lost = rows.flatMap(([fault = '', , lines, figures]) => {
    const names = spans(figures).flatMap((figure) => /^holdfast_\w+/.exec(figure)?.[0] ?? []);
    return [...spans(lines).filter((line) => !isLine(line)), ...names.filter((name) => !written(name))].map(
      (what) => `${fault}: ${what}`,
    );
  });
  expect(lost).toEqual([]);
});
