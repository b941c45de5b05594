/**
 * One call as the B2BUA holds it: the leg of whoever started it, the legs that ring, the leg that answered, and
 * what the origin hears meanwhile. What the call means (queues, agents, events) is in `centre`, under the same
 * ConnID.
 */
import type { PartyRelease } from '@holdfast/centre';
import type { LegId, RegisteredContact } from '@holdfast/sip';
import type { Asker } from './answers.ts';
import type { Transferring } from './call-transfers.ts';

export interface CallRecord {
  readonly connId: string;
  /** Whoever remains, once one end has turned the other to somebody else. */
  origin: {
    /** Empty while the phone of a MakeCall is only being called. */
    leg: LegId;
    /** The extension that started the call; undefined when it came in over a trunk. */
    readonly dn: string | undefined;
    /** What the other party sees as the caller. */
    readonly ani: string;
    answered: boolean;
    /** The origin's own description, once it is known: the offer that the next party gets. */
    sdp: Uint8Array | undefined;
    /** The description that it was sent last. */
    told: Uint8Array | undefined;
    /** Hop guard, counted down on the way through (RFC 3261 §8.2, §16.6; field case D11). */
    readonly maxForwards: number;
  };
  /** Called parties whose phones ring, by DN. */
  readonly ringing: Map<string, Ringing>;
  party: Party | undefined;
  treatment: { readonly kind: 'music' | 'tone'; sdp: Uint8Array | undefined } | undefined;
  /** 180 or 183 has been sent to the origin. */
  alerted: boolean;
  /** Whose early media the origin hears. */
  early: LegId | undefined;
  /** The origin was answered with an offer, since it had made none: its ACK brings the answer to this. */
  offeredInAnswer: Turn | undefined;
  /** Our own re-INVITEs to the origin that have no answer yet, in order. */
  readonly turns: Turn[];
  /** An offer of one leg that is being put to the other: whom to answer. */
  relay: Relay | undefined;
  /** One end turns the other to somebody else. */
  transfer: Transferring | undefined;
  /** A client asked for this call (MakeCall): what to start once the origin's phone has answered. */
  makeCall: MakeCall | undefined;
  /** `release` was decided: no leg may come up any more. */
  over: boolean;
  /**
   * AD3: how often it has gone from one site to the other. Each adoption adds one to what the record that it began with
   * says, so that it is even at the site where the call came in and odd at the other: the two can never be equal.
   */
  moves: number;
}

/** One called DN: a leg for each contact of its phone, and the best reason why none of them is left. */
export interface Ringing {
  readonly legs: Set<LegId>;
  why: PartyRelease;
  /** Where a 3xx of its phone sends the caller, as far as we follow. */
  redirect: Redirect | undefined;
}

/** A DN of ours, or a number behind a trunk. */
export interface Redirect {
  readonly to: string;
  readonly trunk: string | undefined;
}

export interface Party {
  readonly dn: string;
  readonly leg: LegId;
  /** Its own description: what the origin is to hear. */
  sdp: Uint8Array;
  /** The description that it was sent last. */
  told: Uint8Array | undefined;
  /** It was called without an offer, its 2xx held one, and its ACK waits for the origin's answer (RFC 3261 §13.2.1). */
  awaitsAnswer: boolean;
  /** It came from another call, and is offered what the origin answers. */
  awaitsOffer?: boolean;
}

/** To what the origin is being turned by an offer of ours; `relay` is an offer of the party put through. */
export type Turn =
  | { readonly to: 'treatment' }
  | { readonly to: 'party'; readonly leg: LegId }
  | { readonly to: 'relay' };

export interface Relay {
  /** Undefined where the offer is ours, and nobody waits for its answer. */
  readonly from: LegId | undefined;
  readonly to: LegId;
  readonly sdp: Uint8Array;
  /** Whoever made the offer took it back before it was answered. */
  withdrawn: boolean;
}

/** What a leg is to its call. */
export interface LegRole {
  readonly call: CallRecord;
  readonly role: 'origin' | 'party';
  /** Undefined for a caller from a trunk. */
  readonly dn: string | undefined;
  /** The offer in our INVITE to it; without one its 2xx holds the offer. */
  readonly offer: Uint8Array | undefined;
  /** The registered contact that was called; undefined for callers and gateways. */
  readonly contact: RegisteredContact | undefined;
  /** The trunk over which it was called, and those that are tried if this one fails. */
  readonly over: { readonly trunk: string; readonly left: readonly string[] } | undefined;
  /** The phone has given a sign of life: if it is silent later, its contact may be a newer one and is not to blame. */
  hasRung: boolean;
  /** It has sent a REFER: further ones are told apart by number (RFC 3515 §2.4.6). */
  hasReferred?: boolean;
}

export interface MakeCall {
  readonly destination: string;
  readonly userData: Readonly<Record<string, string>>;
  /** The call for which it is a consultation. */
  readonly consultOf?: string;
  /** Who has asked, by whatever connection (LG3). */
  readonly client: Asker;
  readonly referenceId: number;
}
