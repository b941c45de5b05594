/**
 * A whole world in one process and in virtual time: hosts, processes, the network between them, and one heap of
 * everything that will happen. It runs the same nodes that the real processes run. All that is random comes from
 * one seed, so that a run that failed once fails again, event by event.
 */
import { assert, type Millis, must, type Random, seededRandom } from '@holdfast/kernel';
import { EVENT_KIND_NAMES, EventHeap, EventKind, WorldEvent } from './event-heap.ts';
import { Net } from './net.ts';
import {
  type Address,
  type CloseReason,
  type Host,
  INBOX_MAX,
  Process,
  type ProgramFactory,
} from './process.ts';
import type { StreamEnd } from './stream.ts';
import { Trace } from './trace.ts';

export interface Failure {
  readonly check: string;
  readonly detail: string;
  readonly at: number;
}

/** More events than this in one virtual second are processes that answer each other without end. */
const STEPS_PER_SECOND_MAX = 1_000_000;
const HOSTS_MAX = 65_536;
/** A process that is continued reads its timers first in three cases of four. */
const TIMERS_FIRST = 0.75;

export class World {
  readonly seed: number;
  readonly random: Random;
  readonly net: Net;
  readonly trace = new Trace();
  readonly hosts: Host[] = [];
  readonly processes: Process[] = [];
  /** True time, ms since the world's start. No process sees it. */
  at = 0;
  /** Events done so far. */
  steps = 0;
  failure: Failure | undefined;
  /** Called after every event that touched a process: the safety checks. */
  afterStep: ((process: Process) => void) | undefined;
  /** Whether happenings are kept for a report; the fingerprint is always kept. */
  tracing = true;
  /** A smaller world sets it lower, to notice sooner. */
  stepsPerSecondMax = STEPS_PER_SECOND_MAX;
  readonly #heap = new EventHeap();
  #order = 0;
  #stepsInSecond = 0;
  #second = 0;

  constructor(seed: number) {
    this.seed = seed;
    this.random = seededRandom(seed);
    this.net = new Net(this, this.fork(1));
  }

  /** A source of randomness of its own for one purpose: what one part draws changes nothing for the others. */
  fork(purpose: number): Random {
    return seededRandom(Math.imul(this.seed + 1, 0x9e3779b1) ^ Math.imul(purpose, 0x85ebca77));
  }

  addHost(name: string, clock: { rate?: number; wallErrorMs?: Millis } = {}): Host {
    assert(this.hosts.length < HOSTS_MAX, `a world has at most ${HOSTS_MAX} hosts`);
    const host: Host = {
      name,
      index: this.hosts.length,
      dark: false,
      rate: clock.rate ?? 1,
      wallErrorMs: clock.wallErrorMs ?? 0,
      processes: [],
      datagramPorts: new Map(),
      streamPorts: new Map(),
    };
    this.hosts.push(host);
    this.net.addHost(host);
    return host;
  }

  addProcess(name: string, host: Host, factory: ProgramFactory): Process {
    const process = new Process(this, name, this.processes.length, host, factory);
    this.processes.push(process);
    host.processes.push(process);
    return process;
  }

  schedule(
    at: number,
    kind: EventKind,
    target: Process | Host | StreamEnd | undefined,
    number: number,
    source: Address | string | undefined,
    payload: unknown,
  ): void {
    this.#heap.push(new WorldEvent(at, this.#order++, kind, target, number, source, payload));
  }

  /** Something that no process does: a fault, a person's hand, a check. */
  plan(at: number, what: () => void): void {
    this.schedule(at, EventKind.plan, undefined, 0, undefined, what);
  }

  fail(check: string, detail: string): void {
    this.failure ??= { check, detail, at: this.at };
  }

  note(who: string, what: string, detail?: unknown): void {
    if (this.tracing) this.trace.record(this.at, who, what, detail);
  }

  /** Runs until true time `until`, or until a check has failed. */
  run(until: number): void {
    const heap = this.#heap;
    while (this.failure === undefined) {
      const event = heap.peek();
      if (event === undefined || event.at > until) break;
      heap.pop();
      this.at = event.at;
      this.#count(event);
      this.#dispatch(event);
    }
    if (this.failure === undefined && this.at < until) this.at = until;
  }

