/**
 * What routing, transactions and dialogs read of a message. Each field is parsed when it is first asked for and
 * then remembered with the message. Nothing here throws: a field that is absent or malformed reads as undefined,
 * and `checkMessage` says which of the two it is.
 */
import { isToken, LWS, numberOf, TOKEN_CHARS, WORD_CHARS } from './grammar.ts';
import { isListHeader } from './header-names.ts';
import { CSEQ_MAX, DELTA_SECONDS_MAX, LIST_COUNT_MAX, MAX_FORWARDS_MAX } from './limits.ts';
import type { CSeq, NameAddr, SipMessage, Via } from './message.ts';
import { parseNameAddr } from './name-addr.ts';
import { memoryOf } from './remembering-message.ts';
import { splitList } from './split-list.ts';
import { parseVia } from './via.ts';

export { numberOf } from './grammar.ts';
export { tagOf } from './name-addr.ts';

const NO_VALUES: readonly string[] = [];
const NO_ADDRESSES: readonly NameAddr[] = [];

/** The value of the first field of this name, lists not split. `key` is lower-case and long: "call-id". */
export function headerValue(message: SipMessage, key: string): string | undefined {
  for (const field of message.headers) if (field.key === key) return field.value;
  return undefined;
}

/** All values of this name, fields that are lists split at their commas; empty elements are left out. */
export function headerValues(message: SipMessage, key: string): readonly string[] {
  const memory = memoryOf(message);
  const known = memory.values?.get(key);
  if (known !== undefined) return known;
  const values = readValues(message, key);
  memory.values ??= new Map();
  memory.values.set(key, values);
  return values;
}

function readValues(message: SipMessage, key: string): readonly string[] {
  const isList = isListHeader(key);
  let values: string[] | undefined;
  for (const field of message.headers) {
    if (field.key !== key) continue;
    values ??= [];
    if (!isList) values.push(field.value);
    else
      for (const part of splitList(field.value, LIST_COUNT_MAX) ?? [field.value])
        if (part !== '') values.push(part);
    if (values.length > LIST_COUNT_MAX) return values.slice(0, LIST_COUNT_MAX);
  }
  return values ?? NO_VALUES;
}

/** Every element of a list field, read by `parse`; null when one of them is malformed. Empty when there is none. */
function readList<T>(message: SipMessage, key: string, parse: (text: string) => T | undefined): T[] | null {
  const all: T[] = [];
  for (const field of message.headers) {
    if (field.key !== key) continue;
    if (!field.value.includes(',')) {
      const one = parse(field.value);
      if (one === undefined) return null;
      all.push(one);
    } else {
      const parts = splitList(field.value, LIST_COUNT_MAX);
      if (parts === undefined) return null;
      for (const part of parts) {
        const one = parse(part);
        if (one === undefined) return null;
        all.push(one);
      }
    }
    if (all.length > LIST_COUNT_MAX) return null;
  }
  return all;
}

/** The Via of the hop that sent this message to us. */
export function topVia(message: SipMessage): Via | undefined {
  const memory = memoryOf(message);
  if (memory.topVia === undefined) {
    const value = headerValue(message, 'via');
    const first = value === undefined ? undefined : splitList(value, LIST_COUNT_MAX)?.[0];
    memory.topVia = first === undefined ? null : (parseVia(first) ?? null);
  }
  return memory.topVia ?? undefined;
}

/** All Vias, the nearest hop first; undefined when there is none or one is malformed. */
export function vias(message: SipMessage): readonly Via[] | undefined {
  const memory = memoryOf(message);
  if (memory.vias === undefined) {
    const all = readList(message, 'via', parseVia);
    memory.vias = all === null || all.length === 0 ? null : all;
  }
  return memory.vias ?? undefined;
}

export function fromOf(message: SipMessage): NameAddr | undefined {
  const memory = memoryOf(message);
  if (memory.from === undefined) memory.from = readAddress(message, 'from');
  return memory.from ?? undefined;
}

