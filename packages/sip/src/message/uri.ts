/**
 * SIP and SIPS URIs (RFC 3261 §19.1); other schemes are kept as they are.
 *
 * "%75se%72" and "user" name the same user, "%40" and "@" do not mean the same: an escape of an unreserved
 * character is that character, any other stays an escape (§19.1.4). Parts are kept in that normal form, so that
 * two of them can be compared as text.
 */
import {
  DIGIT,
  HEX,
  HOST,
  isAll,
  isIn,
  PASSWORD,
  UNRESERVED,
  URI_ANY,
  URI_HEADER,
  URI_PARAM,
  USER,
} from './characters.ts';
import { PARAM_COUNT_MAX } from './limits.ts';
import type { Params, SipUri } from './message.ts';
import { NO_PARAMS } from './params.ts';

const PERCENT = 37;

/** Undefined when malformed. */
export function parseUri(text: string): SipUri | undefined {
  const colon = text.indexOf(':');
  if (colon < 1) return undefined;
  const scheme = text.substring(0, colon).toLowerCase();
  if (scheme !== 'sip' && scheme !== 'sips') return parseOther(scheme, text.substring(colon + 1));
  const at = text.indexOf('@', colon);
  const hostStart = at === -1 ? colon + 1 : at + 1;
  const hostPort = parseHostPort(text, hostStart);
  if (hostPort === undefined) return undefined;
  const question = text.indexOf('?', hostPort.end);
  const paramsEnd = question === -1 ? text.length : question;
  const params = parseUriParams(text, hostPort.end, paramsEnd);
  if (params === undefined) return undefined;
  let uri: SipUri = { scheme, host: hostPort.host, params };
  if (hostPort.port !== undefined) uri = { ...uri, port: hostPort.port };
  if (at !== -1) {
    const userInfo = parseUserInfo(text.substring(colon + 1, at));
    if (userInfo === undefined) return undefined;
    uri = { ...uri, ...userInfo };
  }
  if (question === -1) return uri;
  const headers = text.substring(question + 1);
  return areHeaders(headers) ? { ...uri, headers } : undefined;
}

/** RFC 3986: a scheme, and after the colon at least one character that may stand in a URI. */
function parseOther(scheme: string, rest: string): SipUri | undefined {
  if (!/^[a-z][a-z0-9+.-]*$/.test(scheme) || !isAll(rest, URI_ANY)) return undefined;
  return { scheme, host: rest, params: NO_PARAMS };
}

interface HostPort {
  readonly host: string;
  readonly port: number | undefined;
  readonly end: number;
}

/** `host [":" port]` from `start`; ends where something else begins. */
export function parseHostPort(text: string, start: number): HostPort | undefined {
  const end = text.length;
  let index = start;
  if (text.charCodeAt(start) === 91) {
    index = text.indexOf(']', start) + 1;
    if (index === 0 || !isIpv6(text.substring(start + 1, index - 1))) return undefined;
  } else {
    while (index < end && isIn(text.charCodeAt(index), HOST)) index++;
    if (index === start || !isHostName(text, start, index)) return undefined;
  }
  const host = text.substring(start, index).toLowerCase();
  if (text.charCodeAt(index) !== 58) return { host, port: undefined, end: index };
  let port = 0;
  const portStart = ++index;
  while (index < end && isIn(text.charCodeAt(index), DIGIT) && port <= 65_535) {
    port = port * 10 + text.charCodeAt(index) - 48;
    index++;
  }
  return index === portStart || port > 65_535 ? undefined : { host, port, end: index };
}

/** Labels are not empty and neither begin nor end with a hyphen; one dot may stand at the end. */
function isHostName(text: string, start: number, end: number): boolean {
  let before = 46;
  for (let index = start; index < end; index++) {
    const code = text.charCodeAt(index);
    if (code === 46 ? before === 46 || before === 45 : code === 45 && before === 46) return false;
    before = code;
  }
  return before !== 45 && !(before === 46 && end - start === 1);
}

/** Eight groups, or fewer with one "::"; the last two may be an IPv4 address. */
function isIpv6(text: string): boolean {
  const halves = text.split('::');
  if (halves.length > 2 || text.length > 45) return false;
  let groups = 0;
  for (const [position, half] of halves.entries()) {
    if (half === '') {
      if (halves.length === 1) return false;
      continue;
    }
    const parts = half.split(':');
    for (const [index, part] of parts.entries()) {
      const isLast = position === halves.length - 1 && index === parts.length - 1;
      if (/^[0-9a-f]{1,4}$/i.test(part)) groups += 1;
      else if (isLast && isIpv4(part)) groups += 2;
      else return false;
    }
  }
  return halves.length === 2 ? groups <= 7 : groups === 8;
}

