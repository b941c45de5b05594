/**
 * The two requests that a client makes out of its own INVITE: the ACK to a refusal (RFC 3261 §17.1.1.3) and
 * CANCEL (§9.1). Both carry the INVITE's top Via alone, so that every element on the way matches them to it.
 */
import { headerField } from '../message/header-names.ts';
import { cseqOf } from '../message/headers.ts';
import { EMPTY_BODY, type HeaderField, type SipRequest, type SipResponse } from '../message/message.ts';
import { makeRequest } from '../message/remembering-message.ts';

const MAX_FORWARDS = headerField('Max-Forwards', '70');
const NO_BODY = headerField('Content-Length', '0');

export function ackFor(invite: SipRequest, response: SipResponse): SipRequest {
  const to = response.headers.find((field) => field.key === 'to');
  return derived(invite, 'ACK', to, []);
}

export function cancelFor(invite: SipRequest, extra: readonly HeaderField[]): SipRequest {
  return derived(invite, 'CANCEL', undefined, extra);
}

function derived(
  invite: SipRequest,
  method: string,
  to: HeaderField | undefined,
  extra: readonly HeaderField[],
): SipRequest {
  const headers: HeaderField[] = [];
  let hasVia = false;
  for (const field of invite.headers) {
    switch (field.key) {
      case 'via':
        if (!hasVia) headers.push(field);
        hasVia = true;
        break;
      case 'to':
        headers.push(to ?? field);
        break;
      case 'from':
      case 'call-id':
      case 'route':
        headers.push(field);
        break;
      case 'cseq':
        headers.push(headerField('CSeq', `${cseqOf(invite)?.number ?? 0} ${method}`));
        break;
      default:
        break;
    }
  }
  headers.push(MAX_FORWARDS, ...extra, NO_BODY);
  return makeRequest(method, invite.uri, headers, EMPTY_BODY);
}
