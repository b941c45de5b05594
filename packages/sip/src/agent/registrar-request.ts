/**
 * What one REGISTER asks for (RFC 3261 §10.3, RFC 5626 §6), read as a whole before anything is changed: a request is
 * carried out completely or not at all.
 */

import { type Random, randomInteger } from '@holdfast/kernel';
import { isAddressLiteral, withoutBrackets } from '../locate/address-literal.ts';
import { defaultPort } from '../locate/locate.ts';
import {
  callIdOf,
  contactsOf,
  cseqOf,
  expiresOf,
  numberOf,
  tokensOf,
  toOf,
  topVia,
} from '../message/headers.ts';
import { DELTA_SECONDS_MAX } from '../message/limits.ts';
import type { NameAddr, Params, SipRequest, SipUri } from '../message/message.ts';
import { formatParams } from '../message/params.ts';
import { parseUri } from '../message/uri.ts';
import { isReliable, type Source, type Target, type TransportName } from '../target.ts';

/** One contact as it is asked for. */
export interface ContactWish {
  readonly contact: string;
  readonly instance?: string;
  readonly regId?: number;
  readonly q: number;
  /** As granted, seconds; 0 takes the binding away. */
  readonly expires: number;
  readonly params: string;
  readonly target: Target;
}

export interface RegisterWish {
  readonly aor: string;
  readonly domain: string;
  readonly callId: string;
  readonly cseq: number;
  /** Empty: only asks what is registered. `*`: take all away. */
  readonly contacts: readonly ContactWish[] | '*';
  /** The answer must say `Require: outbound` (RFC 5626 §6). */
  readonly isOutbound: boolean;
}

export interface RegisterRefusal {
  readonly status: number;
  readonly reason?: string;
  readonly headers?: readonly (readonly [name: string, value: string])[];
}

export interface ExpiresLimits {
  readonly min: number;
  readonly max: number;
  readonly standard: number;
  /** Granted is up to this share more or less than asked (RG9). */
  readonly spread: number;
  readonly random: Random;
}

const EXTENSIONS = ['outbound'];
/** RFC 3261 §10.3: only a wish below an hour may be called too brief. */
const BRIEF_BELOW_S = 3600;
/** RFC 5626 §4.2: reg-id is a number from 1 to 2^31 - 1. */
const REG_ID_MAX = 2 ** 31 - 1;

export function readRegister(
  request: SipRequest,
  source: Source,
  limits: ExpiresLimits,
  contactsMax: number,
): RegisterWish | RegisterRefusal {
  if (request.method !== 'REGISTER') return { status: 405, headers: [['Allow', 'REGISTER']] };
  const unknown = (tokensOf(request, 'require') ?? ['?']).filter(
    (tag) => !EXTENSIONS.includes(tag.toLowerCase()),
  );
  if (unknown.length > 0) return { status: 420, headers: [['Unsupported', unknown.join(', ')]] };
  const to = toOf(request);
  const callId = callIdOf(request);
  const cseq = cseqOf(request);
  const asked = contactsOf(request);
  if (to === undefined || callId === undefined || cseq === undefined) return { status: 400 };
  if (asked === undefined) return { status: 400, reason: 'Malformed Contact' };
  const address = parseUri(to.uri);
  const aor = address?.user;
  if (address === undefined || aor === undefined) return { status: 404, reason: 'To Names No User' };
  const base = { aor, domain: domainOf(address), callId, cseq: cseq.number, isOutbound: false };
  if (asked === '*') {
    if (expiresOf(request) !== 0) return { status: 400, reason: 'Contact * Needs Expires 0' };
    return { ...base, contacts: '*' };
  }
  if (asked.length > contactsMax) return { status: 403, reason: `More Than ${contactsMax} Contacts` };
  const contacts: ContactWish[] = [];
  for (const each of asked) {
    const wish = readContact(request, each, source, limits);
    if ('status' in wish) return wish;
    if (wish.regId !== undefined && contacts.some((other) => sameRegistration(other, wish))) {
      return { status: 400, reason: 'The Same reg-id Twice' };
    }
    contacts.push(wish);
  }
  const isOutbound =
    contacts.some((wish) => wish.regId !== undefined) &&
    (tokensOf(request, 'supported') ?? []).some((tag) => tag.toLowerCase() === 'outbound');
  return { ...base, contacts, isOutbound };
}

/** Where an address of record is: its host, and the port, also where the URI leaves that out. */
export function domainOf({ host, port }: Pick<SipUri, 'host' | 'port'>): string {
  return `${host}:${port ?? defaultPort('UDP')}`;
}

