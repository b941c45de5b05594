/**
 * Two Switches brought alike, and whether they are (S2): the first synchronisation, or one after something has gone its own way, and the
 * comparison that finds that. What is edited in between follows by itself, in the entry of the edit.
 */
import { z } from 'zod';
import { edited, finding } from './config-edit.ts';
import { author, entry } from './config-entry.ts';
import { ReferenceID } from './link-messages.ts';

const switchName = z.string().min(1).max(255);
const twoSwitches = z.tuple([switchName, switchName]);
/** One Place with an Extension of each Switch, or one Place for each DN (DS21). */
export const placeForm = z.enum(['one', 'each']);

/** Differences that are told of one pair; of more the number. */
export const DIFFERENCES_TOLD_MAX = 1_000;

/** Without the fields that every edit has. */
export const syncTerms = {
  switches: twoSwitches,
  /** One of the two: where both have something and it differs, this one's holds. */
  master: switchName,
  /** Absent: as the master has it. So is the next. */
  places: placeForm.optional(),
  /** As `sync-own-options`. */
  ownOptions: z.string().min(1).max(4_096).optional(),
};

export const SYNC_REQUESTS = [
  /** Answered as an edit is; with `dryRun` it is the look at what it would do. Where the two are alike it does nothing. */
  z.object({ type: z.literal('SyncSwitches'), ...edited, ...syncTerms }),
  /** Without `switches`, all that are kept alike. Two others are compared as they would be kept alike with the first as master. */
  z.object({
    type: z.literal('CompareSwitches'),
    ReferenceID,
    author: author.optional(),
    switches: twoSwitches.optional(),
  }),
] as const;

export const switchDifference = z.object({
  /** Where something is missing or other. */
  object: z.string(),
  /** Empty: the object itself. */
  field: z.string(),
  /** What stands there, and what would stand there if it were alike (of an object that is missing: its twin); of a secret nothing. */
  value: z.string(),
  other: z.string(),
  /** The latest edit of just that, as far back as the history has been asked. */
  by: entry.pick({ revision: true, at: true, author: true }).optional(),
});
export type SwitchDifference = z.infer<typeof switchDifference>;

export const comparedSwitches = z.object({
  switches: twoSwitches,
  /** Each names the other; else they are two that somebody has asked about. */
  isKeptAlike: z.boolean(),
  places: placeForm,
  /** As `sync-own-options`. */
  ownOptions: z.string(),
  /** Of each of the two: the same where all that is kept alike is alike. */
  digests: z.tuple([z.string(), z.string()]),
  differences: z.array(switchDifference),
  /** So many more than these. */
  more: z.number().int(),
  /** What no synchronisation mends by itself. */
  findings: z.array(finding),
});
export type ComparedSwitches = z.infer<typeof comparedSwitches>;

export const SYNC_REPLIES = [
  z.object({
    type: z.literal('SwitchesCompared'),
    ReferenceID,
    revision: z.string(),
    pairs: z.array(comparedSwitches),
    /** Why the history was not asked who has edited what. */
    unnamedBecause: z.string().optional(),
  }),
] as const;
