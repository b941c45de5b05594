/**
 * What passes between the endpoint (transactions, matching, target look-up), its owner (a user agent or a
 * server core) and the shell (sockets and DNS).
 */
import type { Millis } from '@holdfast/kernel';
import type { HeaderLines } from './message/build-message.ts';
import type { SipMessage, SipRequest, SipResponse } from './message/message.ts';
import type { Source, Target, TransportName } from './target.ts';

/** Names one client or server transaction of this endpoint. Opaque. */
export type TransactionId = string;

/** For the shell, to be performed in order. */
export type EndpointEffect =
  | {
      readonly type: 'transmit';
      readonly message: SipMessage;
      /** The message as it is written, where that is known already. */
      readonly bytes?: Uint8Array;
      readonly target: Target;
      /** What to name in `transportFailed` if the shell cannot send; absent where nothing would follow from that. */
      readonly transaction?: TransactionId;
    }
  /** RFC 3263 look-up of one DNS record set; the answer comes back through `lookedUp` under the same id. */
  | {
      readonly type: 'lookup';
      readonly id: string;
      readonly record: 'NAPTR' | 'SRV' | 'A' | 'AAAA';
      readonly name: string;
    };

/** For the owner. */
export type EndpointEvent =
  /** A new request; answer through `sendResponse`. Never an ACK, never a retransmission, never a CANCEL. */
  | {
      readonly type: 'request';
      readonly transaction: TransactionId;
      readonly request: SipRequest;
      readonly source: Source;
    }
  /** An ACK to a 2xx, which belongs to no transaction (RFC 3261 §13.2.2.4). */
  | { readonly type: 'ack'; readonly request: SipRequest; readonly source: Source }
  /** A CANCEL for an INVITE that is still pending; the endpoint has answered the CANCEL itself with 200. */
  | { readonly type: 'cancelled'; readonly transaction: TransactionId; readonly cancel: SipRequest }
  /** A response to a request of ours; every 2xx to INVITE is passed up, also retransmitted ones (RFC 6026). */
  | {
      readonly type: 'response';
      readonly transaction: TransactionId;
      readonly response: SipResponse;
      readonly source: Source;
    }
  /** No (final) response will come: the owner treats it as 408 (timeout) or 503 (transport, no-target). */
  | {
      readonly type: 'failed';
      readonly transaction: TransactionId;
      readonly reason: 'timeout' | 'transport' | 'no-target';
    }
  /** A server INVITE transaction got no ACK for its non-2xx response, or its response could not be sent. */
  | {
      readonly type: 'unacknowledged';
      readonly transaction: TransactionId;
      readonly reason: 'timeout' | 'transport';
    };

/** Refuses a request without a transaction. */
export interface StatelessRefusal {
  readonly status: number;
  readonly headers: HeaderLines;
}

export interface EndpointOutput {
  readonly effects: EndpointEffect[];
  readonly events: EndpointEvent[];
}

/** Where a request goes: a target that is already known, or a URI to be looked up (RFC 3263). */
export type Destination =
  | { readonly type: 'target'; readonly target: Target }
  | { readonly type: 'uri'; readonly uri: string; readonly transport?: TransportName };

/** RFC 3261 table 4 and RFC 6026, all in ms. */
export interface TimerValues {
  readonly T1: Millis;
  readonly T2: Millis;
  readonly T4: Millis;
  /** Timer B, F, H, L, M: 64*T1 unless set. */
  readonly giveUp: Millis;
  /** Timer D for UDP: at least 32 s. */
  readonly D: Millis;
}
