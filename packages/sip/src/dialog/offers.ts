/**
 * Changes of a session that stands or is being set up: re-INVITE (RFC 3261 §14) and UPDATE (RFC 3311), from either
 * side. At any moment at most one offer is on its way. Ours wait in a queue until they may be sent; theirs are
 * refused while one of ours is out (491), or while an earlier one of theirs is unanswered (500 with Retry-After).
 *
 *     waiting ──may be sent──► change ──2xx──► told to the owner
 *        ▲                       │
 *        └── 491: after 2.1–4 s (we made the Call-ID) or 0–2 s (they did), five times at most
 */
import type { Millis } from '@holdfast/kernel';
import type { TransactionId } from '../endpoint-types.ts';
import type { HeaderLines } from '../message/build-message.ts';
import { cseqOf, headerValue, numberOf, toOf } from '../message/headers.ts';
import type { HeaderField, SipRequest, SipResponse } from '../message/message.ts';
import { tagOf } from '../message/name-addr.ts';
import { ackInDialog, nextHopOf, refreshedBy } from './dialog.ts';
import {
  dialogOf,
  dialogWith,
  fieldsOf,
  keepDialog,
  lose,
  respond,
  respondKept,
  retryAfter,
  SDP_TYPE,
  sdpOf,
  sendInDialog,
  tell,
} from './in-dialog.ts';
import type {
  Change,
  Established,
  Leg,
  LegEvent,
  Surroundings,
  Unacknowledged,
  WaitingChange,
} from './leg.ts';
import { answerSession, askedSession, lengthenSession } from './session-timer.ts';

/** Changes of one leg that wait for each other; one more is answered 500 at once. */
export const CHANGES_WAITING_MAX = 4;
/** After this many refusals "for the moment" the last one is what the owner gets. */
export const REFUSALS_MAX = 5;
/** How long a re-INVITE may stay without a final answer: Timer B ends with the first provisional one. */
export const CHANGE_MAX_MS = 60_000;
/** A longer Retry-After than this is a no, seconds. */
const RETRY_AFTER_MAX_S = 10;

type RequestEvent = Extract<LegEvent, { type: 'request' }>;

/** Our owner wants to change the session: as soon as it may be. */
export function askChange(
  leg: Leg,
  method: 'INVITE' | 'UPDATE',
  sdp: Uint8Array | undefined,
  s: Surroundings,
): void {
  if (leg.waiting.length >= CHANGES_WAITING_MAX)
    return tell(s, { type: 'offerAnswered', leg: leg.id, status: 500, hasResponse: false });
  leg.waiting.push({ method, sdp, refusals: 0, notBefore: 0, isRefresh: false });
}

/** Our owner wants to know whether the other side is there, or has something to tell it. */
export function orderRefresh(leg: Leg): void {
  askRefresh(leg);
  // A change of the owner's own is answered as such.
  leg.isRefreshAsked = leg.change?.isRefresh ?? leg.waiting[0]?.isRefresh ?? false;
}

/**
 * Tells the other side where we are and that the call stands: by UPDATE without a description where it has said that it
 * understands that, else by the description that it was sent last (RFC 3264 §8). A change that is on its way, or
 * waits, says as much.
 */
export function askRefresh(leg: Leg, notBefore: Millis = 0): void {
  if (leg.change !== undefined || leg.waiting.length > 0) return;
  leg.waiting.push({ ...refreshOf(leg), refusals: 0, notBefore, isRefresh: true });
}

function refreshOf({ allows, localSdp, state }: Leg): Pick<Change, 'method' | 'sdp'> {
  // The answer to an offer in our 2xx was in the ACK; if that is lost, only another offer brings it.
  const isAnswerMissing = state.name === 'established' && state.unacknowledged?.offered === true;
  const byUpdate = allows?.includes('UPDATE') === true && !isAnswerMissing;
  if (byUpdate || localSdp === undefined) return { method: 'UPDATE', sdp: undefined };
  return { method: 'INVITE', sdp: localSdp };
}

/** Sends the first change that waits, if its time has come. */
export function sendWaiting(leg: Leg, s: Surroundings): void {
  const next = leg.waiting[0];
  if (next === undefined || s.now < next.notBefore || !maySend(leg, next)) return;
  const dialog = dialogOf(leg);
  if (dialog === undefined) return;
  leg.waiting.shift();
  const { method, sdp, refusals, isRefresh } = next;
  const giveUpAt = method === 'INVITE' ? s.now + CHANGE_MAX_MS : undefined;
  leg.change = { method, sdp, refusals, isRefresh, transaction: '', giveUpAt };
  const parts = {
    contact: leg.contact,
    fields: [s.allow, ...sessionFields(leg, s), ...leg.authorization],
    ...(sdp !== undefined && { body: sdp, contentType: SDP_TYPE }),
  };
  sendInDialog(leg, dialog, { method, purpose: method === 'INVITE' ? 'reinvite' : 'update' }, parts, s);
}

