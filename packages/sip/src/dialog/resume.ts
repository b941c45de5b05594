/**
 * A leg that another server goes on with. What that server's predecessor had sent and not yet heard the end of is
 * done again, except an INVITE, whose transaction came along.
 */
import type { TransactionId } from '../endpoint-types.ts';
import { CSEQ_MAX } from '../message/limits.ts';
import { type Dialog, nextHopOf } from './dialog.ts';
import { over, tell } from './in-dialog.ts';
import { stepInvite } from './invite.ts';
import type { Incoming, Leg, Surroundings, Unacknowledged } from './leg.ts';
import { askRefresh } from './offers.ts';
import { resumeSession } from './session-timer.ts';

/** The predecessor may have used more numbers than we know of; gaps are allowed (RFC 3261 §12.2.2). */
export const SEQ_JUMP = 1_000;
/** AD3: beyond anything that the other site may still send, so that the other side refuses what comes from there. */
export const SEQ_JUMP_OF_SITE = 1_000_000;

/** At the same address an ACK comes by itself to one of the next 2xx, as a rule. */
export const ACK_MAX_MS = 4_000;

/** `stands` says which transactions came along. */
export function resumeLeg(
  leg: Leg,
  seqJump: number,
  stands: (transaction: TransactionId) => boolean,
  s: Surroundings,
): void {
  jump(leg, seqJump);
  const { state, change, remoteChange } = leg;
  if (change !== undefined && !stands(change.transaction)) {
    const { method, sdp, refusals, isRefresh } = change;
    leg.change = undefined;
    leg.waiting.unshift({ method, sdp, refusals, isRefresh, notBefore: s.now });
  }
  // The other side repeats what it has no answer to.
  if (remoteChange !== undefined && !stands(remoteChange.transaction)) leg.remoteChange = undefined;
  if (state.name === 'incoming' && !stands(state.transaction)) {
    over(leg);
    return tell(s, { type: 'cancelled', leg: leg.id });
  }
  if (state.name === 'calling' && !stands(state.transaction)) {
    const request = state.invite;
    return stepInvite(leg, { type: 'noResponse', purpose: 'invite', request, status: 503 }, s);
  }
  if (state.name === 'ending') {
    // Whether the BYE has arrived nobody knows.
    leg.state = {
      name: 'established',
      dialog: state.dialog,
      ack: state.ack,
      answerOwed: undefined,
      unacknowledged: undefined,
      unheardSeq: 0,
      hasFollowed: false,
      heldBye: undefined,
      strays: [],
    };
    return stepInvite(leg, { type: 'bye', headers: [] }, s);
  }
  if (state.name === 'incoming' && state.heldAnswer !== undefined && seqJump === SEQ_JUMP_OF_SITE)
    answerUnheard(leg, state);
  resumeSession(leg, s);
  if (state.name === 'established' && state.unacknowledged?.isFirst === true)
    seekAck(leg, state.unacknowledged, seqJump, s);
  // It may have been lost with the predecessor, whose transaction would have repeated it (RFC 3261 §13.2.2.4).
  if (leg.side === 'caller' && state.name === 'established' && state.ack !== undefined)
    s.out.push({ type: 'sendAck', request: state.ack.request, nextHop: nextHopOf(state.dialog) });
  stepInvite(leg, { type: 'expire' }, s);
}

/**
 * The ACK to our first 2xx may have reached the predecessor, or have gone to where it was, and then comes no more. The
 * 2xx is repeated for as long as ever, for a caller who has not heard it; one who has it answers a refresh.
 */
function seekAck(leg: Leg, unacknowledged: Unacknowledged, seqJump: number, s: Surroundings): void {
  unacknowledged.isAckLost = true;
  unacknowledged.giveUpAt = s.now + s.giveUp;
  askRefresh(leg, s.now + (seqJump === SEQ_JUMP_OF_SITE ? 0 : ACK_MAX_MS));
}

/**
 * Our answer waits for a PRACK, which goes to the address of the site before us: it would never go out. Whether the caller
 * knows the description that the PRACK was for nobody can tell, so that it goes out once more (RFC 3261 §13.2.1: a
 * caller who knows it passes it over).
 */
function answerUnheard(leg: Leg, state: Incoming): void {
  state.unpracked = undefined;
  leg.remoteChange = undefined;
  if (state.exchange === 'settled') state.exchange = 'answerOwed';
}

function jump(leg: Leg, by: number): void {
  const { state } = leg;
  if (state.name === 'over') return;
  if (state.name !== 'calling') state.dialog = further(state.dialog, by);
  else for (const fork of state.forks) fork.dialog = further(fork.dialog, by);
}

function further(dialog: Dialog, by: number): Dialog {
  return { ...dialog, localSeq: Math.min(dialog.localSeq + by, CSEQ_MAX) };
}
