/**
 * One simulated process: a program with sockets, a clock and a life that may end. It can be killed (its state is
 * lost, its host answers for it), started again (a new life, a new program), paused and continued.
 *
 * A paused process is a stopped one (SIGSTOP): its clock goes on, its sockets fill, its timers fire late. When it
 * is continued its timers come first and the old bytes right after them, or, in one case of four (the stop fell
 * into the wait for bytes), the other way round. It may also be stopped between deciding and sending: then what
 * it decided last leaves when it wakes (PR9).
 */
import type { Millis } from '@holdfast/kernel';
import type { WorldEvent } from './event-heap.ts';
import type { StreamEnd } from './stream.ts';
import type { World } from './world.ts';

/** Where a datagram came from. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

export type CloseReason = 'closed' | 'reset' | 'refused' | 'unreachable';

/** What runs in a process: a node with the shell that performs its effects. Every method reads `now` anew. */
export interface Program {
  datagram(now: Millis, message: unknown, source: Address, port: number): void;
  /** Somebody has connected to the port on which this process listens. */
  accepted(now: Millis, end: StreamEnd, port: number): void;
  /** The connection that this process asked for stands. */
  opened(now: Millis, end: StreamEnd): void;
  message(now: Millis, end: StreamEnd, message: unknown): void;
  closed(now: Millis, end: StreamEnd, reason: CloseReason): void;
  lookedUp(now: Millis, id: string, answer: unknown): void;
  /** Wall and monotonic clock have jumped apart (LL6). It comes before whatever was to be read next. */
  clockJumped(now: Millis, wallOffsetMs: Millis): void;
  nextDeadline(): Millis | undefined;
  expire(now: Millis): void;
}

/** Builds the program of a new life and performs what it wants first. */
export type ProgramFactory = (process: Process, now: Millis) => Program;

export interface Host {
  readonly name: string;
  readonly index: number;
  /** Without power: nothing answers for its processes, not even a reset. */
  dark: boolean;
  /** Clock rate against true time: 0.995 to 1.005, so that two differ by at most 1 % (LL6). */
  rate: number;
  /** What its wall clock is wrong by, ms. */
  wallErrorMs: Millis;
  readonly processes: Process[];
  readonly datagramPorts: Map<number, Process>;
  readonly streamPorts: Map<number, Process>;
}

/** Wall clock, ms since 1970, at the world's instant 0. */
export const WALL_AT_START_MS = 1_780_000_000_000;

/** A stopped process's sockets hold this much; what comes later is dropped (UDP) or waits at the sender. */
export const INBOX_MAX = 4096;

export class Process {
  readonly name: string;
  readonly index: number;
  readonly host: Host;
  readonly world: World;
  /** Grows with every start and every end: 0 before the first. */
  life = 0;
  state: 'dead' | 'running' | 'paused' = 'dead';
  program: Program | undefined;
  /** Every stream with an end here. */
  readonly ends = new Set<StreamEnd>();
  /** Stopped: what has come meanwhile, in order. */
  readonly inbox: WorldEvent[] = [];
  /** Stopped between deciding and sending: what is sent on waking. */
  readonly unsent: (() => void)[] = [];
  /** The next input or timer is the last before it stops, with its effects unsent. */
  stopsInside = false;
  /** A jump of the clocks that the shell will see at its next reading. */
  jumpUnseen = false;
  /** The earliest wake in the heap, world time; Infinity for none. */
  wakeAt = Number.POSITIVE_INFINITY;
  readonly factory: ProgramFactory;
  /** By port: the address that what is sent from there shows, where that moves with a role (PR10). */
  readonly #shownAs = new Map<number, Address>();
  #monotonicBase = 0;
  #worldBase = 0;
  #address: Address | undefined;

  constructor(world: World, name: string, index: number, host: Host, factory: ProgramFactory) {
    this.world = world;
    this.name = name;
    this.index = index;
    this.host = host;
    this.factory = factory;
  }

  /** The monotonic clock of this life. It starts anywhere: instants of two lives or processes cannot be compared. */
  now(): Millis {
    return this.#monotonicBase + (this.world.at - this.#worldBase) * this.host.rate;
  }

  /** Wall clock − monotonic clock. */
  wallOffsetMs(): Millis {
    return Math.round(WALL_AT_START_MS + this.world.at + this.host.wallErrorMs - this.now());
  }

  wallMs(): number {
    return Math.floor(WALL_AT_START_MS + this.world.at + this.host.wallErrorMs);
  }

  startClock(at: Millis): void {
    this.#monotonicBase = at;
    this.#worldBase = this.world.at;
  }

  /** Fixes what the clock has shown so far, before its rate changes. */
  rebaseClock(): void {
    this.startClock(this.now());
  }

  /** The monotonic clock has stood still for so long (suspension): LL6's one exception, which the shell notices. */
  setClockBack(byMs: Millis): void {
    this.startClock(this.now() - byMs);
  }

  /** When the world's clock shows that this process's monotonic clock has reached `deadline`. */
  worldTimeOf(deadline: Millis): number {
    // A nanosecond later than computed, so that rounding never wakes a process just before its deadline.
    return this.#worldBase + (deadline - this.#monotonicBase) / this.host.rate + 1e-6;
  }

  /** One object for all that is sent from there. */
  addressAt(port: number): Address {
    const shown = this.#shownAs.get(port);
    if (shown !== undefined) return shown;
    if (this.#address?.port !== port) this.#address = { host: this.host.name, port };
    return this.#address;
  }

  /** What is sent from this port shows another address than that of the host. */
  showAs(host: string, port: number): void {
    this.#shownAs.set(port, { host, port });
  }

  listenDatagrams(port: number): void {
    this.host.datagramPorts.set(port, this);
  }

  listenStreams(port: number): void {
    this.host.streamPorts.set(port, this);
  }

  stopListening(ports: readonly number[]): void {
    const { datagramPorts, streamPorts } = this.host;
    for (const port of ports) {
      if (datagramPorts.get(port) === this) datagramPorts.delete(port);
      if (streamPorts.get(port) === this) streamPorts.delete(port);
    }
  }

  sendDatagram(message: unknown, to: Address, fromPort: number): void {
    if (this.state === 'paused')
      this.unsent.push(() => this.world.net.sendDatagram(this, fromPort, message, to));
    else this.world.net.sendDatagram(this, fromPort, message, to);
  }

  /** Asks for a connection; `opened` or `closed` tells what became of it. */
  connect(to: Address): StreamEnd {
    return this.world.net.connect(this, to);
  }

  /** Asks the DNS; `lookedUp` brings the answer under the same id. */
  lookup(id: string, record: string, name: string): void {
    this.world.net.lookup(this, id, record, name);
  }
}
