/**
 * What crosses between a Configuration Server and its clients: one JSON object a WebSocket message.
 * Read-only in this version: editing comes with the configuration database.
 */
import { z } from 'zod';
import type { ErrorCode } from './error-code.ts';

const ReferenceID = z.number().int().nonnegative();

export const configRequest = z.discriminatedUnion('type', [
  /** First message: which Application the client runs as. */
  z.object({
    type: z.literal('Open'),
    ReferenceID,
    application: z.string().min(1).max(255),
    version: z.number().int(),
    addpTimeoutMs: z.number().int().min(100).max(3_600_000),
    /** Server applications show that they are what they say; desks have none. */
    secret: z.string().max(1024).optional(),
  }),
  /**
   * Log-in of a person by password; the answer carries a token that both sites accept. `place` is where the
   * person sits today; absent means the person's default place.
   */
  z.object({
    type: z.literal('LogIn'),
    ReferenceID,
    user: z.string().min(1).max(255),
    password: z.string().max(1024),
    place: z.string().min(1).max(255).optional(),
  }),
  /** Log-in at the other site: the token says who it is; the answer is the same as to LogIn, with the same token. */
  z.object({
    type: z.literal('LogInByToken'),
    ReferenceID,
    token: z.string().max(4096),
    place: z.string().min(1).max(255).optional(),
  }),
  /** Server applications only: every object that this Application may read. Changes follow as `Changed`. */
  z.object({ type: z.literal('ReadAll'), ReferenceID, subscribe: z.boolean() }),
  /** Objects by type, optionally by name. Changes follow when `subscribe`. Credentials are never in the answer. */
  z.object({
    type: z.literal('Read'),
    ReferenceID,
    objectType: z.string().min(1).max(64),
    name: z.string().min(1).max(255).optional(),
    subscribe: z.boolean(),
  }),
  z.object({ type: z.literal('Ping'), n: z.number().int() }),
  z.object({ type: z.literal('Pong'), n: z.number().int() }),
]);
export type ConfigRequest = z.infer<typeof configRequest>;

/** What a desk needs of the configuration to work, computed by the server for the person who logged in. */
export const deskConfiguration = z.object({
  person: z.object({
    name: z.string(),
    displayName: z.string(),
    rank: z.enum(['agent', 'supervisor', 'administrator']),
  }),
  /** What the desk's application is: which option family it follows (DS1). */
  family: z.enum(['interaction-workspace', 'agent-desktop']),
  /** Resolved options of the family, each with the object that its value came from (DS4). */
  options: z.record(z.string(), z.object({ value: z.string(), source: z.string() })),
  preferredSite: z.string().optional(),
  peerSite: z.string().optional(),
  /** DS3: per site the servers to connect to, primary first, and the DN and Agent Login of the agent's place there. */
  sites: z.array(
    z.object({
      site: z.string(),
      sipServers: z.array(z.object({ application: z.string(), host: z.string(), port: z.number().int() })),
      configServers: z.array(z.object({ application: z.string(), host: z.string(), port: z.number().int() })),
      addpTimeoutMs: z.number().int(),
      /** Pause between rounds of attempts while a link is off (DS5), ms. */
      reconnectPauseMs: z.number().int(),
      dn: z.string(),
      AgentID: z.string(),
      queues: z.array(z.string()),
    }),
  ),
  place: z.string(),
});
export type DeskConfiguration = z.infer<typeof deskConfiguration>;

export const configReply = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('Opened'),
    ReferenceID,
    application: z.string(),
    site: z.string(),
    version: z.number().int(),
    /** Revision of the configuration that is served. */
    revision: z.string(),
  }),
  z.object({
    type: z.literal('LoggedIn'),
    ReferenceID,
    token: z.string(),
    /** Of the token; wall clock, ms since 1970. */
    expiresAt: z.number(),
    configuration: deskConfiguration,
  }),
  z.object({ type: z.literal('Objects'), ReferenceID, revision: z.string(), objects: z.array(z.unknown()) }),
  z.object({
    type: z.literal('Changed'),
    revision: z.string(),
    objects: z.array(z.unknown()),
    deleted: z.array(z.string()),
  }),
  z.object({
    type: z.literal('Error'),
    ReferenceID: ReferenceID.optional(),
    code: z.string().transform((code) => code as ErrorCode),
    text: z.string(),
    field: z.string().optional(),
    retryAfterMs: z.number().int().optional(),
  }),
  z.object({ type: z.literal('Ping'), n: z.number().int() }),
  z.object({ type: z.literal('Pong'), n: z.number().int() }),
]);
export type ConfigReply = z.infer<typeof configReply>;
