import { expect, test } from 'vitest';
import {
  type ClientEvent,
  type InviteClientState,
  inviteClientDeadline,
  startInviteClient,
  stepInviteClient,
} from './invite-client.ts';
import {
  type NonInviteClientState,
  nonInviteClientDeadline,
  startNonInviteClient,
  stepNonInviteClient,
} from './non-invite-client.ts';
import { type Timers, timersFor, timerValues } from './timers.ts';

const UDP = timersFor(timerValues(), 'UDP');
const TCP = timersFor(timerValues(), 'TCP');

type Told = number | 'cancelled' | 'transportFailed';

/**
 * Runs a machine and writes down each step as `at state effects`. What is told comes at its instant; between, the
 * machine is woken at each deadline of its own until `until`.
 */
function play<S extends InviteClientState | NonInviteClientState>(
  start: { state: S; effects: readonly string[] },
  step: (state: S, event: ClientEvent, now: number) => { state: S; effects: readonly string[] },
  deadline: (state: S) => number | null,
  told: readonly (readonly [at: number, what: Told])[],
  until: number,
): string[] {
  let { state } = start;
  const script = [line(0, state.name, start.effects)];
  const queue = [...told];
  for (;;) {
    const due = deadline(state) ?? Number.POSITIVE_INFINITY;
    const next = queue[0];
    const now = Math.min(due, next?.[0] ?? Number.POSITIVE_INFINITY);
    if (now > until) return script;
    let event: ClientEvent = { type: 'expire' };
    if (next !== undefined && next[0] <= due) {
      queue.shift();
      event = typeof next[1] === 'number' ? { type: 'response', status: next[1] } : { type: next[1] };
    }
    const result = step(state, event, now);
    state = result.state;
    script.push(line(now, state.name, result.effects));
  }
}

function line(at: number, state: string, effects: readonly string[]): string {
  return [at, state, ...effects].join(' ');
}

function invite(told: readonly (readonly [number, Told])[], timers: Timers = UDP, until = 100_000): string[] {
  const step = (state: InviteClientState, event: ClientEvent, now: number) =>
    stepInviteClient(state, event, now, timers);
  return play(startInviteClient(0, timers), step, inviteClientDeadline, told, until);
}

function nonInvite(
  told: readonly (readonly [number, Told])[],
  timers: Timers = UDP,
  until = 100_000,
): string[] {
  const step = (state: NonInviteClientState, event: ClientEvent, now: number) =>
    stepNonInviteClient(state, event, now, timers);
  return play(startNonInviteClient(0, timers), step, nonInviteClientDeadline, told, until);
}

test('[TX1] the timers are those of RFC 3261 table 4 and RFC 6026, for UDP and for reliable transports', () => {
  expect(UDP).toEqual({
    A: 500,
    B: 32_000,
    D: 32_000,
    E: 500,
    F: 32_000,
    G: 500,
    H: 32_000,
    I: 5_000,
    J: 32_000,
    K: 5_000,
    L: 32_000,
    M: 32_000,
    pauseMax: 4_000,
  });
  expect(TCP).toEqual({
    A: null,
    B: 32_000,
    D: 0,
    E: null,
    F: 32_000,
    G: null,
    H: 32_000,
    I: 0,
    J: 0,
    K: 0,
    L: 32_000,
    M: 32_000,
    pauseMax: 4_000,
  });
});

test('[TX1] all of them follow T1, T2 and T4; D stays at 32 s; a request may give up earlier', () => {
  const values = timerValues({ T1: 100, T2: 400, T4: 500 });
  expect(values).toEqual({ T1: 100, T2: 400, T4: 500, giveUp: 6_400, D: 32_000 });
  expect(timersFor(values, 'UDP', 1_500)).toMatchObject({
    A: 100,
    B: 1_500,
    F: 1_500,
    H: 6_400,
    D: 32_000,
    K: 500,
  });
  expect(timerValues({ T1: 1_000 })).toMatchObject({ giveUp: 64_000, D: 64_000 });
});

test('[TX2] Timer A repeats the INVITE over UDP at doubling pauses, Timer B gives up', () => {
  expect(invite([])).toEqual([
    '0 calling transmitRequest',
    '500 calling transmitRequest',
    '1500 calling transmitRequest',
    '3500 calling transmitRequest',
    '7500 calling transmitRequest',
    '15500 calling transmitRequest',
    '31500 calling transmitRequest',
    '32000 terminated reportTimeout',
  ]);
});

test('[TX2] over a reliable transport the INVITE is sent once', () => {
  expect(invite([], TCP)).toEqual(['0 calling transmitRequest', '32000 terminated reportTimeout']);
});

