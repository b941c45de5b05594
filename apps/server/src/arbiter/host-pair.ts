/**
 * The supervisor as arbiter of a pair on its host (PR7): performs what `stepHostArbiter` decides, with the disk,
 * signals, /proc and the socket of the members. A process that it did not start itself, because it was taken over,
 * is looked at in /proc: at once when its connection ends, and all the time besides.
 */
import { performance } from 'node:perf_hooks';
import {
  beginHostArbiter,
  type HostArbiter,
  type HostArbiterEffect,
  type HostArbiterEvent,
  hostArbiterDeadline,
  recordOf,
  stepHostArbiter,
} from '@holdfast/servers';
import type { Log } from '../log.ts';
import { CannotRun } from '../role.ts';
import { type MemberRequest, type MemberSocket, pairFile, startMemberSocket } from './member-socket.ts';
import { readPairRecord, storePairRecord } from './pair-record.ts';
import { identityOf, isRunning, signalProcess } from './process-identity.ts';

/** How late the end of a process may be seen that is no child of ours and keeps its connection. */
const LOOK_MS = 50;

export interface HostPairOptions {
  /** The supervisor's data folder. */
  readonly data: string;
  /** The primary's Application, and its backup's. */
  readonly applications: readonly [string, string];
  readonly log: Log;
}

export async function startHostPair(options: HostPairOptions): Promise<HostPair> {
  const own = identityOf(process.pid);
  if (own === undefined)
    throw new CannotRun('Both members of a pair on one host need Linux: /proc tells who of them lives.');
  const file = pairFile(options.data, options.applications[0], 'json');
  const stored = readPairRecord(file);
  if (stored !== undefined && stored.supervisor !== own && isRunning(stored.supervisor))
    throw new CannotRun(
      `Another supervisor (${stored.supervisor}) has the pair of ${file}. End it, or give this one another --data.`,
    );
  const state = beginHostArbiter({
    applications: options.applications,
    record: stored?.record,
    wallMs: Date.now(),
    lives: isRunning,
  });
  const pair = new HostPair(options, { own, file, state });
  await pair.open();
  return pair;
}

class HostPair {
  readonly #options: HostPairOptions;
  readonly #own: string;
  readonly #file: string;
  readonly #queue: HostArbiterEvent[] = [];
  #state: HostArbiter;
  /** Applications whose process is killed for a grant, until their parent has asked: whether it had offered its role. */
  readonly #killed = new Map<string, boolean>();
  #socket: MemberSocket | undefined;
  #deadline: NodeJS.Timeout | undefined;
  #look: NodeJS.Timeout | undefined;

  constructor(options: HostPairOptions, begun: { own: string; file: string; state: HostArbiter }) {
    this.#options = options;
    this.#own = begun.own;
    this.#file = begun.file;
    this.#state = begun.state;
  }

  /** Where the members find it; goes into their environment. */
  get socketPath(): string {
    const { data, applications } = this.#options;
    return pairFile(data, applications[0], 'sock');
  }

  /** The start number is on the disk before anything can be asked. */
  async open(): Promise<void> {
    const problem = storePairRecord(this.#file, { supervisor: this.#own, record: recordOf(this.#state) });
    if (problem !== undefined) throw new CannotRun(`${this.#file} could not be written: ${problem}.`);
    this.#socket = await startMemberSocket({
      path: this.socketPath,
      log: this.#options.log,
      hello: (application, process) => this.#on({ type: 'hello', application, process }),
      request: (process, request) => this.#request(process, request),
      gone: (process) => this.#lookAt(process),
    });
    this.#look = setInterval(() => {
      for (const { process } of Object.values(this.#state.members)) this.#lookAt(process);
    }, LOOK_MS);
  }

  /** The process of this Application that lives, such as one that a former life of the supervisor started. */
  running(application: string): string | undefined {
    return this.#state.members[application]?.process;
  }

  started(application: string, pid: number): void {
    const process = identityOf(pid);
    if (process !== undefined) this.#on({ type: 'started', application, process });
  }

  /** Its parent has heard of its end. */
  ended(application: string): void {
    const process = this.running(application);
    if (process !== undefined) this.#on({ type: 'ended', process });
  }

  /** Of a process that was killed so that its mate could have the role; undefined: nobody killed it. Asked once for each end. */
  endedForGrant(application: string): { readonly madeWay: boolean } | undefined {
    const madeWay = this.#killed.get(application);
    this.#killed.delete(application);
    return madeWay === undefined ? undefined : { madeWay };
  }

  async stop(): Promise<void> {
    clearInterval(this.#look);
    clearTimeout(this.#deadline);
    await this.#socket?.stop();
  }

  #lookAt(process: string): void {
    if (!isRunning(process)) this.#on({ type: 'ended', process });
  }

  #request(process: string, request: MemberRequest): void {
    // Who acts how long is the affair of a supervisor across hosts (PR8): here the grant itself kills.
    if (request.type === 'Ask') this.#on({ type: 'asked', process, request: request.request });
    if (request.type === 'Yields') this.#on({ type: 'yields', process, forMs: request.forMs });
  }

  /** One event after the other: what an effect brings about comes after all effects of its own event. */
  #on(event: HostArbiterEvent): void {
    this.#queue.push(event);
    if (this.#queue.length > 1) return;
    for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
      const { state, effects } = stepHostArbiter(this.#state, next, performance.now());
      this.#state = state;
      for (const effect of effects) this.#perform(effect);
      this.#queue.shift();
    }
    clearTimeout(this.#deadline);
    const deadline = hostArbiterDeadline(this.#state);
    if (deadline !== undefined)
      this.#deadline = setTimeout(() => this.#on({ type: 'expire' }), deadline - performance.now());
  }

  #perform(effect: HostArbiterEffect): void {
    const { log } = this.#options;
    switch (effect.type) {
      case 'answer':
        return this.#socket?.send(effect.process, { type: 'Answered', answer: effect.answer });
      case 'tellKey': {
        const told = { type: 'Changed', seen: effect.seen } as const;
        if (effect.process === undefined) return this.#socket?.broadcast(told);
        return this.#socket?.send(effect.process, told);
      }
      case 'tellEnd': {
        const { application, process } = effect;
        return this.#socket?.broadcast({ type: 'MateEnded', application, process });
      }
      case 'refuse':
        return this.#socket?.refuse(effect.process, effect.text);
      case 'kill': {
        const { rule, text } = effect.because;
        for (const application of this.#options.applications)
          if (this.running(application) === effect.process) this.#killed.set(application, effect.makesWay);
        log({
          level: effect.makesWay ? 'info' : 'error',
          what: 'process killed',
          because: `${rule}: ${text}`,
          detail: { process: effect.process },
        });
        return signalProcess(effect.process, 'SIGKILL');
      }
      case 'store':
        return this.#store(effect);
      case 'log':
        return log(effect.line);
    }
  }

  #store({ record, isGrant }: Extract<HostArbiterEffect, { type: 'store' }>): void {
    const problem = storePairRecord(this.#file, { supervisor: this.#own, record });
    if (problem !== undefined)
      this.#options.log({
        level: 'error',
        what: 'pair not written',
        because: problem,
        detail: { file: this.#file },
      });
    if (isGrant)
      this.#queue.push(problem === undefined ? { type: 'stored' } : { type: 'notStored', because: problem });
  }
}

export type { HostPair };
