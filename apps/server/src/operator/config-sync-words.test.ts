import type { Change, ComparedSwitches, ConfigObject } from '@holdfast/protocol';
import { expect, test } from 'vitest';
import { isAlike, pairLines, summaryLines } from './config-sync-words.ts';

const dn: ConfigObject = {
  ...{ objectType: 'DN', number: '7001', switch: 'south', type: 'Extension' },
  ...{ enabled: true, options: {} },
};
const pair: ComparedSwitches = {
  ...{ switches: ['north', 'south'], isKeptAlike: true, places: 'one', ownOptions: 'TServer/contact' },
  ...{ digests: ['a1', 'a1'], differences: [], more: 0, findings: [] },
};

test('what a synchronisation would do is summed up by types of objects', () => {
  const created = (key: string): Change => ({ key, before: null, after: dn });
  const changes: Change[] = [
    ...[created('DN/7001@south'), created('DN/7002@south'), created('Place/p')],
    { key: 'DN/8000@south', before: dn, after: dn },
  ];
  expect(summaryLines(changes)).toEqual(['DN: 2 created, 1 changed', 'Place: 1 created']);
  expect(summaryLines([])).toEqual([]);
});

test('Switches that are alike have one line', () => {
  expect(isAlike(pair)).toBe(true);
  expect(pairLines(pair)).toEqual([
    'north and south (kept alike, a Place for both): they are alike, digest a1',
  ]);
});

test('of what differs it is said what it is, what it would be, and whose edit it was', () => {
  const by = {
    revision: { epoch: 3, number: 128 },
    at: 1_700_000_000_000,
    author: { who: 'kim', from: 'desk' },
  };
  const other: ComparedSwitches = {
    ...pair,
    ...{ digests: ['a1', 'b2'], isKeptAlike: false, places: 'each', more: 4 },
    differences: [
      { object: 'DN/8000@south', field: 'displayName', value: 'x', other: 'y', by },
      { object: 'DN/8900@south', field: '', value: 'missing', other: 'DN/8900@north' },
      { object: 'Place/p', field: '', value: 'missing', other: '' },
    ],
    findings: [
      { severity: 'warning', object: 'DN/8500@south', field: 'type', text: 'It is the site’s own.' },
    ],
  };
  expect(isAlike(other)).toBe(false);
  expect(pairLines(other)).toEqual([
    'north and south (not kept alike yet, a Place for each DN): they differ, digests a1 and b2',
    'DN/8000@south: displayName: x; alike it would be y  (3.128, 2023-11-14 22:13:20 UTC, kim from desk)',
    'DN/8900@south: missing; DN/8900@north is there',
    'Place/p: missing',
    'and 4 differences more',
    'warning  DN/8500@south: type  It is the site’s own.',
  ]);
});

test('what no synchronisation mends makes them differ by their digests alone', () => {
  expect(isAlike({ ...pair, digests: ['a1', 'b2'] })).toBe(false);
});
