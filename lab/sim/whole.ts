/**
 * The whole simulation (ME5): both sites with their real SIP Servers and Configuration Servers, agents with real
 * desks and phones in all registration schemes, callers who wait in queues, and at least three faults at once for
 * 180 virtual seconds; then 120 seconds in which everybody must be back at work.
 */
import {
  type GeneratedAgent,
  OVERFLOW_QUEUE,
  SALES_QUEUE,
  SUPERVISOR,
  SUPPORT_QUEUE,
} from '@holdfast/centre';
import { LEASE_LENGTH_MS } from '@holdfast/continuity';
import { type Random, randomInteger } from '@holdfast/kernel';
import type { PhoneFact } from '@holdfast/sip';
import { apply, type RoutingSite } from './checkers.ts';
import {
  type FaultName,
  type FaultPlan,
  type FaultTargets,
  injectFaults,
  planFaults,
  RATE_ERROR_MAX,
} from './faults.ts';
import { CALM_NETWORK } from './net.ts';
import type { Process } from './process.ts';
import { CALL_PROCESSING_PORT, GATEWAY, RuleCensus, SiteWatch } from './rule-census.ts';
import type { SeedResult } from './seed-result.ts';
import { addBoard, boardsCurrent } from './whole-board.ts';
import { bootstrapOf } from './whole-bootstrap.ts';
import { Callers, OUTSIDE } from './whole-callers.ts';
import { callsAccounted } from './whole-calls.ts';
import {
  addressOf,
  CAMPAIGN_QUEUE,
  drawCentre,
  EDITS,
  PHONE_TIMEOUT_MS,
  REALM,
  ROUTING_POINT,
  resolve,
  SCHEMES,
  SERVER_SECRET,
  SITES,
  type Site,
} from './whole-centre.ts';
import {
  callOfferedOnLease,
  centresInOrder,
  everybodyBack,
  neverTwiceByChange,
  nobodyLeftBehind,
} from './whole-checks.ts';
import { EditedConfiguration } from './whole-configuration.ts';
import type { WholeDefect } from './whole-defects.ts';
import { DeskProgram } from './whole-desk.ts';
import { Habits } from './whole-habits.ts';
import { WholeLedger } from './whole-ledger.ts';
import { OneLeggedCalls } from './whole-legs.ts';
import { Operators } from './whole-operators.ts';
import { Person } from './whole-person.ts';
import { Phones } from './whole-phones.ts';
import { CLIENT_PORT, CONFIG_PORT, ConfigServerProgram, writeToken } from './whole-servers.ts';
import { SipServerProgram } from './whole-sip-server.ts';
import { StrangerProgram } from './whole-stranger.ts';
import { World } from './world.ts';

export interface WholeOptions {
  readonly agents?: number;
  readonly tracing?: boolean;
  readonly defect?: WholeDefect;
  /** Virtual time in which faults fall; 180 s unless a measurement wants another. */
  readonly breakMs?: number;
  readonly faults?: boolean;
  /** Breaks, windows, calls of their own: what people do besides (default true). */
  readonly habits?: boolean;
  /** Of the agents' phones, in turn; all four unless set (PH1). */
  readonly schemes?: readonly GeneratedAgent['scheme'][];
  /** Calls a virtual second. */
  readonly callsPerSecond?: number;
}

export const WHOLE_BREAK_MS = 180_000;
export const WHOLE_SETTLE_MS = 120_000;
const AGENTS_MIN = 8;
const AGENTS_MAX = 12;
/** Of the mixture: agents, by index, whose phones speak SIP over TCP, and one who has two phones. */
const TCP_PHONES: readonly number[] = [1, 3];
const TWO_PHONES = 0;
const ONE_LINE_FROM = 4;
/** Agents whose phone is part of the desktop (DS18). */
const EMBEDDED_ENDPOINTS: readonly number[] = [1, 4];
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
      : planFaults(world.fork(2), { healAt: breakMs, faultsMin: 4, faultsMax: 10, names: WHOLE_FAULTS });
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

