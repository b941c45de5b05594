/**
 * Their INVITE waits for our owner (RFC 3261 §13.3): it may ring, reliably if the caller can (RFC 3262), be
 * answered, rejected, redirected, or be taken back by CANCEL or an early BYE.
 *
 * A reliable provisional response is repeated until its PRACK comes; the next one waits for that, and so does an
 * answer while a description is on its way in one (RFC 3262 §3, §5).
 */

import type { HeaderLines, ResponseParts } from '../message/build-message.ts';
import { cseqOf, headerValue } from '../message/headers.ts';
import { confirmed, receiveInDialog } from './dialog.ts';
import {
  keepDialog,
  otherAnswered,
  over,
  respond,
  respondKept,
  retryAfter,
  SDP_TYPE,
  sdpOf,
  sendOther,
  tell,
  tellOther,
} from './in-dialog.ts';
import type { Answer, Incoming, Leg, LegEvent, Ring, Surroundings } from './leg.ts';
import {
  answerOffer,
  askChange,
  changeAnswered,
  changeRefused,
  refuseOffer,
  takeOffer,
  takeUpdate,
  unacknowledged,
} from './offers.ts';
import { answerSession } from './session-timer.ts';

/** Rings that may wait for a PRACK; of more only the first ones are sent. */
export const RINGS_WAITING_MAX = 4;
/** RFC 3261 §13.3.1.1: proxies forget a call that is silent for three minutes. */
const REFRESH_MS = 60_000;
/** RFC 3262 §3: the first RSeq is chosen below 2^31. */
const FIRST_RSEQ_MAX = 2 ** 31 - 1;

type RequestEvent = Extract<LegEvent, { type: 'request' }>;

export function stepIncoming(leg: Leg, state: Incoming, event: LegEvent, s: Surroundings): void {
  switch (event.type) {
    case 'ring':
      return ring(leg, state, event.ring, s);
    case 'answer':
      return answer(leg, state, event.answer, s);
    case 'reject':
      return reject(leg, state, event, s);
    case 'bye':
      // A callee ends an unanswered call by refusing it (§15).
      return reject(leg, state, { status: 480, headers: event.headers }, s);
    case 'request':
      return earlyRequest(leg, state, event, s);
    case 'cancelled':
      if (event.transaction === state.transaction) withdrawn(leg, state, s);
      return;
    case 'change':
      return askChange(leg, event.method, event.sdp, s);
    case 'acceptOffer':
      answerOffer(leg, event.sdp, s);
      return goOn(leg, state, s);
    case 'rejectOffer':
      refuseOffer(leg, event.status, s);
      return goOn(leg, state, s);
    case 'send':
      return sendOther(leg, event, s);
    case 'response':
      if (event.purpose === 'update') return changeAnswered(leg, event.response, s);
      if (event.purpose === 'other') return otherAnswered(leg, event.request, event.response, s);
      return;
    case 'noResponse':
      if (event.purpose === 'update') return changeRefused(leg, event.status, s);
      if (event.purpose === 'other') tellOther(leg, event.request, event.status, undefined, s);
      return;
    case 'expire':
      return expire(leg, state, s);
    case 'ack':
    case 'cancel':
    case 'acknowledge':
    case 'refresh':
      return;
  }
}

function ring(leg: Leg, state: Incoming, wanted: Ring, s: Surroundings): void {
  const isReliable =
    state.reliable === 'required' || (wanted.reliable === true && state.reliable === 'supported');
  if (!isReliable || wanted.status === 100) return ringOnce(leg, state, wanted, s);
  if (state.unpracked === undefined && leg.remoteChange === undefined)
    return ringReliably(leg, state, wanted, s);
  if (state.rings.length < RINGS_WAITING_MAX) state.rings.push(wanted);
}

function ringOnce(leg: Leg, state: Incoming, wanted: Ring, s: Surroundings): void {
  // An unreliable response may show an answer in advance, but it cannot carry an offer (§13.2.1).
  const sdp = state.exchange === 'answerOwed' ? wanted.sdp : undefined;
  if (sdp !== undefined) leg.localSdp = sdp;
  respond(inviteOf(state), wanted.status, s, ringParts(leg, wanted, sdp, []));
  state.lastRing = wanted;
  state.refreshAt = s.now + REFRESH_MS;
}

