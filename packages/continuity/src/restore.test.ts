import { describe, expect, it } from 'vitest';
import {
  CALL_AT_LOST_SITE,
  type Restore,
  type RestoreEvent,
  restoreDeadline,
  startRestore,
  stepRestore,
} from './restore.ts';

const option = (value: boolean) => ({
  value,
  option: { name: 'disaster-recovery.restore-agent-state', value: String(value), source: 'test' },
});
const READY = { state: 'Ready', workMode: 'Unknown', reasons: {} } as const;
const LUNCH = { state: 'NotReady', workMode: 'AuxWork', reasons: { ReasonCode: 'lunch' } } as const;
const seen = (choice: typeof READY | typeof LUNCH): RestoreEvent => ({
  type: 'seen',
  state: { ...choice, endsAt: undefined },
  isAnswer: true,
});

/** Runs the events, each a second after the other, and lists what was asked for. */
function run(restoresState: boolean, events: readonly RestoreEvent[]) {
  let state: Restore = startRestore(option(restoresState));
  const asked = [];
  let now = 0;
  for (const event of events) {
    now += 1_000;
    const next = stepRestore(state, event, now);
    state = next.state;
    asked.push(...next.effects);
  }
  return {
    state,
    asked: asked.map((effect) => effect.choice),
    rules: asked.map((effect) => effect.because.rule),
  };
}

describe('restore', () => {
  it('[DS13] [C59] true: the last state seen comes back, with its reason', () => {
    const { asked, rules } = run(true, [
      { type: 'loggedIn' },
      seen(LUNCH),
      { type: 'loginLost', hadCall: false },
      { type: 'loggedIn' },
    ]);
    expect(asked).toEqual([LUNCH]);
    expect(rules).toEqual(['DS13']);
  });

  it('[D36] the restored state equals the last seen, not the one that the log-in made', () => {
    const { asked } = run(true, [
      { type: 'loggedIn' },
      seen(READY),
      { type: 'loginLost', hadCall: false },
      seen({ ...LUNCH }),
      { type: 'loggedIn' },
    ]);
    expect(asked).toEqual([READY]);
  });

  it('[DS13] false: the agent stays NotReady', () => {
    const { asked, state } = run(false, [
      { type: 'loggedIn' },
      seen(READY),
      { type: 'loginLost', hadCall: false },
      { type: 'loggedIn' },
    ]);
    expect(asked).toEqual([]);
    expect(state.phase).toBe('settled');
  });

  it('[C62] [DS13] nothing is put back while a window is open', () => {
    const before: RestoreEvent[] = [
      { type: 'loggedIn' },
      seen(READY),
      { type: 'windows', open: 1 },
      { type: 'loginLost', hadCall: false },
      { type: 'loggedIn' },
    ];
    expect(run(true, before).asked).toEqual([]);
    expect(run(true, [...before, { type: 'windows', open: 0 }]).asked).toEqual([READY]);
  });

  it('[D37] a newer choice of the agent wins over the state that waits', () => {
    const held: RestoreEvent[] = [
      { type: 'loggedIn' },
      seen(READY),
      { type: 'windows', open: 1 },
      { type: 'loginLost', hadCall: false },
      { type: 'loggedIn' },
    ];
    const chosen = run(true, [...held, { type: 'chosen', choice: LUNCH }, { type: 'windows', open: 0 }]);
    expect(chosen.asked).toEqual([LUNCH]);
    const whileOut = run(true, [
      { type: 'loggedIn' },
      seen(READY),
      { type: 'loginLost', hadCall: false },
      { type: 'chosen', choice: LUNCH },
      { type: 'loggedIn' },
    ]);
    expect(whileOut.asked).toEqual([LUNCH]);
  });

  it('[C61] an agent on break stays on break through two losses', () => {
    const { asked } = run(true, [
      { type: 'loggedIn' },
      seen(LUNCH),
      { type: 'loginLost', hadCall: false },
      { type: 'loggedIn' },
      { type: 'loginLost', hadCall: false },
      { type: 'loggedIn' },
    ]);
    expect(asked).toEqual([LUNCH, LUNCH]);
  });

  it('[DS14] a call at the lost site keeps the agent NotReady until it is over', () => {
    const lost: RestoreEvent[] = [
      { type: 'loggedIn' },
      seen(READY),
      { type: 'loginLost', hadCall: true },
      { type: 'loggedIn' },
    ];
    const waiting = run(true, [...lost, { type: 'windows', open: 0 }]);
    expect(waiting.asked).toEqual([
      { state: 'NotReady', workMode: 'Unknown', reasons: { ReasonCode: CALL_AT_LOST_SITE } },
    ]);
    expect(waiting.rules).toEqual(['DS14']);
    expect(run(true, [...lost, { type: 'callOver' }]).asked.at(-1)).toEqual(READY);
    expect(run(true, [...lost, { type: 'chosen', choice: READY }]).asked.at(-1)).toEqual(READY);
    expect(run(false, [...lost, { type: 'callOver' }]).asked.at(-1)).toMatchObject({
      state: 'NotReady',
      reasons: {},
    });
  });

  it('[DS13] a login that was never lost changes no state', () => {
    const { asked } = run(true, [
      { type: 'loggedIn' },
      seen(READY),
      { type: 'loginLost', hadCall: false },
      { type: 'loginKept' },
    ]);
    expect(asked).toEqual([]);
  });

  it('[C61] a state asked for is not forgotten when the login is lost before the site has answered', () => {
    const byLogin: RestoreEvent = {
      type: 'seen',
      state: { ...READY, state: 'NotReady', endsAt: undefined },
      isAnswer: false,
    };
    const { asked } = run(true, [
      { type: 'loggedIn' },
      seen(READY),
      { type: 'loginLost', hadCall: false },
      { type: 'loggedIn' },
      // The log-in's own NotReady comes after the request, before its answer.
      byLogin,
      { type: 'loginLost', hadCall: false },
      { type: 'loggedIn' },
    ]);
    expect(asked).toEqual([READY, READY]);
  });

  it('[D37] a choice that was not answered is made again when the login stands after all', () => {
    const lost: RestoreEvent[] = [
      { type: 'loggedIn' },
      seen(READY),
      { type: 'chosen', choice: LUNCH },
      { type: 'loginLost', hadCall: false },
      { type: 'loginKept' },
    ];
    expect(run(true, lost).asked).toEqual([LUNCH, LUNCH]);
    const answered = [...lost.slice(0, 3), { type: 'answered' }, ...lost.slice(3)] as RestoreEvent[];
    expect(run(true, answered).asked).toEqual([LUNCH]);
  });

  it('[D26] timed after-call work goes on where it was, and ends in Ready', () => {
    const work = { state: 'NotReady', workMode: 'AfterCallWork', reasons: {} } as const;
    const events: RestoreEvent[] = [
      { type: 'loggedIn' },
      { type: 'seen', state: { ...work, endsAt: 10_000 }, isAnswer: false },
      { type: 'loginLost', hadCall: false },
      { type: 'loggedIn' },
    ];
    const { asked, state } = run(true, events);
    expect(asked).toEqual([work]);
    expect(restoreDeadline(state)).toBe(10_000);
    expect(stepRestore(state, { type: 'expire' }, 9_999).effects).toEqual([]);
    expect(stepRestore(state, { type: 'expire' }, 10_000).effects).toMatchObject([{ choice: READY }]);
  });
});