function isIpv4(text: string): boolean {
  const parts = text.split('.');
  return parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255);
}

function parseUserInfo(text: string): { user: string; password?: string } | undefined {
  const colon = text.indexOf(':');
  const userEnd = colon === -1 ? text.length : colon;
  const user = normal(text, 0, userEnd, USER);
  if (user === undefined || user === '') return undefined;
  if (colon === -1) return { user };
  const password = normal(text, colon + 1, text.length, PASSWORD);
  return password === undefined ? undefined : { user, password };
}

/** The part in normal form; undefined when it holds anything outside the class but proper escapes. */
function normal(text: string, start: number, end: number, classBits: number): string | undefined {
  let escapes = 0;
  for (let index = start; index < end; index++) {
    const code = text.charCodeAt(index);
    if (isIn(code, classBits)) continue;
    if (code !== PERCENT || index + 2 >= end) return undefined;
    if (!isIn(text.charCodeAt(index + 1), HEX) || !isIn(text.charCodeAt(index + 2), HEX)) return undefined;
    escapes++;
    index += 2;
  }
  const part = text.substring(start, end);
  return escapes === 0 ? part : part.replace(/%[0-9a-f]{2}/gi, unescapeUnreserved);
}

function unescapeUnreserved(escaped: string): string {
  const code = Number.parseInt(escaped.substring(1), 16);
  return isIn(code, UNRESERVED) ? String.fromCharCode(code) : escaped.toUpperCase();
}

function parseUriParams(text: string, start: number, end: number): Params | undefined {
  if (start === end) return NO_PARAMS;
  if (text.charCodeAt(start) !== 59) return undefined;
  const params = new Map<string, string | null>();
  for (const part of text.substring(start + 1, end).split(';', PARAM_COUNT_MAX + 1)) {
    if (params.size === PARAM_COUNT_MAX) return undefined;
    const equals = part.indexOf('=');
    const name = normal(part, 0, equals === -1 ? part.length : equals, URI_PARAM)?.toLowerCase();
    const value = equals === -1 ? null : normal(part, equals + 1, part.length, URI_PARAM);
    // RFC 3261 §19.1.1: a parameter stands at most once.
    if (name === undefined || name === '' || value === undefined || value === '' || params.has(name))
      return undefined;
    params.set(name, value);
  }
  return params;
}

/** hname "=" hvalue, joined by "&"; the value may be empty. */
function areHeaders(text: string): boolean {
  return text.split('&').every((header) => {
    const equals = header.indexOf('=');
    if (equals < 1) return false;
    const name = normal(header, 0, equals, URI_HEADER);
    return name !== undefined && normal(header, equals + 1, header.length, URI_HEADER) !== undefined;
  });
}

export function formatUri(uri: SipUri): string {
  let text = `${uri.scheme}:`;
  if (uri.user !== undefined) {
    text += escapedAs(uri.user, USER);
    if (uri.password !== undefined) text += `:${escapedAs(uri.password, PASSWORD)}`;
    text += '@';
  }
  text += uri.host;
  if (uri.port !== undefined) text += `:${uri.port}`;
  for (const [name, value] of uri.params) {
    text += `;${escapedAs(name, URI_PARAM)}`;
    if (value !== null) text += `=${escapedAs(value, URI_PARAM)}`;
  }
  return uri.headers === undefined ? text : `${text}?${uri.headers}`;
}

/** Escapes already there stay; whatever else may not stand there is escaped, byte by byte of its UTF-8. */
function escapedAs(text: string, classBits: number): string {
  if (isAll(text, classBits)) return text;
  let out = '';
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (
      isIn(code, classBits) ||
      (code === PERCENT && /^[0-9a-f]{2}/i.test(text.substring(index + 1, index + 3)))
    ) {
      out += text[index];
      continue;
    }
    const character = String.fromCodePoint(text.codePointAt(index) as number);
    out += escapeCharacter(character);
    index += character.length - 1;
  }
  return out;
}

function escapeCharacter(character: string): string {
  if (character.charCodeAt(0) < 128)
    return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
  // Half of a surrogate pair has no UTF-8; it becomes the escape of U+FFFD.
  return /^[\ud800-\udfff]$/.test(character) ? '%EF%BF%BD' : encodeURIComponent(character);
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
  return sortedHeaders(left) === sortedHeaders(right);
}

function sortedHeaders(headers: string): string {
  const parts = headers.split('&').map((header) => {
    const equals = header.indexOf('=');
    const name = header.substring(0, equals).toLowerCase();
    return `${name}=${normal(header, equals + 1, header.length, URI_HEADER) ?? ''}`;
  });
  return parts.sort().join('&');
}
