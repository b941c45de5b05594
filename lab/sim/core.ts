/**
 * The core simulation (ME5): two sites, one or two agents, each with a desk and a phone, made of nothing but the
 * machines of `continuity`, under every fault of network, pause, clock and restart. What is looked for after
 * every step: one desk, routable at two sites.
 */
import type { DeskSitePolicy, Governed, LinkHealthOptions } from '@holdfast/continuity';
import { must, type Random, randomInteger } from '@holdfast/kernel';
import { allSettled, apply, neverRoutableTwice, type RoutingSite, watch } from './checkers.ts';
import { CoreDesk } from './core-desk.ts';
import type { CoreDefect } from './core-messages.ts';
import { CorePhone } from './core-phone.ts';
import { CoreSite, type MirroredLogins } from './core-site.ts';
import type { FaultTargets } from './fault-targets.ts';
import { type FaultName, planFaults, RATE_ERROR_MAX } from './faults.ts';
import { injectFaults } from './inject-faults.ts';
import { CALM_NETWORK } from './net.ts';
import type { Process } from './process.ts';
import { count, type SeedResult } from './seed-result.ts';
import { World } from './world.ts';

export interface CoreOptions {
  readonly defect?: CoreDefect;
  /** Keep the last happenings for a report. */
  readonly tracing?: boolean;
}

const SITES = ['north', 'south'] as const;
/** Faults fall in the first part; then everybody has this long to be back at work. */
const BREAK_MS = 90_000;
/** The longest chain: phone time-out, a lease and its margin, a stopped connection, the phone's next refresh. */
export const CORE_SETTLE_MS = 60_000;

const READS_BANNER_MS = 5_000;

/** Every fault that concerns this world; there is no DNS in it. */
export const CORE_FAULTS: readonly FaultName[] = [
  'site-kill',
  'site-power-off',
  'process-restart',
  'process-pause',
  'process-pause-inside',
  'graceful-shutdown',
  'desk-restart',
  'desk-pause',
  'suspension',
  'wall-clock-jump',
  'clock-drift',
  'one-way-cut',
  'sites-partition',
  'desk-site-partition',
  'phones-site-partition',
  'site-isolation',
  'loss-burst',
  'phone-loss',
];

export function runCoreSeed(seed: number, options: CoreOptions = {}): SeedResult {
  const world = new World(seed);
  world.tracing = options.tracing ?? false;
  const centre = new CoreWorld(world, options.defect);
  const faults = new Map<string, number>();
  const plan = planFaults(world.fork(2), {
    healAt: BREAK_MS,
    faultsMin: 4,
    faultsMax: 10,
    names: CORE_FAULTS,
  });
  injectFaults(world, plan, centre.targets, faults);
  centre.planPeople(BREAK_MS);
  centre.planEdits(BREAK_MS, world.fork(4));
  world.plan(BREAK_MS, () => {
    world.net.quality = CALM_NETWORK;
  });
  watch(world, [neverRoutableTwice(centre.sites, centre.agents)]);
  world.run(BREAK_MS + CORE_SETTLE_MS);
  if (world.failure === undefined)
    apply(world, [allSettled(centre.sites, centre.agents, (agent) => centre.describe(agent))]);
  return {
    seed,
    failed: world.failure,
    faults,
    rules: centre.rules,
    virtualMs: world.at,
    steps: world.steps,
    hash: world.trace.hash,
    trace: options.tracing === true ? world.trace.lines(400) : [],
  };
}

class CoreWorld {
  readonly agents: string[] = [];
  readonly sites: RoutingSite[] = [];
  readonly rules = new Map<string, number>();
  readonly #world: World;
  readonly #defect: CoreDefect | undefined;
  readonly #random: Random;
  readonly #desks = new Map<string, Process>();
  readonly #phones: Process[] = [];
  readonly #link: LinkHealthOptions;

  constructor(world: World, defect: CoreDefect | undefined) {
    this.#world = world;
    this.#defect = defect;
    this.#random = world.fork(3);
    const random = this.#random;
    world.stepsPerSecondMax = 5_000;
    world.net.quality = {
      delayMinMs: 0.1,
      delayMaxMs: 0.5 + 20 * random() ** 4,
      loss: random() < 0.3 ? 0.02 : 0,
      duplication: 0.01,
      late: 0.02,
      lateMaxMs: 400,
    };
    this.#link = { timeoutMs: governed('addp-timeout', randomInteger(random, 500, 4_000)) };
    for (const site of SITES) this.#addSite(site);
    const agents = random() < 0.8 ? 1 : 2;
    for (let n = 1; n <= agents; n++) this.#addAgent(`agent${n}`);
    for (const process of world.processes) world.start(process);
  }

