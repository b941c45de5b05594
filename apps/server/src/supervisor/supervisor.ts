/**
 * Starts the processes of one site on this host, as the configuration names them: the Configuration Server and its proxies
 * together, and when one of them serves the SIP Servers, then the Stat Servers, each when the one before it is up. A process that dies is started again (see
 * restart-policy). When the supervisor itself is gone, its processes end too, unless they were started to
 * outlive it or are members of a pair: those go on, and the next supervisor takes them over (PR7). Of a pair across hosts
 * it starts the member of its own host, watches it, and moves the SIP address (PR8, PR10).
 *
 *     SIGTERM, SIGINT   ends all, the last started first
 *     SIGHUP            a Configuration Server that has files alone reads them again
 *     SIGUSR2           starts what is down now
 */
import { existsSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { type Configuration, siteOf } from '@holdfast/centre';
import type { Application } from '@holdfast/protocol';
import type { PairMembership } from '@holdfast/servers';
import { type HostPair, startHostPair } from '../arbiter/host-pair.ts';
import { SOCKET_VARIABLE } from '../arbiter/member-socket.ts';
import { type OwnPrimaryWatch, watchOwnPrimary } from '../arbiter/own-primary-watch.ts';
import type { Log } from '../log.ts';
import { type RunningRole, STORE_VARIABLE } from '../role.ts';
import { AddressMover } from './address-hook.ts';
import { type Child, startChild } from './child-process.ts';
import { refuseSecondWriter } from './chosen-store.ts';
import { afterDeath, type RestartRecord, restartsMaxOf } from './restart-policy.ts';
import { siteConfiguration } from './site-configuration.ts';
import { type SiteProcess, type SiteProcesses, siteProcesses } from './site-processes.ts';
import { takeOverProcess } from './taken-over-process.ts';

export interface SupervisorOptions {
  readonly site: string;
  /** The Host object of this machine, where the site has several; without it the whole site is started. */
  readonly host?: string | undefined;
  /** The site's copy of the configuration; where there is a store, what an empty one is filled with. */
  readonly files?: string | undefined;
  /** The address of the configuration database, for the Configuration Servers of this site; absent where there are files alone (`chosenStore`). */
  readonly store?: string | undefined;
  /** Where the file with the process ids goes, and what the processes keep. */
  readonly data: string;
  /** The bundle that is this binary. */
  readonly entry: string;
  readonly restarts: boolean;
  /** The processes go on when the supervisor is gone. */
  readonly outlive: boolean;
  readonly log: Log;
}

/** Applications that others read the configuration from. */
const SERVING_TYPES: readonly Application['type'][] = ['ConfigurationServer', 'ConfigurationServerProxy'];

/** A process that is not up by then is left running, and the next one is started. */
const READY_MAX_MS = 10_000;
/** Between SIGTERM and SIGKILL. */
const STOP_MAX_MS = 3_000;

/** Resolves at once, with the processes on their way: so a supervisor can be ended while they start. */
export async function startSupervisor(options: SupervisorOptions): Promise<RunningRole> {
  const supervisor = new Supervisor(options, await siteConfiguration(options));
  await mkdir(options.data, { recursive: true });
  await supervisor.openPairs();
  void supervisor.start();
  process.on('SIGHUP', () => supervisor.reload());
  process.on('SIGUSR2', () => void supervisor.startDown());
  return { ports: {}, stop: () => supervisor.stop() };
}

/** One process of the site. */
interface Member extends SiteProcess {
  child?: Child | undefined;
  record: RestartRecord;
  timer?: NodeJS.Timeout | undefined;
  /** Called when it is up, or has ended. */
  settled?: (() => void) | undefined;
}

class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #members: readonly Member[];
  readonly #pairNames: SiteProcesses['pairs'];
  /** By the primary's Application. */
  readonly #pairs = new Map<string, HostPair>();
  /** Members of pairs across hosts, by Application. */
  readonly #watches = new Map<string, OwnPrimaryWatch>();
  readonly #movers: AddressMover[] = [];
  readonly #restartsMax: number;
  readonly #secret: string;
  #isStopping = false;
  #pidsWritten: Promise<void> = Promise.resolve();

  constructor(options: SupervisorOptions, configuration: Configuration) {
    this.#options = options;
    const { processes, pairs, leftOut } = siteProcesses(configuration, options);
    refuseSecondWriter(configuration, processes, options.store);
    for (const { because } of leftOut) options.log({ level: 'warn', what: 'backup is not started', because });
    this.#members = processes.map((process) => ({ ...process, record: { deaths: [] } }));
    this.#pairNames = pairs;
    const isOwn = (one: Application) => one.enabled && siteOf(one) === options.site;
    this.#restartsMax = restartsMaxOf(
      configuration.all('Application').find((one) => one.type === 'Supervisor' && isOwn(one)),
    );
    const keys = configuration.all('Keys')[0];
    // ID7: the former one while it is being changed.
    this.#secret = [keys?.serverSecret ?? '', keys?.serverSecretFormer ?? ''].join('\n').trim();
  }

  /** Before anything is started: the members of a former life may be waiting for their arbiter. */
  async openPairs(): Promise<void> {
    const { data, log } = this.#options;
    for (const applications of this.#pairNames)
      this.#pairs.set(applications[0], await startHostPair({ data, applications, log }));
    for (const { application, across } of this.#members)
      if (across !== undefined)
        this.#watches.set(application.name, await this.#watch(application.name, across));
  }

  #watch(application: string, { addressHook }: PairMembership): Promise<OwnPrimaryWatch> {
    const { data, log } = this.#options;
    if (addressHook === undefined) return watchOwnPrimary({ data, application, log });
    const mover = new AddressMover({ hook: addressHook, application, log });
    this.#movers.push(mover);
    return watchOwnPrimary({
      data,
      application,
      log,
      moveAddress: (verb, because) => mover.move(verb, because),
    });
  }

  async start(): Promise<void> {
    await this.startDown();
    const { site, log } = this.#options;
    if (!this.#isStopping)
      log({ level: 'info', what: 'site started', site, detail: { processes: this.#members.length } });
  }

  /**
   * Those that serve the configuration together, the others in their order, each after the one before it is up. A proxy with
   * a copy serves long before a database is open, and the first of them that serves is enough for all others (CX8). One
   * without could only begin to follow another site: it waits for the Configuration Server of its own.
   */
  async startDown(): Promise<void> {
    const isServing = ({ application: { type } }: Member) => SERVING_TYPES.includes(type);
    const [servers, proxies] = SERVING_TYPES.map((one) =>
      this.#members.filter(({ application: { type } }) => type === one),
    ) as [Member[], Member[]];
    const serversUp = servers.map((member) => this.#up(member));
    const proxiesUp = proxies.map(async (member) => {
      if (!existsSync(`${this.#options.data}/${member.application.name}.copy`)) await Promise.all(serversUp);
      await this.#up(member);
    });
    const serving = [...serversUp, ...proxiesUp];
    await Promise.race(serving.length === 0 ? [undefined] : serving);
    for (const member of this.#members) if (!isServing(member)) await this.#up(member);
    await Promise.all(serving);
  }

  /** Starts it, unless it runs. Resolves when it is up, has ended, or takes too long. */
  async #up(member: Member): Promise<void> {
    if (member.child !== undefined || this.#isStopping) return;
    clearTimeout(member.timer);
    await new Promise<void>((resolve) => {
      const limit = setTimeout(resolve, READY_MAX_MS);
      member.settled = () => {
        clearTimeout(limit);
        resolve();
      };
      this.#startMember(member);
    });
  }

  reload(): void {
    for (const { application, child } of this.#members)
      if (application.type === 'ConfigurationServer') child?.kill('SIGHUP');
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    for (const member of [...this.#members].reverse()) {
      clearTimeout(member.timer);
      const { child } = member;
      if (child === undefined) continue;
      await new Promise<void>((resolve) => {
        const limit = setTimeout(() => child.kill('SIGKILL'), STOP_MAX_MS);
        member.settled = () => {
          clearTimeout(limit);
          resolve();
        };
        child.kill('SIGTERM');
      });
    }
    for (const pair of [...this.#pairs.values(), ...this.#watches.values()]) await pair.stop();
    for (const mover of this.#movers) await mover.stop();
    await this.#pidsWritten;
  }

  #startMember(member: Member): void {
    const { site, entry, log } = this.#options;
    const { name } = member.application;
    const settle = () => {
      member.settled?.();
      member.settled = undefined;
    };
    const pair = this.#pairs.get(member.pair ?? '');
    const ended = (how: string, isForGood = false) => {
      member.child = undefined;
      pair?.ended(name);
      this.#watches.get(name)?.ended();
      this.#writePids();
      settle();
      if (this.#isStopping) return;
      if (isForGood) {
        const because = 'SS48: its graceful shutdown is done. SIGUSR2 to the supervisor starts it again.';
        return log({
          ...{ level: 'warn', what: 'process has ended for good', because, site },
          detail: { application: name },
        });
      }
      const detail = { application: name };
      const forGrant = pair?.endedForGrant(name);
      if (forGrant?.madeWay === true) {
        const because =
          'PR7: it had offered its role, for which its mate asks. It is started again, as standby.';
        log({ level: 'info', what: 'process made way', because, site, detail });
        if (this.#options.restarts) member.timer = setTimeout(() => this.#startMember(member), 0);
        return;
      }
      const hung = 'PR7: its mate asked for the role, which it had not offered: it hung, or was cut off';
      log({
        level: 'error',
        what: 'process ended',
        because: forGrant === undefined ? how : hung,
        site,
        detail,
      });
      if (this.#options.restarts) this.#restart(member);
    };
    const running = pair?.running(name);
    member.timer = undefined;
    if (running !== undefined) {
      member.child = takeOverProcess(running, ended);
      settle();
    } else {
      const socketPath = (pair ?? this.#watches.get(name))?.socketPath;
      const socket = socketPath === undefined ? {} : { [SOCKET_VARIABLE]: socketPath };
      const environment = { HOLDFAST_SERVER_SECRET: this.#secret, ...this.#storeOf(member), ...socket };
      member.child = startChild({ entry, args: member.args, environment, ready: settle, ended });
      if (member.child.pid !== undefined) pair?.started(name, member.child.pid);
    }
    log({
      level: 'info',
      what: running === undefined ? 'process started' : 'process taken over',
      site,
      detail: { application: name, pid: member.child.pid ?? null },
    });
    this.#writePids();
  }

  /** In which a password may stand: only for who opens it. */
  #storeOf({ application }: Member): Readonly<Record<string, string>> {
    const { store } = this.#options;
    return store === undefined || application.type !== 'ConfigurationServer'
      ? {}
      : { [STORE_VARIABLE]: store };
  }

  #restart(member: Member): void {
    const { site, log } = this.#options;
    const decision = afterDeath(member.record, this.#restartsMax, performance.now());
    member.record = decision.record;
    const application = member.application.name;
    if (decision.name === 'giveUp') {
      log({
        level: 'error',
        what: 'process given up',
        because: decision.because,
        site,
        detail: { application },
      });
      return;
    }
    member.timer = setTimeout(() => this.#startMember(member), decision.pauseMs);
  }

  /** One write after the other; readers see the whole file or the former one. */
  #writePids(): void {
    const { site, data, log } = this.#options;
    const processes = Object.fromEntries(
      this.#members.map(({ application, child }) => [application.name, child?.pid ?? null]),
    );
    const text = `${JSON.stringify({ site, supervisor: process.pid, processes }, null, 2)}\n`;
    const file = join(data, `supervisor-${site}.json`);
    this.#pidsWritten = this.#pidsWritten
      .then(() => writeFile(`${file}.new`, text))
      .then(() => rename(`${file}.new`, file))
      .catch((error: Error) => {
        // The disk is full or the folder is gone: the site runs on, only the file is missing.
        log({ level: 'error', what: 'process ids not written', because: error.message, site });
      });
  }
}
