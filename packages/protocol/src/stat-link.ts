/**
 * What crosses between a Stat Server and its clients (desks, boards): one JSON object a WebSocket message. A client
 * subscribes to objects, gets each as it stands, and then whatever changes.
 *
 * A Stat Server tells of one site: who is logged out here may work at the other. Durations cross, not instants
 * (LG5): a client adds the time that has passed since the message came.
 */
import { z } from 'zod';
import {
  challenge,
  opening,
  POLLS,
  proofRequest,
  ReferenceID,
  refusal,
  shownProof,
} from './link-messages.ts';
import { reasons } from './telephony.ts';

/** `Agent`: the user name of a Person. `Queue`: an ACD Queue as `number@switch`. */
export const statisticObjectType = z.enum(['Agent', 'Queue']);
export type StatisticObjectType = z.infer<typeof statisticObjectType>;

/** What a subscription is for; without a name every object of the type, also those that come later. */
const subject = { objectType: statisticObjectType, name: z.string().min(1).max(255).optional() };

export const statRequest = z.discriminatedUnion('type', [
  /** First message: which Application the client runs as, and who is behind it. */
  z.object({
    ...opening,
    /** The log-in token of a person; nothing may be subscribed to without it by whoever is no server. */
    token: z.string().max(4096).optional(),
  }),
  proofRequest,
  z.object({ type: z.literal('Subscribe'), ReferenceID, ...subject }),
  z.object({ type: z.literal('Unsubscribe'), ReferenceID, ...subject }),
  ...POLLS,
]);
export type StatRequest = z.infer<typeof statRequest>;

/**
 * The status of an agent is the highest of what goes on with that agent; here from the lowest to the highest, in
 * the words of the Stat Server manuals. NotMonitored: nothing has been heard of the site's SIP Server yet.
 */
export const AGENT_STATUSES = [
  'NotMonitored',
  'WaitForNextCall',
  'CallDialing',
  'CallRinging',
  'NotReadyForNextCall',
  'AfterCallWork',
  'CallOnHold',
  'CallUnknown',
  'CallConsult',
  'CallInternal',
  'CallOutbound',
  'CallInbound',
  'LoggedOut',
] as const;
export const agentStatus = z.enum(AGENT_STATUSES);
export type AgentStatus = z.infer<typeof agentStatus>;

/** Whether the figures are of now. When the SIP Server is lost they stand as they were, and say for how long. */
const source = z.discriminatedUnion('isCurrent', [
  z.object({ isCurrent: z.literal(true) }),
  z.object({ isCurrent: z.literal(false), staleMs: z.number() }),
]);
export type StatisticSource = z.infer<typeof source>;

export const agentStatistic = z.object({
  objectType: z.literal('Agent'),
  /** User name of the Person. */
  name: z.string(),
  site: z.string(),
  source,
  status: agentStatus,
  /** How long this status has lasted, ms; absent when no beginning is known. */
  sinceMs: z.number().optional(),
  /** Where the agent is logged in; absent while logged out or not monitored. */
  login: z
    .object({
      AgentID: z.string(),
      dn: z.string(),
      /** The Place that holds the DN, where there is one. */
      place: z.string().optional(),
      queues: z.array(z.string()),
    })
    .optional(),
  /** Of the state NotReady, or of the last logout that was seen. */
  reasons,
});
export type AgentStatistic = z.infer<typeof agentStatistic>;

export const queueStatistic = z.object({
  objectType: z.literal('Queue'),
  /** `number@switch`: the figures of one site. */
  name: z.string(),
  site: z.string(),
  source,
  callsWaiting: z.number().int(),
  /** Of the caller who has waited longest, ms; absent while nobody waits. */
  longestWaitMs: z.number().optional(),
  agentsLoggedIn: z.number().int(),
  agentsReady: z.number().int(),
});
export type QueueStatistic = z.infer<typeof queueStatistic>;

export const statistic = z.discriminatedUnion('objectType', [agentStatistic, queueStatistic]);
export type Statistic = z.infer<typeof statistic>;

export const statReply = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('Opened'),
    ReferenceID,
    application: z.string(),
    site: z.string(),
    version: z.number().int(),
    /** LK1, to a server: that the server secret is held here too. */
    proof: shownProof.optional(),
  }),
  challenge,
  /** Answer to Subscribe: the objects as they stand. */
  z.object({ type: z.literal('Subscribed'), ReferenceID, statistics: z.array(statistic) }),
  /** Answer to Unsubscribe. */
  z.object({ type: z.literal('Done'), ReferenceID }),
  /** What has changed of that to which the client has subscribed; each object once, as it stands now. */
  z.object({ type: z.literal('Statistics'), statistics: z.array(statistic) }),
  /** The object is no longer in the configuration; nothing follows about it. */
  z.object({ type: z.literal('Removed'), objectType: statisticObjectType, name: z.string() }),
  z.object({
    ...refusal,
  }),
  ...POLLS,
]);
export type StatReply = z.infer<typeof statReply>;
