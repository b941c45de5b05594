/**
 * The server's side of digest authentication (rule PH4): who sent this request, and what to answer when that is not
 * proved. One realm for both sites, nonces that every server knows, SHA-256 offered before MD5 [C81].
 *
 * The order of the checks matters. First whether the nonce is ours, then whether the answer is right, then whether
 * the nonce is still good, then whether it was used before: only who knows the password learns that a nonce is stale,
 * and only right answers take memory.
 */
import type { HeaderField, SipRequest } from '../message/message.ts';
import {
  algorithmNamed,
  DIGEST_ALGORITHMS,
  type DigestAlgorithm,
  digestRequestHash,
  digestResponse,
  type Hashes,
  parseDigest,
  quote,
  sameDigest,
} from './digest.ts';
import { makeNonce, type NonceKeys, nonceMadeAt } from './nonce.ts';
import { NonceMemory } from './nonce-memory.ts';

/** What the directory keeps of an account, per algorithm: H(user:realm:password) as lower-case hex. */
export interface DigestSecrets {
  readonly md5?: string;
  readonly sha256?: string;
}

export interface ChallengerOptions {
  readonly realm: string;
  readonly hashes: Hashes;
  readonly keys: NonceKeys;
  /** Names this process among all that share the keys, and differs after a restart: lower-case letters and digits. */
  readonly maker: string;
  /** Undefined for a user that does not exist. */
  credentials(user: string): DigestSecrets | undefined;
  /** What is offered, in this order. Default: SHA-256, then MD5. */
  readonly algorithms?: readonly DigestAlgorithm[];
  /** How long a nonce may be used, ms. Default 60,000. */
  readonly nonceLifeMs?: number;
  /** Nonces remembered per life. Default `NONCES_MAX`. */
  readonly noncesMax?: number;
}

export type DigestVerdict =
  | { readonly name: 'authentic'; readonly user: string }
  /** Answer with this status and these header fields. `because` is for the log, never for the sender. */
  | {
      readonly name: 'challenge';
      readonly status: 401;
      readonly headers: readonly (readonly [name: string, value: string])[];
      readonly because: 'no-credentials' | 'forged-nonce' | 'wrong-answer' | 'stale-nonce' | 'repeated-count';
      readonly user?: string;
    }
  | { readonly name: 'malformed'; readonly status: 400; readonly reason: string };

/** Rule PH4: life 60 s. */
export const NONCE_LIFE_MS = 60_000;
/** About 150 bytes each: 40 MB for two full generations. At the limit phones are asked for a fresh nonce earlier. */
export const NONCES_MAX = 131_072;

interface Answer {
  readonly user: string;
  readonly nonce: string;
  readonly uri: string;
  readonly response: string;
  readonly algorithm: DigestAlgorithm;
  readonly protection?: { readonly qop: string; readonly nc: string; readonly cnonce: string };
}

interface Refusal {
  readonly name: 'refused';
  readonly because: Extract<DigestVerdict, { name: 'challenge' }>['because'];
  readonly user: string | undefined;
}

export class Challenger {
  readonly #options: ChallengerOptions;
  readonly #algorithms: readonly DigestAlgorithm[];
  readonly #lifeMs: number;
  readonly #memory: NonceMemory;
  #keys: NonceKeys;
  #made = 0;
  #lastHash:
    | {
        readonly algorithm: DigestAlgorithm;
        readonly method: string;
        readonly uri: string;
        readonly hash: string;
      }
    | undefined;

  constructor(options: ChallengerOptions) {
    this.#options = options;
    this.#algorithms = options.algorithms ?? DIGEST_ALGORITHMS;
    this.#lifeMs = options.nonceLifeMs ?? NONCE_LIFE_MS;
    this.#memory = new NonceMemory(this.#lifeMs, options.noncesMax ?? NONCES_MAX);
    this.#keys = options.keys;
  }

  /** New keys; the former current one should come back as `previous` for at least the life of a nonce. */
  setKeys(keys: NonceKeys): void {
    this.#keys = keys;
  }

  /** Nonces in memory, for the figures. */
  get remembered(): number {
    return this.#memory.size;
  }

  /**
   * `wallNow` is wall-clock time, ms since 1970: a nonce is valid at both sites [C29]. `algorithms` narrows what is
   * offered and taken for this request, for a sender that may use less or cannot bear more.
   */
  check(wallNow: number, request: SipRequest, algorithms = this.#algorithms): DigestVerdict {
    const verdict = this.#verdict(wallNow, request, algorithms);
    if (verdict.name !== 'refused') return verdict;
    return this.#challenge(wallNow, algorithms, verdict.because, verdict.user);
  }

