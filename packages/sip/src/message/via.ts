/**
 * One Via value: `SIP/2.0/UDP host:port;branch=…;rport` (RFC 3261 §20.42, RFC 3581). White space may stand
 * around the slashes and the colon (§25.1).
 */
import { DIGIT, skip, skipSpace, TOKEN, trimSpace } from './characters.ts';
import type { Via } from './message.ts';
import { formatParams, parseParams } from './params.ts';
import { parseHostPort } from './uri.ts';

const COLON = 58;

/** Undefined when malformed. */
export function parseVia(text: string): Via | undefined {
  const end = text.length;
  let transportStart = 8;
  if (!text.startsWith('SIP/2.0/') || skipSpace(text, 8, end) !== 8) {
    const protocolEnd = afterSlash(text, skip(text, skipSpace(text, 0, end), end, TOKEN));
    const versionEnd = skip(text, protocolEnd, end, TOKEN);
    transportStart = afterSlash(text, versionEnd);
    if (protocolEnd <= 0 || versionEnd === protocolEnd || transportStart <= 0) return undefined;
  }
  const transportEnd = skip(text, transportStart, end, TOKEN);
  const hostStart = skipSpace(text, transportEnd, end);
  if (transportEnd === transportStart || hostStart === transportEnd) return undefined;
  const sentBy = parseSentBy(text, hostStart);
  if (sentBy === undefined) return undefined;
  const params = parseParams(text, sentBy.end, end);
  if (params === undefined) return undefined;
  const transport = text.substring(transportStart, transportEnd).toUpperCase();
  const { host, port } = sentBy;
  return port === undefined ? { transport, host, params } : { transport, host, port, params };
}

/** The index after optional space, a slash and optional space; 0 when there is no slash. */
function afterSlash(text: string, from: number): number {
  const slash = skipSpace(text, from, text.length);
  return text.charCodeAt(slash) === 47 ? skipSpace(text, slash + 1, text.length) : 0;
}

function parseSentBy(text: string, start: number): ReturnType<typeof parseHostPort> {
  const found = parseHostPort(text, start);
  if (found === undefined) return closeUp(text, start);
  if (found.port !== undefined || found.end === text.length) return found;
  const next = skipSpace(text, found.end, text.length);
  return text.charCodeAt(next) === COLON ? closeUp(text, start) : found;
}

/** `host : port`: spaces around the colon are rare, so the two are found and read apart. */
function closeUp(text: string, start: number): ReturnType<typeof parseHostPort> {
  const bracket = text.charCodeAt(start) === 91 ? text.indexOf(']', start) : start;
  const colon = text.indexOf(':', bracket);
  if (bracket === -1 || colon === -1) return undefined;
  const portStart = skipSpace(text, colon + 1, text.length);
  const portEnd = skip(text, portStart, text.length, DIGIT);
  const hostText = text.substring(start, trimSpace(text, start, colon));
  const found = parseHostPort(`${hostText}:${text.substring(portStart, portEnd)}`, 0);
  return found?.end === hostText.length + 1 + portEnd - portStart ? { ...found, end: portEnd } : undefined;
}

export function formatVia(via: Via): string {
  const port = via.port === undefined ? '' : `:${via.port}`;
  return `SIP/2.0/${via.transport} ${via.host}${port}${formatParams(via.params)}`;
}
