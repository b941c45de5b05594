/**
 * SIP and SIPS URIs (RFC 3261 §19.1); other schemes are kept as they are.
 *
 * "%75se%72" and "user" name the same user, "%40" and "@" do not mean the same: an escape of an unreserved
 * character is that character, any other stays an escape (§19.1.4). Parts are kept in that normal form, so that
 * two of them can be compared as text.
 */
import {
  HOST,
  PASSWORD_CHARS,
  SCHEME,
  UNRESERVED_CHARS,
  URI_CHARS,
  URI_HEADER_CHARS,
  URI_PARAM_CHARS,
  USER_CHARS,
} from './grammar.ts';
import { isHost, isPort } from './host.ts';
import { PARAM_COUNT_MAX } from './limits.ts';
import type { Params, SipUri } from './message.ts';
import { NO_PARAMS } from './params.ts';
import { quickSipUri } from './quick-uri.ts';

const ESCAPE = '%[0-9A-Fa-f]{2}';

/** Any number of characters of the class, and escapes. Written so that the engine runs over them without choices. */
function run(characters: string): string {
  return `[${characters}]*(?:${ESCAPE}[${characters}]*)*`;
}

const PARAM = `;(?=[^;=?])${run(URI_PARAM_CHARS)}(?:=(?=[^;?])${run(URI_PARAM_CHARS)})?`;
const HEADER = `(?=[^=&])${run(URI_HEADER_CHARS)}=${run(URI_HEADER_CHARS)}`;

/** Scheme, user, password, host, port, parameters, headers. */
const SIP_URI = new RegExp(
  `^(sips?):(?:((?=[^@:])${run(USER_CHARS)})(?::(${run(PASSWORD_CHARS)}))?@)?(${HOST})(?::([0-9]{1,5}))?` +
    `((?:${PARAM})*)(?:\\?(${HEADER}(?:&${HEADER})*))?$`,
  'i',
);

const OTHER_URI = new RegExp(`^(${SCHEME}):([${URI_CHARS}]+)$`);

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Undefined when malformed. */
export function parseUri(text: string): SipUri | undefined {
  return quickSipUri(text) ?? parseAnyUri(text);
}

function parseAnyUri(text: string): SipUri | undefined {
  const found = SIP_URI.exec(text);
  if (found === null) return parseOther(text);
  const host = found[4] as string;
  const params = found[6];
  if (!isHost(host)) return undefined;
  const parsedParams = params === undefined || params === '' ? NO_PARAMS : parseUriParams(params);
  if (parsedParams === undefined) return undefined;
  const scheme = (found[1] as string).toLowerCase();
  const uri: Mutable<SipUri> = { scheme, host: host.toLowerCase(), params: parsedParams };
  if (found[2] !== undefined) uri.user = normal(found[2]);
  if (found[3] !== undefined) uri.password = normal(found[3]);
  if (found[5] !== undefined) uri.port = Number(found[5]);
  if (found[7] !== undefined) uri.headers = found[7];
  return uri.port === undefined || isPort(uri.port) ? uri : undefined;
}

/** RFC 3986: a scheme, and after the colon at least one character that may stand in a URI. */
function parseOther(text: string): SipUri | undefined {
  const found = OTHER_URI.exec(text);
  if (found === null) return undefined;
  const scheme = (found[1] as string).toLowerCase();
  if (scheme === 'sip' || scheme === 'sips') return undefined;
  return { scheme, host: found[2] as string, params: NO_PARAMS };
}

/** Given parameters of the right syntax. RFC 3261 §19.1.1: one stands at most once. */
function parseUriParams(text: string): Params | undefined {
  const params = new Map<string, string | null>();
  let start = 1;
  while (start <= text.length) {
    const next = text.indexOf(';', start);
    const end = next === -1 ? text.length : next;
    const equals = text.indexOf('=', start);
    const hasValue = equals !== -1 && equals < end;
    const name = normal(text.substring(start, hasValue ? equals : end)).toLowerCase();
    if (params.has(name) || params.size === PARAM_COUNT_MAX) return undefined;
    params.set(name, hasValue ? normal(text.substring(equals + 1, end)) : null);
    start = end + 1;
  }
  return params;
}

