/** docs/field-cases.md against the tests that it names. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const [shown = '', later = ''] = readFileSync(`${root}docs/field-cases.md`, 'utf8').split('\n## Later');

/** Lower it with each case that is shown whole. */
const LATER_MAX = 6;

interface Row {
  readonly id: string;
  readonly cells: readonly string[];
}

const rowsOf = (text: string): Row[] =>
  text
    .split('\n')
    .filter((line) => /^\| [CD]\d+ \|/.test(line))
    .map((line) => line.slice(2, -2).split(' | '))
    .map((cells) => ({ id: cells[0] ?? '', cells }));

test('every case that is said to be tested stands in the title of the test that is named', () => {
  const rows = rowsOf(shown);
  expect(rows.length).toBeGreaterThanOrEqual(73);
  const lost = rows.filter(({ id, cells }) => {
    const [, , asks = '', named = '', title = ''] = cells;
    const file = root + named.replaceAll('`', '');
    if (asks === '' || !title.includes(`[${id}]`) || !existsSync(file)) return true;
    return !readFileSync(file, 'utf8').includes(title);
  });
  expect(lost).toEqual([]);
});

test('every case that a test names is on the page, once', () => {
  const files = execFileSync('git', ['ls-files', '*.test.ts'], { cwd: root, encoding: 'utf8' }).split('\n');
  const named = new Set<string>();
  for (const file of files) {
    if (file === '' || !existsSync(root + file)) continue;
    const text = readFileSync(root + file, 'utf8');
    for (const [, id] of text.matchAll(/\[([CD]\d+)\] /g)) named.add(id ?? '');
  }
  const listed = rowsOf(shown).map(({ id }) => id);
  expect(listed.filter((id, index) => listed.indexOf(id) !== index)).toEqual([]);
  expect([...named].sort()).toEqual([...listed].sort());
});

test('what comes later says with what, and why', () => {
  const rows = rowsOf(later);
  expect(rows.length).toBeGreaterThan(0);
  expect(rows.length).toBeLessThanOrEqual(LATER_MAX);
  for (const { cells } of rows) expect(cells.filter((cell) => cell.trim() !== '')).toHaveLength(4);
});
