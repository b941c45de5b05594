/**
 * SIP on one host and port, over UDP and TCP: gives messages with where they came from, and performs the
 * `transmit` effects of an endpoint. What a message must have before a transaction may see it is checked here, so
 * that everything above gets messages that can be processed (RFC 3261 §8.2, §18.3).
 */
import {
  checkMessage,
  type EndpointEffect,
  type Framed,
  type ParseFailure,
  parseMessage,
  type SipMessage,
  type Source,
  serializeMessage,
} from '@holdfast/sip';
import { type TcpConnection, type TcpLimits, TcpTransport } from './tcp.ts';
import { UdpSocket } from './udp.ts';

type Transmit = Extract<EndpointEffect, { type: 'transmit' }>;

export interface SipTransportsOptions {
  readonly host: string;
  /** The same for UDP and TCP. 0: any that is free for both. */
  readonly port: number;
  readonly tcp?: Partial<TcpLimits>;
  readonly onMessage: (message: SipMessage, source: Source) => void;
  /** A connection is closed because the other end oversteps a limit. For the log. */
  readonly onCut?: (why: string, source: Source) => void;
  /** For `receiveMalformed`. */
  readonly onMalformed: (failure: ParseFailure, source: Source) => void;
  /** For `transportFailed`. */
  readonly onFailure: (what: { readonly transaction?: string; readonly flow?: string }) => void;
  /** A listening socket is lost: the process cannot do its work any more. */
  readonly onBroken: (error: Error) => void;
}

/** How often a free port is looked for that is free for both. */
const PORT_ATTEMPTS_MAX = 20;

/** Shorter than any SIP message: keep-alives over UDP and stray bytes. */
const DATAGRAM_BYTES_MIN = 16;

export class SipTransports {
  readonly host: string;
  readonly port: number;
  readonly #udp: UdpSocket;
  readonly #tcp: TcpTransport;
  readonly #options: SipTransportsOptions;
  /** One socket serves everybody: the same text with each datagram. */
  readonly #udpFlow: string;

  private constructor(udp: UdpSocket, tcp: TcpTransport, options: SipTransportsOptions) {
    this.#udp = udp;
    this.#tcp = tcp;
    this.#options = options;
    this.host = udp.host;
    this.port = udp.port;
    this.#udpFlow = `UDP ${udp.host} ${udp.port}`;
  }

  /** Rejects with the system's error, such as EADDRINUSE, when one of the two cannot be had. */
  static async open(options: SipTransportsOptions): Promise<SipTransports> {
    for (let attempt = 1; ; attempt++) {
      const inbound = { onDatagram: ignore, onFramed: ignore, onClosed: ignore } as Inbound;
      const tcp = await TcpTransport.open({
        host: options.host,
        port: options.port,
        ...(options.tcp && { limits: options.tcp }),
        onFramed: (framed, connection) => inbound.onFramed(framed, connection),
        onClosed: (connection) => inbound.onClosed(connection),
        onCut: (why, { host, port, flow }) => options.onCut?.(why, { transport: 'TCP', host, port, flow }),
      });
      try {
        const udp = await UdpSocket.open({
          host: options.host,
          port: tcp.port,
          onDatagram: (bytes, host, port) => inbound.onDatagram(bytes, host, port),
          onError: options.onBroken,
        });
        const transports = new SipTransports(udp, tcp, options);
        inbound.onDatagram = (bytes, host, port) => transports.#datagram(bytes, host, port);
        inbound.onFramed = (framed, connection) => transports.#framed(framed, connection);
        inbound.onClosed = (connection) => options.onFailure({ flow: connection.flow });
        return transports;
      } catch (error) {
        await tcp.close();
        if (options.port !== 0 || attempt === PORT_ATTEMPTS_MAX) throw error;
      }
    }
  }

  transmit(effect: Transmit): void {
    const { message, target, transaction, bytes = serializeMessage(message) } = effect;
    const failed = transaction === undefined ? undefined : () => this.#options.onFailure({ transaction });
    if (target.transport === 'UDP') this.#udp.send(bytes, target.host, target.port, failed);
    else if (target.transport === 'TCP') this.#tcp.send(bytes, target, failed ?? ignore);
    // TLS and WebSocket have shells of their own; without them the target cannot be reached.
    else failed?.();
  }

  get connections(): number {
    return this.#tcp.connections;
  }

  /** Breaks a TCP connection off. */
  drop(flow: string): void {
    this.#tcp.drop(flow);
  }

  async close(): Promise<void> {
    await Promise.all([this.#udp.close(), this.#tcp.close()]);
  }

  #datagram(bytes: Uint8Array, host: string, port: number): void {
    if (bytes.length < DATAGRAM_BYTES_MIN) return;
    const source: Source = { transport: 'UDP', host, port, flow: this.#udpFlow };
    const parsed = parseMessage(bytes);
    if (parsed.ok) this.#check(parsed.message, source);
    else this.#options.onMalformed(parsed, source);
  }

  #framed(framed: Framed, connection: TcpConnection): void {
    const { host, port, flow } = connection;
    const source: Source = { transport: 'TCP', host, port, flow };
    if (framed.type === 'message') this.#check(framed.message, source);
    else if (framed.type === 'bad' || framed.type === 'broken')
      this.#options.onMalformed(framed.failure, source);
  }

  #check(message: SipMessage, source: Source): void {
    const checked = checkMessage(message);
    if (checked.ok) this.#options.onMessage(message, source);
    else if (message.kind === 'request') {
      this.#options.onMalformed({ ...checked, request: message, method: message.method }, source);
    } else this.#options.onMalformed(checked, source);
  }
}

interface Inbound {
  onDatagram: (bytes: Uint8Array, host: string, port: number) => void;
  onFramed: (framed: Framed, connection: TcpConnection) => void;
  onClosed: (connection: TcpConnection) => void;
}

/** What comes before both sockets stand is not for anybody yet, nor a failure that nothing would follow from. */
function ignore(): void {}
