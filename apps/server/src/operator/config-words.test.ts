import type { Change, ConfigObject } from '@holdfast/protocol';
import { expect, test } from 'vitest';
import { Progress } from './config-progress.ts';
import {
  changeLines,
  checkLines,
  conflictLines,
  countsInWords,
  cutLines,
  entryLines,
  isRevision,
  keyOf,
  readInstant,
  typeOf,
} from './config-words.ts';

const host = (address: string): ConfigObject => ({
  ...{ objectType: 'Host', name: 'a', address, enabled: true, options: {} },
});
const changes: Change[] = [
  { key: 'Host/a', before: null, after: host('10.0.0.1') },
  { key: 'Host/a', before: host('10.0.0.1'), after: host('10.0.0.2') },
  { key: 'Host/a', before: host('10.0.0.1'), after: null },
  // Of Keys nothing is seen, before or after.
  { key: 'Keys/main', before: null, after: null },
];

test('types and keys are understood as people write them, and nothing else is', () => {
  expect(['Person', 'persons', 'AGENTLOGIN', 'dns', 'car'].map(typeOf)).toEqual([
    ...['Person', 'Person', 'AgentLogin', 'DN', undefined],
  ]);
  expect(['person/kim', 'DN/7001@north', 'Person/a/b'].map(keyOf)).toEqual([
    ...['Person/kim', 'DN/7001@north', 'Person/a/b'],
  ]);
  expect(['kim', 'Person/', '/kim', '../../etc/passwd', 'constructor/x'].map(keyOf)).toEqual([
    ...Array.from({ length: 5 }, () => undefined),
  ]);
  expect(['3.128', '3.128+2', '3', '3.x', '1e3.2'].map(isRevision)).toEqual([
    ...[true, true, false, false, false],
  ]);
});

test('a time is an instant in UTC, or so long ago', () => {
  const now = Date.UTC(2026, 2, 1, 12);
  expect(readInstant('2026-03-01', now)).toBe(Date.UTC(2026, 2, 1));
  expect(readInstant('2026-03-01T08:30', now)).toBe(Date.UTC(2026, 2, 1, 8, 30));
  expect(readInstant('2026-03-01 08:30:05.5', now)).toBe(Date.UTC(2026, 2, 1, 8, 30, 5, 500));
  expect(readInstant('2026-03-01T08:30+02:00', now)).toBe(Date.UTC(2026, 2, 1, 6, 30));
  expect(readInstant('15m', now)).toBe(now - 900_000);
  for (const text of ['yesterday', '2026-13-01', '15', '-1h', '2026-03-01T25:00', ''])
    expect(readInstant(text, now)).toBeUndefined();
});

test('what was changed is counted and told, cut where it is long', () => {
  expect(countsInWords(changes)).toBe('1 created, 2 changed, 1 deleted');
  expect(countsInWords([])).toBe('nothing to do');
  expect(changeLines(changes).at(-1)).toBe('Keys/main: changed in what is not shown');
  expect(cutLines(['a', 'b', 'c'], 2)).toEqual(['a', 'b', 'and 1 lines more']);
  const entry = {
    revision: { epoch: 3, number: 128 },
    at: 0,
    author: { who: 'kim', from: 'workspace' },
    changes,
  };
  const lines = entryLines({ ...entry, note: 'why' });
  expect(lines[0]).toBe('3.128  1970-01-01 00:00:00 UTC  kim (workspace)  why');
  expect(lines[1]).toBe('    Host/a: created');
});

test('a conflict is told with both sides, who and when', () => {
  const side = { author: { who: 'kim', from: 'workspace' }, at: 0, revision: '3.128+1' };
  const conflict = {
    ...{ id: 'b.1.1', kind: 'conflict' as const, key: 'Host/a', field: 'address' },
    ...{ main: {}, branch: side, text: 'What and why.', mergedIn: '3.129' },
  };
  expect(conflictLines(conflict)).toEqual([
    'b.1.1  open, merged in 3.129',
    '    What and why.',
    '    main line: not edited',
    '    branch: kim (workspace), 1970-01-01 00:00:00 UTC, 3.128+1',
  ]);
  expect(conflictLines({ ...conflict, kind: 'stricter' })[0]).toContain('settled by rule');
  expect(conflictLines({ ...conflict, resolvedIn: '3.130' })[0]).toContain('resolved in 3.130');
});

test('errors of a check come first', () => {
  const finding = { rule: 'V1', object: 'Host/a', field: 'address', value: '', reason: 'R.', remedy: 'Do.' };
  const lines = checkLines([
    { ...finding, severity: 'warning', isFixable: true },
    { ...finding, rule: 'V2', severity: 'error', object: '', field: '', isFixable: false },
  ]);
  expect(lines).toEqual([
    ...['error  V2  ', '    R.', '    Do.'],
    ...['warning  V1  Host/a: address', '    R.', '    (--fix) Do.'],
  ]);
});

test('progress is told after two seconds, then once a second, with how much a second', () => {
  let now = 0;
  const lines: string[] = [];
  const progress = new Progress(
    (line) => lines.push(line),
    () => now,
  );
  for (let done = 0; done <= 400; done++) {
    now = 10 * done;
    progress.tell('objects sent', done, 400);
  }
  expect(lines).toEqual([200, 300, 400].map((done) => `objects sent: ${done} of 400 (100 a second)`));
});
