import { describe, expect, test } from 'vitest';
import { type AgentEvent, type AgentState, type Standing, standingOf, stepAgent } from './agent.ts';

const READY: Standing = { name: 'Ready', workMode: 'AutoIn', reasons: {} };
const LUNCH: Standing = { name: 'NotReady', workMode: 'AuxWork', reasons: { ReasonCode: 'lunch' } };
const ready: AgentState = { ...READY, since: 5, asked: undefined };
const work: AgentState = {
  name: 'AfterCallWork',
  reasons: {},
  since: 10,
  wrapUp: 1_000,
  wrapUpEndsAt: 1_010,
  next: READY,
  asked: undefined,
};

const idleWork = { wrapUp: 0, isReadyAfter: true };

const EVENTS: AgentEvent[] = [
  { type: 'logout' },
  { type: 'ask', standing: READY, onCall: false, idleWork },
  { type: 'setNotReady', reasons: {} },
  { type: 'callEnding', wrapUp: 1_000 },
  { type: 'callEnded', last: true },
  { type: 'timeUp' },
];

describe('the agent', () => {
  test('who is logged out is moved by a login alone', () => {
    const state: AgentState = { name: 'LoggedOut' };
    for (const event of EVENTS) expect(stepAgent(state, event, 1)).toEqual({ state, effects: [] });
    expect(standingOf(state)).toBeUndefined();
  });

  test('a deadline that fires early, late or for nothing changes nothing', () => {
    expect(stepAgent(work, { type: 'timeUp' }, 1_009)).toEqual({ state: work, effects: [] });
    expect(stepAgent(ready, { type: 'timeUp' }, 1_010)).toEqual({ state: ready, effects: [] });
    const untimed: AgentState = { ...work, wrapUp: 'untimed', wrapUpEndsAt: undefined };
    expect(stepAgent(untimed, { type: 'timeUp' }, 99_999)).toEqual({ state: untimed, effects: [] });
    expect(stepAgent(work, { type: 'timeUp' }, 5_000).state).toEqual({
      ...READY,
      since: 5_000,
      asked: undefined,
    });
  });

  test('[AG5] what was asked for waits until no call is left', () => {
    const asked = stepAgent(ready, { type: 'ask', standing: LUNCH, onCall: true, idleWork }, 7).state;
    expect(standingOf(asked)).toMatchObject(READY);
    expect(stepAgent(asked, { type: 'callEnded', last: false }, 8)).toEqual({ state: asked, effects: [] });
    expect(stepAgent(asked, { type: 'callEnded', last: true }, 9)).toEqual({
      state: { ...LUNCH, since: 9, asked: undefined },
      effects: [{ type: 'became', standing: LUNCH, wrapUp: undefined }],
    });
  });

  test('[AG8] a business call that is taken during after-call work starts it again and keeps what follows', () => {
    const state = stepAgent({ ...work, next: LUNCH }, { type: 'callEnding', wrapUp: 1_000 }, 500).state;
    expect(state).toMatchObject({ name: 'AfterCallWork', since: 500, wrapUpEndsAt: 1_500, next: LUNCH });
  });

  test('[AG6] the same state with another reason is another state', () => {
    const lunch: AgentState = { ...LUNCH, since: 5, asked: undefined };
    const other: Standing = { ...LUNCH, reasons: { ReasonCode: 'training' } };
    expect(stepAgent(lunch, { type: 'ask', standing: LUNCH, onCall: false, idleWork }, 9)).toEqual({
      state: lunch,
      effects: [{ type: 'same', standing: LUNCH, wrapUp: undefined }],
    });
    expect(
      stepAgent(lunch, { type: 'ask', standing: other, onCall: false, idleWork }, 9).state,
    ).toMatchObject({ since: 9 });
  });
});
