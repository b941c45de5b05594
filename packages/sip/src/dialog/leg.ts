/**
 * One leg: everything that is known of one call with one other party, as plain data. The functions in `invite.ts`
 * and beside it change a leg; the user agent owns it, keeps its deadline and performs its effects.
 *
 *     caller:  calling ──2xx──► established ──BYE──► ending ──► over
 *     callee:  incoming ──2xx──► established ──BYE──► ending ──► over
 */
import type { Millis, Random } from '@holdfast/kernel';
import type { TransactionId } from '../endpoint-types.ts';
import type { HeaderLines } from '../message/build-message.ts';
import type { HeaderField, SipRequest, SipResponse } from '../message/message.ts';
import type { LegId, UserAgentEvent } from '../user-agent-types.ts';
import type { Dialog } from './dialog.ts';
import type { SessionTimer, SessionTimerOptions } from './session-timer.ts';

export interface Leg {
  /** Also our tag in this dialog: random, so that no other leg has it. */
  readonly id: LegId;
  readonly side: 'caller' | 'callee';
  state: LegState;
  /** Our Contact as URI. */
  contact: string;
  /** The last description each side has sent. */
  localSdp: Uint8Array | undefined;
  remoteSdp: Uint8Array | undefined;
  /** Methods that the other side has said to understand (Allow); undefined when it has said nothing. */
  allows: readonly string[] | undefined;
  /** Credentials that our INVITE carried: its ACK repeats them (RFC 3261 §13.2.2.4). */
  authorization: readonly HeaderField[];
  /** Our re-INVITE or UPDATE that waits for its answer. */
  change: SentChange | undefined;
  /** Changes of ours that cannot be sent yet, in order. */
  readonly waiting: WaitingChange[];
  /** Our owner waits to hear what comes of a refresh. */
  isRefreshAsked: boolean;
  /** The offer of the other side that our owner has not answered yet. */
  remoteChange: RemoteChange | undefined;
  /** The last reliable provisional response that we sent: its PRACK may come late or twice. */
  lastReliable: { readonly rseq: number; readonly seq: number } | undefined;
  /** Until when the call that stands is to be refreshed, and by whom; undefined before, and where nobody does it. */
  session: SessionTimer | undefined;
}

export type LegState = Calling | Incoming | Established | Ending | Over;

/** Our INVITE is out. */
export interface Calling {
  readonly name: 'calling';
  /** As last sent; a challenge replaces it. */
  invite: SipRequest;
  transaction: TransactionId;
  /** A provisional response came: there is somebody. */
  proceeding: boolean;
  /** Who gave the attempt up: our owner or `ringingMax`. */
  givenUp: 'no' | 'owner' | 'ringingMax';
  /** Timer C: when `ringingMax` has passed. */
  giveUpAt: Millis | undefined;
  /** One for each To tag: the INVITE may have reached several phones. */
  readonly forks: Fork[];
}

/** One early dialog of our INVITE. */
export interface Fork {
  dialog: Dialog;
  /** The last reliable provisional response in order; undefined before the first. */
  rseq: number | undefined;
  /** The description that this phone has shown, reliably or not. */
  sdp: Uint8Array | undefined;
  /** Offer and answer are complete; then a 2xx brings no other description. */
  settled: boolean;
  /** A reliable response held an offer: its PRACK waits for our owner's answer. */
  owedPrack: { readonly rseq: number; readonly seq: number } | undefined;
}

/** Their INVITE waits for our owner's answer. */
export interface Incoming {
  readonly name: 'incoming';
  readonly invite: SipRequest;
  readonly transaction: TransactionId;
  dialog: Dialog;
  /** Whether the caller knows, or insists on, reliable provisional responses (RFC 3262). */
  readonly reliable: 'none' | 'supported' | 'required';
  exchange: 'answerOwed' | 'offerOwed' | 'offerSent' | 'settled';
  /** 0 before the first reliable response. */
  rseq: number;
  unpracked: Unpracked | undefined;
  /** Rings that wait for the PRACK of the one before. */
  readonly rings: Ring[];
  /** The last ring: repeated every minute, so that no proxy on the way gives up (RFC 3261 §13.3.1.1). */
  lastRing: Ring | undefined;
  refreshAt: Millis | undefined;
  /** An answer that waits for the PRACK of an offer or answer (RFC 3262 §5). */
  heldAnswer: Answer | undefined;
}

export interface Unpracked {
  readonly rseq: number;
  readonly response: SipResponse;
  retransmitAt: Millis;
  pauseMs: Millis;
  readonly giveUpAt: Millis;
}

export interface Ring {
  readonly status: number;
  readonly sdp?: Uint8Array;
  readonly headers?: HeaderLines;
  /** Ask for a PRACK. Only possible when the caller knows RFC 3262; always done when it insists. */
  readonly reliable?: boolean;
}

export interface Answer {
  readonly sdp?: Uint8Array;
  readonly headers?: HeaderLines;
  /** Our Contact as URI; the leg's own when absent. */
  readonly contact?: string;
}

