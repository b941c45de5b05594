/**
 * The call stands. Our 2xx is repeated until its ACK comes (RFC 3261 §13.3.1.4), our ACK for each 2xx that comes
 * again (§13.2.2.4); the session changes (`offers.ts`); the other side may vanish; BYE ends it, and a callee's BYE
 * waits for the ACK (§15).
 */

import type { HeaderLines } from '../message/build-message.ts';
import { cseqOf, headerValue, toOf } from '../message/headers.ts';
import type { SipRequest, SipResponse } from '../message/message.ts';
import { tagOf } from '../message/name-addr.ts';
import { declineStray, FORKS_MAX } from './calling.ts';
import { ackInDialog, nextHopOf, receiveInDialog } from './dialog.ts';
import {
  fieldsOf,
  lose,
  otherAnswered,
  over,
  respond,
  sdpOf,
  sendInDialog,
  sendOther,
  tell,
  tellOther,
} from './in-dialog.ts';
import { matchesReliable } from './incoming.ts';
import type { Ending, Established, Leg, LegEvent, Surroundings } from './leg.ts';
import {
  acknowledge,
  answerOffer,
  askChange,
  askRefresh,
  changeAnswered,
  changeRefused,
  isUnheard,
  orderRefresh,
  refuseOffer,
  takeInvite,
  takeUpdate,
  withdrawOffer,
} from './offers.ts';
import { sessionAgreed, sessionRefused } from './session-timer.ts';

type RequestEvent = Extract<LegEvent, { type: 'request' }>;

export function stepEstablished(leg: Leg, state: Established, event: LegEvent, s: Surroundings): void {
  switch (event.type) {
    case 'request':
      return take(leg, state, event, s);
    case 'ack':
      if (cseqOf(event.request)?.number === state.unacknowledged?.seq)
        acknowledged(leg, state, sdpOf(event.request), s);
      return;
    case 'response':
      return answered(leg, state, event, s);
    case 'noResponse':
      return unanswered(leg, state, event, s);
    case 'acknowledge': {
      if (state.answerOwed === undefined) return;
      const seq = state.answerOwed;
      state.answerOwed = undefined;
      if (event.sdp !== undefined) leg.localSdp = event.sdp;
      return acknowledge(leg, state, seq, event.sdp, s);
    }
    case 'bye':
    case 'cancel':
      return hangUp(leg, state, event.type === 'bye' ? event.headers : [], s);
    case 'change':
      return askChange(leg, event.method, event.sdp, s);
    case 'refresh':
      return orderRefresh(leg);
    case 'acceptOffer':
      return answerOffer(leg, event.sdp, s);
    case 'rejectOffer':
      return refuseOffer(leg, event.status, s);
    case 'send':
      return sendOther(leg, event, s);
    case 'cancelled':
      if (event.transaction === leg.remoteChange?.transaction) withdrawOffer(leg, 487, s);
      return;
    case 'expire':
      return expire(leg, state, s);
    case 'ring':
    case 'answer':
    case 'reject':
      return;
  }
}

function take(leg: Leg, state: Established, event: RequestEvent, s: Surroundings): void {
  const { request, transaction } = event;
  const next = receiveInDialog(state.dialog, request);
  if (next === undefined) return respond(event, 500, s);
  state.dialog = next;
  // Whoever speaks is there, and may have moved: what we had asked before, perhaps in vain, proves nothing any more.
  state.unheardSeq = next.localSeq;
  switch (request.method) {
    case 'BYE':
      return bye(leg, event, s);
    case 'INVITE': {
      // Whoever sends the next INVITE has received our 2xx, whatever became of the ACK.
      if (state.unacknowledged?.offered === false) acknowledged(leg, state, undefined, s);
      if (leg.state !== state) return respond(event, 487, s);
      return takeInvite(leg, state, event, s);
    }
    case 'UPDATE':
      return takeUpdate(leg, event, pendingOffer(leg, state), s);
    case 'PRACK':
      // A reliable response may be acknowledged after the answer (RFC 3262 §5).
      return respond(event, matchesReliable(leg, event) ? 200 : 481, s);
    default:
      return tell(s, { type: 'inDialogRequest', leg: leg.id, transaction, request });
  }
}

function pendingOffer(leg: Leg, state: Established): 'nobody' | 'ours' | 'theirs' {
  if (state.unacknowledged?.offered === true || leg.change !== undefined) return 'ours';
  return state.answerOwed === undefined ? 'nobody' : 'theirs';
}

