/**
 * An agent of the invented world: takes calls while its site lives; when the site is lost it notices, waits, logs
 * in at the other site and is Ready, each step at a moment drawn in advance.
 */
import type { BoardAgent } from '@holdfast/protocol';

export const SITE_TIMEOUT_MS = 3_000;
/** How long a site must have been well again before its agents go home. */
export const RETURN_AFTER_MS = 5_000;
const OPTION = 'disaster-recovery.timeout';

export type Phase =
  | { readonly name: 'working' }
  /** The site is lost; the moments of what will happen, wall clock. */
  | {
      readonly name: 'away';
      readonly lostSite: string;
      readonly detectedAt: number;
      readonly decideAt: number;
      readonly readyAt: number;
      readonly isDecided: boolean;
    };

export interface FakeAgent {
  readonly board: BoardAgent;
  readonly phase: Phase;
  /** When the present call, after-call work or pause ends. */
  readonly busyUntil: number;
}

export type FakeStep =
  | { readonly what: 'detected' | 'decided' | 'ready'; readonly at: number; readonly to: string }
  | { readonly what: 'returned'; readonly at: number; readonly to: string };

const SCHEMES = ['active-backup', 'dual', 'single'] as const;

export function makeAgent(index: number, sites: readonly [string, string], now: number): FakeAgent {
  const dn = String(7001 + index);
  const home = sites[index % 2 === 0 ? 0 : 1];
  return {
    board: {
      agent: `agent${dn}`,
      scheme: SCHEMES[(index >> 1) % SCHEMES.length] ?? 'dual',
      dn,
      preferredSite: home,
      site: home,
      state: 'Ready',
      workMode: 'AutoIn',
      reason: '',
      onCall: false,
      since: now - 1000 * (40 + 7 * index),
      phoneAt: [home],
      wait: null,
      banner: `Working at site ${home}.`,
      // What the desk tells of itself is worked out for each picture (fake-desk.ts).
      family: null,
      links: [],
      governing: null,
      warnings: [],
      alarms: [],
    },
    phase: { name: 'working' },
    busyUntil: 0,
  };
}

/** The loss of the agent's site: from here on everything is decided by the drawn moments. */
export function loseSite(agent: FakeAgent, now: number, draw: () => number, silenceMs: number): FakeAgent {
  const detectedAt = now + silenceMs + 120 * draw();
  const decideAt = detectedAt + SITE_TIMEOUT_MS;
  return {
    ...agent,
    phase: {
      name: 'away',
      lostSite: agent.board.site ?? agent.board.preferredSite,
      detectedAt,
      decideAt,
      readyAt: decideAt + 350 + 1_600 * draw() ** 2,
      isDecided: false,
    },
  };
}

/** What the agent's own clock does to it. `lives` says whether a site answers. */
export function stepAgent(
  agent: FakeAgent,
  now: number,
  world: { readonly lives: (site: string) => boolean; readonly other: (site: string) => string },
): { readonly agent: FakeAgent; readonly step: FakeStep | undefined } {
  const { board, phase } = agent;
  if (phase.name === 'working') return { agent: work(agent, now), step: undefined };
  const to = world.lives(phase.lostSite) && !phase.isDecided ? phase.lostSite : world.other(phase.lostSite);
  if (!phase.isDecided && now < phase.detectedAt) return { agent, step: undefined };
  if (!phase.isDecided && board.wait === null) {
    const wait = {
      what: `site ${phase.lostSite} to answer`,
      from: phase.detectedAt,
      until: phase.decideAt,
      governedBy: `${OPTION} = ${SITE_TIMEOUT_MS / 1000}`,
    };
    const banner = `Site ${phase.lostSite} does not answer. Waiting ${SITE_TIMEOUT_MS / 1000} s for it.`;
    return {
      agent: { ...agent, board: { ...board, wait, banner, phoneAt: [world.other(phase.lostSite)] } },
      step: { what: 'detected', at: phase.detectedAt, to },
    };
  }
  if (!phase.isDecided && to === phase.lostSite) return { agent: settle(agent, to, now), step: undefined };
  if (!phase.isDecided && now >= phase.decideAt) {
    const gone: BoardAgent = {
      ...board,
      site: world.lives(phase.lostSite) ? null : phase.lostSite,
      state: 'LoggedOut',
      workMode: 'Unknown',
      wait: null,
      onCall: false,
      since: now,
      banner: `Logging in at site ${to}.`,
    };
    return {
      agent: { ...agent, board: gone, phase: { ...phase, isDecided: true } },
      step: { what: 'decided', at: phase.decideAt, to },
    };
  }
  if (phase.isDecided && now >= phase.readyAt && world.lives(to))
    return { agent: settle(agent, to, now), step: { what: 'ready', at: now, to } };
  return { agent, step: undefined };
}

export function settle(agent: FakeAgent, site: string, now: number): FakeAgent {
  const { board } = agent;
  return {
    phase: { name: 'working' },
    busyUntil: now + 800,
    board: {
      ...board,
      site,
      state: 'Ready',
      workMode: 'AutoIn',
      reason: '',
      onCall: false,
      wait: null,
      since: now,
      phoneAt: [site],
      banner: `Working at site ${site}.`,
    },
  };
}

/** A call is over: after-call work; that is over: Ready. */
function work(agent: FakeAgent, now: number): FakeAgent {
  const { board } = agent;
  if (now < agent.busyUntil) return agent;
  if (board.onCall) {
    return {
      ...agent,
      busyUntil: now + 1_600,
      board: { ...board, onCall: false, state: 'NotReady', workMode: 'AfterCallWork', since: now },
    };
  }
  if (board.state === 'Ready') return agent;
  return { ...agent, board: { ...board, state: 'Ready', workMode: 'AutoIn', reason: '', since: now } };
}
