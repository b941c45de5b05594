/**
 * SIP on one host: over UDP and TCP on one port, and over TLS and WebSocket on ports of their own where they are wanted.
 * Gives messages with where they came from, and performs the `transmit` effects of an endpoint. What a message must have
 * before a transaction may see it is checked here, so that everything above gets messages that can be processed
 * (RFC 3261 §8.2, §18.3).
 */
import type { LogLine } from '@holdfast/kernel';
import {
  checkMessage,
  type EndpointEffect,
  type Framed,
  type ParseFailure,
  parseMessage,
  type SipMessage,
  type Source,
  serializeMessage,
  type TransportName,
} from '@holdfast/sip';
import type { Connection, ConnectionLimits } from './connection-table.ts';
import { type OtherSip, type OtherTransport, OtherTransports } from './other-transports.ts';
import { StreamTransport } from './stream-transport.ts';
import { UdpSocket } from './udp.ts';

type Transmit = Extract<EndpointEffect, { type: 'transmit' }>;

export interface SipTransportsOptions {
  readonly host: string;
  /** Of UDP and TCP. 0: any that is free for both. */
  readonly port: number;
  /** TLS and WebSocket; none where nothing is said. */
  readonly other?: OtherSip | undefined;
  /** Of TCP, TLS and WebSocket alike. */
  readonly connections?: Partial<ConnectionLimits>;
  readonly onMessage: (message: SipMessage, source: Source) => void;
  /** A connection is closed because the other end oversteps a limit. For the log. */
  readonly onCut?: (why: string, source: Source) => void;
  /** For `receiveMalformed`. */
  readonly onMalformed: (failure: ParseFailure, source: Source) => void;
  /** For `transportFailed`. */
  readonly onFailure: (what: { readonly transaction?: string; readonly flow?: string }) => void;
  /** About the certificate of TLS. */
  readonly onLine?: (line: LogLine) => void;
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
  readonly #tcp: StreamTransport;
  readonly #other: OtherTransports;
  readonly #options: SipTransportsOptions;
  /** One socket serves everybody: the same text with each datagram. */
  readonly #udpFlow: string;

  private constructor({ udp, tcp, other }: Sockets, options: SipTransportsOptions) {
    this.#udp = udp;
    this.#tcp = tcp;
    this.#other = other;
    this.#options = options;
    this.host = udp.host;
    this.port = udp.port;
    this.#udpFlow = `UDP ${udp.host} ${udp.port}`;
  }

  /** Rejects with the system's error, such as EADDRINUSE, when one of the ports cannot be had. */
  static async open(options: SipTransportsOptions): Promise<SipTransports> {
    for (let attempt = 1; ; attempt++) {
      const inbound = { onDatagram: ignore, onFramed: ignore, onLost: ignore } as Inbound;
      const cut = (why: string, { host, port, flow }: Connection, transport: TransportName) =>
        options.onCut?.(why, { transport, host, port, flow });
      const limits = options.connections;
      const tcp = new StreamTransport({
        limits,
        onFramed: (framed, connection) => inbound.onFramed(framed, connection, 'TCP'),
        onClosed: ({ flow }) => inbound.onLost(flow),
        onCut: (why, connection) => cut(why, connection, 'TCP'),
      });
      const other = new OtherTransports({
        ...options.other,
        limits,
        onFramed: (framed, connection, transport) => inbound.onFramed(framed, connection, transport),
        onLost: (flow) => inbound.onLost(flow),
        onCut: cut,
        onLine: (line) => options.onLine?.(line),
      });
      try {
        await tcp.listen(options.host, options.port);
        const udp = await UdpSocket.open({
          host: options.host,
          port: tcp.port ?? 0,
          onDatagram: (bytes, host, port) => inbound.onDatagram(bytes, host, port),
          onError: options.onBroken,
        });
        const transports = new SipTransports({ udp, tcp, other }, options);
        await other.open(options.host).catch(async (error) => {
          await udp.close();
          throw error;
        });
        inbound.onDatagram = (bytes, host, port) => transports.#datagram(bytes, host, port);
        inbound.onFramed = (framed, connection, transport) =>
          transports.#framed(framed, connection, transport);
        inbound.onLost = (flow) => options.onFailure({ flow });
        return transports;
      } catch (error) {
        await Promise.all([tcp.close(), other.close()]);
        if (options.port !== 0 || attempt === PORT_ATTEMPTS_MAX) throw error;
      }
    }
  }

  /** Where a transport beside UDP and TCP is offered. */
  portOf(transport: OtherTransport): number | undefined {
    return this.#other.portOf(transport);
  }

  transmit(effect: Transmit): void {
    const { message, target, transaction, bytes = serializeMessage(message) } = effect;
    const failed = transaction === undefined ? undefined : () => this.#options.onFailure({ transaction });
    if (target.transport === 'UDP') this.#udp.send(bytes, target.host, target.port, failed);
    else if (target.transport !== 'TCP') this.#other.transmit(bytes, target, failed ?? ignore);
    else if (!this.#tcp.send(bytes, target, failed ?? ignore)) failed?.();
  }

  get connections(): number {
    return this.#tcp.connections + this.#other.connections;
  }

  /** Breaks a connection off. */
  drop(flow: string): void {
    this.#tcp.drop(flow);
    this.#other.drop(flow);
  }

  async close(): Promise<void> {
    await Promise.all([this.#udp.close(), this.#tcp.close(), this.#other.close()]);
  }

  #datagram(bytes: Uint8Array, host: string, port: number): void {
    if (bytes.length < DATAGRAM_BYTES_MIN) return;
    const source: Source = { transport: 'UDP', host, port, flow: this.#udpFlow };
    const parsed = parseMessage(bytes);
    if (parsed.ok) this.#check(parsed.message, source);
    else this.#options.onMalformed(parsed, source);
  }

  #framed(framed: Framed, { host, port, flow }: Connection, transport: TransportName): void {
    const source: Source = { transport, host, port, flow };
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
  onFramed: (framed: Framed, connection: Connection, transport: TransportName) => void;
  onLost: (flow: string) => void;
}

interface Sockets {
  readonly udp: UdpSocket;
  readonly tcp: StreamTransport;
  readonly other: OtherTransports;
}

/** What comes before all sockets stand is not for anybody yet, nor a failure that nothing would follow from. */
function ignore(): void {}
