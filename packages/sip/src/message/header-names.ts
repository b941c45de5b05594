/**
 * The header fields that have a name of their own: how each is written, its compact form (RFC 3261 §7.3.3 and
 * the extensions), and whether commas separate its values. Names are compared without regard to case; the
 * look-up takes the bytes as they came, so that a known name costs no string.
 */
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

interface Known extends HeaderName {
  /** What stands on the wire, in lower case: the key, or one letter. */
  readonly written: string;
}

/** Known names by length and first letter; one to three in a bucket. */
const BUCKETS: Known[][] = [];
const LIST_KEYS = new Set<string>();
const BY_KEY = new Map<string, HeaderName>();

function bucketOf(length: number, firstCode: number): number {
  return (length << 5) | (firstCode & 31);
}

function addKnown(written: string, name: string): void {
  const known = { written: written.toLowerCase(), key: name.toLowerCase(), name };
  const bucket = bucketOf(written.length, known.written.charCodeAt(0));
  BUCKETS[bucket] ??= [];
  BUCKETS[bucket].push(known);
  BY_KEY.set(known.written, known);
}

for (const name of `${LISTS} ${SINGLES} Accept-Contact Reject-Contact Identity-Info`.split(' '))
  addKnown(name, name);
for (const name of `${LISTS} Accept-Contact Reject-Contact`.split(' ')) LIST_KEYS.add(name.toLowerCase());
for (const [letter, name] of Object.entries(COMPACT)) addKnown(letter, name);

/** The known name that stands in these bytes, in any case of letters. */
export function knownNameIn(bytes: Uint8Array, start: number, end: number): HeaderName | undefined {
  const bucket = BUCKETS[bucketOf(end - start, bytes[start] as number)];
  if (bucket === undefined) return undefined;
  for (const known of bucket) {
    const written = known.written;
    let index = start;
    while (index < end && lower(bytes[index] as number) === written.charCodeAt(index - start)) index++;
    if (index === end) return known;
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

/**
 * A field made by us. A line end in a value would let whoever supplied that text add header fields of his own,
 * so it becomes a space here and nowhere later needs thought.
 */
export function headerField(name: string, value: string): HeaderField {
  const known = headerNameOf(name);
  const safe = value.includes('\n') || value.includes('\r') ? value.replace(/\s*[\r\n]+\s*/g, ' ') : value;
  return { key: known.key, name: known.name, value: safe };
}
