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

export const entry = z.object({
  revision,
  /** Wall clock of the writer, ms since 1970. */
  at: z.number(),
  author,
  /** Why, in the words of whoever did it. */
  note: z.string().max(1_000).optional(),
  changes: z.array(change).max(CHANGES_MAX),
});
export type Entry = z.infer<typeof entry>;

/** `3.128`, as people and logs name it. */
export function revisionText({ epoch, number }: Revision): string {
  return `${epoch}.${number}`;
}

/** Which is the later; of one log, the epoch decides first. */
export function compareRevisions(a: Revision, b: Revision): number {
  return a.epoch - b.epoch || a.number - b.number;
}
