/**
 * `"Ada" <sip:7001@north>;tag=x` and `sip:7001@north;tag=x`: From, To, Contact, Route and their kin (RFC 3261
 * §20.10). Without angle brackets a parameter belongs to the header field, and the URI may hold neither comma,
 * question mark nor semicolon.
 */
import { isToken, LWS, QUOTED, SCHEME, TOKEN_CHARS, UNRESERVED_CHARS, URI_CHARS } from './grammar.ts';
import type { NameAddr } from './message.ts';
import { formatParams, NO_PARAMS, parseParams, quoted, unescaped } from './params.ts';

/** Display name in quotes, display name of tokens, URI, the rest. */
const NAME_ADDR = new RegExp(
  `^${LWS}*(?:${QUOTED}${LWS}*|([${TOKEN_CHARS}]+(?:${LWS}+[${TOKEN_CHARS}]+)*)${LWS}*)?` +
    `<(${SCHEME}:[${URI_CHARS}]+)>`,
);

/** URI, the rest. */
const ADDR_SPEC = new RegExp(`^${LWS}*(${SCHEME}:[${UNRESERVED_CHARS}%/:@&=+$[\\]#]+)`);

/** Undefined when malformed. The URI is checked for its scheme and characters; `parseUri` reads the rest. */
export function parseNameAddr(text: string): NameAddr | undefined {
  const found = NAME_ADDR.exec(text);
  if (found === null) return parseAddrSpec(text);
  const [whole, inQuotes, tokens, uri] = found;
  const params = whole.length === text.length ? NO_PARAMS : parseParams(text.substring(whole.length));
  if (params === undefined) return undefined;
  const displayName = inQuotes === undefined ? tokens : unescaped(inQuotes);
  return displayName === undefined
    ? { uri: uri as string, params }
    : { displayName, uri: uri as string, params };
}

function parseAddrSpec(text: string): NameAddr | undefined {
  const found = ADDR_SPEC.exec(text);
  if (found === null) return undefined;
  const params = parseParams(text.substring(found[0].length));
  return params === undefined ? undefined : { uri: found[1] as string, params };
}

/** Always with angle brackets, so that parameters can be added behind it. */
export function formatNameAddr(address: NameAddr): string {
  const name = address.displayName;
  const params = formatParams(address.params);
  if (name === undefined || name === '') return `<${address.uri}>${params}`;
  return `${isToken(name) ? name : quoted(name)} <${address.uri}>${params}`;
}

/** The tag of a From or To, or undefined. */
export function tagOf(address: NameAddr | undefined): string | undefined {
  return address?.params.get('tag') ?? undefined;
}
