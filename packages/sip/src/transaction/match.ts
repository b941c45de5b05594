/**
 * Which transaction does a message belong to (RFC 3261 §17.1.3, §17.2.3)? Each rule becomes a text key, so that
 * matching is one look-up in a map.
 *
 * A response belongs to the request with its top Via's branch and its CSeq's method. A request belongs to the one
 * with the same branch, sent-by and method, where ACK counts as INVITE. Requests from before RFC 3261, whose
 * branch lacks the cookie, are compared by everything that makes a request the same one.
 */
import { callIdOf, cseqOf, fromOf, tagOf, toOf, topVia } from '../message/headers.ts';
import type { SipRequest, SipResponse, Via } from '../message/message.ts';

export const BRANCH_COOKIE = 'z9hG4bK';

export function clientKey(branch: string, method: string): string {
  return `${method} ${branch}`;
}

/** §17.1.3, or undefined for a response that cannot belong to anything. */
export function responseKey(response: SipResponse): string | undefined {
  const branch = topVia(response)?.params.get('branch');
  const method = cseqOf(response)?.method;
  return branch && method ? clientKey(branch, method) : undefined;
}

/** Host and port of a Via; a port that is not written is the default one (§18.1.1). */
export function sentByOf(via: Via): string {
  return `${via.host}:${via.port ?? (via.transport === 'TLS' ? 5061 : 5060)}`;
}

/** §8.1.3.3: a user agent discards a response that carries the Via of anybody behind it. */
export function hasOneVia(response: SipResponse): boolean {
  let count = 0;
  for (const field of response.headers) {
    if (field.key !== 'via') continue;
    count++;
    if (count > 1 || field.value.includes(',')) return false;
  }
  return count === 1;
}

/**
 * §17.2.3. `method` is that of the transaction looked for: the request's own, INVITE for an ACK to a non-2xx
 * response and for a CANCEL. Undefined when the request lacks what a key is made of.
 */
export function serverKey(request: SipRequest, method: string = request.method): string | undefined {
  const via = topVia(request);
  if (!via) return undefined;
  const branch = via.params.get('branch');
  if (branch?.startsWith(BRANCH_COOKIE)) return `${method} ${branch} ${sentByOf(via)}`;
  return oldKey(request, method, tagOf(toOf(request)) ?? '');
}

/** An ACK from before RFC 3261 carries the To tag of the response that it acknowledges, not that of the INVITE. */
export function oldAckKey(request: SipRequest, responseToTag: string): string | undefined {
  const branch = topVia(request)?.params.get('branch');
  if (branch?.startsWith(BRANCH_COOKIE)) return undefined;
  return oldKey(request, 'ACK', responseToTag);
}

/** §17.2.3, the rule for RFC 2543. */
function oldKey(request: SipRequest, method: string, toTag: string): string | undefined {
  const cseq = cseqOf(request);
  const callId = callIdOf(request);
  const via = request.headers.find((field) => field.key === 'via');
  if (!cseq || !callId || !via) return undefined;
  const fromTag = tagOf(fromOf(request)) ?? '';
  return `2543 ${method} ${request.uri} ${toTag} ${fromTag} ${callId} ${cseq.number} ${via.value}`;
}

/**
 * §8.2.2.2: what two copies of one request share that reached us on different ways. Undefined inside a dialog, and for
 * REGISTER, which is answered at once: of its copy the registrar finds the CSeq used up (§10.3).
 */
export function mergeKey(request: SipRequest): string | undefined {
  if (request.method === 'REGISTER' || tagOf(toOf(request)) !== undefined) return undefined;
  const cseq = cseqOf(request);
  const callId = callIdOf(request);
  if (!cseq || !callId) return undefined;
  return `${cseq.method} ${cseq.number} ${callId} ${tagOf(fromOf(request)) ?? ''}`;
}
