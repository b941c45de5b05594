/**
 * What the live page is told: the lab's world as one snapshot, four times a second, so that silence means that the
 * lab is gone; and each decision as it happens. Where agents are comes from their desks, who waits from the SIP Servers.
 */
import type { BoardAgent, BoardDecision, BoardLedger, BoardSite, BoardSnapshot } from '@holdfast/protocol';
import { type LedgerFault, percentiles } from '../src/ledger.ts';
import { type LabDecision, type LiveLab, SITES, type SiteName } from './live-lab.ts';
import type { Robot } from './robot.ts';
import { logInForToken, SiteObserver, type SiteSnapshot } from './site-observer.ts';

/** How often SIP Servers are asked who waits, ms. */
const OBSERVE_EVERY_MS = 500;
/** Faults that the page shows. */
const FAULTS_MAX = 5;

export class Board {
  readonly #lab: LiveLab;
  readonly #join: BoardSnapshot['join'];
  readonly #observers = new Map<SiteName, SiteObserver>();
  readonly #seen = new Map<SiteName, SiteSnapshot>();
  readonly #stateSince = new Map<string, { readonly key: string; readonly since: number }>();
  /** Where each agent was logged in last, until that site answers again without the agent. */
  readonly #lastSite = new Map<string, SiteName>();
  #token: string | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(lab: LiveLab, join: BoardSnapshot['join']) {
    this.#lab = lab;
    this.#join = join;
  }

  async start(): Promise<void> {
    this.#token = await logInForToken(this.#lab.supervisorAccess());
    const observe = async () => {
      await Promise.all(SITES.map((site) => this.#observe(site)));
      this.#timer = setTimeout(observe, OBSERVE_EVERY_MS);
    };
    await observe();
  }

  stop(): void {
    clearTimeout(this.#timer);
    for (const observer of this.#observers.values()) observer.close();
  }

  async #observe(site: SiteName): Promise<void> {
    if (this.#lab.sites[site].state !== 'up' || this.#token === undefined) {
      this.#seen.delete(site);
      return;
    }
    let observer = this.#observers.get(site);
    if (observer === undefined || observer.isClosed) {
      observer = new SiteObserver(this.#lab.clientAddress(site), this.#token);
      this.#observers.set(site, observer);
    }
    const snapshot = await observer.snapshot();
    if (snapshot === undefined) this.#seen.delete(site);
    else this.#seen.set(site, snapshot);
  }

  snapshot(): BoardSnapshot {
    const lab = this.#lab;
    const now = Date.now();
    const { offered } = lab.calls.figures();
    const figures = lab.calls.figures();
    return {
      type: 'snapshot',
      now,
      sites: SITES.map((site) => this.#site(site, now)),
      agents: lab.robots.map((robot) => this.#agent(robot, now)),
      calls: {
        offered,
        answered: figures.answered,
        waiting: lab.calls.waiting,
        talking: lab.calls.talking,
        lost: figures.lost ?? 0,
      },
      ledgers: lab.ledger.faults
        .filter(({ rows }) => rows.length > 0)
        .slice(-FAULTS_MAX)
        .map((fault) => this.#ledger(fault)),
      join: this.#join,
    };
  }

  decision({ at, agent, what, site, because }: LabDecision): BoardDecision {
    return { at: this.#wall(at), who: agent, what, because: because.text, rule: because.rule, site };
  }

  /** From the lab's run time to the time of day. */
  #wall(at: number): number {
    return Date.now() - (this.#lab.now() - at);
  }

  #since(name: string, key: string, now: number): number {
    const known = this.#stateSince.get(name);
    if (known?.key === key) return known.since;
    this.#stateSince.set(name, { key, since: now });
    return now;
  }

  #site(site: SiteName, now: number): BoardSite {
    const processes = this.#lab.sites[site];
    const { state } = processes;
    const queues = this.#seen.get(site)?.queues ?? [];
    return {
      site,
      state,
      since: this.#since(site, state, now),
      processes: processes.processes().map(({ application, pid }) => ({
        name: application,
        state: pid === undefined ? 'down' : state === 'down' ? 'up' : state,
        pid: pid ?? null,
      })),
      queues: queues.map((queue) => ({
        dn: queue.dn,
        name: QUEUE_NAMES[queue.dn] ?? queue.dn,
        waiting: queue.waiting.map(({ ANI, waitedMs }) => ({ ani: ANI ?? '', since: now - waitedMs })),
        agentsLoggedIn: queue.agentsLoggedIn,
        agentsReady: queue.agentsReady,
      })),
      calls: this.#lab.robots.filter((robot) => robot.view?.site === site && robot.view.calls.length > 0)
        .length,
    };
  }

  /**
   * Where the agent is logged in; while that site is lost, where the agent was: cut off there until logged in at
   * the other. A desk says that it is logged in nowhere as soon as it has noticed.
   */
  #bankOf({ view, options: { agent } }: Robot): SiteName | null {
    const here = SITES.find((site) => site === view?.site);
    if (here !== undefined) {
      this.#lastSite.set(agent, here);
      return here;
    }
    const last = this.#lastSite.get(agent);
    if (last !== undefined && this.#lab.sites[last].state !== 'up') return last;
    this.#lastSite.delete(agent);
    return null;
  }

  #agent(robot: Robot, now: number): BoardAgent {
    const { view, options } = robot;
    const offset = this.#lab.clock.wallOffset();
    const state = view?.state ?? 'LoggedOut';
    const key = `${view?.site} ${state} ${view?.workMode}`;
    const wait = view?.wait ?? null;
    return {
      agent: options.agent,
      scheme: options.scheme,
      dn: options.dn,
      preferredSite: options.home,
      site: this.#bankOf(robot),
      state,
      workMode: view?.workMode ?? 'Unknown',
      reason: Object.values(view?.reasons ?? {}).join(', '),
      onCall: (view?.calls.length ?? 0) > 0,
      since: this.#since(options.agent, key, now),
      phoneAt: [...this.#lab.watch.registeredAt(options.agent)],
      wait:
        wait === null
          ? null
          : {
              what: wait.what,
              from: wait.from + offset,
              until: wait.until + offset,
              governedBy: `${wait.option.name} = ${wait.option.value}`,
            },
      banner: view?.banner ?? '',
    };
  }

  #ledger({ at, what, site, rows }: LedgerFault): BoardLedger {
    const wall = (instant: number | null) => (instant === null ? null : this.#wall(instant));
    const done = rows.filter((row) => row.readyAt !== null);
    const total = percentiles(done.map((row) => (row.readyAt as number) - row.lastAbleAt));
    const after = percentiles(
      done.map((row) => Math.max(0, (row.readyAt as number) - (row.allowedAt ?? row.lastAbleAt))),
    );
    return {
      fault: { at: this.#wall(at), what, site },
      agents: rows.map((row) => ({
        agent: row.agent,
        lastAbleAt: this.#wall(row.lastAbleAt),
        detectedAt: wall(row.detectedAt),
        decidedAt: wall(row.decidedAt),
        loggedInAt: wall(row.loggedInAt),
        allowedAt: wall(row.allowedAt),
        readyAt: wall(row.readyAt),
        governedBy: row.governedBy,
      })),
      total: total === null ? null : { p50: total.p50, p95: total.p95, p99: total.p99 },
      afterWait: after === null ? null : { p50: after.p50, p95: after.p95, p99: after.p99 },
    };
  }
}

const QUEUE_NAMES: Readonly<Record<string, string>> = {
  '8000': 'Sales',
  '8001': 'Support',
  '8009': 'Overflow',
};
