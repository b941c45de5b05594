/**
 * The character classes of RFC 3261 §25.1 as one table of bits, so that every scanner asks one array.
 */

/** token: methods, header names, tags, parameter names. */
export const TOKEN = 1;
/** word: the halves of a Call-ID. */
export const WORD = 2;
/** unreserved and user-unreserved, without the escape. */
export const USER = 4;
/** unreserved and param-unreserved, without the escape. */
export const URI_PARAM = 8;
/** unreserved and hnv-unreserved, without the escape. */
export const URI_HEADER = 16;
/** Host names and IPv4 addresses. */
export const HOST = 32;
export const DIGIT = 64;
export const HEX = 128;
/** Anything that may stand in a URI of any scheme (RFC 3986 §2), "%" included. */
export const URI_ANY = 256;
/** gen-value beside a quoted string: a token, or a host, which may be an IPv6 address. */
export const VALUE = 512;
/** unreserved: an escape of these means the same as the character itself (§19.1.4). */
export const UNRESERVED = 1024;
/** password, without the escape. */
export const PASSWORD = 2048;

const ALPHANUM = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const MARK = "-_.!~*'()";

const TABLE = new Uint16Array(128);

function mark(classBit: number, characters: string): void {
  for (let i = 0; i < characters.length; i++) {
    const code = characters.charCodeAt(i);
    TABLE[code] = (TABLE[code] as number) | classBit;
  }
}

mark(TOKEN, `${ALPHANUM}-.!%*_+\`'~`);
mark(WORD, `${ALPHANUM}-.!%*_+\`'~()<>:\\"/[]?{}`);
mark(USER, `${ALPHANUM}${MARK}&=+$,;?/`);
mark(URI_PARAM, `${ALPHANUM}${MARK}[]/:&+$`);
mark(URI_HEADER, `${ALPHANUM}${MARK}[]/?:+$`);
mark(HOST, `${ALPHANUM}-.`);
mark(DIGIT, '0123456789');
mark(HEX, '0123456789abcdefABCDEF');
mark(URI_ANY, `${ALPHANUM}${MARK}%;/?:@&=+$,[]#`);
mark(VALUE, `${ALPHANUM}-.!%*_+\`'~[]:`);
mark(UNRESERVED, `${ALPHANUM}${MARK}`);
mark(PASSWORD, `${ALPHANUM}${MARK}&=+$,`);

export function isIn(code: number, classBits: number): boolean {
  return code < 128 && ((TABLE[code] as number) & classBits) !== 0;
}

/** Whether `text` is one or more characters of the class. */
export function isAll(text: string, classBits: number): boolean {
  const length = text.length;
  for (let i = 0; i < length; i++) if (!isIn(text.charCodeAt(i), classBits)) return false;
  return length > 0;
}

/** The first index at or after `from` whose character is not of the class. */
export function skip(text: string, from: number, end: number, classBits: number): number {
  let index = from;
  while (index < end && isIn(text.charCodeAt(index), classBits)) index++;
  return index;
}

/** The first index at or after `from` that is neither space nor tab. Values are unfolded before they come here. */
export function skipSpace(text: string, from: number, end: number): number {
  let index = from;
  while (index < end) {
    const code = text.charCodeAt(index);
    if (code !== 32 && code !== 9) break;
    index++;
  }
  return index;
}

/** The index after the last character before `end` that is neither space nor tab, not below `from`. */
export function trimSpace(text: string, from: number, end: number): number {
  let index = end;
  while (index > from) {
    const code = text.charCodeAt(index - 1);
    if (code !== 32 && code !== 9) break;
    index--;
  }
  return index;
}
