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
/** Of one part of a long edit: as JSON in a message, with each letter at its longest, it stays below the limit of a request. */
export const PART_CHARS_MAX = 80_000;
/** Of one edit. */
export const PARTS_MAX = 1_000;

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

/** Drawn by chance by whoever sends a long edit; it names its parts. */
const upload = z.string().min(8).max(64);

/** What every request has that changes something. */
export const edited = {
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
  z.object({
    type: z.literal('Edit'),
    ...edited,
    edits: z.array(edit).max(EDITS_MAX),
    /** They are in so many parts that came before, and `edits` is empty (CE16). */
    upload: z.object({ name: upload, parts: z.number().int().min(1).max(PARTS_MAX) }).optional(),
  }),
  /** The next piece of the JSON text of the edits of an Edit that is too long for one message (CE16). */
  z.object({
    type: z.literal('EditPart'),
    ReferenceID,
    author: author.optional(),
    upload,
    text: z.string().min(1).max(PART_CHARS_MAX),
  }),
  /** What the validator finds on the configuration that is served (CE17). */
  z.object({ type: z.literal('Check'), ReferenceID, author: author.optional() }),
  /** Makes the fixes of its findings, as far as they can be made together. */
  z.object({ type: z.literal('Fix'), ...edited }),
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
  /** Whether the log, and what it has made, are what was committed. It is read whole for that, which may take minutes. */
  z.object({ type: z.literal('Verify'), ReferenceID, author: author.optional() }),
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

/** One that the validator has made. */
export const checkFinding = z.object({
  severity: z.enum(['error', 'warning']),
  rule: z.string(),
  object: z.string(),
  field: z.string(),
  value: z.string(),
  reason: z.string(),
  remedy: z.string(),
  /** Fix makes it go away; else somebody has to choose. */
  isFixable: z.boolean(),
});
export type CheckFinding = z.infer<typeof checkFinding>;

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
    /** Of `not-writer`: the Application that writes, where it is known. */
    writer: z.string().optional(),
  }),
  /** So many parts of the upload are here. */
  z.object({ type: z.literal('PartTaken'), ReferenceID, parts: z.number().int() }),
  z.object({
    type: z.literal('Checked'),
    ReferenceID,
    revision: z.string(),
    findings: z.array(checkFinding),
  }),
  z.object({
    type: z.literal('Entries'),
    ReferenceID,
    entries: z.array(entry),
    /** There are older ones. */
    more: z.boolean(),
  }),
  /** To Verify: so many entries, the last of that revision, and every object is what they made of it. */
  z.object({ type: z.literal('LogSound'), ReferenceID, revision: z.string(), entries: z.number().int() }),
  /** To Verify: the first that is not what was committed, an entry as `3.128` or an object as `Person/kim`. */
  z.object({ type: z.literal('LogBroken'), ReferenceID, at: z.string(), because: z.string() }),
] as const;
