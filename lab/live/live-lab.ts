/**
 * Two sites on this machine, as real processes, with robots and callers on real sockets: the world in which a
 * scenario breaks things. Here is what can be done to it and what can be seen of it; what must hold is in the
 * scenarios.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ADMINISTRATOR, type GeneratedAgent, SUPERVISOR } from '@holdfast/centre';
import type { DeskView } from '@holdfast/desk';
import { type Because, seededRandom } from '@holdfast/kernel';
import type { ConfigObject } from '@holdfast/protocol';
import { ProcessClock } from '@holdfast/shell';
import { Ledger } from '../src/ledger.ts';
import { CallAccount } from './call-account.ts';
import { Callers } from './callers.ts';
import { DeskStorages, type SeatStorage } from './desk-storages.ts';
import type { DoubleWatchOptions } from './double-watch.ts';
import {
  type Family,
  PASSWORD,
  PHONE_PASSWORD,
  REALM,
  SITES,
  type SiteName,
  type SitePorts,
  writeLabConfiguration,
} from './lab-configuration.ts';
import { type LabAlarm, LabWatch } from './lab-watch.ts';
import { Relays } from './relay.ts';
import { Robot } from './robot.ts';
import type { ServerLoad } from './server-loads.ts';
import type { Credentials } from './site-observer.ts';
import { clientPortsOf, drawPorts } from './site-ports.ts';
import { pause, SiteProcesses } from './site-processes.ts';
import { SoundAccount } from './sound-account.ts';
import type { LabTimes } from './times.ts';

export { SITES, type SiteName, type SitePorts };

/** A relay doubles what the lab's process has to read and write; beyond so many agents it would measure itself. */
const RELAYED_AGENTS_MAX = 100;
/** Different tones of agents: below those of callers. */
const TONES = 50;

export interface LiveLabOptions {
  readonly agents: number;
  readonly seed: number;
  readonly times: LabTimes;
  /** `both`: a share of the agents work with third-party desktops (DS1). */
  readonly families: 'workspace' | 'both';
  /** Whose place is asked for at each start (DS20); a visitor sits at a place that is not the own one. */
  readonly hotSeating?: 'everybody' | 'visitors';
  /** Each DN has a Place of its own; its name at that site (DS21). */
  readonly placeAt?: (place: string, site: SiteName) => string;
  /** Phones are part of the desktops (DS18). */
  readonly hasEmbeddedEndpoints?: boolean;
  /** What a scenario has otherwise than the waits say. */
  readonly configure?: (object: ConfigObject) => ConfigObject | readonly ConfigObject[];
  /** The bundle of the servers. */
  readonly serverEntry: string;
  /** Kept when given; else a folder of its own that is removed at the end, unless a site did not start. */
  readonly folder?: string;
  /** Fixed ports, for people who want to join; free ones when absent. */
  readonly ports?: SitePorts;
  readonly restarts: boolean;
  /** Each SIP Server has a standby. */
  readonly pairs?: boolean;
  /** Calls with sound: so many at once (ME6). */
  readonly withSound: number;
  readonly onDecision?: (decision: LabDecision) => void;
  readonly onAlarm?: (alarm: LabAlarm) => void;
}

export interface LabDecision {
  readonly at: number;
  readonly agent: string;
  readonly what: string;
  readonly site: string;
  readonly because: Because;
}

export interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
}

export class LiveLab {
  readonly options: LiveLabOptions;
  readonly clock = new ProcessClock();
  readonly calls = new CallAccount();
  readonly sound = new SoundAccount();
  readonly robots: Robot[] = [];
  readonly checks: Check[] = [];
  readonly sites: Readonly<Record<SiteName, SiteProcesses>>;
  readonly callers: Callers;
  readonly watch: LabWatch;
  readonly ledger: Ledger;
  readonly ports: SitePorts;
  readonly #relays = new Relays();
  readonly #startedAt: number;
  readonly #folder: string;
  readonly #agents: readonly GeneratedAgent[];
  readonly #random;
  readonly #storages: DeskStorages;
  /** How often everybody has come to work. */
  #nobodyHangsUp = false;
  #days = 0;
  #isStopping = false;
  #keepsFolder = false;