test('[TX3] a provisional response ends the repetition and the time limit', () => {
  expect(
    invite([
      [100, 100],
      [2_000, 180],
    ]),
  ).toEqual(['0 calling transmitRequest', '100 proceeding passUp', '2000 proceeding passUp']);
});

test('[TX3] after CANCEL the final response is waited for no longer than 64*T1', () => {
  expect(
    invite([
      [100, 180],
      [5_000, 'cancelled'],
      [6_000, 'cancelled'],
    ]),
  ).toEqual([
    '0 calling transmitRequest',
    '100 proceeding passUp',
    '5000 proceeding',
    '6000 proceeding',
    '37000 terminated reportTimeout',
  ]);
});

test('[TX4] a refusal is acknowledged and passed up once, its repetitions are acknowledged, Timer D ends', () => {
  expect(
    invite([
      [100, 180],
      [200, 486],
      [700, 486],
      [800, 180],
      [900, 200],
    ]),
  ).toEqual([
    '0 calling transmitRequest',
    '100 proceeding passUp',
    '200 completed transmitAck passUp',
    '700 completed transmitAck',
    '800 completed',
    '900 completed',
    '32200 terminated',
  ]);
});

test('[TX4] over a reliable transport Timer D is zero', () => {
  expect(
    invite(
      [
        [200, 486],
        [300, 486],
      ],
      TCP,
    ),
  ).toEqual(['0 calling transmitRequest', '200 terminated transmitAck passUp', '300 terminated']);
});

test('[TX5] each 2xx is passed up until Timer M; nothing else is', () => {
  expect(
    invite([
      [200, 200],
      [700, 200],
      [800, 486],
      [900, 180],
      [1_000, 'transportFailed'],
    ]),
  ).toEqual([
    '0 calling transmitRequest',
    '200 accepted passUp',
    '700 accepted passUp',
    '800 accepted',
    '900 accepted',
    '1000 accepted',
    '32200 terminated',
  ]);
});

test('[TX5] Timer M runs over a reliable transport too', () => {
  expect(invite([[200, 200]], TCP).at(-1)).toBe('32200 terminated');
});

test('[TX6] Timer E doubles up to T2, Timer F gives up', () => {
  expect(nonInvite([]).map((each) => Number.parseInt(each, 10))).toEqual([
    0, 500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500, 32_000,
  ]);
  expect(nonInvite([]).at(-1)).toBe('32000 terminated reportTimeout');
});

test('[TX6] after a provisional response the request goes on every T2, and Timer F still runs', () => {
  expect(
    nonInvite([
      [600, 100],
      [10_000, 200],
      [10_100, 200],
    ]),
  ).toEqual([
    '0 trying transmitRequest',
    '500 trying transmitRequest',
    '600 proceeding passUp',
    '1500 proceeding transmitRequest',
    '5500 proceeding transmitRequest',
    '9500 proceeding transmitRequest',
    '10000 completed passUp',
    '10100 completed',
    '15000 terminated',
  ]);
  expect(nonInvite([[600, 100]]).at(-1)).toBe('32000 terminated reportTimeout');
});

test('[TX6] over a reliable transport there is no Timer E and Timer K is zero', () => {
  expect(nonInvite([[200, 404]], TCP)).toEqual(['0 trying transmitRequest', '200 terminated passUp']);
  expect(nonInvite([], TCP)).toEqual(['0 trying transmitRequest', '32000 terminated reportTimeout']);
});

test('[TX11] a transport failure ends an open client transaction and says so', () => {
  for (const each of [invite([[50, 'transportFailed']]), nonInvite([[50, 'transportFailed']])]) {
    expect(each.at(-1)).toBe('50 terminated reportTransport');
  }
  expect(
    invite([
      [10, 180],
      [50, 'transportFailed'],
    ]).at(-1),
  ).toBe('50 terminated reportTransport');
});

test('[TX11] with the final response in hand a transport failure is no news', () => {
  expect(
    invite([
      [10, 486],
      [50, 'transportFailed'],
    ]).at(-1),
  ).toBe('50 terminated');
  expect(
    nonInvite(
      [
        [10, 200],
        [50, 'transportFailed'],
      ],
      UDP,
      1_000,
    ).at(-1),
  ).toBe('50 completed');
});

test('[TX2] a late shell sends one repetition, not all that it missed', () => {
  const started = startInviteClient(0, UDP).state;
  const late = stepInviteClient(started, { type: 'expire' }, 10_000, UDP);
  expect(late.effects).toEqual(['transmitRequest']);
  expect(inviteClientDeadline(late.state)).toBe(11_000);
});

test('[TX2] a spurious expire does nothing', () => {
  const started = startInviteClient(0, UDP).state;
  expect(stepInviteClient(started, { type: 'expire' }, 499, UDP)).toEqual({ state: started, effects: [] });
});
