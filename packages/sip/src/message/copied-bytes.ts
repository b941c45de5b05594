/**
 * A part of what the shell gave us, in memory of our own. `slice` would not do: a Node Buffer is a Uint8Array
 * whose `slice` shares the memory, and the shell may use its buffer again.
 */
import { EMPTY_BODY } from './message.ts';

export function copiedBytes(bytes: Uint8Array, start: number, end: number): Uint8Array {
  if (start === end) return EMPTY_BODY;
  const copy = new Uint8Array(end - start);
  copy.set(bytes.subarray(start, end));
  return copy;
}
