/**
 * Everything that needs a cryptographic library, in one place: the hashes of SIP digest (a synchronous port of
 * `@holdfast/sip`), the tokens of people who logged in once and log in again at the other site, and the hashes of
 * their passwords.
 *
 * A token is a JWS (RFC 7515) in compact form, signed with Ed25519 (RFC 8037): both sites hold the same public keys,
 * so either recognises it without asking anyone, also when half of all agents come at once.
 */
import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hash as hashOnce,
  type KeyObject,
  randomBytes,
  sign,
  verify,
} from 'node:crypto';
import { type ErrorCode, type Keys, TOKEN_CLOCK_SKEW_MAX_MS, TOKEN_LIFE_MAX_MS } from '@holdfast/protocol';
import type { Hashes } from '@holdfast/sip';
import { hash as argon2Hash, verify as argon2Verify } from '@node-rs/argon2';

export const nodeHashes: Hashes = {
  md5: (text) => hashOnce('md5', text, 'hex'),
  sha256: (text) => hashOnce('sha256', text, 'hex'),
  hmacSha256: (key, text) => createHmac('sha256', key).update(text).digest('hex'),
};

/**
 * A token key as it stands in the configuration of both sites, in base64url: the 32 bytes of the public key, and of the
 * private one, which is absent where tokens are only verified. The id names it, so that a new one can be brought in while
 * the old one is still known.
 */
export type TokenKey = Readonly<Keys['tokenKeys'][number]>;

export interface TokenClaims {
  /** The Person's user name. */
  readonly sub: string;
  /** Seconds since 1970, as RFC 7519 wants them. */
  readonly iat: number;
  readonly exp: number;
  readonly [claim: string]: unknown;
}

/** As in the schemas of the wire; longer text is refused before it is parsed. */
const TOKEN_LENGTH_MAX = 4096;

/** DER prefixes of an Ed25519 key (RFC 8410): what is configured are the 32 bytes behind them. */
const PRIVATE_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');
const PUBLIC_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');
const KEY_BYTES = 32;

/** A new key pair for `signToken` and `verifyToken`. */
export function createTokenKeys(): Required<Pick<TokenKey, 'id' | 'publicKey' | 'privateKey'>> {
  const pair = generateKeyPairSync('ed25519');
  return {
    id: randomBytes(6).toString('base64url'),
    publicKey: lastBytes(pair.publicKey.export({ type: 'spki', format: 'der' })),
    privateKey: lastBytes(pair.privateKey.export({ type: 'pkcs8', format: 'der' })),
  };
}

function lastBytes(der: Buffer): string {
  return der.subarray(der.length - KEY_BYTES).toString('base64url');
}

/** Throws when the key has no usable private part: that is the configuration's fault and is checked when it is read. */
export function signToken(claims: TokenClaims, key: TokenKey): string {
  const header = encodePart({ alg: 'EdDSA', typ: 'JWT', kid: key.id });
  const signed = `${header}.${encodePart(claims)}`;
  return `${signed}.${sign(null, Buffer.from(signed), privateKeyObject(key)).toString('base64url')}`;
}

/** The claims, or the code with which the log-in is refused. `wallNow` in ms since 1970. */
export function verifyToken(
  token: string,
  keys: readonly TokenKey[],
  wallNow: number,
): TokenClaims | Extract<ErrorCode, 'token-invalid' | 'token-expired'> {
  if (token.length > TOKEN_LENGTH_MAX) return 'token-invalid';
  const parts = token.split('.');
  if (parts.length !== 3) return 'token-invalid';
  const [header, payload, signature] = parts as [string, string, string];
  const head = decodePart(header);
  // Only the one algorithm: a header that names "none" or an HMAC decides nothing here (RFC 8725 §3.1).
  if (head?.alg !== 'EdDSA' || head.crit !== undefined) return 'token-invalid';
  const key = keys.find((candidate) => candidate.id === head.kid);
  if (key === undefined) return 'token-invalid';
  if (key.goodUntil !== undefined && wallNow >= key.goodUntil) return 'token-expired';
  const signed = Buffer.from(`${header}.${payload}`);
  if (!verify(null, signed, publicKeyObject(key), Buffer.from(signature, 'base64url')))
    return 'token-invalid';
  const claims = decodePart(payload);
  if (claims === undefined || !areClaims(claims)) return 'token-invalid';
  if (claims.iat * 1000 > wallNow + TOKEN_CLOCK_SKEW_MAX_MS) return 'token-invalid';
  if (wallNow >= Math.min(claims.exp * 1000, claims.iat * 1000 + TOKEN_LIFE_MAX_MS)) return 'token-expired';
  return claims;
}

function areClaims(claims: Record<string, unknown>): claims is Record<string, unknown> & TokenClaims {
  return typeof claims.sub === 'string' && Number.isFinite(claims.iat) && Number.isFinite(claims.exp);
}

function encodePart(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}

function decodePart(text: string): Record<string, unknown> | undefined {
  try {
    const part: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    return typeof part === 'object' && part !== null ? (part as Record<string, unknown>) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Importing a key costs more than a verification, and a site has few: they are kept, the oldest is forgotten first. */
const KEY_OBJECTS_MAX = 64;
const keyObjects = new Map<string, KeyObject>();

function keyObject(name: string, make: () => KeyObject): KeyObject {
  const known = keyObjects.get(name);
  if (known !== undefined) return known;
  const made = make();
  if (keyObjects.size >= KEY_OBJECTS_MAX) keyObjects.delete(keyObjects.keys().next().value as string);
  keyObjects.set(name, made);
  return made;
}

function publicKeyObject(key: TokenKey): KeyObject {
  return keyObject(`public ${key.publicKey}`, () =>
    createPublicKey({ key: derOf(PUBLIC_PREFIX, key.publicKey), format: 'der', type: 'spki' }),
  );
}

function privateKeyObject(key: TokenKey): KeyObject {
  return keyObject(`private ${key.privateKey}`, () =>
    createPrivateKey({ key: derOf(PRIVATE_PREFIX, key.privateKey ?? ''), format: 'der', type: 'pkcs8' }),
  );
}

function derOf(prefix: Buffer, key: string): Buffer {
  const bytes = Buffer.from(key, 'base64url');
  if (bytes.length !== KEY_BYTES)
    throw new Error('A token key must be 32 bytes in base64url: make one with createTokenKeys.');
  return Buffer.concat([prefix, bytes]);
}

/** OWASP's first recommendation for argon2id: 19 MiB, two passes, one lane. About 11 ms a hash. */
const ARGON2 = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

/** A password as it is kept (PHC string). Runs on the thread pool, off the main thread. */
export function hashPassword(password: string): Promise<string> {
  return argon2Hash(password, ARGON2);
}

/** False also for a kept value that is no argon2 hash at all. Runs on the thread pool, off the main thread. */
export async function verifyPassword(kept: string, password: string): Promise<boolean> {
  if (!kept.startsWith('$argon2')) return false;
  try {
    return await argon2Verify(kept, password);
  } catch {
    // The only thing that can fail here is reading a damaged PHC string from the configuration.
    return false;
  }
}

/**
 * For a user who does not exist: costs what a real verification costs, so that the time of the answer does not tell
 * whether the name was right. Always false.
 */
export async function verifyNoPassword(password: string): Promise<false> {
  noPassword ??= hashPassword(randomBytes(16).toString('hex'));
  await argon2Verify(await noPassword, password);
  return false;
}

/** Made at its first use, so that starting a process does not wait for it. */
let noPassword: Promise<string> | undefined;
