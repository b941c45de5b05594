/**
 * What has changed in the configuration, by whom and when: one entry of the writer's log (CW1). All changes of an
 * entry are one transaction: everywhere either all of them hold or none.
 */
import { z } from 'zod';
import { configObject } from './config-objects.ts';

/** Under which writer, and the how-manieth entry since the first; a later writer has a higher epoch, and its numbers go on. */
export const revision = z.object({
  epoch: z.number().int().min(0),
  number: z.number().int().min(0),
  /** At a site that is cut off: the how-manieth entry of its branch on top of that revision (CW2). */
  ahead: z.number().int().min(1).optional(),
});
export type Revision = z.infer<typeof revision>;

/** Null: there is no such object before, or after. Never both. */
export const change = z.object({
  /** `Person/kim`. */
  key: z.string().min(1).max(320),
  before: configObject.nullable(),
  after: configObject.nullable(),
});
export type Change = z.infer<typeof change>;

export const author = z.object({
  /** The user name of a person, or what acted by itself: `sync`, `merge`, `import`. */
  who: z.string().min(1).max(255),
  /** The address or the application that the edit came through. */
  from: z.string().min(1).max(255),
});
export type Author = z.infer<typeof author>;

/** Changes of one entry: 10,000 persons of an import, with their log-ins, places and phones at two sites. */
export const CHANGES_MAX = 100_000;

export const branchName = z.string().min(1).max(64);

export const entry = z.object({
  revision,
  /** Wall clock of the writer, ms since 1970. */
  at: z.number(),
  author,
  /** Why, in the words of whoever did it. */
  note: z.string().max(1_000).optional(),
  changes: z.array(change).max(CHANGES_MAX),
  /** It has brought in so many entries of that branch (CW3). */
  merges: z.object({ branch: branchName, entries: z.number().int().min(0) }).optional(),
  /** The conflict that it resolves. */
  resolves: z.string().max(100).optional(),
});
export type Entry = z.infer<typeof entry>;

/** `3.128`, as people and logs name it; `3.128+2` at a site that is cut off. */
export function revisionText({ epoch, number, ahead }: Revision): string {
  return ahead === undefined ? `${epoch}.${number}` : `${epoch}.${number}+${ahead}`;
}

/** Which is the later; of one log, the epoch decides first. */
export function compareRevisions(a: Revision, b: Revision): number {
  return a.epoch - b.epoch || a.number - b.number || (a.ahead ?? 0) - (b.ahead ?? 0);
}