/** RFC 5626 §6: one phone has one binding per instance and reg-id. */
export function sameRegistration(
  left: Pick<ContactWish, 'instance' | 'regId'>,
  right: Pick<ContactWish, 'instance' | 'regId'>,
): boolean {
  return left.instance !== undefined && left.instance === right.instance && left.regId === right.regId;
}

function readContact(
  request: SipRequest,
  asked: NameAddr,
  source: Source,
  limits: ExpiresLimits,
): ContactWish | RegisterRefusal {
  const uri = parseUri(asked.uri);
  if (uri === undefined || (uri.scheme !== 'sip' && uri.scheme !== 'sips')) {
    return { status: 400, reason: 'Contact Is No SIP URI' };
  }
  const expires = grant(asked.params, expiresOf(request), limits);
  if (expires === undefined) return { status: 423, headers: [['Min-Expires', String(limits.min)]] };
  const q = readQ(asked.params.get('q'));
  if (q === undefined) return { status: 400, reason: 'Malformed q of Contact' };
  const instance = asked.params.get('+sip.instance') ?? undefined;
  // A reg-id without an instance means nothing (RFC 5626 §6).
  const regIdText = instance === undefined ? undefined : asked.params.get('reg-id');
  const regId = regIdText === undefined ? undefined : numberOf(regIdText ?? '', REG_ID_MAX);
  if (regIdText !== undefined && (regId === undefined || regId < 1)) {
    return { status: 400, reason: 'Malformed reg-id of Contact' };
  }
  return {
    contact: asked.uri,
    ...(instance !== undefined && { instance }),
    ...(regId !== undefined && { regId }),
    q,
    expires,
    params: paramsGivenBack(asked.params),
    target: targetOf(request, uri, source, regId !== undefined),
  };
}

/** Seconds, or undefined when the wish is too brief. The contact's own wish goes before that of the request. */
function grant(params: Params, ofRequest: number | undefined, limits: ExpiresLimits): number | undefined {
  const own = params.get('expires');
  const wish = (own === undefined ? ofRequest : numberOf(own ?? '', DELTA_SECONDS_MAX)) ?? limits.standard;
  if (wish === 0) return 0;
  if (wish < limits.min && wish < BRIEF_BELOW_S) return undefined;
  return spread(Math.min(wish, limits.max), limits);
}

/**
 * RG9: phones that have registered together, because a site was lost, do not all come back together. Whole seconds
 * within the share, so that a very short registration stays as it is.
 */
function spread(wish: number, { min, max, spread: share, random }: ExpiresLimits): number {
  const least = Math.max(min, Math.ceil(wish * (1 - share)));
  const most = Math.min(max, Math.floor(wish * (1 + share)));
  return least < most ? randomInteger(random, least, most) : wish;
}

function readQ(text: string | null | undefined): number | undefined {
  if (text === undefined) return 1;
  return text !== null && /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(text) ? Number(text) : undefined;
}

function paramsGivenBack(params: Params): string {
  if (params.size === 0) return '';
  const kept = new Map(params);
  kept.delete('expires');
  return formatParams(kept);
}

/**
 * Where requests for this contact go. Over a connection: back over it, nothing else reaches the phone. Over UDP: to
 * the address that it came from when the phone asked for that (`rport`, RFC 3581) and speaks of itself, or named
 * something that is no address; else to the address in its Contact.
 */
function targetOf(request: SipRequest, contact: SipUri, source: Source, isOutbound: boolean): Target {
  const { transport, host, port, flow } = source;
  const flowTarget = { transport, host, port, flow };
  if (isReliable(transport) || isOutbound) return flowTarget;
  const contactHost = withoutBrackets(contact.params.get('maddr') ?? contact.host);
  if (!isAddressLiteral(contactHost)) return flowTarget;
  const contactTransport = transportNamed(contact);
  const contactPort = contact.port ?? defaultPort(contactTransport);
  const via = topVia(request);
  const isItself =
    via?.params.has('rport') === true &&
    contactTransport === 'UDP' &&
    withoutBrackets(via.host) === contactHost &&
    (via.port ?? defaultPort('UDP')) === contactPort;
  return isItself ? flowTarget : { transport: contactTransport, host: contactHost, port: contactPort };
}

function transportNamed(uri: SipUri): TransportName {
  if (uri.scheme === 'sips') return 'TLS';
  const named = uri.params.get('transport')?.toUpperCase();
  return named === 'TCP' || named === 'TLS' || named === 'WS' || named === 'WSS' ? named : 'UDP';
}
