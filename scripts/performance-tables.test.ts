import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { BEGIN, END, performanceTables, type Run, withTables } from './performance-tables.ts';

const host = { cpus: 2, model: 'a processor', node: 'v20.20.2' };
const endpoint = { load_before: 0.4, figures: { cpu_us_per_call: 61.5 } };

test('a row for each figure; a bench that was not run, or could not, is named', () => {
  const run: Run = {
    short: false,
    host,
    benches: { endpoint, parse: { load_before: 0.2, error: 'no such file' } },
  };
  const tables = performanceTables(run);
  expect(tables).toContain('| transactions of a B2BUA call without sockets | 61.5 µs a call |  |  |  |');
  expect(tables).toContain('| parse | could not run |');
  expect(tables).toContain('| b2bua | not run |');
  expect(tables).toContain(
    '2 cores (a processor), Node 20.20.2; load of the machine before each bench 0.2 to 0.4.',
  );
});

test('a figure that a bench no longer gives is an error that names it', () => {
  const run: Run = { short: false, host, benches: { endpoint: { load_before: 0, figures: { other: 1 } } } };
  expect(() => performanceTables(run)).toThrow('endpoint gives no figure cpu_us_per_call');
});

test('the tables take the place of what stands between the marks of the document, and of nothing else', () => {
  expect(withTables(`before\n${BEGIN}\nold\n${END}\nafter`, 'new')).toBe(
    `before\n${BEGIN}\n\nnew\n\n${END}\nafter`,
  );
  expect(withTables('no marks', 'new')).toBeUndefined();
  const document = readFileSync(fileURLToPath(new URL('../docs/performance.md', import.meta.url)), 'utf8');
  expect(withTables(document, 'new')).toContain('\nnew\n');
});
