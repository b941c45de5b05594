/**
 * What RFC 3261 has checked before a message reaches a transaction (§8.1.1, §8.2, §16.3, §18.3): the syntax of
 * what routing, transactions and dialogs read, the mandatory and the single header fields, the CSeq against the
 * method. Fields that are not needed to process a message do not stop it when they are malformed (§8.2); with
 * `isStrict` their syntax is judged too, which is for people who look at a message, not for calls.
 */
import { isToken, LWS, TOKEN_CHARS } from './grammar.ts';
import { headerNameOf } from './header-names.ts';
import {
  callIdOf,
  contactsOf,
  cseqOf,
  fromOf,
  headerValue,
  maxForwardsOf,
  nameAddrs,
  toOf,
  vias,
} from './headers.ts';
import { CSEQ_MAX, LIST_COUNT_MAX, MAX_FORWARDS_MAX } from './limits.ts';
import type { NameAddr, SipMessage, SipRequest } from './message.ts';
import { byteOffsetOf } from './message-offsets.ts';
import { serializeMessage } from './serialize-message.ts';
import { malformedDetail } from './strict-fields.ts';
import { parseUri } from './uri.ts';

export interface CheckFailure {
  readonly ok: false;
  /** What to answer if this is a request; a bad response is dropped. */
  readonly status: number;
  /** The header field by its usual name, or "request-uri". */
  readonly field: string;
  /** In bytes, where the value of the field begins: of what was received when that is given, else of what would be sent. */
  readonly offset: number;
  readonly reason: string;
}

export type CheckResult = { readonly ok: true } | CheckFailure;

export interface CheckOptions {
  /** The bytes from which the message was parsed, for the offset. */
  readonly bytes?: Uint8Array;
  /** Judges also the fields that calls do not need: Date, Expires, Warning, … */
  readonly isStrict?: boolean;
}

/** A field at fault: its key, which of that name it is (counted from 0), why. */
export interface Fault {
  readonly key: string;
  readonly name: string;
  readonly reason: string;
  readonly occurrence?: number;
}

const PASSED: CheckResult = { ok: true };

export function checkMessage(message: SipMessage, options: CheckOptions = {}): CheckResult {
  const fault =
    (message.kind === 'request' ? requestUriFault(message) : undefined) ??
    countFault(message) ??
    identityFault(message) ??
    routingFault(message) ??
    bodyFault(message) ??
    (options.isStrict === true ? malformedDetail(message) : undefined);
  if (fault === undefined) return PASSED;
  const bytes = options.bytes ?? serializeMessage(message);
  const offset = byteOffsetOf(bytes, message, fault.key, fault.occurrence ?? 0);
  return { ok: false, status: 400, field: fault.name, offset, reason: fault.reason };
}

function requestUriFault(request: SipRequest): Fault | undefined {
  const at = { key: 'request-uri', name: 'request-uri' };
  if (request.uri.startsWith('<')) return { ...at, reason: 'the Request-URI stands without angle brackets' };
  const uri = parseUri(request.uri);
  if (uri === undefined) return { ...at, reason: 'the Request-URI is malformed' };
  if (uri.headers !== undefined)
    return { ...at, reason: 'a Request-URI carries no header fields (RFC 3261 §19.1.1)' };
  return undefined;
}

/** RFC 3261 §8.1.1 and table 2. Max-Forwards may be absent: RFC 2543 did not know it (RFC 4475 §3.4.1). */
const MANDATORY = [
  ['via', 'Via'],
  ['from', 'From'],
  ['to', 'To'],
  ['call-id', 'Call-ID'],
  ['cseq', 'CSeq'],
] as const;

/** Fields of RFC 3261 that stand at most once. */
const SINGLES =
  'From To Call-ID CSeq Max-Forwards Content-Length Content-Type Content-Disposition Date Expires Min-Expires ' +
  'MIME-Version Priority Reply-To Retry-After Subject Timestamp';

/** A bit for each, so that what has been seen is one number. */
const SINGLE_BITS = new Map(SINGLES.split(' ').map((name, index) => [name.toLowerCase(), 1 << index]));

function countFault(message: SipMessage): Fault | undefined {
  for (const [key, name] of MANDATORY) {
    if (headerValue(message, key) === undefined) return { key, name, reason: `${name} is missing` };
  }
  let seen = 0;
  for (const { key } of message.headers) {
    const bit = SINGLE_BITS.get(key) ?? 0;
    if ((seen & bit) !== 0) {
      const { name } = headerNameOf(key);
      return { key, name, occurrence: 1, reason: `${name} stands more than once` };
    }
    seen |= bit;
  }
  return undefined;
}

