/**
 * The real processes of one site: its supervisor and the servers that the supervisor started. The lab starts
 * the supervisor as an operator would, and then breaks what it is told to break: with SIGKILL, so that nothing
 * can say good-bye, or with SIGSTOP, so that everything still looks alive.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import { connect } from 'node:net';
import { LOAD_SIGNAL } from '@holdfast/server';
import { descendants, isAlive, send } from './process-tree.ts';
import { type ServerLoad, ServerLoads } from './server-loads.ts';
import { StartLog } from './start-log.ts';
import { StoppedGuard } from './stopped-guard.ts';

export interface SiteProcessesOptions {
  readonly site: string;
  /** The bundle of the servers. */
  readonly entry: string;
  /** Folder of the configuration files. */
  readonly files: string;
  /** Whether the supervisor starts a server again that has died. */
  readonly restarts: boolean;
  /** Folder for what the processes write. */
  readonly data: string;
  /**
   * The configuration is in a database, which begins with the files: the one of this address, or that which a supervisor takes
   * by itself. Absent: it is in files, and edited nowhere.
   */
  readonly store?: { readonly address?: string } | undefined;
  /** For Node, of the supervisor and of all that it starts. */
  readonly nodeFlags?: readonly string[];
  /** Applications in the order in which they start. */
  readonly servers: readonly SiteServer[];
}

export interface SiteServer {
  readonly application: string;
  readonly host: string;
  /** At which it answers. */
  readonly port: number;
  /** The other member of its pair: one of the two answers. */
  readonly backup?: { readonly application: string; readonly port: number };
}

export interface ServerProcess {
  readonly application: string;
  readonly pid: number | undefined;
}

/** The member of a pair that was broken, and when. */
export interface FailedMember {
  readonly application: string;
  readonly pid: number;
  readonly at: number;
}

/** A site did not start; the sentence is for people and names its log. */
export class SiteStartError extends Error {}

export type SiteState = 'down' | 'starting' | 'up' | 'hung';

/** A site that is not up by then has failed to start, although none of its processes ended. */
const START_MAX_MS = 60_000;
const STOP_MAX_MS = 5_000;
const LOADS_MAX_MS = 1_000;
/** A process that is not started again within it has been given up, where few restarts are allowed. */
const GIVEN_UP_MS = 1_000;

/** Of this process: whatever ends it in disorder, no site may be left. */
const sites = new Set<SiteProcesses>();
process.on('exit', () => {
  for (const site of sites) if (site.state !== 'down') site.kill();
});

export class SiteProcesses {
  readonly site: string;
  readonly #options: SiteProcessesOptions;
  #supervisor: ChildProcess | undefined;
  #state: SiteState = 'down';
  /** The supervisor may be dead and its servers alive: those that were seen are remembered by pid. */
  readonly #seen = new Map<number, string>();
  readonly #loads = new ServerLoads();
  #guard: StoppedGuard | undefined;
  #starts = 0;

  constructor(options: SiteProcessesOptions) {
    this.site = options.site;
    this.#options = options;
    mkdirSync(options.data, { recursive: true });
    sites.add(this);
  }

  get state(): SiteState {
    return this.#state;
  }

