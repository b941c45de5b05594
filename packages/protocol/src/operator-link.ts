/**
 * What a person of the same machine says to one member of a pair, over a socket in that member's data folder (PR11): the
 * way that is left where no port for clients is open. Whoever may open the socket could also kill the process.
 */
import { z } from 'zod';

const sentence = z.string().max(1_000);

export const operatorRequest = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('ActAlone'),
    version: z.number().int().min(1),
    /** Who says so, for the log: the user of the machine, as the command knows it. */
    by: z.string().min(1).max(100),
  }),
]);
export type OperatorRequest = z.infer<typeof operatorRequest>;

export const operatorReply = z.discriminatedUnion('type', [
  /** It acts, alone until another voice is heard. */
  z.object({ type: z.literal('Acts') }),
  /** What was said is refused; nothing has changed. */
  z.object({ type: z.literal('Error'), text: sentence }),
]);
export type OperatorReply = z.infer<typeof operatorReply>;
