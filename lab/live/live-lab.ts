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
import { seededRandom } from '@holdfast/kernel';
import { ProcessClock } from '@holdfast/shell';
import { Ledger } from '../src/ledger.ts';
import { CallAccount } from './call-account.ts';
import { Callers } from './callers.ts';
import { ConfigDatabase } from './config-database.ts';
import { DeskStorages, type SeatStorage } from './desk-storages.ts';
import type { DoubleWatchOptions } from './double-watch.ts';
import {
  PASSWORD,
  REALM,
  SITES,
  type SiteName,
  type SitePorts,
  siteFolders,
  writeLabConfiguration,
} from './lab-configuration.ts';
import { LabLinks, type LineCounts } from './lab-links.ts';
import { LabWatch } from './lab-watch.ts';
import type { LiveLabOptions } from './live-lab-options.ts';
import { makeRobot, startInTurns } from './make-robot.ts';
import { type Measures, NOTHING_MEASURED } from './measures.ts';
import type { Robot } from './robot.ts';
import type { ServerLoad } from './server-loads.ts';
import type { Credentials } from './site-observer.ts';
import { clientPortsOf, drawPorts, entryPortsOf } from './site-ports.ts';
import { type FailedMember, pause, SiteProcesses } from './site-processes.ts';
import { siteServers } from './site-servers.ts';
import { SoundAccount } from './sound-account.ts';

export { SITES, type SiteName, type SitePorts };

