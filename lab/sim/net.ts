/**
 * The network between the hosts: datagrams that are lost, doubled, late and overtake each other; streams that
 * keep their order; cuts in one direction, which for datagrams mean loss and for streams mean waiting. Conditions
 * hold for a pair of hosts in one direction; what nothing was said about has the ordinary delay and loss.
 */
import type { Millis, Random } from '@holdfast/kernel';
import { EventKind } from './event-heap.ts';
import type { Address, CloseReason, Host, Process } from './process.ts';
import { HELD_MAX, type SegmentKind, StreamEnd } from './stream.ts';
import type { World } from './world.ts';

export interface NetworkQuality {
  readonly delayMinMs: Millis;
  readonly delayMaxMs: Millis;
  /** Share of datagrams that are lost, that come twice, and that are late by up to `lateMaxMs` more. */
  readonly loss: number;
  readonly duplication: number;
  readonly late: number;
  readonly lateMaxMs: Millis;
}

export const CALM_NETWORK: NetworkQuality = {
  delayMinMs: 0.2,
  delayMaxMs: 3,
  loss: 0,
  duplication: 0,
  late: 0,
  lateMaxMs: 0,
};

/** What holds between two hosts in one direction, beyond the ordinary. Counted, since faults overlap. */
interface Path {
  cuts: number;
  loss: number;
}

/** A shell gives an attempt to connect this long. */
export const CONNECT_TIMEOUT_MS = 4_000;
/** First repetition of a lost TCP segment; each further one takes twice as long. */
const RETRANSMISSION_MS = 200;
const RETRANSMISSIONS_MAX = 5;
/** The longest that TCP waits with its next repetition, however long the cut was. */
const RETRANSMISSION_PAUSE_MAX_MS = 60_000;
const EPHEMERAL_PORT_FIRST = 40_000;
const EPHEMERAL_PORTS = 25_000;
/** A resolver gives up after this time. */
const DNS_TIMEOUT_MS = 2_000;
const DNS_DELAY_MAX_MS = 10;

export class Net {
  readonly #world: World;
  readonly #random: Random;
  readonly #paths = new Map<number, Path>();
  readonly #hosts = new Map<string, Host>();
  /** Ends with something held. */
  readonly #waiting = new Set<StreamEnd>();
  quality: NetworkQuality = CALM_NETWORK;
  /** Answers DNS questions; the faults count in `dnsFaults` how many want it to fail now. */
  resolve: (record: string, name: string) => unknown = () => undefined;
  dnsFailure: unknown;
  dnsFaults = 0;
  /** Sees all that a process sends, as it leaves it. */
  tap: ((from: Process, message: unknown) => void) | undefined;
  /** Counted for reports: what was sent over UDP and over streams. */
  datagrams = 0;
  segments = 0;
  #ephemeralPorts = 0;

  constructor(world: World, random: Random) {
    this.#world = world;
    this.#random = random;
  }

  addHost(host: Host): void {
    this.#hosts.set(host.name, host);
  }

  host(name: string): Host | undefined {
    return this.#hosts.get(name);
  }

  /** An address that is no host's own goes to this host, from whichever had it (PR10). */
  moveAddress(name: string, to: Host): void {
    this.#hosts.set(name, to);
  }

  /** One more reason that nothing passes from `from` to `to`. */
  cut(from: Host, to: Host): void {
    this.#path(from, to).cuts++;
  }

