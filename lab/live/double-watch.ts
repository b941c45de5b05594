/**
 * The watch on the one thing that must never be: an agent to whom two sites route calls. It asks both SIP
 * Servers themselves, over and over. One look takes a moment, so that a site is asked, then the other, then the
 * first again: only an agent who is routable in all three looks was routable at both at one moment.
 */
import { type Credentials, logInForToken, SiteObserver } from './site-observer.ts';

interface SiteAddress {
  readonly site: string;
  readonly host: string;
  readonly port: number;
}

export interface DoubleWatchOptions extends Credentials {
  readonly sites: readonly [SiteAddress, SiteAddress];
}

const PAUSE_MS = 50;

export class DoubleWatch {
  readonly #options: DoubleWatchOptions;
  readonly #observers = new Map<string, SiteObserver>();
  #token = '';
  #isStopped = false;
  /** Rounds in which both sites answered. */
  rounds = 0;
  readonly doubles: string[] = [];

  constructor(options: DoubleWatchOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    this.#token = await logInForToken(this.#options);
    void this.#watch();
  }

  stop(): void {
    this.#isStopped = true;
    for (const observer of this.#observers.values()) observer.close();
  }

  async #watch(): Promise<void> {
    const [first, second] = this.#options.sites;
    while (!this.#isStopped) {
      const before = await this.#look(first);
      const other = await this.#look(second);
      const after = await this.#look(first);
      if (before !== undefined && other !== undefined && after !== undefined) {
        this.rounds += 1;
        for (const agent of other) if (before.has(agent) && after.has(agent)) this.doubles.push(agent);
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  /** Agents to whom that site routes now; undefined when it does not say. */
  async #look(site: SiteAddress): Promise<Set<string> | undefined> {
    let observer = this.#observers.get(site.site);
    if (observer === undefined || observer.isClosed) {
      observer = new SiteObserver(site, this.#token);
      this.#observers.set(site.site, observer);
    }
    const snapshot = await observer.snapshot();
    if (snapshot === undefined) return undefined;
    const routable = snapshot.dns.filter(({ agent }) => agent?.routable === true && agent.state === 'Ready');
    return new Set(routable.map(({ agent }) => agent?.AgentID ?? ''));
  }
}
