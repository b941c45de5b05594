import { expect, test } from 'vitest';
import {
  LATE_MS,
  NOT_PRIMARY,
  type OwnPrimary,
  type OwnPrimaryEvent,
  ownPrimaryDeadline,
  stepOwnPrimary,
} from './own-primary.ts';

/** Each event at its instant; which process was killed after each. */
function killed(...events: readonly (readonly [number, OwnPrimaryEvent])[]) {
  let state: OwnPrimary = NOT_PRIMARY;
  return events.flatMap(([now, event]) => {
    const next = stepOwnPrimary(state, event, now);
    state = next.state;
    return next.effects.map(({ process, because }) => `${now} ${because.rule} kill ${process}`);
  });
}

const confirmed = (process: string): OwnPrimaryEvent => ({ type: 'confirmed', process, remainsMs: 600 });
const expire: OwnPrimaryEvent = { type: 'expire' };

test('[PR8] a primary that neither voice has confirmed for a lease is killed, once', () => {
  expect(killed([0, confirmed('p1')], [599, expire], [600, expire], [700, expire])).toEqual([
    '600 PR8 kill p1',
  ]);
});

test('[PR8] each confirmation begins the lease anew', () => {
  expect(killed([0, confirmed('p1')], [150, confirmed('p1')], [600, expire], [749, expire])).toEqual([]);
});

test('[PR8] who stands by, or has ended, is not killed', () => {
  expect(killed([0, confirmed('p1')], [10, { type: 'standsBy', process: 'p1' }], [600, expire])).toEqual([]);
  expect(killed([0, confirmed('p1')], [10, { type: 'ended', process: 'p1' }], [600, expire])).toEqual([]);
  expect(killed([600, expire])).toEqual([]);
});

test('[PR8] a supervisor that slept itself reads what waits for it before it kills', () => {
  const late = 600 + LATE_MS;
  expect(killed([0, confirmed('p1')], [late, expire], [late, confirmed('p1')], [late + 60, expire])).toEqual(
    [],
  );
  expect(killed([0, confirmed('p1')], [late, expire], [late + LATE_MS - 1, expire])).toEqual([
    `${late + LATE_MS - 1} PR8 kill p1`,
  ]);
});

test('[PR8] the word of a former process neither saves nor ends the present one', () => {
  const events: (readonly [number, OwnPrimaryEvent])[] = [
    [0, confirmed('p1')],
    [600, expire],
    [610, confirmed('p1')],
    [620, { type: 'ended', process: 'p1' }],
    [630, confirmed('p2')],
    [640, { type: 'standsBy', process: 'p1' }],
    [650, { type: 'ended', process: 'p1' }],
    [1230, expire],
  ];
  expect(killed(...events)).toEqual(['600 PR8 kill p1', '1230 PR8 kill p2']);
});

test('it wants to be woken when the time of a primary is over, and else not', () => {
  expect(ownPrimaryDeadline(NOT_PRIMARY)).toBeUndefined();
  expect(ownPrimaryDeadline(stepOwnPrimary(NOT_PRIMARY, confirmed('p1'), 5).state)).toBe(605);
  expect(ownPrimaryDeadline({ name: 'killed', process: 'p1' })).toBeUndefined();
});
