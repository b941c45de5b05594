/**
 * The simplest caller behind a trunk, for measuring when a server answers: it repeats itself as often as it is told to,
 * where a phone waits for its timers.
 */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

export interface StandingCall {
  readonly callId: string;
  /** The server's Contact and the To of its answer. */
  readonly contact: string;
  readonly to: string;
}

const SDP = [
  'v=0',
  'o=- 1 1 IN IP4 127.0.0.1',
  's=-',
  'c=IN IP4 127.0.0.1',
  't=0 0',
  'm=audio 9 RTP/AVP 0',
  '',
];

export class TrunkCaller {
  readonly #socket: Socket;
  readonly #port: number;
  readonly #server: number;
  readonly #waiting = new Map<string, (response: string) => void>();
  #calls = 0;

  private constructor(socket: Socket, port: number, server: number) {
    this.#socket = socket;
    this.#port = port;
    this.#server = server;
    socket.on('message', (bytes) => this.#received(String(bytes)));
    // Nobody listens at the server's port for a moment.
    socket.on('error', () => undefined);
  }

  /** At the port of the trunk's gateway, towards that SIP port. */
  static async open(port: number, server: number): Promise<TrunkCaller> {
    const socket = createSocket('udp4');
    socket.bind(port, '127.0.0.1');
    await once(socket, 'listening');
    return new TrunkCaller(socket, port, server);
  }

  close(): void {
    this.#socket.close();
  }

  /** Resolves when it is answered. Until the server says something, another call is tried every `everyMs`. */
  async call(to: string, everyMs: number, withinMs: number): Promise<StandingCall> {
    const attempts: string[] = [];
    let answer: string | undefined;
    await new Promise<void>((resolve) => {
      const attempt = () => {
        const callId = `trunk-call-${this.#port}-${++this.#calls}`;
        attempts.push(callId);
        this.#waiting.set(`${callId} INVITE`, (response) => {
          clearInterval(timer);
          // Another attempt may have come first, and have the line.
          if (!response.startsWith('SIP/2.0 200')) return;
          answer = response;
          clearTimeout(limit);
          resolve();
        });
        this.#send(this.#invite(callId, to));
      };
      const timer = setInterval(attempt, everyMs);
      const limit = setTimeout(resolve, withinMs);
      attempt();
    });
    for (const callId of attempts) this.#waiting.delete(`${callId} INVITE`);
    if (answer === undefined) throw new Error(`${to} does not answer within ${withinMs} ms`);
    const call = {
      callId: header(answer, 'Call-ID'),
      contact: uriIn(header(answer, 'Contact')),
      to: header(answer, 'To'),
    };
    this.#send(this.#inDialog('ACK', call, 1));
    return call;
  }

  /** Resolves when the BYE is answered by 200; it is repeated every `everyMs`. */
  hangUp(call: StandingCall, everyMs: number, withinMs: number): Promise<void> {
    const key = `${call.callId} BYE`;
    return new Promise((resolve, reject) => {
      const send = () => this.#send(this.#inDialog('BYE', call, 2));
      const timer = setInterval(send, everyMs);
      const end = (settle: () => void) => {
        clearInterval(timer);
        clearTimeout(limit);
        this.#waiting.delete(key);
        settle();
      };
      const limit = setTimeout(
        () => end(() => reject(new Error(`no answer to the ${key} within ${withinMs} ms`))),
        withinMs,
      );
      this.#waiting.set(key, (response) => {
        const status = response.slice(8, 11);
        end(() => (status === '200' ? resolve() : reject(new Error(`the ${key} is answered by ${status}`))));
      });
      send();
    });
  }

  #invite(callId: string, to: string): string {
    const uri = `sip:${to}@127.0.0.1:${this.#server}`;
    const head = this.#head('INVITE', { uri, callId, to: `<${uri}>`, cseq: 1 });
    const body = SDP.join('\r\n');
    return `${head}Contact: <sip:caller@127.0.0.1:${this.#port}>\r\nContent-Type: application/sdp\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  }

  #inDialog(method: 'ACK' | 'BYE', { callId, contact, to }: StandingCall, cseq: number): string {
    return `${this.#head(method, { uri: contact, callId, to, cseq })}Content-Length: 0\r\n\r\n`;
  }

  #head(
    method: string,
    { uri, callId, to, cseq }: { uri: string; callId: string; to: string; cseq: number },
  ): string {
    return [
      `${method} ${uri} SIP/2.0`,
      `Via: SIP/2.0/UDP 127.0.0.1:${this.#port};branch=z9hG4bK-${callId}-${method}`,
      'Max-Forwards: 70',
      `From: <sip:caller@127.0.0.1:${this.#port}>;tag=${callId}`,
      `To: ${to}`,
      `Call-ID: ${callId}`,
      `CSeq: ${cseq} ${method}`,
      '',
    ].join('\r\n');
  }

  #send(message: string): void {
    this.#socket.send(message, this.#server, '127.0.0.1');
  }

  #received(message: string): void {
    if (!message.startsWith('SIP/2.0 ')) return;
    const [, method] = header(message, 'CSeq').split(' ');
    this.#waiting.get(`${header(message, 'Call-ID')} ${method}`)?.(message);
  }
}

function header(message: string, name: string): string {
  const line = message.split('\r\n').find((one) => one.toLowerCase().startsWith(`${name.toLowerCase()}:`));
  return line?.slice(name.length + 1).trim() ?? '';
}

const uriIn = (value: string) => /<([^>]+)>/.exec(value)?.[1] ?? value;
