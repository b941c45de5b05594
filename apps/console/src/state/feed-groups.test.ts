import { expect, test } from 'vitest';
import { entryLook, groupEntries, TOGETHER_MAX_MS } from './feed-groups.ts';
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

const LINK = 'move the statistics link';
const FOLLOWS = {
  what: LINK,
  site: 'south',
  rule: 'DS17',
  because: 'The statistics link follows the voice link to site south.',
};

test('links and ends of alarms that come along with a move are folded into the move of their agent', () => {
  const groups = groupEntries([
    entry(8, { ...FOLLOWS, who: 'b', at: 90 }),
    entry(7, { kind: 'alarmOver', what: 'statistics-link-lost', who: 'a', at: 80 }),
    entry(6, { ...FOLLOWS, who: 'a', at: 70 }),
    entry(5, { what: 'logIn', who: 'b', at: 60 }),
    entry(4, { what: 'logIn', who: 'a', at: 50 }),
    // Workspace moves a link by its own timer, perhaps just before the voice.
    entry(3, { what: LINK, who: 'b', at: 12 }),
    entry(2, { who: 'b', at: 10 }),
  ]);
  expect(groups.map(({ entry: { what }, agents }) => [what, agents])).toEqual([
    ['logIn', ['b', 'a']],
    ['leave', ['b']],
  ]);
  const [logIn, leave] = groups.map(({ followers }) =>
    followers.map((follower) => [entryLook(follower.entry), follower.agents]),
  );
  expect(logIn).toEqual([
    ['link', ['b', 'a']],
    ['alarmOver', ['a']],
    ['link', ['b']],
  ]);
  expect(leave).toEqual([]);
});

test.each([
  ['of another agent', { who: 'b', at: 50 }],
  ['long after the move', { who: 'a', at: 51 + TOGETHER_MAX_MS }],
] as const)('a link that moves %s is news of its own', (_, more) => {
  const groups = groupEntries([
    entry(2, { ...FOLLOWS, ...more }),
    entry(1, { what: 'logIn', who: 'a', at: 50 }),
  ]);
  expect(groups.map(({ entry: { id }, followers }) => [id, followers])).toEqual([
    [2, []],
    [1, []],
  ]);
});

test('an alarm that is raised is never folded into a move', () => {
  const lost = entry(2, { kind: 'alarm', what: 'statistics-link-lost', who: 'a', at: 60 });
  expect(groupEntries([lost, entry(1, { who: 'a', at: 50 })])).toHaveLength(2);
});

test('alarms about one site at one time are one line, the first with the others in it', () => {
  const alarm = (id: number, who: string, what: string, at: number, site = 'north') =>
    entry(id, { kind: 'alarm', what, who, at, site, because: `${what} is lost` });
  const groups = groupEntries([
    alarm(6, 'c', 'statistics-link-lost', 60 + 2 * TOGETHER_MAX_MS),
    alarm(5, 'a', 'statistics-link-lost', 50, 'south'),
    alarm(4, 'b', 'statistics-link-lost', 40),
    alarm(3, 'a', 'statistics-link-lost', 30),
    // Another family says why in other words.
    { ...alarm(7, 'c', 'configuration-link-lost', 25), because: 'Nothing moves.' },
    alarm(2, 'b', 'configuration-link-lost', 20),
    alarm(1, 'a', 'configuration-link-lost', 10),
  ]);
  expect(groups.map(({ entry: { what, site }, agents }) => [what, site, agents])).toEqual([
    ['statistics-link-lost', 'north', ['c']],
    ['statistics-link-lost', 'south', ['a']],
    ['configuration-link-lost', 'north', ['b', 'a']],
  ]);
  expect(groups.map(({ followers }) => followers.map(({ agents }) => agents))).toEqual([
    [],
    [],
    [['b', 'a'], ['c']],
  ]);
});

test('an entry keeps its key while more agents join', () => {
  const first = entry(1, { who: 'a', at: 10 });
  const keys = [[first], [entry(2, { who: 'b', at: 20 }), first]].map((all) => groupEntries(all)[0]?.key);
  expect(keys).toEqual([1, 1]);
});
