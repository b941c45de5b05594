/** The two ends of TLS: what makes of a connection that came in one that is secured, and one that is made by us. */
import { isIP, type Socket } from 'node:net';
import { checkServerIdentity, connect, createServer, type Server, type TLSSocket } from 'node:tls';
import { TLS_VERSION_MIN, type TlsIdentity } from './tls-identity.ts';

/** Whom the end that connects believes. */
export interface TlsTrust {
  /** Certificates of authorities, in PEM; those that the system trusts where none are given. */
  readonly ca?: string | Buffer;
  /** RFC 5922 §7.3: the domain that led to the server, which its certificate has to name; its address where none is given. */
  readonly serverName?: string;
}

export interface TlsEntranceOptions {
  /** Asked at each connection. */
  readonly identity: () => TlsIdentity | undefined;
  readonly handshakeMs: number;
  readonly onSecured: (socket: TLSSocket) => void;
  /** The other end's mistake: an old version, no shared cipher, no TLS at all, a certificate that it does not believe. */
  readonly onRefused: (why: string, socket: TLSSocket) => void;
}

export class TlsEntrance {
  readonly #options: TlsEntranceOptions;
  readonly #server: Server;
  #used: TlsIdentity | undefined;

  constructor(options: TlsEntranceOptions) {
    this.#options = options;
    this.#server = createServer({ minVersion: TLS_VERSION_MIN, handshakeTimeout: options.handshakeMs });
    this.#server.on('secureConnection', options.onSecured);
    this.#server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
      options.onRefused(handshakeFailure(error), socket);
      socket.destroy();
    });
  }

  take(raw: Socket): void {
    this.#used = renewed(this.#server, this.#used, this.#options.identity());
    // Documented for connections that did not come to this server's own socket.
    this.#server.emit('connection', raw);
  }
}

/** Whoever connects now is shown the newest certificate. */
export function renewed(
  server: Pick<Server, 'setSecureContext'>,
  used: TlsIdentity | undefined,
  identity: TlsIdentity | undefined,
): TlsIdentity | undefined {
  if (identity === undefined || identity === used) return used;
  const { cert, key } = identity;
  server.setSecureContext({ cert, key, minVersion: TLS_VERSION_MIN });
  return identity;
}

export function handshakeFailure({ code, message }: NodeJS.ErrnoException): string {
  return `the TLS handshake failed: ${(code ?? message).slice(0, 100)}`;
}

export function connectTls(host: string, port: number, { ca, serverName }: TlsTrust): TLSSocket {
  const name = serverName ?? host;
  const socket = connect({
    ...{ host, port, minVersion: TLS_VERSION_MIN },
    ...(ca !== undefined && { ca }),
    ...(isIP(name) === 0 && { servername: name }),
    checkServerIdentity: (_host, certificate) => checkServerIdentity(name, certificate),
  });
  socket.setNoDelay(true);
  return socket;
}
