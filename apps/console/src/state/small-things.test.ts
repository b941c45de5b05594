import type { BoardSite } from '@holdfast/protocol';
import { describe, expect, it } from 'vitest';
import { decisionWords, optionWords } from '../texts.ts';
import { cardName, faceOf, isAtWork } from './card-face.ts';
import { nextCard } from './card-keys.ts';
import { exactDuration, wholeDuration } from './durations.ts';
import { reconnectDelayMs } from './reconnect.ts';
import { ringProgress, secondsLeft } from './ring.ts';
import { COMMANDS, mayPress } from './site-buttons.ts';
import { testAgent, testDecision, testSites } from './test-agent.ts';

const agent = testAgent();
const north = testSites;

describe('the face of a card', () => {
  it.each([
    ['ready', {}, 'up'],
    ['talking', { onCall: true }, 'up'],
    ['talking', { onCall: true }, 'down'],
    ['wrapUp', { state: 'NotReady', workMode: 'AfterCallWork' }, 'up'],
    ['notReady', { state: 'NotReady', workMode: 'AuxWork' }, 'up'],
    ['out', { state: 'LoggedOut', site: null }, 'up'],
    ['cut', {}, 'down'],
    ['cut', {}, 'hung'],
    ['cut', { state: 'LoggedOut' }, 'down'],
    ['cut', { state: 'LoggedOut' }, 'starting'],
    ['ready', {}, 'starting'],
  ] as const)('is %s for %o while the site is %s', (face, more, state) => {
    expect(faceOf({ ...agent, ...more }, north(state))).toBe(face);
  });

  it('a call that outlives its site is still a call, but nobody there is at work', () => {
    const talking = { ...agent, onCall: true };
    expect(isAtWork(talking, north('up'))).toBe(true);
    expect(isAtWork(talking, north('hung'))).toBe(false);
    expect(isAtWork({ ...talking, state: 'LoggedOut' }, north('starting'))).toBe(false);
  });

  it('shows the number of an agent who is named after it, else the name', () => {
    expect(cardName(agent)).toBe('7001');
    expect(cardName({ agent: 'Anna', dn: '7001' })).toBe('Anna');
  });
});

describe('the ring', () => {
  const wait = { from: 1_000, until: 5_000 };

  it('is empty at the beginning, closed at the end, and never beyond', () => {
    expect([500, 1_000, 3_000, 5_000, 9_000].map((now) => ringProgress(wait, now))).toEqual([
      0, 0, 0.5, 1, 1,
    ]);
    expect(ringProgress({ ...wait, until: wait.from }, 1_000)).toBe(1);
  });

  it('counts seconds down to 0', () => {
    expect([1_000, 1_001, 4_999, 5_000, 7_000].map((now) => secondsLeft(wait, now))).toEqual([4, 4, 1, 0, 0]);
  });
});

describe('buttons of a site', () => {
  const allowed = (state: BoardSite['state'], more = {}) =>
    COMMANDS.filter((command) => mayPress(command, { state, isLive: true, pending: undefined, ...more }));

  it('offer what makes sense in the state of the site', () => {
    expect(allowed('up')).toEqual(['kill', 'hang']);
    expect(allowed('hung')).toEqual(['kill', 'restore']);
    expect(allowed('down')).toEqual(['restore']);
    expect(allowed('starting')).toEqual(['kill']);
  });

  it('offer nothing while the lab is gone or another button has its effect yet to come', () => {
    expect(allowed('up', { isLive: false })).toEqual([]);
    expect(allowed('up', { pending: 'hang' })).toEqual([]);
  });
});

describe('arrow keys', () => {
  const seats = new Map([
    ['a', { x: 0, y: 0 }],
    ['b', { x: 100, y: 0 }],
    ['c', { x: 0, y: 70 }],
    ['far', { x: 900, y: 10 }],
  ]);

  it('go to the nearest card in their direction, across the river too', () => {
    expect(nextCard('ArrowRight', 'a', seats)).toBe('b');
    expect(nextCard('ArrowDown', 'a', seats)).toBe('c');
    expect(nextCard('ArrowRight', 'b', seats)).toBe('far');
    expect(nextCard('ArrowUp', 'c', seats)).toBe('a');
  });

  it('stay where there is nothing, and leave other keys alone', () => {
    expect(nextCard('ArrowLeft', 'a', seats)).toBeUndefined();
    expect(nextCard('x', 'a', seats)).toBeUndefined();
    expect(nextCard('End', 'a', seats)).toBe('far');
  });
});

describe('words', () => {
  it('durations are short', () => {
    expect([0, 340, 3_420, 59_949, 59_950, 61_000].map(exactDuration)).toEqual([
      '0.0 s',
      '0.3 s',
      '3.4 s',
      '59.9 s',
      '1 min 00 s',
      '1 min 01 s',
    ]);
    expect([-5, 59_999, 125_000, 4_200_000].map(wholeDuration)).toEqual([
      '0 s',
      '59 s',
      '2 min 05 s',
      '1 h 10 min',
    ]);
  });

  it('decisions become sentences, also of several; unknown ones are shown as they are', () => {
    const words = (what: string, agents = 1) => decisionWords(testDecision({ what, site: 'south' }), agents);
    expect(words('logIn')).toBe('logs in at south');
    expect(words('logIn', 3)).toBe('log in at south');
    expect(words('something new', 3)).toBe('something new');
  });

  it('an alarm is reported, and nobody is said to move', () => {
    const alarm = testDecision({ kind: 'alarm', what: 'statistics-link-lost' });
    expect(decisionWords(alarm)).toBe('reports: statistics link lost at north');
    expect(decisionWords({ ...alarm, kind: 'alarmOver' }, 2)).toBe('report the end of: statistics link lost');
  });

  it('an option is named with its value and where it comes from', () => {
    const option = { name: 'disaster-recovery.timeout', value: '60 s', source: 'Application/workspace' };
    expect(optionWords(option)).toBe('disaster-recovery.timeout = 60 s, from Application/workspace');
    expect(optionWords({ ...option, source: 'default' })).toBe(
      'disaster-recovery.timeout = 60 s, by default',
    );
  });
});

describe('reconnecting', () => {
  it('asks soon at first, then less often, never rarer than every 4 s', () => {
    expect([1, 2, 3, 4, 5, 500].map(reconnectDelayMs)).toEqual([500, 1_000, 2_000, 4_000, 4_000, 4_000]);
  });
});
