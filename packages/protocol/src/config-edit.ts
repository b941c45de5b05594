/**
 * Editing the configuration over the link to a Configuration Server: changes that hold all or not at all, what has been
 * changed, and the way back. Persons edit after their log-in; another Configuration Server passes on what a person asked it.
 */
import { z } from 'zod';
import { author, entry } from './config-entry.ts';
import { ReferenceID } from './link-messages.ts';

/** Objects of one edit: an import writes a whole centre at once. */
export const EDITS_MAX = 100_000;
/** Entries of one answer. */
export const ENTRIES_MAX = 1_000;

const key = z.string().min(3).max(320);
/** `3.128`; `3.128+2` where a site that was cut off was looked at. */
const revisionWord = z.string().regex(/^\d{1,15}\.\d{1,15}(\+\d{1,9})?$/, 'must be a revision, as 3.128');

export const edit = z.object({
  /** `Person/kim`. */
  key,
  /**
   * What it is to be: a JSON Merge Patch (RFC 7396), so that fields which the editor does not see stay as they are, and null takes
   * one away. Where there is no such object the patch is the object. Null deletes it.
   */
  patch: z.record(z.string(), z.unknown()).nullable(),
});
export type Edit = z.infer<typeof edit>;

const edited = {
  ReferenceID,
  /** What the editor looked at: whatever has been changed there since, in the same field, is a conflict. Absent: whatever is there. */
  seenAt: revisionWord.optional(),
  /** Only say what would change, and what speaks against it. */
  dryRun: z.boolean().default(false),
  note: z.string().max(1_000).optional(),
  /** Who asked, where a Configuration Server passes it on. */
  author: author.optional(),
};

export const EDIT_REQUESTS = [
  z.object({ type: z.literal('Edit'), ...edited, edits: z.array(edit).min(1).max(EDITS_MAX) }),
  /** Brings objects back to what they were then, as a new entry; without `keys` all of them. */
  z.object({
    type: z.literal('Restore'),
    ...edited,
    keys: z.array(key).min(1).max(EDITS_MAX).optional(),
    to: z.union([z.object({ revision: revisionWord }), z.object({ at: z.number() })]),
  }),
  /** Newest first. */
  z.object({
    type: z.literal('History'),
    ReferenceID,
    author: author.optional(),
    key: key.optional(),
    who: z.string().min(1).max(255).optional(),
    /** Wall clock, ms since 1970. */
    from: z.number().optional(),
    to: z.number().optional(),
    /** Only older ones: the last of the page before. */
    before: revisionWord.optional(),
    limit: z.number().int().min(1).max(ENTRIES_MAX).default(100),
  }),
] as const;

/** What is wrong with an edit, or what it endangers. */
export const finding = z.object({
  severity: z.enum(['error', 'warning']),
  /** The rule of the validator, where it is one. */
  rule: z.string().optional(),
  object: z.string(),
  field: z.string(),
  text: z.string(),
});
export type Finding = z.infer<typeof finding>;

export const EDIT_REPLIES = [
  z.object({
    type: z.literal('Edited'),
    ReferenceID,
    /** That the configuration has now; of a dry run, that it was compared with. */
    revision: z.string(),
    isDryRun: z.boolean(),
    /** As far as the editor may see them; without any nothing was to be changed. */
    entry: entry.pick({ author: true, changes: true }),
    findings: z.array(finding),
  }),
  /** Nothing has changed. */
  z.object({
    type: z.literal('NotEdited'),
    ReferenceID,
    code: z.enum(['not-allowed', 'conflict', 'bad-configuration', 'not-writer', 'not-stored']),
    text: z.string(),
    findings: z.array(finding),
    /** Of the configuration that was served when it was refused, and for how long nothing newer has been heard of. */
    revision: z.string(),
    ageMs: z.number().optional(),
  }),
  z.object({
    type: z.literal('Entries'),
    ReferenceID,
    entries: z.array(entry),
    /** There are older ones. */
    more: z.boolean(),
  }),
] as const;
