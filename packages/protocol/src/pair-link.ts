/**
 * Between the two members of a pair: how a primary is confirmed by its mate (rules PR of `continuity`). One JSON object
 * a message. What the log of the pair adds travels beside it.
 */
import { z } from 'zod';

/** Numbers that only grow; one may always be added to them. */
const count = z
  .number()
  .int()
  .min(0)
  .max(Number.MAX_SAFE_INTEGER - 1);
/** What a primary may ask its mate to keep still for; as bounded as what stands in the arbiter's key. */
const LENGTH_MAX_MS = 60_000;

export const pairMessage = z.discriminatedUnion('type', [
  /** A primary asks to be confirmed in its epoch (PR1). */
  z.object({
    type: z.literal('confirm'),
    epoch: count,
    /** The sender's own number; it comes back in the answer. */
    n: count,
    /** One life of one process; see `arbiter-link.ts`. */
    process: z.string().min(1).max(128),
    /** What the sender counts on a confirmation, ms, from when it sent this (PR2). */
    lengthMs: z.number().positive().max(LENGTH_MAX_MS),
    /** The operator wants the mate to take the role (PR11). */
    yields: z.boolean(),
  }),
  z.object({ type: z.literal('confirmed'), epoch: count, n: count }),
  /** `epoch` is the highest that the sender has seen: where it is above the primary's own, that one's role has ended (PR3). */
  z.object({
    type: z.literal('refused'),
    epoch: count,
    n: count,
    why: z.enum(['lower-epoch', 'asking', 'starting']),
  }),
]);
export type PairLinkMessage = z.infer<typeof pairMessage>;
