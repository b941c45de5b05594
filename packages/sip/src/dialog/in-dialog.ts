/** What all states of a leg do alike: answer a request, send one in the dialog, tell the owner. */

import type { TransactionId } from '../endpoint-types.ts';
import { createResponse, type ResponseParts } from '../message/build-message.ts';
import { headerField } from '../message/header-names.ts';
import { fromOf, headerValue } from '../message/headers.ts';
import type { HeaderField, SipMessage, SipRequest, SipResponse } from '../message/message.ts';
import { tagOf } from '../message/name-addr.ts';
import type { UserAgentEvent } from '../user-agent-types.ts';
import { type Dialog, type InDialogParts, nextHopOf, requestInDialog } from './dialog.ts';
import type { Fork, Leg, LegEvent, Purpose, Surroundings } from './leg.ts';

export const SDP_TYPE = 'application/sdp';

/** The session description in a message; undefined when it has no body or another kind. */
export function sdpOf(message: SipMessage): Uint8Array | undefined {
  if (message.body.length === 0) return undefined;
  const type = headerValue(message, 'content-type');
  // A body without a type is taken for what it nearly always is.
  if (type === undefined || SDP.test(type)) return message.body;
  return undefined;
}

const SDP = /^application\/sdp\s*(;|$)/i;

/** The dialog in which our own requests travel: while several phones ring, that of the last one heard. */
export function dialogOf(leg: Leg): Dialog | undefined {
  const { state } = leg;
  if (state.name === 'over') return undefined;
  return state.name === 'calling' ? state.forks.at(-1)?.dialog : state.dialog;
}

/** The dialog with the other party that uses this tag. */
export function dialogWith(leg: Leg, remoteTag: string): Dialog | undefined {
  const { state } = leg;
  if (state.name === 'over') return undefined;
  if (state.name === 'calling') return forkWith(state.forks, remoteTag)?.dialog;
  return state.dialog.remoteTag === remoteTag ? state.dialog : undefined;
}

export function forkWith(forks: readonly Fork[], remoteTag: string): Fork | undefined {
  return forks.find((fork) => fork.dialog.remoteTag === remoteTag);
}

/** Puts the next record in the place of the one with the same other party. */
export function keepDialog(leg: Leg, dialog: Dialog): void {
  const { state } = leg;
  if (state.name === 'over') return;
  if (state.name !== 'calling') {
    state.dialog = dialog;
    return;
  }
  const fork = forkWith(state.forks, dialog.remoteTag);
  if (fork !== undefined) fork.dialog = dialog;
}

export function sendInDialog(
  leg: Leg,
  dialog: Dialog,
  what: { readonly method: string; readonly purpose: Purpose },
  parts: InDialogParts,
  s: Surroundings,
): SipRequest {
  const { dialog: next, request } = requestInDialog(dialog, what.method, parts);
  keepDialog(leg, next);
  s.out.push({ type: 'send', request, nextHop: nextHopOf(dialog), purpose: what.purpose });
  return request;
}

export function respond(
  to: { readonly transaction: TransactionId; readonly request: SipRequest },
  status: number,
  s: Surroundings,
  parts: ResponseParts = {},
): void {
  respondKept(to, status, s, parts);
}

/** For a response that the leg will send again. */
export function respondKept(
  to: { readonly transaction: TransactionId; readonly request: SipRequest },
  status: number,
  s: Surroundings,
  parts: ResponseParts = {},
): SipResponse {
  const response = createResponse(to.request, status, parts);
  s.out.push({ type: 'respond', transaction: to.transaction, response });
  return response;
}

/** RFC 3261 §14.2: a whole number of seconds between 0 and 10. */
export function retryAfter(s: Surroundings): ResponseParts {
  return { headers: [['Retry-After', String(Math.floor(s.random() * 11))]] };
}

export function tell(s: Surroundings, event: UserAgentEvent): void {
  s.out.push({ type: 'tell', event });
}

export function over(leg: Leg): void {
  leg.state = { name: 'over' };
}

export function fieldsOf(headers: readonly (readonly [name: string, value: string])[]): HeaderField[] {
  return headers.map(([name, value]) => headerField(name, value));
}

export function remoteTagOf(request: SipRequest): string {
  return tagOf(fromOf(request)) ?? '';
}

/** A request of our owner that is not ours to understand: INFO, NOTIFY, MESSAGE, … */
export function sendOther(leg: Leg, event: Extract<LegEvent, { type: 'send' }>, s: Surroundings): void {
  const dialog = dialogOf(leg);
  if (dialog === undefined) return;
  const parts = {
    ...(NAMES_CONTACT.has(event.method) && { contact: leg.contact }),
    fields: fieldsOf(event.headers),
    ...(event.body !== undefined && { body: event.body }),
  };
  sendInDialog(leg, dialog, { method: event.method, purpose: 'other' }, parts, s);
}

/** RFC 3515 §2.4.1, RFC 6665 §4.2.2: where what follows is to go. */
const NAMES_CONTACT: ReadonlySet<string> = new Set(['REFER', 'SUBSCRIBE', 'NOTIFY']);

export function otherAnswered(leg: Leg, request: SipRequest, response: SipResponse, s: Surroundings): void {
  if (response.status >= 200) tellOther(leg, request, response.status, response, s);
}

export function tellOther(
  leg: Leg,
  request: SipRequest,
  status: number,
  response: SipResponse | undefined,
  s: Surroundings,
): void {
  const { method } = request;
  tell(s, {
    type: 'inDialogResponse',
    leg: leg.id,
    method,
    status,
    ...(response !== undefined && { response }),
  });
}

/**
 * The other side is gone (RFC 3261 §12.2.1.2): 408, 481 or silence. BYE goes out only where somebody may still hear
 * it; nobody waits for its answer.
 */
export function lose(
  leg: Leg,
  dialog: Dialog,
  s: Surroundings,
  how: { readonly withBye: boolean; readonly reason: string },
): void {
  if (how.withBye)
    sendInDialog(leg, dialog, { method: 'BYE', purpose: 'bye' }, { fields: leg.authorization }, s);
  over(leg);
  tell(s, { type: 'ended', leg: leg.id, by: 'lost', reason: how.reason });
}
