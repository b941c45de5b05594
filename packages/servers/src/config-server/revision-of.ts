import type { Configuration } from '@holdfast/centre';
import type { Revision } from '@holdfast/protocol';

/** `3.128` or `3.128+2`; what does not fit was refused with the message. */
export function revisionOf(text: string): Revision {
  const [main = '', branch] = text.split('+');
  const [epoch = 0, number = 0] = main.split('.').map(Number);
  return { epoch, number, ...(branch === undefined ? {} : { ahead: Number(branch) }) };
}

/** Of the main line, whatever a branch has on top of it. */
export function mainRevisionOf({ epoch, number }: Revision): Revision {
  return { epoch, number };
}

/** That entry and no other. */
export function isSameRevision(a: Revision, b: Revision): boolean {
  return a.epoch === b.epoch && a.number === b.number && a.ahead === b.ahead;
}

/** `3.128+2`: of a site that is cut off. */
export function isOfBranch(text: string): boolean {
  return text.includes('+');
}

/** Two sites that are cut off name what they serve alike, and it is not the same. */
export function isSameConfiguration(a: Configuration, b: Configuration): boolean {
  return a.revision === b.revision && (!isOfBranch(a.revision) || a.digest === b.digest);
}