/** Before the call stands there is nothing to keep alive. */
function sessionFields(leg: Leg, s: Surroundings): readonly HeaderField[] {
  if (leg.state.name !== 'established') return [];
  const lines = askedSession(leg.session, s);
  return lines.length === 0 ? [] : [s.supported, ...fieldsOf(lines)];
}

/** RFC 3261 §14.1 and RFC 3311 §5.1: no INVITE of either side is pending, and no offer is unanswered. */
export function maySend(leg: Leg, change: Change): boolean {
  if (leg.change !== undefined || leg.remoteChange !== undefined) return false;
  const { state } = leg;
  switch (state.name) {
    case 'established':
      if (state.unacknowledged !== undefined && !(change.isRefresh && state.unacknowledged.isAckLost))
        return false;
      return state.answerOwed === undefined && state.heldBye === undefined;
    case 'incoming':
      if (change.method === 'INVITE' || state.unpracked !== undefined) return false;
      return change.sdp === undefined ? state.rseq > 0 : state.exchange === 'settled';
    case 'calling':
      if (change.method === 'INVITE' || state.givenUp !== 'no') return false;
      return change.sdp === undefined ? state.forks.length > 0 : state.forks.at(-1)?.settled === true;
    case 'ending':
    case 'over':
      return false;
  }
}

/** The answer to our re-INVITE or UPDATE. */
export function changeAnswered(leg: Leg, response: SipResponse, s: Surroundings): void {
  const { change } = leg;
  if (change === undefined || response.status < 200) return;
  leg.change = undefined;
  const { status } = response;
  if (status < 300) return changeAccepted(leg, change, response, s);
  const again = change.refusals < REFUSALS_MAX ? againAfter(leg, change, response, s) : undefined;
  const { isRefresh } = change;
  if (again === undefined) return refused(leg, { status, hasResponse: true, isRefresh }, s);
  leg.waiting.unshift({ ...again, refusals: change.refusals + 1 });
}

/** What is tried in place of a refused change, and when; undefined when the refusal is meant. */
function againAfter(
  leg: Leg,
  { method, sdp, isRefresh }: Change,
  response: SipResponse,
  s: Surroundings,
): Omit<WaitingChange, 'refusals'> | undefined {
  const { status } = response;
  const pauseMs = pauseAfter(leg, response, s);
  if (pauseMs !== undefined) return { method, sdp, isRefresh, notBefore: s.now + pauseMs };
  const isUnknown = isRefresh && method === 'UPDATE' && (status === 405 || status === 501);
  if (!isUnknown || leg.localSdp === undefined) return undefined;
  // It said that it understands UPDATE, and does not.
  leg.allows = leg.allows?.filter((known) => known !== 'UPDATE');
  return { ...refreshOf(leg), isRefresh, notBefore: s.now };
}

function changeAccepted(leg: Leg, change: Change, response: SipResponse, s: Surroundings): void {
  const dialog = dialogWith(leg, tagOf(toOf(response)) ?? '') ?? dialogOf(leg);
  if (dialog === undefined) return;
  const refreshed = refreshedBy(dialog, response);
  keepDialog(leg, refreshed);
  const sdp = sdpOf(response);
  if (change.sdp !== undefined) leg.localSdp = change.sdp;
  if (sdp !== undefined) leg.remoteSdp = sdp;
  if (change.method === 'INVITE' && leg.state.name === 'established') {
    const seq = cseqOf(response)?.number ?? 0;
    // Without an offer of ours the 2xx is the offer, and the ACK waits for our owner's answer.
    if (change.sdp === undefined && sdp !== undefined) leg.state.answerOwed = seq;
    else acknowledge(leg, leg.state, seq, undefined, s);
  }
  const { status } = response;
  if (change.isRefresh) return refreshAnswered(leg, { status, hasResponse: true }, s);
  const answered = { type: 'offerAnswered', leg: leg.id, status, hasResponse: true } as const;
  tell(s, { ...answered, ...(sdp !== undefined && { sdp }) });
}

