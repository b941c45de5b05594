/**
 * The desk's session with a Stat Server (S4): the waiting callers of the agent's queues, and the agent's own status as
 * others see it. Figures for people: nothing is decided by them, and while the link is lost they stand and say since
 * when they are old.
 *
 *     opened → Open → Opened: the link is on → Subscribe for the agent and for each queue
 */
import type { LinkSite, LinkSitePolicy } from '@holdfast/continuity';
import { type Because, type Millis, must, type Random } from '@holdfast/kernel';
import {
  type AgentStatistic,
  type DeskConfiguration,
  isTokenRefusal,
  PROTOCOL_VERSION,
  type QueueStatistic,
  type Statistic,
  type StatReply,
  type StatRequest,
} from '@holdfast/protocol';
import type { Endpoint } from './desk-types.ts';
import type { QueueView, StatisticsView } from './desk-view.ts';
import { targetOf } from './link-target.ts';
import type { DeskPolicy } from './policy.ts';
import { SitedLink } from './sited-link.ts';

export interface StatisticsPorts {
  connect(connection: string, member: Endpoint): void;
  close(connection: string): void;
  send(connection: string, message: StatRequest): void;
  /** The token does not count any more: log in at a Configuration Server again. */
  tokenRefused(): void;
  /** This server says that it is of another site than that of the link, and is not used. */
  wrongSite(member: Endpoint, says: string, site: string): void;
  moving(site: string, because: Because): void;
  warned(isLost: boolean, because: Because, before: LinkSite): void;
  changed(): void;
}

/** What the configuration says of the link. */
export interface StatisticsTerms {
  readonly policy: DeskPolicy;
  readonly links: LinkSitePolicy;
  readonly configuration: DeskConfiguration;
  readonly token: string;
}

type Site = DeskConfiguration['sites'][number];

/** Queues whose figures a desk shows: as many as an agent can be logged in to. */
const QUEUES_MAX = 64;

/** A figure, and when it came: what it says of the past counts from there (LG5). */
interface Heard<Figure> {
  readonly figure: Figure;
  readonly at: Millis;
}

export class StatisticsLink {
  readonly sited: SitedLink;
  #policy: DeskPolicy;
  readonly #ports: StatisticsPorts;
  readonly #person: string;
  /** As the configuration had each last. */
  readonly #sites = new Map<string, Site>();
  #token: string;
  #references = 0;
  #agent: Heard<AgentStatistic> | undefined;
  readonly #queues = new Map<string, Heard<QueueStatistic>>();

