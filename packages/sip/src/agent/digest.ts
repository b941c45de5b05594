/**
 * Digest authentication (RFC 7616, RFC 8760, RFC 3261 §22): the arithmetic and the syntax that both sides share.
 *
 * A proof of knowing a password without sending it: the server gives a nonce, the client answers with
 * H(H(user:realm:password) : nonce : nc : cnonce : qop : H(method:uri)). The innermost hash is all that a
 * directory has to keep; here it is called the *secret*. Hashes come in as a port, because packages know neither
 * Node's crypto module nor the browser's.
 */

import { CLASSES, TOKEN } from '../message/characters.ts';

/** Synchronous hashes over UTF-8 text; every answer is lower-case hex. */
export interface Hashes {
  md5(text: string): string;
  sha256(text: string): string;
  hmacSha256(key: string, text: string): string;
}

export type DigestAlgorithm = 'SHA-256' | 'MD5';

/** Strongest first: the order in which we offer and choose (RFC 8760 §2.3 and §2.4). */
export const DIGEST_ALGORITHMS: readonly DigestAlgorithm[] = ['SHA-256', 'MD5'];

/** H(user:realm:password), which a directory keeps instead of the password (rule PH4). */
export function digestSecret(
  hashes: Hashes,
  algorithm: DigestAlgorithm,
  account: { readonly user: string; readonly realm: string; readonly password: string },
): string {
  return hashOf(hashes, algorithm, `${account.user}:${account.realm}:${account.password}`);
}

export interface DigestInput {
  /** From `digestSecret`. */
  readonly secret: string;
  readonly nonce: string;
  readonly method: string;
  /** The digest-uri as it stands in the header field. */
  readonly uri: string;
  /** From `digestRequestHash`, where the same method and URI come again and again. */
  readonly requestHash?: string;
  /** Absent for a client of RFC 2069, which knows no qop. `nc` is the eight hex digits as sent. */
  readonly protection?: { readonly qop: string; readonly nc: string; readonly cnonce: string };
}

/** H(method:uri), the part of a response that many requests have in common. */
export function digestRequestHash(
  hashes: Hashes,
  algorithm: DigestAlgorithm,
  request: { readonly method: string; readonly uri: string },
): string {
  return hashOf(hashes, algorithm, `${request.method}:${request.uri}`);
}

/** The value of `response` (RFC 7616 §3.4.1). */
export function digestResponse(hashes: Hashes, algorithm: DigestAlgorithm, input: DigestInput): string {
  const request = input.requestHash ?? digestRequestHash(hashes, algorithm, input);
  const protection = input.protection;
  const middle =
    protection === undefined
      ? input.nonce
      : `${input.nonce}:${protection.nc}:${protection.cnonce}:${protection.qop}`;
  return hashOf(hashes, algorithm, `${input.secret}:${middle}:${request}`);
}

function hashOf(hashes: Hashes, algorithm: DigestAlgorithm, text: string): string {
  return algorithm === 'SHA-256' ? hashes.sha256(text) : hashes.md5(text);
}

/** The algorithm named by a challenge or an answer; none named is MD5 (RFC 7616 §3.3). */
export function algorithmNamed(name: string | undefined): DigestAlgorithm | undefined {
  if (name === undefined) return 'MD5';
  const upper = name.toUpperCase();
  return DIGEST_ALGORITHMS.find((algorithm) => algorithm === upper);
}

/** More parameters than any real challenge has; a longer list is refused as malformed. */
const PARAMS_MAX = 32;

/**
 * The parameters of one challenge or one answer, names in lower case, values unquoted. Undefined when the scheme is
 * not Digest or the list is malformed or names a parameter twice. Read character by character: every REGISTER of
 * every phone comes by here.
 */
export function parseDigest(value: string): ReadonlyMap<string, string> | undefined {
  if (!isBlank(value.charCodeAt(SCHEME.length)) || value.slice(0, SCHEME.length).toLowerCase() !== SCHEME)
    return undefined;
  const params = new Map<string, string>();
  let at = SCHEME.length;
  for (let count = 0; count < PARAMS_MAX; count++) {
    const start = afterBlanks(value, at);
    const nameEnd = afterToken(value, start);
    const equals = afterBlanks(value, nameEnd);
    if (nameEnd === start || value.charCodeAt(equals) !== EQUALS) return undefined;
    const from = afterBlanks(value, equals + 1);
    const isQuoted = value.charCodeAt(from) === QUOTE;
    const end = isQuoted ? closingQuote(value, from + 1) : afterPlain(value, from);
    if (end === -1 || (end === from && !isQuoted)) return undefined;
    const name = value.slice(start, nameEnd).toLowerCase();
    if (params.has(name)) return undefined;
    params.set(name, isQuoted ? unquote(value.slice(from + 1, end)) : value.slice(from, end));
    at = afterBlanks(value, isQuoted ? end + 1 : end);
    if (at === value.length) return params;
    if (value.charCodeAt(at) !== COMMA) return undefined;
    at++;
  }
  return undefined;
}

const SCHEME = 'digest';
const [TAB, LF, CR, SPACE, QUOTE, COMMA, EQUALS, BACKSLASH] = [9, 10, 13, 32, 34, 44, 61, 92];

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}

/** White space of a list, also that of a field that was folded. */
function afterBlanks(value: string, from: number): number {
  let at = from;
  for (
    let code = value.charCodeAt(at);
    isBlank(code) || code === CR || code === LF;
    code = value.charCodeAt(at)
  )
    at++;
  return at;
}

function afterToken(value: string, from: number): number {
  let at = from;
  while (((CLASSES[value.charCodeAt(at)] ?? 0) & TOKEN) !== 0) at++;
  return at;
}

/** The end of a value without quotes, which may be any characters but those that end it. */
function afterPlain(value: string, from: number): number {
  let at = from;
  for (; at < value.length; at++) {
    const code = value.charCodeAt(at);
    if (code <= SPACE || code === QUOTE || code === COMMA) break;
  }
  return at;
}

/** -1 when the quoted string does not end. */
function closingQuote(value: string, from: number): number {
  for (let at = from; at < value.length; at++) {
    const code = value.charCodeAt(at);
    if (code === QUOTE) return at;
    if (code === BACKSLASH) at++;
  }
  return -1;
}

function unquote(quoted: string): string {
  return quoted.includes('\\') ? quoted.replace(/\\(.)/g, '$1') : quoted;
}

/** A quoted-string, with what would end it early escaped and line breaks taken out. */
export function quote(text: string): string {
  return `"${text.replace(/[\r\n]/g, '').replace(/["\\]/g, '\\$&')}"`;
}

/** Compares two hex strings in a time that depends on their length only, so that no prefix can be guessed. */
export function sameDigest(left: string, right: string): boolean {
  if (left.length !== right.length) return false;
  let difference = 0;
  for (let i = 0; i < left.length; i++) difference |= left.charCodeAt(i) ^ right.charCodeAt(i);
  return difference === 0;
}
