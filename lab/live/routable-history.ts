/**
 * Afterwards, over the logs of both sites: whether an agent was routable at both at one moment, or was rung by a site
 * that held no lease of that agent. Routable is who is logged in, as the site's log says, while the lease lives, as the
 * stamps say that the desk handed back. What is seen here has no gaps between two looks.
 *
 * The clocks: log entries carry the time of day of their server, stamps were received on the lab's own clock; all run
 * on one host, so that both are one clock to within its tick.
 */
import type { EventMessage } from '@holdfast/protocol';
import type { Interval } from './lease-book.ts';

export const CLOCK_BASIS = 'one host: times of the servers’ own entries, stamps by the lab’s receipt';

export interface SiteLog {
  readonly site: string;
  /** DNs whose agents were logged in where the log begins. */
  readonly loggedIn: readonly string[];
  readonly entries: readonly EventMessage[];
}

export interface HistoryOptions {
  readonly logs: readonly SiteLog[];
  readonly from: number;
  readonly until: number;
  /** From the time of an entry to the clock of `from` and of the leases. */
  readonly atOf: (time: number) => number;
  readonly leases: (dn: string, site: string) => readonly Interval[];
}

export interface History {
  /** Log-ins at a site, over all agents. */
  readonly logins: number;
  readonly rings: number;
  /** What must not be, in words. */
  readonly violations: readonly string[];
}

/** Wall clocks tick in whole ms, at either end. */
const CLOCK_TICK_MS = 2;

export function checkHistory(options: HistoryOptions): History {
  const violations: string[] = [];
  const routable = new Map<string, Map<string, Interval[]>>();
  let [logins, rings] = [0, 0];
  for (const log of options.logs) {
    const { site } = log;
    for (const [dn, login] of loginsOf(log, options)) {
      logins += login.length;
      const live = intersect(login, options.leases(dn, site));
      const sites = routable.get(dn) ?? new Map<string, Interval[]>();
      routable.set(dn, sites.set(site, live));
    }
  }
  for (const { site, entries } of options.logs) {
    for (const { name, time, attributes } of entries) {
      if (name !== 'EventRinging' || attributes.ThisDNRole === 'RoleOrigination') continue;
      rings += 1;
      const at = options.atOf(time);
      const holds = options.leases(attributes.ThisDN, site).some((lease) => contains(lease, at));
      if (!holds)
        violations.push(`${site} rang ${attributes.ThisDN} at ${Math.round(at)} ms without a lease`);
    }
  }
  for (const [dn, sites] of routable) {
    const [first = [], second = []] = [...sites.values()];
    for (const { from, until } of intersect(first, second))
      if (until - from > CLOCK_TICK_MS)
        violations.push(
          `${dn} was routable at both sites from ${Math.round(from)} to ${Math.round(until)} ms`,
        );
  }
  return { logins, rings, violations };
}

/** When somebody was logged in on each DN of the site. */
function loginsOf(log: SiteLog, { from, until, atOf }: HistoryOptions): Map<string, Interval[]> {
  const since = new Map(log.loggedIn.map((dn) => [dn, from]));
  const logins = new Map<string, Interval[]>();
  const end = (dn: string, at: number) => {
    const began = since.get(dn);
    since.delete(dn);
    if (began !== undefined) logins.set(dn, [...(logins.get(dn) ?? []), { from: began, until: at }]);
  };
  for (const { name, time, attributes } of log.entries) {
    const dn = attributes.ThisDN;
    if (name === 'EventAgentLogin' && !since.has(dn)) since.set(dn, atOf(time));
    if (name === 'EventAgentLogout') end(dn, atOf(time));
  }
  for (const dn of [...since.keys()]) end(dn, until);
  return logins;
}

function intersect(left: readonly Interval[], right: readonly Interval[]): Interval[] {
  return left.flatMap((a) =>
    right.flatMap((b) => {
      const from = Math.max(a.from, b.from);
      const until = Math.min(a.until, b.until);
      return from < until ? [{ from, until }] : [];
    }),
  );
}

function contains({ from, until }: Interval, at: number): boolean {
  return at >= from - CLOCK_TICK_MS && at <= until + CLOCK_TICK_MS;
}