function identityFault(message: SipMessage): Fault | undefined {
  if (!isAddress(fromOf(message))) return { key: 'from', name: 'From', reason: 'From is malformed' };
  if (!isAddress(toOf(message))) return { key: 'to', name: 'To', reason: 'To is malformed' };
  if (callIdOf(message) === undefined)
    return { key: 'call-id', name: 'Call-ID', reason: 'Call-ID is malformed' };
  const cseq = cseqOf(message);
  if (cseq === undefined) {
    return { key: 'cseq', name: 'CSeq', reason: `CSeq is a number up to ${CSEQ_MAX}, a space and a method` };
  }
  if (message.kind === 'request' && cseq.method !== message.method) {
    return {
      key: 'cseq',
      name: 'CSeq',
      reason: `CSeq names ${cseq.method}, the request is ${message.method}`,
    };
  }
  return undefined;
}

function isAddress(address: NameAddr | undefined): boolean {
  if (address === undefined) return false;
  const tag = address.params.get('tag');
  return parseUri(address.uri) !== undefined && (tag === undefined || (tag !== null && isToken(tag)));
}

function routingFault(message: SipMessage): Fault | undefined {
  if (vias(message) === undefined) {
    return {
      key: 'via',
      name: 'Via',
      reason: `a Via is malformed, or there are more than ${LIST_COUNT_MAX}`,
    };
  }
  if (headerValue(message, 'max-forwards') !== undefined && maxForwardsOf(message) === undefined) {
    const reason = `Max-Forwards is a number from 0 to ${MAX_FORWARDS_MAX}`;
    return { key: 'max-forwards', name: 'Max-Forwards', reason };
  }
  const contacts = contactsOf(message);
  if (contacts === undefined || (contacts !== '*' && !contacts.every(isAddress))) {
    return { key: 'contact', name: 'Contact', reason: 'a Contact is malformed' };
  }
  return (
    routeFault(message, 'route', 'Route') ??
    routeFault(message, 'record-route', 'Record-Route') ??
    tokenFault(message)
  );
}

/** RFC 3261 §20.34: a route is always written with angle brackets. */
function routeFault(message: SipMessage, key: string, name: string): Fault | undefined {
  const value = headerValue(message, key);
  if (value === undefined) return undefined;
  const routes = nameAddrs(message, key);
  if (routes?.every(isAddress) === true && value.includes('<')) return undefined;
  return { key, name, reason: `a ${name} is malformed; each is a URI in angle brackets` };
}

/** Option tags decide whether a request may be processed at all (RFC 3261 §8.2.2.3, §16.3). */
const TOKEN_LISTS = new Map([
  ['require', 'Require'],
  ['proxy-require', 'Proxy-Require'],
  ['supported', 'Supported'],
  ['allow', 'Allow'],
]);

/** Empty elements are allowed, as they are in any list of a lenient reader; anything but tokens is not. */
const TOKEN_LIST = new RegExp(`^[${TOKEN_CHARS}]*(?:${LWS}*,${LWS}*[${TOKEN_CHARS}]*)*$`);

function tokenFault(message: SipMessage): Fault | undefined {
  for (const { key, value } of message.headers) {
    const name = TOKEN_LISTS.get(key);
    if (name !== undefined && !TOKEN_LIST.test(value))
      return { key, name, reason: `${name} is a list of tokens` };
  }
  return undefined;
}

/** RFC 3261 §20.15. Without Content-Length a datagram may end in bytes that nobody meant as a body. */
function bodyFault(message: SipMessage): Fault | undefined {
  const type = headerValue(message, 'content-type');
  if (type === undefined) {
    if (message.body.length === 0 || headerValue(message, 'content-length') === undefined) return undefined;
    return {
      key: 'content-type',
      name: 'Content-Type',
      reason: 'a message with a body needs a Content-Type',
    };
  }
  const slash = type.indexOf('/');
  const semicolon = type.indexOf(';');
  const main = type.substring(0, slash).trimEnd();
  const sub = type.substring(slash + 1, semicolon === -1 ? type.length : semicolon).trim();
  if (slash > 0 && isToken(main) && isToken(sub)) return undefined;
  return { key: 'content-type', name: 'Content-Type', reason: 'Content-Type is type/subtype' };
}