  get targets(): FaultTargets {
    return {
      sites: this.sites.map(({ name, process }) => ({
        name,
        hosts: [process.host],
        processes: [process],
        sipServer: process,
        shutDown: () => this.#world.act(process, () => (process.program as CoreSite).shutDown()),
      })),
      desks: [...this.#desks.values()],
      phones: this.#phones,
    };
  }

  describe(agent: string): string {
    const desk = must(this.#desks.get(agent), 'a desk for each agent').program as CoreDesk | undefined;
    const sites = this.sites.map(({ name, process }) => {
      const site = process.program as CoreSite | undefined;
      return site === undefined ? `${name}: dead` : site.describe(agent);
    });
    return `${agent} ${JSON.stringify(desk?.desk.situation)}; ${sites.join('; ')}`;
  }

  /** People ask for moves, take calls and end them. From `until` on they are still. */
  planPeople(until: number): void {
    const random = this.#random;
    for (const process of this.#desks.values()) {
      const act = (at: number, what: (desk: CoreDesk, now: number) => void) =>
        this.#world.plan(at, () => {
          this.#world.act(process, () => what(process.program as CoreDesk, process.now()));
        });
      const actions = randomInteger(random, 0, 6);
      for (let n = 0; n < actions; n++) {
        const to = must(SITES[randomInteger(random, 0, 1)], 'one of two sites');
        const calls = randomInteger(random, 0, 1);
        const because = { rule: 'DS17', text: 'The agent has asked for it.' };
        if (random() < 0.6)
          act(until * random(), (desk, now) => desk.step(now, { type: 'move', to, because }));
        else
          act(until * random(), (desk, now) =>
            desk.step(now, { type: 'busy', busy: { calls, afterCallWork: false, openWindows: 0 } }),
          );
      }
      // An agent whose desk has given up by itself (LL7) reads its banner and logs in again.
      act(until + READS_BANNER_MS, (desk, now) => desk.step(now, { type: 'logIn' }));
      act(until, (desk, now) =>
        desk.step(now, { type: 'busy', busy: { calls: 0, afterCallWork: false, openWindows: 0 } }),
      );
    }
  }

  /** Somebody edits the options of an agent: how long is waited, and where the agent belongs (DS24, DS25). */
  planEdits(until: number, random: Random): void {
    for (const process of this.#desks.values()) {
      const edits = randomInteger(random, 0, 2);
      for (let n = 0; n < edits; n++) {
        const policy = this.#policy(random);
        this.#world.plan(until * random(), () => {
          this.#world.act(process, () => {
            (process.program as CoreDesk).step(process.now(), { type: 'policy', policy });
          });
        });
      }
    }
  }

  #addSite(site: string): void {
    const mirrored: MirroredLogins = new Map();
    const peer = site === 'north' ? 'south' : 'north';
    const decided = (rule: string) => count(this.rules, rule);
    const process = this.#world.addProcess(site, this.#addHost(site), (self, now) => {
      return new CoreSite(
        self,
        site,
        { link: this.#link, defect: this.#defect, mirrored, peer, decided },
        now,
      );
    });
    const isRoutable = (agent: string) => (process.program as CoreSite).isRoutable(agent);
    this.sites.push({ name: site, process, isRoutable });
  }

  #addAgent(agent: string): void {
    const random = this.#random;
    this.agents.push(agent);
    const policy = this.#policy(random);
    const retryPauseMs = randomInteger(random, 200, 3_000);
    // LL8: what the desk's storage remembers may be older than its last log-in.
    const forgets = random() < 0.2;
    let remembered = 0;
    let runs = 0;
    const desk = this.#world.addProcess(`desk-${agent}`, this.#addHost(`desk-${agent}`), (process, now) => {
      runs++;
      const start = {
        policy,
        desk: `${agent}-run${runs}`,
        wallOffsetMs: process.wallOffsetMs(),
        epochHighest: remembered,
        firstLogin: runs === 1 || this.#defect === 'no-wait-at-start' ? 'nothingBefore' : 'wait',
      } as const;
      const persist = (epochNumber: number) => {
        if (!forgets) remembered = epochNumber;
      };
      const decided = (rule: string) => count(this.rules, rule);
      const { link, defect } = { link: this.#link, defect: this.#defect };
      return new CoreDesk(
        process,
        { agent, sites: SITES, start, link, retryPauseMs, defect, persist, decided },
        now,
      );
    });
    this.#desks.set(agent, desk);
    const scheme = random() < 0.6 ? 'dual' : 'active-backup';
    const order = random() < 0.5 ? SITES : [...SITES].reverse();
    this.#phones.push(
      this.#world.addProcess(
        `phone-${agent}`,
        this.#addHost(`phone-${agent}`),
        (process) => new CorePhone(process, { agent, sites: order, scheme, defect: this.#defect }),
      ),
    );
  }

  /** Clocks as bad as LL6 allows, most of them at one end of the range. */
  #addHost(name: string) {
    const random = this.#random;
    const rate = 1 + (random() < 0.5 ? -1 : 1) * RATE_ERROR_MAX * (random() < 0.7 ? 1 : random());
    return this.#world.addHost(name, { rate, wallErrorMs: (random() - 0.5) * 10_000 });
  }

  /**
   * Time-outs from far below the lease to far above it: LL5 keeps them above, so that a lease never adds to a
   * wait; here LL4 alone has to keep the promise.
   */
  #policy(random: Random): DeskSitePolicy {
    const preferredSite = must(SITES[randomInteger(random, 0, 1)], 'one of two sites');
    const timeouts = {
      siteTimeoutMs: governed('disaster-recovery.timeout', randomInteger(random, 100, 12_000)),
      phoneTimeoutMs: governed(
        'disaster-recovery.wait-for-sipphone-timeout',
        randomInteger(random, 100, 10_000),
      ),
    };
    return {
      enabled: governed('disaster-recovery.enabled', true),
      preferredSite,
      peerSite: preferredSite === 'north' ? 'south' : 'north',
      timeouts: { north: timeouts, south: timeouts },
      autoRestore: governed('disaster-recovery.auto-restore', random() < 0.5),
      damping: {
        steadyMs: governed('return-steady-time', randomInteger(random, 0, 3_000)),
        // Forgotten in time for everybody to be where they belong when the world has healed.
        halfLifeMs: governed('return-half-life', randomInteger(random, 0, 30_000)),
        lossesMax: governed('return-losses-max', 1),
      },
      loginAnswerMaxMs: randomInteger(random, 500, 4_000),
      refusedPauseMs: 1_000,
    };
  }
}

function governed<Value>(name: string, value: Value): Governed<Value> {
  return { value, option: { name, value: String(value), source: 'simulation' } };
}
