/**
 * Somebody with rights at one site, a supervisor or an administrator, who acts on agents and asks the site itself; as
 * one who watches over the system, they hear every alarm that desks report there.
 */
import {
  type DeskReply,
  type DeskRequest,
  deskReply,
  PROTOCOL_VERSION,
  type ShutdownProgress,
} from '@holdfast/protocol';
import { connectLink, type LinkClient } from '@holdfast/shell';
import { type Credentials, logInForToken } from './site-observer.ts';

export type ReportedAlarm = Extract<DeskReply, { type: 'Alarm' }>;
type Asked = Extract<DeskRequest, { type: 'AgentLogout' | 'GracefulShutdown' | 'AskToMove' }>;
type WithoutReference<Request> = Request extends unknown ? Omit<Request, 'ReferenceID'> : never;

const ANSWER_MAX_MS = 2_000;
const ADDP_TIMEOUT_MS = 5_000;
/** A run of 20 agents makes some dozens. */
const ALARMS_MAX = 10_000;

export class SiteOperator {
  /** In the order in which the site told them. */
  readonly alarms: ReportedAlarm[] = [];
  /** Where a graceful shutdown of the site stands, as it was told last. */
  shutdown: ShutdownProgress | undefined;
  readonly #link: LinkClient<DeskRequest>;
  readonly #waiting = new Map<number, (answer: string) => void>();
  #reference = 0;

  private constructor(
    { host, port }: { readonly host: string; readonly port: number },
    token: string,
    admitted: () => void,
  ) {
    const session = `operator-${process.pid}-${port}-${Date.now()}`;
    this.#link = connectLink<DeskRequest, DeskReply>({
      host,
      port,
      schema: deskReply,
      handlers: {
        opened: () => {
          const opening = { application: 'lab', session, version: PROTOCOL_VERSION, token };
          this.#link.send({
            type: 'RegisterClient',
            ReferenceID: 0,
            ...opening,
            addpTimeoutMs: ADDP_TIMEOUT_MS,
          });
          this.#link.send({ type: 'RegisterAll', ReferenceID: 0 });
        },
        message: (reply) => {
          if (reply.type === 'RegisteredAll') admitted();
          this.#take(reply);
        },
        closed: (end) => {
          for (const answer of this.#waiting.values()) answer(end.text);
        },
      },
    });
  }

  static async logIn(
    site: { readonly host: string; readonly port: number },
    credentials: Credentials,
  ): Promise<SiteOperator> {
    const token = await logInForToken(credentials);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`${credentials.user} is not let in at ${site.host}:${site.port}`)),
        ANSWER_MAX_MS,
      );
      const operator = new SiteOperator(site, token, () => {
        clearTimeout(timer);
        resolve(operator);
      });
    });
  }

  /** `done`, or why not. */
  ask(request: WithoutReference<Asked>): Promise<string> {
    this.#reference += 1;
    const ReferenceID = this.#reference;
    return new Promise((resolve) => {
      const timer = setTimeout(() => answered('no answer'), ANSWER_MAX_MS);
      const answered = (answer: string) => {
        clearTimeout(timer);
        this.#waiting.delete(ReferenceID);
        resolve(answer);
      };
      this.#waiting.set(ReferenceID, answered);
      this.#link.send({ ...request, ReferenceID });
    });
  }

  #take(reply: DeskReply): void {
    switch (reply.type) {
      case 'Ping':
        this.#link.send({ type: 'Pong', n: reply.n });
        return;
      case 'Alarm':
        if (this.alarms.length < ALARMS_MAX) this.alarms.push(reply);
        return;
      case 'ServerState':
        this.shutdown = reply.shutdown;
        return;
      case 'Done':
        return this.#waiting.get(reply.ReferenceID)?.('done');
      case 'Error':
        return this.#waiting.get(reply.ReferenceID ?? -1)?.(`${reply.code}: ${reply.text}`);
      case 'Event': {
        const { ReferenceID } = reply.attributes;
        if (ReferenceID !== undefined) this.#waiting.get(ReferenceID)?.('done');
        return;
      }
      default:
        return;
    }
  }

  close(): void {
    this.#link.terminate();
  }
}
