/**
 * The agent-seconds ledger (ME1) in virtual time: what the desks and phones of a simulated world show, told to the
 * same pure ledger that the live lab uses. The waits come from the world's own configuration, never from a desk.
 */
import { leaseWithMargin } from '@holdfast/continuity';
import type { DeskEffect } from '@holdfast/desk';
import type { Millis } from '@holdfast/kernel';
import type { PhoneFact } from '@holdfast/sip';
import { type GovernedWait, type LaterFacts, Ledger, type LedgerReport } from '../src/ledger.ts';
import type { Person } from './whole-person.ts';
import type { World } from './world.ts';

interface Seen {
  /** Since when the phone holds a binding at each site, as the phone saw it. */
  readonly phoneAt: Map<string, Millis>;
  answeredAt: Millis | undefined;
  /** Of the phone: calls that both ends have taken. */
  readonly standing: Set<string>;
  /** Of the login that the fault has ended. */
  leaseEndAt: Millis | undefined;
}

export interface WholeLedgerOptions {
  readonly leaseLengthMs: Millis;
  /** The options that may govern a wait, as the world's configuration sets them. */
  readonly waits: Readonly<Record<string, Millis>>;
  readonly afterCallWorkMs: Millis;
}

export class WholeLedger implements LaterFacts {
  readonly #world: World;
  readonly #options: WholeLedgerOptions;
  readonly #ledger = new Ledger(this);
  readonly #seen = new Map<string, Seen>();

  constructor(world: World, options: WholeLedgerOptions) {
    this.#world = world;
    this.#options = options;
  }

  /** A site dies whose hosts live: a reset tells everybody at once. */
  siteLost(site: string, persons: readonly (readonly [Person, string])[]): void {
    const able = persons.filter(([{ view }]) => view?.site === site && view.state === 'Ready');
    this.#ledger.fault(
      this.#world.at,
      { what: 'killed', site },
      able.map(([{ dn }, scheme]) => {
        return { agent: dn, scheme, site, detectionMs: 0, calls: [...this.#of(dn).standing] };
      }),
    );
  }

  /** A stamp is answered in the turn in which it was received (LL1). */
  stampAnswered(dn: string): void {
    this.#of(dn).answeredAt = this.#world.at;
  }

  desk(dn: string, rate: number, effect: Extract<DeskEffect, { type: 'fact' }>): void {
    const { fact, site, governedBy, because } = effect;
    const at = this.#world.at;
    const seen = this.#of(dn);
    switch (fact) {
      case 'detected':
        if (seen.answeredAt !== undefined)
          seen.leaseEndAt = seen.answeredAt + leaseWithMargin(this.#options.leaseLengthMs) / rate;
        return this.#ledger.see(at, dn, { type: 'detected' });
      case 'decided': {
        const option = this.#governing(governedBy);
        return this.#ledger.see(at, dn, { type: 'decided', to: site, because: because ?? '', option });
      }
      case 'loginSent':
        return;
      default:
        return this.#ledger.see(at, dn, { type: fact, site });
    }
  }

  phone(dn: string, fact: PhoneFact): void {
    const { phoneAt, standing } = this.#of(dn);
    const at = this.#world.at;
    if (fact.name === 'registered' && !phoneAt.has(fact.site)) phoneAt.set(fact.site, at);
    if (fact.name === 'lost') phoneAt.delete(fact.site);
    if (fact.name === 'established') standing.add(fact.leg);
    if (fact.name !== 'ended') return;
    standing.delete(fact.leg);
    // Whoever hangs up is not told here whether anybody has heard it; what comes from the other end a site has carried.
    const afterCallWorkMs = fact.by === 'remote' && fact.wasEstablished ? this.#options.afterCallWorkMs : 0;
    this.#ledger.see(at, dn, { type: 'callEnded', leg: fact.leg, afterCallWorkMs });
  }

  phoneAt(dn: string, site: string): Millis | undefined {
    return this.#of(dn).phoneAt.get(site);
  }

  leaseEndAt(dn: string): Millis | undefined {
    return this.#of(dn).leaseEndAt;
  }

  report(): LedgerReport {
    return this.#ledger.report(this.#world.at);
  }

  #governing(name: string | null): GovernedWait | undefined {
    const valueMs = name === null ? undefined : this.#options.waits[name];
    return name === null || valueMs === undefined ? undefined : { name, valueMs };
  }

  #of(dn: string): Seen {
    let seen = this.#seen.get(dn);
    if (seen === undefined) {
      seen = {
        ...{ phoneAt: new Map(), answeredAt: undefined, leaseEndAt: undefined },
        standing: new Set(),
      };
      this.#seen.set(dn, seen);
    }
    return seen;
  }
}
