/**
 * For which extension a call crosses to the other site: a phone calls from the site that it prefers, and its agent works at
 * the other one (PH3). That site makes the call, as if the phone had called it, so that the agent's desk sees it.
 *
 * Such a call may leave over a trunk there, which no other call may that has come in over one. So the sender's address is not
 * enough, which over UDP anybody can write: the claim is signed with the key that all SIP Servers share (PH4), for this
 * call and this number alone.
 */
import { type Hashes, headerValue, type NonceKeys, type SipRequest, sameDigest } from '@holdfast/sip';

/** In an INVITE over `dr-peer-trunk` of an extension: its number, and the proof. */
export const ORIGIN_HEADER = 'X-Holdfast-Origin';

export interface CallOrigin {
  readonly dn: string;
  /** As the token that it crosses with says it. */
  readonly connId: string;
  /** The called number. */
  readonly to: string;
}

export function signedOrigin(hashes: Hashes, { current }: NonceKeys, origin: CallOrigin): string {
  return `${origin.dn};proof=${proofOf(hashes, current, origin)}`;
}

/** The extension that calls, when the request proves it. */
export function provenOrigin(
  hashes: Hashes,
  keys: NonceKeys,
  request: SipRequest,
  call: Omit<CallOrigin, 'dn'>,
): string | undefined {
  const text = headerValue(request, ORIGIN_HEADER.toLowerCase());
  const [, dn, proof] = /^([^;\s]{1,64});proof=([0-9a-f]{64})$/.exec(text ?? '') ?? [];
  if (dn === undefined || proof === undefined) return undefined;
  const { current, previous } = keys;
  const isProven = [current, previous].some(
    (key) => key !== undefined && sameDigest(proof, proofOf(hashes, key, { ...call, dn })),
  );
  return isProven ? dn : undefined;
}

/** None of the three holds a line break: they are parts of header fields. */
function proofOf(hashes: Hashes, key: string, { dn, connId, to }: CallOrigin): string {
  return hashes.hmacSha256(key, `call origin\n${connId}\n${dn}\n${to}`);
}
