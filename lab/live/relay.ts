/**
 * The lab's relay: links between desks and sites pass through it, so that they can be cut, cut one way, or made poor
 * without any right on the machine. What the servers' end does to its connection is done to the desk's: a reset
 * stays a reset, silence stays silence.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { Random } from '@holdfast/kernel';
import { GOOD_LINE, type LineQuality, partDelay, StreamLane } from './line-quality.ts';

export type Cut = 'none' | 'to-server' | 'to-desk' | 'both';

interface Line {
  readonly desk: Socket;
  readonly server: Socket;
  readonly lanes: readonly StreamLane[];
}

/** On their way in one direction; whoever sends more waits, as for a window that is full. */
const ON_THEIR_WAY_MAX_BYTES = 4 * 1024 * 1024;

/** One relayed port. */
export class Relay {
  readonly #server: Server;
  readonly #target: { readonly host: string; readonly port: number };
  readonly #lines = new Set<Line>();
  /** Also of lines whose other end is gone: they end with the relay at the latest. */
  readonly #desks = new Set<Socket>();
  #cut: Cut = 'none';
  #quality: LineQuality = GOOD_LINE;
  #random: Random = Math.random;
  #leastMs: number | undefined;

  private constructor(server: Server, target: { host: string; port: number }) {
    this.#server = server;
    this.#target = target;
    server.on('connection', (desk) => this.#accept(desk));
  }

  static async open(target: { host: string; port: number }): Promise<Relay> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Relay(server, target);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The shortest time for which anything was on its way through it; undefined: nothing was carried. */
  get leastMs(): number | undefined {
    return this.#leastMs;
  }

  get lines(): number {
    return this.#lines.size;
  }

  /** What is sent in a direction that is cut is lost for TCP, which sends it again: it is held back and delivered when the cut ends. */
  cut(cut: Cut): void {
    this.#cut = cut;
    for (const line of this.#lines) this.#apply(line);
  }

  /** From now on, in both directions. */
  setQuality(quality: LineQuality, random: Random): void {
    this.#quality = quality;
    this.#random = random;
  }

  async close(): Promise<void> {
    for (const { server, lanes } of this.#lines) {
      for (const lane of lanes) lane.stop();
      server.destroy();
    }
    for (const desk of this.#desks) desk.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #accept(desk: Socket): void {
    const server = connect(this.#target);
    const [toServer, toDesk] = [new StreamLane(), new StreamLane()];
    const line = { desk, server, lanes: [toServer, toDesk] };
    this.#lines.add(line);
    this.#desks.add(desk);
    desk.setNoDelay(true);
    server.setNoDelay(true);
    this.#pump(desk, server, toServer);
    this.#pump(server, desk, toDesk);
    this.#apply(line);
    const end = (one: Socket, other: Socket, lane: StreamLane) => () => {
      // While everything is cut, the desk may not learn that its server died: no packet would get through.
      if (one === server && (this.#cut === 'both' || this.#cut === 'to-desk')) {
        this.#lines.delete(line);
        return;
      }
      this.#carry(lane, 0, () => {
        this.#lines.delete(line);
        if (one.errored !== null || !one.readableEnded) other.resetAndDestroy();
        else {
          other.end();
          // One that is held back would never be seen to end.
          other.resume();
        }
      });
    };
    desk.on('close', () => this.#desks.delete(desk));
    desk.on('close', end(desk, server, toServer));
    server.on('close', end(server, desk, toDesk));
    // The error itself is told by `close`, which follows.
    desk.on('error', () => {});
    server.on('error', () => {});
  }

  #carry(lane: StreamLane, bytes: number, act: () => void): void {
    lane.carry(partDelay(this.#quality, this.#random), bytes, act);
  }

  #pump(from: Socket, to: Socket, lane: StreamLane): void {
    const goOn = () => {
      if (!this.#isCut(from) && lane.bytes < ON_THEIR_WAY_MAX_BYTES) from.resume();
    };
    from.on('data', (bytes) => {
      const cameAt = performance.now();
      this.#carry(lane, bytes.length, () => {
        this.#leastMs = Math.min(this.#leastMs ?? Number.POSITIVE_INFINITY, performance.now() - cameAt);
        if (to.writable && !to.write(bytes)) {
          from.pause();
          to.once('drain', goOn);
        } else goOn();
      });
      if (lane.bytes >= ON_THEIR_WAY_MAX_BYTES) from.pause();
    });
  }

  #isCut(from: Socket): boolean {
    const line = [...this.#lines].find(({ desk, server }) => desk === from || server === from);
    if (line === undefined || this.#cut === 'none') return false;
    if (this.#cut === 'both') return true;
    return this.#cut === (line.desk === from ? 'to-server' : 'to-desk');
  }

  #apply({ desk, server }: Line): void {
    const holds = (direction: Cut) => this.#cut === 'both' || this.#cut === direction;
    if (holds('to-server')) desk.pause();
    else desk.resume();
    if (holds('to-desk')) server.pause();
    else server.resume();
  }
}

/** All relayed ports of a lab, by the address that the configuration names. */
export class Relays {
  readonly #relays = new Map<string, Relay>();

  async open(host: string, port: number): Promise<void> {
    this.#relays.set(`${host}:${port}`, await Relay.open({ host, port }));
  }

  /** Where a desk has to connect to reach that server through the relay. */
  through(host: string, port: number): { host: string; port: number } {
    const relay = this.#relays.get(`${host}:${port}`);
    return relay === undefined ? { host, port } : { host: '127.0.0.1', port: relay.port };
  }

  at(host: string, port: number): Relay | undefined {
    return this.#relays.get(`${host}:${port}`);
  }

  setQuality(quality: LineQuality, random: Random): void {
    for (const relay of this.#relays.values()) relay.setQuality(quality, random);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#relays.values()].map((relay) => relay.close()));
  }
}
