/**
 * The transports of SIP beside UDP and TCP, each with a port of its own: TLS, WebSocket, and WebSocket within TLS. One
 * whose certificate is no good is not offered, and all others are: a certificate that has expired in the night must not
 * keep a site from starting. Its files are tried again, so that mending them is enough.
 */
import type { LogLine } from '@holdfast/kernel';
import { connectionFlow, type Framed, type Target, type TransportName } from '@holdfast/sip';
import type { Connection, ConnectionLimits } from './connection-table.ts';
import { StreamTransport } from './stream-transport.ts';
import type { TlsTrust } from './tls-ends.ts';
import { type TlsFiles, TlsIdentityWatch } from './tls-identity.ts';
import { WebSocketTransport } from './web-socket-transport.ts';

export type OtherTransport = 'TLS' | 'WS' | 'WSS';

export interface OtherSip {
  /** A transport that is not named is not offered. 0: any free one. */
  readonly ports?: Readonly<Partial<Record<OtherTransport, number>>> | undefined;
  /** TLS and WSS are offered with it alone. */
  readonly tls?: TlsFiles | undefined;
  /**
   * Connections are made too, as a phone does, and whom it trusts. Absent: phones are reached over the connections that
   * they have made, and over no other.
   */
  readonly dials?: TlsTrust | undefined;
}

export interface OtherTransportsOptions extends OtherSip {
  readonly limits?: Partial<ConnectionLimits> | undefined;
  readonly onFramed: (framed: Framed, connection: Connection, transport: OtherTransport) => void;
  readonly onLost: (flow: string) => void;
  readonly onCut: (why: string, connection: Connection, transport: OtherTransport) => void;
  /** About the certificate. */
  readonly onLine: (line: LogLine) => void;
}

type Carrier = StreamTransport | WebSocketTransport;

const ALL: readonly OtherTransport[] = ['TLS', 'WS', 'WSS'];
/** Between two looks at a certificate that is no good. */
const AGAIN_MS = 10_000;

export class OtherTransports {
  readonly #options: OtherTransportsOptions;
  readonly #identity: TlsIdentityWatch | undefined;
  readonly #carriers = new Map<OtherTransport, Carrier>();
  /** Wanted, and without a certificate. */
  readonly #waiting = new Set<OtherTransport>();
  #again: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: OtherTransportsOptions) {
    this.#options = options;
    const { tls, onLine, dials, ports = {} } = options;
    this.#identity = tls && new TlsIdentityWatch({ files: tls, onLine });
    for (const name of ALL)
      if (dials !== undefined || ports[name] !== undefined) this.#carriers.set(name, this.#make(name));
  }

  /** Rejects with the system's error, and the transport and port it concerns, when a port is not to be had. */
  async open(host: string): Promise<void> {
    for (const name of this.#carriers.keys()) {
      const port = this.#options.ports?.[name];
      if (port === undefined) continue;
      if (name !== 'WS' && this.#identity?.current() === undefined) this.#waiting.add(name);
      else await this.#listen(name, host, port);
    }
    if (this.#waiting.size > 0) this.#again = setInterval(() => void this.#tryAgain(host), AGAIN_MS);
  }

  portOf(name: OtherTransport): number | undefined {
    return this.#carriers.get(name)?.port;
  }

  get connections(): number {
    return [...this.#carriers.values()].reduce((sum, { connections }) => sum + connections, 0);
  }

  transmit(bytes: Uint8Array, target: Target, failed: () => void): void {
    const { transport, host, port, flow } = target;
    if (this.#carriers.get(transport as OtherTransport)?.send(bytes, target, failed) === true) return;
    failed();
    // Nobody is reached over it any more: it ended, or it led to the server that was here before.
    if (this.#options.dials === undefined)
      this.#options.onLost(flow ?? connectionFlow(transport, host, port));
  }

  drop(flow: string): void {
    for (const carrier of this.#carriers.values()) carrier.drop(flow);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#again);
    await Promise.all([...this.#carriers.values()].map((carrier) => carrier.close()));
  }

  #make(name: OtherTransport): Carrier {
    const { limits, dials: trust, onFramed, onLost, onCut } = this.#options;
    const options = {
      limits,
      onFramed: (framed: Framed, connection: Connection) => onFramed(framed, connection, name),
      onClosed: ({ flow }: Connection) => onLost(flow),
      onCut: (why: string, connection: Connection) => onCut(why, connection, name),
    };
    const identity = this.#identity && (() => this.#identity?.current());
    const security = { identity, trust };
    if (name === 'TLS') return new StreamTransport({ ...options, security });
    return new WebSocketTransport({
      ...options,
      dials: trust !== undefined,
      ...(name === 'WSS' && { security }),
    });
  }

  async #listen(name: OtherTransport, host: string, port: number): Promise<void> {
    await this.#carriers
      .get(name)
      ?.listen(host, port)
      .catch((error: NodeJS.ErrnoException) => {
        throw Object.assign(error, { transport: name satisfies TransportName, port });
      });
  }

  async #tryAgain(host: string): Promise<void> {
    if (this.#identity?.current() === undefined) return;
    clearInterval(this.#again);
    const names = [...this.#waiting];
    this.#waiting.clear();
    for (const name of names) {
      const port = this.#options.ports?.[name] ?? 0;
      try {
        await this.#listen(name, host, port);
        this.#options.onLine({
          level: 'info',
          what: 'SIP transport offered',
          detail: { transport: name, port },
        });
        if (this.#isClosed) await this.#carriers.get(name)?.close();
      } catch (error) {
        // Another program has taken the port meanwhile.
        const because = `port ${port} on ${host}: ${(error as Error).message}. Free it, or set another one, and start the server again.`;
        this.#options.onLine({
          level: 'error',
          what: 'SIP transport not offered',
          because,
          detail: { transport: name },
        });
      }
    }
  }
}
