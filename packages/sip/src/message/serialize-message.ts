/**
 * From a message to bytes. Header fields are written as they stand, in their order; Content-Length is always
 * that of the body, in its old place or last.
 */
import { encodeUtf8, encodeUtf8Into } from '@holdfast/kernel';
import { HEAD_BYTES_MAX } from './limits.ts';
import type { SipMessage } from './message.ts';

/** Where a head is encoded before its length is known, so that a message with a body needs only one new array. */
const HEAD = new Uint8Array(HEAD_BYTES_MAX);

export function serializeMessage(message: SipMessage): Uint8Array {
  const body = message.body;
  const text = headText(message);
  if (body.length === 0) return encodeUtf8(text);
  const length = encodeUtf8Into(text, HEAD);
  const head = length === undefined ? encodeUtf8(text) : HEAD.subarray(0, length);
  const bytes = new Uint8Array(head.length + body.length);
  bytes.set(head);
  bytes.set(body, head.length);
  return bytes;
}

/** Writes the message at the beginning of `target`; how many bytes it takes, undefined when it does not fit. */
export function serializeInto(message: SipMessage, target: Uint8Array): number | undefined {
  const { body } = message;
  const length = encodeUtf8Into(headText(message), target);
  if (length === undefined || length + body.length > target.length) return undefined;
  target.set(body, length);
  return length + body.length;
}

function headText(message: SipMessage): string {
  let text =
    message.kind === 'request'
      ? `${message.method} ${message.uri} SIP/2.0\r\n`
      : `SIP/2.0 ${message.status} ${message.reason}\r\n`;
  let isLengthWritten = false;
  for (const field of message.headers) {
    if (field.key === 'content-length') {
      if (isLengthWritten) continue;
      isLengthWritten = true;
      text += `${field.name}: ${message.body.length}\r\n`;
    } else text += `${field.name}: ${field.value}\r\n`;
  }
  return isLengthWritten ? `${text}\r\n` : `${text}Content-Length: ${message.body.length}\r\n\r\n`;
}

/** Bytes on the wire, without writing them: RFC 3261 §18.1.1 asks before each request over UDP. */
export function messageSize(message: SipMessage): number {
  const lengthDigits = String(message.body.length).length;
  let size =
    message.kind === 'request'
      ? utf8Length(message.method) + utf8Length(message.uri) + 11
      : 14 + utf8Length(message.reason);
  let isLengthCounted = false;
  for (const field of message.headers) {
    if (field.key !== 'content-length') size += field.name.length + 4 + utf8Length(field.value);
    else if (!isLengthCounted) {
      isLengthCounted = true;
      size += field.name.length + 4 + lengthDigits;
    }
  }
  if (!isLengthCounted) size += 'Content-Length: \r\n'.length + lengthDigits;
  return size + 2 + message.body.length;
}

const NOT_ASCII = /[^\0-\x7f]/;

function utf8Length(text: string): number {
  return NOT_ASCII.test(text) ? encodeUtf8(text).length : text.length;
}
