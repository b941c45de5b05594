/**
 * From a message to bytes. Header fields are written as they stand, in their order; Content-Length is always
 * that of the body, in its old place or last. No text ends the start line or a part of it: it is made of three parts with one
 * space between them (RFC 3261 §7.1), and what follows a line end of it would be header fields that somebody else wrote.
 */
import { encodeUtf8, encodeUtf8Into } from '@holdfast/kernel';
import { TOKEN_CHARS } from './grammar.ts';
import { oneLine } from './header-names.ts';
import { HEAD_BYTES_MAX } from './limits.ts';
import type { SipMessage } from './message.ts';
import { escapeCharacter } from './uri.ts';

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
      ? `${onlyToken(message.method)} ${onlyVisible(message.uri)} SIP/2.0\r\n`
      : `SIP/2.0 ${message.status} ${oneLine(message.reason)}\r\n`;
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

const NOT_TOKEN = new RegExp(`[^${TOKEN_CHARS}]`, 'gu');

function onlyToken(method: string): string {
  return method.replace(NOT_TOKEN, '-');
}

const NOT_VISIBLE = /[^!-~]/;
const EACH_NOT_VISIBLE = /[^!-~]/gu;

/** As an escape each of them is a part of the URI, as whoever made it meant, and not its end. */
function onlyVisible(uri: string): string {
  return NOT_VISIBLE.test(uri) ? uri.replace(EACH_NOT_VISIBLE, escapeCharacter) : uri;
}

/** Bytes on the wire, without writing them: RFC 3261 §18.1.1 asks before each request over UDP. */
export function messageSize(message: SipMessage): number {
  const lengthDigits = String(message.body.length).length;
  let size =
    message.kind === 'request'
      ? onlyToken(message.method).length + onlyVisible(message.uri).length + 11
      : 14 + utf8Length(oneLine(message.reason));
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
