/**
 * An invented contact centre for the page's own tests and pictures: it plays a believable loss of a site without a
 * single server. Nothing here is measured; the real feed is the lab's (lab/live/board.ts).
 *
 * All of it is drawn from one seed, so that a picture can be taken twice.
 */
import {
  type BoardCommand,
  type BoardDecision,
  type BoardLedger,
  type BoardMessage,
  type BoardSite,
  type BoardSnapshot,
  RECENT_DECISIONS_MAX,
  type SiteCommand,
  TIMELINE_MAX,
} from '@holdfast/protocol';
import {
  type FakeAgent,
  type FakeStep,
  loseSite,
  makeAgent,
  RETURN_AFTER_MS,
  SITE_TIMEOUT_MS,
  settle,
  stepAgent,
} from './fake-agent.ts';
import { alarmText, configurationAt, deskOf, type FakeServers, familyOf, siteTimeout } from './fake-desk.ts';

export const FAKE_SITES = ['north', 'south'] as const;
const QUEUES = [
  ['8000', 'Sales'],
  ['8001', 'Support'],
  ['8009', 'Overflow'],
] as const;
/** Silence is noticed by ping limits; a killed process's sockets tell at once. */
const SILENCE_MS = { kill: 0, hang: 1_400 } as const;
const CALLERS_MAX = 12;
const START_MS = 1_500;
/** Decisions that are remembered; the oldest fall off. */
const TOLD_MAX = 5_000;

interface Caller {
  readonly ani: string;
  readonly since: number;
  readonly queue: string;
  readonly site: string;
}

export class FakeWorld {
  #agents: FakeAgent[];
  #callers: Caller[] = [];
  readonly #sites = new Map<string, { state: BoardSite['state']; since: number }>();
  /** Configuration Servers that are dead while their site lives, and since when. */
  readonly #configurationLost = new Map<string, number>();
  readonly #told: BoardDecision[] = [];
  readonly #linksMoved = new Set<string>();
  readonly #ledgers: { fault: BoardLedger['fault']; rows: Map<string, BoardLedger['agents'][number]> }[] = [];
  readonly #calls = { offered: 0, answered: 0, lost: 0, lostInLine: 0 };
  #seed: number;

  constructor(options: { readonly agents: number; readonly seed: number; readonly now: number }) {
    this.#seed = options.seed;
    this.#agents = Array.from({ length: options.agents }, (_, i) => makeAgent(i, FAKE_SITES, options.now));
    for (const site of FAKE_SITES) this.#sites.set(site, { state: 'up', since: options.now - 95_000 });
  }

