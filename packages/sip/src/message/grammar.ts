/**
 * The character classes of RFC 3261 §25.1 as pieces of regular expressions. The engine runs these several times
 * faster than a loop over characters, and each expression built of them is linear: no two neighbouring pieces
 * can match the same character, so that a stranger's text cannot make it try again and again.
 */
export const TOKEN_CHARS = "A-Za-z0-9\\-.!%*_+`'~";

/** word: the halves of a Call-ID. */
export const WORD_CHARS = `${TOKEN_CHARS}()<>:\\\\"/[\\]?{}`;

/** gen-value beside a quoted string: a token, or a host, which may be an IPv6 address. */
export const VALUE_CHARS = `${TOKEN_CHARS}[\\]:`;

/** An escape of one of these means the same as the character itself (§19.1.4). */
export const UNRESERVED_CHARS = "A-Za-z0-9\\-_.!~*'()";

export const USER_CHARS = `${UNRESERVED_CHARS}&=+$,;?/`;
export const PASSWORD_CHARS = `${UNRESERVED_CHARS}&=+$,`;
export const URI_PARAM_CHARS = `${UNRESERVED_CHARS}[\\]/:&+$`;
export const URI_HEADER_CHARS = `${UNRESERVED_CHARS}[\\]/?:+$`;

/** Whatever may stand in a URI of any scheme (RFC 3986 §2). */
export const URI_CHARS = `${UNRESERVED_CHARS}%;/?:@&=+$,[\\]#`;

export const SCHEME = '[A-Za-z][A-Za-z0-9+.\\-]*';

/** A quoted string; what is between the quotes, escapes included, is captured. */
export const QUOTED = '"([^"\\\\]*(?:\\\\[^][^"\\\\]*)*)"';

/** Linear white space, unfolded. */
export const LWS = '[ \\t]';

/** A host as it is written; whether its labels are right is for `isHost` to say. */
export const HOST = '\\[[0-9A-Fa-f:.]+\\]|[A-Za-z0-9.\\-]+';

const TOKEN_ONLY = new RegExp(`^[${TOKEN_CHARS}]+$`);
const VALUE_ONLY = new RegExp(`^[${VALUE_CHARS}]+$`);

export function isToken(text: string): boolean {
  return TOKEN_ONLY.test(text);
}

export function isGenValue(text: string): boolean {
  return VALUE_ONLY.test(text);
}

const DIGITS_MAX = 20;

/** A decimal number from 0 to `most`; undefined for anything else. Leading zeros are allowed (RFC 4475 §3.1.1.1). */
export function numberOf(text: string | undefined, most: number): number | undefined {
  if (text === undefined || text === '' || text.length > DIGITS_MAX) return undefined;
  let number = 0;
  for (let index = 0; index < text.length; index++) {
    const digit = text.charCodeAt(index) - 48;
    if (digit < 0 || digit > 9) return undefined;
    number = number * 10 + digit;
  }
  return number <= most ? number : undefined;
}
