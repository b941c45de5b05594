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
import type { Keys } from '@holdfast/protocol';
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

/** What is held of it: one, or while it is being changed the new and the former one (ID7). */
export type ServerSecret = string | readonly [current: string, former: string];

export function secretOfKeys(keys: Keys | undefined): ServerSecret | undefined {
  const { serverSecret: current, serverSecretFormer: former } = keys ?? {};
  return current === undefined || former === undefined ? current : [current, former];
}

/** Of a process whose secret is told in lines: the present one and, where there is a second line, the former one. */
export function secretOfLines(text: string): ServerSecret {
  const [current = '', former = ''] = text.split(/\r?\n/, 2).map((line) => line.trim());
  return former === '' ? current : [current, former];
}

/** Under each secret that is held, with a blank between two: whoever holds one of them knows it. */
export function proofOf(
  hashes: Hmac,
  secret: ServerSecret,
  by: ProofBy,
  { link, ...sides }: ProofOf,
): string {
  const told = (['connector', 'listener'] as const).map((side) => {
    const { application, name, nonce } = sides[side];
    return [application, name, nonce];
  });
  const text = JSON.stringify(['holdfast', link, by, ...told]);
  return secretsOf(secret)
    .map((each) => hashes.hmacSha256(each, text))
    .join(' ');
}

/** In a time that does not depend on where it is wrong. */
export function isProof(
  hashes: Hmac,
  secret: ServerSecret | undefined,
  { given, by, of }: { readonly given: string; readonly by: ProofBy; readonly of: ProofOf },
): boolean {
  if (secret === undefined) return false;
  const shown = given.split(' ', 2);
  let isGood = false;
  for (const each of secretsOf(secret)) {
    const expected = proofOf(hashes, each, by, of);
    for (const one of shown) isGood = isSame(expected, one) || isGood;
  }
  return isGood;
}

function secretsOf(secret: ServerSecret): readonly string[] {
  return typeof secret === 'string' ? [secret] : secret;
}

function isSame(expected: string, given: string): boolean {
  let difference = expected.length ^ given.length;
  for (let i = 0; i < given.length; i++)
    difference |= given.charCodeAt(i) ^ expected.charCodeAt(i % expected.length);
  return difference === 0;
}
