/**
 * The connections that one transport of SIP holds, each known by the name that `connectionFlow` gives it. Their bounds are
 * the same over TCP, TLS and WebSocket, and count from the first byte: a handshake that is not done yet takes a place too.
 */
import type { Socket } from 'node:net';
import { connectionFlow, type Target, type TransportName } from '@holdfast/sip';

export interface ConnectionLimits {
  /**
   * Connections in all. A further one that comes in takes the place of the one that has been silent the longest
   * since it came in; when each has brought a message, it is closed. A further one that is wanted fails.
   */
  readonly connectionsMax: number;
  /** Bytes that the other end has not taken yet; beyond, the connection is closed. */
  readonly unsentBytesMax: number;
  /** A connection attempt without an answer fails after this, ms; its handshake included. */
  readonly connectMs: number;
  /** A message must have come whole so long after its first byte, however steadily it trickles, ms. */
  readonly unfinishedMs: number;
  /**
   * A connection that comes in must have brought a whole message by then, its handshake included, ms: who only holds it
   * is no phone.
   */
  readonly firstMessageMs: number;
  /** A connection over which nothing came for this is closed, ms. Longer than the keep-alive of RFC 5626 §4.4.1. */
  readonly idleMs: number;
}

export const CONNECTION_LIMITS: ConnectionLimits = {
  connectionsMax: 10_000,
  unsentBytesMax: 1_048_576,
  connectMs: 3_000,
  unfinishedMs: 10_000,
  firstMessageMs: 10_000,
  idleMs: 900_000,
};

/** Requests that wait for one connection to stand. */
export const WAITING_MAX = 10_000;
/** An end that has broken the protocol has so long to read what it is told and to close, ms. */
export const CLOSING_MAX_MS = 1_000;

export interface Connection {
  readonly flow: string;
  /** The other end. */
  readonly host: string;
  readonly port: number;
}

export interface HeldConnection extends Connection {
  /** Breaks it off; whoever listens to its socket tells the table that it is closed. */
  destroy(): void;
}

export interface ConnectionTableOptions<Held extends HeldConnection> {
  readonly transport: TransportName;
  readonly limits: ConnectionLimits;
  /** The connection is gone, whoever closed it. Once. */
  readonly onClosed: (connection: Held) => void;
  /** Before `onClosed`: this end closes it because the other end oversteps a limit. */
  readonly onCut: (why: string, connection: Held) => void;
}

export class ConnectionTable<Held extends HeldConnection> {
  readonly #options: ConnectionTableOptions<Held>;
  readonly #byFlow = new Map<string, Held>();
  /** More than are found by name, for the moment in which a successor has the name of one that is being closed. */
  readonly #open = new Set<Held>();
  readonly #cut = new WeakSet<Held>();
  /** Came in and have brought nothing yet, the longest silent first; each with what will end it. */
  readonly #silent = new Map<Held, NodeJS.Timeout>();
  #isClosing = false;

  constructor(options: ConnectionTableOptions<Held>) {
    this.#options = options;
  }

  get size(): number {
    return this.#open.size;
  }

  get(flow: string): Held | undefined {
    return this.#byFlow.get(flow);
  }

  /** The flow itself where it stands, else what there is to that address. */
  to({ flow, host, port }: Target): Held | undefined {
    return (flow === undefined ? undefined : this.get(flow)) ?? this.get(this.flowTo(host, port));
  }

  behind({ remoteAddress = '', remotePort = 0 }: Socket): Held | undefined {
    return this.get(this.flowTo(remoteAddress, remotePort));
  }

  flowTo(host: string, port: number): string {
    return connectionFlow(this.#options.transport, host, port);
  }

  /** Whether one more may go out. */
  canDial(port: number): boolean {
    return this.#hasRoom && Number.isInteger(port) && port > 0 && port < 65_536;
  }

  get #hasRoom(): boolean {
    return !this.#isClosing && this.#open.size < this.#options.limits.connectionsMax;
  }

  /** One that has come in. False: there is no place for it. */
  admit(connection: Held): boolean {
    if (!this.#makeRoom()) return false;
    this.add(connection);
    const ms = this.#options.limits.firstMessageMs;
    this.#silent.set(
      connection,
      setTimeout(() => this.cut(connection, `no message within ${ms} ms`), ms),
    );
    return true;
  }

  /** One that goes out, where there is room. */
  add(connection: Held): void {
    this.#open.add(connection);
    this.#byFlow.set(connection.flow, connection);
  }

  /** It has brought a whole message. */
  hasSpoken(connection: Held): void {
    clearTimeout(this.#silent.get(connection));
    this.#silent.delete(connection);
  }

  cut(connection: Held, why: string): void {
    if (!this.#open.has(connection) || this.#cut.has(connection)) return;
    this.#cut.add(connection);
    this.#options.onCut(why, connection);
    connection.destroy();
  }

  /** Its socket is closed. */
  closed(connection: Held): void {
    if (!this.#open.delete(connection)) return;
    this.hasSpoken(connection);
    if (this.#byFlow.get(connection.flow) === connection) this.#byFlow.delete(connection.flow);
    this.#options.onClosed(connection);
  }

  /** Takes no more, and breaks off all. */
  close(): void {
    this.#isClosing = true;
    for (const connection of [...this.#open]) connection.destroy();
  }

  /** So that nobody keeps phones out by opening connections and saying nothing. */
  #makeRoom(): boolean {
    if (this.#isClosing) return false;
    if (this.#hasRoom) return true;
    const [longest] = this.#silent.keys();
    if (longest === undefined) return false;
    this.cut(longest, 'it has brought nothing yet, and others want its place');
    this.closed(longest);
    return true;
  }
}
