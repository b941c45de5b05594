/**
 * SIP over TCP: one listening socket, and connections in both directions that are used for whatever goes to the
 * address at their other end (RFC 3261 §18). A connection is known by the name `connectionFlow` gives it. Each is
 * bounded in what it may hold unread and unsent, and the number of them is bounded too.
 */
import { once } from 'node:events';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { connectionFlow, type Framed, StreamFramer, type Target } from '@holdfast/sip';

export interface TcpLimits {
  /**
   * Connections in all. A further one that comes in takes the place of the one that has been silent the longest
   * since it came in; when each has brought a message, it is closed. A further one that is wanted fails.
   */
  readonly connectionsMax: number;
  /** Bytes that the other end has not taken yet; beyond, the connection is closed. */
  readonly unsentBytesMax: number;
  /** A connection attempt without an answer fails after this, ms. */
  readonly connectMs: number;
  /** A message must have come whole so long after its first byte, however steadily it trickles, ms. */
  readonly unfinishedMs: number;
  /** A connection that comes in must have brought a whole message by then, ms: who only holds it is no phone. */
  readonly firstMessageMs: number;
  /** A connection over which nothing came for this is closed, ms. Longer than the keep-alive of RFC 5626 §4.4.1. */
  readonly idleMs: number;
}

export const TCP_LIMITS: TcpLimits = {
  connectionsMax: 10_000,
  unsentBytesMax: 1_048_576,
  connectMs: 3_000,
  unfinishedMs: 10_000,
  firstMessageMs: 10_000,
  idleMs: 900_000,
};

export interface TcpOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly limits?: Partial<TcpLimits>;
  readonly onFramed: (framed: Framed, connection: TcpConnection) => void;
  /** The connection is gone, whoever closed it. */
  readonly onClosed: (connection: TcpConnection) => void;
  /** Before `onClosed`: this end closes it because the other end oversteps a limit. For the log. */
  readonly onCut?: (why: string, connection: TcpConnection) => void;
}

export interface TcpConnection {
  readonly flow: string;
  /** The other end. */
  readonly host: string;
  readonly port: number;
}

interface Connection extends TcpConnection {
  readonly socket: Socket;
  readonly framer: StreamFramer;
  /** Runs while a message is unfinished. */
  unfinishedTimer: NodeJS.Timeout | undefined;
  /** Runs until the first message has come. */
  firstMessageTimer: NodeJS.Timeout | undefined;
  isOpen: boolean;
  /** To be told if the connection never stands. */
  readonly waiting: (() => void)[];
}

const PING_ANSWER = '\r\n';

/** Who has been told why the connection ends has so long to read it and to close, ms. */
const CLOSING_MAX_MS = 1_000;

/** Requests that wait for one connection to stand. */
const WAITING_MAX = 10_000;

export class TcpTransport {
  readonly host: string;
  readonly port: number;
  readonly #server: Server;
  readonly #limits: TcpLimits;
  readonly #options: TcpOptions;
  readonly #connections = new Map<string, Connection>();
  /** Came in and have brought nothing yet, the longest silent first. */
  readonly #silent = new Set<Connection>();
  #isClosing = false;

