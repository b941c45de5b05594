/**
 * The INVITE session (RFC 3261 §13–15): one machine for each leg. What happens to a leg comes in as an event, what
 * is to be done goes out as effects in order; `deadlineOf` says when it wants `expire`. A leg is plain data, and
 * every state has its own file:
 *
 *     calling.ts      our INVITE is out           incoming.ts     theirs waits for our owner
 *     established.ts  the call stands, and ends   offers.ts       re-INVITE and UPDATE, both ways
 *
 * An event that a state does not know changes nothing: owner and network run beside each other, so that an answer
 * may meet a call that was taken back in the same moment.
 */
import type { Millis } from '@holdfast/kernel';
import type { TransactionId } from '../endpoint-types.ts';
import { tokensOf } from '../message/headers.ts';
import type { SipRequest } from '../message/message.ts';
import type { LegId } from '../user-agent-types.ts';
import { stepCalling } from './calling.ts';
import { calleeDialog, type DialogRefusal } from './dialog.ts';
import { stepEnding, stepEstablished } from './established.ts';
import { sdpOf } from './in-dialog.ts';
import { stepIncoming } from './incoming.ts';
import type { Leg, LegEvent, Surroundings } from './leg.ts';
import { endForgottenOffer, endOpenOffer, endStaleChange, maySend, sendWaiting } from './offers.ts';
import { sessionDeadline } from './session-timer.ts';

export function stepInvite(leg: Leg, event: LegEvent, s: Surroundings): void {
  if (event.type === 'expire') endForgottenOffer(leg, s);
  stepState(leg, event, s);
  if (leg.change !== undefined) endStaleChange(leg, s);
  if (leg.remoteChange !== undefined) endOpenOffer(leg, s);
  // Whatever has happened, a change of ours may have become possible by it.
  if (leg.waiting.length > 0) sendWaiting(leg, s);
}

function stepState(leg: Leg, event: LegEvent, s: Surroundings): void {
  const { state } = leg;
  switch (state.name) {
    case 'calling':
      return stepCalling(leg, state, event, s);
    case 'incoming':
      return stepIncoming(leg, state, event, s);
    case 'established':
      return stepEstablished(leg, state, event, s);
    case 'ending':
      return stepEnding(leg, state, event, s);
    case 'over':
      return;
  }
}

export interface CallStart {
  readonly id: LegId;
  readonly contact: string;
  readonly invite: SipRequest;
  readonly transaction: TransactionId;
  /** When `ringingMax` will have passed. */
  readonly giveUpAt: Millis | undefined;
}

/** A leg whose INVITE has just been sent. */
export function startCall(start: CallStart): Leg {
  return {
    id: start.id,
    side: 'caller',
    state: {
      name: 'calling',
      invite: start.invite,
      transaction: start.transaction,
      proceeding: false,
      givenUp: 'no',
      giveUpAt: start.giveUpAt,
      forks: [],
    },
    contact: start.contact,
    localSdp: sdpOf(start.invite),
    remoteSdp: undefined,
    allows: undefined,
    authorization: [],
    change: undefined,
    waiting: [],
    isRefreshAsked: false,
    remoteChange: undefined,
    lastReliable: undefined,
    session: undefined,
  };
}

/** A leg for an INVITE that has just come in, or why it cannot be one (400). */
export function startIncoming(start: {
  readonly id: LegId;
  readonly contact: string;
  readonly invite: SipRequest;
  readonly transaction: TransactionId;
}): Leg | DialogRefusal {
  const { invite, transaction } = start;
  const dialog = calleeDialog(invite, start.id);
  if ('refusal' in dialog) return dialog;
  const offer = sdpOf(invite);
  return {
    id: start.id,
    side: 'callee',
    state: {
      name: 'incoming',
      invite,
      transaction,
      dialog,
      reliable: reliableWish(invite),
      exchange: offer === undefined ? 'offerOwed' : 'answerOwed',
      rseq: 0,
      unpracked: undefined,
      rings: [],
      lastRing: undefined,
      refreshAt: undefined,
      heldAnswer: undefined,
    },
    contact: start.contact,
    localSdp: undefined,
    remoteSdp: offer,
    allows: tokensOf(invite, 'allow'),
    authorization: [],
    change: undefined,
    waiting: [],
    isRefreshAsked: false,
    remoteChange: undefined,
    lastReliable: undefined,
    session: undefined,
  };
}

function reliableWish(invite: SipRequest): 'none' | 'supported' | 'required' {
  if (tokensOf(invite, 'require')?.includes('100rel') === true) return 'required';
  return tokensOf(invite, 'supported')?.includes('100rel') === true ? 'supported' : 'none';
}

/** When this leg wants `expire`, if nothing else happens. */
export function deadlineOf(leg: Leg): Millis | undefined {
  const { state, remoteChange } = leg;
  let at = earlier(remoteChange?.giveUpAt, leg.change?.giveUpAt);
  const next = leg.waiting[0];
  if (next !== undefined && maySend(leg, next)) at = earlier(at, next.notBefore);
  switch (state.name) {
    case 'calling':
      return earlier(at, state.giveUpAt);
    case 'incoming': {
      const { unpracked } = state;
      at = earlier(at, state.refreshAt);
      return unpracked === undefined ? at : earlier(at, Math.min(unpracked.retransmitAt, unpracked.giveUpAt));
    }
    case 'established': {
      const waits = state.unacknowledged;
      at = earlier(at, sessionDeadline(leg));
      return waits === undefined ? at : earlier(at, Math.min(waits.retransmitAt, waits.giveUpAt));
    }
    case 'ending':
    case 'over':
      return undefined;
  }
}

function earlier(left: Millis | undefined, right: Millis | undefined): Millis | undefined {
  if (left === undefined) return right;
  return right === undefined ? left : Math.min(left, right);
}
