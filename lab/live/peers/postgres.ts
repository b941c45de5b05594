/**
 * PostgreSQL in a folder of its own on loopback: a primary, and standbys that stream from it, which can be killed, stopped,
 * promoted and started again. It refuses to run as root; then it runs as nobody.
 */
import { chmodSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../free-ports.ts';
import { Program, until } from './processes.ts';

/** On a machine that is busy. */
const COMMAND_MAX_MS = 30_000;
const USER = 'holdfast';

export interface PostgresOptions {
  /** Lines of postgresql.conf. */
  readonly settings?: readonly string[];
}

export class PostgresServer {
  readonly port: number;
  readonly #folder: string;
  readonly #settings: readonly string[];
  #program: Program | undefined;

  private constructor(folder: string, port: number, settings: readonly string[]) {
    this.#folder = folder;
    this.port = port;
    this.#settings = settings;
  }

  static async start({ settings = [] }: PostgresOptions = {}): Promise<PostgresServer> {
    const server = await PostgresServer.#make(settings);
    await server.#run(
      'initdb',
      '-D',
      server.#data,
      '-A',
      'trust',
      '-U',
      USER,
      '--no-sync',
      '-E',
      'UTF8',
      '--locale=C.UTF-8',
    );
    await server.begin();
    return server;
  }

  static async #make(settings: readonly string[]): Promise<PostgresServer> {
    const folder = await mkdtemp(join(tmpdir(), 'holdfast-postgres-'));
    // For nobody, who makes what is in it.
    chmodSync(folder, 0o777);
    const [port] = (await freePorts(1)) as [number];
    return new PostgresServer(folder, port, settings);
  }

  /** A copy that follows this server and can take its place. */
  async standby(): Promise<PostgresServer> {
    const standby = await PostgresServer.#make(this.#settings);
    const from = ['-h', '127.0.0.1', '-p', `${this.port}`, '-U', USER];
    await this.#run(
      'pg_basebackup',
      ...from,
      '-D',
      standby.#data,
      '-R',
      '-X',
      'stream',
      '-c',
      'fast',
      '--no-sync',
    );
    await standby.begin();
    return standby;
  }

  get #data(): string {
    return join(this.#folder, 'data');
  }

  /** `host:port`, as it stands in an address. */
  get host(): string {
    return `127.0.0.1:${this.port}`;
  }

  address(...others: readonly PostgresServer[]): string {
    return `postgres://${USER}@${[this, ...others].map(({ host }) => host).join(',')}/postgres`;
  }

  /** Resolves when it takes connections, as primary or as standby. */
  async begin(): Promise<void> {
    const options = [
      'listen_addresses=127.0.0.1',
      `unix_socket_directories=${this.#folder}`,
      // Small, for a machine that runs several of them.
      'shared_buffers=16MB',
      'max_connections=40',
      'hot_standby=on',
      ...this.#settings,
    ];
    await until('PostgreSQL takes connections', COMMAND_MAX_MS, async () => {
      // After a SIGKILL the children of the former one hold its memory for a moment, and it ends again.
      if (this.#program === undefined || this.#program.hasEnded)
        this.#program = this.#startProgram('postgres', [
          '-D',
          this.#data,
          '-p',
          `${this.port}`,
          ...options.flatMap((one) => ['-c', one]),
        ]);
      return this.#program.lines.some((line) => line.includes('ready to accept'));
    });
  }

  async promote(): Promise<void> {
    await this.#run('pg_ctl', '-D', this.#data, '-w', 'promote');
  }

  /** Of the postmaster; its children end by themselves a moment later. */
  async kill(): Promise<void> {
    this.#program?.kill();
    await this.#program?.ended;
  }

  /** The postmaster's process number, and those of its children. */
  pids(): number[] {
    const postmaster = Number.parseInt(readFileSync(join(this.#data, 'postmaster.pid'), 'utf8'), 10);
    const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
    return [postmaster, ...all.map(Number).filter((pid) => parentOf(pid) === postmaster)];
  }

  /** All of it, as when its machine hangs. */
  signal(name: NodeJS.Signals): void {
    for (const pid of this.pids()) process.kill(pid, name);
  }

  async query(statement: string): Promise<string> {
    const program = await this.#run(
      'psql',
      '-h',
      '127.0.0.1',
      '-p',
      `${this.port}`,
      '-U',
      USER,
      '-d',
      'postgres',
      '-X',
      '-A',
      '-t',
      '-v',
      'ON_ERROR_STOP=1',
      '-c',
      statement,
    );
    return program.lines.join('\n').trim();
  }

  async stop(): Promise<void> {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }

  async #run(command: string, ...args: readonly string[]): Promise<Program> {
    const program = this.#startProgram(command, args);
    const { code } = await program.endWithin(COMMAND_MAX_MS);
    if (code !== 0) throw new Error(`${command} ended with ${code}; ${program.lastWords()}`);
    return program;
  }

  #startProgram(command: string, args: readonly string[]): Program {
    const path = join(programFolder(), command);
    const folder = this.#folder;
    const environment = { HOME: folder, LC_ALL: 'C.UTF-8' };
    if (process.getuid?.() !== 0) return Program.start({ command: path, args, folder, environment });
    // A change of user forgets who kills it when this process dies; it is said again behind that.
    const asNobody = [
      '--reuid=nobody',
      '--regid=nogroup',
      '--clear-groups',
      'setpriv',
      '--pdeathsig',
      'SIGKILL',
      '--',
      path,
    ];
    return Program.start({ command: 'setpriv', args: [...asNobody, ...args], folder, environment });
  }
}

function parentOf(pid: number): number | undefined {
  try {
    return Number(/^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  } catch {
    // It has ended meanwhile.
    return undefined;
  }
}

/** Debian keeps the programs of each version apart, outside of PATH. */
const PROGRAMS = '/usr/lib/postgresql';
const VERSION_LEAST = 15;

function versions(): number[] {
  if (!existsSync(PROGRAMS)) return [];
  return readdirSync(PROGRAMS)
    .map(Number)
    .filter((version) => version >= VERSION_LEAST)
    .sort((a, b) => b - a);
}

export const isPostgresInstalled = (): boolean => versions().length > 0;

function programFolder(): string {
  const [newest] = versions();
  if (newest === undefined) throw new Error(`PostgreSQL ${VERSION_LEAST} or later is not in ${PROGRAMS}`);
  return join(PROGRAMS, String(newest), 'bin');
}
