/**
 * Brings the SIP address of a pair to this host and removes it, by a program of whoever runs the network (PR10): a
 * virtual IP with gratuitous ARP, a cloud's API, a route. The program is run as `PROGRAM add ADDRESS` or
 * `PROGRAM remove ADDRESS`, one run at a time; each may be said again, and the last word counts. While the address is to
 * be here `add` is said again from time to time: a neighbour may have missed the first announcement, or somebody may have
 * removed the address by hand.
 */
import { type ChildProcess, spawn } from 'node:child_process';
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

/** A program that has not ended by then is killed, and has failed. */
const RUN_MAX_MS = 2_000;
/** After a failure. */
const AGAIN_MS = 500;
/**
 * Linux takes no second word on the place of an address within a second of the first (`locktime`), so that the first
 * announcement may go unheard.
 */
const ANNOUNCE_SOON_MS = 1_100;
const ANNOUNCE_EVERY_MS = 10_000;
/** Of what it says, for the log. */
const SAID_MAX = 500;

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
    const child = spawn(program, [verb, address], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#running = child;
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        said = (said + text).slice(-SAID_MAX);
      });
    const limit = setTimeout(() => child.kill('SIGKILL'), RUN_MAX_MS);
    let isOver = false;
    const over = (trouble: string | undefined) => {
      if (isOver) return;
      isOver = true;
      clearTimeout(limit);
      this.#ended(verb, trouble === undefined ? undefined : `${trouble}. It said: ${said.trim()}`);
    };
    child.on('error', (error) => over(`${program} could not be run: ${error.message}`));
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
    else if (verb === 'add') this.#later(isFirst ? ANNOUNCE_SOON_MS : ANNOUNCE_EVERY_MS);
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
