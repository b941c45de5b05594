/**
 * A client of a Stat Server on a real link: it subscribes to what it is told to and keeps the newest of each object.
 */
import {
  PROTOCOL_VERSION,
  type Statistic,
  type StatReply,
  type StatRequest,
  statReply,
} from '@holdfast/protocol';
import { connectLink, type LinkClient } from '@holdfast/shell';

const ADDP_TIMEOUT_MS = 5_000;

type Figures<Type extends Statistic['objectType']> = Extract<Statistic, { objectType: Type }>;

export class StatBoard {
  isClosed = false;
  readonly errors: Extract<StatReply, { type: 'Error' }>[] = [];
  readonly #link: LinkClient<StatRequest>;
  readonly #newest = new Map<string, Statistic>();

  /** Subscribes to all agents and all queues: the token is that of a supervisor. */
  constructor(port: number, token: string) {
    this.#link = connectLink<StatRequest, StatReply>({
      ...{ host: '127.0.0.1', port, schema: statReply },
      handlers: {
        opened: () => {
          const opening = {
            application: 'workspace',
            version: PROTOCOL_VERSION,
            addpTimeoutMs: ADDP_TIMEOUT_MS,
          };
          this.#link.send({ type: 'Open', ReferenceID: 1, ...opening, token });
          this.#link.send({ type: 'Subscribe', ReferenceID: 2, objectType: 'Agent' });
          this.#link.send({ type: 'Subscribe', ReferenceID: 3, objectType: 'Queue' });
        },
        message: (reply) => this.#heard(reply),
        closed: () => {
          this.isClosed = true;
        },
      },
    });
  }

  agent(name: string): Figures<'Agent'> | undefined {
    const known = this.#newest.get(`Agent/${name}`);
    return known?.objectType === 'Agent' ? known : undefined;
  }

  queue(name: string): Figures<'Queue'> | undefined {
    const known = this.#newest.get(`Queue/${name}`);
    return known?.objectType === 'Queue' ? known : undefined;
  }

  close(): void {
    this.#link.terminate();
  }

  #heard(reply: StatReply): void {
    if (reply.type === 'Ping') this.#link.send({ type: 'Pong', n: reply.n });
    if (reply.type === 'Error') this.errors.push(reply);
    if (reply.type !== 'Statistics' && reply.type !== 'Subscribed') return;
    for (const one of reply.statistics) this.#newest.set(`${one.objectType}/${one.name}`, one);
  }
}
