/**
 * A dialog (RFC 3261 §12): what two user agents remember of each other between requests, as one flat record that
 * survives `JSON.stringify`, so that another server can carry the call on with nothing but this record.
 *
 *     INVITE ──► 1xx with To tag: early ──► 2xx: confirmed ──► BYE: gone
 *
 * Records are never changed, only replaced: each function answers with the next one. The two CSeq counters are
 * independent: `localSeq` numbers what we send, `remoteSeq` guards the order of what we receive.
 */
import { headerField } from '../message/header-names.ts';
import { callIdOf, contactsOf, cseqOf, fromOf, headerValue, nameAddrs, toOf } from '../message/headers.ts';
import { CSEQ_MAX } from '../message/limits.ts';
import { EMPTY_BODY, type HeaderField, type SipRequest, type SipResponse } from '../message/message.ts';
import { tagOf } from '../message/name-addr.ts';
import { makeRequest } from '../message/remembering-message.ts';
import { formatUri, parseUri } from '../message/uri.ts';

/** Grows whenever the record changes its shape, so that a newer server knows what an older one has written. */
export const DIALOG_VERSION = 1;

export interface Dialog {
  readonly version: typeof DIALOG_VERSION;
  readonly state: 'early' | 'confirmed';
  readonly callId: string;
  readonly localTag: string;
  /** Empty for a peer of RFC 2543, which knows no tags. */
  readonly remoteTag: string;
  /** The last CSeq number that we used; 0 before our first request. */
  readonly localSeq: number;
  /** The highest CSeq number received; null before their first request. */
  readonly remoteSeq: number | null;
  readonly localUri: string;
  readonly remoteUri: string;
  /** From and To as we send them, tags included. */
  readonly localField: string;
  readonly remoteField: string;
  /** The URI of the Contact of the other side. */
  readonly remoteTarget: string;
  /** URIs of the proxies between us that want to stay in the path, ours first. */
  readonly routeSet: readonly string[];
  /** The INVITE was to a sips URI: nothing of this dialog may travel unprotected. */
  readonly secure: boolean;
}

/** Why a message cannot make a dialog, in words for the other side. */
export interface DialogRefusal {
  readonly refusal: string;
}

/**
 * The caller's side, from a response with a To tag (§12.1.2). `invite` is the request as it was last sent. A 2xx
 * without Contact is a fault of the peer, but the call stands: then the Request-URI has to do.
 */
export function callerDialog(invite: Pick<SipRequest, 'uri'>, response: SipResponse): Dialog | DialogRefusal {
  const remote = toOf(response);
  const local = fromOf(response);
  const routes = nameAddrs(response, 'record-route');
  const seq = cseqOf(response);
  if (remote === undefined || local === undefined || routes === undefined || seq === undefined)
    return { refusal: 'From, To, CSeq or Record-Route cannot be read' };
  return {
    version: DIALOG_VERSION,
    state: response.status < 200 ? 'early' : 'confirmed',
    callId: callIdOf(response) ?? '',
    localTag: tagOf(local) ?? '',
    remoteTag: tagOf(remote) ?? '',
    localSeq: seq.number,
    remoteSeq: null,
    localUri: local.uri,
    remoteUri: remote.uri,
    localField: headerValue(response, 'from') ?? '',
    remoteField: headerValue(response, 'to') ?? '',
    remoteTarget: contactUri(response) ?? invite.uri,
    routeSet: routes.map((route) => route.uri).reverse(),
    secure: isSips(invite.uri),
  };
}

