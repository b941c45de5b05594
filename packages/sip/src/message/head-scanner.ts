/**
 * Reads the head of a message, start line and header fields, in one pass over its bytes.
 *
 * The bytes are also decoded to text once; as long as everything is ASCII an index into the bytes is an index
 * into the text, and each field costs one substring. Where it is not, the text is made of one character for each
 * byte, which keeps the indices, and a value that holds other bytes is decoded from its own bytes.
 *
 * The scanner goes on after a mistake and keeps the first, so that a bad request can still be answered: the
 * answer needs its Via, From, To, Call-ID and CSeq (RFC 3261 §8.2.6).
 */
import { decodeUtf8 } from '@holdfast/kernel';
import { DIGIT, isIn, skipSpace, TOKEN, trimSpace } from './characters.ts';
import { knownNameIn } from './header-names.ts';
import { HEAD_BYTES_MAX, HEADER_BYTES_MAX, HEADER_COUNT_MAX, URI_BYTES_MAX } from './limits.ts';
import type { HeaderField } from './message.ts';
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
  readonly #text: string;
  readonly #end: number;

  constructor(bytes: Uint8Array, start: number) {
    this.#bytes = bytes;
    this.#text = textOf(bytes);
    this.#end = Math.min(bytes.length, start + HEAD_BYTES_MAX);
    this.position = start;
  }

  /** False when the end of the head was not found. */
  scan(): boolean {
    this.#startLine();
    const bytes = this.#bytes;
    while (this.position < this.#end) {
      if (bytes[this.position] === CR && bytes[this.position + 1] === LF) {
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
      this.#end < bytes.length
        ? `the head is longer than ${HEAD_BYTES_MAX} bytes`
        : 'the message ends before the empty line that ends its header fields';
    this.#fail(this.#end < bytes.length ? 513 : 400, 'message', this.#end, reason);
    return false;
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
    while (methodEnd < lineEnd && isIn(text.charCodeAt(methodEnd), TOKEN)) methodEnd++;
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
      const code = text.charCodeAt(index);
      status = isIn(code, DIGIT) ? status * 10 + code - 48 : Number.NaN;
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
    this.reason = this.#value(
      codeEnd + 1,
      lineEnd,
      'start-line',
      !isAscii(this.#bytes, codeEnd + 1, lineEnd),
    );
  }

  #version(start: number, end: number): void {
    const version = this.#text.substring(start, end);
    if (version === 'SIP/2.0' || version.toUpperCase() === 'SIP/2.0') return;
    if (/^SIP\/\d{1,9}\.\d{1,9}$/i.test(version)) {
      this.#fail(505, 'start-line', start, 'only SIP/2.0 is spoken here');
    } else this.#fail(400, 'start-line', start, 'the version must be SIP/2.0');
  }

  #field(): void {
    const bytes = this.#bytes;
    const end = this.#end;
    const start = this.position;
    let index = start;
    while (index < end && isIn(bytes[index] as number, TOKEN)) index++;
    const nameEnd = index;
    while (index < end && (bytes[index] === SPACE || bytes[index] === TAB)) index++;
    if (nameEnd === start || bytes[index] !== COLON) {
      this.#fail(400, 'header', start, 'a header line starts with a name and a colon');
      const lineEnd = this.#text.indexOf('\n', start);
      this.position = lineEnd === -1 ? end : lineEnd + 1;
      return;
    }
    index++;
    while (index < end && (bytes[index] === SPACE || bytes[index] === TAB)) index++;
    const valueStart = index;
    let isPlain = true;
    let isWide = false;
    for (; index < end; index++) {
      const code = bytes[index] as number;
      if (code >= SPACE) {
        if (code >= 128) isWide = true;
      } else if (code === CR && bytes[index + 1] === LF) {
        const next = bytes[index + 2];
        if (next !== SPACE && next !== TAB) break;
        isPlain = false;
        index++;
      } else isPlain = false;
    }
    this.position = Math.min(index + 2, end);
    if (index >= end) return;
    this.#keep(start, nameEnd, valueStart, index, isPlain, isWide);
  }

  #keep(
    start: number,
    nameEnd: number,
    valueStart: number,
    valueEnd: number,
    isPlain: boolean,
    isWide: boolean,
  ): void {
    const text = this.#text;
    const known = knownNameIn(this.#bytes, start, nameEnd);
    let name: string;
    let key: string;
    if (known !== undefined) {
      key = known.key;
      name = text.startsWith(known.name, start) ? known.name : text.substring(start, nameEnd);
    } else {
      name = text.substring(start, nameEnd);
      key = name.toLowerCase();
    }
    if (valueEnd - start > HEADER_BYTES_MAX) {
      this.#fail(400, name, start, `a header field is longer than ${HEADER_BYTES_MAX} bytes`);
      return;
    }
    let value = this.#value(valueStart, trimSpace(text, valueStart, valueEnd), name, isWide);
    if (!isPlain) value = this.#unfolded(value, name, valueStart);
    if (key === 'content-length') this.#contentLength(value, valueStart);
    this.headers.push({ key, name, value });
  }

  #value(start: number, end: number, field: string, isWide: boolean): string {
    if (!isWide) return this.#text.substring(start, end);
    const bytes = this.#bytes.subarray(start, end);
    const value = decodeUtf8(bytes);
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
      const part = line.substring(skipSpace(line, 0, line.length), trimSpace(line, 0, line.length));
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
    const length = /^\d{1,10}$/.test(value) ? Number(value) : -1;
    if (length === -1)
      this.#fail(400, 'Content-Length', offset, 'Content-Length is a decimal number of bytes');
    else if (this.contentLength !== undefined) {
      this.#fail(400, 'Content-Length', offset, 'there is more than one Content-Length');
    } else this.contentLength = length;
  }
}

/** One character for each byte, and the text itself where all of it is ASCII. */
function textOf(bytes: Uint8Array): string {
  const text = decodeUtf8(bytes);
  if (text.length === bytes.length && !text.includes('\uFFFD')) return text;
  const CHUNK = 4096;
  let wide = '';
  for (let start = 0; start < bytes.length; start += CHUNK) {
    wide += String.fromCharCode(...bytes.subarray(start, start + CHUNK));
  }
  return wide;
}

function isSipVersionStart(text: string, start: number): boolean {
  return text.startsWith('SIP/', start) || text.substring(start, start + 4).toUpperCase() === 'SIP/';
}

function isAscii(bytes: Uint8Array, start: number, end: number): boolean {
  for (let index = start; index < end; index++) if ((bytes[index] as number) >= 128) return false;
  return true;
}
