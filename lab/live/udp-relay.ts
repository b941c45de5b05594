/**
 * Between phones and a SIP Server, for UDP: each phone has a port of its own here, as behind a NAT, so that what the server
 * sends to it passes as well. What is cut, both ways or one way, does not pass, and nobody is told; what passes is as late,
 * lost and out of order as the line is poor.
 */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { Random } from '@holdfast/kernel';
import { DatagramLine, GOOD_LINE, type LineQuality } from './line-quality.ts';

const HOST = '127.0.0.1';
/** A test has a handful. */
const PHONES_MAX = 64;

export type UdpCut = 'none' | 'to-server' | 'to-phone' | 'both';

export class UdpRelay {
  cut: UdpCut = 'none';
  readonly port: number;
  readonly #front: Socket;
  readonly #server: number;
  /** By the port of the phone. */
  readonly #behind = new Map<number, Socket>();
  #line = new DatagramLine(GOOD_LINE, Math.random);

  private constructor(front: Socket, server: number) {
    this.#front = front;
    this.#server = server;
    this.port = front.address().port;
    front.on('message', (bytes, { port }) => {
      const behind = this.#of(port);
      if (this.#passes('to-server')) this.#line.carry(() => behind?.send(bytes, server, HOST));
    });
  }

  /** `server`: the SIP port. */
  static async open(server: number): Promise<UdpRelay> {
    const front = createSocket('udp4').bind(0, HOST);
    await once(front, 'listening');
    return new UdpRelay(front, server);
  }

  /** From now on, in both directions. */
  setQuality(quality: LineQuality, random: Random): void {
    this.#line.stop();
    this.#line = new DatagramLine(quality, random);
  }

  #passes(direction: UdpCut): boolean {
    return this.cut !== 'both' && this.cut !== direction;
  }

  #of(phone: number): Socket | undefined {
    const known = this.#behind.get(phone);
    if (known !== undefined || this.#behind.size >= PHONES_MAX) return known;
    const socket = createSocket('udp4').bind(0, HOST);
    socket.on('message', (bytes, { port }) => {
      if (port === this.#server && this.#passes('to-phone'))
        this.#line.carry(() => this.#front.send(bytes, phone, HOST));
    });
    this.#behind.set(phone, socket);
    return socket;
  }

  close(): void {
    this.#line.stop();
    for (const socket of [this.#front, ...this.#behind.values()]) socket.close();
  }
}
