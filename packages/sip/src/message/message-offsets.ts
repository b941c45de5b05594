/** Where in the bytes of a message the value of a field begins. Looked for only when there is something to report. */
import type { SipMessage } from './message.ts';

const CR = 13;
const LF = 10;
const TAB = 9;
const SPACE = 32;
const COLON = 58;

/** The end of the head when no such field stands there. */
export function byteOffsetOf(
  bytes: Uint8Array,
  message: SipMessage,
  key: string,
  occurrence: number,
): number {
  let index = 0;
  while (bytes[index] === CR && bytes[index + 1] === LF) index += 2;
  if (key === 'request-uri') return Math.max(bytes.indexOf(SPACE, index), 0) + 1;
  let wanted = nthOf(message, key, occurrence);
  for (
    index = nextLine(bytes, index);
    index < bytes.length && bytes[index] !== CR;
    index = nextLine(bytes, index)
  ) {
    if (bytes[index] === SPACE || bytes[index] === TAB) continue;
    if (wanted-- === 0) return valueAfter(bytes, index);
  }
  return Math.min(index, bytes.length);
}

/** The position among all fields; -1 when there is none. */
function nthOf(message: SipMessage, key: string, occurrence: number): number {
  let left = occurrence;
  return message.headers.findIndex((field) => field.key === key && left-- === 0);
}

function nextLine(bytes: Uint8Array, from: number): number {
  const end = bytes.indexOf(LF, from);
  return end === -1 ? bytes.length : end + 1;
}

function valueAfter(bytes: Uint8Array, lineStart: number): number {
  let index = bytes.indexOf(COLON, lineStart) + 1;
  while (bytes[index] === SPACE || bytes[index] === TAB) index++;
  return index;
}
