/**
 * The INVITE server transaction (RFC 3261 §17.2.1 with the Accepted state of RFC 6026 §7.1).
 *
 *                 ┌────────────┐ 2xx   ┌──────────┐
 *   INVITE ──────►│ proceeding ├──────►│ accepted │ L: end; INVITE again: absorbed; 2xx again: sent; ACK: passed up
 *                 └─────┬──────┘       └──────────┘
 *                       │ 300–699
 *                 ┌─────▼─────┐ ACK    ┌───────────┐
 *                 │ completed ├───────►│ confirmed │ I: end; ACK and INVITE again: absorbed
 *                 └───────────┘        └───────────┘
 *                   G: response again; H: no ACK, reported
 *
 * A response that cannot be sent does not end the transaction (RFC 6026 §8.6): the client may still get the next
 * one. Retransmitting 2xx until the ACK is the user agent's work, because only it sees that ACK.
 */
import { type Millis, type Transition, unreachable } from '@holdfast/kernel';
import { isSuccess } from './invite-client.ts';
import type { Timers } from './timers.ts';

export type InviteServerState =
  | { readonly name: 'proceeding' }
  | {
      readonly name: 'completed';
      /** Timer G, null over reliable transports. */
      readonly retransmitAt: Millis | null;
      readonly pauseMs: Millis;
      /** Timer H. */
      readonly giveUpAt: Millis;
    }
  /** Timer I. */
  | { readonly name: 'confirmed'; readonly endAt: Millis }
  /** Timer L. */
  | { readonly name: 'accepted'; readonly endAt: Millis }
  | { readonly name: 'terminated' };

export type ServerEvent =
  /** The request came again. */
  | { readonly type: 'request' }
  | { readonly type: 'ack' }
  /** The transaction user answers. */
  | { readonly type: 'respond'; readonly status: number }
  | { readonly type: 'transportFailed' }
  | { readonly type: 'expire' };

export type ServerEffect =
  /** The newest response, if there is one yet. */
  'transmitResponse' | 'passUpAck' | 'reportTimeout' | 'reportTransport';

type Result = Transition<InviteServerState, ServerEffect>;

const TERMINATED: InviteServerState = { name: 'terminated' };
const NOTHING: readonly ServerEffect[] = [];

export const INVITE_SERVER_START: InviteServerState = { name: 'proceeding' };

export function stepInviteServer(
  state: InviteServerState,
  event: ServerEvent,
  now: Millis,
  timers: Timers,
): Result {
  switch (state.name) {
    case 'proceeding':
      return stepProceeding(state, event, now, timers);
    case 'completed':
      return stepCompleted(state, event, now, timers);
    case 'confirmed':
      if (event.type === 'expire' && now >= state.endAt) return { state: TERMINATED, effects: NOTHING };
      return { state, effects: NOTHING };
    case 'accepted':
      return stepAccepted(state, event, now);
    case 'terminated':
      return { state, effects: NOTHING };
    default:
      return unreachable(state);
  }
}

function stepProceeding(state: InviteServerState, event: ServerEvent, now: Millis, timers: Timers): Result {
  switch (event.type) {
    case 'request':
      return { state, effects: ['transmitResponse'] };
    case 'respond':
      if (event.status < 200) return { state, effects: ['transmitResponse'] };
      return { state: answered(event.status, now, timers), effects: ['transmitResponse'] };
    case 'transportFailed':
      return { state, effects: ['reportTransport'] };
    case 'ack':
    case 'expire':
      return { state, effects: NOTHING };
    default:
      return unreachable(event);
  }
}

function answered(status: number, now: Millis, timers: Timers): InviteServerState {
  if (isSuccess(status)) return { name: 'accepted', endAt: now + timers.L };
  return {
    name: 'completed',
    retransmitAt: timers.G === null ? null : now + timers.G,
    pauseMs: timers.G ?? 0,
    giveUpAt: now + timers.H,
  };
}

function stepCompleted(
  state: Extract<InviteServerState, { name: 'completed' }>,
  event: ServerEvent,
  now: Millis,
  timers: Timers,
): Result {
  switch (event.type) {
    case 'request':
      return { state, effects: ['transmitResponse'] };
    case 'ack':
      return {
        state: timers.I === 0 ? TERMINATED : { name: 'confirmed', endAt: now + timers.I },
        effects: NOTHING,
      };
    case 'expire': {
      if (now >= state.giveUpAt) return { state: TERMINATED, effects: ['reportTimeout'] };
      if (state.retransmitAt === null || now < state.retransmitAt) return { state, effects: NOTHING };
      const pauseMs = Math.min(2 * state.pauseMs, timers.pauseMax);
      return { state: { ...state, pauseMs, retransmitAt: now + pauseMs }, effects: ['transmitResponse'] };
    }
    case 'transportFailed':
      // Timer G tries again and Timer H reports, once.
      return { state, effects: NOTHING };
    case 'respond':
      return { state, effects: NOTHING };
    default:
      return unreachable(event);
  }
}

function stepAccepted(
  state: Extract<InviteServerState, { name: 'accepted' }>,
  event: ServerEvent,
  now: Millis,
): Result {
  switch (event.type) {
    case 'respond':
      return { state, effects: isSuccess(event.status) ? ['transmitResponse'] : NOTHING };
    case 'ack':
      return { state, effects: ['passUpAck'] };
    case 'transportFailed':
      return { state, effects: ['reportTransport'] };
    case 'expire':
      return { state: now >= state.endAt ? TERMINATED : state, effects: NOTHING };
    case 'request':
      return { state, effects: NOTHING };
    default:
      return unreachable(event);
  }
}

/** When `expire` is due, or null when only an event can change the state. */
export function inviteServerDeadline(state: InviteServerState): Millis | null {
  switch (state.name) {
    case 'completed':
      return state.retransmitAt === null ? state.giveUpAt : Math.min(state.retransmitAt, state.giveUpAt);
    case 'confirmed':
    case 'accepted':
      return state.endAt;
    case 'proceeding':
    case 'terminated':
      return null;
    default:
      return unreachable(state);
  }
}
