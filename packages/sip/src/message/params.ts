/**
 * Parameters of header field values: ";name", ";name=token", ";name="quoted"" (RFC 3261 §25.1 generic-param).
 * Quoted values are kept without quotes and escapes; writing puts them back where they are needed.
 */
import { isAll, skip, skipSpace, TOKEN, trimSpace, VALUE } from './characters.ts';
import { PARAM_COUNT_MAX } from './limits.ts';
import type { Params } from './message.ts';

export const NO_PARAMS: Params = new Map();

const QUOTE = 34;
const SEMICOLON = 59;
const EQUALS = 61;
const BACKSLASH = 92;

/** Everything from `start`, which is the end or a semicolon, to `end`; undefined when malformed. */
export function parseParams(text: string, start: number, end: number): Params | undefined {
  let index = skipSpace(text, start, end);
  if (index === end) return NO_PARAMS;
  const params = new Map<string, string | null>();
  while (index < end) {
    if (text.charCodeAt(index) !== SEMICOLON || params.size === PARAM_COUNT_MAX) return undefined;
    const nameStart = skipSpace(text, index + 1, end);
    const nameEnd = skip(text, nameStart, end, TOKEN);
    if (nameEnd === nameStart) return undefined;
    const name = text.substring(nameStart, nameEnd).toLowerCase();
    index = skipSpace(text, nameEnd, end);
    if (index === end || text.charCodeAt(index) !== EQUALS) {
      params.set(name, null);
      continue;
    }
    const valueStart = skipSpace(text, index + 1, end);
    if (text.charCodeAt(valueStart) === QUOTE) {
      const valueEnd = quotedEnd(text, valueStart, end);
      if (valueEnd === -1) return undefined;
      params.set(name, unquoted(text, valueStart, valueEnd));
      index = skipSpace(text, valueEnd, end);
    } else {
      const valueEnd = skip(text, valueStart, end, VALUE);
      if (valueEnd === valueStart) return undefined;
      params.set(name, text.substring(valueStart, valueEnd));
      index = skipSpace(text, valueEnd, end);
    }
  }
  return params;
}

/** The index after the closing quote of the quoted string that opens at `start`; -1 when it is never closed. */
export function quotedEnd(text: string, start: number, end: number): number {
  let index = start + 1;
  while (index < end) {
    const code = text.charCodeAt(index);
    if (code === QUOTE) return index + 1;
    if (code === BACKSLASH) index++;
    index++;
  }
  return -1;
}

/** The text of the quoted string between these indices, quotes included in them. */
export function unquoted(text: string, start: number, end: number): string {
  const inner = text.substring(start + 1, end - 1);
  return inner.includes('\\') ? inner.replace(/\\([\s\S])/g, '$1') : inner;
}

export function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

/** With a leading semicolon for each. Feature tags ("+sip.instance") always take quotes (RFC 3840 §9). */
export function formatParams(params: Params): string {
  let text = '';
  for (const [name, value] of params) {
    if (value === null) text += `;${name}`;
    else if (name.startsWith('+') || !isAll(value, VALUE)) text += `;${name}=${quoted(value)}`;
    else text += `;${name}=${value}`;
  }
  return text;
}

const COMMA = 44;
const LESS = 60;
const GREATER = 62;

/**
 * The elements of a comma-separated list (RFC 3261 §7.3.1), trimmed; commas in quotes and between angle
 * brackets separate nothing. Undefined when a quote or bracket stays open or there are more than `most`.
 */
export function splitList(text: string, most: number): string[] | undefined {
  if (!text.includes(',')) return [text];
  const parts: string[] = [];
  const end = text.length;
  let start = 0;
  let isBracketed = false;
  for (let index = 0; index < end; index++) {
    const code = text.charCodeAt(index);
    if (code === QUOTE && !isBracketed) {
      index = quotedEnd(text, index, end) - 1;
      if (index < 0) return undefined;
    } else if (code === LESS) isBracketed = true;
    else if (code === GREATER) isBracketed = false;
    else if (code === COMMA && !isBracketed) {
      if (parts.length === most - 1) return undefined;
      parts.push(trimmed(text, start, index));
      start = index + 1;
    }
  }
  if (isBracketed) return undefined;
  parts.push(trimmed(text, start, end));
  return parts;
}

function trimmed(text: string, start: number, end: number): string {
  const from = skipSpace(text, start, end);
  return text.substring(from, trimSpace(text, from, end));
}