  #verdict(
    wallNow: number,
    request: SipRequest,
    algorithms: readonly DigestAlgorithm[],
  ): Exclude<DigestVerdict, { name: 'challenge' }> | Refusal {
    const refused = (because: Refusal['because'], user?: string): Refusal => ({
      name: 'refused',
      because,
      user,
    });
    const answer = this.#answerIn(request.headers, algorithms);
    if (answer === undefined) return refused('no-credentials');
    if (typeof answer === 'string') return { name: 'malformed', status: 400, reason: answer };

    const { hashes, realm } = this.#options;
    // A remembered nonce was found authentic when it was first used; that saves an HMAC for each refresh.
    const madeAt = this.#memory.madeAt(answer.nonce) ?? nonceMadeAt(hashes, this.#keys, realm, answer.nonce);
    if (madeAt === undefined) return refused('forged-nonce', answer.user);
    if (!this.#isRight(request.method, answer)) return refused('wrong-answer', answer.user);
    if (wallNow < madeAt || wallNow > madeAt + this.#lifeMs) {
      return refused('stale-nonce', answer.user);
    }
    // A client of RFC 2069 counts nothing, so its nonce is good for one request.
    const count = answer.protection === undefined ? 1 : Number.parseInt(answer.protection.nc, 16);
    if (!this.#memory.use(wallNow, answer.nonce, madeAt, count)) {
      return refused('repeated-count', answer.user);
    }
    return { name: 'authentic', user: answer.user };
  }

  /** The answer for our realm; undefined when there is none, a sentence when it is malformed. */
  #answerIn(
    headers: readonly HeaderField[],
    algorithms: readonly DigestAlgorithm[],
  ): Answer | string | undefined {
    for (const header of headers) {
      if (header.key !== 'authorization') continue;
      const params = parseDigest(header.value);
      if (params === undefined) {
        if (/^digest\b/i.test(header.value)) return 'Malformed Authorization';
        continue;
      }
      if (params.get('realm') === this.#options.realm) return readAnswer(params, algorithms);
    }
    return undefined;
  }

  #isRight(method: string, answer: Answer): boolean {
    const secrets = this.#options.credentials(answer.user);
    const secret = answer.algorithm === 'SHA-256' ? secrets?.sha256 : secrets?.md5;
    // An unknown user costs the same work and gets the same answer as a wrong password.
    const expected = digestResponse(this.#options.hashes, answer.algorithm, {
      secret: secret ?? '',
      nonce: answer.nonce,
      method,
      uri: answer.uri,
      requestHash: this.#requestHash(answer.algorithm, method, answer.uri),
      ...(answer.protection !== undefined && { protection: answer.protection }),
    });
    return sameDigest(expected, answer.response) && secret !== undefined;
  }

  /** All phones of a site register at the same URI: the last hash is worth keeping. */
  #requestHash(algorithm: DigestAlgorithm, method: string, uri: string): string {
    const last = this.#lastHash;
    if (last?.uri === uri && last.method === method && last.algorithm === algorithm) return last.hash;
    const hash = digestRequestHash(this.#options.hashes, algorithm, { method, uri });
    this.#lastHash = { algorithm, method, uri, hash };
    return hash;
  }

  #challenge(
    wallNow: number,
    algorithms: readonly DigestAlgorithm[],
    because: Refusal['because'],
    user: string | undefined,
  ): DigestVerdict {
    const { hashes, realm, maker } = this.#options;
    const nonce = makeNonce(hashes, this.#keys, realm, { madeAt: wallNow, maker, number: this.#made++ });
    const stale = because === 'stale-nonce' || because === 'repeated-count' ? ', stale=true' : '';
    const headers = algorithms.map((algorithm): readonly [string, string] => [
      'WWW-Authenticate',
      `Digest realm=${quote(realm)}, nonce="${nonce}", qop="auth", algorithm=${algorithm}${stale}`,
    ]);
    return { name: 'challenge', status: 401, headers, because, ...(user !== undefined && { user }) };
  }
}

/**
 * The digest-uri is hashed as it came and not compared with the Request-URI: RFC 3261 §22.4 lets it differ, and real
 * clients (sipp) write the server's address there. The nonce count keeps a captured answer from serving twice.
 */
function readAnswer(
  params: ReadonlyMap<string, string>,
  offered: readonly DigestAlgorithm[],
): Answer | string | undefined {
  const user = params.get('username');
  const nonce = params.get('nonce');
  const uri = params.get('uri');
  const response = params.get('response');
  if (user === undefined || nonce === undefined || uri === undefined || response === undefined) {
    return 'Authorization lacks username, nonce, uri or response';
  }
  const algorithm = algorithmNamed(params.get('algorithm'));
  // An algorithm that we never offered: the offer is repeated.
  if (algorithm === undefined || !offered.includes(algorithm)) return undefined;
  const base = { user, nonce, uri, response: response.toLowerCase(), algorithm };
  const qop = params.get('qop');
  if (qop === undefined) return base;
  const nc = params.get('nc');
  const cnonce = params.get('cnonce');
  if (qop.toLowerCase() !== 'auth') return 'Authorization with a qop that was not offered';
  if (nc === undefined || !/^[0-9a-f]{8}$/i.test(nc) || cnonce === undefined) {
    return 'Authorization with qop lacks nc (eight hex digits) or cnonce';
  }
  return { ...base, protection: { qop, nc, cnonce } };
}
