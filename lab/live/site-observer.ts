/**
 * A board's connection to one SIP Server: who is logged in, and who waits, as that server itself says. It logs in
 * as a supervisor and asks for everything again whenever it is told to.
 */
import {
  type ConfigReply,
  type ConfigRequest,
  configReply,
  type DeskReply,
  type DeskRequest,
  deskReply,
  PROTOCOL_VERSION,
} from '@holdfast/protocol';
import { connectLink, type LinkClient } from '@holdfast/shell';

export type SiteSnapshot = Pick<Extract<DeskReply, { type: 'RegisteredAll' }>, 'dns' | 'queues'>;

export interface Credentials {
  readonly config: { readonly host: string; readonly port: number };
  readonly user: string;
  readonly password: string;
}

/** A site that does not answer in this time is asked again later. */
const ANSWER_MAX_MS = 1000;
const ADDP_TIMEOUT_MS = 5000;

export class SiteObserver {
  isClosed = false;
  readonly #link: LinkClient<DeskRequest>;
  readonly #opened: Promise<void>;
  #reference = 0;
  #waiting: ((snapshot: SiteSnapshot | undefined) => void) | undefined;

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
          const session = `observer-${process.pid}-${port}-${Date.now()}`;
          this.#link.send({
            type: 'RegisterClient',
            ReferenceID: 0,
            application: 'lab',
            session,
            version: PROTOCOL_VERSION,
            token,
            addpTimeoutMs: ADDP_TIMEOUT_MS,
          });
          opened();
        },
        message: (reply) => {
          if (reply.type === 'RegisteredAll' && reply.ReferenceID === this.#reference) this.#waiting?.(reply);
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

  /** As things stand now; undefined when the site does not say. */
  async snapshot(): Promise<SiteSnapshot | undefined> {
    await this.#opened;
    if (this.isClosed) return undefined;
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#waiting?.(undefined), ANSWER_MAX_MS);
      this.#waiting = (snapshot) => {
        this.#waiting = undefined;
        clearTimeout(timer);
        resolve(snapshot);
      };
      this.#reference += 1;
      this.#link.send({ type: 'RegisterAll', ReferenceID: this.#reference });
    });
  }

  close(): void {
    this.#link.terminate();
  }
}

/** The token of that person, from a Configuration Server. */
export function logInForToken({ config, user, password }: Credentials): Promise<string> {
  return new Promise((resolve, reject) => {
    const failed = (why: string) =>
      reject(new Error(`${user} cannot log in at ${config.host}:${config.port}: ${why}`));
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
            addpTimeoutMs: ADDP_TIMEOUT_MS,
          });
          link.send({ type: 'LogIn', ReferenceID: 2, user, password });
        },
        message: (reply) => {
          if (reply.type === 'LoggedIn') resolve(reply.token);
          else if (reply.type === 'Error') failed(`${reply.code}: ${reply.text}`);
          else return;
          link.close();
        },
        closed: (end) => failed(end.text),
      },
    });
  });
}
