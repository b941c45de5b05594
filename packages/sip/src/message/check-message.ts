/**
 * What RFC 3261 has checked before a message reaches a transaction (§8.1.1, §8.2, §16.3, §18.3): the syntax of
 * what routing, transactions and dialogs read, the mandatory and the single header fields, the CSeq against the
 * method. Fields that are not needed to process a message do not stop it when they are malformed (§8.2); with
 * `isStrict` their syntax is judged too, and what the method asks for, which is for people who look at a message,
 * not for calls.
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
import { requiredFault } from './required-fields.ts';
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
  /** Judges also the fields that calls do not need (Date, Expires, Warning, …), and those that the method asks for. */
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
    surveyFault(message) ??
    identityFault(message) ??
    routingFault(message) ??
    bodyFault(message) ??
    (options.isStrict === true ? (requiredFault(message) ?? malformedDetail(message)) : undefined);
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

/** RFC 3261 §8.1.1. Max-Forwards may be absent: RFC 2543 did not know it (RFC 4475 §3.4.1). */
const MANDATORY = ['Via', 'From', 'To', 'Call-ID', 'CSeq'];

/** Fields of RFC 3261 (table 2) that stand at most once. */
const SINGLES =
  'From To Call-ID CSeq Max-Forwards Content-Length Content-Type Content-Disposition Date Expires Min-Expires ' +
  'MIME-Version Priority Reply-To Retry-After Subject Timestamp';

/** Option tags decide whether a request may be processed at all (RFC 3261 §8.2.2.3, §16.3). */
const TOKEN_LISTS = 'Require Proxy-Require Supported Allow';

/** Elements may be empty, as in any list that a lenient reader takes. */
const TOKEN_LIST = new RegExp(`^(?:[${TOKEN_CHARS}]+${LWS}*)?(?:,${LWS}*(?:[${TOKEN_CHARS}]+${LWS}*)?)*$`);

interface FieldRule {
  /** Says, in one number for all fields, that this one has stood. */
  readonly bit: number;
  readonly isSingle: boolean;
  readonly isTokenList: boolean;
}

const RULES = new Map<string, FieldRule>();
for (const name of `Via ${SINGLES} ${TOKEN_LISTS}`.split(' ')) {
  RULES.set(name.toLowerCase(), {
    bit: 1 << RULES.size,
    isSingle: SINGLES.split(' ').includes(name),
    isTokenList: TOKEN_LISTS.split(' ').includes(name),
  });
}

const MANDATORY_BITS = MANDATORY.reduce((bits, name) => bits | (RULES.get(name.toLowerCase())?.bit ?? 0), 0);

/** One pass over all fields: what is missing, what stands twice, what is no list of tokens. */
function surveyFault(message: SipMessage): Fault | undefined {
  let seen = 0;
  for (const { key, value } of message.headers) {
    const rule = RULES.get(key);
    if (rule === undefined) continue;
    if (rule.isSingle && (seen & rule.bit) !== 0) {
      const { name } = headerNameOf(key);
      return { key, name, occurrence: 1, reason: `${name} stands more than once` };
    }
    if (rule.isTokenList && !TOKEN_LIST.test(value)) {
      const { name } = headerNameOf(key);
      return { key, name, reason: `${name} is a list of tokens` };
    }
    seen |= rule.bit;
  }
  if ((seen & MANDATORY_BITS) === MANDATORY_BITS) return undefined;
  const name = MANDATORY.find((one) => headerValue(message, one.toLowerCase()) === undefined) ?? 'Via';
  return { key: name.toLowerCase(), name, reason: `${name} is missing` };
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
  return routeFault(message, 'route', 'Route') ?? routeFault(message, 'record-route', 'Record-Route');
}

/** RFC 3261 §20.34: a route is always written with angle brackets. */
function routeFault(message: SipMessage, key: string, name: string): Fault | undefined {
  const routes = nameAddrs(message, key);
  if (routes?.length === 0) return undefined;
  if (routes?.every(isAddress) === true && headerValue(message, key)?.includes('<') === true)
    return undefined;
  return { key, name, reason: `a ${name} is malformed; each is a URI in angle brackets` };
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
