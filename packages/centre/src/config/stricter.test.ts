import type { ObjectType } from '@holdfast/protocol';
import { expect, test } from 'vitest';
import { stricterSide } from './stricter.ts';

test('[CW3a] each rule by itself, and what has none', () => {
  const side = (
    type: ObjectType,
    path: readonly string[],
    main: unknown,
    branch: unknown,
    at: readonly [number, number] = [1, 2],
  ) =>
    stricterSide(type, path, { main: { value: main, at: at[0] }, branch: { value: branch, at: at[1] } })
      ?.side;
  expect(side('Person', ['tokensNotBefore'], 5_000, 4_000)).toBe('main');
  expect(side('Person', ['tokensNotBefore'], 4_000, 5_000)).toBe('branch');
  expect(side('Person', ['tokensNotBefore'], undefined, 5_000)).toBe('branch');
  expect(side('Person', ['tokensNotBefore'], 5_000, undefined)).toBe('main');
  expect(side('Person', ['passwordHash'], 'a', 'b', [9, 2])).toBe('main');
  expect(side('Person', ['passwordHash'], undefined, 'b')).toBe('main');
  expect(side('Person', ['passwordChangedAt'], 7, 6, [1, 2])).toBe('branch');
  expect(side('DN', ['digest'], { realm: 'a' }, undefined)).toBe('branch');
  expect(side('Keys', ['tokenKeys', 'k1'], undefined, { id: 'k1' })).toBe('main');
  expect(side('DN', ['enabled'], true, false)).toBe('branch');
  const ranks = ['agent', 'auditor', 'supervisor', 'administrator'];
  for (const [low, rank] of ranks.entries())
    for (const higher of ranks.slice(low + 1)) {
      expect(side('Person', ['rank'], rank, higher)).toBe('main');
      expect(side('Person', ['rank'], higher, rank)).toBe('branch');
    }
  expect(side('Person', ['displayName'], 'a', 'b')).toBeUndefined();
  expect(side('Place', ['rank'], 'a', 'b')).toBeUndefined();
  expect(side('Person', ['options', 'rank', 'enabled'], 'a', 'b')).toBeUndefined();
});
