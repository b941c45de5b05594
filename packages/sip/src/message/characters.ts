/** Bytes that may stand in a token (RFC 3261 §25.1): methods and names of header fields, scanned byte by byte. */
const TOKEN = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.!%*_+`'~";

export const IS_TOKEN: Uint8Array = new Uint8Array(256);
for (let index = 0; index < TOKEN.length; index++) IS_TOKEN[TOKEN.charCodeAt(index)] = 1;
