import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const walks = readdirSync(`${root}docs/walks`).filter((file) => file.endsWith('.md'));

interface Step {
  readonly file: string;
  readonly lookAt: string;
}

/** The rows of a walk's table: the first code span is the file, the last one what to look at. */
function stepsOf(walk: string): Step[] {
  const rows = readFileSync(`${root}docs/walks/${walk}`, 'utf8').split('\n');
  return rows
    .filter((row) => /^\| \d+ \|/.test(row))
    .map((row) => {
      const cells = row.split(' | ');
      const code = (cell: string | undefined) => /`([^`]+)`/.exec(cell ?? '')?.[1] ?? '';
      return { file: code(cells[1]), lookAt: code(cells.at(-1)) };
    });
}

test.each(walks)('docs/walks/%s names files and functions that are there', (walk) => {
  const steps = stepsOf(walk);
  expect(steps.length).toBeGreaterThan(5);
  const lost = steps.filter(({ file, lookAt }) => {
    if (!existsSync(root + file)) return true;
    // A declaration of it: a function, a class, a constant, or a method.
    const name = lookAt.replace('#', '\\#');
    const declaration = new RegExp(`(function|class|const) ${name}\\b|^  (async |get )?${name}\\(`, 'm');
    return !declaration.test(readFileSync(root + file, 'utf8'));
  });
  expect(lost).toEqual([]);
});
