import { type BoardSnapshot, RECENT_DECISIONS_MAX, TIMELINE_MAX } from '@holdfast/protocol';
import { describe, expect, it } from 'vitest';
import {
  type BoardEvent,
  type BoardState,
  boardStep,
  CROSSING_MS,
  INITIAL_BOARD,
  NOTICE_STAYS_MS,
  NOTICES_MAX,
  PENDING_MAX_MS,
  SILENT_AFTER_MS,
} from './board.ts';
import { testAgent, testDecision, testSites } from './test-agent.ts';

const LAB_AHEAD_MS = 5_000;

function snapshot(where: Readonly<Record<string, string | null>>, northIs: 'up' | 'down' = 'up'): string {
  const board: BoardSnapshot = {
    type: 'snapshot',
    now: LAB_AHEAD_MS,
    sites: testSites(northIs),
    agents: Object.entries(where).map(([agent, site]) =>
      testAgent({ agent, site, state: site === null ? 'LoggedOut' : 'Ready' }),
    ),
    calls: { offered: 0, answered: 0, waiting: 0, withoutSign: 0, talking: 0, lost: 0, lostInLine: 0 },
    ledgers: [],
    join: null,
  };
  return JSON.stringify(board);
}

/** Each event at its own moment, ms on the page's clock. */
function play(...events: readonly (readonly [at: number, event: BoardEvent])[]): BoardState {
  return events.reduce((state, [at, event]) => boardStep(state, event, at), INITIAL_BOARD);
}
const received = (text: string): BoardEvent => ({ type: 'received', text });
const decision = (because: string, who = 'agent1'): BoardEvent =>
  received(JSON.stringify({ type: 'decision', decision: testDecision({ who, because }) }));
const notice = (level: string, text: string): BoardEvent =>
  received(JSON.stringify({ type: 'notice', level, text }));

describe('snapshots', () => {
  it('the first picture moves nobody, and tells how far the lab’s clock is ahead', () => {
    const state = play([0, { type: 'opened' }], [0, received(snapshot({ a: 'north', b: null }))]);
    expect(state.link).toEqual({ name: 'live' });
    expect(state.crossings).toEqual([]);
    expect(state.labAheadMs).toBe(LAB_AHEAD_MS);
  });

  it('an agent who changes sites is a crossing, for a while', () => {
    const state = play([0, received(snapshot({ a: 'north' }))], [100, received(snapshot({ a: 'south' }))]);
    expect(state.crossings).toEqual([{ agent: 'a', from: 'north', to: 'south', at: 100 }]);
    expect(boardStep(state, { type: 'ticked' }, 100 + CROSSING_MS).crossings).toEqual([]);
  });

  it('through the river without a stay is one crossing from bank to bank', () => {
    const state = play(
      [0, received(snapshot({ a: 'north' }))],
      [100, received(snapshot({ a: null }))],
      [400, received(snapshot({ a: 'south' }))],
    );
    expect(state.crossings).toEqual([{ agent: 'a', from: 'north', to: 'south', at: 400 }]);
  });

  it('a site that changes its state is announced', () => {
    const state = play(
      [0, received(snapshot({ a: 'north' }))],
      [100, received(snapshot({ a: 'north' }, 'down'))],
    );
    expect(state.announcement).toEqual({ site: 'north', state: 'down' });
  });
});

describe('decisions', () => {
  it('stand newest first, and the oldest fall off', () => {
    let state = INITIAL_BOARD;
    for (let i = 0; i < RECENT_DECISIONS_MAX + 20; i += 1)
      state = boardStep(state, decision(`because ${i}`), i);
    expect(state.decisions).toHaveLength(RECENT_DECISIONS_MAX);
    expect(state.decisions[0]?.because).toBe(`because ${RECENT_DECISIONS_MAX + 19}`);
    expect(new Set(state.decisions.map(({ id }) => id)).size).toBe(RECENT_DECISIONS_MAX);
  });
});

describe('a page that is opened later', () => {
  const before = (...because: readonly string[]): BoardEvent => {
    const entries = because.map((text) => testDecision({ because: text }));
    return received(JSON.stringify({ type: 'decisions', entries }));
  };
  const told = (state: BoardState) => state.decisions.map(({ because }) => because);

  it('has the decisions of before, newest first, and what follows on top of them', () => {
    const state = play([0, { type: 'opened' }], [1, before('a', 'b')], [2, decision('c')]);
    expect(told(state)).toEqual(['c', 'b', 'a']);
    expect(new Set(state.decisions.map(({ id }) => id)).size).toBe(3);
  });

  it('that connects again has nothing twice, and what was decided meanwhile', () => {
    const state = play(
      [0, decision('a')],
      [1, { type: 'lost', retryAt: 2 }],
      [3, { type: 'opened' }],
      [4, before('a', 'b')],
    );
    expect(told(state)).toEqual(['b', 'a']);
  });
});

