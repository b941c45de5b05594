/**
 * From bytes to a message. Syntax of the start line, of the header lines and the length of the body are judged
 * here, because nothing can be read without them; what the fields say is judged by `checkMessage`.
 */
import { HeadScanner } from './head-scanner.ts';
import { MESSAGE_BYTES_MAX } from './limits.ts';
import { EMPTY_BODY, type SipMessage, type SipRequest } from './message.ts';
import { makeRequest, makeResponse } from './remembering-message.ts';

export interface ParseFailure {
  readonly ok: false;
  /** What to answer if this was a request: 400, 414, 505 or 513. A bad response is dropped. */
  readonly status: number;
  /** The header field by its name, or "start-line", "request-uri", "header", "message", "body". */
  readonly field: string;
  /** In bytes, from the start of what was given. */
  readonly offset: number;
  readonly reason: string;
  /** The request as far as it could be read, for an answer; absent for responses and unreadable start lines. */
  readonly request?: SipRequest;
  readonly method?: string;
}

export type ParseResult = { readonly ok: true; readonly message: SipMessage } | ParseFailure;

const CR = 13;
const LF = 10;

/**
 * One datagram, or one WebSocket message: bytes after the body are discarded (RFC 3261 §18.3). The bytes belong to
 * the message from now on: its body is a view of them, so nobody may write there again.
 */
export function parseMessage(bytes: Uint8Array): ParseResult {
  if (bytes.length > MESSAGE_BYTES_MAX) {
    const { request, method } = readHead(bytes.subarray(0, MESSAGE_BYTES_MAX), 0);
    return failed(
      513,
      'message',
      MESSAGE_BYTES_MAX,
      `the message is longer than ${MESSAGE_BYTES_MAX} bytes`,
      request,
      method,
    );
  }
  const start = skipEmptyLines(bytes);
  const scanner = new HeadScanner(bytes, start);
  const isWhole = scanner.scan();
  const failure = scanner.failure;
  if (!isWhole || failure !== undefined) return failedHead(scanner);
  const bodyAt = scanner.position;
  const length = scanner.contentLength ?? bytes.length - bodyAt;
  if (length > bytes.length - bodyAt) {
    const reason = `Content-Length is ${length} but only ${bytes.length - bodyAt} bytes follow the header fields`;
    return failed(400, 'Content-Length', bytes.length, reason, requestOf(scanner), scanner.method);
  }
  return {
    ok: true,
    message: messageOf(scanner, bodyIn(bytes, bodyAt, length)),
  };
}

/** Always a plain Uint8Array: the `slice` of a Node Buffer would share memory where others expect a copy. */
function bodyIn(bytes: Uint8Array, start: number, length: number): Uint8Array {
  return length === 0 ? EMPTY_BODY : new Uint8Array(bytes.buffer, bytes.byteOffset + start, length);
}

/** RFC 3261 §7.5: empty lines before the start line are ignored. */
export function skipEmptyLines(bytes: Uint8Array): number {
  let start = 0;
  while (bytes[start] === CR && bytes[start + 1] === LF) start += 2;
  return start;
}

export function messageOf(head: HeadScanner, body: Uint8Array): SipMessage {
  return head.method === undefined
    ? makeResponse(head.status, head.reason, head.headers, body, head.memory())
    : makeRequest(head.method, head.uri, head.headers, body, head.memory());
}

export function failedHead(head: HeadScanner): ParseFailure {
  const { status, field, offset, reason } = head.failure ?? {
    status: 400,
    field: 'message',
    offset: head.position,
    reason: 'the message could not be read',
  };
  return failed(status, field, offset, reason, requestOf(head), head.method);
}

function readHead(
  bytes: Uint8Array,
  start: number,
): { request: SipRequest | undefined; method: string | undefined } {
  const scanner = new HeadScanner(bytes, start);
  scanner.scan();
  return { request: requestOf(scanner), method: scanner.method };
}

export function requestOf(head: HeadScanner): SipRequest | undefined {
  return head.method === undefined ? undefined : makeRequest(head.method, head.uri, head.headers, EMPTY_BODY);
}

export function failed(
  status: number,
  field: string,
  offset: number,
  reason: string,
  request: SipRequest | undefined,
  method: string | undefined,
): ParseFailure {
  const failure = { ok: false as const, status, field, offset, reason };
  if (method === undefined) return failure;
  return request === undefined ? { ...failure, method } : { ...failure, method, request };
}