  constructor(now: Millis, session: StatisticsTerms & { readonly random: Random }, ports: StatisticsPorts) {
    const { policy, links, configuration, token, random } = session;
    this.#policy = policy;
    this.#person = configuration.person.name;
    for (const site of configuration.sites) this.#sites.set(site.site, site);
    this.#token = token;
    this.#ports = ports;
    const first = must(links.sites[0], 'a link has a site');
    this.sited = new SitedLink({ name: 'statistics', random }, this.#targetAt(first), {
      connect: (connection, member) => ports.connect(connection, member),
      close: (connection) => ports.close(connection),
      ping: (connection, n) => ports.send(connection, { type: 'Ping', n }),
      targetAt: (site) => this.#targetAt(site),
      moving: (site, because) => {
        this.#forget();
        ports.moving(site, because);
      },
      warned: (isLost, because, before) => ports.warned(isLost, because, before),
      changed: () => ports.changed(),
    });
    this.sited.settle(now, links, undefined);
  }

  get link() {
    return this.sited.link;
  }

  get site(): string {
    return this.sited.site ?? '';
  }

  /** What the link shows: of one site, and of now or since when not. */
  get view(): StatisticsView {
    const agent = this.#agent;
    const since = agent?.figure.sinceMs === undefined ? null : agent.at - agent.figure.sinceMs;
    return {
      site: this.site,
      staleSince: this.#staleSince(),
      agent: agent === undefined ? null : { status: agent.figure.status, since },
      queues: [...this.#queues.values()].map(queueView),
    };
  }

  renew(now: Millis, { policy, links, configuration, token }: StatisticsTerms): void {
    this.#policy = policy;
    this.#token = token;
    const former = this.#sites.get(this.site);
    this.#sites.clear();
    // Where the link stands, until it has gone elsewhere.
    if (former !== undefined) this.#sites.set(former.site, former);
    for (const site of configuration.sites) this.#sites.set(site.site, site);
    this.sited.settle(now, links, undefined);
    this.link.renew(now, this.#targetAt(this.site));
  }

  opened(connection: string): void {
    this.#ports.send(connection, {
      type: 'Open',
      ReferenceID: ++this.#references,
      application: this.#siteNamed(this.site).application,
      version: PROTOCOL_VERSION,
      addpTimeoutMs: this.link.addpTimeoutMs,
      token: this.#token,
    });
  }

  receive(now: Millis, connection: string, message: StatReply): void {
    switch (message.type) {
      case 'Ping':
        return this.#ports.send(connection, { type: 'Pong', n: message.n });
      case 'Opened':
        if (message.site !== this.site) {
          if (this.link.member !== undefined)
            this.#ports.wrongSite(this.link.member, message.site, this.site);
          return this.link.distrust(now, `it is of site ${message.site}`);
        }
        this.#forget();
        this.sited.established(now);
        return this.#subscribe(connection);
      case 'Subscribed':
      case 'Statistics':
        for (const statistic of message.statistics) this.#learn(now, statistic);
        return this.#ports.changed();
      case 'Removed':
        if (message.objectType === 'Queue') this.#queues.delete(message.name);
        return this.#ports.changed();
      case 'Error':
        if (isTokenRefusal(message.code)) this.#ports.tokenRefused();
        // A refused subscription costs one figure; a refused session is tried with the next server.
        if (!this.link.isOn) this.link.distrust(now, message.text);
        return;
      case 'Pong':
      case 'Done':
      case 'Challenge':
        return;
    }
  }

  #subscribe(connection: string): void {
    const { queues, switch: switchName } = this.#siteNamed(this.site);
    const subjects = [
      { objectType: 'Agent', name: this.#person } as const,
      ...queues
        .slice(0, QUEUES_MAX)
        .map((queue) => ({ objectType: 'Queue', name: `${queue}@${switchName}` }) as const),
    ];
    for (const subject of subjects)
      this.#ports.send(connection, { type: 'Subscribe', ReferenceID: ++this.#references, ...subject });
  }

  #learn(at: Millis, figure: Statistic): void {
    if (figure.objectType === 'Agent') this.#agent = { figure, at };
    else if (this.#queues.has(figure.name) || this.#queues.size < QUEUES_MAX)
      this.#queues.set(figure.name, { figure, at });
  }

  #staleSince(): Millis | null {
    const { state, since } = this.link.view;
    if (state !== 'on') return since;
    let oldest: Millis | null = null;
    for (const { figure, at } of [...this.#queues.values(), ...(this.#agent ? [this.#agent] : [])])
      if (!figure.source.isCurrent) oldest = Math.min(oldest ?? at, at - figure.source.staleMs);
    return oldest;
  }

  /** Figures of one site say nothing of another. */
  #forget(): void {
    this.#agent = undefined;
    this.#queues.clear();
  }

  #targetAt(name: string) {
    return targetOf(this.#siteNamed(name).statistics, name, this.#policy);
  }

  #siteNamed(name: string): Site {
    return must(this.#sites.get(name), 'the policy names sites of the configuration');
  }
}

function queueView({ figure, at }: Heard<QueueStatistic>): QueueView {
  const { name, callsWaiting, longestWaitMs, agentsLoggedIn, agentsReady } = figure;
  const longestWaitFrom = longestWaitMs === undefined ? null : at - longestWaitMs;
  return { name, callsWaiting, longestWaitFrom, agentsLoggedIn, agentsReady };
}
