/**
 * SIP over WebSocket (RFC 7118), in clear or within TLS: one frame is one message, text or binary. Phones in browsers come
 * so, and are reached over their own connection alone. Whoever connects has to offer the subprotocol `sip`; where a page
 * came from (Origin) opens and closes nothing, because whoever is no browser writes there what it likes: who may register
 * is proved by digest, as over every other transport.
 */
import { isUtf8 } from 'node:buffer';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer, type Server as SecureServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { MESSAGE_BYTES_MAX, parseMessage, type Target, withBrackets } from '@holdfast/sip';
import { WebSocket, WebSocketServer } from 'ws';
import {
  CLOSING_MAX_MS,
  CONNECTION_LIMITS,
  type ConnectionLimits,
  ConnectionTable,
  type HeldConnection,
  WAITING_MAX,
} from './connection-table.ts';
import { Listener } from './listener.ts';
import type { CarrierOptions, CarrierSecurity } from './stream-transport.ts';
import { connectTls, handshakeFailure, renewed, type TlsTrust } from './tls-ends.ts';
import { TLS_VERSION_MIN, type TlsIdentity } from './tls-identity.ts';

export interface WebSocketTransportOptions extends CarrierOptions {
  /** Absent: in clear, and connections are made where `dials` says so. */
  readonly security?: CarrierSecurity;
  readonly dials?: boolean;
}

interface Held extends HeldConnection {
  /** What carries it until it is a WebSocket; absent where we have connected. */
  readonly raw: Socket | undefined;
  webSocket: WebSocket | undefined;
  isOpen: boolean;
  /** Something came since the last ping. */
  isAlive: boolean;
  pinging: NodeJS.Timeout | undefined;
  readonly waiting: { readonly bytes: Uint8Array; readonly failed: () => void }[];
}

/** RFC 7118 §4. */
const SUBPROTOCOL = 'sip';
/** RFC 5626 §4.4.1: sent by a phone that knows no pings of WebSocket, and the answer to it. */
const PING = Buffer.from('\r\n\r\n');
const PING_ANSWER = Buffer.from('\r\n');
/**
 * A page cannot send pings, so that we do: they keep what stands on the way open, and tell a phone that is gone. Who has
 * said nothing until the next one is cut.
 */
const PING_EVERY_MS = 30_000;

