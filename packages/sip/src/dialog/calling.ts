/**
 * Our INVITE is out (RFC 3261 §13.2): provisional responses, reliable ones with their PRACK (RFC 3262), several
 * phones that ring at once, and the races of giving up. The first 2xx makes the call; a 2xx from any other phone
 * gets its ACK, because that phone waits for it, and then BYE.
 */
import { cseqOf, headerValue, numberOf, tokensOf, toOf } from '../message/headers.ts';
import type { SipResponse } from '../message/message.ts';
import { tagOf } from '../message/name-addr.ts';
import {
  ackInDialog,
  callerDialog,
  confirmCaller,
  type Dialog,
  nextHopOf,
  receiveInDialog,
  requestInDialog,
} from './dialog.ts';
import {
  dialogWith,
  fieldsOf,
  forkWith,
  keepDialog,
  otherAnswered,
  over,
  remoteTagOf,
  respond,
  SDP_TYPE,
  sdpOf,
  sendInDialog,
  sendOther,
  tell,
  tellOther,
} from './in-dialog.ts';
import type { Calling, Fork, Leg, LegEffect, LegEvent, Surroundings } from './leg.ts';
import { answerOffer, askChange, changeAnswered, changeRefused, refuseOffer, takeUpdate } from './offers.ts';
import { sessionAgreed } from './session-timer.ts';

/** Phones that may ring for one INVITE; more are reported to the owner but have no early dialog. */
export const FORKS_MAX = 16;

/** RFC 3262 §7.1. */
const RSEQ_MAX = 2 ** 32 - 1;

export function stepCalling(leg: Leg, state: Calling, event: LegEvent, s: Surroundings): void {
  switch (event.type) {
    case 'response':
      if (event.purpose === 'invite') return inviteAnswered(leg, state, event.response, s);
      if (event.purpose === 'update') return changeAnswered(leg, event.response, s);
      if (event.purpose === 'other') return otherAnswered(leg, event.request, event.response, s);
      return;
    case 'noResponse':
      if (event.purpose === 'invite') return failed(leg, state, event.status, undefined, s);
      if (event.purpose === 'update') return changeRefused(leg, event.status, s);
      if (event.purpose === 'other') tellOther(leg, event.request, event.status, undefined, s);
      return;
    case 'request':
      return earlyRequest(leg, state, event, s);
    case 'cancel':
    case 'bye':
      // Before the call stands CANCEL ends it at every phone; BYE would reach one of them (§15).
      return giveUp(state, 'owner', s);
    case 'acknowledge':
      return sendOwedPrack(leg, state, event.sdp, s);
    case 'change':
      return askChange(leg, event.method, event.sdp, s);
    case 'acceptOffer':
      return answerOffer(leg, event.sdp, s);
    case 'rejectOffer':
      return refuseOffer(leg, event.status, s);
    case 'send':
      return sendOther(leg, event, s);
    case 'expire':
      if (state.giveUpAt !== undefined && s.now >= state.giveUpAt) ringingTooLong(leg, state, s);
      return;
    case 'ring':
    case 'answer':
    case 'reject':
    case 'ack':
    case 'cancelled':
    case 'refresh':
      return;
  }
}

function inviteAnswered(leg: Leg, state: Calling, response: SipResponse, s: Surroundings): void {
  if (response.status < 200) return provisional(leg, state, response, s);
  if (response.status < 300) return succeeded(leg, state, response, s);
  failed(leg, state, response.status, response, s);
}

function provisional(leg: Leg, state: Calling, response: SipResponse, s: Surroundings): void {
  state.proceeding = true;
  // Once given up, nobody wants to know any more how it rings.
  if (response.status === 100 || state.givenUp !== 'no') return;
  const fork = heardFork(state, response);
  const rseq = reliableNumber(response);
  if (fork !== undefined && rseq !== undefined) {
    // The PRACK transaction repeats itself; what is out of order comes again when the gap is closed (RFC 3262 §4).
    if (fork.rseq !== undefined && rseq !== fork.rseq + 1) return;
    fork.rseq = rseq;
  }
  const sdp = sdpOf(response);
  if (sdp !== undefined && fork?.settled !== true) {
    leg.remoteSdp = sdp;
    if (fork !== undefined) fork.sdp = sdp;
  }
  if (fork !== undefined && rseq !== undefined) acknowledgeProvisional(leg, state, fork, sdp, s);
  tell(s, { type: 'progress', leg: leg.id, status: response.status, ...(sdp !== undefined && { sdp }) });
}

