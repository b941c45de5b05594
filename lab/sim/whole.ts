/**
 * The whole simulation (ME5): both sites with their real SIP Servers and Configuration Servers, agents with real
 * desks and phones in all registration schemes, callers who wait in queues, and at least three faults at once for
 * 180 virtual seconds; then 120 seconds in which everybody must be back at work.
 */
import {
  type Configuration,
  type GeneratedAgent,
  generateConfiguration,
  makeConfiguration,
  OVERFLOW_QUEUE,
  SALES_QUEUE,
  SUPERVISOR,
  SUPPORT_QUEUE,
} from '@holdfast/centre';
import { LEASE_LENGTH_MS } from '@holdfast/continuity';
import { must, type Random, randomInteger } from '@holdfast/kernel';
import { digestSecret, type LookupAnswer, type PhoneFact } from '@holdfast/sip';
import { apply, type RoutingSite, watch } from './checkers.ts';
import { type FaultName, type FaultTargets, injectFaults, planFaults, RATE_ERROR_MAX } from './faults.ts';
import { CALM_NETWORK } from './net.ts';
import { SIP_PORT } from './node-program.ts';
import type { Process } from './process.ts';
import { RuleCensus, SiteWatch } from './rule-census.ts';
import type { SeedResult } from './seed-result.ts';
import { DeskProgram, PhoneProgram } from './whole-agents.ts';
import { addBoard, boardsCurrent } from './whole-board.ts';
import { Callers, OUTSIDE } from './whole-callers.ts';
import {
  callOfferedOnLease,
  centresInOrder,
  everybodyBack,
  neverTwiceInTurn,
  nobodyLeftBehind,
} from './whole-checks.ts';
import { Habits } from './whole-habits.ts';
import { WholeLedger } from './whole-ledger.ts';
import { Person } from './whole-person.ts';
import {
  CLIENT_PORT,
  CONFIG_PORT,
  ConfigServerProgram,
  nodeHashes,
  PASSWORD,
  SipServerProgram,
  type WholeDefect,
  writeToken,
} from './whole-servers.ts';
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

export const WHOLE_FAULTS: readonly FaultName[] = [
  'site-kill',
  'site-power-off',
  'sip-server-kill',
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
  if (options.faults !== false) {
    const plan = planFaults(world.fork(2), {
      healAt: breakMs,
      faultsMin: 4,
      faultsMax: 10,
      names: WHOLE_FAULTS,
    });
    injectFaults(world, plan, centre.targets, faults);
  }
  centre.healAt(breakMs);
  if (options.habits !== false) centre.live(breakMs);
  watch(world, [neverTwiceInTurn(centre.sites, centre.dns), centresInOrder(centre.sites, centre.dns.length)]);
  world.run(breakMs + WHOLE_SETTLE_MS);
  if (world.failure === undefined) apply(world, centre.finalChecks());
  return {
    seed,
    failed: world.failure,
    faults,
    rules: centre.rules,
    virtualMs: world.at,
    steps: world.steps,
    hash: world.trace.hash,
    trace: options.tracing === true ? world.trace.lines(4_000) : [],
  };
}

interface Site {
  readonly name: string;
  readonly address: string;
}
const SITES: readonly [Site, Site] = [
  { name: 'north', address: '10.0.1.1' },
  { name: 'south', address: '10.0.2.1' },
];
const GATEWAY = '10.0.9.1';

