/**
 * The watch on the one thing that must never be: an agent to whom two sites route calls. It asks both SIP
 * Servers themselves, as a supervisor's board would, over and over. One look takes a moment, so that a site is
 * asked, then the other, then the first again: only an agent who is routable in all three looks was routable at
 * both at one moment.
 */
import {
  type ConfigReply,
  type ConfigRequest,
  configReply,
  type DeskReply,
  type DeskRequest,
  type DNSnapshot,
  deskReply,
  PROTOCOL_VERSION,
} from '@holdfast/protocol';
import { connectLink, type LinkClient } from '@holdfast/server';

export interface DoubleWatchOptions {
  readonly sites: readonly { readonly site: string; readonly host: string; readonly port: number }[];
  readonly config: { readonly host: string; readonly port: number };
  readonly user: string;
  readonly password: string;
}

export interface RoutableAt {
  readonly site: string;
  readonly routable: ReadonlySet<string>;
}

/** A site that does not answer in this time is asked again in the next round. */
const ANSWER_MAX_MS = 1000;

export class DoubleWatch {
  readonly #options: DoubleWatchOptions;
  readonly #links = new Map<string, Board>();
  #token = '';
  #isStopped = false;
  /** Rounds in which both sites answered. */
  rounds = 0;
  readonly doubles: string[] = [];

  constructor(options: DoubleWatchOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    this.#token = await logIn(this.#options);
    void this.#watch();
  }

  stop(): void {
    this.#isStopped = true;
    for (const board of this.#links.values()) board.close();
  }

  async #watch(): Promise<void> {
    const [first, second] = this.#options.sites as [
      DoubleWatchOptions['sites'][number],
      DoubleWatchOptions['sites'][number],
    ];
    while (!this.#isStopped) {
      const looks = [await this.#look(first), await this.#look(second), await this.#look(first)];
      if (looks.every((look) => look !== undefined)) {
        this.rounds += 1;
        const [before, other, after] = looks as [Set<string>, Set<string>, Set<string>];
        for (const agent of other) if (before.has(agent) && after.has(agent)) this.doubles.push(agent);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Agents to whom that site routes now; undefined when it does not say. */
  async #look(site: DoubleWatchOptions['sites'][number]): Promise<Set<string> | undefined> {
    let board = this.#links.get(site.site);
    if (board === undefined || board.isClosed) {
      board = new Board(site, this.#token);
      this.#links.set(site.site, board);
    }
    const dns = await board.snapshots();
    if (dns === undefined) return undefined;
    return new Set(
      dns
        .filter(({ agent }) => agent?.routable === true && agent.state === 'Ready')
        .map(({ agent }) => agent?.AgentID ?? ''),
    );
  }
}

/** One connection to a SIP Server that asks for everything again and again. */
class Board {
  isClosed = false;
  readonly #link: LinkClient<DeskRequest>;
  readonly #opened: Promise<void>;
  #reference = 1;
  #waiting: ((dns: DNSnapshot[] | undefined) => void) | undefined;

  constructor({ host, port }: { readonly host: string; readonly port: number }, token: string) {
    let opened: () => void = () => {};
    this.#opened = new Promise((resolve) => {
      opened = resolve;
    });
    this.#link = connectLink<DeskRequest, DeskReply>({
      host,
      port,
      schema: deskReply,
      handlers: {
        opened: () => {
          this.#link.send({
            type: 'RegisterClient',
            ReferenceID: 0,
            application: 'lab',
            session: `lab-${process.pid}-watch`,
            version: PROTOCOL_VERSION,
            token,
            addpTimeoutMs: 5000,
          });
          opened();
        },
        message: (reply) => {
          if (reply.type === 'RegisteredAll') this.#waiting?.(reply.dns);
          if (reply.type === 'Ping') this.#link.send({ type: 'Pong', n: reply.n });
        },
        closed: () => {
          this.isClosed = true;
          opened();
          this.#waiting?.(undefined);
        },
      },
    });
  }

  async snapshots(): Promise<DNSnapshot[] | undefined> {
    await this.#opened;
    if (this.isClosed) return undefined;
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#waiting?.(undefined), ANSWER_MAX_MS);
      this.#waiting = (dns) => {
        this.#waiting = undefined;
        clearTimeout(timer);
        resolve(dns);
      };
      this.#reference += 1;
      this.#link.send({ type: 'RegisterAll', ReferenceID: this.#reference });
    });
  }

  close(): void {
    this.#link.terminate();
  }
}

function logIn({ config, user, password }: DoubleWatchOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    const link = connectLink<ConfigRequest, ConfigReply>({
      ...config,
      schema: configReply,
      handlers: {
        opened: () => {
          link.send({
            type: 'Open',
            ReferenceID: 1,
            application: 'workspace',
            version: PROTOCOL_VERSION,
            addpTimeoutMs: 5000,
          });
          link.send({ type: 'LogIn', ReferenceID: 2, user, password });
        },
        message: (reply) => {
          if (reply.type === 'LoggedIn') resolve(reply.token);
          else if (reply.type === 'Error')
            reject(new Error(`the lab's supervisor cannot log in: ${reply.code}: ${reply.text}`));
          if (reply.type === 'LoggedIn' || reply.type === 'Error') link.close();
        },
        closed: (end) => reject(new Error(`the lab's supervisor cannot log in: ${end.text}`)),
      },
    });
  });
}