  start(process: Process): void {
    assert(process.state === 'dead', `${process.name} runs already`);
    if (process.host.dark) return;
    process.life++;
    process.state = 'running';
    process.startClock(this.#firstReading(process));
    this.note(process.name, 'starts', undefined);
    this.#guard(process, () => {
      process.program = process.factory(process, process.now());
    });
    this.#arm(process);
  }

  /**
   * What the monotonic clock of a new life shows first: anything, or, the more dangerous case, about what that of
   * the former life showed, so that instants of the two are easily taken for each other.
   */
  #firstReading(process: Process): Millis {
    if (process.life > 1 && this.random() < 0.5)
      return Math.max(0, process.now() + (this.random() - 0.5) * 20_000);
    return this.random() * 1_000_000;
  }

  /** The process's state is lost. A living host resets its connections; a dark one is silent. */
  kill(process: Process): void {
    if (process.state === 'dead') return;
    this.note(process.name, 'is killed', undefined);
    process.state = 'dead';
    process.life++;
    process.program = undefined;
    process.inbox.length = 0;
    process.unsent.length = 0;
    process.stopsInside = false;
    process.jumpUnseen = false;
    process.wakeAt = Number.POSITIVE_INFINITY;
    for (const [port, owner] of process.host.datagramPorts)
      if (owner === process) process.host.datagramPorts.delete(port);
    for (const [port, owner] of process.host.streamPorts)
      if (owner === process) process.host.streamPorts.delete(port);
    for (const end of process.ends) {
      if (!process.host.dark) this.net.transmit(end, 'closed', 'reset' satisfies CloseReason);
      end.state = 'closed';
    }
    process.ends.clear();
  }

  /** Power off: every process dies and nothing answers. */
  darken(host: Host): void {
    host.dark = true;
    for (const process of host.processes) this.kill(process);
  }

  /** Power on; the processes are started by whoever starts them. */
  light(host: Host): void {
    host.dark = false;
    this.net.release();
  }

  /** Stops the process where it is, or, `inside`, between its next decision and the sending of it (PR9). */
  pause(process: Process, inside = false): void {
    if (process.state !== 'running') return;
    if (inside) {
      process.stopsInside = true;
      return;
    }
    this.note(process.name, 'is stopped', undefined);
    process.state = 'paused';
  }

  continue(process: Process): void {
    process.stopsInside = false;
    if (process.state !== 'paused') return;
    this.note(process.name, 'is continued', { inbox: process.inbox.length, unsent: process.unsent.length });
    process.state = 'running';
    for (const send of process.unsent.splice(0)) send();
    const timersFirst = this.random() < TIMERS_FIRST;
    if (timersFirst) this.#expire(process);
    // The queue is taken at once: what its reading causes arrives later over the network, never here.
    for (const event of process.inbox.splice(0)) this.#deliver(process, event);
    if (!timersFirst) this.#expire(process);
  }

  /** All clocks of the host run at another rate from now on. */
  setRate(host: Host, rate: number): void {
    for (const process of host.processes) process.rebaseClock();
    host.rate = rate;
    for (const process of host.processes) this.#rearm(process);
  }

  /** The wall clock is set; the shells of the host see it at their next reading (LL6). */
  jumpWall(host: Host, byMs: Millis): void {
    host.wallErrorMs += byMs;
    for (const process of host.processes) process.jumpUnseen = process.state !== 'dead';
  }

  /** The host of these processes slept for `forMs`, which end now: their monotonic clocks stood still, the wall clock did not. */
  sleptFor(processes: readonly Process[], forMs: Millis): void {
    for (const process of processes) {
      if (process.state === 'dead') continue;
      process.setClockBack(forMs);
      process.jumpUnseen = true;
      this.#rearm(process);
    }
  }

  /** Something happens to a running process that is no message and no timer: a person acts. False: nobody is there. */
  act(process: Process, what: () => void): boolean {
    if (process.state !== 'running') return false;
    this.#guard(process, () => {
      this.#tellJump(process);
      what();
    });
    this.#arm(process);
    this.afterStep?.(process);
    return true;
  }

  #count(event: WorldEvent): void {
    this.steps++;
    this.trace.mix(event.at, event.kind, this.steps);
    if (event.at >= this.#second + 1_000) {
      this.#second = event.at;
      this.#stepsInSecond = 0;
    } else if (++this.#stepsInSecond > this.stepsPerSecondMax) {
      this.fail('no-livelock', `more than ${this.stepsPerSecondMax} events within one second`);
    }
  }

  #dispatch(event: WorldEvent): void {
    switch (event.kind) {
      case EventKind.plan:
        (event.payload as () => void)();
        return;
      case EventKind.wake: {
        const process = event.target as Process;
        if (process.life !== event.number) return;
        if (process.wakeAt <= event.at) process.wakeAt = Number.POSITIVE_INFINITY;
        if (process.state === 'running') this.#expire(process);
        return;
      }
      case EventKind.datagram: {
        const process = (event.target as Host).datagramPorts.get(event.number);
        if (process !== undefined) this.#receive(process, event);
        return;
      }
      case EventKind.lookedUp: {
        const process = event.target as Process;
        if (process.life === event.number) this.#receive(process, event);
        return;
      }
      case EventKind.connect:
        this.#syn(event.target as StreamEnd, event);
        return;
      default:
        this.#segment(event.target as StreamEnd, event);
    }
  }

  /** A connection is asked for: the host answers for a process that does not listen, unless it is dark. */
  #syn(end: StreamEnd, event: WorldEvent): void {
    const process = end.host.streamPorts.get(end.port);
    if (end.host.dark) return;
    if (process === undefined) {
      end.state = 'closed';
      this.net.transmit(end, 'closed', 'refused' satisfies CloseReason);
      return;
    }
    end.process = process;
    end.life = process.life;
    process.ends.add(end);
    this.#receive(process, event);
  }

  #segment(end: StreamEnd, event: WorldEvent): void {
    if (end.isAlive() && end.state !== 'closed') {
      this.#receive(must(end.process, 'a living end has a process'), event);
    } else if (event.kind === EventKind.message && !end.host.dark) {
      // The socket is gone: its host says so.
      this.net.reset(end);
    }
  }

  #receive(process: Process, event: WorldEvent): void {
    if (process.state === 'paused') {
      if (process.inbox.length < INBOX_MAX) process.inbox.push(event);
      else if (event.kind !== EventKind.datagram)
        this.fail('bounded-inbox', `${process.name} was stopped for too long`);
      return;
    }
    if (process.state === 'dead') return;
    if (process.stopsInside) this.#stopInside(process);
    this.#deliver(process, event);
  }

  #stopInside(process: Process): void {
    process.stopsInside = false;
    // From here on the process counts as stopped: what it decides now stays unsent until it is continued.
    process.state = 'paused';
    this.note(process.name, 'is stopped between deciding and sending', undefined);
  }

  #deliver(process: Process, event: WorldEvent): void {
    if (this.tracing)
      this.trace.record(this.at, process.name, EVENT_KIND_NAMES[event.kind] as string, event.payload);
    try {
      this.#tellJump(process);
      this.#hand(process, event);
    } catch (error) {
      this.#crashed(process, error);
    }
    this.#arm(process);
    this.afterStep?.(process);
  }

  #hand(process: Process, event: WorldEvent): void {
    const program = process.program;
    if (program === undefined) return;
    const now = process.now();
    switch (event.kind) {
      case EventKind.datagram:
        program.datagram(now, event.payload, event.source as Address, event.number);
        return;
      case EventKind.lookedUp:
        program.lookedUp(now, event.source as string, event.payload);
        return;
      case EventKind.connect: {
        const end = event.target as StreamEnd;
        end.state = 'open';
        this.net.transmit(end, 'opened', undefined);
        program.accepted(now, end, end.port);
        return;
      }
      default:
        this.#handStream(process, event.target as StreamEnd, event);
    }
  }

  #handStream(process: Process, end: StreamEnd, event: WorldEvent): void {
    const program = process.program;
    if (program === undefined || end.state === 'closed') return;
    const now = process.now();
    if (event.kind === EventKind.message) {
      program.message(now, end, event.payload);
    } else if (event.kind === EventKind.opened) {
      end.state = 'open';
      program.opened(now, end);
    } else {
      const reason = event.payload as CloseReason;
      // The limit of an attempt to connect: void once the connection stands.
      if (reason === 'unreachable') {
        if (end.state !== 'connecting') return;
        this.net.transmit(end, 'closed', 'closed' satisfies CloseReason);
      }
      end.state = 'closed';
      process.ends.delete(end);
      program.closed(now, end, reason);
    }
  }

  #expire(process: Process): void {
    const deadline = process.program?.nextDeadline();
    if (process.program === undefined || deadline === undefined) return;
    if (deadline > process.now()) {
      this.#arm(process);
      return;
    }
    if (process.stopsInside) this.#stopInside(process);
    try {
      this.#tellJump(process);
      process.program.expire(process.now());
    } catch (error) {
      this.#crashed(process, error);
    }
    this.#arm(process);
    this.afterStep?.(process);
  }

  #tellJump(process: Process): void {
    if (!process.jumpUnseen || process.program === undefined) return;
    process.jumpUnseen = false;
    process.program.clockJumped(process.now(), process.wallOffsetMs());
  }

  #rearm(process: Process): void {
    if (process.state !== 'running') return;
    process.wakeAt = Number.POSITIVE_INFINITY;
    this.#arm(process);
  }

  /** One wake in the heap for each process; one that comes too early only arms the next. */
  #arm(process: Process): void {
    if (process.state !== 'running' || process.program === undefined) return;
    const deadline = process.program.nextDeadline();
    if (deadline === undefined) return;
    const at = Math.max(this.at, process.worldTimeOf(deadline));
    if (at >= process.wakeAt) return;
    process.wakeAt = at;
    this.schedule(at, EventKind.wake, process, process.life, undefined, undefined);
  }

  #guard(process: Process, what: () => void): void {
    try {
      what();
    } catch (error) {
      this.#crashed(process, error);
    }
  }

  /** Whatever a program throws is a mistake of ours: no input may do it. */
  #crashed(process: Process, error: unknown): void {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.fail('no-crash', `${process.name}: ${text}`);
  }
}