export class WholeWorld {
  readonly rules = new Map<string, number>();
  readonly #census = new RuleCensus(this.rules);
  readonly sites: RoutingSite[] = [];
  readonly dns: string[] = [];
  readonly callers: Callers;
  readonly #world: World;
  readonly #random: Random;
  readonly #defect: WholeDefect | undefined;
  readonly #configuration: Configuration;
  readonly #servers: { name: string; sip: Process; config: Process }[] = [];
  readonly #boards: { site: Process; board: Process }[] = [];
  readonly #persons: Person[] = [];
  readonly #schemes: string[] = [];
  #siteTimeoutMs = 0;
  #ledger: WholeLedger | undefined;
  #waitMaxMs = 0;
  #habits: Habits | undefined;
  readonly #phones: Process[] = [];

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
    const generated = this.#generate(agents, options.schemes ?? SCHEMES);
    this.#configuration = makeConfiguration(generated.objects, nodeHashes.sha256);
    for (const site of SITES) this.#addSite(site);
    for (const agent of generated.agents) this.#addAgent(agent);
    const gateway = world.addHost(GATEWAY);
    const rate = options.callsPerSecond ?? agents / 40;
    this.callers = new Callers(world, gateway, world.fork(4), {
      callsPerSecond: rate,
      queues: [SALES_QUEUE, SUPPORT_QUEUE],
      sites: SITES.map((site) => ({ site: site.name, host: site.address })),
      others: [ROUTING_POINT, ...this.dns.slice(0, 2)],
      census: this.#census,
    });
    for (const process of world.processes) this.#startAtItsTime(process);
  }

  get targets(): FaultTargets {
    return {
      sites: this.#servers.map(({ name, sip, config }) => ({
        name,
        hosts: [sip.host],
        processes: [config, sip],
        sipServer: sip,
        // This version's SIP Server has no graceful shutdown yet.
        shutDown: () => false,
      })),
      desks: this.#persons.map((person) => person.desk),
      phones: this.#phones,
    };
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
      nobodyLeftBehind(this.sites, this.#phones, this.callers),
      everybodyBack(this.sites, this.#persons),
      boardsCurrent(this.#boards, this.dns),
    ];
  }

  /** Servers first, then agents within some seconds: nobody's working day begins with a stampede. */
  #startAtItsTime(process: Process): void {
    const isServer = this.#servers.some(({ sip, config }) => process === sip || process === config);
    const at = isServer || process === this.callers.process ? 0 : 100 + 5_000 * this.#random();
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
    const configuration = this.#configuration;
    const config = world.addProcess(`config-${name}`, host, (process) => {
      return new ConfigServerProgram(process, { configuration, application: `config-${name}` });
    });
    const defect = this.#defect;
    const offered = callOfferedOnLease(world);
    const sip = world.addProcess(`sip-${name}`, host, (process, now) => {
      return new SipServerProgram(
        process,
        { configuration, application: `sip-${name}`, offered, census, defect },
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
  }

  #addAgent(agent: GeneratedAgent): void {
    const world = this.#world;
    const index = this.dns.length;
    this.dns.push(agent.dn);
    this.#schemes.push(agent.scheme);
    const homeFirst = agent.home === 'north' ? SITES : ([SITES[1], SITES[0]] as const);
    const census = this.#census;
    const phone = world.addProcess(
      `phone-${agent.dn}`,
      this.#addHost(addressOf(3, index)),
      (process, now) => {
        const options = {
          number: agent.dn,
          domain: REALM,
          password: PASSWORD,
          scheme: agent.scheme,
          sites: homeFirst.slice(0, agent.scheme === 'fixed' ? 1 : 2).map((site) => ({
            site: site.name,
            registrar: `sip:${REALM}`,
            destination: {
              type: 'target',
              target: { transport: 'UDP', host: site.address, port: SIP_PORT },
            } as const,
          })),
          // A phone with one registration at a time finds its site by name (PH1); the others know addresses.
          ...(agent.scheme === 'single' ? { service: serviceOf(agent.home) } : {}),
          expires: 30,
          instance: `urn:uuid:00000000-0000-4000-8000-${agent.dn.padStart(12, '0')}`,
          answerAfterMs: 1_000 + Math.floor(3_000 * this.#random()),
        };
        return new PhoneProgram(
          process,
          { options, lines: 2, census, told: (_, __, fact) => this.#phoneTells(index, fact) },
          now,
        );
      },
    );
    this.#phones.push(phone);
    const storage = { epoch: 0, runs: 0 };
    const defect = this.#defect;
    const servers = homeFirst.map((site) => [{ host: site.address, port: CONFIG_PORT }]);
    const localData = {
      application: 'workspace',
      configServers: { preferred: must(servers[0], 'two sites'), peer: must(servers[1], 'two sites') },
      retryPauseMs: 2_000,
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
  }

  #generate(agents: number, schemes: readonly GeneratedAgent['scheme'][]) {
    const random = this.#random;
    const port = {
      configPort: CONFIG_PORT,
      clientPort: CLIENT_PORT,
      sipPort: SIP_PORT,
      gateway: `${GATEWAY}:${SIP_PORT}`,
    };
    const siteTimeoutS = randomInteger(random, 10, 20);
    this.#siteTimeoutMs = 1000 * siteTimeoutS;
    // Some centres have short lines, so that callers overflow.
    const isTight = random() < 0.5;
    this.#waitMaxMs = isTight ? 20_000 : 120_000;
    const line = isTight ? { holdfast: { 'wait-max': '20', 'waiting-max': '3' } } : {};
    const queues = SITES.flatMap(({ name }) =>
      [SALES_QUEUE, SUPPORT_QUEUE].map((queue) => [`DN/${queue}@${name}`, line] as const),
    );
    return generateConfiguration({
      agents,
      schemes,
      sites: [
        { ...SITES[0], ...port },
        { ...SITES[1], ...port },
      ],
      realm: REALM,
      passwordHash: () => '$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g',
      digest: (dn) => {
        const account = { user: dn, realm: REALM, password: PASSWORD };
        return {
          md5: digestSecret(nodeHashes, 'MD5', account),
          sha256: digestSecret(nodeHashes, 'SHA-256', account),
        };
      },
      keys: { tokenKeys: [], nonceKeys: ['simulated'], serverSecret: 'simulated' },
      options: {
        ...Object.fromEntries(queues),
        'Application/workspace': {
          'interaction-workspace': { 'disaster-recovery.timeout': String(siteTimeoutS) },
        },
      },
    });
  }
}

const REALM = 'holdfast';
const SCHEMES: readonly GeneratedAgent['scheme'][] = ['active-backup', 'dual', 'single', 'fixed'];
/** As the generated configuration sets it. */
const PHONE_TIMEOUT_MS = 10_000;
/** Of the generated configuration: it sends its callers to sales. */
const ROUTING_POINT = '8500';

/** An address literal for each desk and phone: nothing is left to look up. */
function addressOf(net: number, index: number): string {
  return `10.${net}.${index >> 8}.${index & 255}`;
}

const DOMAIN = 'holdfast.example';
const DNS_TTL_S = 30;

function serviceOf(home: string) {
  const siteNames = Object.fromEntries(SITES.map(({ name, address }) => [address, name]));
  return { uri: `sip:${home}.${DOMAIN}`, transport: 'UDP', siteNames } as const;
}

/** The zone: for each site a service name whose first target is that site, and the other the second. */
function resolve(record: string, name: string): LookupAnswer {
  const home = /^_sip\._udp\.(\w+)\.holdfast\.example$/.exec(name)?.[1];
  if (record === 'SRV' && home !== undefined) {
    const records = SITES.map((site) => ({
      priority: site.name === home ? 10 : 20,
      weight: 1,
      port: SIP_PORT,
      target: `sip.${site.name}.${DOMAIN}`,
    }));
    return { type: 'SRV', records, ttlS: DNS_TTL_S };
  }
  const site = SITES.find((one) => name === `sip.${one.name}.${DOMAIN}`);
  if (record === 'A' && site !== undefined) return { type: 'A', addresses: [site.address], ttlS: DNS_TTL_S };
  return { type: 'none', ttlS: DNS_TTL_S };
}