/** The early dialog of this response; the last one heard stands last. */
function heardFork(state: Calling, response: SipResponse): Fork | undefined {
  const tag = tagOf(toOf(response));
  if (tag === undefined) return undefined;
  const { forks } = state;
  const known = forkWith(forks, tag);
  if (known !== undefined) {
    if (forks.at(-1) !== known) forks.push(...forks.splice(forks.indexOf(known), 1));
    return known;
  }
  if (forks.length >= FORKS_MAX) return undefined;
  const dialog = callerDialog(state.invite, response);
  if ('refusal' in dialog) return undefined;
  const fork: Fork = { dialog, rseq: undefined, sdp: undefined, settled: false, owedPrack: undefined };
  forks.push(fork);
  return fork;
}

/** RSeq of a response that wants a PRACK. */
function reliableNumber(response: SipResponse): number | undefined {
  const rseq = headerValue(response, 'rseq');
  if (rseq === undefined || tokensOf(response, 'require')?.includes('100rel') !== true) return undefined;
  return numberOf(rseq, RSEQ_MAX);
}

function acknowledgeProvisional(
  leg: Leg,
  state: Calling,
  fork: Fork,
  sdp: Uint8Array | undefined,
  s: Surroundings,
): void {
  const offered = state.invite.body.length > 0;
  const seq = cseqOf(state.invite)?.number ?? 0;
  const prack = { rseq: fork.rseq ?? 0, seq };
  if (sdp !== undefined && !offered && !fork.settled) {
    // The response is the offer, so the PRACK has to bring our owner's answer.
    fork.owedPrack = prack;
    return;
  }
  if (sdp !== undefined) fork.settled = true;
  sendPrack(leg, fork, prack, undefined, s);
}

function sendPrack(
  leg: Leg,
  fork: Fork,
  what: { readonly rseq: number; readonly seq: number },
  sdp: Uint8Array | undefined,
  s: Surroundings,
): void {
  const fields = [...fieldsOf([['RAck', `${what.rseq} ${what.seq} INVITE`]]), ...leg.authorization];
  const parts = sdp === undefined ? { fields } : { fields, body: sdp, contentType: SDP_TYPE };
  sendInDialog(leg, fork.dialog, { method: 'PRACK', purpose: 'prack' }, parts, s);
}

function sendOwedPrack(leg: Leg, state: Calling, sdp: Uint8Array | undefined, s: Surroundings): void {
  const fork = state.forks.find((each) => each.owedPrack !== undefined);
  if (fork?.owedPrack === undefined) return;
  const prack = fork.owedPrack;
  fork.owedPrack = undefined;
  fork.settled = true;
  if (sdp !== undefined) leg.localSdp = sdp;
  sendPrack(leg, fork, prack, sdp, s);
}

function succeeded(leg: Leg, state: Calling, response: SipResponse, s: Surroundings): void {
  const fork = forkWith(state.forks, tagOf(toOf(response)) ?? '');
  const dialog =
    fork === undefined
      ? callerDialog(state.invite, response)
      : confirmCaller(fork.dialog, state.invite, response);
  if ('refusal' in dialog) return failed(leg, state, 502, response, s);
  const seq = cseqOf(response)?.number ?? 0;
  if (state.givenUp !== 'no') {
    // The 2xx crossed our CANCEL: the other side believes in a call, so it is taken and ended (§9.1, §15).
    over(leg);
    declineCall(dialog, seq, leg, s.out);
    return tell(s, { type: 'failed', leg: leg.id, status: 487, response });
  }
  const settled = fork?.settled === true;
  const sdp = settled ? fork.sdp : (sdpOf(response) ?? fork?.sdp);
  if (sdp !== undefined) leg.remoteSdp = sdp;
  leg.allows = tokensOf(response, 'allow');
  // Without an offer in the INVITE the 2xx is the offer, and the ACK has to wait for the answer.
  const owesAnswer = state.invite.body.length === 0 && !settled && sdp !== undefined;
  const ack = owesAnswer
    ? undefined
    : { seq, request: ackInDialog(dialog, seq, { fields: leg.authorization }) };
  leg.state = {
    name: 'established',
    dialog,
    ack,
    answerOwed: owesAnswer ? seq : undefined,
    unacknowledged: undefined,
    unheardSeq: 0,
    hasFollowed: false,
    heldBye: undefined,
    strays: [],
  };
  sessionAgreed(leg, state.invite, response, s);
  if (ack !== undefined) s.out.push({ type: 'sendAck', request: ack.request, nextHop: nextHopOf(dialog) });
  tell(s, { type: 'answered', leg: leg.id, response, ...(sdp !== undefined && { sdp }) });
}

