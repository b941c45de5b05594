/** A listening socket for connections, whatever is spoken over them. */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';

export interface ListenerOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly onConnection: (socket: Socket) => void;
}

export class Listener {
  readonly host: string;
  readonly port: number;
  readonly #server: Server;

  private constructor(server: Server, onConnection: (socket: Socket) => void) {
    this.#server = server;
    const address = server.address();
    if (address === null || typeof address === 'string')
      throw new Error('a listening socket has a host and a port');
    this.host = address.address;
    this.port = address.port;
    server.on('connection', onConnection);
    // From here on an error of the listener is one connection that the system would not let us take (EMFILE).
    server.on('error', () => undefined);
  }

  /** Rejects with the system's error, such as EADDRINUSE. */
  static async open({ host, port, onConnection }: ListenerOptions): Promise<Listener> {
    const server = createServer({ noDelay: true });
    server.listen({ host, port, exclusive: true });
    await once(server, 'listening');
    return new Listener(server, onConnection);
  }

  /** Takes no more; resolves when all that it has taken are closed. */
  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    await closed;
  }
}
