/**
 * SIP over a stream of bytes, TCP or TLS: connections in both directions, used for whatever goes to the address at their
 * other end (RFC 3261 §18), and the messages found in them. Each is bounded in what it may hold unread and unsent.
 */
import { createConnection, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { type Framed, StreamFramer, type Target } from '@holdfast/sip';
import {
  CLOSING_MAX_MS,
  CONNECTION_LIMITS,
  type Connection,
  type ConnectionLimits,
  ConnectionTable,
  type HeldConnection,
  WAITING_MAX,
} from './connection-table.ts';
import { Listener } from './listener.ts';
import { connectTls, TlsEntrance, type TlsTrust } from './tls-ends.ts';
import type { TlsIdentity } from './tls-identity.ts';

export interface CarrierOptions {
  readonly limits?: Partial<ConnectionLimits> | undefined;
  readonly onFramed: (framed: Framed, connection: Connection) => void;
  /** The connection is gone, whoever closed it. */
  readonly onClosed: (connection: Connection) => void;
  /** Before `onClosed`: this end closes it because the other end oversteps a limit. For the log. */
  readonly onCut: (why: string, connection: Connection) => void;
}

/** What TLS needs beside. */
export interface CarrierSecurity {
  /** Of the end that is connected to; asked at each connection. */
  readonly identity?: (() => TlsIdentity | undefined) | undefined;
  /** Absent: no connection is made, and only those that came in are used. */
  readonly trust?: TlsTrust | undefined;
}

export interface StreamTransportOptions extends CarrierOptions {
  /** Absent: TCP. */
  readonly security?: CarrierSecurity;
}

interface Held extends HeldConnection {
  /** The one that carries the bytes: that of TLS when its handshake is done. */
  socket: Socket;
  readonly framer: StreamFramer;
  /** Runs while a message is unfinished. */
  unfinishedTimer: NodeJS.Timeout | undefined;
  isOpen: boolean;
  /** To be told if the connection never stands. */
  readonly waiting: (() => void)[];
}

const PING_ANSWER = '\r\n';

export class StreamTransport {
  readonly #options: StreamTransportOptions;
  readonly #limits: ConnectionLimits;
  readonly #table: ConnectionTable<Held>;
  readonly #entrance: TlsEntrance | undefined;
  #listener: Listener | undefined;

  constructor(options: StreamTransportOptions) {
    this.#options = options;
    this.#limits = { ...CONNECTION_LIMITS, ...options.limits };
    this.#table = new ConnectionTable<Held>({
      transport: options.security === undefined ? 'TCP' : 'TLS',
      limits: this.#limits,
      onClosed: (connection) => this.#forget(connection),
      onCut: options.onCut,
    });
    const identity = options.security?.identity;
    this.#entrance =
      identity &&
      new TlsEntrance({
        identity,
        handshakeMs: this.#limits.firstMessageMs,
        onSecured: (socket) => this.#secured(socket),
        onRefused: (why, socket) => this.#refused(why, socket),
      });
  }

  /** Rejects with the system's error, such as EADDRINUSE. */
  async listen(host: string, port: number): Promise<void> {
    this.#listener = await Listener.open({ host, port, onConnection: (socket) => this.#accept(socket) });
  }

  /** Of the listening socket, where there is one. */
  get host(): string | undefined {
    return this.#listener?.host;
  }

  get port(): number | undefined {
    return this.#listener?.port;
  }

  get connections(): number {
    return this.#table.size;
  }

  /**
   * Over the flow if it stands, else over a connection to the address, which is made if there is none. False: there is no
   * connection, and none is made.
   */
  send(bytes: Uint8Array, target: Target, failed: () => void): boolean {
    const connection = this.#table.to(target) ?? this.#connect(target.host, target.port);
    if (connection === undefined) return false;
    if (!connection.isOpen) {
      if (connection.waiting.length >= WAITING_MAX) return false;
      connection.waiting.push(failed);
    }
    connection.socket.write(bytes);
    if (connection.socket.writableLength > this.#limits.unsentBytesMax)
      this.#table.cut(connection, `more than ${this.#limits.unsentBytesMax} bytes wait to be read`);
    return true;
  }

  /** Breaks one connection off. */
  drop(flow: string): void {
    this.#table.get(flow)?.destroy();
  }

  async close(): Promise<void> {
    this.#table.close();
    await this.#listener?.close();
  }

  #connect(host: string, port: number): Held | undefined {
    const { security } = this.#options;
    const trust = security?.trust;
    if ((security !== undefined && trust === undefined) || !this.#table.canDial(port)) return undefined;
    const socket =
      trust === undefined ? createConnection({ host, port, noDelay: true }) : connectTls(host, port, trust);
    const connection = this.#hold(socket, host, port, false);
    this.#table.add(connection);
    this.#listenTo(connection);
    const timer = setTimeout(() => socket.destroy(), this.#limits.connectMs);
    socket.once('close', () => clearTimeout(timer));
    socket.once(trust === undefined ? 'connect' : 'secureConnect', () => {
      clearTimeout(timer);
      connection.isOpen = true;
      connection.waiting.length = 0;
    });
    return connection;
  }

  #accept(raw: Socket): void {
    const { remoteAddress, remotePort } = raw;
    // The other end may be gone before this turn.
    if (remoteAddress === undefined || remotePort === undefined) return void raw.destroy();
    const connection = this.#hold(raw, remoteAddress, remotePort, true);
    if (!this.#table.admit(connection)) return void raw.destroy();
    if (this.#entrance === undefined) return this.#listenTo(connection);
    raw.on('error', () => undefined);
    raw.on('close', () => this.#table.closed(connection));
    this.#entrance.take(raw);
  }

  #secured(socket: TLSSocket): void {
    const connection = this.#table.behind(socket);
    if (connection === undefined) return void socket.destroy();
    connection.socket = socket;
    this.#listenTo(connection);
  }

  #refused(why: string, socket: TLSSocket): void {
    const connection = this.#table.behind(socket);
    if (connection !== undefined) this.#table.cut(connection, why);
  }

  #hold(socket: Socket, host: string, port: number, isOpen: boolean): Held {
    return {
      ...{ flow: this.#table.flowTo(host, port), host, port, socket, isOpen },
      framer: new StreamFramer(),
      unfinishedTimer: undefined,
      waiting: [],
      destroy() {
        this.socket.destroy();
      },
    };
  }

  #listenTo(connection: Held): void {
    const { socket } = connection;
    socket.setTimeout(this.#limits.idleMs, () => socket.destroy());
    socket.on('data', (bytes) => this.#received(connection, bytes));
    // An error is followed by `close`, which is where the connection ends for us.
    socket.on('error', () => undefined);
    socket.on('close', () => this.#table.closed(connection));
  }

  #received(connection: Held, bytes: Uint8Array): void {
    const { framer, socket } = connection;
    for (const framed of framer.push(bytes)) {
      if (framed.type === 'ping') socket.write(PING_ANSWER);
      if (framed.type === 'message') this.#table.hasSpoken(connection);
      if (framed.type !== 'ping' && framed.type !== 'pong') isFinished(connection);
      this.#options.onFramed(framed, connection);
      if (framed.type === 'broken') return endBroken(connection);
    }
    if (!framer.isMidMessage) return isFinished(connection);
    const ms = this.#limits.unfinishedMs;
    connection.unfinishedTimer ??= setTimeout(
      () => this.#table.cut(connection, `a message was not whole after ${ms} ms`),
      ms,
    );
  }

  #forget(connection: Held): void {
    isFinished(connection);
    for (const failed of connection.waiting.splice(0)) failed();
    this.#options.onClosed(connection);
  }
}

/** What still comes is not read: the end of a message cannot be found in it. */
function endBroken({ socket }: Held): void {
  socket.removeAllListeners('data');
  socket.resume();
  socket.end();
  const timer = setTimeout(() => socket.destroy(), CLOSING_MAX_MS);
  socket.once('close', () => clearTimeout(timer));
}

function isFinished(connection: Held): void {
  clearTimeout(connection.unfinishedTimer);
  connection.unfinishedTimer = undefined;
}
