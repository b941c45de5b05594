/**
 * The client's side of digest authentication (RFC 7616, RFC 3261 §22.2): from the challenges of a 401 or 407 to the
 * header field that answers the strongest one, and from there on one count higher for each further request.
 *
 * What is remembered between requests is plain data that the caller keeps (`DigestMemory`); nothing here has state.
 */
import {
  algorithmNamed,
  DIGEST_ALGORITHMS,
  type DigestAlgorithm,
  digestResponse,
  digestSecret,
  type Hashes,
  parseDigest,
  quote,
} from './digest.ts';

/** A challenge that was answered, to be used again for the next request. */
export interface DigestMemory {
  readonly realm: string;
  readonly nonce: string;
  /** None when the challenge named none; then the answer names none either. */
  readonly algorithmName?: string;
  readonly opaque?: string;
  readonly hasQop: boolean;
  /** The last nonce count used. */
  readonly nc: number;
}

export interface DigestAccount {
  readonly user: string;
  readonly password: string;
  readonly hashes: Hashes;
  /** A fresh random token of the client for this answer. */
  readonly cnonce: string;
  readonly method: string;
  /** The Request-URI as text. */
  readonly uri: string;
}

export type DigestAnswer =
  | { readonly name: 'answer'; readonly value: string; readonly memory: DigestMemory }
  /** Asking again with the same password is pointless. */
  | { readonly name: 'giveUp'; readonly because: 'no-usable-challenge' | 'wrong-password' | 'stale-again' };

/** Answers to one request that may follow its first challenge: one, and one more when the nonce had become stale. */
const ANSWERS_MAX = 2;

/** The header field that answers a challenge with this status. */
export function authorizationHeader(status: number): 'Authorization' | 'Proxy-Authorization' {
  return status === 407 ? 'Proxy-Authorization' : 'Authorization';
}

/**
 * Answers the challenges (the values of WWW-Authenticate or Proxy-Authenticate) of one response. `answered` is the
 * number of challenges to the same request that were answered before: a second one that does not say stale=true
 * means that the password is wrong.
 */
export function answerChallenge(
  challenges: readonly string[],
  account: DigestAccount & { readonly answered: number },
): DigestAnswer {
  const chosen = strongest(challenges);
  if (chosen === undefined) return { name: 'giveUp', because: 'no-usable-challenge' };
  if (account.answered > 0) {
    if (chosen.get('stale')?.toLowerCase() !== 'true') return { name: 'giveUp', because: 'wrong-password' };
    if (account.answered >= ANSWERS_MAX) return { name: 'giveUp', because: 'stale-again' };
  }
  const algorithmName = chosen.get('algorithm');
  const opaque = chosen.get('opaque');
  return answerAgain(
    {
      realm: chosen.get('realm') as string,
      nonce: chosen.get('nonce') as string,
      ...(algorithmName !== undefined && { algorithmName }),
      ...(opaque !== undefined && { opaque }),
      hasQop: chosen.has('qop'),
      nc: 0,
    },
    account,
  );
}

/** Uses a remembered challenge for the next request, with the count one higher: saves the round trip of a 401. */
export function answerAgain(
  memory: DigestMemory,
  account: DigestAccount,
): { readonly name: 'answer'; readonly value: string; readonly memory: DigestMemory } {
  const algorithm = algorithmNamed(memory.algorithmName) as DigestAlgorithm;
  const { hashes, user, password, method, uri, cnonce } = account;
  const nc = memory.nc + 1;
  const count = nc.toString(16).padStart(8, '0');
  const response = digestResponse(hashes, algorithm, {
    secret: digestSecret(hashes, algorithm, { user, realm: memory.realm, password }),
    nonce: memory.nonce,
    method,
    uri,
    ...(memory.hasQop && { protection: { qop: 'auth', nc: count, cnonce } }),
  });
  let value =
    `Digest username=${quote(user)}, realm=${quote(memory.realm)}, nonce=${quote(memory.nonce)}, ` +
    `uri=${quote(uri)}, response="${response}"`;
  if (memory.algorithmName !== undefined) value += `, algorithm=${memory.algorithmName}`;
  if (memory.hasQop) value += `, qop=auth, nc=${count}, cnonce=${quote(cnonce)}`;
  if (memory.opaque !== undefined) value += `, opaque=${quote(memory.opaque)}`;
  return { name: 'answer', value, memory: { ...memory, nc } };
}

/** The challenge with the strongest algorithm that we know and a qop that we can do; of equals the first. */
function strongest(challenges: readonly string[]): ReadonlyMap<string, string> | undefined {
  const usable = challenges.map(parseDigest).filter((params) => params !== undefined && isUsable(params));
  for (const algorithm of DIGEST_ALGORITHMS) {
    const found = usable.find((params) => algorithmNamed(params?.get('algorithm')) === algorithm);
    if (found !== undefined) return found;
  }
  return undefined;
}

function isUsable(params: ReadonlyMap<string, string>): boolean {
  const qop = params.get('qop');
  const hasAuth =
    qop === undefined || qop.split(',').some((option) => option.trim().toLowerCase() === 'auth');
  return hasAuth && params.has('realm') && params.has('nonce');
}