export class WholeWorld {
  readonly rules = new Map<string, number>();
  readonly #census = new RuleCensus(this.rules);
  readonly sites: RoutingSite[] = [];
  readonly dns: string[] = [];
  readonly callers: Callers;
  readonly #world: World;
  readonly #random: Random;
  readonly #defect: WholeDefect | undefined;
  readonly #configuration: EditedConfiguration;
  readonly #servers: { name: string; sip: Process; config: Process }[] = [];
  readonly #boards: { site: Process; board: Process }[] = [];
  readonly #persons: Person[] = [];
  readonly #schemes: string[] = [];
  readonly #homes: string[] = [];
  readonly #isMixed: boolean;
  readonly #siteTimeoutMs: number;
  #ledger: WholeLedger | undefined;
  readonly #waitMaxMs: number;
  #habits: Habits | undefined;
  readonly #phones: Phones;
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
    this.#isMixed = options.schemes === undefined;
    const drawn = drawCentre(random, { agents, schemes: options.schemes ?? SCHEMES, isMixed: this.#isMixed });
    this.#siteTimeoutMs = drawn.siteTimeoutMs;
    this.#waitMaxMs = drawn.waitMaxMs;
    this.#configuration = new EditedConfiguration(world, drawn.objects);
    this.#phones = new Phones(world, random, this.#census);
    this.#operators = new Operators(world);
    for (const site of SITES) this.#addSite(site);
    for (const agent of drawn.generated.agents) this.#addAgent(agent);
    const gateway = world.addHost(GATEWAY);
    const rate = options.callsPerSecond ?? agents / 40;
    this.callers = new Callers(world, gateway, world.fork(4), {
      callsPerSecond: rate,
      queues: [SALES_QUEUE, SUPPORT_QUEUE],
      sites: SITES.map((site) => ({ site: site.name, host: site.address })),
      // Who measures the loss of a site wants nobody called who is not Ready (CA5).
      others: this.#isMixed
        ? [ROUTING_POINT, CALL_PROCESSING_PORT, CAMPAIGN_QUEUE, ...this.dns.slice(0, 2)]
        : [],
      census: this.#census,
    });
    this.#phones.addAnnouncer();
    for (const process of world.processes) this.#startAtItsTime(process);
  }

  get targets(): FaultTargets {
    return {
      sites: this.#servers.map(({ name, sip, config }) => ({
        name,
        hosts: [sip.host],
        processes: [config, sip],
        sipServer: sip,
        shutDown: () => this.#operators.shutDown(name),
        takeBack: () => this.#operators.takeBack(name),
      })),
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
    // A leg that stands for ever holds its agent: named first, it sorts such failures apart.
    return [
      nobodyLeftBehind(this.sites, this.#phones.processes, this.callers),
      everybodyBack(this.sites, this.#persons),
      boardsCurrent(this.#boards, this.dns),
    ];
  }

  /** Servers first, then agents within some seconds: nobody's working day begins with a stampede. */
  #startAtItsTime(process: Process): void {
    const isServer = this.#servers.some(({ sip, config }) => process === sip || process === config);
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

  #addSite({ name, address }: Site): void {
    const world = this.#world;
    const host = this.#addHost(address);
    const census = this.#census;
    const config = world.addProcess(`config-${name}`, host, (process) => {
      const configuration = this.#configuration.current;
      return new ConfigServerProgram(process, { configuration, application: `config-${name}` });
    });
    this.#configuration.serve(config);
    const ownFirst = [address, ...SITES.map((site) => site.address).filter((one) => one !== address)];
    const configServers = ownFirst.map((one) => ({ host: one, port: CONFIG_PORT }));
    const defect = this.#defect;
    const offered = callOfferedOnLease(world);
    const sip = world.addProcess(`sip-${name}`, host, (process, now) => {
      return new SipServerProgram(
        process,
        { application: `sip-${name}`, secret: SERVER_SECRET, configServers, offered, census, defect },
        now,
      );
    });
    this.#servers.push({ name, sip, config });
    this.sites.push({
      name,
      process: sip,
      isRoutable: (dn) => (sip.program as SipServerProgram).isRoutable(dn),
    });
    const board = addBoard(
      world,
      {
        site: name,
        server: { host: address, port: CLIENT_PORT },
        token: () => writeToken({ person: SUPERVISOR.user, expiresAt: Number.MAX_SAFE_INTEGER }),
        watch: new SiteWatch(census, OVERFLOW_QUEUE, this.#waitMaxMs),
        defect,
      },
      this.#addHost(`board.${name}`),
    );
    this.#boards.push({ site: sip, board });
    this.#operators.add(name, address);
  }

  #addAgent(agent: GeneratedAgent): void {
    const world = this.#world;
    const isMixed = this.#isMixed;
    const index = this.dns.length;
    this.dns.push(agent.dn);
    this.#schemes.push(agent.scheme);
    this.#homes.push(agent.home);
    const homeFirst = agent.home === 'north' ? SITES : ([SITES[1], SITES[0]] as const);
    const census = this.#census;
    const transport = isMixed && TCP_PHONES.includes(index) ? 'TCP' : 'UDP';
    const phone = this.#phones.add(agent, {
      host: this.#addHost(addressOf(3, index)),
      transport,
      // Some phones are busy in one call (CA4).
      lines: isMixed && index >= ONE_LINE_FROM ? 1 : 2,
      told: (fact) => this.#phoneTells(index, fact),
    });
    // A second phone, at home say, that rings with the first and that nobody ever answers (SS24).
    if (isMixed && index === TWO_PHONES)
      this.#phones.add(agent, { host: this.#addHost(addressOf(5, index)), transport: 'UDP', lines: 2 });
    const storage = { epoch: 0, runs: 0 };
    const defect = this.#defect;
    const localData = {
      bootstrap: bootstrapOf(homeFirst[0].address, homeFirst[1].address, {
        ...{ application: 'workspace', port: CONFIG_PORT, timeoutMs: 2_000 },
        embeddedEndpoint: isMixed && EMBEDDED_ENDPOINTS.includes(index),
      }),
      addpTimeoutMs: 5_000,
    };
    const desk = world.addProcess(`desk-${agent.dn}`, this.#addHost(addressOf(4, index)), (process, now) => {
      const seen = (_: Process, view: Parameters<Person['sees']>[0]) => person.sees(view);
      return new DeskProgram(
        process,
        {
          user: agent.user,
          place: agent.place,
          localData,
          storage,
          defect,
          census,
          seen,
          fact: (effect) => this.#ledger?.desk(agent.dn, process.host.rate, effect),
          stampAnswered: () => this.#ledger?.stampAnswered(agent.dn),
          restartPhone: () => this.#phones.restart(phone),
        },
        now,
      );
    });
    const person = new Person(world, { desk, phone, dn: agent.dn }, world.fork(1_000 + index));
    this.#persons.push(person);
  }

  /** What people do besides their work, until `until`. */
  live(until: number): void {
    const options = {
      until,
      everyMs: 60_000,
      dns: this.dns,
      outside: OUTSIDE,
      sites: SITES.map(({ name }) => name),
    };
    this.#habits = new Habits(this.#world, this.#world.fork(5), options);
    for (const person of this.#persons) this.#habits.follow(person);
    this.#operators.live(this.#world.fork(7), { until, dns: this.dns });
    this.#configuration.editUntil(until, EDITS, this.#world.fork(6));
    const trickery = {
      sites: SITES.map(({ address }) => address),
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
    const whose = () => stepped;
    const inOrder = centresInOrder(this.sites, this.dns.length, whose);
    const checks = [
      neverTwiceByChange(this.sites, this.dns, whose),
      callsAccounted(this.sites, whose),
      inOrder,
    ];
    const world = this.#world;
    world.afterStep = (process) => {
      stepped = process;
      apply(world, checks);
    };
    const phones = [...this.#phones.processes, this.callers.process];
    new OneLeggedCalls(world, { sites: this.sites, phones }, plan);
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
    });
    return this.#ledger;
  }

  /** All processes of the site die; its hosts live and reset every connection. */
  killSite(site: string): void {
    this.#ledger?.siteLost(
      site,
      this.#persons.map((person, index) => [person, this.#schemes[index] ?? '']),
    );
    for (const { name, sip, config } of this.#servers)
      if (name === site) for (const process of [config, sip]) this.#world.kill(process);
  }

  startSite(site: string): void {
    for (const { name, sip, config } of this.#servers)
      if (name === site) for (const process of [config, sip]) this.#world.start(process);
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
