/**
 * The non-INVITE server transaction (RFC 3261 §17.2.2): trying → proceeding → completed. It never retransmits by
 * itself: the client repeats its request, and the newest response goes out again. Once it is completed nothing is
 * left to decide; what answers a repetition until Timer J is in `completed-requests.ts`.
 *
 * Beyond the RFC, a request that the transaction user has not answered when the client must have given up
 * (Timer F there) ends silently, as RFC 4320 §4.2 asks: an answer would come too late, and an owner that
 * forgets to answer must not cost memory for ever.
 */
import { type Millis, type Transition, unreachable } from '@holdfast/kernel';
import type { ServerEffect, ServerEvent } from './invite-server.ts';
import type { Timers } from './timers.ts';

export type NonInviteServerState =
  | { readonly name: 'trying' | 'proceeding'; readonly tooLateAt: Millis }
  /** Timer J; whoever keeps the answer keeps this time too. */
  | { readonly name: 'completed'; readonly endAt: Millis }
  | { readonly name: 'terminated' };

type Result = Transition<NonInviteServerState, ServerEffect>;

const TERMINATED: NonInviteServerState = { name: 'terminated' };
const NOTHING: readonly ServerEffect[] = [];

export function startNonInviteServer(now: Millis, timers: Timers): NonInviteServerState {
  return { name: 'trying', tooLateAt: now + timers.F };
}

export function stepNonInviteServer(
  state: NonInviteServerState,
  event: ServerEvent,
  now: Millis,
  timers: Timers,
): Result {
  switch (state.name) {
    case 'trying':
    case 'proceeding':
      return stepOpen(state, event, now, timers);
    case 'completed':
    case 'terminated':
      return { state, effects: NOTHING };
    default:
      return unreachable(state);
  }
}

function stepOpen(
  state: Extract<NonInviteServerState, { name: 'trying' | 'proceeding' }>,
  event: ServerEvent,
  now: Millis,
  timers: Timers,
): Result {
  switch (event.type) {
    case 'request':
      return { state, effects: state.name === 'proceeding' ? ['transmitResponse'] : NOTHING };
    case 'respond':
      if (event.status < 200)
        return { state: { ...state, name: 'proceeding' }, effects: ['transmitResponse'] };
      return {
        state: timers.J === 0 ? TERMINATED : { name: 'completed', endAt: now + timers.J },
        effects: ['transmitResponse'],
      };
    case 'transportFailed':
      return { state, effects: ['reportTransport'] };
    case 'expire':
      return { state: now >= state.tooLateAt ? TERMINATED : state, effects: NOTHING };
    case 'ack':
      return { state, effects: NOTHING };
    default:
      return unreachable(event);
  }
}

/** When `expire` is due, or null when only an event can change the state. */
export function nonInviteServerDeadline(state: NonInviteServerState): Millis | null {
  switch (state.name) {
    case 'trying':
    case 'proceeding':
      return state.tooLateAt;
    case 'completed':
    case 'terminated':
      return null;
    default:
      return unreachable(state);
  }
}
