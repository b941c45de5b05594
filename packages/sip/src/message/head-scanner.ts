/**
 * Reads the head of a message, start line and header fields, in one pass over its bytes. The pass is made over
 * a copy in one fixed array of this module, which costs next to nothing and lets four bytes be looked at at once:
 * most of a message is plain text, and only its line ends need a closer look.
 *
 * The bytes are also decoded to text once; as long as everything is ASCII an index into the bytes is an index
 * into the text, and each field costs one substring. Where it is not, the text is made of one character for each
 * byte, which keeps the indices, and a value that holds other bytes is decoded from its own bytes.
 *
 * The scanner goes on after a mistake and keeps the first, so that a bad request can still be answered: the
 * answer needs its Via, From, To, Call-ID and CSeq (RFC 3261 §8.2.6).
 */
import { decodeUtf8 } from '@holdfast/kernel';
import { CLASSES, TOKEN } from './characters.ts';
import { numberOf } from './grammar.ts';
import { knownNameIn, NAME_HASH_START, nameHashStep } from './header-names.ts';
import {
  HEAD_BYTES_MAX,
  HEADER_BYTES_MAX,
  HEADER_COUNT_MAX,
  MESSAGE_BYTES_MAX,
  URI_BYTES_MAX,
} from './limits.ts';
import type { HeaderField } from './message.ts';
import { QuickCollector } from './quick-collector.ts';
import type { Memory } from './remembering-message.ts';
import { firstBadUtf8 } from './utf8-check.ts';

export interface HeadFailure {
  readonly status: number;
  readonly field: string;
  readonly offset: number;
  readonly reason: string;
}

const TAB = 9;
const LF = 10;
const CR = 13;
const SPACE = 32;
const COLON = 58;
const BACKSLASH = 92;

/** Whatever is above the size of a message is compared with it in vain; this keeps the number exact. */
const CONTENT_LENGTH_MAX = 2 ** 40;

/** The bytes of the message under the scanner, valid only during one call of `scan`. */
const BYTES = new Uint8Array(MESSAGE_BYTES_MAX + 16);
const WORDS = new Int32Array(BYTES.buffer);

export class HeadScanner {
  failure: HeadFailure | undefined = undefined;
  method: string | undefined = undefined;
  uri = '';
  status = 0;
  reason = '';
  readonly headers: HeaderField[] = [];
  /** Value of Content-Length; undefined when there is none that can be read. */
  contentLength: number | undefined = undefined;
  /** The index after the empty line that ends the head. */
  position: number;
  readonly #bytes: Uint8Array;
  /** One character for each byte; the text itself where all of it is ASCII. */
  readonly #text: string;
  readonly #isAscii: boolean;
  readonly #collector: QuickCollector;
  readonly #end: number;

  constructor(bytes: Uint8Array, start: number) {
    const text = decodeUtf8(bytes);
    this.#isAscii = text.length === bytes.length && !text.includes('\uFFFD');
    this.#text = this.#isAscii ? text : oneForOne(bytes);
    this.#collector = new QuickCollector(BYTES, this.#text);
    this.#bytes = bytes;
    this.#end = Math.min(bytes.length, start + HEAD_BYTES_MAX);
    this.position = start;
  }

  /** False when the end of the head was not found. */
  scan(): boolean {
    BYTES.set(this.#bytes);
    this.#startLine();
    while (this.position < this.#end) {
      if (BYTES[this.position] === CR && BYTES[this.position + 1] === LF && this.position + 1 < this.#end) {
        this.position += 2;
        return true;
      }
      if (this.headers.length === HEADER_COUNT_MAX) {
        this.#fail(400, 'message', this.position, `more than ${HEADER_COUNT_MAX} header fields`);
        return false;
      }
      this.#field();
    }
    const reason =
      this.#end < this.#bytes.length
        ? `the head is longer than ${HEAD_BYTES_MAX} bytes`
        : 'the message ends before the empty line that ends its header fields';
    this.#fail(this.#end < this.#bytes.length ? 513 : 400, 'message', this.#end, reason);
    return false;
  }

  /** What the pass has read of the fields already; to be asked once, after `scan`. */
  memory(): Memory {
    return this.#collector.memory();
  }

  #fail(status: number, field: string, offset: number, reason: string): void {
    this.failure ??= { status, field, offset, reason };
  }

