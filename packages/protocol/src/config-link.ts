/**
 * What crosses between a Configuration Server and its clients: one JSON object a WebSocket message.
 * Editing stands in `config-edit.ts`, the synchronisation of Switches in `config-sync.ts`.
 */
import { z } from 'zod';
import { BRANCH_REPLIES, BRANCH_REQUESTS } from './config-branch.ts';
import { EDIT_REPLIES, EDIT_REQUESTS } from './config-edit.ts';
import { entry } from './config-entry.ts';
import { personRank } from './config-objects.ts';
import { SYNC_REPLIES, SYNC_REQUESTS } from './config-sync.ts';
import {
  challenge,
  opening,
  POLLS,
  proofRequest,
  ReferenceID,
  refusal,
  shownProof,
} from './link-messages.ts';

/** Of the Keys object, one by one. */
export const KEY_KINDS = ['tokenKey', 'nonceKey', 'serverSecret'] as const;

/** For the history. */
const note = z.string().max(1_000).optional();

const places = z.array(z.string().min(1).max(255)).max(4).optional();

export const configRequest = z.discriminatedUnion('type', [
  /** First message: which Application the client runs as. */
  z.object(opening),
  proofRequest,
  /**
   * Log-in of a person by password; the answer carries a token that both sites accept. `places` is where the
   * person sits today: one Place, or one for each site (DS21); absent means the person's default place.
   */
  z.object({
    type: z.literal('LogIn'),
    ReferenceID,
    user: z.string().min(1).max(255),
    password: z.string().max(1024),
    places,
  }),
  /**
   * A new password of one's own, also when the present one lets in no more (`password-expired`). Answered like an edit: by
   * Edited, after which the new one lets in, or by NotEdited; by Error where it does not come to that.
   */
  z.object({
    type: z.literal('SetPassword'),
    ReferenceID,
    user: z.string().min(1).max(255),
    password: z.string().max(1024),
    newPassword: z.string().max(1024),
  }),
  /**
   * Of administrators: a first password of somebody, or one in place of a forgotten one. Where another can be set it is good for that
   * alone (`password-expired`). Answered like an edit.
   */
  z.object({
    type: z.literal('ResetPassword'),
    ReferenceID,
    user: z.string().min(1).max(255),
    newPassword: z.string().max(1024),
    note,
  }),
  /**
   * Of administrators: what that person has logged in with until now counts no more (ID2), by the clock of this server. Answered like an
   * edit, but for whoever revokes the own log-in: that connection ends.
   */
  z.object({ type: z.literal('Revoke'), ReferenceID, user: z.string().min(1).max(255), note }),
  /**
   * Of administrators: new keys of these kinds in place of the present ones (ID5, ID6), which nobody needs to see for that.
   * `isStolen`: what the former ones have made counts no more. Answered like an edit.
   */
  z.object({
    type: z.literal('RotateKeys'),
    ReferenceID,
    what: z.array(z.enum(KEY_KINDS)).min(1).max(KEY_KINDS.length),
    isStolen: z.boolean().default(false),
  }),
  /** Lets in again whom too many failures have locked out at this server (CS5), without a wait. */
  z.object({ type: z.literal('Unlock'), ReferenceID, user: z.string().min(1).max(255) }),
  /** Log-in at the other site: the token says who it is; the answer is the same as to LogIn, with the same token. */
  z.object({
    type: z.literal('LogInByToken'),
    ReferenceID,
    token: z.string().max(4096),
    places,
  }),
  /** Server applications only: every object that this Application may read. Changes follow as `Changed`. */
  z.object({
    type: z.literal('ReadAll'),
    ReferenceID,
    subscribe: z.boolean(),
    /**
     * The revision that is held already: where what came after it is at hand the answer is that, as `Changed`. Else it is everything,
     * or with `orRefuse` an Error `not-found`, so that the asker may choose when to read it (CX7).
     */
    since: z.string().min(1).max(64).optional(),
    orRefuse: z.boolean().optional(),
  }),
  /** Objects by type, optionally by name. Changes follow when `subscribe`. Credentials are never in the answer. */
  z.object({
    type: z.literal('Read'),
    ReferenceID,
    objectType: z.string().min(1).max(64),
    name: z.string().min(1).max(255).optional(),
    subscribe: z.boolean(),
    /** Only to subscribe: of what there is now nothing is answered. */
    onlyChanges: z.boolean().optional(),
  }),
  ...EDIT_REQUESTS,
  ...SYNC_REQUESTS,
  ...BRANCH_REQUESTS,
  ...POLLS,
]);
export type ConfigRequest = z.infer<typeof configRequest>;

