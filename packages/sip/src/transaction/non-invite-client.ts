/**
 * The non-INVITE client transaction (RFC 3261 §17.1.2): trying → proceeding → completed → terminated. Unlike
 * an INVITE it goes on retransmitting after a provisional response, every T2, and its total time is bounded.
 */
import { type Millis, type Transition, unreachable } from '@holdfast/kernel';
import type { ClientEffect, ClientEvent } from './invite-client.ts';
import type { Timers } from './timers.ts';

export type NonInviteClientState =
  | {
      readonly name: 'trying' | 'proceeding';
      /** Timer E, null over reliable transports. */
      readonly retransmitAt: Millis | null;
      readonly pauseMs: Millis;
      /** Timer F. */
      readonly giveUpAt: Millis;
    }
  /** Timer K. */
  | { readonly name: 'completed'; readonly endAt: Millis }
  | { readonly name: 'terminated' };

type Result = Transition<NonInviteClientState, ClientEffect>;
type Open = Extract<NonInviteClientState, { name: 'trying' | 'proceeding' }>;

const TERMINATED: NonInviteClientState = { name: 'terminated' };
const NOTHING: readonly ClientEffect[] = [];

export function startNonInviteClient(now: Millis, timers: Timers): Result {
  const pauseMs = timers.E ?? 0;
  const retransmitAt = timers.E === null ? null : now + timers.E;
  return {
    state: { name: 'trying', retransmitAt, pauseMs, giveUpAt: now + timers.F },
    effects: ['transmitRequest'],
  };
}

export function stepNonInviteClient(
  state: NonInviteClientState,
  event: ClientEvent,
  now: Millis,
  timers: Timers,
): Result {
  switch (state.name) {
    case 'trying':
    case 'proceeding':
      return stepOpen(state, event, now, timers);
    case 'completed':
      if (event.type === 'expire' && now >= state.endAt) return { state: TERMINATED, effects: NOTHING };
      return { state, effects: NOTHING };
    case 'terminated':
      return { state, effects: NOTHING };
    default:
      return unreachable(state);
  }
}

function stepOpen(state: Open, event: ClientEvent, now: Millis, timers: Timers): Result {
  switch (event.type) {
    case 'response':
      if (event.status < 200) {
        const next: Open = state.name === 'proceeding' ? state : { ...state, name: 'proceeding' };
        return { state: next, effects: ['passUp'] };
      }
      return {
        state: timers.K === 0 ? TERMINATED : { name: 'completed', endAt: now + timers.K },
        effects: ['passUp'],
      };
    case 'cancelled':
      // Only INVITE can be cancelled (§9.1).
      return { state, effects: NOTHING };
    case 'transportFailed':
      return { state: TERMINATED, effects: ['reportTransport'] };
    case 'expire': {
      if (now >= state.giveUpAt) return { state: TERMINATED, effects: ['reportTimeout'] };
      if (state.retransmitAt === null || now < state.retransmitAt) return { state, effects: NOTHING };
      const pauseMs =
        state.name === 'proceeding' ? timers.pauseMax : Math.min(2 * state.pauseMs, timers.pauseMax);
      return { state: { ...state, pauseMs, retransmitAt: now + pauseMs }, effects: ['transmitRequest'] };
    }
    default:
      return unreachable(event);
  }
}

/** When `expire` is due, or null when only an event can change the state. */
export function nonInviteClientDeadline(state: NonInviteClientState): Millis | null {
  switch (state.name) {
    case 'trying':
    case 'proceeding':
      return state.retransmitAt === null ? state.giveUpAt : Math.min(state.retransmitAt, state.giveUpAt);
    case 'completed':
      return state.endAt;
    case 'terminated':
      return null;
    default:
      return unreachable(state);
  }
}