function bye(leg: Leg, event: RequestEvent, s: Surroundings): void {
  respond(event, 200, s);
  over(leg);
  const reason = event.request.headers.find((field) => field.key === 'reason')?.value;
  tell(s, { type: 'ended', leg: leg.id, by: 'remote', ...(reason !== undefined && { reason }) });
}

function acknowledged(leg: Leg, state: Established, sdp: Uint8Array | undefined, s: Surroundings): void {
  const answeredInvite = state.unacknowledged;
  if (answeredInvite === undefined) return;
  state.unacknowledged = undefined;
  const answer = answeredInvite.offered ? sdp : undefined;
  if (answer !== undefined) leg.remoteSdp = answer;
  if (answeredInvite.isFirst) state.unheardSeq = state.dialog.localSeq;
  if (answeredInvite.isFirst || answeredInvite.offered)
    tell(s, { type: 'acknowledged', leg: leg.id, ...(answer !== undefined && { sdp: answer }) });
  if (state.heldBye !== undefined) sendBye(leg, state, state.heldBye, s);
}

function answered(
  leg: Leg,
  state: Established,
  event: Extract<LegEvent, { type: 'response' }>,
  s: Surroundings,
): void {
  const { purpose, request, response } = event;
  switch (purpose) {
    case 'invite':
    case 'reinvite':
      if (purpose === 'reinvite' && leg.change?.method === 'INVITE' && !isAcknowledged(state, response))
        return ourChangeAnswered(leg, state, event, s);
      return successAgain(leg, state, response, s);
    case 'update':
      return ourChangeAnswered(leg, state, event, s);
    case 'other':
      otherAnswered(leg, request, response, s);
      order(leg, state, request, response, s);
      if (response.status === 481 || response.status === 408) gone(leg, state, request, response.status, s);
      return;
    case 'prack':
    case 'bye':
      return;
  }
}

function ourChangeAnswered(
  leg: Leg,
  state: Established,
  { request, response }: Extract<LegEvent, { type: 'response' }>,
  s: Surroundings,
): void {
  changeAnswered(leg, response, s);
  if (leg.state !== state || response.status < 200) return;
  order(leg, state, request, response, s);
  const stands = !(state.hasFollowed && isOutOfOrder(response));
  if (response.status >= 300) return sessionRefused(leg, stands, s);
  sessionAgreed(leg, request, response, s);
  // Only who has our first 2xx can take a change of the call: its ACK is not to be waited for any more.
  if (isUnheard(state)) acknowledged(leg, state, sdpOf(response), s);
}

/**
 * IS37: who used to answer, and calls our newest request out of order, has heard higher numbers: of somebody else who goes
 * on with the dialog (RFC 3261 §12.2.2). Who has never answered otherwise may just know no better.
 */
function order(
  leg: Leg,
  state: Established,
  request: SipRequest,
  response: SipResponse,
  s: Surroundings,
): void {
  if (leg.state !== state || response.status < 200) return;
  if (!isOutOfOrder(response)) {
    state.hasFollowed = true;
    return;
  }
  // On the way a later request may have passed it.
  const isNewest = cseqOf(request)?.number === state.dialog.localSeq;
  if (state.hasFollowed && isNewest) tell(s, { type: 'superseded', leg: leg.id });
}

/** With Retry-After the same 500 is a refusal for the moment (§14.2). */
function isOutOfOrder(response: SipResponse): boolean {
  return response.status === 500 && headerValue(response, 'retry-after') === undefined;
}

function isAcknowledged(state: Established, response: SipResponse): boolean {
  return state.ack !== undefined && state.ack.seq === cseqOf(response)?.number;
}

/** A 2xx that comes again, or from another phone. */
function successAgain(leg: Leg, state: Established | Ending, response: SipResponse, s: Surroundings): void {
  if (response.status < 200 || response.status >= 300) return;
  const tag = tagOf(toOf(response)) ?? '';
  if (tag === state.dialog.remoteTag) {
    if (state.ack !== undefined && state.ack.seq === cseqOf(response)?.number)
      s.out.push({ type: 'sendAck', request: state.ack.request, nextHop: nextHopOf(state.dialog) });
    return;
  }
  if (state.name === 'ending') return declineStray(response, leg, false, s.out);
  const again = state.strays.includes(tag);
  if (!again && state.strays.length < FORKS_MAX) state.strays.push(tag);
  declineStray(response, leg, again, s.out);
}

