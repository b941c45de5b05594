import { expect, test } from 'vitest';
import {
  INVITE_SERVER_START,
  type InviteServerState,
  inviteServerDeadline,
  type ServerEvent,
  stepInviteServer,
} from './invite-server.ts';
import {
  type NonInviteServerState,
  nonInviteServerDeadline,
  startNonInviteServer,
  stepNonInviteServer,
} from './non-invite-server.ts';
import { type Timers, timersFor, timerValues } from './timers.ts';

const UDP = timersFor(timerValues(), 'UDP');
const TCP = timersFor(timerValues(), 'TCP');

/** A number is the status that the owner answers with. */
type Told = number | 'request' | 'ack' | 'transportFailed';

function play<S extends InviteServerState | NonInviteServerState>(
  start: S,
  step: (state: S, event: ServerEvent, now: number) => { state: S; effects: readonly string[] },
  deadline: (state: S) => number | null,
  told: readonly (readonly [at: number, what: Told])[],
): string[] {
  let state = start;
  const script: string[] = [];
  const queue = [...told];
  for (;;) {
    const due = deadline(state) ?? Number.POSITIVE_INFINITY;
    const next = queue[0];
    const now = Math.min(due, next?.[0] ?? Number.POSITIVE_INFINITY);
    if (now === Number.POSITIVE_INFINITY) return script;
    let event: ServerEvent = { type: 'expire' };
    if (next !== undefined && next[0] <= due) {
      queue.shift();
      event = typeof next[1] === 'number' ? { type: 'respond', status: next[1] } : { type: next[1] };
    }
    const result = step(state, event, now);
    state = result.state;
    script.push([now, state.name, ...result.effects].join(' '));
  }
}

function invite(told: readonly (readonly [number, Told])[], timers: Timers = UDP): string[] {
  const step = (state: InviteServerState, event: ServerEvent, now: number) =>
    stepInviteServer(state, event, now, timers);
  return play(INVITE_SERVER_START, step, inviteServerDeadline, told);
}

function nonInvite(told: readonly (readonly [number, Told])[], timers: Timers = UDP): string[] {
  const step = (state: NonInviteServerState, event: ServerEvent, now: number) =>
    stepNonInviteServer(state, event, now, timers);
  return play(startNonInviteServer(0, timers), step, nonInviteServerDeadline, told);
}

test('[TX7] a repeated INVITE gets the newest provisional response again', () => {
  expect(
    invite([
      [0, 100],
      [500, 'request'],
      [600, 180],
      [700, 'request'],
    ]),
  ).toEqual([
    '0 proceeding transmitResponse',
    '500 proceeding transmitResponse',
    '600 proceeding transmitResponse',
    '700 proceeding transmitResponse',
  ]);
});

test('[TX8] Timer G repeats a refusal up to T2 apart, Timer H reports that no ACK came', () => {
  const script = invite([[0, 486]]);
  expect(script.map((each) => Number.parseInt(each, 10))).toEqual([
    0, 500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500, 32_000,
  ]);
  expect(script.at(-2)).toBe('31500 completed transmitResponse');
  expect(script.at(-1)).toBe('32000 terminated reportTimeout');
});

test('[TX8] over a reliable transport the refusal is sent once, and H still waits for the ACK', () => {
  expect(invite([[0, 486]], TCP)).toEqual(['0 completed transmitResponse', '32000 terminated reportTimeout']);
});

test('[TX8] [D12] after the ACK nothing is sent any more: not by a timer, not for a repeated INVITE', () => {
  expect(
    invite([
      [0, 302],
      [600, 'ack'],
      [700, 'request'],
      [800, 'ack'],
      [900, 302],
    ]),
  ).toEqual([
    '0 completed transmitResponse',
    '500 completed transmitResponse',
    '600 confirmed',
    '700 confirmed',
    '800 confirmed',
    '900 confirmed',
    '5600 terminated',
  ]);
});

test('[TX8] over a reliable transport Timer I is zero', () => {
  expect(
    invite(
      [
        [0, 486],
        [10, 'ack'],
      ],
      TCP,
    ),
  ).toEqual(['0 completed transmitResponse', '10 terminated']);
});

test('[TX8] before the ACK a repeated INVITE gets the refusal again', () => {
  expect(
    invite([
      [0, 486],
      [100, 'request'],
    ]).slice(0, 2),
  ).toEqual(['0 completed transmitResponse', '100 completed transmitResponse']);
});

test('[TX9] in accepted the INVITE is absorbed, each 2xx of the owner is sent, each ACK passed up, until Timer L', () => {
  expect(
    invite([
      [0, 200],
      [100, 'request'],
      [500, 200],
      [600, 'ack'],
      [700, 486],
      [800, 180],
    ]),
  ).toEqual([
    '0 accepted transmitResponse',
    '100 accepted',
    '500 accepted transmitResponse',
    '600 accepted passUpAck',
    '700 accepted',
    '800 accepted',
    '32000 terminated',
  ]);
});

test('[TX10] a repeated request is absorbed until there is an answer; the first final answer is the last', () => {
  expect(
    nonInvite([
      [10, 'request'],
      [20, 100],
      [30, 'request'],
      [40, 200],
      [50, 'request'],
      [60, 404],
    ]),
  ).toEqual([
    '10 trying',
    '20 proceeding transmitResponse',
    '30 proceeding transmitResponse',
    // From here on the answer is kept elsewhere (TX17), and nothing is left to decide.
    '40 completed transmitResponse',
    '50 completed',
    '60 completed',
  ]);
});

test('[TX10] over a reliable transport Timer J is zero', () => {
  expect(nonInvite([[40, 200]], TCP)).toEqual(['40 terminated transmitResponse']);
});

test('[TX10] a request that the owner never answers ends silently when its client has given up', () => {
  expect(nonInvite([])).toEqual(['32000 terminated']);
  expect(nonInvite([[20, 100]])).toEqual(['20 proceeding transmitResponse', '32000 terminated']);
});

test('[TX11] a response that cannot be sent is reported and ends no server transaction', () => {
  expect(
    invite([
      [0, 180],
      [1, 'transportFailed'],
    ]).at(-1),
  ).toBe('1 proceeding reportTransport');
  expect(
    invite([
      [0, 200],
      [1, 'transportFailed'],
    ])[1],
  ).toBe('1 accepted reportTransport');
  expect(
    nonInvite([
      [0, 100],
      [1, 'transportFailed'],
    ])[1],
  ).toBe('1 proceeding reportTransport');
  // Timer G tries again and Timer H reports, once.
  const refused = invite([
    [0, 486],
    [1, 'transportFailed'],
  ]);
  expect(refused.filter((each) => each.includes('report'))).toEqual(['32000 terminated reportTimeout']);
});
