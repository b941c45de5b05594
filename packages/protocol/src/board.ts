/**
 * What the live page draws. The lab's process sends one `BoardMessage` a WebSocket message: first a
 * `snapshot`, then one whenever something changed, at most four a second; `decision` as they happen.
 */
import { z } from 'zod';
import { agentStateName, workMode } from './telephony.ts';

export const boardAgent = z.object({
  agent: z.string(),
  /** single, dual, active-backup or fixed (PH1). */
  scheme: z.enum(['single', 'dual', 'active-backup', 'fixed']),
  dn: z.string(),
  preferredSite: z.string(),
  /** The site of the login, or null while logged out. */
  site: z.string().nullable(),
  state: agentStateName,
  workMode,
  /** Reason of NotReady or of the logout, in the words of the event; empty when there is none. */
  reason: z.string(),
  onCall: z.boolean(),
  /** Wall clock, ms: since when in this site and state. */
  since: z.number(),
  /** Sites where the phone is registered now. */
  phoneAt: z.array(z.string()),
  /** The wait that is running, if any: what for, from when to when (wall clock, ms), and the option that governs it. */
  wait: z
    .object({ what: z.string(), from: z.number(), until: z.number(), governedBy: z.string() })
    .nullable(),
  /** What the agent is told now, in plain words. */
  banner: z.string(),
});
export type BoardAgent = z.infer<typeof boardAgent>;

export const boardSite = z.object({
  site: z.string(),
  /** hung: stopped by the lab (SIGSTOP). */
  state: z.enum(['up', 'down', 'hung', 'starting']),
  since: z.number(),
  /** Processes of the site and whether each answers. */
  processes: z.array(
    z.object({
      name: z.string(),
      state: z.enum(['up', 'down', 'hung', 'starting']),
      pid: z.number().nullable(),
    }),
  ),
  queues: z.array(
    z.object({
      dn: z.string(),
      name: z.string(),
      /** Since when each caller waits (wall clock, ms), longest first. */
      waiting: z.array(z.object({ ani: z.string(), since: z.number() })),
      agentsLoggedIn: z.number(),
      agentsReady: z.number(),
    }),
  ),
  calls: z.number(),
});
export type BoardSite = z.infer<typeof boardSite>;

export const boardDecision = z.object({
  /** Wall clock, ms. */
  at: z.number(),
  who: z.string(),
  what: z.string(),
  because: z.string(),
  rule: z.string(),
  site: z.string().nullable(),
});
export type BoardDecision = z.infer<typeof boardDecision>;

/** One disaster and how the agents whom it concerned came back (ME1). Instants: wall clock, ms; waits: ms. */
export const boardLedger = z.object({
  fault: z.object({ at: z.number(), what: z.string(), site: z.string() }),
  agents: z.array(
    z.object({
      agent: z.string(),
      lastAbleAt: z.number(),
      detectedAt: z.number().nullable(),
      decidedAt: z.number().nullable(),
      loggedInAt: z.number().nullable(),
      allowedAt: z.number().nullable(),
      readyAt: z.number().nullable(),
      governedBy: z.string().nullable(),
    }),
  ),
  /** total_ms and after_wait_ms percentiles over those who are Ready again; null before the first. */
  total: z.object({ p50: z.number(), p95: z.number(), p99: z.number() }).nullable(),
  afterWait: z.object({ p50: z.number(), p95: z.number(), p99: z.number() }).nullable(),
});
export type BoardLedger = z.infer<typeof boardLedger>;

export const boardMessage = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('snapshot'),
    /** Wall clock of the lab, ms: to place the rest. */
    now: z.number(),
    sites: z.array(boardSite),
    agents: z.array(boardAgent),
    calls: z.object({
      offered: z.number(),
      answered: z.number(),
      waiting: z.number(),
      talking: z.number(),
      lost: z.number(),
    }),
    ledgers: z.array(boardLedger),
    /** How to join with a real phone, and where to call. */
    join: z
      .object({ server: z.string(), user: z.string(), password: z.string(), queue: z.string() })
      .nullable(),
  }),
  z.object({ type: z.literal('decision'), decision: boardDecision }),
  /** Outcome of a button. */
  z.object({ type: z.literal('notice'), level: z.enum(['info', 'error']), text: z.string() }),
]);
export type BoardMessage = z.infer<typeof boardMessage>;
export type BoardSnapshot = Extract<BoardMessage, { type: 'snapshot' }>;

/** From the page's buttons. */
export const boardCommand = z.object({
  type: z.enum(['kill', 'hang', 'restore']),
  site: z.string().min(1).max(64),
});
export type BoardCommand = z.infer<typeof boardCommand>;
