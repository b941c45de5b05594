/** A phone that asks every few milliseconds, and the longest that it had to wait for an answer. */
import type { Socket } from 'node:dgram';
import { openSocket } from './echo-load.ts';
import { nonceIn, type RegisteringPhone } from './phones-load.ts';

const EVERY_MS = 10;
/** A question that has no answer by then is lost, and counts with that time. */
const LOST_MS = 2_000;

export class AnswerWatch {
  readonly #socket: Socket;
  readonly #timer: NodeJS.Timeout;
  #phone: RegisteringPhone | undefined;
  #askedAt: number | undefined;
  #longestMs = 0;

  private constructor(socket: Socket, port: number) {
    this.#socket = socket;
    socket.on('message', (bytes) => this.#answered(bytes.toString('latin1')));
    this.#timer = setInterval(() => this.#ask(port), EVERY_MS);
  }

  /** `phone`: made for the socket of the watch; nobody else registers with its number. */
  static async open(port: number, phone: (socket: Socket) => RegisteringPhone): Promise<AnswerWatch> {
    const socket = await openSocket();
    const watch = new AnswerWatch(socket, port);
    watch.#phone = phone(socket);
    return watch;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#socket.close();
  }

  /** Since it was asked before. */
  longestMs(): number {
    const longest = Math.max(this.#longestMs, this.#waited());
    this.#longestMs = 0;
    return longest;
  }

  #waited(): number {
    return this.#askedAt === undefined ? 0 : performance.now() - this.#askedAt;
  }

  #ask(port: number): void {
    if (this.#phone === undefined) return;
    if (this.#askedAt !== undefined && this.#waited() < LOST_MS) return;
    this.#noteWait();
    this.#askedAt = performance.now();
    this.#socket.send(this.#phone.register(), port, '127.0.0.1');
  }

  #answered(text: string): void {
    this.#noteWait();
    this.#askedAt = undefined;
    if (text.startsWith('SIP/2.0 401')) this.#phone?.take(nonceIn(text));
  }

  #noteWait(): void {
    this.#longestMs = Math.max(this.#longestMs, this.#waited());
  }
}