/** How long robots may take before the next ones start all the same. */
const LOGGED_IN_MAX_MS = 5_000;

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
  /** What a scenario has measured beyond the ledger and the accounts. */
  measures: Measures = NOTHING_MEASURED;
  readonly sites: Readonly<Record<SiteName, SiteProcesses>>;
  readonly callers: Callers;
  readonly watch: LabWatch;
  readonly ledger: Ledger;
  readonly ports: SitePorts;
  readonly #database: ConfigDatabase | undefined;
  readonly #links: LabLinks;
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
    world: {
      ports: SitePorts;
      folder: string;
      agents: readonly GeneratedAgent[];
      links: LabLinks;
      database: ConfigDatabase | undefined;
    },
  ) {
    this.options = options;
    this.ports = world.ports;
    this.#folder = world.folder;
    this.#agents = world.agents;
    this.#links = world.links;
    this.#database = world.database;
    this.#startedAt = this.clock.now();
    this.#random = seededRandom(options.seed);
    this.#storages = new DeskStorages({
      configPorts: (site) => entryPortsOf(world.ports, site),
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
    const storeOf = (name: SiteName) => {
      if (world.database !== undefined) return { address: world.database.addressFor(name) };
      return world.ports.writer === undefined ? undefined : {};
    };
    const site = (name: SiteName) =>
      new SiteProcesses({
        site: name,
        entry: options.serverEntry,
        ...siteFolders(world.folder, name),
        restarts: options.restarts,
        store: storeOf(name),
        servers: siteServers(world.ports, name),
      });
    this.sites = { north: site('north'), south: site('south') };
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
      ...{ account: this.calls, sound: this.sound, line: world.links.datagrams },
      withSound: options.withSound,
      now: () => this.now(),
    });
  }

  /** Writes the configuration; nothing runs yet. */
  static async make(options: LiveLabOptions): Promise<LiveLab> {
    const ports = options.ports ?? (await drawPorts(options.pairs, options.hasDatabase));
    const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'holdfast-lab-'));
    // Before anybody reads the configuration, which names them.
    const links = await LabLinks.make({ hasOutlyingOffice: false, ...options, ports });
    const agents = await writeLabConfiguration({ ...options, ports, folder, links });
    const database = options.hasDatabase === true ? await ConfigDatabase.start() : undefined;
    return new LiveLab(options, { ports, folder, agents, links, database });
  }

  /** Of the configuration, where the scenario has one. */
  get database(): ConfigDatabase {
    if (this.#database === undefined) throw new Error('this run has no database');
    return this.#database;
  }

  /** Whether what goes between desks and sites passes the relay. */
  get isRelayed(): boolean {
    return this.#links.isRelayed;
  }

  /** What the lines have done to what they carried until now. */
  get lineCounts(): LineCounts {
    return this.#links.counts;
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
    await this.#links.openForDesks();
    await this.callers.start();
  }

  /** Everybody comes to work, each at the own place unless told another. */
  async startRobots(seatOf: (agent: GeneratedAgent) => GeneratedAgent = (agent) => agent): Promise<void> {
    for (const agent of this.#agents) this.robots.push(this.#makeRobot(agent, seatOf(agent)));
    this.#days += 1;
    const areUp = SITES.every((site) => this.sites[site].state === 'up');
    await startInTurns(this.robots, async (areIn) => {
      if (areUp) await this.until(LOGGED_IN_MAX_MS, areIn);
    });
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
    const { options, ports, clock, watch, callers } = this;
    return makeRobot(agent, seat, {
      ...{ options, ports, clock, watch, callers },
      index: this.robots.length,
      day: this.#days,
      random: this.#random,
      storages: this.#storages,
      ...{ relays: this.#links.ofDesk(this.#agents.indexOf(agent)), line: this.#links.datagrams },
      mayHangUp: () => !this.#nobodyHangsUp,
    });
  }

  /** Of all desks that ever stood anywhere. */
  get storages(): readonly SeatStorage[] {
    return this.#storages.all;
  }

  get agents(): readonly GeneratedAgent[] {
    return this.#agents;
  }

  robot(name: string): Robot {
    const found = this.robots.find((robot) => robot.name === name);
    if (found === undefined) throw new Error(`no robot ${name}`);
    return found;
  }

  // ── what a scenario does ─────────────────────────────────────────────────────────────────────────────────

  /** Opens rows in the ledger for the able agents of that site. `isSilent`: nothing tells of the fault but silence. */
  #fault(
    site: SiteName,
    { what, isSilent, at = this.now() }: { what: string; isSilent: boolean; at?: number },
    concerns: (robot: Robot) => boolean = () => true,
  ): void {
    this.calls.fault();
    const concerned = this.robots.filter((robot) => this.worksAt(robot, site) && concerns(robot));
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

  /** Callers who wait at a site that dies hear nothing, and stay on the line. */
  callersArePatient = false;

  /** While it is true everybody has more to say: a call ends only if something ends it. */
  set nobodyHangsUp(value: boolean) {
    this.#nobodyHangsUp = value;
  }

  /** The fault counts from before the first signal, so that nothing of what it costs is left out of any account. */
  kill(site: SiteName): void {
    const at = this.now();
    this.sites[site].kill();
    this.#fault(site, { what: 'killed', isSilent: false, at });
    this.#silence(site);
  }

  killSipServer(site: SiteName): void {
    const at = this.now();
    this.sites[site].killServer(`sip-${site}`);
    this.#fault(site, { what: 'SIP Server killed', isSilent: false, at });
    this.#silence(site);
  }

  /** Of a pair, whose other member goes on. */
  async failPrimary(site: SiteName, how: 'killed' | 'stopped'): Promise<FailedMember> {
    const processes = this.sites[site];
    const application = await processes.serving(`sip-${site}`);
    const pid = processes.pidOf(application);
    const at = this.now();
    this.calls.fault();
    if (how === 'killed') processes.killServer(application);
    else processes.stopServer(application);
    return { application, pid, at };
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
    if (this.callersArePatient) return;
    for (const leg of this.calls.siteGone(site)) this.callers.hangUpSoon(leg);
  }

  hang(site: SiteName): void {
    this.#fault(site, { what: 'hung', isSilent: true });
    this.sites[site].hang();
  }

  resume(site: SiteName): void {
    this.sites[site].resume();
    this.ledger.mended(site);
  }

  /** The sites no longer hear each other, nor does the outlying office that site: its desks, with their phones, are returned. */
  partition(site: SiteName): readonly Robot[] {
    const office = this.robots.filter(({ name }) =>
      this.#links.isOutlying(this.#agents.findIndex(({ user }) => user === name)),
    );
    this.#fault(site, { what: 'cut off', isSilent: true }, (robot) => office.includes(robot));
    this.#links.partition(site);
    for (const robot of office) robot.cutPhoneFrom(this.#sipPort(site));
    return office;
  }

  /** It hears everybody, and neither a desk nor a phone nor the other site hears it. */
  mute(site: SiteName): void {
    this.#fault(site, { what: 'not heard', isSilent: true });
    this.#links.cutOff(site, 'from-site');
    for (const robot of this.robots) robot.cutPhoneFrom(this.#sipPort(site), 'to-phone');
  }

  heal(site: SiteName): void {
    this.#links.heal(site);
    for (const robot of this.robots) robot.joinPhoneTo(this.#sipPort(site));
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
    const port = entryPortsOf(this.ports, 'north')[0] as number;
    return { config: { host: '127.0.0.1', port }, user, password: PASSWORD };
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
    this.#links.datagrams.stop();
    this.callers.stop();
    await Promise.all(this.robots.map((robot) => robot.stop()));
    await this.callers.close();
    await Promise.all(SITES.map((site) => this.sites[site].stop()));
    await this.#links.close();
    await this.#database?.stop();
    if (this.options.folder === undefined && !this.#keepsFolder)
      rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Where the logs of the servers are, while the lab lives. */
  get folder(): string {
    return this.#folder;
  }
}
