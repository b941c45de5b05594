/**
 * The whole simulation (ME5): both sites with their real SIP, Configuration and Stat Servers, agents with real
 * desks of both families and phones in all registration schemes, callers who wait in queues, and at least three faults at once for
 * 180 virtual seconds; then 120 seconds in which everybody must be back at work.
 */
import { GENERATED_WRAP_UP_S, type GeneratedAgent, SALES_QUEUE, SUPPORT_QUEUE } from '@holdfast/centre';
import { LEASE_LENGTH_MS } from '@holdfast/continuity';
import { must, type Random, randomInteger } from '@holdfast/kernel';
import type { ConfigObject } from '@holdfast/protocol';
import type { PhoneFact, SipMessage } from '@holdfast/sip';
import { apply, type RoutingSite } from './checkers.ts';
import type { FaultTargets } from './fault-targets.ts';
import { type FaultName, type FaultPlan, planFaults, RATE_ERROR_MAX } from './faults.ts';
import { injectFaults } from './inject-faults.ts';
import { CALM_NETWORK } from './net.ts';
import type { Process } from './process.ts';
import { CALL_PROCESSING_PORT, GATEWAY, RuleCensus } from './rule-census.ts';
import type { SeedResult } from './seed-result.ts';
import { boardsCurrent } from './whole-board.ts';
import { Callers, type CallersOptions, OUTSIDE } from './whole-callers.ts';
import { callsAccounted } from './whole-calls.ts';
import {
  addressOf,
  CAMPAIGN_QUEUE,
  type DrawnCentre,
  drawCentre,
  PHONE_TIMEOUT_MS,
  REALM,
  ROUTING_POINT,
  resolve,
  SCHEMES,
  SITES,
} from './whole-centre.ts';
import {
  callOfferedOnLease,
  centresInOrder,
  everybodyBack,
  neverTwiceByChange,
  nobodyLeftBehind,
  type SteppedServer,
} from './whole-checks.ts';
import { EditedConfiguration } from './whole-configuration.ts';
import type { WholeDefect } from './whole-defects.ts';
import { EDITS } from './whole-edits.ts';
import { greyIsReplaced } from './whole-grey.ts';
import { Habits } from './whole-habits.ts';
import { type Kind, kindOf } from './whole-kinds.ts';
import { WholeLedger } from './whole-ledger.ts';
import { OneLeggedCalls } from './whole-legs.ts';
import { linksStand } from './whole-links.ts';
import { Operators } from './whole-operators.ts';
import { neverTwoPrimaries, pairsAtRest } from './whole-pair-checks.ts';
import { addPerson } from './whole-people.ts';
import type { Person } from './whole-person.ts';
import { Phones } from './whole-phones.ts';
import { JoinedLegs, oneAgentACaller, reservationsShort } from './whole-pools.ts';
import type { SipServerProgram } from './whole-sip-server.ts';
import { addSite, type SiteProcesses } from './whole-site.ts';
import { statisticsRight } from './whole-statistics.ts';
import { StrangerProgram } from './whole-stranger.ts';
import { World } from './world.ts';

export interface WholeOptions {
  readonly agents?: number;
  readonly tracing?: boolean;
  readonly defect?: WholeDefect;
  /** Virtual time in which faults fall; 180 s unless a measurement wants another. */
  readonly breakMs?: number;
  /** What may break; all that can, unless set, and nothing with `false`. */
  readonly faults?: readonly FaultName[] | false;
  /** Breaks, windows, calls of their own: what people do besides (default true). */
  readonly habits?: boolean;
  /** Of the agents' phones, in turn; all four unless set (PH1). */
  readonly schemes?: readonly GeneratedAgent['scheme'][];
  /** Of what kind each agent is, by index; a mixture, or with schemes plain Workspace, unless set. */
  readonly kinds?: (index: number) => Kind;
  /** `disaster-recovery.timeout`. */
  readonly siteTimeoutS?: number;
  /** The names of the sites whose SIP Server is a pair; drawn unless set, and none where schemes are. */
  readonly pairs?: readonly string[];
  /** The queues of both sites are one pool (PQ1); in half of the worlds unless set, and not where schemes are. */
  readonly isPooled?: boolean;
  /** Changes the configuration before anybody reads it. */
  readonly configured?: (objects: readonly ConfigObject[]) => readonly ConfigObject[];
  /** Calls a virtual second. */
  readonly callsPerSecond?: number;
  readonly callers?: Pick<CallersOptions, 'patienceMaxMs' | 'talkMaxMs'>;
}

