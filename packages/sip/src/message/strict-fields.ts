/**
 * The syntax of fields that no call depends on. A malformed one is ignored on the wire (RFC 3261 §8.2) and named
 * to whoever asks what is wrong with a message.
 */

import type { Fault } from './check-message.ts';
import { isToken, numberOf } from './grammar.ts';
import { headerValue, headerValues } from './headers.ts';
import { DELTA_SECONDS_MAX } from './limits.ts';
import type { SipMessage } from './message.ts';
import { closingQuote } from './split-list.ts';

/** RFC 3261 §20.17: only GMT, only in this form. */
const SIP_DATE =
  /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/** RFC 3261 §25.1 Timestamp: a number and perhaps a delay. */
const TIMESTAMP = /^\d{1,10}(\.\d{0,10})?([ \t]+(\d{1,10}(\.\d{0,10})?|\.\d{1,10}))?$/;

const NUMBERS = [
  ['expires', 'Expires'],
  ['min-expires', 'Min-Expires'],
] as const;

const TOKENS = [
  ['unsupported', 'Unsupported'],
  ['content-encoding', 'Content-Encoding'],
  ['priority', 'Priority'],
] as const;

export function malformedDetail(message: SipMessage): Fault | undefined {
  const date = headerValue(message, 'date');
  if (date !== undefined && !SIP_DATE.test(date)) {
    return {
      key: 'date',
      name: 'Date',
      reason: 'Date is like "Sat, 13 Nov 2010 23:29:00 GMT", always in GMT',
    };
  }
  for (const [key, name] of NUMBERS) {
    const value = headerValue(message, key);
    if (value !== undefined && numberOf(value, DELTA_SECONDS_MAX) === undefined) {
      return { key, name, reason: `${name} is a number of seconds up to ${DELTA_SECONDS_MAX}` };
    }
  }
  for (const [key, name] of TOKENS) {
    if (!headerValues(message, key).every(isToken)) return { key, name, reason: `${name} holds tokens` };
  }
  const timestamp = headerValue(message, 'timestamp');
  if (timestamp !== undefined && !TIMESTAMP.test(timestamp)) {
    return { key: 'timestamp', name: 'Timestamp', reason: 'Timestamp is a number, perhaps with a delay' };
  }
  const retryAfter = /^\d+/.exec(headerValue(message, 'retry-after') ?? '0')?.[0];
  if (numberOf(retryAfter, DELTA_SECONDS_MAX) === undefined) {
    return {
      key: 'retry-after',
      name: 'Retry-After',
      reason: `Retry-After begins with seconds up to ${DELTA_SECONDS_MAX}`,
    };
  }
  if (!headerValues(message, 'warning').every(isWarning)) {
    return { key: 'warning', name: 'Warning', reason: 'Warning is three digits, an agent and a quoted text' };
  }
  return undefined;
}

function isWarning(value: string): boolean {
  const head = /^\d{3} [^ "]+ "/.exec(value)?.[0];
  return head !== undefined && closingQuote(value, head.length - 1) === value.length - 1;
}
