/**
 * REGISTERs over and over from one socket: so many on their way at any moment, and each answer is followed by the next
 * request. A phone that is challenged goes on with the nonce.
 */
import type { Socket } from 'node:dgram';
import { nonceIn, type RegisteringPhone } from './phones-load.ts';

export class RegisterLoad {
  readonly counts = { served: 0, challenged: 0, refused: 0 };
  /** Of the last message of each kind. */
  readonly bytes = { request: 0, answer: 0 };
  readonly #socket: Socket;
  readonly #port: number;
  readonly #phones: readonly RegisteringPhone[];
  readonly #byNumber: ReadonlyMap<string, RegisteringPhone>;
  #next = 0;
  #isOver = true;

  constructor(socket: Socket, port: number, phones: readonly RegisteringPhone[]) {
    this.#socket = socket;
    this.#port = port;
    this.#phones = phones;
    this.#byNumber = new Map(phones.map((phone) => [phone.number, phone]));
    socket.on('message', (bytes) => this.#answered(bytes.toString('latin1')));
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  begin(onTheirWay: number): void {
    this.#isOver = false;
    for (let i = 0; i < onTheirWay; i++) this.#sendNext();
  }

  /** What is on its way is still answered. */
  end(): void {
    this.#isOver = true;
  }

  #sendNext(): void {
    this.#send(this.#phones[this.#next++ % this.#phones.length] as RegisteringPhone);
  }

  #send(phone: RegisteringPhone): void {
    const message = phone.register();
    this.bytes.request = message.length;
    this.#socket.send(message, this.#port, '127.0.0.1');
  }

  #answered(text: string): void {
    const status = text.slice(8, 11);
    const at = text.indexOf('Call-ID: reg-') + 13;
    const phone = this.#byNumber.get(text.slice(at, text.indexOf('@', at)));
    if (status === '401' && phone !== undefined) {
      this.counts.challenged++;
      phone.take(nonceIn(text));
      if (!this.#isOver) this.#send(phone);
      return;
    }
    if (status === '200') {
      this.counts.served++;
      this.bytes.answer = text.length;
    } else this.counts.refused++;
    if (!this.#isOver) this.#sendNext();
  }
}