export const WHOLE_BREAK_MS = 180_000;
export const WHOLE_SETTLE_MS = 120_000;
const POOLED_SHARE = 0.5;
const PROXIED_SHARE = 0.5;
const FORWARDING_SHARE = 0.4;
const AGENTS_MIN = 8;
const AGENTS_MAX = 12;
const STRANGER = '10.0.99.1';

export const WHOLE_FAULTS: readonly FaultName[] = [
  'site-kill',
  'site-power-off',
  'sip-server-kill',
  'graceful-shutdown',
  'process-restart',
  'process-pause',
  'process-pause-inside',
  'site-pause',
  'desk-restart',
  'desk-restart-cut-off',
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
  'dns-failure',
  'config-server-kill',
  'config-server-pause',
  'stat-server-kill',
  'stat-server-pause',
  'lesser-links-cut',
  'primary-kill',
  'primary-pause',
  'primary-pause-inside',
  'standby-kill-joining',
  'standby-pause',
  'mate-link-cut',
  'mate-entries-lost',
  'primary-grey',
  'arbiter-kill',
  'arbiter-answers-lost',
  'operator-promote',
  'operator-demote',
];

export function runWholeSeed(seed: number, options: WholeOptions = {}): SeedResult {
  const world = new World(seed);
  world.tracing = options.tracing ?? false;
  const breakMs = options.breakMs ?? WHOLE_BREAK_MS;
  const faults = new Map<string, number>();
  const centre = new WholeWorld(world, options);
  const plan =
    options.faults === false
      ? undefined
      : planFaults(world.fork(2), {
          healAt: breakMs,
          faultsMin: 4,
          faultsMax: 10,
          names: options.faults ?? WHOLE_FAULTS,
        });
  if (plan !== undefined) injectFaults(world, plan, centre.targets, faults);
  centre.healAt(breakMs);
  if (options.habits !== false) centre.live(breakMs);
  const sampled = centre.watch(plan);
  world.run(breakMs + WHOLE_SETTLE_MS);
  if (world.failure === undefined) apply(world, centre.finalChecks());
  return {
    seed,
    failed: world.failure,
    faults,
    rules: centre.rules,
    sampled,
    virtualMs: world.at,
    steps: world.steps,
    hash: world.trace.hash,
    trace: options.tracing === true ? world.trace.lines(4_000) : [],
  };
}

function drawForwards(random: Random): { readonly following: string } | undefined {
  if (random() >= FORWARDING_SHARE) return undefined;
  return { following: SITES[random() < 0.5 ? 0 : 1].name };
}

export class WholeWorld {
  readonly rules = new Map<string, number>();
  readonly #census = new RuleCensus(this.rules);
  readonly sites: readonly RoutingSite[];
  readonly dns: string[] = [];
  readonly callers: Callers;
  readonly #world: World;
  readonly #random: Random;
  readonly #defect: WholeDefect | undefined;
  readonly #configuration: EditedConfiguration;
  readonly #servers: SiteProcesses[];
  readonly #persons: Person[] = [];
  readonly #schemes: string[] = [];
  readonly #homes: string[] = [];
  readonly #isMixed: boolean;
  readonly #kindOf: (index: number) => Kind;
  readonly #thirdParty: DrawnCentre['thirdParty'];
  readonly #siteTimeoutMs: number;
  #ledger: WholeLedger | undefined;
  #habits: Habits | undefined;
  readonly #phones: Phones;
  readonly #joined = new JoinedLegs();
  readonly #operators: Operators;