  #startLine(): void {
    const text = this.#text;
    const start = this.position;
    const lineEnd = text.indexOf('\r\n', start);
    if (lineEnd === -1 || lineEnd >= this.#end) {
      this.#fail(400, 'start-line', start, 'the start line has no end (CRLF)');
      this.position = this.#end;
      return;
    }
    this.position = lineEnd + 2;
    if (isSipVersionStart(text, start)) this.#statusLine(start, lineEnd);
    else this.#requestLine(start, lineEnd);
  }

  /** RFC 3261 §7.1: exactly one space between the three parts and none after the last. */
  #requestLine(start: number, lineEnd: number): void {
    const text = this.#text;
    let methodEnd = start;
    while (methodEnd < lineEnd && ((CLASSES[BYTES[methodEnd] as number] as number) & TOKEN) !== 0)
      methodEnd++;
    if (methodEnd === start || text.charCodeAt(methodEnd) !== SPACE) {
      this.#fail(400, 'start-line', methodEnd, 'a request starts with a method and one space');
      return;
    }
    this.method = text.substring(start, methodEnd);
    const uriStart = methodEnd + 1;
    let uriEnd = uriStart;
    while (uriEnd < lineEnd && text.charCodeAt(uriEnd) > SPACE) uriEnd++;
    this.uri = text.substring(uriStart, uriEnd);
    if (uriEnd === uriStart || uriEnd === lineEnd || text.charCodeAt(uriEnd) !== SPACE) {
      this.#fail(
        400,
        'start-line',
        uriEnd,
        'one space, the Request-URI, one space and the version follow the method',
      );
      return;
    }
    if (uriEnd - uriStart > URI_BYTES_MAX) {
      this.#fail(414, 'request-uri', uriStart, `the Request-URI is longer than ${URI_BYTES_MAX} bytes`);
    }
    this.#version(uriEnd + 1, lineEnd);
  }

  #statusLine(start: number, lineEnd: number): void {
    const text = this.#text;
    let versionEnd = start;
    while (versionEnd < lineEnd && text.charCodeAt(versionEnd) > SPACE) versionEnd++;
    this.#version(start, versionEnd);
    const codeEnd = versionEnd + 4;
    let status = 0;
    for (let index = versionEnd + 1; index < codeEnd; index++) {
      const digit = text.charCodeAt(index) - 48;
      status = digit >= 0 && digit <= 9 ? status * 10 + digit : Number.NaN;
    }
    if (!(status >= 100 && status <= 699) || codeEnd >= lineEnd || text.charCodeAt(codeEnd) !== SPACE) {
      this.#fail(
        400,
        'start-line',
        versionEnd + 1,
        'a status of three digits, 100 to 699, and one space follow the version',
      );
      return;
    }
    this.status = status;
    this.reason = this.#value(codeEnd + 1, lineEnd, 'start-line');
  }

  #version(start: number, end: number): void {
    const version = this.#text.substring(start, end);
    if (version === 'SIP/2.0' || version.toUpperCase() === 'SIP/2.0') return;
    if (/^SIP\/\d{1,9}\.\d{1,9}$/i.test(version)) {
      this.#fail(505, 'start-line', start, 'only SIP/2.0 is spoken here');
    } else this.#fail(400, 'start-line', start, 'the version must be SIP/2.0');
  }

  #field(): void {
    const end = this.#end;
    const start = this.position;
    let index = start;
    let hash = NAME_HASH_START;
    for (; index < end; index++) {
      const code = BYTES[index] as number;
      if (((CLASSES[code] as number) & TOKEN) === 0) break;
      hash = nameHashStep(hash, code);
    }
    const nameEnd = index;
    index = skipBlanks(index, end);
    if (nameEnd === start || BYTES[index] !== COLON || index >= end) {
      this.#fail(400, 'header', start, 'a header line starts with a name and a colon');
      const lineEnd = BYTES.indexOf(LF, start);
      this.position = lineEnd === -1 || lineEnd >= end ? end : lineEnd + 1;
      return;
    }
    const valueStart = skipBlanks(index + 1, end);
    let isPlain = true;
    for (index = skipPlain(valueStart, end); index < end; index = skipPlain(index + 1, end)) {
      if (BYTES[index] === CR && BYTES[index + 1] === LF) {
        const next = BYTES[index + 2];
        if (index + 2 >= end || (next !== SPACE && next !== TAB)) break;
        index++;
      }
      isPlain = false;
    }
    this.position = Math.min(index + 2, end);
    if (index < end) this.#keep(start, nameEnd, hash, valueStart, index, isPlain);
  }

  #keep(
    start: number,
    nameEnd: number,
    hash: number,
    valueStart: number,
    valueEnd: number,
    isPlain: boolean,
  ): void {
    const text = this.#text;
    const known = knownNameIn(BYTES, start, nameEnd, hash);
    const name = known?.name ?? text.substring(start, nameEnd);
    const key = known === undefined ? name.toLowerCase() : known.key;
    if (valueEnd - start > HEADER_BYTES_MAX) {
      this.#fail(400, name, start, `a header field is longer than ${HEADER_BYTES_MAX} bytes`);
      return;
    }
    let end = valueEnd;
    while (end > valueStart && isBlank(BYTES[end - 1])) end--;
    let value = this.#value(valueStart, end, name);
    if (!isPlain) value = this.#unfolded(value, name, valueStart);
    if (known !== undefined && known.quick !== 0) {
      if (isPlain && this.#isAscii) this.#collector.collect(known.quick, value, valueStart, end);
      else this.#collector.leave(known.quick);
    }
    if (key === 'content-length') this.#contentLength(value, valueStart);
    this.headers.push({ key, name, value });
  }

  #value(start: number, end: number, field: string): string {
    if (this.#isAscii) return this.#text.substring(start, end);
    const bytes = BYTES.subarray(start, end);
    // A decoder takes a byte order mark away from the front; here it is text like any other.
    const hasMark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
    const value = hasMark ? `\uFEFF${decodeUtf8(bytes)}` : decodeUtf8(bytes);
    if (value.includes('\uFFFD')) {
      const bad = firstBadUtf8(bytes);
      if (bad !== -1) this.#fail(400, field, start + bad, 'the text is not UTF-8');
    }
    return value;
  }

  /** RFC 3261 §7.3.1: a fold is one space. Any other control character must be escaped in a quoted string. */
  #unfolded(value: string, field: string, offset: number): string {
    const lines = value.split('\r\n');
    let whole = '';
    for (const line of lines) {
      const part = line.trim();
      if (part !== '') whole += whole === '' ? part : ` ${part}`;
    }
    for (let index = 0; index < whole.length; index++) {
      const code = whole.charCodeAt(index);
      if (code === BACKSLASH && whole.charCodeAt(index + 1) !== LF && whole.charCodeAt(index + 1) !== CR)
        index++;
      else if (code < SPACE && code !== TAB) {
        const reason =
          code === CR || code === LF
            ? 'a CR or LF stands alone; lines end with both'
            : 'a control character stands outside a quoted string';
        this.#fail(400, field, offset, reason);
        break;
      }
    }
    return whole;
  }

  #contentLength(value: string, offset: number): void {
    const length = numberOf(value, CONTENT_LENGTH_MAX);
    if (length === undefined) {
      this.#fail(400, 'Content-Length', offset, 'Content-Length is a decimal number of bytes');
    } else if (this.contentLength !== undefined) {
      this.#fail(400, 'Content-Length', offset, 'there is more than one Content-Length');
    } else this.contentLength = length;
  }
}

