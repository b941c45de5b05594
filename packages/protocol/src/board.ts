/**
 * What the live page draws. The lab's process sends one `BoardMessage` a WebSocket message: first a
 * `snapshot` and the `decisions` so far, then a `snapshot` four times a second; `decision` as they happen.
 */
import { z } from 'zod';
import { deskConfiguration } from './config-link.ts';
import { agentStateName, workMode } from './telephony.ts';

/** An option that governs: its name, its value and the object that the value came from. */
const boardOption = z.object({ name: z.string(), value: z.string(), source: z.string() });

/** One of a desk's links, as its DeskView tells it; instants are wall clock, ms. */
export const boardDeskLink = z.object({
  kind: z.enum(['telephony', 'configuration', 'statistics']),
  /** Telephony has one link to each site, the others stand at one site at a time. Empty before that is known. */
  site: z.string(),
  state: z.enum(['on', 'off', 'connecting']),
  /** yellow: something is amiss, but the link is not given up. */
  health: z.enum(['green', 'yellow', 'red']),
  /** Since when in this state. */
  since: z.number(),
  /** Where a lesser link goes by itself, while the time for it is running (DS16), and the option that sets that. */
  move: z.object({ to: z.string(), from: z.number(), until: z.number(), option: boardOption }).nullable(),
});
export type BoardDeskLink = z.infer<typeof boardDeskLink>;

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
  /** Whose options the desktop follows (DS1); null before it is configured. */
  family: deskConfiguration.shape.family.nullable(),
  links: z.array(boardDeskLink),
  /**
   * The option that governs the agent's next move, the site for which it is set, and in a few words what has to
   * happen for it to decide. `from` and `until` while its time is running, else null.
   */
  governing: boardOption
    .extend({
      site: z.string(),
      waitsFor: z.string(),
      from: z.number().nullable(),
      until: z.number().nullable(),
    })
    .nullable(),
  /** What endangers this agent's own work or move (DS22), each once. */
  warnings: z.array(z.string()),
  /** A lesser link is lost, which moves nobody (DS16). */
  alarms: z.array(
    z.object({
      name: z.string(),
      since: z.number(),
      /** For the agent. */
      text: z.string(),
      because: z.string(),
      rule: z.string(),
    }),
  ),
});
export type BoardAgent = z.infer<typeof boardAgent>;

export const boardSite = z.object({
  site: z.string(),
  /** hung: stopped by the lab (SIGSTOP). */
  state: z.enum(['up', 'down', 'hung', 'starting']),
  since: z.number(),
  /** Processes of the site, its Stat Server too, and whether each runs; `hung` also where one alone is stopped. */
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
      /** Of them: could be given the next caller. Ready alone does not say so: who is in a call stays Ready. */
      agentsFree: z.number(),
      agentsInCall: z.number(),
    }),
  ),
  calls: z.number(),
});
export type BoardSite = z.infer<typeof boardSite>;

export const boardDecision = z.object({
  /** alarm, alarmOver: nothing moves, somebody is told (DS16). */
  kind: z.enum(['decision', 'alarm', 'alarmOver']),
  /** Wall clock, ms. */
  at: z.number(),
  who: z.string(),
  /** What was decided, or the name of the alarm. */
  what: z.string(),
  because: z.string(),
  rule: z.string(),
  /** The option that governed it; null when none did. */
  option: boardOption.nullable(),
  /** Of an alarm: where the link was lost, or stands again. */
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
  /** Of them, those who are not Ready again yet. */
  waiting: z.number(),
  /** total_ms percentiles over all of them: who still waits counts with the time so far. Null when there is nobody. */
  total: z.object({ p50: z.number(), p95: z.number(), p99: z.number() }).nullable(),
  /**
   * after_wait_ms percentiles over those who are Ready again, because what was allowed is known only then: to be shown
   * with `waiting` beside it. Null before the first.
   */
  afterWait: z.object({ p50: z.number(), p95: z.number(), p99: z.number() }).nullable(),
});
export type BoardLedger = z.infer<typeof boardLedger>;

/** Decisions and alarms of one agent that are kept; the oldest fall off. */
export const TIMELINE_MAX = 100;
/** Decisions and alarms of all agents that lab and page keep: as many as anybody scrolls through; the oldest fall off. */
export const RECENT_DECISIONS_MAX = 300;

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
      /** In a line: a site has given the caller a sign. */
      waiting: z.number(),
      /** Have dialled, and no site has given a sign yet. */
      withoutSign: z.number(),
      talking: z.number(),
      /** Of those in which two people talked when a site was lost. */
      lost: z.number(),
      /** Callers whose place in line went with its site. */
      lostInLine: z.number(),
    }),
    ledgers: z.array(boardLedger),
    /** How to join with a real phone, and where to call. */
    join: z
      .object({ server: z.string(), user: z.string(), password: z.string(), queue: z.string() })
      .nullable(),
  }),
  /** To who connects, also again: what all agents decided before. What they decide later follows as `decision`. */
  z.object({
    type: z.literal('decisions'),
    /** Newest last. */
    entries: z.array(boardDecision).max(RECENT_DECISIONS_MAX),
  }),
  z.object({ type: z.literal('decision'), decision: boardDecision }),
  /** The answer to `timeline`, to who asked alone; what this agent decides later follows as `decision`. */
  z.object({
    type: z.literal('timeline'),
    agent: z.string(),
    /** Newest last. */
    entries: z.array(boardDecision).max(TIMELINE_MAX),
    /** Older ones that the lab no longer holds. */
    dropped: z.number(),
  }),
  /** Outcome of a button. */
  z.object({ type: z.literal('notice'), level: z.enum(['info', 'error']), text: z.string() }),
]);
export type BoardMessage = z.infer<typeof boardMessage>;
export type BoardSnapshot = Extract<BoardMessage, { type: 'snapshot' }>;

const name = z.string().min(1).max(64);

/** From the page: a site's buttons, and what one agent has decided so far. */
export const boardCommand = z.discriminatedUnion('type', [
  z.object({ type: z.enum(['kill', 'hang', 'restore']), site: name }),
  z.object({ type: z.literal('timeline'), agent: name }),
]);
export type BoardCommand = z.infer<typeof boardCommand>;
export type SiteCommand = Extract<BoardCommand, { site: string }>;
