/**
 * Between phones and a SIP Server, for UDP: each phone has a port of its own here, as behind a NAT, so that what the server
 * sends to it passes as well. While it is cut nothing passes, and nobody is told.
 */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

const HOST = '127.0.0.1';
/** A test has a handful. */
const PHONES_MAX = 64;

export class UdpRelay {
  isCut = false;
  readonly port: number;
  readonly #front: Socket;
  readonly #server: number;
  /** By the port of the phone. */
  readonly #behind = new Map<number, Socket>();

  private constructor(front: Socket, server: number) {
    this.#front = front;
    this.#server = server;
    this.port = front.address().port;
    front.on('message', (bytes, { port }) => {
      if (!this.isCut) this.#of(port)?.send(bytes, server, HOST);
    });
  }

  /** `server`: the SIP port. */
  static async open(server: number): Promise<UdpRelay> {
    const front = createSocket('udp4').bind(0, HOST);
    await once(front, 'listening');
    return new UdpRelay(front, server);
  }

  #of(phone: number): Socket | undefined {
    const known = this.#behind.get(phone);
    if (known !== undefined || this.#behind.size >= PHONES_MAX) return known;
    const socket = createSocket('udp4').bind(0, HOST);
    socket.on('message', (bytes, { port }) => {
      if (!this.isCut && port === this.#server) this.#front.send(bytes, phone, HOST);
    });
    this.#behind.set(phone, socket);
    return socket;
  }

  close(): void {
    for (const socket of [this.#front, ...this.#behind.values()]) socket.close();
  }
}
