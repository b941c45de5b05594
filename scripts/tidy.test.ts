import { expect, test } from 'vitest';
import {
  findImpurities,
  findLadderBreaks,
  findLockGaps,
  findRuleGaps,
  findUnfinished,
  findUnnamedDependencies,
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

test('nothing is left unfinished or skipped', () => {
  expect(findUnfinished()).toEqual([]);
});

test('every library is named in ARCHITECTURE.md with what it saves', () => {
  expect(findUnnamedDependencies()).toEqual([]);
});

test('package-lock.json knows what every package.json lists, so that npm ci holds', () => {
  expect(findLockGaps()).toEqual([]);
});
