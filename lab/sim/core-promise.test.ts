/**
 * LL8, what the site that is asked owes: it admits nothing up to the epoch asked, and drops what waits there. Each is the
 * second net of the other, so that worlds are made here in which one of them is the last: two desks of one
 * person, and a partition at the worst instant. Later on they are the stated exception, and are not looked at.
 */
import type { DeskSiteStart } from '@holdfast/continuity';
import { expect, it } from 'vitest';
import { CoreDesk } from './core-desk.ts';
import type { CoreDefect, CoreUp } from './core-messages.ts';
import { CorePhone } from './core-phone.ts';
import { CoreSite } from './core-site.ts';
import type { Process } from './process.ts';
import { World } from './world.ts';

const SITES = ['north', 'south'] as const;
type Site = (typeof SITES)[number];
const LINKED_AT = 3_000;
/** A desk that starts has connected and sent its log-in. */
const LOG_IN_MS = 40;
/** Longer than a log-in waits for the other site. */
const DECIDED_MS = 600;

function governed<Value>(value: Value) {
  return { value, option: { name: 'test', value: String(value), source: 'test' } };
}

const TIMEOUTS = { siteTimeoutMs: governed(60_000), phoneTimeoutMs: governed(60_000) };
const LINK = { timeoutMs: governed(10_000) };

class TwoDesks {
  readonly world = new World(1);
  readonly desks: Readonly<Record<Site, Process>>;
  readonly #sites: Readonly<Record<Site, Process>>;
  readonly #defect: CoreDefect | undefined;

  constructor(defect: CoreDefect | undefined) {
    this.#defect = defect;
    const { world } = this;
    const decided = () => undefined;
    const site = (name: Site, peer: Site) =>
      world.addProcess(name, world.addHost(name), (process, now) => {
        return new CoreSite(process, name, { peer, link: LINK, defect, mirrored: new Map(), decided }, now);
      });
    this.#sites = { north: site('north', 'south'), south: site('south', 'north') };
    const phone = world.addProcess('phone', world.addHost('phone'), (process) => {
      return new CorePhone(process, { agent: 'agent', sites: SITES, scheme: 'dual', defect });
    });
    for (const process of [...Object.values(this.#sites), phone]) world.start(process);
    this.desks = { north: this.#desk('north', 'south'), south: this.#desk('south', 'north') };
    // The sites have found each other, and a moment ago.
    world.run(LINKED_AT);
  }

  /** A desk of the same person that works there. */
  #desk(preferredSite: Site, peerSite: Site): Process {
    const { world } = this;
    const name = `desk-${preferredSite}`;
    return world.addProcess(name, world.addHost(name), (process, now) => {
      const start: DeskSiteStart = {
        policy: {
          ...{ enabled: governed(true), preferredSite, peerSite },
          timeouts: { north: TIMEOUTS, south: TIMEOUTS },
          autoRestore: governed(false),
          damping: { steadyMs: governed(0), halfLifeMs: governed(0), lossesMax: governed(1) },
          ...{ loginAnswerMaxMs: 30_000, refusedPauseMs: 10_000 },
        },
        ...{ desk: name, epochHighest: 0, wallOffsetMs: process.wallOffsetMs(), firstLogin: 'nothingBefore' },
      };
      const ports = { retryPauseMs: 500, defect: this.#defect };
      const told = { persist: () => undefined, decided: () => undefined };
      return new CoreDesk(
        process,
        { agent: 'agent', sites: SITES, start, link: LINK, ...ports, ...told },
        now,
      );
    });
  }

  cut(from: Process, to: Site): () => void {
    const pair = [from.host, this.#sites[to].host] as const;
    this.world.net.cut(...pair);
    return () => this.world.net.mend([pair]);
  }

  cutSites(from: Site, to: Site): void {
    this.world.net.cut(this.#sites[from].host, this.#sites[to].host);
  }

  after(ms: number): void {
    this.world.run(this.world.at + ms);
  }

  /** Where a call would be offered to the agent now. */
  routableAt(): Site[] {
    return SITES.filter((name) => (this.#sites[name].program as CoreSite).isRoutable('agent'));
  }
}

/**
 * What the desk of north says after its greeting is held up; at south the other desk logs in, which north is asked about;
 * then the sites no longer hear each other, and the log-in comes through.
 */
function lateLogIn(defect: CoreDefect | undefined): Site[] {
  const two = new TwoDesks(defect);
  const { world, desks } = two;
  let mend: (() => void) | undefined;
  world.net.tap = (from, message) => {
    if (from !== desks.north || (message as CoreUp).type !== 'hello' || mend !== undefined) return;
    // With it, behind what is being sent now.
    mend = () => undefined;
    world.plan(world.at + 0.01, () => {
      mend = two.cut(desks.north, 'north');
    });
  };
  world.start(desks.north);
  two.after(LOG_IN_MS);
  world.pause(desks.north, false);
  world.start(desks.south);
  two.after(DECIDED_MS);
  expect(two.routableAt()).toEqual(['south']);
  two.cutSites('north', 'south');
  two.cutSites('south', 'north');
  mend?.();
  two.after(2 * DECIDED_MS);
  return two.routableAt();
}

/** Both log in within the time of an answer; what north says does not reach south, and soon nobody hears anybody. */
function logInThatWaits(defect: CoreDefect | undefined): Site[] {
  const two = new TwoDesks(defect);
  const { world, desks } = two;
  two.cutSites('north', 'south');
  world.start(desks.north);
  two.after(LOG_IN_MS);
  // So that it does not try again with a higher epoch when it is refused.
  world.pause(desks.north, false);
  world.start(desks.south);
  two.after(LOG_IN_MS);
  // South has asked; it would tell north whom it admits, and north would give way to that.
  two.cutSites('south', 'north');
  two.after(DECIDED_MS);
  return two.routableAt();
}

it('[LL8] a late log-in is not admitted where the other site has been promised so, although nobody can be asked any more', () => {
  expect(lateLogIn(undefined)).toEqual(['south']);
  expect(lateLogIn('waiting-login-stays')).toEqual(['south']);
  expect(lateLogIn('peer-promises-nothing')).toEqual(SITES);
});

it('[LL8] a log-in that waits when a higher one is asked about is not admitted: it has been dropped, and promised', () => {
  expect(logInThatWaits(undefined)).toEqual(['south']);
  expect(logInThatWaits('waiting-login-stays')).toEqual(['south']);
  expect(logInThatWaits('peer-promises-nothing')).toEqual(['south']);
  expect(logInThatWaits('peer-takes-no-notice')).toEqual(SITES);
});