function ringReliably(leg: Leg, state: Incoming, wanted: Ring, s: Surroundings): void {
  const sdp = state.exchange === 'answerOwed' || state.exchange === 'offerOwed' ? wanted.sdp : undefined;
  if (sdp !== undefined) {
    leg.localSdp = sdp;
    state.exchange = state.exchange === 'offerOwed' ? 'offerSent' : 'settled';
  }
  state.rseq = state.rseq === 0 ? 1 + Math.floor(s.random() * (FIRST_RSEQ_MAX - 1)) : state.rseq + 1;
  const extra: HeaderLines = [
    ['Require', '100rel'],
    ['RSeq', String(state.rseq)],
  ];
  const response = respondKept(inviteOf(state), wanted.status, s, ringParts(leg, wanted, sdp, extra));
  leg.lastReliable = { rseq: state.rseq, seq: cseqOf(state.invite)?.number ?? 0 };
  state.unpracked = {
    rseq: state.rseq,
    response,
    retransmitAt: s.now + s.T1,
    pauseMs: s.T1,
    giveUpAt: s.now + s.giveUp,
  };
  state.lastRing = { ...wanted, reliable: true };
  state.refreshAt = s.now + REFRESH_MS;
}

function ringParts(leg: Leg, wanted: Ring, sdp: Uint8Array | undefined, extra: HeaderLines): ResponseParts {
  const headers: (readonly [string, string])[] = [
    ['Contact', `<${leg.contact}>`],
    ...extra,
    ...(wanted.headers ?? []),
  ];
  if (sdp === undefined) return { toTag: leg.id, headers };
  headers.push(['Content-Type', SDP_TYPE]);
  return { toTag: leg.id, headers, body: sdp };
}

function inviteOf(state: Incoming): { readonly transaction: string; readonly request: Incoming['invite'] } {
  return { transaction: state.transaction, request: state.invite };
}

function answer(leg: Leg, state: Incoming, wanted: Answer, s: Surroundings): void {
  const awaitsPrack = state.unpracked !== undefined && state.unpracked.response.body.length > 0;
  if (awaitsPrack || leg.remoteChange !== undefined) {
    state.heldAnswer = wanted;
    return;
  }
  if (wanted.contact !== undefined) leg.contact = wanted.contact;
  const isSettled = state.exchange === 'settled';
  const sdp = isSettled
    ? undefined
    : (wanted.sdp ?? (state.exchange === 'answerOwed' ? leg.localSdp : undefined));
  if (sdp !== undefined) leg.localSdp = sdp;
  const headers: (readonly [string, string])[] = [
    ['Contact', `<${leg.contact}>`],
    [s.allow.name, s.allow.value],
    [s.supported.name, s.supported.value],
    ...answerSession(leg, state.invite, s),
    ...(wanted.headers ?? []),
  ];
  if (sdp !== undefined) headers.push(['Content-Type', SDP_TYPE]);
  const invite = inviteOf(state);
  const response = respondKept(invite, 200, s, {
    toTag: leg.id,
    headers,
    ...(sdp !== undefined && { body: sdp }),
  });
  const offered = state.exchange === 'offerOwed' && sdp !== undefined;
  leg.state = {
    name: 'established',
    dialog: confirmed(state.dialog),
    ack: undefined,
    answerOwed: undefined,
    unacknowledged: unacknowledged(invite, response, { isFirst: true, offered }, s),
    unheardSeq: 0,
    hasFollowed: false,
    heldBye: undefined,
    strays: [],
  };
}

function reject(
  leg: Leg,
  state: Incoming,
  how: { readonly status: number; readonly headers: HeaderLines; readonly reason?: string },
  s: Surroundings,
): void {
  const { headers, reason } = how;
  const status = how.status >= 300 && how.status < 700 ? how.status : 500;
  respond(inviteOf(state), status, s, { toTag: leg.id, headers, ...(reason !== undefined && { reason }) });
  over(leg);
}

