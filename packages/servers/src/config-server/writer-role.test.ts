import { describe, expect, it } from 'vitest';
import {
  ASK_EVERY_MS,
  freshWriter,
  STORE_ANSWER_MAX_MS,
  stepWriter,
  type WriterEvent,
  type WriterState,
  writerDeadline,
} from './writer-role.ts';

/** Steps one after the other, and all that was asked. */
function steps(...events: readonly (readonly [now: number, event: WriterEvent])[]) {
  let state: WriterState = freshWriter(0);
  const asks: (number | 'role')[] = [];
  for (const [now, event] of events) {
    const step = stepWriter(state, event, now);
    state = step.state;
    if (step.ask !== undefined) asks.push(step.ask.epoch ?? 'role');
  }
  return { state, asks, role: state.role };
}

const expire = { type: 'expire' } as const;
const answered = (answer: Extract<WriterEvent, { type: 'answered' }>['answer']) =>
  ({ type: 'answered', answer }) as const;
const claimed = answered({ type: 'claimed', epoch: 4, revision: { epoch: 3, number: 9 } });
const held = answered({ type: 'held', by: 'config-south', epoch: 5, ageMs: 100 });
const lost = answered({ type: 'epochLost', by: 'config-south', epoch: 5 });
const away = answered({ type: 'unavailable', because: 'It is away.' });

describe('[CW1] who writes is asked twice a second, and an epoch that was lost writes nothing more', () => {
  it('asks for the role at once, and half a second after it asked, not after the answer', () => {
    expect(steps([0, expire]).asks).toEqual(['role']);
    expect(writerDeadline(steps([0, expire], [20, held]).state)).toBe(ASK_EVERY_MS);
    expect(writerDeadline(steps([0, expire], [1_900, held]).state)).toBe(1_900);
  });

  it('writes once it has claimed, and asks then whether its epoch still holds', () => {
    const writing = steps([0, expire], [10, claimed], [400, expire], [500, expire]);
    expect(writing.role).toEqual({ name: 'writing', epoch: 4 });
    expect(writing.asks).toEqual(['role', 4]);
    expect(
      steps([0, expire], [10, claimed], [500, expire], [510, answered({ type: 'renewed' })]).role,
    ).toEqual({ name: 'writing', epoch: 4 });
  });

  it('follows whoever holds it, and whoever has overtaken it, told by an ask or by a commit', () => {
    expect(steps([0, expire], [10, held]).role).toEqual({ name: 'following', holder: 'config-south' });
    expect(steps([0, expire], [10, claimed], [500, expire], [510, lost]).role).toEqual({
      name: 'following',
      holder: 'config-south',
    });
    const overtaken = steps([0, expire], [10, claimed], [100, { type: 'overtaken' }], [100, expire]);
    expect([overtaken.role, overtaken.asks]).toEqual([
      { name: 'following', holder: undefined },
      ['role', 'role'],
    ]);
  });

  it('is cut off when the store is away or silent, since when it is, and asks on', () => {
    const cut = steps([0, expire], [10, claimed], [500, expire], [510, away], [1_010, expire], [1_020, away]);
    expect(cut.role).toEqual({ name: 'cutOff', since: 510, because: 'It is away.', epoch: 4 });
    // Its epoch may still hold by then.
    expect(cut.asks).toEqual(['role', 4, 4]);
    const silent = steps([0, expire], [10, claimed], [500, expire], [500 + STORE_ANSWER_MAX_MS, expire]);
    expect(silent.role).toMatchObject({ name: 'cutOff', since: 500 + STORE_ANSWER_MAX_MS });
    expect(silent.asks).toEqual(['role', 4, 4]);
    const back = answered({ type: 'renewed' });
    const again = steps(
      [0, expire],
      [10, claimed],
      [500, expire],
      [510, away],
      [1_010, expire],
      [1_020, back],
    );
    expect(again.role).toEqual({ name: 'writing', epoch: 4 });
    const overtaken = steps(
      [0, expire],
      [10, claimed],
      [500, expire],
      [510, away],
      [1_010, expire],
      [1_020, lost],
    );
    expect(overtaken.role).toEqual({ name: 'following', holder: 'config-south' });
  });
});
