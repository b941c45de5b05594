/**
 * Parameters of header field values: `;name`, `;name=token`, `;name="quoted"` (RFC 3261 §25.1 generic-param).
 * Quoted values are kept without quotes and escapes; writing puts them back where they are needed.
 */
import { isGenValue, LWS, QUOTED, TOKEN_CHARS, VALUE_CHARS } from './grammar.ts';
import { PARAM_COUNT_MAX } from './limits.ts';
import type { Params } from './message.ts';

export const NO_PARAMS: Params = new Map();

/** name, plain value, quoted value. */
const PARAM = new RegExp(
  `${LWS}*;${LWS}*([${TOKEN_CHARS}]+)(?:${LWS}*=${LWS}*(?:([${VALUE_CHARS}]+)|${QUOTED}))?`,
  'y',
);

/** All of the text must be parameters; undefined when malformed. */
export function parseParams(text: string): Params | undefined {
  let end = text.length;
  while (end > 0 && isBlank(text.charCodeAt(end - 1))) end--;
  if (end === 0) return NO_PARAMS;
  const params = new Map<string, string | null>();
  PARAM.lastIndex = 0;
  do {
    const found = PARAM.exec(text);
    if (found === null || params.size === PARAM_COUNT_MAX) return undefined;
    const [, name, plain, inQuotes] = found;
    params.set(
      (name as string).toLowerCase(),
      plain ?? (inQuotes === undefined ? null : unescaped(inQuotes)),
    );
  } while (PARAM.lastIndex < end);
  return params;
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9;
}

/** What a quoted string says, given what stands between its quotes. */
export function unescaped(inner: string): string {
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
    else if (name.startsWith('+') || !isGenValue(value)) text += `;${name}=${quoted(value)}`;
    else text += `;${name}=${value}`;
  }
  return text;
}
