/**
 * `"Ada" <sip:7001@north>;tag=x` and `sip:7001@north;tag=x`: From, To, Contact, Route and their kin (RFC 3261
 * §20.10). Without angle brackets a parameter belongs to the header field, and the URI may hold neither comma,
 * question mark nor semicolon.
 */
import { isAll, isIn, skip, skipSpace, TOKEN, trimSpace, URI_ANY } from './characters.ts';
import type { NameAddr, Params } from './message.ts';
import { formatParams, NO_PARAMS, parseParams, quoted, quotedEnd, unquoted } from './params.ts';

const QUOTE = 34;
const LESS = 60;

/** Undefined when malformed. The URI is checked for its scheme and characters; `parseUri` reads the rest. */
export function parseNameAddr(text: string): NameAddr | undefined {
  const end = text.length;
  let index = skipSpace(text, 0, end);
  let displayName: string | undefined;
  const first = text.charCodeAt(index);
  if (first === QUOTE) {
    const close = quotedEnd(text, index, end);
    if (close === -1) return undefined;
    displayName = unquoted(text, index, close);
    index = skipSpace(text, close, end);
    if (text.charCodeAt(index) !== LESS) return undefined;
  } else if (first !== LESS) {
    const bracket = text.indexOf('<', index);
    if (bracket === -1) return parseAddrSpec(text, index, end);
    const semicolon = text.indexOf(';', index);
    if (semicolon !== -1 && semicolon < bracket) return parseAddrSpec(text, index, end);
    displayName = text.substring(index, trimSpace(text, index, bracket));
    if (!areTokens(displayName)) return undefined;
    index = bracket;
  }
  const close = text.indexOf('>', index);
  if (close === -1) return undefined;
  const uri = text.substring(index + 1, close);
  if (!looksLikeUri(uri)) return undefined;
  const params = close + 1 === end ? NO_PARAMS : parseParams(text, close + 1, end);
  if (params === undefined) return undefined;
  return displayName === undefined ? { uri, params } : { displayName, uri, params };
}

function parseAddrSpec(text: string, start: number, end: number): NameAddr | undefined {
  const semicolon = text.indexOf(';', start);
  const uriEnd = semicolon === -1 ? end : semicolon;
  const uri = text.substring(start, trimSpace(text, start, uriEnd));
  if (!looksLikeUri(uri) || uri.includes('?') || uri.includes(',')) return undefined;
  const params: Params | undefined = uriEnd === end ? NO_PARAMS : parseParams(text, uriEnd, end);
  return params === undefined ? undefined : { uri, params };
}

/** A display name without quotes: tokens between spaces (RFC 3261 §25.1 display-name). */
function areTokens(text: string): boolean {
  let index = 0;
  while (index < text.length) {
    const tokenEnd = skip(text, index, text.length, TOKEN);
    if (tokenEnd === index) return false;
    index = skipSpace(text, tokenEnd, text.length);
  }
  return text !== '';
}

function looksLikeUri(uri: string): boolean {
  const colon = uri.indexOf(':');
  if (colon < 1 || colon === uri.length - 1) return false;
  const first = uri.charCodeAt(0) | 32;
  if (first < 97 || first > 122) return false;
  for (let index = 1; index < uri.length; index++) {
    const code = uri.charCodeAt(index);
    if (!isIn(code, URI_ANY)) return false;
  }
  return true;
}

/** Always with angle brackets, so that parameters can be added behind it. */
export function formatNameAddr(address: NameAddr): string {
  const name = address.displayName;
  const params = formatParams(address.params);
  if (name === undefined || name === '') return `<${address.uri}>${params}`;
  return `${isAll(name, TOKEN) ? name : quoted(name)} <${address.uri}>${params}`;
}

/** The tag of a From or To, or undefined. */
export function tagOf(address: NameAddr | undefined): string | undefined {
  return address?.params.get('tag') ?? undefined;
}
