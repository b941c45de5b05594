import type { Revision } from '@holdfast/protocol';

/** `3.128`; what does not fit was refused with the message. */
export function revisionOf(text: string): Revision {
  const [epoch = 0, number = 0] = text.split('.').map(Number);
  return { epoch, number };
}