/** The callee's side, from an INVITE and the tag that we give it (§12.1.1). */
export function calleeDialog(invite: SipRequest, localTag: string): Dialog | DialogRefusal {
  const remote = fromOf(invite);
  const local = toOf(invite);
  const routes = nameAddrs(invite, 'record-route');
  const seq = cseqOf(invite);
  const callId = callIdOf(invite);
  const remoteTarget = contactUri(invite);
  if (remoteTarget === undefined) return { refusal: 'the INVITE needs one Contact that can be read' };
  if (
    remote === undefined ||
    local === undefined ||
    routes === undefined ||
    seq === undefined ||
    callId === undefined
  )
    return { refusal: 'From, To, Call-ID, CSeq or Record-Route cannot be read' };
  return {
    version: DIALOG_VERSION,
    state: 'early',
    callId,
    localTag,
    remoteTag: tagOf(remote) ?? '',
    localSeq: 0,
    remoteSeq: seq.number,
    localUri: local.uri,
    remoteUri: remote.uri,
    localField: `${headerValue(invite, 'to') ?? ''};tag=${localTag}`,
    remoteField: headerValue(invite, 'from') ?? '',
    remoteTarget,
    routeSet: routes.map((route) => route.uri),
    secure: isSips(invite.uri),
  };
}

/**
 * The 2xx confirms the caller's early dialog: route set and remote target are taken from it anew (§13.2.2.4), the
 * counters go on.
 */
export function confirmCaller(
  early: Dialog,
  invite: Pick<SipRequest, 'uri'>,
  response: SipResponse,
): Dialog | DialogRefusal {
  const confirmed = callerDialog(invite, response);
  if ('refusal' in confirmed) return confirmed;
  return { ...confirmed, localSeq: Math.max(early.localSeq, confirmed.localSeq), remoteSeq: early.remoteSeq };
}

export function confirmed(dialog: Dialog): Dialog {
  return { ...dialog, state: 'confirmed' };
}

export interface InDialogParts {
  /** Our Contact as URI, for requests that refresh the target. */
  readonly contact?: string;
  readonly fields?: readonly HeaderField[];
  readonly body?: Uint8Array;
  /** "application/sdp" unless the fields name another. */
  readonly contentType?: string;
}

/** The next request of ours within the dialog (§12.2.1.1), and the dialog with its number used up. */
export function requestInDialog(
  dialog: Dialog,
  method: string,
  parts: InDialogParts = {},
): { readonly dialog: Dialog; readonly request: SipRequest } {
  // A dialog that has used up its numbers is beyond saving; the other side refuses what follows, and it ends.
  const seq = Math.min(dialog.localSeq + 1, CSEQ_MAX);
  return { dialog: { ...dialog, localSeq: seq }, request: build(dialog, method, seq, parts) };
}

/** The ACK to a 2xx carries the number of its INVITE and uses up none (§13.2.2.4). */
export function ackInDialog(dialog: Dialog, seq: number, parts: InDialogParts = {}): SipRequest {
  return build(dialog, 'ACK', seq, parts);
}

function build(dialog: Dialog, method: string, seq: number, parts: InDialogParts): SipRequest {
  const headers: HeaderField[] = [MAX_FORWARDS];
  const uri = addRoutes(dialog, headers);
  headers.push(
    { key: 'from', name: 'From', value: dialog.localField },
    { key: 'to', name: 'To', value: dialog.remoteField },
    { key: 'call-id', name: 'Call-ID', value: dialog.callId },
    { key: 'cseq', name: 'CSeq', value: `${seq} ${method}` },
  );
  if (parts.contact !== undefined) headers.push(headerField('Contact', `<${parts.contact}>`));
  if (parts.fields !== undefined) headers.push(...parts.fields);
  const body = parts.body ?? EMPTY_BODY;
  if (body.length > 0 && parts.contentType !== undefined)
    headers.push(headerField('Content-Type', parts.contentType));
  return makeRequest(method, uri, headers, body);
}

/** Writes the Route fields and answers the Request-URI. */
function addRoutes(dialog: Dialog, headers: HeaderField[]): string {
  const { routeSet, remoteTarget } = dialog;
  const [first] = routeSet;
  if (first === undefined) return requestUri(remoteTarget);
  const isLoose = isLooseRouter(first);
  // A strict router expects itself in the Request-URI and the target at the end of the routes.
  const routes = isLoose ? routeSet : [...routeSet.slice(1), remoteTarget];
  for (const route of routes) headers.push({ key: 'route', name: 'Route', value: `<${route}>` });
  return requestUri(isLoose ? remoteTarget : first);
}

