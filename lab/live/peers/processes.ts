/**
 * Programs of others that a test starts: each in a process group of its own, its output kept by lines, and ended
 * with the test, whatever happens to the test. Three things see to that: `stopAll` after each test, a hook at the
 * end of this process, and the kernel itself, which kills the program when this process dies without a word.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { pause } from '../site-processes.ts';

export interface ProgramOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly folder: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Network namespace in which it runs; that of this process where none is named. */
  readonly namespace?: string | undefined;
}

export interface ProgramEnd {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Older lines are forgotten: a program may talk for minutes. */
const LINES_MAX = 20_000;
/** So long may a program take to end in order. */
const STOP_MAX_MS = 3_000;
const POLL_MS = 10;

const running = new Set<Program>();
process.on('exit', () => {
  for (const program of running) program.kill();
});

export class Program {
  readonly lines: string[] = [];
  readonly ended: Promise<ProgramEnd>;
  readonly #child: ChildProcess;
  readonly #name: string;
  #end: ProgramEnd | undefined;

  private constructor(options: ProgramOptions) {
    const { command, args, folder, environment, namespace } = options;
    this.#name = command;
    const guarded = ['setpriv', '--pdeathsig', 'SIGKILL', '--', command, ...args];
    const inside = namespace === undefined ? [] : ['ip', 'netns', 'exec', namespace];
    const [first = '', ...rest] = [...inside, ...guarded];
    this.#child = spawn(first, rest, {
      cwd: folder,
      env: { ...process.env, ...environment, NODE_OPTIONS: '' },
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    });
    running.add(this);
    this.#read(this.#child.stdout);
    this.#read(this.#child.stderr);
    // It may have ended before it read what we wrote.
    this.#child.stdin?.on('error', () => {});
    this.ended = new Promise((resolve) => {
      const over = (end: ProgramEnd) => {
        this.#end ??= end;
        running.delete(this);
        // Its own children, if it left any.
        this.kill();
        resolve(this.#end);
      };
      this.#child.once('error', (error) => {
        this.lines.push(error.message);
        over({ code: 127, signal: null });
      });
      this.#child.once('close', (code, signal) => over({ code, signal }));
    });
  }

  static start(options: ProgramOptions): Program {
    return new Program(options);
  }

  /** Undefined where it could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  get hasEnded(): boolean {
    return this.#end !== undefined;
  }

  #read(stream: NodeJS.ReadableStream | null): void {
    let rest = '';
    stream?.setEncoding('utf8');
    stream?.on('data', (text: string) => {
      const parts = (rest + text).split('\n');
      rest = parts.pop() ?? '';
      this.lines.push(...parts);
      if (this.lines.length > LINES_MAX) this.lines.splice(0, this.lines.length - LINES_MAX);
    });
    stream?.on('end', () => {
      if (rest !== '') this.lines.push(rest);
    });
  }

  write(text: string): void {
    this.#child.stdin?.write(text);
  }

  /** The program has closed its standard input by itself, or is to read its end. */
  endInput(): void {
    this.#child.stdin?.end();
  }

  /** Waits until something is true; fails with the program's last words when it never becomes so. */
  async until(what: string, withinMs: number, isTrue: () => boolean | Promise<boolean>): Promise<void> {
    const giveUpAt = performance.now() + withinMs;
    while (!(await isTrue())) {
      if (this.hasEnded) throw new Error(`${this.#name} ended before ${what}; ${this.lastWords()}`);
      if (performance.now() > giveUpAt)
        throw new Error(`${this.#name}: not within ${withinMs} ms: ${what}; ${this.lastWords()}`);
      await pause(POLL_MS);
    }
  }

  /** How it ended; it is killed, and the test fails, when it has not in this time. */
  async endWithin(ms: number): Promise<ProgramEnd> {
    const timer = setTimeout(() => this.kill(), ms);
    const end = await this.ended;
    clearTimeout(timer);
    if (end.signal === 'SIGKILL')
      throw new Error(`${this.#name} had not ended after ${ms} ms; ${this.lastWords()}`);
    return end;
  }

  lastWords(): string {
    return `its last words: ${this.lines.slice(-15).join(' | ')}`;
  }

  signal(name: NodeJS.Signals): void {
    if (this.#child.pid === undefined) return;
    try {
      process.kill(-this.#child.pid, name);
    } catch {
      // The group has ended by itself.
    }
  }

  kill(): void {
    this.signal('SIGKILL');
  }

  /** In order, and by force when that takes too long. */
  async stop(): Promise<void> {
    if (!this.hasEnded) this.signal('SIGTERM');
    const timer = setTimeout(() => this.kill(), STOP_MAX_MS);
    await this.ended;
    clearTimeout(timer);
  }
}

/** For `afterEach`: nothing that a test started lives on. */
export async function stopPrograms(): Promise<void> {
  await Promise.all([...running].map((program) => program.stop()));
}

/** Waits for something that no single program is to blame for. */
export async function until(
  what: string,
  withinMs: number,
  isTrue: () => boolean | Promise<boolean>,
): Promise<void> {
  const giveUpAt = performance.now() + withinMs;
  while (!(await isTrue())) {
    if (performance.now() > giveUpAt) throw new Error(`not within ${withinMs} ms: ${what}`);
    await pause(POLL_MS);
  }
}
