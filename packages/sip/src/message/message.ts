/**
 * A SIP message (RFC 3261 §7) as plain, immutable data: the start line, the header fields in the order in which
 * they came, the body. Header fields are kept as text; what routing, transactions and dialogs need is read on
 * demand by the functions in `headers.ts`, and remembered.
 */

export interface HeaderField {
  /** Lower-case long form, for look-ups: "via", "call-id", "x-anything". */
  readonly key: string;
  /** As it is written on the wire: "Via", or whatever an unknown header came as. */
  readonly name: string;
  /** Unfolded, without leading and trailing white space; lists are not split. */
  readonly value: string;
}

export interface SipRequest {
  readonly kind: 'request';
  readonly method: string;
  /** The Request-URI as text. */
  readonly uri: string;
  readonly headers: readonly HeaderField[];
  readonly body: Uint8Array;
}

export interface SipResponse {
  readonly kind: 'response';
  /** 100 to 699. */
  readonly status: number;
  readonly reason: string;
  readonly headers: readonly HeaderField[];
  readonly body: Uint8Array;
}

export type SipMessage = SipRequest | SipResponse;

export const EMPTY_BODY: Uint8Array = new Uint8Array(0);

/** Parameter names are lower-case; a flag parameter (";lr") has the value null. */
export type Params = ReadonlyMap<string, string | null>;

/** RFC 3261 §19.1. `tel:` and other schemes keep everything after the colon in `host`. */
export interface SipUri {
  readonly scheme: string;
  readonly user?: string;
  readonly password?: string;
  /** Lower-case; IPv6 with its brackets. */
  readonly host: string;
  readonly port?: number;
  readonly params: Params;
  /** The part after "?", undecoded, when there is one. */
  readonly headers?: string;
}

/** From, To, Contact, Route, Record-Route, …: RFC 3261 §20.10. */
export interface NameAddr {
  readonly displayName?: string;
  /** The URI as text, without angle brackets. */
  readonly uri: string;
  /** Header parameters ("tag", "expires", "q", "reg-id", "+sip.instance"), not those of the URI. */
  readonly params: Params;
}

/** RFC 3261 §20.42, RFC 3581. */
export interface Via {
  /** Upper-case: "UDP", "TCP", "TLS", "WS", "WSS". */
  readonly transport: string;
  readonly host: string;
  readonly port?: number;
  readonly params: Params;
}

export interface CSeq {
  readonly number: number;
  readonly method: string;
}
