/** Messages that we send: requests from their parts, responses from the request that they answer. */
import { encodeUtf8 } from '@holdfast/kernel';
import { headerField, oneLine } from './header-names.ts';
import { tagOf, toOf } from './headers.ts';
import { EMPTY_BODY, type HeaderField, type SipRequest, type SipResponse } from './message.ts';
import { reasonPhrase } from './reason-phrases.ts';
import { makeRequest, makeResponse } from './remembering-message.ts';

export type HeaderLines = readonly (readonly [name: string, value: string])[];

export interface RequestParts {
  readonly method: string;
  /** The Request-URI as text. */
  readonly uri: string;
  /** In the order in which they shall stand; without Content-Length, which is written by `serializeMessage`. */
  readonly headers: HeaderLines;
  /** Give its Content-Type among the headers. Text is sent as UTF-8. */
  readonly body?: Uint8Array | string;
}

export function createRequest(parts: RequestParts): SipRequest {
  return makeRequest(parts.method, parts.uri, fieldsOf(parts.headers), bytesOf(parts.body));
}

export interface ResponseParts {
  /** The usual phrase of the status when absent. */
  readonly reason?: string;
  /** Added to To unless the request already has a tag there or the status is 100 (RFC 3261 §8.2.6.2). */
  readonly toTag?: string;
  readonly headers?: HeaderLines;
  readonly body?: Uint8Array | string;
}

/** Which of the fields that stand once have been copied: bits, because every response comes by here. */
const FROM = 1;
const TO = 2;
const CALL_ID = 4;
const CSEQ = 8;

/** Requests whose responses 101 to 299 make a dialog and so carry its Record-Route (RFC 3261 §12.1.1, RFC 6665, RFC 3515). */
const DIALOG_FORMING = new Set(['INVITE', 'SUBSCRIBE', 'REFER']);

/**
 * RFC 3261 §8.2.6. Works on requests that failed `checkMessage` too: what is there is copied as it is, but once where
 * it may stand only once, so that the answer is not malformed for the same reason.
 */
export function createResponse(request: SipRequest, status: number, parts: ResponseParts = {}): SipResponse {
  const headers: HeaderField[] = [];
  let copied = 0;
  const copiesRoute = status > 100 && status < 300 && DIALOG_FORMING.has(request.method);
  for (const field of request.headers) {
    switch (field.key) {
      case 'via':
        headers.push(field);
        break;
      case 'from':
        if ((copied & FROM) === 0) headers.push(field);
        copied |= FROM;
        break;
      case 'call-id':
        if ((copied & CALL_ID) === 0) headers.push(field);
        copied |= CALL_ID;
        break;
      case 'cseq':
        if ((copied & CSEQ) === 0) headers.push(field);
        copied |= CSEQ;
        break;
      case 'to':
        if ((copied & TO) !== 0) break;
        copied |= TO;
        headers.push(
          status > 100 && parts.toTag !== undefined ? withTag(request, field, parts.toTag) : field,
        );
        break;
      case 'record-route':
        if (copiesRoute) headers.push(field);
        break;
      case 'timestamp':
        if (status === 100) headers.push(field);
        break;
      default:
    }
  }
  if (parts.headers !== undefined) headers.push(...fieldsOf(parts.headers));
  const reason = oneLine(parts.reason ?? reasonPhrase(status));
  return makeResponse(status, reason, headers, bytesOf(parts.body));
}

function withTag(request: SipRequest, field: HeaderField, tag: string): HeaderField {
  if (tagOf(toOf(request)) !== undefined) return field;
  // A malformed To is answered as it came, with the tag behind it: the other side can match no better.
  return { key: field.key, name: field.name, value: `${field.value};tag=${tag}` };
}

function fieldsOf(lines: HeaderLines): HeaderField[] {
  const fields: HeaderField[] = [];
  for (const [name, value] of lines) fields.push(headerField(name, value));
  return fields;
}

function bytesOf(body: Uint8Array | string | undefined): Uint8Array {
  if (body === undefined) return EMPTY_BODY;
  return typeof body === 'string' ? encodeUtf8(body) : body;
}
