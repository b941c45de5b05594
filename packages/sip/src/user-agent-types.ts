/**
 * What a user agent tells its owner (a phone, or one side of the B2BUA) about calls. One *leg* is one dialog of
 * ours with one other party, from its INVITE to the end of its BYE.
 */

import type { Destination, TransactionId } from './endpoint-types.ts';
import type { SipRequest, SipResponse } from './message/message.ts';
import type { Source } from './target.ts';

/** Names one leg of this user agent. Opaque. */
export type LegId = string;

export interface InviteOptions {
  /** Request-URI as text. */
  readonly uri: string;
  readonly destination: Destination;
  /** From and To as name-addr text, without tags: `"Ada" <sip:7001@north>`. */
  readonly from: string;
  readonly to: string;
  /** Our Contact as URI text. */
  readonly contact: string;
  /** The offer; absent makes an INVITE without one. */
  readonly sdp?: Uint8Array;
  /** Extra header fields, in order. Max-Forwards may be given here (a B2BUA counts it down). */
  readonly headers?: readonly (readonly [name: string, value: string])[];
  /** Answers 401 and 407. */
  readonly credentials?: { readonly user: string; readonly password: string };
  /** Send PRACK-able provisionals only if the other side asks; "supported" says 100rel in Supported. */
  readonly reliableProvisionals?: 'none' | 'supported' | 'required';
  /** Ends the attempt (CANCEL) after this time without a final answer, ms. Absent: Timer C does not run. */
  readonly ringingMax?: number;
  /** No answer of any kind after this time ends the attempt: Timer B, where its 32 s are too long, ms. */
  readonly giveUpMs?: number;
}

export type UserAgentEvent =
  /** A new call comes in; answer it with ring, answer, reject or redirect. 100 has been sent. */
  | { readonly type: 'incoming'; readonly leg: LegId; readonly request: SipRequest; readonly source: Source }
  /** The caller gave up (CANCEL, an early BYE, or no PRACK came) before we answered. The leg is over. */
  | { readonly type: 'cancelled'; readonly leg: LegId }
  /** The PRACK to a reliable ring of ours came; `sdp` when it carried the answer to an offer of ours. */
  | { readonly type: 'ringAcknowledged'; readonly leg: LegId; readonly sdp?: Uint8Array }
  /** A provisional answer above 100 to our INVITE; `sdp` when it carried one (early media). */
  | { readonly type: 'progress'; readonly leg: LegId; readonly status: number; readonly sdp?: Uint8Array }
  /** Our INVITE was answered with 2xx. ACK has been sent, unless the INVITE carried no offer: then call `acknowledge` with an answer. */
  | {
      readonly type: 'answered';
      readonly leg: LegId;
      readonly sdp?: Uint8Array;
      readonly response: SipResponse;
    }
  /** Our INVITE ended without an answer. `status` 408 for a time-out, 503 for transport, 487 after our cancel. */
  | { readonly type: 'failed'; readonly leg: LegId; readonly status: number; readonly response?: SipResponse }
  /** The ACK to our 2xx came; `sdp` when it carried the answer to an offer of ours. */
  | { readonly type: 'acknowledged'; readonly leg: LegId; readonly sdp?: Uint8Array }
  /** re-INVITE or UPDATE from the other party (or an offer in its PRACK); answer with `acceptOffer` or `rejectOffer`. `sdp` absent: it asks for our offer. */
  | {
      readonly type: 'offer';
      readonly leg: LegId;
      readonly method: 'INVITE' | 'UPDATE' | 'PRACK';
      readonly sdp?: Uint8Array;
    }
  /** The other party took its offer back (CANCEL), or it was not answered in time. It has been refused. */
  | { readonly type: 'offerWithdrawn'; readonly leg: LegId }
  /** The answer to our re-INVITE or UPDATE: 2xx with its SDP, or a refusal (491 has been retried as RFC 3261 §14.1 says). */
  | {
      readonly type: 'offerAnswered';
      readonly leg: LegId;
      readonly status: number;
      /** False: no answer came at all, and `status` says why (408, 503), or that too many changes wait (500). */
      readonly hasResponse: boolean;
      readonly sdp?: Uint8Array;
    }
  /** What came of a `refresh`; without a response 408 or 503. Of a leg that is lost by it `ended` is told instead. */
  | {
      readonly type: 'refreshAnswered';
      readonly leg: LegId;
      readonly status: number;
      readonly hasResponse: boolean;
    }
  /** INFO, REFER, NOTIFY, MESSAGE, … inside the dialog; answer with `respond`. */
  | {
      readonly type: 'inDialogRequest';
      readonly leg: LegId;
      readonly transaction: TransactionId;
      readonly request: SipRequest;
    }
  /** The answer to an in-dialog request that we sent with `sendInDialog`. 408/503 when none came. */
  | {
      readonly type: 'inDialogResponse';
      readonly leg: LegId;
      readonly method: string;
      readonly status: number;
      readonly response?: SipResponse;
    }
  /** An established leg is over: BYE from the other side (`remote`), our BYE was answered (`local`), or it is dead
   *  (`lost`: no ACK to our 2xx, 481/408 in the dialog). */
  | {
      readonly type: 'ended';
      readonly leg: LegId;
      readonly by: 'remote' | 'local' | 'lost';
      readonly reason?: string;
    }
  /** The other side obeys somebody else who goes on with this leg (IS37): `forget` it, or go on and see. */
  | { readonly type: 'superseded'; readonly leg: LegId }
  /** A request in a dialog that is none of ours; answer with `respond`, or `takeStray` once its leg has been loaded. */
  | {
      readonly type: 'stray';
      readonly transaction: TransactionId;
      readonly request: SipRequest;
      readonly source: Source;
    }
  /** A request outside any dialog of ours: REGISTER, OPTIONS, MESSAGE, SUBSCRIBE, …; answer with `respond`. */
  | {
      readonly type: 'request';
      readonly transaction: TransactionId;
      readonly request: SipRequest;
      readonly source: Source;
    }
  /** The final answer to a request sent with `sendRequest`. 408/503 when none came. */
  | {
      readonly type: 'response';
      readonly transaction: TransactionId;
      readonly status: number;
      readonly response?: SipResponse;
      readonly source?: Source;
    };
