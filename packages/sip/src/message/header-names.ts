/**
 * The header fields that have a name of their own: how each is written, its compact form (RFC 3261 §7.3.3 and
 * the extensions), and whether commas separate its values. Names are compared without regard to case; the
 * look-up takes the bytes as they came, so that a known name costs no string.
 */
import { encodeUtf8 } from '@holdfast/kernel';
import { TOKEN_CHARS } from './grammar.ts';
import type { HeaderField } from './message.ts';

export interface HeaderName {
  readonly key: string;
  readonly name: string;
}

/** Values are separated by commas (RFC 3261 §7.3.1), so that one field may stand for several. */
const LISTS =
  'Via Contact Route Record-Route Path Service-Route Accept Accept-Encoding Accept-Language Alert-Info Allow ' +
  'Allow-Events Call-Info Content-Encoding Content-Language Diversion Error-Info Geolocation History-Info ' +
  'In-Reply-To P-Asserted-Identity P-Preferred-Identity Privacy Proxy-Require Reason Recv-Info Require ' +
  'Security-Client Security-Server Security-Verify Supported Unsupported Warning';

const SINGLES =
  'From To Call-ID CSeq Max-Forwards Content-Length Content-Type Expires Content-Disposition Date Event ' +
  'Flow-Timer Identity Join Max-Breadth Min-Expires Min-SE MIME-Version Organization P-Charging-Vector ' +
  'Priority RAck RSeq Refer-To Referred-By Refer-Sub Replaces Reply-To Request-Disposition Retry-After ' +
  'Server Session-Expires SIP-ETag SIP-If-Match Subject Subscription-State Target-Dialog Timestamp User-Agent ' +
  // Several of these may stand in one message, but their commas separate parameters.
  'Authorization Authentication-Info Proxy-Authenticate Proxy-Authentication-Info Proxy-Authorization WWW-Authenticate';

const COMPACT: Readonly<Record<string, string>> = {
  a: 'Accept-Contact',
  b: 'Referred-By',
  c: 'Content-Type',
  d: 'Request-Disposition',
  e: 'Content-Encoding',
  f: 'From',
  i: 'Call-ID',
  j: 'Reject-Contact',
  k: 'Supported',
  l: 'Content-Length',
  m: 'Contact',
  n: 'Identity-Info',
  o: 'Event',
  r: 'Refer-To',
  s: 'Subject',
  t: 'To',
  u: 'Allow-Events',
  v: 'Via',
  x: 'Session-Expires',
  y: 'Identity',
};

/** One way in which a name stands on the wire. */
interface Known {
  readonly key: string;
  /** The bytes of the usual writing. */
  readonly usual: Uint8Array;
  readonly asUsual: FoundName;
  readonly otherwise: FoundName;
}

/** Fields that every message is asked for; each is a bit. */
export const VIA = 1;
export const FROM = 2;
export const TO = 4;
export const CALL_ID = 8;
export const CSEQ = 16;
export const CONTACT = 32;
export const ROUTE = 64;
export const RECORD_ROUTE = 128;

const QUICK = new Map<string, number>([
  ['via', VIA],
  ['from', FROM],
  ['to', TO],
  ['call-id', CALL_ID],
  ['cseq', CSEQ],
  ['contact', CONTACT],
  ['route', ROUTE],
  ['record-route', RECORD_ROUTE],
]);

export interface FoundName {
  readonly key: string;
  /** The bit of a field that is read at once; 0 for all others. */
  readonly quick: number;
  /** Absent when the name is not written as usual, so that it must be kept as it came. */
  readonly name: string | undefined;
}

/** Known names by the hash of their lower-case letters; nearly always one in a bucket. */
const BUCKET_COUNT = 1024;
const BUCKETS: (readonly Known[] | undefined)[] = new Array(BUCKET_COUNT).fill(undefined);
const LIST_KEYS = new Set<string>();
const BY_KEY = new Map<string, HeaderName>();

