/**
 * Finds messages in a stream of bytes (RFC 3261 §18.3): the head ends at the first empty line, the body is as
 * long as Content-Length says, and without Content-Length nobody can tell where the next message begins. CRLFs
 * between messages are keep-alives (RFC 5626 §4.4.1): two are a ping, one is the answer to it.
 *
 * One for each connection. It holds at most one unfinished message, whose size is bounded; how long it may stay
 * unfinished is for the owner of the connection to say (`isMidMessage`).
 */
import { CLASSES, TOKEN } from './characters.ts';
import { copiedBytes } from './copied-bytes.ts';
import { HeadScanner } from './head-scanner.ts';
import { HEAD_BYTES_MAX, MESSAGE_BYTES_MAX } from './limits.ts';
import { EMPTY_BODY, type SipMessage } from './message.ts';
import { failed, failedHead, messageOf, type ParseFailure, requestOf } from './parse-message.ts';

export type Framed =
  | { readonly type: 'message'; readonly message: SipMessage }
  /** A bad message whose end is known: answer it if it is a request, and read on. */
  | { readonly type: 'bad'; readonly failure: ParseFailure }
  /** Answer with one CRLF. Several in a row are reported once. */
  | { readonly type: 'ping' }
  | { readonly type: 'pong' }
  /** The end of a message cannot be found: answer if it is a request, then close the connection. Nothing follows. */
  | { readonly type: 'broken'; readonly failure: ParseFailure };

const CR = 13;
const LF = 10;

export class StreamFramer {
  /** What has come and is not yet read: the first `#length` bytes. */
  #held: Uint8Array = EMPTY_BODY;
  #length = 0;
  /** Whether `#held` is a buffer of ours, or the piece that came last. */
  #isOwn = false;
  /** Where the next message begins in `#held`. */
  #start = 0;
  /** How far behind `#start` the empty line has been looked for in vain. */
  #searched = 0;
  /** A head that waits for its body. */
  #head: HeadScanner | undefined = undefined;
  #isBroken = false;
  #isAfterPong = false;

  /** Whether part of a message has come and the rest has not. */
  get isMidMessage(): boolean {
    return this.#length > 0;
  }

  push(bytes: Uint8Array): Framed[] {
    const framed: Framed[] = [];
    if (this.#isBroken || bytes.length === 0) return framed;
    this.#append(bytes);
    for (;;) {
      if (this.#head === undefined) this.#keepAlives(framed);
      const item = this.#next();
      if (item === undefined) break;
      framed.push(item);
      if (item.type === 'broken') {
        this.#isBroken = true;
        this.#start = this.#length;
        break;
      }
    }
    this.#compact();
    return framed;
  }

  #append(bytes: Uint8Array): void {
    if (this.#length === 0) {
      this.#held = bytes;
      this.#length = bytes.length;
      this.#isOwn = false;
      return;
    }
    const needed = this.#length + bytes.length;
    if (needed > this.#held.length) {
      // Doubling keeps the copying linear, however small the pieces are that arrive.
      const grown = new Uint8Array(Math.max(needed, 2 * this.#held.length));
      grown.set(this.#held.subarray(0, this.#length));
      this.#held = grown;
    }
    this.#held.set(bytes, this.#length);
    this.#length = needed;
  }

  /** Keeps the unread bytes in a buffer of ours: the piece that came belongs to the shell. */
  #compact(): void {
    if (this.#start === this.#length) {
      this.#held = EMPTY_BODY;
      this.#length = 0;
    } else if (this.#start > 0 || !this.#isOwn) {
      this.#held = copiedBytes(this.#held, this.#start, this.#length);
      this.#length = this.#held.length;
      this.#isOwn = true;
    }
    this.#start = 0;
  }

  #keepAlives(framed: Framed[]): void {
    let count = 0;
    while (
      this.#held[this.#start] === CR &&
      this.#held[this.#start + 1] === LF &&
      this.#start + 1 < this.#length
    ) {
      this.#start += 2;
      count++;
    }
    if (count >= 2 || (count === 1 && this.#isAfterPong)) framed.push({ type: 'ping' });
    else if (count === 1) framed.push({ type: 'pong' });
    // The two CRLFs of a ping may come in two pieces: then a pong is reported, and with the second half a ping.
    if (count > 0) this.#isAfterPong = count === 1 && !this.#isAfterPong;
    if (this.#start < this.#length && this.#held[this.#start] !== CR) this.#isAfterPong = false;
  }

  #next(): Framed | undefined {
    if (this.#start === this.#length) return undefined;
    const head = this.#head ?? this.#readHead();
    if (head === undefined) return undefined;
    if (!(head instanceof HeadScanner)) return { type: 'broken', failure: head };
    this.#head = head;
    const bodyAt = this.#start + head.position;
    const end = bodyAt + (head.contentLength ?? 0);
    if (end > this.#length) return undefined;
    this.#head = undefined;
    this.#start = end;
    this.#searched = 0;
    if (head.failure !== undefined) return { type: 'bad', failure: failedHead(head) };
    return { type: 'message', message: messageOf(head, copiedBytes(this.#held, bodyAt, end)) };
  }

  /** The head, undefined when it is not yet whole, or why the stream cannot be read any further. */
  #readHead(): HeadScanner | ParseFailure | undefined {
    const bytes = this.#held.subarray(this.#start, this.#length);
    const first = bytes[0] as number;
    if (((CLASSES[first] as number) & TOKEN) === 0 && first !== CR) {
      return failed(400, 'start-line', 0, 'what comes is no SIP message', undefined, undefined);
    }
    const headEnd = emptyLineEnd(bytes, Math.max(0, this.#searched - 3));
    if (headEnd === -1 && bytes.length < HEAD_BYTES_MAX) {
      this.#searched = bytes.length;
      return undefined;
    }
    // One byte beyond what a head may have is enough to refuse it, wherever its empty line stands.
    const headBytes = headEnd === -1 ? bytes.length : headEnd;
    const head = new HeadScanner(bytes.subarray(0, Math.min(headBytes, HEAD_BYTES_MAX + 1)), 0);
    const isWhole = head.scan();
    if (!isWhole || head.failure?.field === 'Content-Length') return failedHead(head);
    if (head.contentLength === undefined) {
      if (head.failure !== undefined) return failedHead(head);
      const reason = 'on a stream a message needs Content-Length';
      return failed(400, 'Content-Length', head.position, reason, requestOf(head), head.method);
    }
    if (head.position + head.contentLength <= MESSAGE_BYTES_MAX) return head;
    const reason = `the message is longer than ${MESSAGE_BYTES_MAX} bytes`;
    return failed(513, 'Content-Length', head.position, reason, requestOf(head), head.method);
  }
}

/** The index after CRLF CRLF, or -1. */
function emptyLineEnd(bytes: Uint8Array, from: number): number {
  for (let index = bytes.indexOf(CR, from); index !== -1; index = bytes.indexOf(CR, index + 1)) {
    if (bytes[index + 1] === LF && bytes[index + 2] === CR && bytes[index + 3] === LF) return index + 4;
  }
  return -1;
}