  private constructor(server: Server, options: TcpOptions) {
    this.#server = server;
    this.#options = options;
    this.#limits = { ...TCP_LIMITS, ...options.limits };
    const address = server.address();
    if (address === null || typeof address === 'string')
      throw new Error('a TCP server has a host and a port');
    this.host = address.address;
    this.port = address.port;
    server.on('connection', (socket) => this.#accept(socket));
    // From here on an error of the listener is one connection that the system would not let us take (EMFILE).
    server.on('error', () => undefined);
  }

  /** Rejects with the system's error, such as EADDRINUSE. */
  static async open(options: TcpOptions): Promise<TcpTransport> {
    const server = createServer({ noDelay: true });
    server.listen({ host: options.host, port: options.port, exclusive: true });
    await once(server, 'listening');
    return new TcpTransport(server, options);
  }

  get connections(): number {
    return this.#connections.size;
  }

  /** Over the flow if it stands, else over a connection to the address, which is made if there is none. */
  send(bytes: Uint8Array, target: Target, failed: () => void): void {
    const named = target.flow === undefined ? undefined : this.#connections.get(target.flow);
    const connection = named ?? this.#connectionTo(target.host, target.port);
    if (connection === undefined) return failed();
    if (!connection.isOpen) {
      if (connection.waiting.length >= WAITING_MAX) return failed();
      connection.waiting.push(failed);
    }
    connection.socket.write(bytes);
    if (connection.socket.writableLength > this.#limits.unsentBytesMax)
      this.#cut(connection, `more than ${this.#limits.unsentBytesMax} bytes wait to be read`);
  }

  /** Breaks one connection off. */
  drop(flow: string): void {
    this.#connections.get(flow)?.socket.destroy();
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const { socket } of this.#connections.values()) socket.destroy();
    await closed;
  }

  #connectionTo(host: string, port: number): Connection | undefined {
    const known = this.#connections.get(connectionFlow('TCP', host, port));
    if (known !== undefined) return known;
    if (this.#isClosing || this.#connections.size >= this.#limits.connectionsMax) return undefined;
    if (!(Number.isInteger(port) && port > 0 && port < 65_536)) return undefined;
    const socket = createConnection({ host, port, noDelay: true });
    const connection = this.#keep(socket, host, port, false);
    const timer = setTimeout(() => socket.destroy(), this.#limits.connectMs);
    socket.once('close', () => clearTimeout(timer));
    socket.once('connect', () => {
      clearTimeout(timer);
      connection.isOpen = true;
      connection.waiting.length = 0;
    });
    return connection;
  }

  #accept(socket: Socket): void {
    const { remoteAddress, remotePort } = socket;
    // The other end may be gone before this turn.
    const isGone = remoteAddress === undefined || remotePort === undefined;
    if (isGone || this.#isClosing || !this.#makeRoom()) return void socket.destroy();
    const connection = this.#keep(socket, remoteAddress, remotePort, true);
    this.#silent.add(connection);
    const ms = this.#limits.firstMessageMs;
    connection.firstMessageTimer = setTimeout(() => this.#cut(connection, `no message within ${ms} ms`), ms);
  }

  /** So that nobody keeps phones out by opening connections and saying nothing. */
  #makeRoom(): boolean {
    if (this.#connections.size < this.#limits.connectionsMax) return true;
    const [longest] = this.#silent;
    if (longest === undefined) return false;
    this.#cut(longest, 'it has brought nothing yet, and others want its place');
    this.#forget(longest);
    return true;
  }

  #cut(connection: Connection, why: string): void {
    if (connection.socket.destroyed) return;
    this.#options.onCut?.(why, connection);
    connection.socket.destroy();
  }

  #keep(socket: Socket, host: string, port: number, isOpen: boolean): Connection {
    const flow = connectionFlow('TCP', host, port);
    const connection: Connection = {
      flow,
      host,
      port,
      socket,
      framer: new StreamFramer(),
      unfinishedTimer: undefined,
      firstMessageTimer: undefined,
      isOpen,
      waiting: [],
    };
    this.#connections.set(flow, connection);
    socket.setTimeout(this.#limits.idleMs, () => socket.destroy());
    socket.on('data', (bytes) => this.#received(connection, bytes));
    // An error is followed by `close`, which is where the connection ends for us.
    socket.on('error', () => undefined);
    socket.on('close', () => this.#closed(connection));
    return connection;
  }

  #received(connection: Connection, bytes: Uint8Array): void {
    const { framer, socket } = connection;
    for (const framed of framer.push(bytes)) {
      if (framed.type === 'ping') socket.write(PING_ANSWER);
      if (framed.type === 'message') this.#hasSpoken(connection);
      if (framed.type !== 'ping' && framed.type !== 'pong') this.#isFinished(connection);
      this.#options.onFramed(framed, connection);
      if (framed.type === 'broken') return this.#endBroken(connection);
    }
    if (!framer.isMidMessage) return this.#isFinished(connection);
    const ms = this.#limits.unfinishedMs;
    connection.unfinishedTimer ??= setTimeout(
      () => this.#cut(connection, `a message was not whole after ${ms} ms`),
      ms,
    );
  }

  /** What still comes is not read: the end of a message cannot be found in it. */
  #endBroken({ socket }: Connection): void {
    socket.removeAllListeners('data');
    socket.resume();
    socket.end();
    const timer = setTimeout(() => socket.destroy(), CLOSING_MAX_MS);
    socket.once('close', () => clearTimeout(timer));
  }

  #hasSpoken(connection: Connection): void {
    this.#silent.delete(connection);
    clearTimeout(connection.firstMessageTimer);
  }

  #isFinished(connection: Connection): void {
    clearTimeout(connection.unfinishedTimer);
    connection.unfinishedTimer = undefined;
  }

  #closed(connection: Connection): void {
    this.#forget(connection);
    for (const failed of connection.waiting.splice(0)) failed();
    this.#options.onClosed(connection);
  }

  #forget(connection: Connection): void {
    this.#isFinished(connection);
    this.#hasSpoken(connection);
    if (this.#connections.get(connection.flow) === connection) this.#connections.delete(connection.flow);
  }
}
