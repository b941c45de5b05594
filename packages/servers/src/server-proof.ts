/**
 * How two servers show each other that they hold the secret of all servers, without saying it: each names a nonce, and answers
 * both with an HMAC over them, over who the two are, over the kind of the link, and over which of them answers. An answer
 * heard before is for other nonces, one's own, sent back, is of the wrong side, and what is shown to a Configuration Server is
 * nothing at a SIP Server. Who listens at the address of a server learns no secret by that, and
 * cannot have itself admitted at another server by what it hears, for a server answers only to those who are configured
 * there. But who stands between the two and passes everything on is not seen, and hears and may change what is said
 * then: against that the network between servers has to be closed.
 */
import { type Random, randomToken } from '@holdfast/kernel';
import type { Hashes } from '@holdfast/sip';

/** 62 letters and digits: 190 bits, so that none ever comes twice. */
const NONCE_LENGTH = 32;

export interface ProofSide {
  readonly application: string;
  /** Its process, or its session: what tells it from another one of that name. Empty where the nonce alone does. */
  readonly name: string;
  readonly nonce: string;
}

/** What a server is client of: a SIP Server, a Configuration Server, a Stat Server. */
export type ClientLink = 'client' | 'configuration' | 'statistics';

/** One link that opens. */
export interface ProofOf {
  readonly link: 'mate' | ClientLink;
  /** Who has opened the connection; it shows its proof first. */
  readonly connector: ProofSide;
  readonly listener: ProofSide;
}

export type ProofBy = 'connector' | 'listener';
type Hmac = Pick<Hashes, 'hmacSha256'>;

export function proofNonce(random: Random): string {
  return randomToken(random, NONCE_LENGTH);
}

export function proofOf(hashes: Hmac, secret: string, by: ProofBy, { link, ...sides }: ProofOf): string {
  const told = (['connector', 'listener'] as const).map((side) => {
    const { application, name, nonce } = sides[side];
    return [application, name, nonce];
  });
  return hashes.hmacSha256(secret, JSON.stringify(['holdfast', link, by, ...told]));
}

/** In a time that does not depend on where it is wrong. */
export function isProof(
  hashes: Hmac,
  secret: string | undefined,
  { given, by, of }: { readonly given: string; readonly by: ProofBy; readonly of: ProofOf },
): boolean {
  return secret !== undefined && isSame(proofOf(hashes, secret, by, of), given);
}

function isSame(expected: string, given: string): boolean {
  let difference = expected.length ^ given.length;
  for (let i = 0; i < given.length; i++)
    difference |= given.charCodeAt(i) ^ expected.charCodeAt(i % expected.length);
  return difference === 0;
}
