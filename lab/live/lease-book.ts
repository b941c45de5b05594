/**
 * For how long each site may at most have held each agent routable, as the lab knows it without asking the site: from
 * the desk's receipt of a stamp that it answered or carried in a log-in, until the lease that this stamp can buy has
 * ended. A stamp is received after it was sent, so that the site's own end comes no later (LL1). All on the lab's clock.
 */
import type { Millis } from '@holdfast/kernel';

export interface Interval {
  readonly from: Millis;
  readonly until: Millis;
}

export class LeaseBook {
  readonly #lengthMs: Millis;
  /** Agent → site → leases that ran into one another count as one. */
  readonly #leases = new Map<string, Map<string, Interval[]>>();

  constructor(lengthMs: Millis) {
    this.#lengthMs = lengthMs;
  }

  promised(agent: string, site: string, receivedAt: Millis): void {
    const sites = this.#leases.get(agent) ?? new Map<string, Interval[]>();
    this.#leases.set(agent, sites);
    const leases = sites.get(site) ?? [];
    sites.set(site, leases);
    const last = leases.at(-1);
    const until = receivedAt + this.#lengthMs;
    if (last === undefined || receivedAt > last.until) leases.push({ from: receivedAt, until });
    else if (until > last.until) leases[leases.length - 1] = { from: last.from, until };
  }

  of(agent: string, site: string): readonly Interval[] {
    return this.#leases.get(agent)?.get(site) ?? [];
  }
}
