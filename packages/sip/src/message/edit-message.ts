/**
 * Changes that give a new message; the old one stays as it was. Unchanged header fields and the body are shared.
 */
import { headerField, headerNameOf } from './header-names.ts';
import type { HeaderField, SipMessage, SipRequest } from './message.ts';
import { makeRequest, makeResponse } from './remembering-message.ts';

function rebuilt<M extends SipMessage>(message: M, headers: readonly HeaderField[], body: Uint8Array): M {
  const copy =
    message.kind === 'request'
      ? makeRequest(message.method, message.uri, headers, body)
      : makeResponse(message.status, message.reason, headers, body);
  return copy as M;
}

/** All fields of this name give way to the values, one field each, where the first of them stood, or at the end. */
export function replaceHeader<M extends SipMessage>(
  message: M,
  name: string,
  ...values: readonly string[]
): M {
  const { key } = headerNameOf(name);
  const fields = values.map((value) => headerField(name, value));
  const headers: HeaderField[] = [];
  let isPlaced = false;
  for (const field of message.headers) {
    if (field.key !== key) headers.push(field);
    else if (!isPlaced) {
      headers.push(...fields);
      isPlaced = true;
    }
  }
  if (!isPlaced) headers.push(...fields);
  return rebuilt(message, headers, message.body);
}

export function removeHeader<M extends SipMessage>(message: M, name: string): M {
  const { key } = headerNameOf(name);
  return rebuilt(
    message,
    message.headers.filter((field) => field.key !== key),
    message.body,
  );
}

/** Before all other fields, so also before others of its name: how a hop adds its Via and Record-Route. */
export function prependHeader<M extends SipMessage>(message: M, name: string, value: string): M {
  return rebuilt(message, [headerField(name, value), ...message.headers], message.body);
}

export function appendHeader<M extends SipMessage>(message: M, name: string, value: string): M {
  return rebuilt(message, [...message.headers, headerField(name, value)], message.body);
}

/** An empty body takes its Content-Type away with it. */
export function withBody<M extends SipMessage>(message: M, body: Uint8Array, contentType: string): M {
  const typed =
    body.length === 0
      ? removeHeader(message, 'Content-Type')
      : replaceHeader(message, 'Content-Type', contentType);
  return rebuilt(typed, typed.headers, body);
}

export function withRequestUri(request: SipRequest, uri: string): SipRequest {
  return makeRequest(request.method, uri, request.headers, request.body);
}
