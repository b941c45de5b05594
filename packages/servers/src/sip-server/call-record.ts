/**
 * One call as the B2BUA holds it: the leg of whoever started it, the legs that ring, the leg that answered, and
 * what the origin hears meanwhile. What the call means (queues, agents, events) is in `centre`, under the same
 * ConnID.
 */
import type { LegId } from '@holdfast/sip';

export interface CallRecord {
  readonly connId: string;
  readonly origin: {
    /** Empty while the phone of a MakeCall is only being called. */
    leg: LegId;
    /** The extension that started the call; undefined when it came in over a trunk. */
    readonly dn: string | undefined;
    /** What the other party sees as the caller. */
    readonly ani: string;
    answered: boolean;
    /** The origin's own description, once it is known: the offer that the next party gets. */
    sdp: Uint8Array | undefined;
    /** Hop guard, counted down on the way through (RFC 3261 §8.2, §16.6; field case D11). */
    readonly maxForwards: number;
  };
  /** Called parties whose phones ring: DN → its legs (one for each registered contact). */
  readonly ringing: Map<string, Set<LegId>>;
  party: { readonly dn: string; readonly leg: LegId; sdp: Uint8Array | undefined } | undefined;
  treatment: { readonly kind: 'music' | 'tone'; sdp: Uint8Array | undefined } | undefined;
  /** 180 or 183 has been sent to the origin. */
  alerted: boolean;
  /** The party's 2xx held an offer, and its ACK waits for the origin's answer (RFC 3261 §13.2.1). */
  acknowledgeWithAnswer: boolean;
  /** An offer of one leg that is being put to the other: whom to answer. */
  relay: { readonly from: LegId; readonly to: LegId; readonly sdp: Uint8Array } | undefined;
  /** A client asked for this call (MakeCall): what to start once the origin's phone has answered. */
  makeCall: MakeCall | undefined;
  /** `release` was decided: no leg may come up any more. */
  over: boolean;
}

/** What a leg is to its call. */
export interface LegRole {
  readonly call: CallRecord;
  readonly role: 'origin' | 'party';
  /** Undefined for a caller from a trunk. */
  readonly dn: string | undefined;
}

export interface MakeCall {
  readonly destination: string;
  readonly userData: Readonly<Record<string, string>>;
  readonly client: string;
  readonly referenceId: number;
}
