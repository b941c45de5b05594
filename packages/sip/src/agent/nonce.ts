/**
 * A nonce that needs no memory to be recognised (rule PH4): the time at which it was made, a part that makes it
 * unique, and an HMAC over both under a key that the servers of both sites share. So a phone that was challenged at
 * one site may answer at the other, and a server that has just started knows the nonces of its predecessor [C29].
 *
 *     lx2k9f3a . n4x7qz . 1c . 5f0e…(32 hex digits)
 *     wall ms    maker    no.  HMAC-SHA-256, shortened to 128 bits
 */
import { type Hashes, sameDigest } from './digest.ts';

/** Shared by all servers. While a key is being replaced, nonces made with the previous one are still known. */
export interface NonceKeys {
  readonly current: string;
  readonly previous?: string;
}

export interface NonceParts {
  /** Wall clock, ms: valid at both sites, so it cannot be monotonic time. */
  readonly madeAt: number;
  /** Names the process that made it, so that two servers never make the same nonce. Letters and digits. */
  readonly maker: string;
  readonly number: number;
}

const MAC_LENGTH = 32;
/** Longer text cannot be one of ours and is not worth hashing. */
const NONCE_LENGTH_MAX = 96;
const NONCE = /^([0-9a-z]{1,11})\.([0-9a-z]{1,32})\.([0-9a-z]{1,11})\.([0-9a-f]{32})$/;

export function makeNonce(hashes: Hashes, keys: NonceKeys, realm: string, parts: NonceParts): string {
  // A clock may give fractions of a ms; a dot of them would be taken for the end of the time.
  const body = `${Math.floor(parts.madeAt).toString(36)}.${parts.maker}.${parts.number.toString(36)}`;
  return `${body}.${macOf(hashes, keys.current, realm, body)}`;
}

/** When the nonce was made (wall clock, ms); undefined when it is not one of ours. */
export function nonceMadeAt(
  hashes: Hashes,
  keys: NonceKeys,
  realm: string,
  nonce: string,
): number | undefined {
  if (nonce.length > NONCE_LENGTH_MAX) return undefined;
  const match = NONCE.exec(nonce);
  if (match === null) return undefined;
  const body = nonce.slice(0, nonce.length - MAC_LENGTH - 1);
  const mac = match[4] as string;
  const isOurs =
    sameDigest(mac, macOf(hashes, keys.current, realm, body)) ||
    (keys.previous !== undefined && sameDigest(mac, macOf(hashes, keys.previous, realm, body)));
  return isOurs ? Number.parseInt(match[1] as string, 36) : undefined;
}

function macOf(hashes: Hashes, key: string, realm: string, body: string): string {
  return hashes.hmacSha256(key, `${realm}\n${body}`).slice(0, MAC_LENGTH);
}
