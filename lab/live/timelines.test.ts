import { type BoardDecision, boardMessage, RECENT_DECISIONS_MAX, TIMELINE_MAX } from '@holdfast/protocol';
import { expect, test } from 'vitest';
import { Timelines } from './timelines.ts';

const decided = (who: string, at: number): BoardDecision => ({
  kind: 'decision',
  at,
  who,
  what: 'leave',
  because: 'No SIP Server of site north could be reached for 8 s.',
  rule: 'DS8a',
  option: { name: 'disaster-recovery.timeout', value: '8 s', source: 'Application/workspace' },
  site: 'north',
});

test('each agent has a time line of its own, the newest last', () => {
  const timelines = new Timelines();
  for (const [who, at] of [['a', 1] as const, ['b', 2] as const, ['a', 3] as const])
    timelines.add(decided(who, at));
  expect(timelines.of('a').entries.map(({ at }) => at)).toEqual([1, 3]);
  expect(timelines.of('nobody')).toEqual({ type: 'timeline', agent: 'nobody', entries: [], dropped: 0 });
});

test('the oldest fall off and are counted, and the whole still fits its message', () => {
  const timelines = new Timelines();
  for (let at = 0; at < TIMELINE_MAX + 7; at += 1) timelines.add(decided('a', at));
  const { entries, dropped } = timelines.of('a');
  expect([entries.length, entries[0]?.at, dropped]).toEqual([TIMELINE_MAX, 7, 7]);
  expect(boardMessage.safeParse(timelines.of('a')).success).toBe(true);
});

test('who comes later is told the newest decisions of all agents, the newest last', () => {
  const timelines = new Timelines();
  for (let at = 0; at < RECENT_DECISIONS_MAX + 5; at += 1) timelines.add(decided(`agent${at % 3}`, at));
  const { entries } = timelines.recent;
  expect([entries.length, entries[0]?.at, entries.at(-1)?.at]).toEqual([
    RECENT_DECISIONS_MAX,
    5,
    RECENT_DECISIONS_MAX + 4,
  ]);
  expect(boardMessage.safeParse(timelines.recent).success).toBe(true);
});
