/** One UDP socket for SIP: a datagram is a message. */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';

export interface UdpOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly onDatagram: (bytes: Uint8Array, host: string, port: number) => void;
  /** The socket itself failed; it is closed. */
  readonly onError: (error: Error) => void;
}

/** Room for the burst of a whole site that registers at once; the kernel may grant less. */
const SOCKET_BUFFER_BYTES = 4 * 1_024 * 1_024;

export class UdpSocket {
  readonly host: string;
  readonly port: number;
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
    const { address, port } = socket.address();
    this.host = address;
    this.port = port;
  }

  /** Rejects with the system's error, such as EADDRINUSE. */
  static async open(options: UdpOptions): Promise<UdpSocket> {
    const family = isIPv6(options.host) ? 6 : 4;
    const socket = createSocket({
      type: family === 6 ? 'udp6' : 'udp4',
      recvBufferSize: SOCKET_BUFFER_BYTES,
      sendBufferSize: SOCKET_BUFFER_BYTES,
      // Targets are address literals: answered at once, without a turn of the event loop each.
      lookup: (host, _options, done) => done(null, host, family),
    });
    // The look-up above answers at once, so that `listening` comes before `bind` returns.
    const listening = once(socket, 'listening');
    socket.bind({ address: options.host, port: options.port, exclusive: true });
    await listening;
    socket.on('message', (bytes: Uint8Array, from: RemoteInfo) =>
      options.onDatagram(bytes, from.address, from.port),
    );
    socket.on('error', (error) => {
      socket.close();
      options.onError(error);
    });
    return new UdpSocket(socket);
  }

  /**
   * `failed` is called if the system refuses the datagram; nothing tells whether it arrived. Without it the system's
   * answer is not waited for, which saves a turn of the event loop for each answer to a REGISTER.
   */
  send(bytes: Uint8Array, host: string, port: number, failed?: (error: Error) => void): void {
    try {
      if (failed === undefined) this.#socket.send(bytes, port, host);
      else
        this.#socket.send(bytes, port, host, (error) => {
          if (error !== null) failed(error);
        });
    } catch (error) {
      // A port outside its range, or a socket that was closed meanwhile.
      failed?.(error as Error);
    }
  }

  async close(): Promise<void> {
    const closed = once(this.#socket, 'close');
    try {
      this.#socket.close();
    } catch {
      // It was closed already, by an error.
      return;
    }
    await closed;
  }
}
