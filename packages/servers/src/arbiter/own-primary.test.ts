import { expect, test } from 'vitest';
import {
  beginOwnPrimary,
  LATE_MS,
  NOT_PRIMARY,
  type OwnPrimary,
  type OwnPrimaryEvent,
  ownPrimaryDeadline,
  stepOwnPrimary,
} from './own-primary.ts';

type Happening = readonly [at: number, event: OwnPrimaryEvent];

/** Each event at its instant; what was done after each. */
function done(...events: Happening[]): string[] {
  let state: OwnPrimary = NOT_PRIMARY;
  return events.flatMap(([now, event]) => {
    const next = stepOwnPrimary(state, event, now);
    state = next.state;
    return next.effects.map((effect) => {
      const what = effect.type === 'kill' ? `kill ${effect.process}` : `${effect.verb} the address`;
      return `${now} ${effect.because.rule} ${what}`;
    });
  });
}

const killed = (...events: Happening[]) => done(...events).filter((line) => line.includes('kill'));

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

test('[PR10] the address comes with the first confirmation of a primary, and not again with the next', () => {
  expect(done([0, confirmed('p1')], [150, confirmed('p1')], [300, confirmed('p1')])).toEqual([
    '0 PR10 add the address',
  ]);
});

test('[PR10] it leaves when the primary stands by, ends, or is killed, and only once', () => {
  const [standsBy, ended] = [
    { type: 'standsBy', process: 'p1' },
    { type: 'ended', process: 'p1' },
  ] as const;
  const leaves = (at: number) => `${at} PR10 remove the address`;
  expect(done([0, confirmed('p1')], [10, standsBy], [20, standsBy], [30, ended]).slice(1)).toEqual([
    leaves(10),
  ]);
  expect(done([0, confirmed('p1')], [10, ended], [20, ended]).slice(1)).toEqual([leaves(10)]);
  expect(done([0, confirmed('p1')], [600, expire], [610, ended]).slice(1)).toEqual([
    '600 PR8 kill p1',
    leaves(600),
  ]);
});

test('[PR10] a standby never had it, and what is killed does not get it back by a word that comes late', () => {
  expect(done([0, { type: 'standsBy', process: 'p1' }], [10, { type: 'ended', process: 'p1' }])).toEqual([]);
  expect(done([0, confirmed('p1')], [600, expire], [610, confirmed('p1')]).slice(3)).toEqual([]);
  expect(done([0, confirmed('p1')], [600, expire], [610, confirmed('p2')]).slice(3)).toEqual([
    '610 PR10 add the address',
  ]);
});

test('[PR10] a supervisor that begins removes what a former life of it may have left', () => {
  expect(beginOwnPrimary()).toMatchObject({
    state: NOT_PRIMARY,
    effects: [{ type: 'address', verb: 'remove' }],
  });
});

test('it wants to be woken when the time of a primary is over, and else not', () => {
  expect(ownPrimaryDeadline(NOT_PRIMARY)).toBeUndefined();
  expect(ownPrimaryDeadline(stepOwnPrimary(NOT_PRIMARY, confirmed('p1'), 5).state)).toBe(605);
  expect(ownPrimaryDeadline({ name: 'killed', process: 'p1' })).toBeUndefined();
});