const UNRESERVED = new RegExp(`[${UNRESERVED_CHARS}]`);

/** Given text of the right syntax: escapes of unreserved characters undone, the others in capitals. */
function normal(text: string): string {
  return text.includes('%') ? text.replace(/%[0-9a-f]{2}/gi, normalEscape) : text;
}

function normalEscape(escaped: string): string {
  const code = Number.parseInt(escaped.substring(1), 16);
  const character = String.fromCharCode(code);
  return code < 128 && UNRESERVED.test(character) ? character : escaped.toUpperCase();
}

const NOT_USER = escapable(USER_CHARS);
const NOT_PASSWORD = escapable(PASSWORD_CHARS);
const NOT_PARAM = escapable(URI_PARAM_CHARS);

/** What must be escaped: anything outside the class that is no escape already. */
function escapable(characters: string): RegExp {
  return new RegExp(`(?!${ESCAPE})[^${characters}]`, 'gu');
}

export function formatUri(uri: SipUri): string {
  let text = `${uri.scheme}:`;
  if (uri.user !== undefined) {
    text += uri.user.replace(NOT_USER, escapeCharacter);
    if (uri.password !== undefined) text += `:${uri.password.replace(NOT_PASSWORD, escapeCharacter)}`;
    text += '@';
  }
  text += uri.host;
  if (uri.port !== undefined) text += `:${uri.port}`;
  for (const [name, value] of uri.params) {
    text += `;${name.replace(NOT_PARAM, escapeCharacter)}`;
    if (value !== null) text += `=${value.replace(NOT_PARAM, escapeCharacter)}`;
  }
  return uri.headers === undefined ? text : `${text}?${uri.headers}`;
}

/** The UTF-8 bytes of the character, escaped. Half of a surrogate pair has none: it becomes U+FFFD. */
export function escapeCharacter(character: string): string {
  if (/^[\ud800-\udfff]$/.test(character)) return '%EF%BF%BD';
  const code = character.charCodeAt(0);
  return code < 128 ? `%${code.toString(16).toUpperCase().padStart(2, '0')}` : encodeURIComponent(character);
}

/** Parameters that make two URIs different when only one of them has them (§19.1.4); any other is then ignored. */
const SIGNIFICANT = ['user', 'ttl', 'method', 'maddr', 'transport'] as const;

/** RFC 3261 §19.1.4. Other schemes are compared as text. Texts that are no URIs are equal to nothing. */
export function sameUri(left: string | SipUri, right: string | SipUri): boolean {
  const a = typeof left === 'string' ? parseUri(left) : left;
  const b = typeof right === 'string' ? parseUri(right) : right;
  if (a === undefined || b === undefined) return false;
  if (a.scheme !== b.scheme || a.host !== b.host || a.port !== b.port) return false;
  if (a.user !== b.user || a.password !== b.password) return false;
  for (const name of SIGNIFICANT) if (a.params.has(name) !== b.params.has(name)) return false;
  for (const [name, value] of a.params) {
    const other = b.params.get(name);
    if (other !== undefined && (value ?? '').toLowerCase() !== (other ?? '').toLowerCase()) return false;
  }
  return sameHeaders(a.headers, b.headers);
}

function sameHeaders(left: string | undefined, right: string | undefined): boolean {
  if (left === undefined || right === undefined) return left === right;
  return left === right || sortedHeaders(left) === sortedHeaders(right);
}

function sortedHeaders(headers: string): string {
  const parts = headers.split('&').map((header) => {
    const equals = header.indexOf('=');
    return `${normal(header.substring(0, equals)).toLowerCase()}=${normal(header.substring(equals + 1))}`;
  });
  return parts.sort().join('&');
}
