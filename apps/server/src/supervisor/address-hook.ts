/**
 * Brings the SIP address of a pair to this host and removes it, by a program of whoever runs the network (PR10): a
 * virtual IP with gratuitous ARP, a cloud's API, a route. The program is run as `PROGRAM add ADDRESS` or
 * `PROGRAM remove ADDRESS`, one run at a time; each may be said again, and the last word counts. While the address is to
 * be here `add` is said again from time to time: a neighbour may have missed the first announcement, or somebody may have
 * removed the address by hand. So is `remove` while it is not: what an `add` that was killed had left to others may have
 * brought the address after all.
 */
import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { Because } from '@holdfast/kernel';
import type { AddressHook } from '@holdfast/servers';
import type { Log } from '../log.ts';

export type AddressVerb = 'add' | 'remove';

export interface AddressMoverOptions {
  readonly hook: AddressHook;
  /** The member of the pair that runs on this host. */
  readonly application: string;
  readonly log: Log;
}

/** A program that has not ended by then is killed with all that it has started, and has failed. */
const RUN_MAX_MS = 2_000;
/** After a failure. */
const AGAIN_MS = 500;
/**
 * Linux takes no second word on the place of an address within a second of the first (`locktime`), so that the first
 * announcement may go unheard.
 */
const REPEAT_SOON_MS = 1_100;
const REPEAT_EVERY_MS = 10_000;
/** Of what it says, for the log. */
const SAID_MAX = 500;
/**
 * All that the program is given of the supervisor's environment, in which secrets may be. What else one needs it reads
 * from a file of its own.
 */
const ENVIRONMENT = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TZ', 'VIRTUAL_IP_INTERFACE'];

export class AddressMover {
  readonly #options: AddressMoverOptions;
  #wanted: AddressVerb | undefined;
  /** The last run that went well. */
  #done: AddressVerb | undefined;
  #running: ChildProcess | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Why the last run failed; the same is logged once. */
  #trouble: string | undefined;
  #isStopping = false;
  #settled: (() => void)[] = [];

  constructor(options: AddressMoverOptions) {
    this.#options = options;
  }

  move(verb: AddressVerb, because: Because): void {
    const { hook, application, log } = this.#options;
    this.#wanted = verb;
    const detail = { application, address: hook.address };
    const what = verb === 'add' ? 'address comes here' : 'address leaves';
    log({ level: 'info', what, because: `${because.rule}: ${because.text}`, detail });
    this.#next();
  }

  /** Resolves when the last word was carried out, or has failed once more: nothing runs any longer. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    clearTimeout(this.#timer);
    if (this.#running !== undefined) await new Promise<void>((resolve) => this.#settled.push(resolve));
  }

  #next(): void {
    clearTimeout(this.#timer);
    if (this.#running === undefined && this.#wanted !== undefined) this.#run(this.#wanted);
  }

  #run(verb: AddressVerb): void {
    const { program, address } = this.#options.hook;
    let said = '';
    let isOver = false;
    let limit: NodeJS.Timeout | undefined;
    const over = (trouble: string | undefined) => {
      if (isOver) return;
      isOver = true;
      clearTimeout(limit);
      if (trouble !== undefined) killGroup(this.#running);
      this.#ended(verb, trouble === undefined ? undefined : `${trouble}. It said: ${said.trim()}`);
    };
    const couldNot = (error: Error) => over(`${program} could not be run: ${error.message}`);
    let child: Started;
    try {
      child = start(program, [verb, address]);
    } catch (error) {
      // The machine has no memory or process left; some of that is thrown, and some said by the event.
      return couldNot(error as Error);
    }
    this.#running = child;
    limit = setTimeout(() => killGroup(child), RUN_MAX_MS);
    // Without a file descriptor left (EMFILE) there are no streams, whatever the type says; the error follows.
    for (const stream of [child.stdout, child.stderr] as (Readable | undefined)[])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        said = (said + text).slice(-SAID_MAX);
      });
    child.on('error', couldNot);
    // Its end, and not that of what it may have left behind with its output.
    child.on('exit', (code, signal) => {
      if (code === 0) over(undefined);
      else over(`${program} ${verb} ${address} ended with ${signal ?? `status ${code}`}`);
    });
  }

  #ended(verb: AddressVerb, trouble: string | undefined): void {
    this.#running = undefined;
    this.#tell(verb, trouble);
    const isDone = trouble === undefined && verb === this.#wanted;
    const isFirst = this.#done !== verb;
    if (trouble === undefined) this.#done = verb;
    if (verb !== this.#wanted) return this.#next();
    if (this.#isStopping) {
      for (const settled of this.#settled.splice(0)) settled();
      return;
    }
    if (!isDone) this.#later(AGAIN_MS);
    else this.#later(isFirst ? REPEAT_SOON_MS : REPEAT_EVERY_MS);
  }

  #later(ms: number): void {
    this.#timer = setTimeout(() => this.#next(), ms);
  }

  #tell(verb: AddressVerb, trouble: string | undefined): void {
    const { application, hook, log } = this.#options;
    if (trouble === this.#trouble) return;
    this.#trouble = trouble;
    const detail = { application, address: hook.address, verb };
    if (trouble === undefined) log({ level: 'info', what: 'address hook works again', detail });
    else log({ level: 'error', what: 'address hook failed', because: trouble, detail });
  }
}

type Started = ChildProcessByStdio<null, Readable, Readable>;

/** In a process group of its own, so that what it has started can be killed with it. */
function start(program: string, args: readonly string[]): Started {
  const env = Object.fromEntries(ENVIRONMENT.map((name) => [name, process.env[name]]));
  return spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true, env });
}

/** A shell that is killed alone would leave the command that it waits for, to be done after the next word. */
function killGroup(child: ChildProcess | undefined): void {
  if (child?.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // Nobody of that group is left.
  }
}