/** One character for each byte. */
function oneForOne(bytes: Uint8Array): string {
  const CHUNK = 4096;
  let wide = '';
  for (let start = 0; start < bytes.length; start += CHUNK) {
    wide += String.fromCharCode(...bytes.subarray(start, start + CHUNK));
  }
  return wide;
}

function isSipVersionStart(text: string, start: number): boolean {
  // Most first lines are requests: one look at the first letter tells.
  if ((text.charCodeAt(start) | 32) !== 115) return false;
  return text.startsWith('SIP/', start) || text.substring(start, start + 4).toUpperCase() === 'SIP/';
}

function isBlank(code: number | undefined): boolean {
  return code === SPACE || code === TAB;
}

/** The first index that is neither space nor tab. */
function skipBlanks(from: number, end: number): number {
  let index = from;
  while (index < end && isBlank(BYTES[index])) index++;
  return index;
}

const LEAST_OF_FOUR = 0x20202020;
const TOP_OF_FOUR = 0x80808080 | 0;

/** The first index of a control character (below space), four bytes at a time where nothing else is near. */
function skipPlain(from: number, end: number): number {
  let index = from;
  while ((index & 3) !== 0) {
    if (index >= end || (BYTES[index] as number) < SPACE) return Math.min(index, end);
    index++;
  }
  for (; index < end; index += 4) {
    const word = WORDS[index >> 2] as number;
    // A byte below 0x20 borrows from its top bit; a top bit that was set before does not count.
    if (((word - LEAST_OF_FOUR) & ~word & TOP_OF_FOUR) !== 0) break;
  }
  while (index < end && (BYTES[index] as number) >= SPACE) index++;
  return Math.min(index, end);
}