/** Sends the ACK to a 2xx of the other side, and keeps it for the next time that this 2xx comes. */
export function acknowledge(
  leg: Leg,
  state: Established,
  seq: number,
  sdp: Uint8Array | undefined,
  s: Surroundings,
): void {
  const fields = leg.authorization;
  const parts = sdp === undefined ? { fields } : { fields, body: sdp, contentType: SDP_TYPE };
  const request = ackInDialog(state.dialog, seq, parts);
  state.ack = { seq, request };
  s.out.push({ type: 'sendAck', request, nextHop: nextHopOf(state.dialog) });
}

/** How long a change waits that was refused for the moment, or for the interval that it proposed. */
function pauseAfter(leg: Leg, response: SipResponse, s: Surroundings): Millis | undefined {
  if (response.status === 491) {
    // RFC 3261 §14.1, in steps of 10 ms: whoever made the Call-ID waits longer, so that the two do not meet again.
    return leg.side === 'caller'
      ? 2_100 + 10 * Math.floor(s.random() * 191)
      : 10 * Math.floor(s.random() * 201);
  }
  if (response.status === 422) return lengthenSession(leg, response) ? 0 : undefined;
  // RFC 3261 §14.2, §21.5.4: busy with another offer, or overloaded; what it says then is when to ask again.
  if (response.status !== 500 && response.status !== 503) return undefined;
  const seconds = numberOf(headerValue(response, 'retry-after')?.split(/[;( ]/)[0], RETRY_AFTER_MAX_S);
  return seconds === undefined ? undefined : 1_000 * seconds;
}

/** No answer came. */
export function changeRefused(leg: Leg, status: 408 | 503, s: Surroundings): void {
  const isRefresh = leg.change?.isRefresh === true;
  leg.change = undefined;
  refused(leg, { status, hasResponse: false, isRefresh }, s);
}

/** With what status, and whether a response said so: without one it is 408 or 503 (IS38). */
interface Answered {
  readonly status: number;
  readonly hasResponse: boolean;
}

function refused(
  leg: Leg,
  { status, hasResponse, isRefresh }: Answered & { readonly isRefresh: boolean },
  s: Surroundings,
): void {
  const { state } = leg;
  if (state.name === 'established' && !isUnheard(state) && (status === 481 || status === 408)) {
    return lose(leg, state.dialog, s, {
      withBye: status === 408,
      reason: `${status} to a request in the dialog`,
    });
  }
  if (isRefresh) return refreshAnswered(leg, { status, hasResponse }, s);
  tell(s, { type: 'offerAnswered', leg: leg.id, status, hasResponse });
}

/** IS38: of one that nobody has asked for, but the session timer, nobody is told. */
function refreshAnswered(leg: Leg, how: Answered, s: Surroundings): void {
  if (leg.isRefreshAsked) tell(s, { type: 'refreshAnswered', leg: leg.id, ...how });
  leg.isRefreshAsked = false;
}

/**
 * Our first 2xx may not have arrived: then the caller knows no dialog yet, and its 481 is no proof that it is gone.
 * The 2xx is still being repeated, and that decides.
 */
export function isUnheard(state: Established): boolean {
  return state.unacknowledged?.isFirst === true;
}

/** A re-INVITE of the other side (§14.2). */
export function takeInvite(leg: Leg, state: Established, event: RequestEvent, s: Surroundings): void {
  if (leg.remoteChange !== undefined) return respond(event, 500, s, retryAfter(s));
  const isOursOut = leg.change !== undefined || state.answerOwed !== undefined;
  if (isOursOut || state.unacknowledged?.offered === true) return respond(event, 491, s);
  leg.remoteChange = {
    method: 'INVITE',
    transaction: event.transaction,
    request: event.request,
    giveUpAt: undefined,
  };
  tellOffer(leg, 'INVITE', sdpOf(event.request), s);
}

/** An UPDATE of the other side. `pending` says whose offer of the INVITE is still unanswered. */
export function takeUpdate(
  leg: Leg,
  event: RequestEvent,
  pending: 'nobody' | 'ours' | 'theirs',
  s: Surroundings,
): void {
  const sdp = sdpOf(event.request);
  if (sdp === undefined) {
    const headers = [['Contact', `<${leg.contact}>`] as const, ...sessionAnswer(leg, event.request, s)];
    return respond(event, 200, s, { headers });
  }
  if (leg.remoteChange !== undefined || pending === 'theirs') return respond(event, 500, s, retryAfter(s));
  if (leg.change !== undefined || pending === 'ours') return respond(event, 491, s);
  takeOffer(leg, 'UPDATE', event, s);
}

/** An offer in UPDATE or PRACK. Its answer must be there before the other side's Timer F ends the call. */
export function takeOffer(leg: Leg, method: 'UPDATE' | 'PRACK', event: RequestEvent, s: Surroundings): void {
  const { transaction, request } = event;
  leg.remoteChange = { method, transaction, request, giveUpAt: s.now + s.giveUp / 2 };
  tellOffer(leg, method, sdpOf(request), s);
}

function tellOffer(
  leg: Leg,
  method: 'INVITE' | 'UPDATE' | 'PRACK',
  sdp: Uint8Array | undefined,
  s: Surroundings,
): void {
  tell(s, { type: 'offer', leg: leg.id, method, ...(sdp !== undefined && { sdp }) });
}

/** Our owner's answer to their offer, or our offer where they asked for one. */
export function answerOffer(leg: Leg, sdp: Uint8Array | undefined, s: Surroundings): void {
  const { remoteChange, state } = leg;
  if (remoteChange === undefined) return;
  leg.remoteChange = undefined;
  const offer = sdpOf(remoteChange.request);
  if (offer !== undefined) leg.remoteSdp = offer;
  if (sdp !== undefined) leg.localSdp = sdp;
  const headers: (readonly [string, string])[] = [
    ['Contact', `<${leg.contact}>`],
    [s.allow.name, s.allow.value],
    ...sessionAnswer(leg, remoteChange.request, s),
  ];
  if (sdp !== undefined) headers.push(['Content-Type', SDP_TYPE]);
  const response = respondKept(remoteChange, 200, s, { headers, ...(sdp !== undefined && { body: sdp }) });
  if (remoteChange.method === 'INVITE' && state.name === 'established') {
    const offered = offer === undefined && sdp !== undefined;
    state.unacknowledged = unacknowledged(remoteChange, response, { isFirst: false, offered }, s);
  }
}

/** Each INVITE or UPDATE of theirs in a call that stands refreshes it. */
function sessionAnswer(leg: Leg, request: SipRequest, s: Surroundings): HeaderLines {
  const refreshes = leg.state.name === 'established' && request.method !== 'PRACK';
  return refreshes ? answerSession(leg, request, s) : [];
}

/** A 2xx to an INVITE that is repeated from now on until its ACK comes. */
export function unacknowledged(
  invite: { readonly transaction: TransactionId; readonly request: SipRequest },
  response: SipResponse,
  what: { readonly isFirst: boolean; readonly offered: boolean },
  s: Surroundings,
): Unacknowledged {
  return {
    transaction: invite.transaction,
    response,
    seq: cseqOf(invite.request)?.number ?? 0,
    ...what,
    retransmitAt: s.now + s.T1,
    pauseMs: s.T1,
    giveUpAt: s.now + s.giveUp,
    isAckLost: false,
  };
}

/** What stood before the offer goes on. */
export function refuseOffer(leg: Leg, status: number, s: Surroundings): void {
  const { remoteChange } = leg;
  if (remoteChange === undefined) return;
  leg.remoteChange = undefined;
  respond(remoteChange, status >= 300 ? status : 488, s);
}

/** Their offer is over before it was answered: by CANCEL (487) or because its transaction has ended (504). */
export function withdrawOffer(leg: Leg, status: 487 | 504, s: Surroundings): void {
  if (leg.remoteChange === undefined) return;
  tell(s, { type: 'offerWithdrawn', leg: leg.id });
  refuseOffer(leg, status, s);
}

/** UPDATE and PRACK are not INVITE: their answer is due in time, whatever our owner does. */
export function endForgottenOffer(leg: Leg, s: Surroundings): void {
  const giveUpAt = leg.remoteChange?.giveUpAt;
  if (giveUpAt !== undefined && s.now >= giveUpAt) withdrawOffer(leg, 504, s);
}

/** No request of theirs stays without a final answer when the call is over (RFC 3261 §15.1.2). */
export function endOpenOffer(leg: Leg, s: Surroundings): void {
  const { remoteChange, state } = leg;
  if (remoteChange === undefined || (state.name !== 'ending' && state.name !== 'over')) return;
  leg.remoteChange = undefined;
  respond(remoteChange, 487, s);
}

/**
 * A re-INVITE that nobody answers in the end, or whose call is over, is cancelled: without that its transaction
 * would wait for ever, because after a provisional response no timer runs (RFC 3261 §17.1.1.2).
 */
export function endStaleChange(leg: Leg, s: Surroundings): void {
  const { change, state } = leg;
  if (change === undefined || change.method !== 'INVITE') return;
  const isOver = state.name === 'ending' || state.name === 'over';
  if (!isOver && (change.giveUpAt === undefined || s.now < change.giveUpAt)) return;
  s.out.push({ type: 'sendCancel', transaction: change.transaction });
  if (isOver) leg.change = undefined;
  else change.giveUpAt = undefined;
}
