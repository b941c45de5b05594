/**
 * SIP over TCP: one listening socket, and connections in both directions that are used for whatever goes to the
 * address at their other end (RFC 3261 §18). A connection is known by the name `connectionFlow` gives it. Each is
 * bounded in what it may hold unread and unsent, and the number of them is bounded too.
 */
import { once } from 'node:events';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { connectionFlow, type Framed, StreamFramer, type Target } from '@holdfast/sip';

export interface TcpLimits {
  /** Connections in all; a further one that comes in is closed, one that is wanted fails. */
  readonly connectionsMax: number;
  /** Bytes that the other end has not taken yet; beyond, the connection is closed. */
  readonly unsentBytesMax: number;
  /** A connection attempt without an answer fails after this, ms. */
  readonly connectMs: number;
  /** An unfinished message may keep a connection waiting for this, ms. */
  readonly unfinishedMs: number;
  /** A connection over which nothing came for this is closed, ms. Longer than the keep-alive of RFC 5626 §4.4.1. */
  readonly idleMs: number;
}

export const TCP_LIMITS: TcpLimits = {
  connectionsMax: 10_000,
  unsentBytesMax: 1_048_576,
  connectMs: 3_000,
  unfinishedMs: 10_000,
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
  unfinishedTimer: NodeJS.Timeout | undefined;
  isOpen: boolean;
  /** To be told if the connection never stands. */
  readonly waiting: (() => void)[];
}

const PING_ANSWER = '\r\n';

/** Requests that wait for one connection to stand. */
const WAITING_MAX = 10_000;

export class TcpTransport {
  readonly host: string;
  readonly port: number;
  readonly #server: Server;
  readonly #limits: TcpLimits;
  readonly #options: TcpOptions;
  readonly #connections = new Map<string, Connection>();
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
    if (connection.socket.writableLength > this.#limits.unsentBytesMax) connection.socket.destroy();
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
    if (isGone || this.#isClosing || this.#connections.size >= this.#limits.connectionsMax) socket.destroy();
    else this.#keep(socket, remoteAddress, remotePort, true);
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
      this.#options.onFramed(framed, connection);
      if (framed.type === 'broken') socket.end();
    }
    clearTimeout(connection.unfinishedTimer);
    connection.unfinishedTimer = framer.isMidMessage
      ? setTimeout(() => socket.destroy(), this.#limits.unfinishedMs)
      : undefined;
  }

  #closed(connection: Connection): void {
    clearTimeout(connection.unfinishedTimer);
    if (this.#connections.get(connection.flow) === connection) this.#connections.delete(connection.flow);
    for (const failed of connection.waiting.splice(0)) failed();
    this.#options.onClosed(connection);
  }
}
