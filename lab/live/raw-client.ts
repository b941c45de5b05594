/**
 * A client of a server that sends what it likes, also what no program of ours would send, and keeps what it gets.
 */
import { PROTOCOL_VERSION } from '@holdfast/protocol';
import { WebSocket } from 'ws';
import { until } from './peers/processes.ts';

type Message = Record<string, unknown> & { readonly type: string };

const opened = new Set<RawClient>();

export class RawClient {
  readonly socket: WebSocket;
  readonly messages: Message[] = [];
  readonly closed: Promise<number>;
  closedWith: number | undefined;

  private constructor(port: number) {
    this.socket = new WebSocket(`ws://127.0.0.1:${port}/`, { perMessageDeflate: false });
    opened.add(this);
    this.socket.on('error', () => undefined);
    this.socket.on('message', (data) => this.messages.push(JSON.parse(String(data)) as Message));
    this.closed = new Promise((resolve) =>
      this.socket.on('close', (code) => {
        this.closedWith = code;
        resolve(code);
      }),
    );
  }

  /** Of all tests of the file. */
  static closeAll(): void {
    for (const client of opened) client.socket.terminate();
    opened.clear();
  }

  static async open(port: number): Promise<RawClient> {
    const client = new RawClient(port);
    await new Promise((resolve, reject) => {
      client.socket.once('open', resolve);
      client.socket.once('error', reject);
    });
    return client;
  }

  send(message: object | string | Uint8Array): void {
    const isRaw = typeof message === 'string' || message instanceof Uint8Array;
    this.socket.send(isRaw ? message : JSON.stringify(message));
  }

  /** The next message of that type; what came before it stays unread. */
  async next(type: string, withinMs = 3_000): Promise<Message> {
    const from = this.messages.length;
    await until(`${type} comes`, withinMs, () => this.messages.slice(from).some((one) => one.type === type));
    return this.messages.slice(from).find((one) => one.type === type) as Message;
  }

  async ask(message: object, type: string, withinMs?: number): Promise<Message> {
    const next = this.next(type, withinMs);
    this.send(message);
    return next;
  }

  /** How long the answer to a Ping takes, ms. */
  async roundTrip(): Promise<number> {
    const startedAt = performance.now();
    await this.ask({ type: 'Ping', n: 1 }, 'Pong', 10_000);
    return performance.now() - startedAt;
  }
}

let sessions = 0;
/** What a client says first, with its ADDP time-out in ms. */
export const greeting = {
  config: (addpTimeoutMs: number) => ({
    type: 'Open',
    ReferenceID: 1,
    application: 'workspace',
    version: PROTOCOL_VERSION,
    addpTimeoutMs,
  }),
  stat: (addpTimeoutMs: number) => ({
    type: 'Open',
    ReferenceID: 1,
    application: 'workspace',
    version: PROTOCOL_VERSION,
    addpTimeoutMs,
  }),
  sip: (addpTimeoutMs: number) => ({
    type: 'RegisterClient',
    ReferenceID: 1,
    application: 'workspace',
    session: `session-${++sessions}-of-a-test`,
    version: PROTOCOL_VERSION,
    addpTimeoutMs,
  }),
};
