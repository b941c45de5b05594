/**
 * How a SIP Server is followed by its mate (LG1 to LG6), on the link on which the members of a pair also speak of
 * their roles (`pair-link.ts`). The follower gets everything once, in parts, and from then on what each input has
 * changed. Records are what `toRecord` writes: durations from the sender's `now`.
 */
import { z } from 'zod';
import { shownProof } from './link-messages.ts';
import { pairMessage } from './pair-link.ts';
import { position } from './position.ts';

const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
/** `kind/name`. */
const key = z.string().min(3).max(512);
/** The sender's monotonic clock when it wrote this, ms. */
const now = z.number();
/** Each with the number of its last change. */
const put = z.array(z.tuple([key, z.unknown(), count]));
/** An event of the log with the DN that it is about; the event is one of `desk-link.ts`, and is passed on as it is. */
const events = z.array(z.object({ number: count, dn: z.string().max(64), message: z.unknown() }));

export const mirrorMessage = z.discriminatedUnion('type', [
  /** First message of either side; whoever has connected speaks first (LK1). */
  z.object({
    type: z.literal('hello'),
    version: z.number().int().min(1),
    application: z.string().min(1).max(255),
    process: z.string().min(1).max(128),
    /** Of this connection alone. Absent before version 2. */
    nonce: z.string().min(16).max(64).optional(),
    /** Its wall clock, ms since 1970: for people only. */
    wall: z.number().optional(),
  }),
  /** LK1: HMAC-SHA-256 under the server secret over both hellos, by its sender. Whoever has connected shows it first. */
  z.object({ type: z.literal('proof'), proof: shownProof }),
  z.object({ type: z.literal('role'), message: pairMessage }),
  /** A standby wants the log: from the position that it holds, or from nothing. */
  z.object({ type: z.literal('follow'), epoch: count.optional(), number: count.optional() }),
  /** A part of everything. The first says where the log stands, the last that there is no more. */
  z.object({
    type: z.literal('snapshot'),
    epoch: count,
    number: count,
    now,
    part: count,
    isLast: z.boolean(),
    positions: z.array(position),
    put,
    events,
  }),
  /**
   * What has changed, by one input or by several that came while the entry before was on its way (LG2). `from` is the
   * number before it: a follower that holds another one has a gap.
   */
  z.object({
    type: z.literal('entry'),
    epoch: count,
    from: count,
    number: count,
    now,
    put,
    gone: z.array(key),
    events,
    position,
  }),
  /** So far everything is held here (LG2). */
  z.object({ type: z.literal('ack'), epoch: count, number: count }),
  /** The next part may come. */
  z.object({ type: z.literal('partTaken'), part: count }),
  /** What a follower that has lost nothing holds at this number: of all keys with the number of their last change. */
  z.object({ type: z.literal('digest'), epoch: count, number: count, digest: z.number().int() }),
  /**
   * Of a standby, at each change: whether it could take over now, having compared what it holds and found itself fit for
   * the work (HR2, FT3).
   */
  z.object({
    type: z.literal('standing'),
    isReady: z.boolean(),
    /** Why not. */
    because: z.string().max(1_000).optional(),
  }),
  /** Of an unfit primary, with the offer of its role: how long ago that and each former offer in this pair was (FT2). */
  z.object({ type: z.literal('offer'), agesMs: z.array(z.number().min(0)).max(16) }),
]);
export type MirrorMessage = z.infer<typeof mirrorMessage>;