/** The servers of one link at one site (DS3, DS5). None where the desk's Application is connected to none. */
const linkServers = z.object({
  /** A pair is tried in its order, primary first; of a cluster each desk draws its own order. */
  form: z.enum(['pair', 'cluster']),
  members: z.array(z.object({ application: z.string(), host: z.string(), port: z.number().int() })),
  addpTimeoutMs: z.number().int(),
  /** As the server is to ask for its client, where that differs. */
  addpRemoteTimeoutMs: z.number().int().optional(),
  /** Pause after all members have failed, ms. */
  reconnectPauseMs: z.number().int(),
  /** The object that set the pause; absent: nobody has, and it is the default of warm-standby.retry-delay. */
  reconnectPauseSource: z.string().optional(),
});
export type LinkServers = z.infer<typeof linkServers>;

/** Option → value as configured, and the object that set it. */
const resolvedOptions = z.record(z.string(), z.object({ value: z.string(), source: z.string() }));

const moveRisk = z.object({
  /**
   * What it means for the agent. `oneSite`: there is nowhere to go; `sites`: there is, but not all is as it was meant;
   * `phone`: it stays where it is; `lease`: the move comes later than is set; `options`: some count as not set (CF20).
   */
  kind: z.enum(['oneSite', 'sites', 'phone', 'lease', 'options']),
  /** For whoever has to mend it: object, reason and remedy. */
  text: z.string(),
});
export type MoveRisk = z.infer<typeof moveRisk>;

/** What a desk needs of the configuration to work, computed by the server for the person who logged in. */
export const deskConfiguration = z.object({
  person: z.object({
    name: z.string(),
    displayName: z.string(),
    rank: personRank,
  }),
  /** What the desk's application is: which option family it follows (DS1). */
  family: z.enum(['interaction-workspace', 'agent-desktop']),
  /** Resolved options of the family, each with the object that its value came from (DS4). */
  options: resolvedOptions,
  preferredSite: z.string().optional(),
  peerSite: z.string().optional(),
  /** DS3: for each site of the agent, the preferred one first, what the desk works with there. */
  sites: z.array(
    z.object({
      site: z.string(),
      /** The desk's Application for this site: the same everywhere in the Workspace family, one a site in the other. */
      application: z.string(),
      /** Options of that Application where the family keeps them there (`agent-desktop`; DS1). */
      options: resolvedOptions,
      telephony: linkServers,
      configuration: linkServers,
      statistics: linkServers,
      /** The Switch of the agent's Extension there; a Stat Server names its queues `number@switch`. */
      switch: z.string(),
      /** The agent's seat there (DS21). */
      place: z.string(),
      dn: z.string(),
      AgentID: z.string(),
      queues: z.array(z.string()),
    }),
  ),
  /** DS22: what endangers this agent's own move. */
  warnings: z.array(moveRisk),
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
    /** LK1, to a server: that the server secret is held here too. */
    proof: shownProof.optional(),
  }),
  challenge,
  z.object({
    type: z.literal('LoggedIn'),
    ReferenceID,
    token: z.string(),
    /** Of the token; wall clock, ms since 1970. */
    expiresAt: z.number(),
    /** Absent for a supervisor, administrator or auditor who is no agent, or of whom no desk can be made now (CS15). */
    configuration: deskConfiguration.optional(),
    /** Then, why: for whoever has come to work at a desk. */
    noDesk: z.string().optional(),
  }),
  /** To a desk that has logged in over this connection, unasked (CS17): what it was told is this now. */
  z.object({ type: z.literal('DeskConfiguration'), revision: z.string(), configuration: deskConfiguration }),
  z.object({ type: z.literal('Unlocked'), ReferenceID }),
  z.object({ type: z.literal('Objects'), ReferenceID, revision: z.string(), objects: z.array(z.unknown()) }),
  z.object({
    type: z.literal('Changed'),
    revision: z.string(),
    objects: z.array(z.unknown()),
    deleted: z.array(z.string()),
    /** To Configuration Servers: what it came from, where the log was followed. */
    entries: z.array(entry).optional(),
  }),
  z.object({
    ...refusal,
    retryAfterMs: z.number().int().optional(),
  }),
  ...EDIT_REPLIES,
  ...SYNC_REPLIES,
  ...BRANCH_REPLIES,
  ...POLLS,
]);
export type ConfigReply = z.infer<typeof configReply>;