/** ACK and BYE for a call that we do not want. */
function declineCall(dialog: Dialog, seq: number, leg: Pick<Leg, 'authorization'>, out: LegEffect[]): void {
  const parts = { fields: leg.authorization };
  const nextHop = nextHopOf(dialog);
  out.push({ type: 'sendAck', request: ackInDialog(dialog, seq, parts), nextHop });
  out.push({ type: 'send', request: requestInDialog(dialog, 'BYE', parts).request, nextHop, purpose: 'bye' });
}

/**
 * A 2xx from another phone than the one whose call we took, or for a call that is gone here. It is acknowledged
 * each time that it comes; `again` says that this phone has been sent its BYE.
 */
export function declineStray(
  response: SipResponse,
  leg: Pick<Leg, 'authorization'>,
  again: boolean,
  out: LegEffect[],
): void {
  const dialog = callerDialog({ uri: toOf(response)?.uri ?? '' }, response);
  if ('refusal' in dialog) return;
  const seq = cseqOf(response)?.number ?? 0;
  if (again) {
    const request = ackInDialog(dialog, seq, { fields: leg.authorization });
    out.push({ type: 'sendAck', request, nextHop: nextHopOf(dialog) });
  } else declineCall(dialog, seq, leg, out);
}

function failed(
  leg: Leg,
  state: Calling,
  status: number,
  response: SipResponse | undefined,
  s: Surroundings,
): void {
  // Whatever the refusal says after we gave up, our giving up is the reason.
  const isOurs = state.givenUp === 'owner' || (state.givenUp === 'ringingMax' && state.proceeding);
  over(leg);
  tell(s, {
    type: 'failed',
    leg: leg.id,
    status: isOurs ? 487 : status,
    ...(response !== undefined && { response }),
  });
}

function giveUp(state: Calling, who: 'owner' | 'ringingMax', s: Surroundings): void {
  if (state.givenUp !== 'no') return;
  state.givenUp = who;
  state.giveUpAt = undefined;
  // Until a first provisional response comes, the endpoint holds the CANCEL back (§9.1).
  s.out.push({ type: 'sendCancel', transaction: state.transaction });
}

function ringingTooLong(leg: Leg, state: Calling, s: Surroundings): void {
  if (state.proceeding) return giveUp(state, 'ringingMax', s);
  // Nothing at all came back: to wait for Timer B would only lose time. Should something come after all, the endpoint
  // cancels it, and the user agent ends a late 2xx like that of a stray phone.
  s.out.push({ type: 'sendCancel', transaction: state.transaction });
  failed(leg, state, 408, undefined, s);
}

function earlyRequest(
  leg: Leg,
  state: Calling,
  event: Extract<LegEvent, { type: 'request' }>,
  s: Surroundings,
): void {
  const { request } = event;
  const tag = remoteTagOf(request);
  const dialog = dialogWith(leg, tag);
  if (dialog === undefined) return respond(event, 481, s);
  const next = receiveInDialog(dialog, request);
  if (next === undefined) return respond(event, 500, s);
  keepDialog(leg, next);
  switch (request.method) {
    case 'UPDATE': {
      const fork = forkWith(state.forks, tag);
      return takeUpdate(leg, event, fork?.settled === true ? 'nobody' : 'ours', s);
    }
    case 'BYE':
      return earlyBye(leg, state, tag, event, s);
    case 'INVITE':
      // Our own INVITE is still pending (§14.2).
      return respond(event, 491, s);
    case 'PRACK':
      return respond(event, 481, s);
    default:
      return tell(s, {
        type: 'inDialogRequest',
        leg: leg.id,
        transaction: event.transaction,
        request,
      });
  }
}

/** One phone leaves the call while it rings; with the last one the attempt is over. */
function earlyBye(
  leg: Leg,
  state: Calling,
  tag: string,
  event: Extract<LegEvent, { type: 'request' }>,
  s: Surroundings,
): void {
  respond(event, 200, s);
  const fork = forkWith(state.forks, tag);
  if (fork !== undefined) state.forks.splice(state.forks.indexOf(fork), 1);
  if (state.forks.length > 0) return;
  s.out.push({ type: 'sendCancel', transaction: state.transaction });
  over(leg);
  tell(s, { type: 'failed', leg: leg.id, status: 487 });
}