  /** A small linear generator: enough for pictures. */
  readonly #draw = (): number => {
    this.#seed = (this.#seed * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return this.#seed / 2 ** 32;
  };

  obey(command: BoardCommand, now: number): BoardMessage {
    return command.type === 'timeline' ? this.#timeline(command.agent) : this.#press(command, now);
  }

  recent(): BoardMessage {
    return { type: 'decisions', entries: this.#told.slice(-RECENT_DECISIONS_MAX) };
  }

  #timeline(agent: string): BoardMessage {
    const entries = this.#told.filter(({ who }) => who === agent);
    const dropped = Math.max(0, entries.length - TIMELINE_MAX);
    return { type: 'timeline', agent, entries: entries.slice(dropped), dropped };
  }

  /** The Configuration Server of a site dies, or is back: alone, while everything else there lives. */
  turnConfiguration(site: string, isUp: boolean, now: number): BoardMessage[] {
    const kind = isUp ? 'alarmOver' : 'alarm';
    const warned = this.#agents.filter((agent) => {
      const { alarms } = deskOf(agent, this.#servers, now);
      return agent.board.site === site && (isUp ? alarms.length > 0 : alarms.length === 0);
    });
    if (isUp) this.#configurationLost.delete(site);
    else this.#configurationLost.set(site, now);
    return this.#tell(
      warned.map(({ board }) => ({
        kind,
        at: now,
        who: board.agent,
        what: 'configuration-link-lost',
        because: isUp
          ? `The configuration link stands again, at site ${site}.`
          : alarmText(familyOf(board), site),
        rule: 'DS16',
        option: null,
        site,
      })),
    );
  }

  #tell(decisions: readonly BoardDecision[]): BoardMessage[] {
    this.#told.push(...decisions);
    this.#told.splice(0, Math.max(0, this.#told.length - TOLD_MAX));
    return decisions.map((decision) => ({ type: 'decision', decision }));
  }

  readonly #servers: FakeServers = {
    other: (site) => otherSite(site),
    site: (site) => {
      const { state = 'down', since = 0 } = this.#sites.get(site) ?? {};
      return { isUp: state === 'up', since };
    },
    configuration: (site) => {
      const at = this.#servers.site(site);
      const lostAt = this.#configurationLost.get(site);
      return lostAt === undefined ? at : { isUp: false, since: lostAt };
    },
  };

  #press({ type, site }: SiteCommand, now: number): BoardMessage {
    const state = this.#sites.get(site)?.state;
    if (state === undefined) return { type: 'notice', level: 'error', text: `There is no site ${site}.` };
    if (type === 'restore') {
      this.#set(site, 'starting', now);
      return { type: 'notice', level: 'info', text: `Site ${site} is being restored.` };
    }
    this.#set(site, type === 'kill' ? 'down' : 'hung', now);
    this.#loseAgents(site, type, now);
    const words = type === 'kill' ? 'was killed' : 'is stopped: it accepts nothing and says nothing';
    return { type: 'notice', level: 'info', text: `Site ${site} ${words}.` };
  }

  #set(site: string, state: BoardSite['state'], now: number): void {
    this.#sites.set(site, { state, since: now });
  }

  #loseAgents(site: string, type: 'kill' | 'hang', now: number): void {
    const rows = new Map<string, BoardLedger['agents'][number]>();
    this.#calls.lostInLine += this.#callers.filter((caller) => caller.site === site).length;
    this.#callers = this.#callers.filter((caller) => caller.site !== site);
    this.#agents = this.#agents.map((agent) => {
      if (agent.board.site !== site) return agent;
      rows.set(agent.board.agent, {
        agent: agent.board.agent,
        lastAbleAt: now,
        detectedAt: null,
        decidedAt: null,
        loggedInAt: null,
        allowedAt: null,
        readyAt: null,
        governedBy: null,
      });
      return loseSite(agent, now, this.#draw, SILENCE_MS[type]);
    });
    this.#ledgers.push({ fault: { at: now, what: type === 'kill' ? 'killed' : 'hung', site }, rows });
  }

  /** What has happened up to now. */
  advance(now: number): BoardMessage[] {
    const decisions: BoardDecision[] = [];
    for (const [site, { state, since }] of this.#sites)
      if (state === 'starting' && now - since > START_MS) this.#set(site, 'up', now);
    const world = { lives: (site: string) => this.#lives(site), other: otherSite };
    this.#agents = this.#agents.map((before) => {
      const { agent, step } = stepAgent(before, now, world);
      if (step !== undefined) decisions.push(...this.#account(agent, step));
      return this.#returnHome(agent, now, decisions);
    });
    this.#route(now);
    return [...this.#tell([...decisions, ...this.#linkMoves(now)]), this.snapshot(now)];
  }

  /** Whose link to configuration has come to stand elsewhere. */
  #linkMoves(now: number): BoardDecision[] {
    return this.#agents.flatMap(({ board, phase }): BoardDecision[] => {
      const family = familyOf(board);
      const lostAt = this.#configurationLost.get(board.site ?? '');
      if (phase.name !== 'working' || board.site === null || lostAt === undefined) return [];
      const { site, since } = configurationAt(family, board.site, this.#servers, now);
      const key = `${board.agent} ${since}`;
      if (site === board.site || this.#linksMoved.has(key)) return [];
      this.#linksMoved.add(key);
      const option = siteTimeout(family, board.site);
      const because = `No server for configuration could be reached at site ${board.site} for ${option.value}; the link goes to site ${site}.`;
      const what = 'move the configuration link';
      return [{ kind: 'decision', at: now, who: board.agent, what, because, rule: 'DS16', option, site }];
    });
  }

  #lives(site: string): boolean {
    return this.#sites.get(site)?.state === 'up';
  }

  #account({ board, phase }: FakeAgent, { what, at, to }: FakeStep): BoardDecision[] {
    const rows = this.#ledgers.findLast(({ rows }) => rows.has(board.agent))?.rows;
    const row = rows?.get(board.agent);
    const from = phase.name === 'away' ? phase.lostSite : otherSite(to);
    const option = siteTimeout(familyOf(board), from);
    const tell = { kind: 'decision', at, who: board.agent, option } as const;
    if (row === undefined || rows === undefined) return [];
    if (what === 'detected') {
      rows.set(board.agent, { ...row, detectedAt: at });
      return [];
    }
    if (what === 'decided') {
      rows.set(board.agent, {
        ...row,
        decidedAt: at,
        allowedAt: at,
        governedBy: `${option.name}=${SITE_TIMEOUT_MS} ms`,
      });
      const because = `No SIP Server of site ${from} could be reached for ${option.value}.`;
      return [{ ...tell, what: 'leave', because, rule: 'DS8a', site: from }];
    }
    rows.set(board.agent, { ...row, loggedInAt: at - 130, readyAt: at });
    const because = `There is a cause to leave ${from}, and the phone is in service at ${to}.`;
    const logIn: BoardDecision = { ...tell, what: 'logIn', because, rule: 'DS9', site: to };
    if (familyOf(board) === 'interaction-workspace') return [logIn];
    return [logIn, ...FOLLOWING.map((link) => ({ ...tell, ...followed(link, to), option: null }))];
  }

  /** In waves: one agent in ten at each step, never in a call. */
  #returnHome(agent: FakeAgent, now: number, decisions: BoardDecision[]): FakeAgent {
    const { board, phase } = agent;
    const home = this.#sites.get(board.preferredSite);
    const isDue =
      phase.name === 'working' &&
      familyOf(board) === 'interaction-workspace' &&
      board.site !== board.preferredSite &&
      board.state === 'Ready' &&
      !board.onCall &&
      home?.state === 'up' &&
      now - home.since > RETURN_AFTER_MS;
    if (!isDue || this.#draw() > 0.1) return agent;
    decisions.push({
      kind: 'decision',
      at: now,
      who: board.agent,
      what: 'return',
      because: `The preferred site has been well for ${RETURN_AFTER_MS / 1000} s, and no call is going on.`,
      rule: 'DS15',
      option: { name: 'disaster-recovery.auto-restore', value: 'true', source: 'Application/workspace' },
      site: board.preferredSite,
    });
    return settle(agent, board.preferredSite, now);
  }

  /** Callers come, wait, and are given to whoever is Ready at their site. */
  #route(now: number): void {
    for (const site of FAKE_SITES) {
      if (!this.#lives(site)) continue;
      if (this.#callers.length < CALLERS_MAX && this.#draw() < this.#agents.length * 0.0035) {
        this.#calls.offered += 1;
        const [queue] = QUEUES[this.#draw() < 0.6 ? 0 : 1] ?? QUEUES[0];
        const ani = `+4930${Math.floor(1e6 + 9e6 * this.#draw())}`;
        this.#callers.push({ ani, since: now, queue, site });
      }
      const next = this.#callers.find((caller) => caller.site === site && now - caller.since > 700);
      const free = this.#agents.findIndex(
        ({ board, busyUntil, phase }) =>
          phase.name === 'working' && board.site === site && board.state === 'Ready' && busyUntil < now,
      );
      const agent = this.#agents[free];
      if (next === undefined || agent === undefined || agent.board.onCall) continue;
      this.#calls.answered += 1;
      this.#callers = this.#callers.filter((caller) => caller !== next);
      this.#agents[free] = {
        ...agent,
        busyUntil: now + 4_000 + 9_000 * this.#draw(),
        board: { ...agent.board, onCall: true, since: now },
      };
    }
  }

  snapshot(now: number): BoardSnapshot {
    const agents = this.#agents.map((agent) => ({
      ...agent.board,
      ...deskOf(agent, this.#servers, now),
    }));
    return {
      type: 'snapshot',
      now,
      sites: FAKE_SITES.map((site) => this.#site(site)),
      agents,
      calls: {
        ...this.#calls,
        waiting: this.#callers.length,
        withoutSign: 0,
        talking: agents.filter(({ onCall }) => onCall).length,
      },
      ledgers: this.#ledgers.map(({ fault, rows }) => ledgerOf(fault, [...rows.values()], now)),
      join: { server: '127.0.0.1:5160', user: '7999', password: 'fake-phone-password', queue: '8000' },
    };
  }

  #site(site: string): BoardSite {
    const { state, since } = this.#sites.get(site) ?? { state: 'down', since: 0 };
    const here = this.#agents.filter(({ board }) => board.site === site).map(({ board }) => board);
    return {
      site,
      state,
      since,
      processes: ['supervisor', 'config', 'sip', 'stat'].map((name, index) => {
        const isDead = state === 'down' || (name === 'config' && this.#configurationLost.has(site));
        return {
          name: `${name}-${site}`,
          state: isDead ? 'down' : state,
          pid: isDead ? null : 4_100 + index,
        };
      }),
      queues: this.#lives(site)
        ? QUEUES.map(([dn, name]) => ({
            dn,
            name,
            waiting: this.#callers
              .filter((caller) => caller.site === site && caller.queue === dn)
              .map(({ ani, since }) => ({ ani, since })),
            agentsLoggedIn: here.length,
            agentsFree: here.filter(({ state: agentState, onCall }) => agentState === 'Ready' && !onCall)
              .length,
            agentsInCall: here.filter(({ onCall }) => onCall).length,
          }))
        : [],
      calls: here.filter(({ onCall }) => onCall).length,
    };
  }
}

/** A third-party desktop takes its lesser links along. */
const FOLLOWING = ['configuration', 'statistics'] as const;
const followed = (link: (typeof FOLLOWING)[number], site: string) => ({
  what: `move the ${link} link`,
  because: `The ${link} link follows the voice link to site ${site}.`,
  rule: 'DS17',
  site,
});

const otherSite = (site: string): string => (site === FAKE_SITES[0] ? FAKE_SITES[1] : FAKE_SITES[0]);

function ledgerOf(fault: BoardLedger['fault'], rows: BoardLedger['agents'], now: number): BoardLedger {
  const done = rows.filter(({ readyAt }) => readyAt !== null);
  const spread = (values: readonly number[]) => {
    const sorted = values.toSorted((a, b) => a - b);
    const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
    return sorted.length === 0 ? null : { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
  };
  return {
    fault,
    agents: rows,
    waiting: rows.length - done.length,
    total: spread(rows.map(({ readyAt, lastAbleAt }) => (readyAt ?? now) - lastAbleAt)),
    afterWait: spread(done.map(({ readyAt, allowedAt }) => (readyAt ?? 0) - (allowedAt ?? 0))),
  };
}