function unanswered(
  leg: Leg,
  state: Established,
  event: Extract<LegEvent, { type: 'noResponse' }>,
  s: Surroundings,
): void {
  if (event.purpose === 'reinvite' || event.purpose === 'update') {
    changeRefused(leg, event.status, s);
    if (leg.state === state) sessionRefused(leg, false, s);
    return;
  }
  if (event.purpose !== 'other') return;
  tellOther(leg, event.request, event.status, undefined, s);
  if (event.status === 408) gone(leg, state, event.request, 408, s);
}

function gone(leg: Leg, state: Established, request: SipRequest, status: number, s: Surroundings): void {
  // RFC 5057 §5.1: it ends the subscription, and the call knows nothing of that.
  if (request.method === 'NOTIFY') return;
  if (isUnheard(state) || (cseqOf(request)?.number ?? 0) <= state.unheardSeq) return;
  lose(leg, state.dialog, s, { withBye: status === 408, reason: `${status} to a request in the dialog` });
}

function hangUp(leg: Leg, state: Established, headers: HeaderLines, s: Surroundings): void {
  if (state.unacknowledged?.isFirst === true) {
    state.heldBye ??= headers;
    return;
  }
  if (state.answerOwed !== undefined) {
    // The other side waits for its ACK before anything else.
    acknowledge(leg, state, state.answerOwed, undefined, s);
  }
  sendBye(leg, state, headers, s);
}

function sendBye(leg: Leg, state: Established, headers: HeaderLines, s: Surroundings): void {
  leg.waiting.length = 0;
  const fields = [...leg.authorization, ...fieldsOf(headers)];
  leg.state = { name: 'ending', dialog: state.dialog, ack: state.ack };
  sendInDialog(leg, state.dialog, { method: 'BYE', purpose: 'bye' }, { fields }, s);
}

function expire(leg: Leg, state: Established, s: Surroundings): void {
  const waits = state.unacknowledged;
  if (waits !== undefined && s.now >= waits.giveUpAt) {
    return lose(leg, state.dialog, s, { withBye: true, reason: 'no ACK to the 2xx' });
  }
  if (waits !== undefined && s.now >= waits.retransmitAt) {
    waits.pauseMs = Math.min(2 * waits.pauseMs, s.T2);
    waits.retransmitAt = s.now + waits.pauseMs;
    s.out.push({ type: 'respond', transaction: waits.transaction, response: waits.response });
  }
  const { session } = leg;
  if (session === undefined) return;
  if (s.now >= session.hangUpAt)
    return lose(leg, state.dialog, s, { withBye: true, reason: 'the session was not refreshed in time' });
  if (session.refreshAt === undefined || s.now < session.refreshAt) return;
  session.refreshAt = undefined;
  askRefresh(leg);
}

/** BYE is out: the leg waits for its answer, whatever it is, or for the BYE of the other side that crossed it. */
export function stepEnding(leg: Leg, state: Ending, event: LegEvent, s: Surroundings): void {
  switch (event.type) {
    case 'response':
      if (event.purpose === 'bye') {
        if (event.response.status >= 200) ended(leg, s);
        return;
      }
      if (event.purpose === 'invite') return successAgain(leg, state, event.response, s);
      if (event.purpose === 'reinvite') return acceptedTooLate(leg, state, event.response, s);
      if (event.purpose === 'other') otherAnswered(leg, event.request, event.response, s);
      return;
    case 'noResponse':
      if (event.purpose === 'bye') ended(leg, s);
      if (event.purpose === 'other') tellOther(leg, event.request, event.status, undefined, s);
      return;
    case 'request':
      if (event.request.method === 'BYE') {
        respond(event, 200, s);
        return ended(leg, s);
      }
      respond(event, 481, s);
      return;
    default:
      return;
  }
}

function ended(leg: Leg, s: Surroundings): void {
  over(leg);
  tell(s, { type: 'ended', leg: leg.id, by: 'local' });
}

/** Our re-INVITE was accepted after we had hung up: its 2xx wants an ACK all the same. */
function acceptedTooLate(leg: Leg, state: Ending, response: SipResponse, s: Surroundings): void {
  if (response.status < 200 || response.status >= 300) return;
  const seq = cseqOf(response)?.number ?? 0;
  const fields = leg.authorization;
  if (state.ack?.seq !== seq) state.ack = { seq, request: ackInDialog(state.dialog, seq, { fields }) };
  s.out.push({ type: 'sendAck', request: state.ack.request, nextHop: nextHopOf(state.dialog) });
}
