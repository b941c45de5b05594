/**
 * The character classes of RFC 3261 §25.1 as bits of one table, for scanning byte by byte. The same classes as
 * pieces of regular expressions are in `grammar.ts`.
 */
export const TOKEN = 1;
/** gen-value beside a quoted string: a token, or a host, which may be an IPv6 address. */
export const VALUE = 2;
/** The halves of a Call-ID. */
export const WORD = 4;
/** Whatever may stand in a URI of any scheme, "%" included. */
export const URI = 8;
/** Host names and IPv4 addresses. */
export const HOST = 16;
export const DIGIT = 32;
export const LETTER = 64;
export const UPPER = 128;
/** unreserved and user-unreserved, without the escape. */
export const USER = 256;
/** unreserved and param-unreserved, without the escape. */
export const URI_PARAM = 512;

const CAPITALS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const LETTERS = CAPITALS + CAPITALS.toLowerCase();
const DIGITS = '0123456789';
const TOKENS = `${LETTERS}${DIGITS}-.!%*_+\`'~`;

/** The classes of each byte. */
export const CLASSES: Uint16Array = new Uint16Array(256);

function mark(classBit: number, characters: string): void {
  for (let index = 0; index < characters.length; index++) {
    const code = characters.charCodeAt(index);
    CLASSES[code] = (CLASSES[code] as number) | classBit;
  }
}

mark(TOKEN, TOKENS);
mark(VALUE, `${TOKENS}[]:`);
mark(WORD, `${TOKENS}()<>:\\"/[]?{}`);
mark(URI, `${LETTERS}${DIGITS}-_.!~*'()%;/?:@&=+$,[]#`);
mark(HOST, `${LETTERS}${DIGITS}-.`);
mark(DIGIT, DIGITS);
mark(LETTER, LETTERS);
mark(UPPER, CAPITALS);
mark(USER, `${LETTERS}${DIGITS}-_.!~*'()&=+$,;?/`);
mark(URI_PARAM, `${LETTERS}${DIGITS}-_.!~*'()[]/:&+$`);