describe('the agent whose details are open', () => {
  const select = (agent: string | null): BoardEvent => ({ type: 'selected', agent });
  const timeline = (agent: string, because: readonly string[], dropped = 0): BoardEvent => {
    const entries = because.map((text) => testDecision({ who: agent, because: text }));
    return received(JSON.stringify({ type: 'timeline', agent, entries, dropped }));
  };
  const told = (state: BoardState) => state.opened?.entries.map(({ because }) => because);

  it('begins with what the page has seen, and is whole when the lab has answered', () => {
    const seen = play([0, decision('b', 'a1')], [1, decision('x', 'a2')], [2, select('a1')]);
    expect(told(seen)).toEqual(['b']);
    expect(seen.opened?.dropped).toBeNull();
    const whole = boardStep(seen, timeline('a1', ['a', 'b'], 3), 5);
    expect(told(whole)).toEqual(['b', 'a']);
    expect(whole.opened?.dropped).toBe(3);
    expect(new Set(whole.opened?.entries.map(({ id }) => id)).size).toBe(2);
  });

  it('gets what is decided later, of this agent alone, and never more than is kept', () => {
    let state = play([0, select('a1')], [1, timeline('a1', ['a'])], [2, decision('other', 'a2')]);
    state = boardStep(state, decision('b', 'a1'), 3);
    expect(told(state)).toEqual(['b', 'a']);
    for (let i = 0; i < TIMELINE_MAX + 9; i += 1) state = boardStep(state, decision(`${i}`, 'a1'), 4);
    expect(state.opened?.entries).toHaveLength(TIMELINE_MAX);
  });

  it('an answer for one who is no longer open changes nothing', () => {
    const state = play([0, select('a1')], [1, select('a2')], [2, timeline('a1', ['a'])]);
    expect(state.opened).toEqual({ agent: 'a2', entries: [], dropped: null });
    expect(boardStep(state, select(null), 3).opened).toBeNull();
  });
});

describe('notices', () => {
  it('stay for a while, can be dismissed, and do not pile up', () => {
    let state = INITIAL_BOARD;
    for (let i = 0; i < 10; i += 1) state = boardStep(state, notice('info', `notice ${i}`), i);
    expect(state.notices).toHaveLength(NOTICES_MAX);
    const [first] = state.notices;
    expect(boardStep(state, { type: 'dismissed', id: first?.id ?? 0 }, 20).notices).not.toContain(first);
    expect(boardStep(state, { type: 'ticked' }, 20 + NOTICE_STAYS_MS).notices).toEqual([]);
  });

  it('the same words twice are one notice', () => {
    expect(play([0, notice('info', 'same')], [5, notice('info', 'same')]).notices).toHaveLength(1);
  });

  it.each([
    ['no JSON', 'hello'],
    ['an unknown type', '{"type":"weather"}'],
    ['a wrong field', snapshot({ a: 'north' }).replace('"Ready"', '"Asleep"')],
  ])('a message with %s is an error notice and changes nothing else', (_, text) => {
    const before = play([0, { type: 'opened' }], [0, received(snapshot({ a: 'north' }))]);
    const after = boardStep(before, received(text), 10);
    expect(after.notices[0]?.level).toBe('error');
    expect({ ...after, notices: [], nextId: 0 }).toEqual({ ...before, notices: [], nextId: 0 });
  });
});

describe('buttons', () => {
  const pressed: BoardEvent = { type: 'pressed', site: 'north', command: 'kill' };

  it('a pressed button is pending until the site has changed its state', () => {
    const waiting = play([0, received(snapshot({}))], [5, pressed], [50, received(snapshot({}))]);
    expect(waiting.pending.north?.command).toBe('kill');
    expect(boardStep(waiting, received(snapshot({}, 'down')), 300).pending).toEqual({});
  });

  it('a refusal, a lost link or a long silence frees it', () => {
    const waiting = play([0, received(snapshot({}))], [5, pressed]);
    expect(boardStep(waiting, notice('error', 'no'), 10).pending).toEqual({});
    expect(boardStep(waiting, notice('info', 'yes'), 10).pending).not.toEqual({});
    expect(boardStep(waiting, { type: 'lost', retryAt: 99 }, 10).pending).toEqual({});
    expect(boardStep(waiting, { type: 'ticked' }, 5 + PENDING_MAX_MS).pending).toEqual({});
  });
});

describe('the link', () => {
  it('keeps the picture while the lab is gone, counts attempts, and is live again', () => {
    const gone = play(
      [0, { type: 'opened' }],
      [0, received(snapshot({ a: 'north' }))],
      [1_000, { type: 'lost', retryAt: 1_500 }],
      [1_600, { type: 'lost', retryAt: 2_600 }],
    );
    expect(gone.snapshot).not.toBeNull();
    expect(gone.link).toEqual({ name: 'lost', since: 1_000, retryAt: 2_600, attempt: 2 });
    expect(boardStep(gone, { type: 'opened' }, 2_700).link).toEqual({ name: 'live' });
  });

  it('a tick without news is the same state, so that nothing is drawn again', () => {
    const state = play([0, received(snapshot({ a: 'north' }))]);
    expect(boardStep(state, { type: 'ticked' }, 10)).toBe(state);
  });
});

describe('a lab that has gone silent', () => {
  const opened = [0, { type: 'opened' }] as const;
  const heard = [1_000, received(snapshot({ agent1: 'north' }))] as const;

  it('is live while something comes, and silent when nothing has come for a while', () => {
    const at = 1_000 + SILENT_AFTER_MS;
    expect(play(opened, heard, [at - 1, { type: 'ticked' }]).link).toEqual({ name: 'live' });
    expect(play(opened, heard, [at, { type: 'ticked' }]).link).toEqual({ name: 'silent', since: 1_000 });
  });

  it('is silent too when nothing came at all', () => {
    expect(play(opened, [SILENT_AFTER_MS, { type: 'ticked' }]).link).toEqual({ name: 'silent', since: 0 });
  });

  it('is live again with the next word, and lost when the connection ends', () => {
    const silent = [9_000, { type: 'ticked' }] as const;
    expect(play(opened, heard, silent, [9_500, decision('x')]).link).toEqual({ name: 'live' });
    const lost = play(opened, heard, silent, [9_500, { type: 'lost', retryAt: 10_000 }]);
    expect(lost.link).toMatchObject({ name: 'lost', since: 9_500 });
  });

  it('a link that is lost does not become silent', () => {
    const lost = play(opened, [100, { type: 'lost', retryAt: 200 }], [60_000, { type: 'ticked' }]);
    expect(lost.link.name).toBe('lost');
  });
});