export interface Established {
  readonly name: 'established';
  dialog: Dialog;
  /** Our last ACK, sent again for each 2xx that comes again. */
  ack: { readonly seq: number; readonly request: SipRequest } | undefined;
  /** The CSeq of our INVITE whose 2xx held an offer: our owner owes the answer in the ACK. */
  answerOwed: number | undefined;
  unacknowledged: Unacknowledged | undefined;
  /** The last CSeq that we used before we last heard a request of the other side: no answer to it proves nothing. */
  unheardSeq: number;
  /** The other side has answered a request of ours in the dialog, and not as one that is out of order (IS37). */
  hasFollowed: boolean;
  /** `bye` before the ACK came: it is sent when it comes (RFC 3261 §15). */
  heldBye: HeaderLines | undefined;
  /** To tags of other phones that answered too: BYE has been sent to them. */
  readonly strays: string[];
}

/** A 2xx of ours, sent again and again until its ACK comes (RFC 3261 §13.3.1.4). */
export interface Unacknowledged {
  readonly transaction: TransactionId;
  readonly response: SipResponse;
  readonly seq: number;
  /** The first INVITE of the leg, not a later one. */
  readonly isFirst: boolean;
  /** The 2xx held our offer: the ACK brings the answer. */
  readonly offered: boolean;
  retransmitAt: Millis;
  pauseMs: Millis;
  giveUpAt: Millis;
  /**
   * Its ACK may have gone to the server before us, which is gone: then our refresh is not held back, and its answer says
   * as much as the ACK.
   */
  isAckLost: boolean;
}

/** BYE is out. */
export interface Ending {
  readonly name: 'ending';
  dialog: Dialog;
  ack: Established['ack'];
}

export interface Over {
  readonly name: 'over';
}

export interface Change {
  readonly method: 'INVITE' | 'UPDATE';
  readonly sdp: Uint8Array | undefined;
  /** How often it has been refused for the moment (491, 500 with Retry-After). */
  readonly refusals: number;
  /** It changes nothing, and our owner hears nothing of it: it says where we are, and that the call stands. */
  readonly isRefresh: boolean;
}

export interface SentChange extends Change {
  /** Known once it has been sent. */
  transaction: TransactionId;
  /** When a re-INVITE is cancelled because only provisional answers came, or nothing after them. */
  giveUpAt: Millis | undefined;
}

export interface WaitingChange extends Change {
  /** RFC 3261 §14.1; 0 for one that has not been tried. */
  readonly notBefore: Millis;
}

export interface RemoteChange {
  readonly method: 'INVITE' | 'UPDATE' | 'PRACK';
  readonly transaction: TransactionId;
  readonly request: SipRequest;
  /** An UPDATE or PRACK that is not answered in time is answered 504; undefined for INVITE. */
  readonly giveUpAt: Millis | undefined;
}

/** What a client transaction of a leg is for. */
export type Purpose = 'invite' | 'reinvite' | 'update' | 'prack' | 'bye' | 'other';

export type LegEvent =
  // From the owner.
  | { readonly type: 'ring'; readonly ring: Ring }
  | { readonly type: 'answer'; readonly answer: Answer }
  | {
      readonly type: 'reject';
      readonly status: number;
      readonly headers: HeaderLines;
      readonly reason?: string;
    }
  | { readonly type: 'acknowledge'; readonly sdp: Uint8Array | undefined }
  | { readonly type: 'cancel' }
  | { readonly type: 'bye'; readonly headers: HeaderLines }
  | { readonly type: 'change'; readonly method: 'INVITE' | 'UPDATE'; readonly sdp: Uint8Array | undefined }
  | { readonly type: 'refresh' }
  | { readonly type: 'acceptOffer'; readonly sdp: Uint8Array | undefined }
  | { readonly type: 'rejectOffer'; readonly status: number }
  | {
      readonly type: 'send';
      readonly method: string;
      readonly headers: HeaderLines;
      readonly body: Uint8Array | undefined;
    }
  // From the other side.
  | {
      readonly type: 'response';
      readonly purpose: Purpose;
      readonly request: SipRequest;
      readonly response: SipResponse;
    }
  /** None came: 408 for a time-out, 503 for transport. */
  | {
      readonly type: 'noResponse';
      readonly purpose: Purpose;
      readonly request: SipRequest;
      readonly status: 408 | 503;
    }
  | { readonly type: 'request'; readonly transaction: TransactionId; readonly request: SipRequest }
  | { readonly type: 'ack'; readonly request: SipRequest }
  | { readonly type: 'cancelled'; readonly transaction: TransactionId }
  | { readonly type: 'expire' };

/** For the user agent, to be performed in order. */
export type LegEffect =
  /** `nextHop`: the URI at which it is aimed, the first proxy or the other side itself. */
  | {
      readonly type: 'send';
      readonly request: SipRequest;
      readonly nextHop: string;
      readonly purpose: Purpose;
    }
  | { readonly type: 'sendAck'; readonly request: SipRequest; readonly nextHop: string }
  | { readonly type: 'sendCancel'; readonly transaction: TransactionId }
  | { readonly type: 'respond'; readonly transaction: TransactionId; readonly response: SipResponse }
  | { readonly type: 'tell'; readonly event: UserAgentEvent };

/** What a step is given beside the leg: the moment, the dice, the timers, what we support, and where effects go. */
export interface Surroundings {
  readonly now: Millis;
  readonly random: Random;
  readonly T1: Millis;
  readonly T2: Millis;
  /** 64*T1. */
  readonly giveUp: Millis;
  readonly allow: HeaderField;
  readonly supported: HeaderField;
  /** Undefined: session timers are off. */
  readonly sessionTimer: SessionTimerOptions | undefined;
  readonly out: LegEffect[];
}