export function toOf(message: SipMessage): NameAddr | undefined {
  const memory = memoryOf(message);
  if (memory.to === undefined) memory.to = readAddress(message, 'to');
  return memory.to ?? undefined;
}

function readAddress(message: SipMessage, key: string): NameAddr | null {
  const value = headerValue(message, key);
  return value === undefined ? null : (parseNameAddr(value) ?? null);
}

export function cseqOf(message: SipMessage): CSeq | undefined {
  const memory = memoryOf(message);
  if (memory.cseq === undefined) {
    const value = headerValue(message, 'cseq');
    memory.cseq = value === undefined ? null : (parseCSeq(value) ?? null);
  }
  return memory.cseq ?? undefined;
}

const CSEQ = new RegExp(`^([0-9]{1,20})${LWS}+([${TOKEN_CHARS}]+)$`);

/** A number below 2^31 and a method (RFC 3261 §8.1.1.5, §20.16). */
export function parseCSeq(text: string): CSeq | undefined {
  const found = CSEQ.exec(text);
  if (found === null) return undefined;
  const number = Number(found[1]);
  return number <= CSEQ_MAX ? { number, method: found[2] as string } : undefined;
}

export function callIdOf(message: SipMessage): string | undefined {
  const memory = memoryOf(message);
  if (memory.callId === undefined) {
    const value = headerValue(message, 'call-id');
    memory.callId = value !== undefined && isCallId(value) ? value : null;
  }
  return memory.callId ?? undefined;
}

const CALL_ID = new RegExp(`^[${WORD_CHARS}]+(?:@[${WORD_CHARS}]+)?$`);

/** word [ "@" word ], RFC 3261 §25.1. */
export function isCallId(text: string): boolean {
  return CALL_ID.test(text);
}

/** An empty list when there is no Contact; '*' alone asks a registrar to remove all (RFC 3261 §10.2.2). */
export function contactsOf(message: SipMessage): readonly NameAddr[] | '*' | undefined {
  const memory = memoryOf(message);
  if (memory.contacts === undefined) {
    memory.contacts = isStar(message) ? '*' : readList(message, 'contact', parseNameAddr);
  }
  return memory.contacts ?? undefined;
}

function isStar(message: SipMessage): boolean {
  let isFound = false;
  for (const field of message.headers) {
    if (field.key !== 'contact') continue;
    if (isFound || field.value !== '*') return false;
    isFound = true;
  }
  return isFound;
}

/** The addresses of "route", "record-route", "path", "service-route", "p-asserted-identity", …; empty when absent. */
export function nameAddrs(message: SipMessage, key: string): readonly NameAddr[] | undefined {
  const memory = memoryOf(message);
  if (key === 'route') {
    if (memory.routes === undefined) memory.routes = readList(message, key, parseNameAddr);
    return memory.routes ?? undefined;
  }
  if (key === 'record-route') {
    if (memory.recordRoutes === undefined) memory.recordRoutes = readList(message, key, parseNameAddr);
    return memory.recordRoutes ?? undefined;
  }
  let addresses = memory.addresses?.get(key);
  if (addresses === undefined) {
    addresses =
      headerValue(message, key) === undefined ? NO_ADDRESSES : readList(message, key, parseNameAddr);
    if (addresses === NO_ADDRESSES) return addresses;
    memory.addresses ??= new Map();
    memory.addresses.set(key, addresses);
  }
  return addresses ?? undefined;
}

/** Expires in seconds; absent and malformed both mean the default (RFC 3261 §10.2.1, §20.19). */
export function expiresOf(message: SipMessage): number | undefined {
  return numberOf(headerValue(message, 'expires'), DELTA_SECONDS_MAX);
}

export function maxForwardsOf(message: SipMessage): number | undefined {
  return numberOf(headerValue(message, 'max-forwards'), MAX_FORWARDS_MAX);
}

/** The tokens of Supported, Require, Allow, …, as they are written; undefined when one is no token. */
export function tokensOf(message: SipMessage, key: string): readonly string[] | undefined {
  const values = headerValues(message, key);
  return values.every(isToken) ? values : undefined;
}
