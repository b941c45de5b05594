/**
 * The real processes of one site: its supervisor and the servers that the supervisor started. The lab starts
 * the supervisor as an operator would, and then breaks what it is told to break: with SIGKILL, so that nothing
 * can say good-bye, or with SIGSTOP, so that everything still looks alive.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { LOAD_SIGNAL } from '@holdfast/server';
import { type ServerLoad, ServerLoads } from './server-loads.ts';

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
  /** For Node, of the supervisor and of all that it starts. */
  readonly nodeFlags?: readonly string[];
  /** Applications in the order in which they start, with the port at which each answers. */
  readonly servers: readonly { readonly application: string; readonly host: string; readonly port: number }[];
}

export interface ServerProcess {
  readonly application: string;
  readonly pid: number | undefined;
}

export type SiteState = 'down' | 'starting' | 'up' | 'hung';

/** A site that is not up by then has failed to start; its log says why. */
const START_MAX_MS = 20_000;
const STOP_MAX_MS = 5_000;
const LOADS_MAX_MS = 1_000;

export class SiteProcesses {
  readonly site: string;
  readonly #options: SiteProcessesOptions;
  #supervisor: ChildProcess | undefined;
  #state: SiteState = 'down';
  /** The supervisor may be dead and its servers alive: those that were seen are remembered by pid. */
  readonly #seen = new Map<number, string>();
  readonly #loads = new ServerLoads();

  constructor(options: SiteProcessesOptions) {
    this.site = options.site;
    this.#options = options;
    mkdirSync(options.data, { recursive: true });
  }

  get state(): SiteState {
    return this.#state;
  }

  /** Resolves when every server of the site accepts connections; rejects with the place of the log. */
  async start(): Promise<void> {
    const { site, entry, files, data, restarts } = this.#options;
    const log = createWriteStream(`${data}/${site}.log`, { flags: 'a' });
    this.#state = 'starting';
    // What was killed a moment ago may still hold its ports, and would be taken for the new one.
    const goneBy = Date.now() + STOP_MAX_MS;
    while (this.#pids().length > 0) {
      if (Date.now() > goneBy) throw new Error(`the former processes of ${site} do not end`);
      await pause(5);
    }
    const args = [
      ...(this.#options.nodeFlags ?? []),
      '--enable-source-maps',
      entry,
      'supervisor',
      '--site',
      site,
      '--files',
      files,
      '--data',
      data,
    ];
    if (!restarts) args.push('--no-restart');
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'], detached: true });
    this.#supervisor = child;
    child.stdout?.pipe(log, { end: false });
    child.stdout?.setEncoding('utf8').on('data', (text: string) => this.#loads.read(text));
    child.stderr?.pipe(log, { end: false });
    const ended = new Promise<never>((_, reject) => {
      child.once('error', (error) =>
        reject(new Error(`the supervisor of ${site} could not be started: ${error.message}`)),
      );
      child.once('exit', (code, signal) => {
        if (this.#state === 'starting')
          reject(new Error(`the supervisor of ${site} ended (${signal ?? code}); see ${data}/${site}.log`));
      });
    });
    // Nobody waits for the end of a supervisor once its site is up.
    ended.catch(() => {});
    await Promise.race([ended, this.#answering()]);
    this.#state = 'up';
    this.processes();
  }

  async #answering(): Promise<void> {
    const giveUpAt = Date.now() + START_MAX_MS;
    for (const server of this.#options.servers) {
      while (!(await accepts(server.host, server.port))) {
        if (Date.now() > giveUpAt) {
          throw new Error(
            `${server.application} does not answer at ${server.host}:${server.port} after ${START_MAX_MS} ms; see ${this.#options.data}/${this.site}.log`,
          );
        }
        await pause(20);
      }
    }
  }

  /** What runs now, by application; the supervisor under its own name. */
  processes(): ServerProcess[] {
    const supervisor = this.#supervisor?.pid;
    const alive = descendants(supervisor === undefined ? [] : [supervisor]);
    for (const { pid, command } of alive) {
      const application = this.#options.servers.find((server) =>
        command.includes(server.application),
      )?.application;
      if (application !== undefined) this.#seen.set(pid, application);
    }
    for (const pid of this.#seen.keys()) if (!isAlive(pid)) this.#seen.delete(pid);
    const pidOf = (application: string) => [...this.#seen].find(([, name]) => name === application)?.[0];
    return [
      {
        application: `supervisor-${this.site}`,
        pid: supervisor !== undefined && isAlive(supervisor) ? supervisor : undefined,
      },
      ...this.#options.servers.map(({ application }) => ({ application, pid: pidOf(application) })),
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
  }

  /** One server; the supervisor lives and may start it again. */
  killServer(application: string): void {
    const found = this.processes().find((process) => process.application === application);
    if (found?.pid === undefined) throw new Error(`${application} does not run`);
    process.kill(found.pid, 'SIGKILL');
  }

  hang(): void {
    this.#signal('SIGSTOP');
    this.#state = 'hung';
  }

  resume(): void {
    this.#signal('SIGCONT');
    this.#state = 'up';
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
  }

  #pids(): number[] {
    return this.processes().flatMap(({ pid }) => pid ?? []);
  }

  #signal(signal: NodeJS.Signals): void {
    for (const pid of this.#pids()) send(pid, signal);
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended by itself.
  }
}

/** A zombie is dead: it only waits to be noticed. */
export function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    // No such process.
    return false;
  }
}

/** The processes below these, with their command lines. */
function descendants(roots: readonly number[]): { pid: number; command: string }[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    } catch {
      // It ended while we looked.
    }
  }
  const found = new Set<number>(roots);
  for (let grew = true; grew; ) {
    grew = false;
    for (const [pid, parent] of parents) {
      if (!found.has(parent) || found.has(pid)) continue;
      found.add(pid);
      grew = true;
    }
  }
  return [...found].flatMap((pid) => {
    try {
      return [{ pid, command: readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ') }];
    } catch {
      // It ended while we looked.
      return [];
    }
  });
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