/** The URI at which the next message of this dialog is aimed: the first proxy, or the other side itself. */
export function nextHopOf(dialog: Dialog): string {
  return dialog.routeSet[0] ?? dialog.remoteTarget;
}

function isLooseRouter(uri: string): boolean {
  return parseUri(uri)?.params.has('lr') ?? true;
}

/** A Request-URI carries neither header fields nor a method (§19.1.1 table 1). */
function requestUri(uri: string): string {
  if (!uri.includes('?') && !uri.toLowerCase().includes(';method=')) return uri;
  const parsed = parseUri(uri);
  if (parsed === undefined) return uri;
  const params = new Map(parsed.params);
  params.delete('method');
  const { headers: _headers, ...rest } = parsed;
  return formatUri({ ...rest, params });
}

/**
 * A request of the other side within the dialog: its number must not be lower than one already seen (§12.2.2: 500),
 * and a Contact in a request that refreshes the target moves the dialog there.
 */
export function receiveInDialog(dialog: Dialog, request: SipRequest): Dialog | undefined {
  const seq = cseqOf(request)?.number ?? 0;
  if (dialog.remoteSeq !== null && seq < dialog.remoteSeq) return undefined;
  const target = REFRESHES_TARGET.has(request.method) ? contactUri(request) : undefined;
  if (target === undefined || target === dialog.remoteTarget) return { ...dialog, remoteSeq: seq };
  return { ...dialog, remoteSeq: seq, remoteTarget: target };
}

/** A 2xx to a target refresh of ours may name a new Contact too (§12.2.1.2). */
export function refreshedBy(dialog: Dialog, response: SipResponse): Dialog {
  const target = contactUri(response);
  if (target === undefined || target === dialog.remoteTarget) return dialog;
  return { ...dialog, remoteTarget: target };
}

const REFRESHES_TARGET = new Set(['INVITE', 'UPDATE']);

function contactUri(message: SipRequest | SipResponse): string | undefined {
  const contacts = contactsOf(message);
  return contacts === undefined || contacts === '*' ? undefined : contacts[0]?.uri;
}

function isSips(uri: string): boolean {
  return uri.substring(0, 5).toLowerCase() === 'sips:';
}

const MAX_FORWARDS: HeaderField = { key: 'max-forwards', name: 'Max-Forwards', value: '70' };

/** Reads a record that another process wrote: the dialog, or what is wrong with it. */
export function dialogFrom(value: unknown): Dialog | DialogRefusal {
  if (typeof value !== 'object' || value === null) return { refusal: 'a dialog record is an object' };
  const record = value as Readonly<Record<string, unknown>>;
  if (record.version !== DIALOG_VERSION)
    return {
      refusal: `the dialog record has version ${String(record.version)}; this server reads ${DIALOG_VERSION}`,
    };
  if (record.state !== 'early' && record.state !== 'confirmed')
    return { refusal: 'state must be early or confirmed' };
  for (const name of TEXTS) if (typeof record[name] !== 'string') return { refusal: `${name} must be text` };
  if (!isSeq(record.localSeq)) return { refusal: 'localSeq must be a whole number below 2^31' };
  if (record.remoteSeq !== null && !isSeq(record.remoteSeq))
    return { refusal: 'remoteSeq must be null or a whole number below 2^31' };
  if (!Array.isArray(record.routeSet) || !record.routeSet.every((route) => typeof route === 'string'))
    return { refusal: 'routeSet must be a list of URIs' };
  if (typeof record.secure !== 'boolean') return { refusal: 'secure must be true or false' };
  return value as Dialog;
}

const TEXTS = [
  'callId',
  'localTag',
  'remoteTag',
  'localUri',
  'remoteUri',
  'localField',
  'remoteField',
  'remoteTarget',
];

function isSeq(value: unknown): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= CSEQ_MAX;
}
