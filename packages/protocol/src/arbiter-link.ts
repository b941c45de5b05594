/**
 * Between the supervisor of a host and the members of a pair that it started, over a socket in its data folder
 * (PR7, PR8); and the key that stands in an arbiter, which outlives the process that wrote it.
 */
import { z } from 'zod';

/** Numbers that only grow; one may always be added to them. */
const count = z
  .number()
  .int()
  .min(0)
  .max(Number.MAX_SAFE_INTEGER - 1);
/** Ends up in a comparison with the clock of every member, so it is bounded. */
const LENGTH_MAX_MS = 60_000;
const lengthMs = z.number().positive().max(LENGTH_MAX_MS);
/** One life of one process, such as "a81f3c20.4711.88123"; see `process-identity.ts` of the server. */
const processId = z.string().min(1).max(128);
/** Of an Application. */
const objectName = z.string().min(1).max(255);
const sentence = z.string().max(1_000);

/** Who holds the role of a pair (PR1). */
export const roleKey = z.object({
  holder: objectName,
  process: processId,
  epoch: count,
  /** The numbered ask that this grants (PR4). */
  ask: count,
  /** How long the holder may act after its last renewal, ms (PR5). */
  lengthMs,
});

const revision = z.object({ start: count, count });
const keySeen = z.object({
  revision,
  /** Absent before anybody has held the role. */
  key: roleKey.optional(),
});

const arbiterRequest = z.discriminatedUnion('type', [
  z.object({ type: z.literal('read'), n: count }),
  z.object({ type: z.literal('swap'), n: count, ifRevision: revision, key: roleKey }),
]);

const arbiterAnswer = z.discriminatedUnion('type', [
  z.object({ type: z.literal('stands'), n: count, seen: keySeen }),
  z.object({ type: z.literal('swapped'), n: count, seen: keySeen }),
  z.object({ type: z.literal('not-swapped'), n: count, seen: keySeen }),
  z.object({ type: z.literal('unknown'), n: count, because: sentence }),
]);

/** From a member. The first message is Hello. */
export const supervisorRequest = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('Hello'),
    version: z.number().int().min(1),
    application: objectName,
    process: processId,
  }),
  z.object({ type: z.literal('Ask'), request: arbiterRequest }),
  /** It is primary, and may be so for this much longer: sent with each confirmation (PR8). */
  z.object({ type: z.literal('Confirmed'), remainsMs: lengthMs }),
  /** It is primary and has offered its role to its mate, which is to ask for it within this time (PR7). */
  z.object({ type: z.literal('Yields'), forMs: lengthMs }),
  /** It is not primary, or no longer. */
  z.object({ type: z.literal('StandsBy') }),
]);
export type SupervisorRequest = z.infer<typeof supervisorRequest>;

export const supervisorReply = z.discriminatedUnion('type', [
  z.object({ type: z.literal('Answered'), answer: arbiterAnswer }),
  /** The key as it stands: after Hello, and at each change. */
  z.object({ type: z.literal('Changed'), seen: keySeen }),
  /** The supervisor has seen the end of the mate's process (PR11). */
  z.object({ type: z.literal('MateEnded'), application: objectName, process: processId }),
  /** What was sent is refused. */
  z.object({ type: z.literal('Error'), text: sentence }),
]);
export type SupervisorReply = z.infer<typeof supervisorReply>;

/** What a supervisor keeps of a pair on its disk: read by its next life, which may be of another version. */
export const pairRecord = z.object({
  /** The process that wrote it. */
  supervisor: processId,
  /** Grows with each start of the supervisor. */
  start: count,
  key: roleKey.optional(),
  /** By Application: the process of it that was last known to live. */
  members: z.record(objectName, processId),
});
