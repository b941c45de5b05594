/**
 * Callers and phones of a few lines: all callers are one socket, all phones another, the messages are made by hand.
 * A call is dialled, answered by whichever phone it is sent to, held for as long as the bench wants, and ended by the
 * caller. What asks something inside a call is answered with 200.
 */
import type { Socket } from 'node:dgram';
import { openSocket } from './echo-load.ts';
import { field, nonceIn, RegisteringPhone } from './phones-load.ts';

interface Call {
  readonly number: number;
  /** With the tag of the other side, once it has answered. */
  to: string;
  readonly answered: () => void;
  ended: (() => void) | undefined;
}

const sdpOf = (port: number) =>
  `v=0\r\no=- ${port} 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n` +
  `m=audio ${port} RTP/AVP 0 8\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=sendrecv\r\n`;

/** A request, or an answer that comes late, is sent again after so long (RFC 3261 T1). */
const REPEAT_MS = 500;

export class LeanCalls {
  readonly #caller: Socket;
  readonly #phones: Socket;
  readonly #byNumber = new Map<
    string,
    { readonly phone: RegisteringPhone; readonly registered: () => void }
  >();
  readonly #calls = new Map<number, Call>();
  /** What is sent again and again until it is answered. */
  readonly #timers = new Set<NodeJS.Timeout>();
  #serverPort = 0;
  #next = 0;
  failed = 0;

  private constructor(caller: Socket, phones: Socket) {
    this.#caller = caller;
    this.#phones = phones;
    caller.on('message', (bytes) => this.#toCaller(bytes.toString('latin1')));
    phones.on('message', (bytes) => this.#toPhone(bytes.toString('latin1')));
  }

  /** `gatewayPort`: of the callers, where the trunk is configured already; 0 is any free one. */
  static async open(gatewayPort = 0): Promise<LeanCalls> {
    return new LeanCalls(await openSocket(gatewayPort), await openSocket());
  }

  /** Of the callers: the trunk takes calls from there. */
  get gatewayPort(): number {
    return this.#caller.address().port;
  }

  useServer(port: number): void {
    this.#serverPort = port;
  }

  /** Resolves with the 200 OK. */
  register(number: string, password: string): Promise<void> {
    const phone = new RegisteringPhone(0, this.#phones, { number, password });
    return this.#untilDone((registered) => {
      this.#byNumber.set(number, { phone, registered });
      return () => this.#send(this.#phones, phone.register());
    });
  }

  /** Resolves with the number of the call when an agent's phone has answered. */
  async dial(to: string): Promise<number> {
    const number = this.#next++;
    await this.#untilDone((answered) => {
      this.#calls.set(number, { number, to: `<sip:${to}@127.0.0.1>`, answered, ended: undefined });
      return () => this.#send(this.#caller, this.#request('INVITE', number, 1, sdpOf(4000)));
    });
    return number;
  }

  async hangUp(number: number): Promise<void> {
    await this.#untilDone((ended) => {
      const call = this.#calls.get(number);
      if (call !== undefined) call.ended = ended;
      return () => this.#send(this.#caller, this.#request('BYE', number, 2));
    });
    this.#calls.delete(number);
  }

  /** Sends until it is told that the answer has come. */
  #untilDone(begin: (done: () => void) => () => void): Promise<void> {
    return new Promise((resolve) => {
      const send = begin(() => {
        clearInterval(timer);
        this.#timers.delete(timer);
        resolve();
      });
      const timer = setInterval(send, REPEAT_MS);
      this.#timers.add(timer);
      send();
    });
  }

  #send(socket: Socket, text: string): void {
    socket.send(text, this.#serverPort, '127.0.0.1');
  }

  #request(method: string, number: number, cseq: number, body = ''): string {
    const at = `127.0.0.1:${this.gatewayPort}`;
    const to = this.#calls.get(number)?.to ?? '';
    const type = body === '' ? '' : 'Content-Type: application/sdp\r\n';
    return (
      `${method} ${to.slice(1, to.indexOf('>'))} SIP/2.0\r\n` +
      `Via: SIP/2.0/UDP ${at};branch=z9hG4bK${method}${number};rport\r\nMax-Forwards: 70\r\n` +
      `From: <sip:49301234@${at}>;tag=c${number}\r\nTo: ${to}\r\nCall-ID: call-${number}@127.0.0.1\r\n` +
      `CSeq: ${cseq} ${method}\r\nContact: <sip:49301234@${at}>\r\n${type}Content-Length: ${body.length}\r\n\r\n${body}`
    );
  }

  #toCaller(text: string): void {
    if (!text.startsWith('SIP/2.0')) {
      return this.#respond(this.#caller, text, '200 OK', text.startsWith('INVITE') ? sdpOf(4000) : '');
    }
    const at = text.indexOf('Call-ID: call-') + 14;
    const call = this.#calls.get(Number(text.slice(at, text.indexOf('@', at))));
    const status = Number(text.slice(8, 11));
    if (call === undefined || status < 200) return;
    if (status >= 300) this.failed += 1;
    if (!text.includes('\r\nCSeq: 1 ')) return call.ended?.();
    call.to = field(text, 'To:');
    if (status < 300) this.#send(this.#caller, this.#request('ACK', call.number, 1));
    call.answered();
  }

  #toPhone(text: string): void {
    if (text.startsWith('SIP/2.0')) return this.#registering(text);
    if (text.startsWith('INVITE')) {
      this.#respond(this.#phones, text, '180 Ringing');
      return this.#respond(this.#phones, text, '200 OK', sdpOf(5000));
    }
    if (!text.startsWith('ACK')) this.#respond(this.#phones, text, '200 OK');
  }

  #registering(text: string): void {
    const at = text.indexOf('Call-ID: reg-') + 13;
    const entry = this.#byNumber.get(text.slice(at, text.indexOf('@', at)));
    if (entry === undefined) return;
    if (text.startsWith('SIP/2.0 200')) return entry.registered();
    if (!text.startsWith('SIP/2.0 401')) return;
    entry.phone.take(nonceIn(text));
    this.#send(this.#phones, entry.phone.register());
  }

  /** With what a response must repeat of the request. */
  #respond(socket: Socket, request: string, status: string, body = ''): void {
    if (request.startsWith('ACK')) return;
    const to = field(request, 'To:');
    const type = body === '' ? '' : 'Content-Type: application/sdp\r\n';
    this.#send(
      socket,
      `SIP/2.0 ${status}\r\nVia: ${field(request, 'Via:')}\r\nFrom: ${field(request, 'From:')}\r\n` +
        `To: ${to.includes(';tag=') ? to : `${to};tag=p`}\r\nCall-ID: ${field(request, 'Call-ID:')}\r\n` +
        `CSeq: ${field(request, 'CSeq:')}\r\nContact: <sip:phone@127.0.0.1:${socket.address().port}>\r\n` +
        `${type}Content-Length: ${body.length}\r\n\r\n${body}`,
    );
  }

  /** What has had no answer yet never has one. */
  close(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#caller.close();
    this.#phones.close();
  }
}
