/**
 * What was edited where the main line of the configuration could not be reached (CW2, CW4): a *branch*, entries on top of a revision
 * that both have. It is handed in and merged when the two meet again; what cannot be decided by rule is a conflict, and open until somebody resolves it.
 */
import { z } from 'zod';
import { author, branchName, entry, revision } from './config-entry.ts';
import { ReferenceID } from './link-messages.ts';

export const branch = z.object({
  id: branchName,
  /** The last entry of the main line that its entries were made on. */
  base: revision,
  /** The oldest first. A branch may grow after it has been merged: what is new in it is merged again. */
  entries: z.array(entry),
});
export type Branch = z.infer<typeof branch>;

/** A site that is cut off for so long that this is not enough has to be helped by hand. */
export const BRANCH_ENTRIES_MAX = 10_000;
/** Conflicts of one answer. */
export const CONFLICTS_MAX = 1_000;
/** Of what is handed back in one message; the rest comes in the next. */
export const HAND_BACK_ENTRIES_MAX = 1_000;

const conflictName = z.string().min(1).max(100);
const revisionWord = z.string().regex(/^\d{1,15}\.\d{1,15}$/, 'must be a revision, as 3.128');

export const BRANCH_REQUESTS = [
  /** What merges have left open; with `all` also what the stricter has settled, and what has been resolved. With `id` that one alone. */
  z.object({
    type: z.literal('Conflicts'),
    ReferenceID,
    author: author.optional(),
    all: z.boolean().default(false),
    id: conflictName.optional(),
    limit: z.number().int().min(1).max(CONFLICTS_MAX).default(100),
  }),
  /** By choice of what the main line or the branch had, or of another value, as an edit of today. */
  z.object({
    type: z.literal('Resolve'),
    ReferenceID,
    id: conflictName,
    /** A value that is absent, or null, takes the field, or the object, away. */
    choice: z.union([z.enum(['main', 'branch']), z.object({ value: z.unknown().optional() })]),
    dryRun: z.boolean().default(false),
    note: z.string().max(1_000).optional(),
    author: author.optional(),
  }),
  /**
   * Of a proxy that has followed up to a revision (CW4). Without entries it asks up to where the main line has the same; with
   * them it hands back what the main line has not, from the one with that index on.
   */
  z.object({
    type: z.literal('HandBack'),
    ReferenceID,
    held: revisionWord,
    tail: z
      .object({
        base: revision,
        /** Of the first of all of them, by which the branch is named. */
        first: revision,
        from: z.number().int().min(0),
        entries: z.array(entry).min(1).max(HAND_BACK_ENTRIES_MAX),
      })
      .optional(),
  }),
] as const;

const conflictSide = z.object({
  /** Absent: this side has not edited it. */
  author: author.optional(),
  /** Wall clock, ms since 1970. */
  at: z.number().optional(),
  revision: z.string().optional(),
});

/** No secret is in it. */
export const shownConflict = z.object({
  id: conflictName,
  /** `stricter`: settled by rule, and can be chosen otherwise. */
  kind: z.enum(['conflict', 'stricter']),
  /** `Person/kim`. */
  key: z.string(),
  /** `options/agent-desktop/site-1`; empty: the whole object. */
  field: z.string(),
  main: conflictSide,
  branch: conflictSide,
  /** Both values, who made them, what stands now, and why. */
  text: z.string(),
  /** The entry that has brought the branch in, and the one that has resolved it. */
  mergedIn: z.string(),
  resolvedIn: z.string().optional(),
});
export type ShownConflict = z.infer<typeof shownConflict>;

export const BRANCH_REPLIES = [
  z.object({
    type: z.literal('ConflictList'),
    ReferenceID,
    conflicts: z.array(shownConflict),
    /** There are others. */
    more: z.boolean(),
  }),
  /** Up to `common` the main line has what the asker has; with a tail: so many of its entries are there now. */
  z.object({
    type: z.literal('HandedBack'),
    ReferenceID,
    common: revision,
    entries: z.number().int().min(0).optional(),
  }),
] as const;
