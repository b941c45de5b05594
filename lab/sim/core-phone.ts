/** A phone of the core simulation: it only registers, at both sites (dual) or at the first that answers. */
import { Deadlines, type Millis } from '@holdfast/kernel';
import { type CoreDefect, type CorePhoneMessage, PHONE_PORT } from './core-messages.ts';
import type { Process, Program } from './process.ts';

export type CoreScheme = 'dual' | 'active-backup';

const REFRESH_MS = 3_000;
const REGISTERED_FOR_MS = 9_000;
/** PH2: an attempt's own limit. */
const ATTEMPT_MAX_MS = 2_000;

export class CorePhone implements Program {
  readonly #process: Process;
  readonly #agent: string;
  readonly #sites: readonly string[];
  readonly #scheme: CoreScheme;
  readonly #defect: CoreDefect | undefined;
  readonly #deadlines = new Deadlines<string>();
  /** Sites that have answered the last attempt. */
  readonly #at = new Set<string>();

  constructor(
    process: Process,
    options: {
      readonly agent: string;
      /** In the order in which they are tried. */
      readonly sites: readonly string[];
      readonly scheme: CoreScheme;
      readonly defect: CoreDefect | undefined;
    },
  ) {
    const { agent, sites, scheme, defect } = options;
    this.#process = process;
    this.#agent = agent;
    this.#sites = sites;
    this.#scheme = scheme;
    this.#defect = defect;
    process.listenDatagrams(PHONE_PORT);
    const now = process.now();
    for (const site of scheme === 'dual' ? sites : sites.slice(0, 1)) this.#attempt(site, now);
  }

  datagram(now: Millis, message: unknown): void {
    const { type, site, forMs } = message as Extract<CorePhoneMessage, { type: 'registered' }>;
    // The answer to an unregistration is no registration.
    if (type !== 'registered' || (forMs === 0 && this.#defect !== 'unregistration-misread')) return;
    this.#deadlines.clear(`limit ${site}`);
    const [first, second] = this.#sites;
    this.#at.add(site);
    this.#deadlines.set(`refresh ${site}`, now + REFRESH_MS);
    if (this.#scheme === 'dual' || first === undefined || second === undefined) return;
    // Back at the first: the second is left.
    if (this.#at.has(first)) this.#leave(second);
  }

  nextDeadline(): Millis | undefined {
    return this.#deadlines.next();
  }

  expire(now: Millis): void {
    for (let due = this.#deadlines.takeDue(now); due !== undefined; due = this.#deadlines.takeDue(now)) {
      const [what, site] = due.split(' ') as [string, string];
      if (what === 'refresh') this.#attempt(site, now);
      else this.#failed(site, now);
    }
  }

  #attempt(site: string, now: Millis): void {
    this.#register(site, REGISTERED_FOR_MS);
    this.#deadlines.set(`limit ${site}`, now + ATTEMPT_MAX_MS);
    this.#deadlines.set(`refresh ${site}`, now + REFRESH_MS);
  }

  #failed(site: string, now: Millis): void {
    this.#at.delete(site);
    const [first, second] = this.#sites;
    const needsSecond = this.#scheme === 'active-backup' && site === first && second !== undefined;
    if (needsSecond && !this.#at.has(second)) this.#attempt(second, now);
  }

  #leave(site: string): void {
    if (!this.#at.delete(site)) return;
    if (this.#defect !== 'both-sites-refreshed') this.#deadlines.clear(`refresh ${site}`);
    this.#deadlines.clear(`limit ${site}`);
    this.#register(site, 0);
  }

  #register(site: string, forMs: number): void {
    const message: CorePhoneMessage = { type: 'register', agent: this.#agent, forMs };
    this.#process.sendDatagram(message, { host: site, port: PHONE_PORT }, PHONE_PORT);
  }

  accepted(): void {}
  opened(): void {}
  message(): void {}
  closed(): void {}
  lookedUp(): void {}
  clockJumped(): void {}
}