  private constructor(
    options: LiveLabOptions,
    world: { ports: SitePorts; folder: string; agents: readonly GeneratedAgent[] },
  ) {
    this.options = options;
    this.ports = world.ports;
    this.#folder = world.folder;
    this.#agents = world.agents;
    this.#startedAt = this.clock.now();
    this.#random = seededRandom(options.seed);
    this.#storages = new DeskStorages({
      configPorts: world.ports.config,
      retryDelayS: options.times.retryDelayS,
      hasEmbeddedEndpoints: options.hasEmbeddedEndpoints === true,
      placeAt: options.placeAt,
    });
    this.watch = new LabWatch({
      now: () => this.now(),
      clockNow: () => this.clock.now(),
      startedAt: this.#startedAt,
      agents: options.agents,
      times: options.times,
      calls: this.calls,
      sound: this.sound,
      siteOf: (server) =>
        SITES.find((site) => clientPortsOf(world.ports, site).some((port) => server === `127.0.0.1:${port}`)),
      onDecision: (decision) => options.onDecision?.(decision),
      onAlarm: (alarm) => options.onAlarm?.(alarm),
      onLeftAlone: (leg) => this.callers.hangUpSoon(leg),
    });
    this.ledger = new Ledger(this.watch);
    this.watch.ledger = this.ledger;
    const { standby } = world.ports;
    const site = (name: SiteName, index: 0 | 1) =>
      new SiteProcesses({
        site: name,
        entry: options.serverEntry,
        files: `${world.folder}/configuration`,
        restarts: options.restarts,
        data: `${world.folder}/${name}`,
        servers: [
          { application: `config-${name}`, host: '127.0.0.1', port: world.ports.config[index] },
          {
            ...{ application: `sip-${name}`, host: '127.0.0.1', port: world.ports.clients[index] },
            ...(standby && { backup: { application: `sip-${name}-b`, port: standby[index].clientPort } }),
          },
          { application: `stat-${name}`, host: '127.0.0.1', port: world.ports.stats[index] },
        ],
      });
    this.sites = { north: site('north', 0), south: site('south', 1) };
    this.callers = new Callers({
      clock: this.clock,
      random: this.#random,
      port: world.ports.gateway,
      sites: SITES.map((name, index) => ({
        site: name,
        host: '127.0.0.1',
        port: world.ports.sip[index] as number,
      })),
      realm: REALM,
      account: this.calls,
      sound: this.sound,
      withSound: options.withSound,
      now: () => this.now(),
    });
  }

  /** Writes the configuration; nothing runs yet. */
  static async make(options: LiveLabOptions): Promise<LiveLab> {
    const ports = options.ports ?? (await drawPorts(options.pairs));
    const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'holdfast-lab-'));
    const agents = await writeLabConfiguration({ ...options, ports, folder });
    return new LiveLab(options, { ports, folder, agents });
  }

  /** Whether what goes between desks and sites passes the relay. */
  get isRelayed(): boolean {
    return this.#agents.length <= RELAYED_AGENTS_MAX;
  }

  /** ms since the run's start, on the lab's clock. */
  now(): number {
    return this.clock.now() - this.#startedAt;
  }

  /** From a time of day, such as a server gives to its log entries, to the run's clock: one host has one wall clock. */
  atOf(time: number): number {
    return time - this.clock.wallOffset() - this.#startedAt;
  }

  /** Starts both sites, then the robots. */
  async start(): Promise<void> {
    try {
      await Promise.all(SITES.map((site) => this.sites[site].start()));
    } catch (error) {
      // Its log says why, and the error where that is.
      if (!this.#isStopping) this.#keepsFolder = true;
      throw error;
    }
    await this.open();
    await this.startRobots();
  }

  /** The ways to the sites and the gateway of the callers; nobody is at work. */
  async open(): Promise<void> {
    if (this.isRelayed) {
      const clients = SITES.flatMap((site) => clientPortsOf(this.ports, site));
      for (const port of [...clients, ...this.ports.config, ...this.ports.stats])
        await this.#relays.open('127.0.0.1', port);
    }
    await this.callers.start();
  }

  /** Everybody comes to work, each at the own place unless told another. */
  async startRobots(seatOf: (agent: GeneratedAgent) => GeneratedAgent = (agent) => agent): Promise<void> {
    for (const agent of this.#agents) this.robots.push(this.#makeRobot(agent, seatOf(agent)));
    this.#days += 1;
    // A thousand phones and desks starting in one moment would only measure the start.
    for (let from = 0; from < this.robots.length; from += 25) {
      await Promise.all(this.robots.slice(from, from + 25).map((robot) => robot.start()));
    }
  }

  /** These log out, leave, and come to their own places as on another day; the others work on. */
  async startAgain(robots: readonly Robot[]): Promise<void> {
    this.#days += 1;
    for (const robot of robots) {
      const agent = this.#agents.find(({ user }) => user === robot.name);
      if (agent === undefined) throw new Error(`no agent ${robot.name}`);
      await robot.leave();
      this.watch.forget(robot.name);
      const next = this.#makeRobot(agent, agent);
      this.robots[this.robots.indexOf(robot)] = next;
      await next.start();
    }
  }

  /** Everybody logs out and leaves; what desks have stored stays where they stand. */
  async endRobots(): Promise<void> {
    await Promise.all(this.robots.map((robot) => robot.leave()));
    for (const robot of this.robots.splice(0)) this.watch.forget(robot.name);
  }

  #makeRobot(agent: GeneratedAgent, seat: GeneratedAgent): Robot {
    const { times } = this.options;
    const index = this.robots.length;
    const other = (site: string) => (site === 'north' ? 'south' : 'north');
    const order = [seat.home, other(seat.home)] as SiteName[];
    const { hotSeating } = this.options;
    const isHot = hotSeating === 'everybody' || (hotSeating === 'visitors' && seat !== agent);
    const family = this.#familyOf(agent);
    return new Robot({
      agent: agent.user,
      user: agent.user,
      password: PASSWORD,
      phonePassword: PHONE_PASSWORD,
      ...(isHot ? { place: seat.place } : {}),
      dn: seat.dn,
      scheme: seat.scheme,
      family,
      home: agent.home,
      peer: other(agent.home),
      realm: REALM,
      phoneSites: order.map((site) => {
        const port = this.ports.sip[SITES.indexOf(site)] as number;
        return {
          site,
          registrar: `sip:127.0.0.1:${port}`,
          destination: { type: 'target', target: { transport: 'UDP', host: '127.0.0.1', port } },
        };
      }),
      storage: this.#storages.at(seat, { family, isHot }),
      desk: `robot-${agent.user}-${process.pid}-${this.#days}`,
      // The lab has made this world itself a moment ago, and only the first desks of it know that.
      firstLogin: this.#days === 0 ? 'nothingBefore' : 'wait',
      registerEveryS: times.registerEveryS,
      registration: times.registration,
      addpTimeoutMs: times.addpMs,
      talkMs: () => times.talkMs * (0.5 + this.#random()),
      mayHangUp: () => !this.#nobodyHangsUp,
      toneHz: 400 + 20 * (index % TONES),
      isSilentAt: (port) => this.callers.isSilentAt(port),
      clock: this.clock,
      random: this.#random,
      relays: this.#relays,
      watch: this.watch,
    });
  }

  /** Of all desks that ever stood anywhere. */
  get storages(): readonly SeatStorage[] {
    return this.#storages.all;
  }

  get agents(): readonly GeneratedAgent[] {
    return this.#agents;
  }

  #familyOf(agent: GeneratedAgent): Family {
    return this.options.families === 'both' ? agent.family : 'interaction-workspace';
  }

  robot(name: string): Robot {
    const found = this.robots.find((robot) => robot.name === name);
    if (found === undefined) throw new Error(`no robot ${name}`);
    return found;
  }

  // ── what a scenario does ─────────────────────────────────────────────────────────────────────────────────

  /** Opens rows in the ledger for the able agents of that site. `isSilent`: nothing tells of the fault but silence. */
  #fault(site: SiteName, what: string, isSilent: boolean): void {
    const at = this.now();
    this.calls.fault();
    const concerned = this.robots.filter((robot) => this.isAble(robot) && robot.view?.site === site);
    this.ledger.fault(
      at,
      { what, site },
      concerned.map((robot) => {
        const server = `127.0.0.1:${this.ports.clients[SITES.indexOf(site)]}`;
        const heardAt = (robot.heardAt.get(server) ?? this.#startedAt) - this.#startedAt;
        return {
          agent: robot.name,
          scheme: robot.options.scheme,
          site,
          // ADDP: a poll after one time-out of silence, lost after the same again.
          detectionMs: isSilent ? heardAt + 2 * this.options.times.addpMs - at : 0,
          calls: this.watch.callsOf(robot.name),
        };
      }),
    );
  }

  /** While it is true everybody has more to say: a call ends only if something ends it. */
  set nobodyHangsUp(value: boolean) {
    this.#nobodyHangsUp = value;
  }

  kill(site: SiteName): void {
    this.#fault(site, 'killed', false);
    this.sites[site].kill();
    this.#silence(site);
  }

  killSipServer(site: SiteName): void {
    this.#fault(site, 'SIP Server killed', false);
    this.sites[site].killServer(`sip-${site}`);
    this.#silence(site);
  }

  /** Of a pair, whose other member goes on: says which it was. */
  async killPrimary(site: SiteName): Promise<string> {
    const primary = await this.sites[site].serving(`sip-${site}`);
    this.calls.fault();
    this.sites[site].killServer(primary);
    return primary;
  }

  /** Nobody needs it to take calls, so that it makes nobody unable to work. */
  killForLong(site: SiteName, server: 'config' | 'stat'): void {
    this.calls.fault();
    this.sites[site].killForLong(`${server}-${site}`);
  }

  bringBack(site: SiteName, server: 'config' | 'stat'): Promise<void> {
    return this.sites[site].bringBack(`${server}-${site}`);
  }

  /** The music stops for who waited there. */
  #silence(site: SiteName): void {
    for (const leg of this.calls.siteGone(site)) this.callers.hangUpSoon(leg);
  }

  hang(site: SiteName): void {
    this.#fault(site, 'hung', true);
    this.sites[site].hang();
  }

  resume(site: SiteName): void {
    this.sites[site].resume();
    this.ledger.mended(site);
  }

  /** The phone can no longer reach that site (its cable is cut, say); it learns so at its next attempt. */
  losePhone(robot: Robot, site: SiteName): void {
    this.calls.fault();
    if (this.worksAt(robot, site)) {
      // What ends the agent's work is the end of the binding that stands: the site notices when it expires.
      const endsAt = (robot.boundUntil.get(this.#sipPort(site)) ?? this.#startedAt) - this.#startedAt;
      const detectionMs = Math.max(0, endsAt - this.now());
      const calls = this.watch.callsOf(robot.name);
      this.ledger.fault(this.now(), { what: `phone of ${robot.name} lost`, site }, [
        { agent: robot.name, scheme: robot.options.scheme, site, detectionMs, calls },
      ]);
    }
    robot.cutPhoneFrom(this.#sipPort(site));
  }

  findPhone(robot: Robot, site: SiteName): void {
    robot.joinPhoneTo(this.#sipPort(site));
    this.ledger.mended(site, robot.name);
  }

  #sipPort(site: SiteName): number {
    return this.ports.sip[SITES.indexOf(site)] as number;
  }

  /** Where the clients of that site's SIP Server connect. */
  clientAddress(site: SiteName) {
    return { site, host: '127.0.0.1', port: this.ports.clients[SITES.indexOf(site)] as number };
  }

  /** How a supervisor of this lab gets at both SIP Servers. */
  supervisorAccess(): DoubleWatchOptions {
    return {
      sites: [this.clientAddress('north'), this.clientAddress('south')],
      ...this.#credentialsOf(SUPERVISOR.user),
    };
  }

  administratorAccess(): Credentials {
    return this.#credentialsOf(ADMINISTRATOR.user);
  }

  #credentialsOf(user: string): Credentials {
    return { config: { host: '127.0.0.1', port: this.ports.config[0] }, user, password: PASSWORD };
  }

  async restore(site: SiteName): Promise<void> {
    if (this.sites[site].state === 'hung') return this.resume(site);
    await this.sites[site].start();
    this.ledger.mended(site);
  }

  // ── what a scenario sees ─────────────────────────────────────────────────────────────────────────────────

  isAble(robot: Robot): boolean {
    const { view } = robot;
    return (
      view !== undefined &&
      view.site !== null &&
      (view.state === 'Ready' || view.calls.length > 0 || view.workMode === 'AfterCallWork')
    );
  }

  /** Ready at that site, whatever it does there. */
  worksAt(robot: Robot, site: string): boolean {
    return robot.view?.site === site && this.isAble(robot);
  }

  viewOf(name: string): DeskView | undefined {
    return this.robot(name).view;
  }

  /** Waits for something to become true; false when it has not within the time. */
  async until(ms: number, isTrue: () => boolean): Promise<boolean> {
    const giveUpAt = this.now() + ms;
    while (!isTrue()) {
      if (this.now() > giveUpAt) return false;
      await pause(10);
    }
    return true;
  }

  /** How busy the living servers of both sites are, by their own account. */
  async serverLoads(): Promise<ServerLoad[]> {
    return (await Promise.all(SITES.map((site) => this.sites[site].loads()))).flat();
  }

  check(name: string, ok: boolean, detail: string): void {
    this.checks.push({ name, ok, detail });
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    this.callers.stop();
    await Promise.all(this.robots.map((robot) => robot.stop()));
    await this.callers.close();
    await Promise.all(SITES.map((site) => this.sites[site].stop()));
    await this.#relays.close();
    if (this.options.folder === undefined && !this.#keepsFolder)
      rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Where the logs of the servers are, while the lab lives. */
  get folder(): string {
    return this.#folder;
  }
}
