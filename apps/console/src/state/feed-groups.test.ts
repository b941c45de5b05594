import { expect, test } from 'vitest';
import { groupEntries, TOGETHER_MAX_MS } from './feed-groups.ts';
import { testDecision } from './test-agent.ts';

const entry = (id: number, more: Parameters<typeof testDecision>[0]) => ({ ...testDecision(more), id });

test('the same decision of several agents is one entry, also with others in between', () => {
  const groups = groupEntries([
    entry(4, { who: 'b', what: 'logIn', at: 40 }),
    entry(3, { who: 'b', at: 30 }),
    entry(2, { who: 'a', what: 'logIn', at: 20 }),
    entry(1, { who: 'a', at: 10 }),
  ]);
  expect(groups.map(({ entry: { id }, agents }) => [id, agents])).toEqual([
    [4, ['b', 'a']],
    [3, ['b', 'a']],
  ]);
});

test.each([
  ['another reason', { because: 'The phone is lost.' }],
  ['another option', { option: null }],
  ['an alarm', { kind: 'alarm' }],
  ['the same agent again', { who: 'a' }],
  ['long before', { at: 1_000 - TOGETHER_MAX_MS - 1 }],
] as const)('%s is an entry of its own', (_, more) => {
  const newest = entry(2, { who: 'a', at: 1_000 });
  expect(groupEntries([newest, entry(1, { who: 'b', at: 900, ...more })])).toHaveLength(2);
});

test('a slow wave of returns stays together as long as each follows the one before', () => {
  const wave = [9_000, 7_000, 5_000, 3_000].map((at, index) => entry(index, { who: `agent${index}`, at }));
  expect(groupEntries(wave)).toHaveLength(1);
});