  constructor(world: World, options: WholeOptions) {
    this.#world = world;
    this.#random = world.fork(3);
    this.#defect = options.defect;
    const random = this.#random;
    const agents = options.agents ?? randomInteger(random, AGENTS_MIN, AGENTS_MAX);
    world.stepsPerSecondMax = 20_000 + 200 * agents;
    world.net.quality = {
      ...CALM_NETWORK,
      delayMaxMs: 1 + 15 * random() ** 3,
      loss: 0.005,
      duplication: 0.005,
      late: 0.01,
      lateMaxMs: 300,
    };
    world.net.dnsFailure = { type: 'failed', reason: 'the simulated resolver does not answer' };
    world.net.resolve = resolve;
    // All kinds of phones and people, unless a measurement wants one.
    const isMixed = options.schemes === undefined;
    this.#isMixed = isMixed;
    this.#kindOf = options.kinds ?? ((index) => kindOf(index, isMixed));
    const drawn = drawCentre(random, {
      agents,
      schemes: options.schemes ?? SCHEMES,
      isMixed,
      siteTimeoutS: options.siteTimeoutS,
      pairs: options.pairs ?? (isMixed ? undefined : []),
      // Drawn apart: what else a world is does not depend on it.
      isPooled: options.isPooled ?? (isMixed && world.fork(8)() < POOLED_SHARE),
      forwards: isMixed ? drawForwards(world.fork(10)) : undefined,
    });
    this.#siteTimeoutMs = drawn.siteTimeoutMs;
    this.#thirdParty = drawn.thirdParty;
    const objects = options.configured?.(drawn.objects) ?? drawn.objects;
    this.#configuration = new EditedConfiguration(world, objects);
    this.#phones = new Phones(world, random, this.#census);
    this.#operators = new Operators(world);
    const ports = {
      ...{ configuration: this.#configuration, operators: this.#operators, census: this.#census },
      ...{ defect: this.#defect, waitMaxMs: drawn.waitMaxMs, offered: callOfferedOnLease(world) },
      answers: (message: SipMessage) => this.#joined.answered(message),
      addHost: (name: string) => this.#addHost(name),
      phones: () => [...this.#phones.processes, this.callers.process],
    };
    this.#servers = SITES.map((site) =>
      addSite(world, site, { ...ports, isPair: drawn.pairs.includes(site) }),
    );
    this.sites = this.#servers.map(({ routing }) => routing);
    for (const index of drawn.generated.agents.keys()) this.#addSeat(drawn.generated.agents, index);
    const gateway = world.addHost(GATEWAY);
    const rate = options.callsPerSecond ?? agents / 40;
    this.callers = new Callers(world, gateway, world.fork(4), {
      callsPerSecond: rate,
      queues: [SALES_QUEUE, SUPPORT_QUEUE],
      sites: SITES.map((site) => ({ site: site.name, host: site.address })),
      // Who measures the loss of a site wants nobody called who is not Ready (CA5).
      others: isMixed ? [ROUTING_POINT, CALL_PROCESSING_PORT, CAMPAIGN_QUEUE, ...this.dns.slice(0, 2)] : [],
      census: this.#census,
      // Drawn apart, as pools are.
      isProxied: isMixed && world.fork(9)() < PROXIED_SHARE,
      ...options.callers,
    });
    this.#phones.addAnnouncer();
    for (const process of world.processes) this.#startAtItsTime(process);
  }

  get targets(): FaultTargets {
    return {
      sites: this.#servers.map(({ targets }) => targets),
      desks: this.#persons.map((person) => person.desk),
      loggedIn: () => this.#loggedIn(),
      phones: this.#phones.processes,
    };
  }

  /** Who works away from home comes first, before all who could go home: a desk that starts anew wants to (LL8). */
  #loggedIn() {
    const all = this.#persons.flatMap(({ desk, view }, index) => {
      const home = this.#homes[index] ?? '';
      if (view === undefined || view.site === null) return [];
      const danger = view.site === home ? 0 : view.phoneAt.includes(home) ? 2 : 1;
      return [{ desk, site: view.site, danger }];
    });
    return all.sort((a, b) => b.danger - a.danger);
  }

  /** From now on the network is calm, and after a last minute no new calls come. */
  healAt(at: number): void {
    this.#world.plan(at, () => {
      this.#world.net.quality = CALM_NETWORK;
    });
    this.callers.stopAt(at + WHOLE_SETTLE_MS / 2);
  }

  finalChecks() {
    const pairs = this.#servers.flatMap(({ pair }) => pair ?? []);
    // A leg that stands for ever holds its agent: named first, it sorts such failures apart.
    return [
      nobodyLeftBehind(this.sites, this.#phones.processes, this.callers),
      everybodyBack(this.sites, this.#persons, this.#thirdParty),
      boardsCurrent(
        this.#servers.map(({ routing: site, board }) => ({ site, board })),
        this.dns,
      ),
      linksStand(this.#persons),
      statisticsRight(this.sites, this.#persons),
      pairsAtRest(this.#world, pairs),
    ];
  }

  /** Servers first, then agents within some seconds: nobody's working day begins with a stampede. */
  #startAtItsTime(process: Process): void {
    const isServer = this.#servers.some(({ processes }) => processes.includes(process));
    const isFirst =
      isServer || process === this.callers.process || this.#operators.processes.includes(process);
    const at = isFirst ? 0 : 100 + 5_000 * this.#random();
    this.#world.plan(at, () => {
      if (process.state === 'dead' && process.life === 0) this.#world.start(process);
    });
  }

  #addHost(name: string) {
    const random = this.#random;
    return this.#world.addHost(name, {
      rate: 1 + (2 * random() - 1) * RATE_ERROR_MAX,
      wallErrorMs: (random() - 0.5) * 2_000,
    });
  }

  /** One seat with its phone, and whoever sits there today. */
  #addSeat(agents: readonly GeneratedAgent[], index: number): void {
    const seat = must(agents[index], 'a seat of the centre');
    const kind = this.#kindOf(index);
    const at = kind.hotSeat ?? index;
    const user = must(agents[at], 'whoever sits there is an agent of the centre');
    this.dns.push(seat.dn);
    this.#schemes.push(seat.scheme);
    this.#homes.push(user.home);
    const { transport, lines } = kind;
    const phone = this.#phones.add(seat, {
      host: this.#addHost(addressOf(3, index)),
      transport,
      lines,
      told: (fact) => this.#phoneTells(index, fact),
    });
    if (kind.hasSecondPhone)
      this.#phones.add(seat, { host: this.#addHost(addressOf(5, index)), transport: 'UDP', lines: 2 });
    const person = addPerson(
      this.#world,
      {
        seat,
        user,
        kind: { ...kind, family: this.#kindOf(at).family },
        phone,
        siteTimeoutMs: this.#siteTimeoutMs,
      },
      {
        host: this.#addHost(addressOf(4, index)),
        random: this.#world.fork(1_000 + index),
        defect: this.#defect,
        census: this.#census,
        fact: (rate, effect) => this.#ledger?.desk(seat.dn, rate, effect),
        stampAnswered: () => this.#ledger?.stampAnswered(seat.dn),
        restartPhone: () => this.#phones.restart(phone),
      },
    );
    this.#persons.push(person);
  }

  /** What people do besides their work, until `until`. */
  live(until: number): void {
    const options = {
      until,
      everyMs: 60_000,
      dns: this.dns,
      outside: OUTSIDE,
      queues: [SALES_QUEUE, SUPPORT_QUEUE],
      sites: SITES.map(({ name }) => name),
    };
    this.#habits = new Habits(this.#world, this.#world.fork(5), options);
    for (const person of this.#persons) this.#habits.follow(person);
    const shutDown = () => this.#habits?.callForHelp();
    this.#operators.live(this.#world.fork(7), { until, dns: this.dns, shutDown });
    this.#configuration.editUntil(until, EDITS, this.#world.fork(6));
    const trickery = {
      sites: SITES.map(({ address }) => address),
      configServers: SITES.map(({ office }) => office),
      phones: this.dns.map((_, index) => addressOf(3, index)),
      realm: REALM,
      until,
      census: this.#census,
    };
    const stranger = this.#world.addProcess('stranger', this.#world.addHost(STRANGER), (process, now) => {
      return new StrangerProgram(process, trickery, now);
    });
    this.#world.plan(0, () => this.#world.start(stranger));
  }

  /** From now on nothing may go wrong. Which checks look at some changes only, and at which share of them. */
  watch(plan: FaultPlan | undefined): ReadonlyMap<string, number> {
    let stepped: Process | undefined;
    let serving: ReturnType<SteppedServer>;
    const whose = () => serving;
    const pairs = this.#servers.flatMap(({ pair }) => pair ?? []);
    const inOrder = centresInOrder(this.dns.length, whose);
    const checks = [
      neverTwoPrimaries(pairs, () => stepped),
      neverTwiceByChange(this.sites, this.dns, whose),
      callsAccounted(whose),
      oneAgentACaller(whose),
      reservationsShort(whose),
      inOrder,
    ];
    const world = this.#world;
    const siteOf = new Map(
      this.#servers.flatMap(({ pair, routing }) =>
        (pair?.members ?? [routing.process]).map((server) => [server, routing] as const),
      ),
    );
    world.afterStep = (process) => {
      const site = siteOf.get(process);
      // Most steps are those of phones and desks, which change nothing that is looked at here.
      if (site === undefined) return;
      stepped = process;
      const program = process.program as SipServerProgram | undefined;
      serving = program !== undefined && site.process === process ? { site, process, program } : undefined;
      apply(world, checks);
    };
    const phones = [...this.#phones.processes, this.callers.process];
    for (const { name, watch } of pairs) greyIsReplaced(world, name, watch);
    new OneLeggedCalls(world, { sites: this.sites, phones, joined: this.#joined }, plan);
    return new Map(inOrder.looksEvery === 1 ? [] : [[inOrder.name, 1 / inOrder.looksEvery]]);
  }

  get people(): readonly Person[] {
    return this.#persons;
  }

  /** From now on the agent-seconds of this world are counted (ME1). */
  keepLedger(): WholeLedger {
    this.#ledger = new WholeLedger(this.#world, {
      leaseLengthMs: LEASE_LENGTH_MS,
      waits: {
        'disaster-recovery.timeout': this.#siteTimeoutMs,
        'disaster-recovery.wait-for-sipphone-timeout': PHONE_TIMEOUT_MS,
      },
      afterCallWorkMs: 1000 * GENERATED_WRAP_UP_S,
    });
    return this.#ledger;
  }

  /** All processes of the site die; its hosts live and reset every connection. */
  killSite(site: string): void {
    this.#ledger?.siteLost(
      site,
      this.#persons.map((person, index) => [person, this.#schemes[index] ?? '']),
    );
    for (const { name, processes } of this.#servers)
      if (name === site) for (const process of processes) this.#world.kill(process);
  }

  /** DS20: from their next starts on they sit at each other's place. */
  swapSeats(one: Person, other: Person): void {
    const [at, otherAt] = [this.#persons.indexOf(one), this.#persons.indexOf(other)];
    const [seat, otherSeat] = [one.seat, other.seat];
    one.sitsAt(otherSeat);
    other.sitsAt(seat);
    // By seat, as phones tell of themselves.
    this.#persons[at] = other;
    this.#persons[otherAt] = one;
    const home = this.#homes[at] ?? '';
    this.#homes[at] = this.#homes[otherAt] ?? '';
    this.#homes[otherAt] = home;
  }

  logOut(site: string, dn: string, reason: string | undefined): void {
    this.#operators.logOut(site, dn, reason);
  }

  startSite(site: string): void {
    for (const { name, processes } of this.#servers)
      if (name === site) for (const process of processes) this.#world.start(process);
  }

  #phoneTells(agent: number, fact: PhoneFact): void {
    const person = this.#persons[agent];
    if (person !== undefined) this.#ledger?.phone(person.dn, fact);
    if (person !== undefined) this.#habits?.phoneTells(person, fact);
    const tellsDesk = !this.#isMixed || agent % 2 === 0;
    // When the phone has done what it is about to do.
    if (fact.name === 'ended' && tellsDesk) this.#world.plan(this.#world.at, () => person?.phoneFellSilent());
  }
}
