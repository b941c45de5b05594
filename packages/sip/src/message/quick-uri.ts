/**
 * `sip:user@host:port;name=value`, in small letters and without escapes, password, IPv6 and headers: what nearly
 * every URI looks like. Anything else gives undefined and is read by the general parser in `uri.ts`; what is read
 * here is what that one would have read.
 */
import { CLASSES, DIGIT, HOST, UPPER, URI_PARAM, USER } from './characters.ts';
import { PARAM_COUNT_MAX } from './limits.ts';
import type { Params, SipUri } from './message.ts';
import { NO_PARAMS } from './params.ts';

const HYPHEN = 45;
const DOT = 46;
const COLON = 58;
const SEMICOLON = 59;
const EQUALS = 61;
const AT = 64;

function skip(text: string, from: number, classBit: number): number {
  let index = from;
  while (index < text.length) {
    const code = text.charCodeAt(index);
    if (code > 127 || ((CLASSES[code] as number) & classBit) === 0) break;
    index++;
  }
  return index;
}

export function quickSipUri(text: string): SipUri | undefined {
  if (!text.startsWith('sip:')) return undefined;
  const userEnd = skip(text, 4, USER);
  const hasUser = text.charCodeAt(userEnd) === AT;
  if (hasUser && userEnd === 4) return undefined;
  const hostStart = hasUser ? userEnd + 1 : 4;
  const hostEnd = lowerHostEnd(text, hostStart);
  if (hostEnd === hostStart) return undefined;
  let paramsAt = hostEnd;
  let port = -1;
  if (text.charCodeAt(hostEnd) === COLON) {
    paramsAt = skip(text, hostEnd + 1, DIGIT);
    if (paramsAt === hostEnd + 1 || paramsAt > hostEnd + 5) return undefined;
    port = Number(text.substring(hostEnd + 1, paramsAt));
  }
  const params = paramsAt === text.length ? NO_PARAMS : quickUriParams(text, paramsAt);
  if (params === undefined) return undefined;
  const host = text.substring(hostStart, hostEnd);
  if (!hasUser) return port === -1 ? { scheme: 'sip', host, params } : { scheme: 'sip', host, params, port };
  const user = text.substring(4, userEnd);
  if (port === -1) return { scheme: 'sip', host, params, user };
  return { scheme: 'sip', host, params, user, port };
}

/** The end of a host in small letters whose labels are right; `start` when it is anything else. */
function lowerHostEnd(text: string, start: number): number {
  let before = DOT;
  let index = start;
  for (; index < text.length; index++) {
    const code = text.charCodeAt(index);
    const classes = code > 127 ? 0 : (CLASSES[code] as number);
    if ((classes & HOST) === 0) break;
    const isLabelEdge = before === DOT || before === HYPHEN;
    if ((classes & UPPER) !== 0 || (code === DOT && isLabelEdge) || (code === HYPHEN && before === DOT))
      return start;
    before = code;
  }
  return before === HYPHEN || before === DOT ? start : index;
}

function quickUriParams(text: string, from: number): Params | undefined {
  const params = new Map<string, string | null>();
  let index = from;
  while (index < text.length) {
    if (text.charCodeAt(index) !== SEMICOLON || params.size === PARAM_COUNT_MAX) return undefined;
    const nameEnd = skip(text, index + 1, URI_PARAM);
    const name = text.substring(index + 1, nameEnd).toLowerCase();
    if (name === '' || params.has(name)) return undefined;
    index = nameEnd;
    if (text.charCodeAt(nameEnd) !== EQUALS) {
      params.set(name, null);
      continue;
    }
    index = skip(text, nameEnd + 1, URI_PARAM);
    if (index === nameEnd + 1) return undefined;
    params.set(name, text.substring(nameEnd + 1, index));
  }
  return params;
}