  /** For each pair one reason less. Where it was the last, what TCP held back comes through. */
  mend(pairs: readonly (readonly [Host, Host])[]): void {
    for (const [from, to] of pairs) this.#path(from, to).cuts--;
    if (this.#waiting.size > 0) this.release();
  }

  /** Where somebody connects from: nobody listens there, and no two have the same. */
  ephemeralPort(): number {
    return EPHEMERAL_PORT_FIRST + (this.#ephemeralPorts++ % EPHEMERAL_PORTS);
  }

  isCut(from: Host, to: Host): boolean {
    if (from.dark || to.dark) return true;
    if (this.#paths.size === 0) return false;
    const path = this.#paths.get(keyOf(from, to));
    return path !== undefined && path.cuts > 0;
  }

  /** More loss (or, negative, less again) from `from` to `to`. */
  addLoss(from: Host, to: Host, share: number): void {
    const path = this.#path(from, to);
    path.loss = Math.max(0, path.loss + share);
    if (path.loss < 1e-9) path.loss = 0;
  }

  sendDatagram(from: Process, fromPort: number, message: unknown, to: Address): void {
    this.datagrams++;
    this.tap?.(from, message);
    const host = this.#hosts.get(to.host);
    if (host === undefined || this.isCut(from.host, host)) return;
    const quality = this.quality;
    const random = this.#random;
    const loss = this.#loss(from.host, host);
    const source = from.addressAt(fromPort);
    let copies = quality.duplication > 0 && random() < quality.duplication ? 2 : 1;
    for (; copies > 0; copies--) {
      if (loss > 0 && random() < loss) continue;
      let delay = quality.delayMinMs + random() * (quality.delayMaxMs - quality.delayMinMs);
      if (quality.late > 0 && random() < quality.late) delay += random() * quality.lateMaxMs;
      this.#world.schedule(this.#world.at + delay, EventKind.datagram, host, to.port, source, message);
    }
  }

  connect(from: Process, to: Address): StreamEnd {
    const end = new StreamEnd(from.host, 0, from);
    from.ends.add(end);
    const host = this.#hosts.get(to.host);
    const world = this.#world;
    if (host === undefined) {
      world.schedule(world.at, EventKind.closed, end, 0, undefined, 'unreachable' satisfies CloseReason);
      return end;
    }
    const listening = new StreamEnd(host, to.port, undefined);
    end.peer = listening;
    if (host.name !== to.host) end.asked = to.host;
    listening.peer = end;
    world.schedule(
      world.at + CONNECT_TIMEOUT_MS,
      EventKind.closed,
      end,
      0,
      undefined,
      'unreachable' satisfies CloseReason,
    );
    this.transmit(end, 'connect', undefined);
    return end;
  }

  /** Sends one thing from `end` to its peer, behind everything that was sent before. */
  transmit(end: StreamEnd, kind: SegmentKind, payload: unknown): void {
    if (end.peer === undefined) return;
    this.segments++;
    if (kind === 'message' && end.process !== undefined) this.tap?.(end.process, payload);
    if (this.#hasMoved(end)) return this.#resetFromThere(end);
    if (end.held.length > 0 || this.isCut(end.host, end.peer.host)) {
      if (end.held.length >= HELD_MAX) return;
      if (end.held.length === 0) end.heldSince = this.#world.at;
      end.held.push({ kind, payload });
      this.#waiting.add(end);
      return;
    }
    this.#pass(end, kind, payload, this.#world.at);
  }

  /** A reset is not repeated by TCP: under a cut it is lost, and the next segment calls forth another. */
  reset(end: StreamEnd): void {
    if (this.isCut(end.host, end.peer.host)) return;
    const at = this.#world.at + this.#delay(end.host, end.peer.host);
    this.#world.schedule(at, EventKind.closed, end.peer, 0, undefined, 'reset' satisfies CloseReason);
  }

  /** Whoever has the address now knows nothing of the connection, and says so. */
  #hasMoved({ asked, peer }: StreamEnd): boolean {
    return asked !== undefined && this.#hosts.get(asked) !== peer.host;
  }

  #resetFromThere(end: StreamEnd): void {
    const now = this.#hosts.get(end.asked ?? '');
    if (now === undefined || this.isCut(end.host, now) || this.isCut(now, end.host)) return;
    const at = this.#world.at + this.#delay(end.host, now);
    this.#world.schedule(at, EventKind.closed, end, 0, undefined, 'reset' satisfies CloseReason);
  }

  lookup(process: Process, id: string, record: string, name: string): void {
    const world = this.#world;
    const fails = this.dnsFaults > 0;
    const at = world.at + (fails ? DNS_TIMEOUT_MS : this.#random() * DNS_DELAY_MAX_MS);
    const answer = fails ? this.dnsFailure : this.resolve(record, name);
    world.schedule(at, EventKind.lookedUp, process, process.life, id, answer);
  }

  /** Lets everything go on whose path is whole again: at TCP's next repetition, which comes the later the longer the cut was. */
  release(): void {
    const now = this.#world.at;
    for (const end of this.#waiting) {
      if (this.isCut(end.host, end.peer.host)) continue;
      this.#waiting.delete(end);
      const held = end.held.splice(0);
      const pause = Math.min(now - end.heldSince, RETRANSMISSION_PAUSE_MAX_MS) * this.#random();
      for (const { kind, payload } of held) this.#pass(end, kind, payload, now + pause);
    }
  }

  #pass(end: StreamEnd, kind: SegmentKind, payload: unknown, from: number): void {
    const at = Math.max(from + this.#delay(end.host, end.peer.host), end.lastArrivalAt);
    end.lastArrivalAt = at;
    this.#world.schedule(at, EventKind[kind], end.peer, 0, undefined, payload);
  }

  #delay(from: Host, to: Host): Millis {
    const quality = this.quality;
    const loss = this.#loss(from, to);
    let delay = quality.delayMinMs + this.#random() * (quality.delayMaxMs - quality.delayMinMs);
    if (loss === 0) return delay;
    for (let n = 0; n < RETRANSMISSIONS_MAX && this.#random() < loss; n++)
      delay += RETRANSMISSION_MS * 2 ** n;
    return delay;
  }

  #loss(from: Host, to: Host): number {
    const ordinary = this.quality.loss;
    if (this.#paths.size === 0) return ordinary;
    const path = this.#paths.get(keyOf(from, to));
    return path === undefined ? ordinary : Math.min(0.95, ordinary + path.loss);
  }

  #path(from: Host, to: Host): Path {
    const key = keyOf(from, to);
    let path = this.#paths.get(key);
    if (path === undefined) {
      path = { cuts: 0, loss: 0 };
      this.#paths.set(key, path);
    }
    return path;
  }
}

/** A world has fewer than 65,536 hosts (`World.addHost` sees to it). */
function keyOf(from: Host, to: Host): number {
  return from.index * 65_536 + to.index;
}
