import { expect, test } from 'vitest';
import type { Conflict } from './merge-object.ts';
import { describeConflict, resolveConflict } from './resolve-conflict.ts';
import { group, phone, place } from './test-log.ts';
import { BANK, KIM, partition } from './test-partition.ts';

test('[CW3e] a conflict is resolved by choice: the main line, the branch, or another value', () => {
  const { conflicts, after } = partition(
    BANK,
    [{ ...KIM, displayName: 'K' }],
    [{ ...KIM, displayName: 'B' }],
  );
  const [conflict] = conflicts as [Conflict];
  const present = { ...KIM, displayName: 'K' };
  expect(after.get('Person/agent7001')).toEqual(present);
  expect(resolveConflict(conflict, 'main', present)).toEqual({ ok: true, changes: [] });
  const change = (displayName: string) => ({
    ok: true,
    changes: [{ key: conflict.key, before: present, after: { ...present, displayName } }],
  });
  expect(resolveConflict(conflict, 'branch', present)).toEqual(change('B'));
  expect(resolveConflict(conflict, { value: 'Kim' }, present)).toEqual(change('Kim'));
  expect(resolveConflict(conflict, { value: 7 }, present)).toMatchObject({
    ok: false,
    text: expect.stringMatching(/^Person\/agent7001: displayName cannot be this: /),
  });
  // Whoever has edited it since has decided: only what stands can be chosen.
  const later = { ...present, displayName: 'L' };
  expect(resolveConflict(conflict, 'main', later)).toEqual({ ok: true, changes: [] });
  expect(resolveConflict(conflict, 'branch', later)).toMatchObject({ ok: false });
  expect(resolveConflict(conflict, { value: 'L' }, later)).toEqual({ ok: true, changes: [] });
  expect(resolveConflict(conflict, 'branch', null)).toMatchObject({ ok: false });
});

test('[CW3e] an element of a list and a whole object are resolved likewise', () => {
  const { conflicts, after } = partition(
    [...BANK, phone('7100')],
    [place('a', '7100@north')],
    [place('b', '7100@north')],
  );
  const [conflict] = conflicts as [Conflict];
  expect(resolveConflict(conflict, 'branch', after.get('Place/b') ?? null)).toEqual({
    ok: true,
    changes: [{ key: 'Place/b', before: place('b'), after: place('b', '7100@north') }],
  });
  expect(describeConflict(conflict)).toBe(
    'Place/b: dns/7100@north: main line: not set by ada from test; branch: 7100@north by ben from test; not set stands, because This DN is already in Place "a". A DN is in at most one Place: remove it from one.',
  );
  const gone = partition(BANK, [group('sales', [])], ['AgentGroup/sales']);
  const [whole] = gone.conflicts as [Conflict];
  expect(resolveConflict(whole, 'branch', group('sales', []))).toEqual({
    ok: true,
    changes: [{ key: 'AgentGroup/sales', before: group('sales', []), after: null }],
  });
  expect(resolveConflict(whole, { value: { objectType: 'AgentGroup' } }, group('sales', [])).ok).toBe(false);
});
