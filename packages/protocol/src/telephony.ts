/**
 * The vocabulary of calls and agents, in the words of T-Library: event names, states, attributes.
 * Source: the source documents S2 and S4, and the T-Library manuals for names.
 */
import { z } from 'zod';

export const agentStateName = z.enum(['LoggedOut', 'Ready', 'NotReady']);
export type AgentStateName = z.infer<typeof agentStateName>;

/** Inside NotReady (and, for AutoIn and ManualIn, Ready). */
export const workMode = z.enum(['Unknown', 'AutoIn', 'ManualIn', 'AfterCallWork', 'AuxWork']);
export type WorkMode = z.infer<typeof workMode>;

export const callType = z.enum(['Unknown', 'Internal', 'Inbound', 'Outbound', 'Consult']);
export type CallType = z.infer<typeof callType>;

export const dnRole = z.enum(['RoleOrigination', 'RoleDestination', 'RoleObserver']);
export type DNRole = z.infer<typeof dnRole>;

/** Attached to the call and kept with it; values are text. */
export const userData = z.record(z.string().min(1).max(128), z.string().max(4096));
export type UserData = z.infer<typeof userData>;

/** Reasons of a request or an event: "ReasonCode" → "lunch", "logout" → "dr-force_logout". */
export const reasons = z.record(z.string().min(1).max(64), z.string().max(255));
export type Reasons = z.infer<typeof reasons>;

/**
 * Why an agent was logged out, under the key `LogoutReason` of Reasons in EventAgentLogout (S4).
 * Absent for the agent's own logout.
 */
export const LOGOUT_REASONS = {
  phoneLost: 'dr-force_logout',
  gracefulShutdown: 'graceful_shutdown_logout',
  supervisor: 'supervisor_logout',
  /** A login of the same agent with a higher epoch took over (LL7). */
  superseded: 'login-superseded',
  /** Who did nothing for `auto-logout-timeout`. */
  inactive: 'auto_logout',
  /** The Person was disabled or deleted, or its log-in was revoked (ID3). */
  revoked: 'login-revoked',
} as const;

/**
 * T-Library's events that stand in the log. Answers to one client are messages of their own (desk-link.ts): `Error` is
 * EventError, `Registered` EventRegistered, `RegisteredAll` EventRegisteredAll, `ServerInfo` EventServerInfo. EventLinkConnected
 * and EventLinkDisconnected are what a desk says of its own session, which no log of a server can know.
 */
export const EVENT_NAMES = [
  'EventAgentLogin',
  'EventAgentLogout',
  'EventQueueLogout',
  'EventAgentReady',
  'EventAgentNotReady',
  'EventDNOutOfService',
  'EventDNBackInService',
  'EventQueued',
  'EventDiverted',
  'EventAbandoned',
  'EventRouteRequest',
  'EventRouteUsed',
  'EventDialing',
  'EventNetworkReached',
  'EventDestinationBusy',
  'EventRinging',
  'EventEstablished',
  'EventHeld',
  'EventRetrieved',
  'EventReleased',
  'EventPartyChanged',
  'EventAttachedDataChanged',
  'EventTreatmentApplied',
  'EventTreatmentEnd',
] as const;
export const eventName = z.enum(EVENT_NAMES);
export type EventName = z.infer<typeof eventName>;

/** T-Library's attribute names; every event has ThisDN, each of a call ConnID, CallID, CallType, CallState and ThisDNRole, the rest as its kind asks. */
export const eventAttributes = z.object({
  ThisDN: z.string(),
  ThisDNRole: dnRole.optional(),
  OtherDN: z.string().optional(),
  OtherDNRole: dnRole.optional(),
  /**
   * EventDiverted: the agent of the other site to whom a pooled queue offers the call (PQ1). EventPartyChanged: who has
   * transferred the call; EventReleased of a transfer: with whom it goes on.
   */
  ThirdPartyDN: z.string().optional(),
  ThirdPartyDNRole: dnRole.optional(),
  ThisQueue: z.string().optional(),
  /** Given by the server, unique over both sites, kept for the life of the call. */
  ConnID: z.string().optional(),
  /**
   * Of a consultation: the call for which it was made. EventPartyChanged: under which ConnID this DN has known the call until
   * now, where that was another.
   */
  PreviousConnID: z.string().optional(),
  /** The same call as a number, as T-Library knows it of a switch; never 0. Two calls may have one: ConnID tells them apart. */
  CallID: z.number().int().optional(),
  CallType: callType.optional(),
  CallState: z.string().optional(),
  ANI: z.string().optional(),
  DNIS: z.string().optional(),
  AgentID: z.string().optional(),
  WorkMode: workMode.optional(),
  Reasons: reasons.optional(),
  UserData: userData.optional(),
  Extensions: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
  /** Of the request that caused the event, when it was this client's. */
  ReferenceID: z.number().int().optional(),
});
export type EventAttributes = z.infer<typeof eventAttributes>;

/** As clients get them: with the name of the SIP Server's Application that wrote the event. */
export const loggedAttributes = eventAttributes.extend({ Server: z.string() });

/** A call as one DN sees it, for snapshots. */
export const callOnDN = z.object({
  ConnID: z.string(),
  CallType: callType,
  /** Of the party on this DN. */
  state: z.enum(['Dialing', 'Queued', 'Ringing', 'Established', 'Held']),
  OtherDN: z.string().optional(),
  ThisQueue: z.string().optional(),
  ANI: z.string().optional(),
  UserData: userData,
  /** How long the party has been in this state, ms, when the snapshot was taken (LG5: durations cross processes). */
  sinceMs: z.number(),
});
export type CallOnDN = z.infer<typeof callOnDN>;

/** The state of one DN, as EventRegistered carries it. */
export const dnSnapshot = z.object({
  dn: z.string(),
  inService: z.boolean(),
  agent: z
    .object({
      AgentID: z.string(),
      person: z.string(),
      epoch: z.object({ number: z.number().int(), desk: z.string() }),
      state: agentStateName,
      workMode,
      reasons,
      queues: z.array(z.string()),
      /** False while the login lease has ended (LL3): logged in, but no call is routed there. */
      routable: z.boolean(),
      sinceMs: z.number(),
    })
    .optional(),
  calls: z.array(callOnDN),
});
export type DNSnapshot = z.infer<typeof dnSnapshot>;

/** The state of one ACD queue, for boards and statistics. */
export const queueSnapshot = z.object({
  dn: z.string(),
  waiting: z.array(
    z.object({ ConnID: z.string(), ANI: z.string().optional(), priority: z.number(), waitedMs: z.number() }),
  ),
  agentsLoggedIn: z.number().int(),
  agentsReady: z.number().int(),
});
export type QueueSnapshot = z.infer<typeof queueSnapshot>;
