/**
 * An invented contact centre for the page's own tests and pictures: it plays a believable loss of a site without a
 * single server. Nothing here is measured; the real feed is the lab's (lab/live/board.ts).
 *
 * All of it is drawn from one seed, so that a picture can be taken twice.
 */
import type {
  BoardCommand,
  BoardDecision,
  BoardLedger,
  BoardMessage,
  BoardSite,
  BoardSnapshot,
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
  readonly #ledgers: { fault: BoardLedger['fault']; rows: Map<string, BoardLedger['agents'][number]> }[] = [];
  readonly #calls = { offered: 0, answered: 0, lost: 0 };
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

  obey({ type, site }: BoardCommand, now: number): BoardMessage {
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
    this.#calls.lost += this.#callers.filter((caller) => caller.site === site).length > 3 ? 1 : 0;
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
    return [...decisions.map((decision) => ({ type: 'decision' as const, decision })), this.snapshot(now)];
  }

  #lives(site: string): boolean {
    return this.#sites.get(site)?.state === 'up';
  }

  #account({ board, phase }: FakeAgent, { what, at, to }: FakeStep): BoardDecision[] {
    const rows = this.#ledgers.findLast(({ rows }) => rows.has(board.agent))?.rows;
    const row = rows?.get(board.agent);
    const from = phase.name === 'away' ? phase.lostSite : otherSite(to);
    const seconds = SITE_TIMEOUT_MS / 1000;
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
        governedBy: 'disaster-recovery.timeout',
      });
      const because = `Site ${from} has not answered for ${seconds} s, as long as disaster-recovery.timeout allows.`;
      return [{ at, who: board.agent, what: 'leave', because, rule: 'DS8a', site: from }];
    }
    rows.set(board.agent, { ...row, loggedInAt: at - 130, readyAt: at });
    const because = `There is a cause to leave ${from}, and the phone is in service at ${to}.`;
    return [{ at, who: board.agent, what: 'logIn', because, rule: 'DS9', site: to }];
  }

  /** In waves: one agent in ten at each step, never in a call. */
  #returnHome(agent: FakeAgent, now: number, decisions: BoardDecision[]): FakeAgent {
    const { board, phase } = agent;
    const home = this.#sites.get(board.preferredSite);
    const isDue =
      phase.name === 'working' &&
      board.site !== board.preferredSite &&
      board.state === 'Ready' &&
      !board.onCall &&
      home?.state === 'up' &&
      now - home.since > RETURN_AFTER_MS;
    if (!isDue || this.#draw() > 0.1) return agent;
    decisions.push({
      at: now,
      who: board.agent,
      what: 'return',
      because: `The preferred site has been well for ${RETURN_AFTER_MS / 1000} s, and no call is going on.`,
      rule: 'DS15',
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
    const agents = this.#agents.map(({ board }) => board);
    return {
      type: 'snapshot',
      now,
      sites: FAKE_SITES.map((site) => this.#site(site)),
      agents,
      calls: {
        ...this.#calls,
        waiting: this.#callers.length,
        talking: agents.filter(({ onCall }) => onCall).length,
      },
      ledgers: this.#ledgers.map(({ fault, rows }) => ledgerOf(fault, [...rows.values()])),
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
      processes: ['supervisor', 'config', 'sip'].map((name, index) => ({
        name: `${name}-${site}`,
        state,
        pid: state === 'down' ? null : 4_100 + index,
      })),
      queues: this.#lives(site)
        ? QUEUES.map(([dn, name]) => ({
            dn,
            name,
            waiting: this.#callers
              .filter((caller) => caller.site === site && caller.queue === dn)
              .map(({ ani, since }) => ({ ani, since })),
            agentsLoggedIn: here.length,
            agentsReady: here.filter(({ state: agentState, onCall }) => agentState === 'Ready' && !onCall)
              .length,
          }))
        : [],
      calls: here.filter(({ onCall }) => onCall).length,
    };
  }
}

const otherSite = (site: string): string => (site === FAKE_SITES[0] ? FAKE_SITES[1] : FAKE_SITES[0]);

function ledgerOf(fault: BoardLedger['fault'], rows: BoardLedger['agents']): BoardLedger {
  const done = rows.filter(({ readyAt }) => readyAt !== null);
  const spread = (pick: (row: (typeof rows)[number]) => number) => {
    const sorted = done.map(pick).sort((a, b) => a - b);
    const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
    return sorted.length === 0 ? null : { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
  };
  return {
    fault,
    agents: rows,
    total: spread(({ readyAt, lastAbleAt }) => (readyAt ?? 0) - lastAbleAt),
    afterWait: spread(({ readyAt, allowedAt }) => (readyAt ?? 0) - (allowedAt ?? 0)),
  };
}