function withdrawn(leg: Leg, state: Incoming, s: Surroundings): void {
  reject(leg, state, { status: 487, headers: [] }, s);
  tell(s, { type: 'cancelled', leg: leg.id });
}

function earlyRequest(leg: Leg, state: Incoming, event: RequestEvent, s: Surroundings): void {
  const { request, transaction } = event;
  const next = receiveInDialog(state.dialog, request);
  if (next === undefined) return respond(event, 500, s);
  keepDialog(leg, next);
  switch (request.method) {
    case 'PRACK':
      return pracked(leg, state, event, s);
    case 'UPDATE': {
      const { exchange } = state;
      const pending = exchange === 'settled' ? 'nobody' : exchange === 'offerSent' ? 'ours' : 'theirs';
      return takeUpdate(leg, event, pending, s);
    }
    case 'BYE':
      respond(event, 200, s);
      return withdrawn(leg, state, s);
    case 'INVITE':
      return respond(event, 500, s, retryAfter(s));
    default:
      return tell(s, { type: 'inDialogRequest', leg: leg.id, transaction, request });
  }
}

function pracked(leg: Leg, state: Incoming, event: RequestEvent, s: Surroundings): void {
  if (!matchesReliable(leg, event)) return respond(event, 481, s);
  const isFirst = state.unpracked !== undefined;
  state.unpracked = undefined;
  const sdp = sdpOf(event.request);
  if (!isFirst || sdp === undefined || state.exchange !== 'settled') {
    respond(event, 200, s);
    if (!isFirst) return;
    const isAnswer = state.exchange === 'offerSent';
    if (isAnswer) state.exchange = 'settled';
    if (isAnswer && sdp !== undefined) leg.remoteSdp = sdp;
    tell(s, { type: 'ringAcknowledged', leg: leg.id, ...(isAnswer && sdp !== undefined && { sdp }) });
    return goOn(leg, state, s);
  }
  tell(s, { type: 'ringAcknowledged', leg: leg.id });
  takeOffer(leg, 'PRACK', event, s);
}

/** RFC 3262 §7.2: `RAck: <RSeq> <CSeq number> INVITE` of our last reliable response. */
export function matchesReliable(leg: Leg, event: RequestEvent): boolean {
  const { lastReliable } = leg;
  if (lastReliable === undefined) return false;
  const parts = headerValue(event.request, 'rack')
    ?.trim()
    .split(/[ \t]+/);
  return (
    parts?.length === 3 &&
    Number(parts[0]) === lastReliable.rseq &&
    Number(parts[1]) === lastReliable.seq &&
    parts[2] === 'INVITE'
  );
}

/** What has waited for a PRACK: the answer, or the next ring. */
function goOn(leg: Leg, state: Incoming, s: Surroundings): void {
  if (leg.state !== state || state.unpracked !== undefined || leg.remoteChange !== undefined) return;
  const held = state.heldAnswer;
  if (held !== undefined) {
    state.heldAnswer = undefined;
    return answer(leg, state, held, s);
  }
  const next = state.rings.shift();
  if (next !== undefined) ringReliably(leg, state, next, s);
}

function expire(leg: Leg, state: Incoming, s: Surroundings): void {
  const { unpracked } = state;
  if (unpracked !== undefined && s.now >= unpracked.giveUpAt) {
    // RFC 3262 §3: the caller does not hear us; it is told so in case it does.
    reject(leg, state, { status: 504, headers: [] }, s);
    return tell(s, { type: 'cancelled', leg: leg.id });
  }
  if (unpracked !== undefined && s.now >= unpracked.retransmitAt) {
    unpracked.pauseMs *= 2;
    unpracked.retransmitAt = s.now + unpracked.pauseMs;
    s.out.push({ type: 'respond', transaction: state.transaction, response: unpracked.response });
  }
  if (state.refreshAt !== undefined && s.now >= state.refreshAt) refresh(leg, state, s);
  // An offer that was forgotten may have held something up.
  goOn(leg, state, s);
}

function refresh(leg: Leg, state: Incoming, s: Surroundings): void {
  state.refreshAt = s.now + REFRESH_MS;
  const last = state.lastRing;
  if (last !== undefined && state.unpracked === undefined) ring(leg, state, last, s);
}