export class WebSocketTransport {
  readonly #options: WebSocketTransportOptions;
  readonly #limits: ConnectionLimits;
  readonly #table: ConnectionTable<Held>;
  readonly #http: Server | SecureServer;
  readonly #sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MESSAGE_BYTES_MAX,
    perMessageDeflate: false,
    clientTracking: false,
    // One message of a phone in a turn of the event loop, so that a flood from one delays others by one message.
    allowSynchronousEvents: false,
    // We answer pings ourselves, because their answers too must not pile up before a slow reader.
    autoPong: false,
    handleProtocols: () => SUBPROTOCOL,
  });
  #identity: TlsIdentity | undefined;
  #listener: Listener | undefined;

  constructor(options: WebSocketTransportOptions) {
    this.#options = options;
    this.#limits = { ...CONNECTION_LIMITS, ...options.limits };
    this.#table = new ConnectionTable<Held>({
      transport: options.security === undefined ? 'WS' : 'WSS',
      limits: this.#limits,
      onClosed: (connection) => this.#forget(connection),
      onCut: options.onCut,
    });
    this.#http = this.#makeHttp();
  }

  /** Rejects with the system's error, such as EADDRINUSE. */
  async listen(host: string, port: number): Promise<void> {
    this.#listener = await Listener.open({ host, port, onConnection: (socket) => this.#accept(socket) });
  }

  /** Of the listening socket, where there is one. */
  get port(): number | undefined {
    return this.#listener?.port;
  }

  get connections(): number {
    return this.#table.size;
  }

  /** As over a stream; only an end that dials ever connects. */
  send(bytes: Uint8Array, target: Target, failed: () => void): boolean {
    const connection = this.#table.to(target) ?? this.#connect(target.host, target.port);
    if (connection === undefined) return false;
    if (connection.isOpen) this.#write(connection, bytes);
    else if (connection.waiting.length >= WAITING_MAX) return false;
    else connection.waiting.push({ bytes, failed });
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

  #makeHttp(): Server | SecureServer {
    const { security } = this.#options;
    const refuse = (_request: IncomingMessage, response: ServerResponse) => {
      response.writeHead(426, { Upgrade: 'websocket', Connection: 'close', 'Content-Type': 'text/plain' });
      response.end('SIP is spoken here over WebSocket (RFC 7118).\n');
    };
    const http =
      security === undefined
        ? createServer(refuse)
        : createSecureServer(
            { minVersion: TLS_VERSION_MIN, handshakeTimeout: this.#limits.firstMessageMs },
            refuse,
          );
    http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) =>
      this.#upgrade(request, socket, head),
    );
    if (security !== undefined) {
      http.on('tlsClientError', (error: NodeJS.ErrnoException, socket: Socket) => {
        const connection = this.#table.behind(socket);
        if (connection !== undefined) this.#table.cut(connection, handshakeFailure(error));
        socket.destroy();
      });
    }
    return http;
  }

  #accept(raw: Socket): void {
    const { remoteAddress, remotePort } = raw;
    // The other end may be gone before this turn.
    if (remoteAddress === undefined || remotePort === undefined) return void raw.destroy();
    const connection = this.#hold(remoteAddress, remotePort, raw);
    if (!this.#table.admit(connection)) return void raw.destroy();
    raw.on('error', () => undefined);
    raw.on('close', () => this.#table.closed(connection));
    const { security } = this.#options;
    if (security !== undefined)
      this.#identity = renewed(this.#http as SecureServer, this.#identity, security.identity?.());
    // Documented for connections that did not come to this server's own socket.
    this.#http.emit('connection', raw);
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const connection = this.#table.behind(request.socket);
    if (connection === undefined || connection.webSocket !== undefined) return void socket.destroy();
    const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
    if (!offered.includes(SUBPROTOCOL)) {
      socket.on('error', () => undefined);
      socket.end(
        'HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: text/plain\r\n\r\nOffer the subprotocol sip (RFC 7118).\n',
      );
      return;
    }
    this.#sockets.handleUpgrade(request, socket, head, (webSocket) => {
      this.#take(connection, webSocket);
      connection.isOpen = true;
      connection.pinging = setInterval(() => this.#ping(connection), PING_EVERY_MS);
    });
  }

  #connect(host: string, port: number): Held | undefined {
    const { dials = false, security } = this.#options;
    const trust: TlsTrust | undefined = security === undefined ? {} : security.trust;
    if (!dials || trust === undefined || !this.#table.canDial(port)) return undefined;
    const scheme = security === undefined ? 'ws' : 'wss';
    const webSocket = new WebSocket(`${scheme}://${withBrackets(host)}:${port}/`, SUBPROTOCOL, {
      ...(security !== undefined && { createConnection: () => connectTls(host, port, trust) }),
      handshakeTimeout: this.#limits.connectMs,
      maxPayload: MESSAGE_BYTES_MAX,
      perMessageDeflate: false,
      followRedirects: false,
      autoPong: false,
    });
    const connection = this.#hold(host, port, undefined);
    this.#table.add(connection);
    this.#take(connection, webSocket);
    webSocket.on('open', () => {
      connection.isOpen = true;
      for (const { bytes } of connection.waiting.splice(0)) this.#write(connection, bytes);
    });
    return connection;
  }

  #hold(host: string, port: number, raw: Socket | undefined): Held {
    return {
      ...{ flow: this.#table.flowTo(host, port), host, port, raw },
      ...{ webSocket: undefined, isOpen: false, isAlive: true, pinging: undefined, waiting: [] },
      destroy() {
        this.webSocket?.terminate();
        this.raw?.destroy();
      },
    };
  }

  #take(connection: Held, webSocket: WebSocket): void {
    connection.webSocket = webSocket;
    webSocket.on('message', (data) => this.#received(connection, data as Buffer));
    webSocket.on('pong', () => {
      connection.isAlive = true;
    });
    webSocket.on('ping', (data) => {
      connection.isAlive = true;
      if (webSocket.readyState !== WebSocket.OPEN) return;
      webSocket.pong(data);
      this.#holdUnsent(connection);
    });
    // Before the opening: refused, unreachable, no WebSocket. After it: what came is not allowed, and the library says so.
    webSocket.on('error', () => {
      setTimeout(() => connection.destroy(), CLOSING_MAX_MS).unref();
    });
    webSocket.on('close', () => {
      this.#table.closed(connection);
      connection.raw?.destroy();
    });
  }

  #received(connection: Held, data: Buffer): void {
    connection.isAlive = true;
    if (data.equals(PING)) return this.#write(connection, PING_ANSWER);
    if (data.equals(PING_ANSWER)) return;
    const parsed = parseMessage(data);
    if (!parsed.ok) return this.#options.onFramed({ type: 'bad', failure: parsed }, connection);
    this.#table.hasSpoken(connection);
    this.#options.onFramed({ type: 'message', message: parsed.message }, connection);
  }

  /** Text, which every phone in a browser reads, unless it cannot be text (RFC 7118 §5.1). */
  #write(connection: Held, bytes: Uint8Array): void {
    const { webSocket } = connection;
    if (webSocket?.readyState !== WebSocket.OPEN) return;
    webSocket.send(bytes, { binary: !isUtf8(bytes) });
    this.#holdUnsent(connection);
  }

  #holdUnsent(connection: Held): void {
    const { unsentBytesMax } = this.#limits;
    if ((connection.webSocket?.bufferedAmount ?? 0) > unsentBytesMax)
      this.#table.cut(connection, `more than ${unsentBytesMax} bytes wait to be read`);
  }

  #ping(connection: Held): void {
    if (!connection.isAlive)
      return this.#table.cut(connection, `no answer to a ping within ${PING_EVERY_MS} ms`);
    connection.isAlive = false;
    connection.webSocket?.ping();
  }

  #forget(connection: Held): void {
    clearInterval(connection.pinging);
    for (const { failed } of connection.waiting.splice(0)) failed();
    this.#options.onClosed(connection);
  }
}