  /**
   * Resolves when every server of the site accepts connections. Rejects as soon as it is certain that it will not,
   * with the last that was logged and the place of the log; nothing of the site is left running then.
   */
  async start(): Promise<void> {
    this.#state = 'starting';
    const { data, site } = this.#options;
    this.#starts += 1;
    const start = this.#starts;
    try {
      if (!(await this.#areGone())) throw new Error(`the former processes of ${site} do not end`);
      const log = new StartLog({ restarts: this.#options.restarts });
      const ended = this.#spawnSupervisor(log);
      await Promise.race([ended, log.failed, this.#answering(start)]);
    } catch (error) {
      // Killed and started anew meanwhile: what runs now belongs to the later start.
      if (start === this.#starts) {
        this.kill();
        await this.#areGone();
      }
      throw new SiteStartError(`${(error as Error).message}\n  The whole log: ${data}/${site}.log`);
    }
    this.#state = 'up';
    this.processes();
  }

  /** What was killed a moment ago may still hold its ports, and would be taken for the new one. */
  async #areGone(): Promise<boolean> {
    const giveUpAt = Date.now() + STOP_MAX_MS;
    while (this.#pids().length > 0 && Date.now() < giveUpAt) await pause(5);
    return this.#pids().length === 0;
  }

  /** Rejects when the supervisor ends before its site is up. */
  #spawnSupervisor(startLog: StartLog): Promise<never> {
    const { site, entry, files, data, restarts, store, nodeFlags = [] } = this.#options;
    const log = createWriteStream(`${data}/${site}.log`, { flags: 'a' });
    // The disk is full or the folder is gone: the site runs all the same, only its log is missing.
    log.on('error', () => {});
    const args = [...nodeFlags, '--enable-source-maps', entry, 'supervisor', '--site', site];
    args.push('--files', files, '--data', data, ...(restarts ? [] : ['--no-restart']));
    if (store === undefined) args.push('--files-only');
    // In a group of its own, so that Ctrl-C reaches it through us alone: we end in order.
    const child = spawn(process.execPath, args, {
      ...{ stdio: ['ignore', 'pipe', 'pipe', 'ipc'], detached: true },
      ...(store?.address === undefined
        ? {}
        : { env: { ...process.env, HOLDFAST_CONFIG_STORE: store.address } }),
    });
    this.#supervisor = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.pipe(log, { end: false });
      stream?.setEncoding('utf8').on('data', (text: string) => {
        if (this.#state === 'starting') startLog.read(text);
      });
    }
    child.stdout?.on('data', (text: string) => this.#loads.read(text));
    const ended = new Promise<never>((_, reject) => {
      child.once('error', (error) =>
        reject(new Error(`the supervisor of ${site} could not be started: ${error.message}`)),
      );
      // When the streams are closed too: all that it had to say has been read.
      child.once('close', (code, signal) => {
        if (this.#state !== 'starting' || this.#supervisor !== child) return;
        reject(new Error(`the supervisor of ${site} ended (${signal ?? code})${startLog.tail()}`));
      });
    });
    // Nobody waits for the end of a supervisor once its site is up.
    ended.catch(() => {});
    return ended;
  }

  async #answering(start: number): Promise<void> {
    const isWanted = () => this.#state === 'starting' && this.#starts === start;
    const giveUpAt = Date.now() + START_MAX_MS;
    for (const server of this.#options.servers) {
      const { application, host, port } = server;
      while (isWanted() && !(await answers(server))) {
        if (Date.now() > giveUpAt)
          throw new Error(`${application} does not answer at ${host}:${port} after ${START_MAX_MS} ms`);
        await pause(20);
      }
    }
    if (!isWanted()) throw new Error(`site ${this.site} was ended while it started`);
  }

  /** What runs now, by application; the supervisor under its own name. */
  processes(): ServerProcess[] {
    const supervisor = this.#supervisor?.pid;
    const alive = descendants(supervisor === undefined ? [] : [supervisor]);
    const applications = this.#options.servers.flatMap(({ application, backup }) =>
      backup === undefined ? [application] : [application, backup.application],
    );
    for (const { pid, command } of alive) {
      const found = applications.find((name) => `${command} `.includes(`--application ${name} `));
      if (found !== undefined) this.#seen.set(pid, found);
    }
    for (const pid of this.#seen.keys()) if (!isAlive(pid)) this.#seen.delete(pid);
    const pidOf = (application: string) => [...this.#seen].find(([, name]) => name === application)?.[0];
    return [
      {
        application: `supervisor-${this.site}`,
        pid: supervisor !== undefined && isAlive(supervisor) ? supervisor : undefined,
      },
      ...applications.map((application) => ({ application, pid: pidOf(application) })),
    ];
  }

  /** What those servers say that answer in time; the delay of their event loops counts from the last time of asking. */
  async loads(): Promise<ServerLoad[]> {
    const servers = this.processes().filter(({ application }) => !application.startsWith('supervisor-'));
    const pids = this.#state === 'up' ? servers.flatMap(({ pid }) => pid ?? []) : [];
    for (const pid of pids) send(pid, LOAD_SIGNAL);
    const giveUpAt = Date.now() + LOADS_MAX_MS;
    while (!this.#loads.hasAll(pids) && Date.now() < giveUpAt) await pause(10);
    return this.#loads.take(pids);
  }

  /** All of the site at once, supervisor first, so that nothing is started again. */
  kill(): void {
    this.#signal('SIGKILL');
    this.#state = 'down';
    this.#guard?.release();
  }

  /** One server; the supervisor lives and may start it again. */
  killServer(application: string): void {
    process.kill(this.pidOf(application), 'SIGKILL');
  }

  /** One server, again and again until its supervisor gives it up: the others are started again as ever. */
  async killForGood(application: string): Promise<void> {
    const pid = () => this.processes().find((one) => one.application === application)?.pid;
    for (let quietSince = Date.now(); Date.now() < quietSince + GIVEN_UP_MS; await pause(10)) {
      const running = pid();
      if (running === undefined) continue;
      send(running, 'SIGKILL');
      quietSince = Date.now();
    }
  }

  /** One server, which looks alive and does nothing, until somebody kills it or lets it go on. */
  stopServer(application: string): void {
    const pid = this.pidOf(application);
    this.#guard?.release();
    this.#guard = new StoppedGuard([pid]);
    send(pid, 'SIGSTOP');
  }

  /** Lets a server that was stopped go on; one that somebody has killed meanwhile stays dead. */
  resumeServer(pid: number): void {
    send(pid, 'SIGCONT');
    this.#guard?.release();
  }

  /** Of a pair, by the name of its primary Application: who takes clients now. */
  async serving(application: string): Promise<string> {
    const server = this.#options.servers.find((one) => one.application === application);
    for (const giveUpAt = Date.now() + START_MAX_MS; server !== undefined && Date.now() < giveUpAt; ) {
      if (await accepts(server.host, server.port)) return application;
      const { backup } = server;
      if (backup !== undefined && (await accepts(server.host, backup.port))) return backup.application;
      await pause(20);
    }
    throw new SiteStartError(`no member of the pair of ${application} takes clients`);
  }

  pidOf(application: string): number {
    const found = this.processes().find((process) => process.application === application);
    if (found?.pid === undefined) throw new Error(`${application} does not run`);
    return found.pid;
  }

  /** As `killServer`, and it stays away until `bringBack`: its supervisor is stopped meanwhile. */
  killForLong(application: string): void {
    const pid = this.#supervisor?.pid;
    if (pid === undefined) throw new Error(`no supervisor of ${this.site} runs`);
    this.#guard?.release();
    this.#guard = new StoppedGuard([pid]);
    send(pid, 'SIGSTOP');
    this.killServer(application);
  }

  /** The supervisor goes on, learns what has died, and starts it again; resolves when it answers. */
  async bringBack(application: string): Promise<void> {
    if (this.#supervisor?.pid !== undefined) send(this.#supervisor.pid, 'SIGCONT');
    this.#guard?.release();
    const server = this.#options.servers.find((one) => one.application === application);
    if (server === undefined) throw new Error(`site ${this.site} has no ${application}`);
    const giveUpAt = Date.now() + START_MAX_MS;
    while (!(await answers(server))) {
      if (this.#state !== 'up' || Date.now() > giveUpAt)
        throw new SiteStartError(`${application} was not started again within ${START_MAX_MS} ms`);
      await pause(20);
    }
    this.processes();
  }

  hang(): void {
    this.#guard?.release();
    this.#guard = new StoppedGuard(this.#pids());
    this.#signal('SIGSTOP');
    this.#state = 'hung';
  }

  resume(): void {
    this.#signal('SIGCONT');
    this.#state = 'up';
    this.#guard?.release();
  }

  /** In order; what does not end in time is killed. */
  async stop(): Promise<void> {
    if (this.#state === 'down') return;
    const pids = this.#pids();
    for (const pid of pids) send(pid, 'SIGCONT');
    if (this.#supervisor?.pid !== undefined) send(this.#supervisor.pid, 'SIGTERM');
    const giveUpAt = Date.now() + STOP_MAX_MS;
    while (pids.some(isAlive) && Date.now() < giveUpAt) await pause(20);
    for (const pid of pids) send(pid, 'SIGKILL');
    this.#state = 'down';
    this.#guard?.release();
  }

  #pids(): number[] {
    return this.processes().flatMap(({ pid }) => pid ?? []);
  }

  #signal(signal: NodeJS.Signals): void {
    for (const pid of this.#pids()) send(pid, signal);
  }
}

/** Of a pair whichever member serves. */
async function answers({ host, port, backup }: SiteServer): Promise<boolean> {
  return (await accepts(host, port)) || (backup !== undefined && (await accepts(host, backup.port)));
}

function accepts(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const done = (isOpen: boolean) => {
      socket.destroy();
      resolve(isOpen);
    };
    socket.setTimeout(500, () => done(false));
    socket.once('connect', () => done(true));
    socket.once('error', () => done(false));
  });
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
