import { expect, test } from 'vitest';
import {
  findImpurities,
  findLadderBreaks,
  findLockGaps,
  findLongFiles,
  findRuleGaps,
  findUnfinished,
  findUnnamedDependencies,
  longFile,
  testTitles,
} from './tidy.ts';

test('imports go down the ladder, and through the entry of a package', () => {
  expect(findLadderBreaks()).toEqual([]);
});

test('packages are pure: no clock, no chance, no promise, nothing of the outside', () => {
  expect(findImpurities()).toEqual([]);
});

test('every rule of a SPEC.md has a test whose title names it, and the reverse', () => {
  expect(findRuleGaps()).toEqual([]);
});

test('a rule is tested by a title, and not by a comment, a value or a message', () => {
  const source = [
    "it('[A1] one', () => {});",
    'test.each([1])(',
    "  '[A2] two %i',",
    '  () => {},',
    ');',
    'describe(`[A3] three`, () => {});',
    "// it('[A4] was here', () => {});",
    "expect(said).toBe('[A5] five');",
    "const why = ['[A6] six', 6];",
  ];
  expect(testTitles(source.join('\n'))).toEqual([
    { line: 1, text: '[A1] one' },
    { line: 2, text: '[A2] two %i' },
    { line: 6, text: '[A3] three' },
  ]);
});

test('nothing is left unfinished or skipped', () => {
  expect(findUnfinished()).toEqual([]);
});

test('every library is named in ARCHITECTURE.md with what it saves', () => {
  expect(findUnnamedDependencies()).toEqual([]);
});

test('package-lock.json knows what every package.json lists, so that npm ci holds', () => {
  expect(findLockGaps()).toEqual([]);
});

test('no source and no test has more than 500 lines', () => {
  expect(findLongFiles()).toEqual([]);
});

test('a line counts once, whether or not the last one ends', () => {
  const lines = (count: number) => Array.from({ length: count }, () => '//').join('\n');
  expect(longFile('a.ts', `${lines(500)}\n`)).toEqual([]);
  expect(longFile('a.ts', lines(500))).toEqual([]);
  expect(longFile('a.ts', `${lines(501)}\n`)).toMatchObject([{ file: 'a.ts', line: 501 }]);
});