/** The hash of a name is built byte by byte while it is scanned; letters count without regard to case. */
export const NAME_HASH_START = 7;

export function nameHashStep(hash: number, code: number): number {
  return (Math.imul(hash, 31) + (code | 32)) | 0;
}

function bucketOf(hash: number): number {
  return (hash ^ (hash >>> 10)) & (BUCKET_COUNT - 1);
}

/**
 * The same text as the one copy of it that the engine keeps for names of properties and literals of the source:
 * comparing a field's key with a literal is then a comparison of two addresses.
 */
function internalized(text: string): string {
  return Object.keys({ [text]: true })[0] as string;
}

function addKnown(written: string, name: string): void {
  const key = internalized(name.toLowerCase());
  let hash = NAME_HASH_START;
  for (let index = 0; index < written.length; index++) hash = nameHashStep(hash, written.charCodeAt(index));
  const known: Known = {
    key,
    usual: encodeUtf8(written),
    asUsual: { key, name: written, quick: QUICK.get(key) ?? 0 },
    otherwise: { key, name: undefined, quick: QUICK.get(key) ?? 0 },
  };
  BUCKETS[bucketOf(hash)] = [...(BUCKETS[bucketOf(hash)] ?? []), known];
  BY_KEY.set(written.toLowerCase(), { key, name });
}

for (const name of `${LISTS} ${SINGLES} Accept-Contact Reject-Contact Identity-Info`.split(' '))
  addKnown(name, name);
for (const name of `${LISTS} Accept-Contact Reject-Contact`.split(' ')) LIST_KEYS.add(name.toLowerCase());
for (const [letter, name] of Object.entries(COMPACT)) addKnown(letter, name);

/** The known name that stands in these bytes, in any case of letters, given its hash. */
export function knownNameIn(
  bytes: Uint8Array,
  start: number,
  end: number,
  hash: number,
): FoundName | undefined {
  const bucket = BUCKETS[bucketOf(hash)];
  if (bucket === undefined) return undefined;
  const length = end - start;
  for (let position = 0; position < bucket.length; position++) {
    const known = bucket[position] as Known;
    const usual = known.usual;
    if (usual.length !== length) continue;
    let index = 0;
    while (index < length && bytes[start + index] === usual[index]) index++;
    if (index === length) return known.asUsual;
    while (index < length && lower(bytes[start + index] as number) === lower(usual[index] as number)) index++;
    if (index === length) return known.otherwise;
  }
  return undefined;
}

function lower(code: number): number {
  return code >= 65 && code <= 90 ? code | 32 : code;
}

/** Key and usual writing of a name given in any case or in compact form; an unknown name is kept as it is. */
export function headerNameOf(name: string): HeaderName {
  const known = BY_KEY.get(name) ?? BY_KEY.get(name.toLowerCase());
  return known ?? { key: name.toLowerCase(), name };
}

/** Whether commas at the top level separate values of this field. Unknown fields are never split. */
export function isListHeader(key: string): boolean {
  return LIST_KEYS.has(key);
}

const NOT_TOKEN = new RegExp(`[^${TOKEN_CHARS}]`, 'gu');

/**
 * A field made by us. A line end in a value would let whoever supplied that text add header fields of his own, and with any
 * other control character the message would be refused: they become spaces here, and nowhere later needs thought.
 */
export function headerField(name: string, value: string): HeaderField {
  const known = BY_KEY.get(name.toLowerCase());
  if (known !== undefined) return { key: known.key, name: known.name, value: oneLine(value) };
  const token = name.replace(NOT_TOKEN, '-');
  return { key: token.toLowerCase(), name: token, value: oneLine(value) };
}

const CONTROL = /(?!\t)\p{Cc}/u;
const CONTROLS = /(?:(?!\t)\p{Cc})+[ \t]*/gu;

/** All control characters but the tab are white space. */
export function oneLine(text: string): string {
  return CONTROL.test(text) ? text.replace(CONTROLS, ' ') : text;
}
