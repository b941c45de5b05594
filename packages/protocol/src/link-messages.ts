/** What the links to SIP Servers, Configuration Servers and Stat Servers have in common. */
import { z } from 'zod';
import type { ErrorCode } from './error-code.ts';

/** Of a request; its answer repeats it. */
export const ReferenceID = z.number().int().nonnegative();

/** How long a side waits, ms, before it calls the line dead (ADDP); what it tells the other holds there. */
export const addpTimeoutMs = z.number().int().min(100).max(3_600_000);

/** LK1: of one connection alone, drawn by chance. */
export const nonce = z.string().min(16).max(64);

/**
 * LK1: HMAC-SHA-256 under the server secret over both nonces, who the two are and who shows it; two with a blank between
 * them while the secret is being changed (ID7).
 */
export const shownProof = z.string().max(160);

/** LK1: answers Challenge. */
export const proofRequest = z.object({ type: z.literal('Proof'), ReferenceID, proof: shownProof });

/** LK1: answers a first message with a nonce. */
export const challenge = z.object({
  type: z.literal('Challenge'),
  ReferenceID,
  application: z.string().min(1).max(255),
  site: z.string().min(1).max(255),
  nonce,
});

/** The first message to a Configuration Server or Stat Server: which Application the client runs as. */
export const opening = {
  type: z.literal('Open'),
  ReferenceID,
  application: z.string().min(1).max(255),
  version: z.number().int(),
  addpTimeoutMs,
  /** LK1, of a server: it is answered by Challenge, and opened by Proof. Desks have none. */
  nonce: nonce.optional(),
  /** What servers said in version 1; refused. */
  secret: z.string().max(1024).optional(),
};

/** The request was refused; nothing has changed. */
export const refusal = {
  type: z.literal('Error'),
  ReferenceID: ReferenceID.optional(),
  code: z.string().transform((code) => code as ErrorCode),
  /** A sentence that names the thing and the remedy. */
  text: z.string(),
  /** The field of a malformed message; the state of `wrong-state`. */
  field: z.string().optional(),
};

/** ADDP: Ping is sent when the line has been idle, and answered at once by Pong. */
export const POLLS = [
  z.object({ type: z.literal('Ping'), n: z.number().int() }),
  z.object({ type: z.literal('Pong'), n: z.number().int() }),
] as const;
