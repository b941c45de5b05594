/**
 * The INVITE client transaction (RFC 3261 §17.1.1 with the Accepted state of RFC 6026 §7.2).
 *
 *              request sent
 *                   │
 *     1xx      ┌────▼────┐  300–699: ACK     ┌───────────┐
 *   ┌──────────┤ calling ├──────────────────►│ completed │ D: end; 300–699 again: ACK again
 *   │          └────┬────┘        ┌─────────►└───────────┘
 * ┌─▼──────────┐    │2xx          │300–699: ACK
 * │ proceeding ├────┼─────────────┘
 * └─────┬──────┘    │             ┌──────────┐
 *       └───────────┴────2xx─────►│ accepted │ M: end; 2xx again: passed up again
 *                                 └──────────┘
 *
 * The machine holds no messages: its owner keeps the request and the ACK, and does what the effects say.
 */
import { type Millis, type Transition, unreachable } from '@holdfast/kernel';
import type { Timers } from './timers.ts';

export type InviteClientState =
  | {
      readonly name: 'calling';
      /** Timer A, null over reliable transports. */
      readonly retransmitAt: Millis | null;
      /** The pause that ends at `retransmitAt`; doubled for the next. */
      readonly pauseMs: Millis;
      /** Timer B. */
      readonly giveUpAt: Millis;
    }
  | {
      readonly name: 'proceeding';
      /** Set once CANCEL was sent: then 64*T1 is waited for the final response, no longer (§9.1). */
      readonly giveUpAt: Millis | null;
    }
  /** Timer D. */
  | { readonly name: 'completed'; readonly endAt: Millis }
  /** Timer M. */
  | { readonly name: 'accepted'; readonly endAt: Millis }
  | { readonly name: 'terminated' };

export type ClientEvent =
  | { readonly type: 'response'; readonly status: number }
  /** CANCEL has been sent for this request. */
  | { readonly type: 'cancelled' }
  | { readonly type: 'transportFailed' }
  /** A deadline of the state may have passed. */
  | { readonly type: 'expire' };

export type ClientEffect =
  | 'transmitRequest'
  | 'transmitAck'
  /** The response that was the event goes to the transaction user. */
  | 'passUp'
  | 'reportTimeout'
  | 'reportTransport';

type Result = Transition<InviteClientState, ClientEffect>;

const TERMINATED: InviteClientState = { name: 'terminated' };
const NOTHING: readonly ClientEffect[] = [];

export function startInviteClient(now: Millis, timers: Timers): Result {
  const pauseMs = timers.A ?? 0;
  const retransmitAt = timers.A === null ? null : now + timers.A;
  return {
    state: { name: 'calling', retransmitAt, pauseMs, giveUpAt: now + timers.B },
    effects: ['transmitRequest'],
  };
}

export function stepInviteClient(
  state: InviteClientState,
  event: ClientEvent,
  now: Millis,
  timers: Timers,
): Result {
  switch (state.name) {
    case 'calling':
    case 'proceeding':
      return stepUnanswered(state, event, now, timers);
    case 'completed':
      return stepCompleted(state, event, now);
    case 'accepted':
      if (event.type === 'expire' && now >= state.endAt) return { state: TERMINATED, effects: NOTHING };
      if (event.type === 'response' && isSuccess(event.status)) return { state, effects: ['passUp'] };
      return { state, effects: NOTHING };
    case 'terminated':
      return { state, effects: NOTHING };
    default:
      return unreachable(state);
  }
}

function stepUnanswered(
  state: Extract<InviteClientState, { name: 'calling' | 'proceeding' }>,
  event: ClientEvent,
  now: Millis,
  timers: Timers,
): Result {
  switch (event.type) {
    case 'response':
      if (event.status < 200) return provisional(state);
      if (isSuccess(event.status))
        return { state: { name: 'accepted', endAt: now + timers.M }, effects: ['passUp'] };
      return {
        state: timers.D === 0 ? TERMINATED : { name: 'completed', endAt: now + timers.D },
        effects: ['transmitAck', 'passUp'],
      };
    case 'cancelled':
      // In calling Timer B bounds the wait already.
      if (state.name === 'calling' || state.giveUpAt !== null) return { state, effects: NOTHING };
      return { state: { name: 'proceeding', giveUpAt: now + timers.B }, effects: NOTHING };
    case 'transportFailed':
      return { state: TERMINATED, effects: ['reportTransport'] };
    case 'expire':
      if (state.giveUpAt !== null && now >= state.giveUpAt)
        return { state: TERMINATED, effects: ['reportTimeout'] };
      if (state.name === 'proceeding' || state.retransmitAt === null || now < state.retransmitAt) {
        return { state, effects: NOTHING };
      }
      return { state: retransmitted(state, now), effects: ['transmitRequest'] };
    default:
      return unreachable(event);
  }
}

function provisional(state: Extract<InviteClientState, { name: 'calling' | 'proceeding' }>): Result {
  if (state.name === 'proceeding') return { state, effects: ['passUp'] };
  return { state: { name: 'proceeding', giveUpAt: null }, effects: ['passUp'] };
}

/** Timer A doubles without a ceiling (§17.1.1.2). The next pause starts now, so that a late shell sends no burst. */
function retransmitted(
  state: Extract<InviteClientState, { name: 'calling' }>,
  now: Millis,
): InviteClientState {
  const pauseMs = 2 * state.pauseMs;
  return { ...state, pauseMs, retransmitAt: now + pauseMs };
}

function stepCompleted(
  state: Extract<InviteClientState, { name: 'completed' }>,
  event: ClientEvent,
  now: Millis,
): Result {
  if (event.type === 'expire' && now >= state.endAt) return { state: TERMINATED, effects: NOTHING };
  if (event.type === 'response' && event.status >= 300) return { state, effects: ['transmitAck'] };
  // The transaction user has its final response; an ACK that cannot be sent is nothing it could act on.
  if (event.type === 'transportFailed') return { state: TERMINATED, effects: NOTHING };
  return { state, effects: NOTHING };
}

/** When `expire` is due, or null when only an event can change the state. */
export function inviteClientDeadline(state: InviteClientState): Millis | null {
  switch (state.name) {
    case 'calling':
      return state.retransmitAt === null ? state.giveUpAt : Math.min(state.retransmitAt, state.giveUpAt);
    case 'proceeding':
      return state.giveUpAt;
    case 'completed':
    case 'accepted':
      return state.endAt;
    case 'terminated':
      return null;
    default:
      return unreachable(state);
  }
}

export function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}
