/**
 * What the live page is told: the lab's world as one snapshot, four times a second, so that silence means that the
 * lab is gone; and each decision as it happens. Where agents are comes from their desks, who waits from the SIP Servers.
 */
import type { Because } from '@holdfast/kernel';
import type {
  BoardAgent,
  BoardDecision,
  BoardLedger,
  BoardMessage,
  BoardSite,
  BoardSnapshot,
} from '@holdfast/protocol';
import type { LedgerFault } from '../src/ledger.ts';
import { boardAgentOf } from './board-agent.ts';
import { boardLedgerOf } from './board-ledger.ts';
import { boardQueuesOf } from './board-queues.ts';
import type { LabAlarm, LabDecision } from './lab-watch.ts';
import { type LiveLab, SITES, type SiteName } from './live-lab.ts';
import { isStopped } from './process-tree.ts';
import type { Robot } from './robot.ts';
import { logInForToken, SiteObserver, type SiteSnapshot } from './site-observer.ts';
import { Timelines } from './timelines.ts';

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
  readonly #timelines = new Timelines();
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
    const { offered, answered, ended, lost } = lab.calls.figures();
    return {
      type: 'snapshot',
      now,
      sites: SITES.map((site) => this.#site(site, now)),
      agents: lab.robots.map((robot) => this.#agent(robot, now)),
      calls: {
        offered,
        answered,
        // Neither who dials and hears nothing yet, nor who stood in a line that died: only whom a site holds.
        waiting: ended.waiting,
        withoutSign: lab.calls.withoutSign,
        talking: lab.calls.talking,
        lost: lost ?? 0,
        lostInLine: ended.lostInLine,
      },
      ledgers: lab.ledger.faults
        .filter(({ rows }) => rows.length > 0)
        .slice(-FAULTS_MAX)
        .map((fault) => this.#ledger(fault, now)),
      join: this.#join,
    };
  }

  /** For all pages; kept for the agent's time line. */
  decision({ at, agent, what, site, because }: LabDecision): BoardDecision {
    return this.#remember(at, because, { kind: 'decision', who: agent, what, site });
  }

  alarm({ at, agent, name, isRaised, because }: LabAlarm): BoardDecision {
    const links = this.#lab.viewOf(agent)?.links ?? [];
    const site = links.find(({ kind }) => name === `${kind}-link-lost`)?.site ?? null;
    const kind = isRaised ? 'alarm' : 'alarmOver';
    return this.#remember(at, because, { kind, who: agent, what: name, site });
  }

  timeline(agent: string): BoardMessage {
    return this.#timelines.of(agent);
  }

  /** What all agents have decided so far, for a page that has just been opened. */
  get recent(): BoardMessage {
    return this.#timelines.recent;
  }

  #remember(
    at: number,
    { text, rule, option }: Because,
    what: Pick<BoardDecision, 'kind' | 'who' | 'what' | 'site'>,
  ): BoardDecision {
    const decision = { ...what, at: this.#wall(at), because: text, rule, option: option ?? null };
    this.#timelines.add(decision);
    return decision;
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
    const seen = this.#seen.get(site);
    return {
      site,
      state,
      since: this.#since(site, state, now),
      processes: processes.processes().map(({ application, pid }) => ({
        name: application,
        state: processState(pid, state),
        pid: pid ?? null,
      })),
      queues: seen === undefined ? [] : boardQueuesOf(seen, now),
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
    const key = `${view?.site} ${view?.state} ${view?.workMode}`;
    return boardAgentOf(robot, {
      site: this.#bankOf(robot),
      since: this.#since(options.agent, key, now),
      phoneAt: this.#lab.watch.registeredAt(options.agent),
      wallOffset: this.#lab.clock.wallOffset(),
    });
  }

  #ledger(fault: LedgerFault, now: number): BoardLedger {
    return boardLedgerOf(fault, { now, wall: (at) => this.#wall(at) });
  }
}

/** A server may be dead, or stopped by hand, at a site that is up. */
function processState(pid: number | undefined, site: BoardSite['state']): BoardSite['state'] {
  if (pid === undefined) return 'down';
  if (site === 'up') return isStopped(pid) ? 'hung' : 'up';
  return site === 'down' ? 'up' : site;
}
