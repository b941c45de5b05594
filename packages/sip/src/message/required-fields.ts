/**
 * The header fields that a method asks for beside those of every request. On the wire their lack stops no message
 * before its transaction: phones leave some of them out, and who needs one answers for it. They are named to whoever
 * asks what is wrong with a message.
 */
import type { Fault } from './check-message.ts';
import { isToken, numberOf, TOKEN_CHARS } from './grammar.ts';
import { headerNameOf } from './header-names.ts';
import { contactsOf, headerValues, vias } from './headers.ts';
import type { SipMessage } from './message.ts';
import { parseNameAddr } from './name-addr.ts';
import { parseUri } from './uri.ts';

/** RFC 3261 §8.1.1.8, RFC 3311, RFC 3515, RFC 6665: what creates a dialog or refreshes its target. */
const WITH_CONTACT = new Set(['INVITE', 'UPDATE', 'REFER', 'SUBSCRIBE', 'NOTIFY']);

interface OneField {
  readonly key: string;
  readonly form: string;
  readonly isRight: (value: string) => boolean;
}

const EVENT: OneField = { key: 'event', form: 'the token of an event package', isRight: isEvent };
const ONE_OF: ReadonlyMap<string, OneField> = new Map([
  ['REFER', { key: 'refer-to', form: 'one URI', isRight: isReferTo }],
  ['PRACK', { key: 'rack', form: 'two numbers and a method', isRight: isRack }],
  ['SUBSCRIBE', EVENT],
  ['NOTIFY', EVENT],
]);

const VIA_VERSION = /^SIP[ \t]*\/[ \t]*2\.0[ \t]*\//i;
/** RFC 3262 §7.2: number of the response, then number and method of the CSeq. */
const RACK = new RegExp(`^(\\d{1,10})[ \\t]+(\\d{1,10})[ \\t]+[${TOKEN_CHARS}]+$`);
const MAGIC_COOKIE = 'z9hG4bK';
const NUMBER_MAX = 2 ** 32 - 1;

export function requiredFault(message: SipMessage): Fault | undefined {
  if (!headerValues(message, 'via').every((value) => VIA_VERSION.test(value)))
    return { key: 'via', name: 'Via', reason: 'each Via begins with SIP/2.0 (RFC 3261 §20.42)' };
  if (message.kind === 'response') return undefined;
  const { method } = message;
  const field = ONE_OF.get(method);
  return (
    (WITH_CONTACT.has(method) ? contactFault(message, method) : undefined) ??
    (field === undefined ? undefined : oneFault(message, method, field))
  );
}

function contactFault(message: SipMessage, method: string): Fault | undefined {
  const contacts = contactsOf(message);
  if (contacts?.length === 0 && isOfRfc2543(message)) return undefined;
  if (contacts !== undefined && contacts !== '*' && contacts.length === 1) {
    if (contacts.every(({ uri }) => /^sips?:/i.test(uri))) return undefined;
  }
  const reason = `${method} carries exactly one Contact, a SIP or SIPS URI (RFC 3261 §8.1.1.8)`;
  return { key: 'contact', name: 'Contact', reason };
}

/** RFC 3261 §8.1.1.7: its branch has no magic cookie. Its INVITE may do without a Contact (RFC 4475 §3.4.1). */
function isOfRfc2543(message: SipMessage): boolean {
  return vias(message)?.[0]?.params.get('branch')?.startsWith(MAGIC_COOKIE) !== true;
}

function oneFault(message: SipMessage, method: string, { key, form, isRight }: OneField): Fault | undefined {
  const values = message.headers.filter((header) => header.key === key);
  const { name } = headerNameOf(key);
  const at = { key, name, occurrence: values.length > 1 ? 1 : 0 };
  const [first] = values;
  if (first === undefined) return { ...at, reason: `${name} is missing, which ${method} needs` };
  if (values.length > 1) return { ...at, reason: `${name} stands more than once` };
  return isRight(first.value) ? undefined : { ...at, reason: `${name} is ${form}` };
}

function isEvent(value: string): boolean {
  return isToken(value.split(';', 1)[0]?.trimEnd() ?? '');
}

function isReferTo(value: string): boolean {
  const address = parseNameAddr(value);
  return address !== undefined && parseUri(address.uri) !== undefined;
}

function isRack(value: string): boolean {
  const found = RACK.exec(value);
  return numberOf(found?.[1], NUMBER_MAX) !== undefined && numberOf(found?.[2], NUMBER_MAX) !== undefined;
}
