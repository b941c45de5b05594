/**
 * Somebody who looks at the configuration and edits it, over a Configuration Server or a proxy, as a program of an
 * administrator would: one request after the other, each with its answer, or the word that none came.
 */
import {
  type ConfigReply,
  type ConfigRequest,
  configReply,
  type Edit,
  PROTOCOL_VERSION,
} from '@holdfast/protocol';
import { connectLink, type LinkClient } from '@holdfast/shell';

type Answer = Exclude<ConfigReply, { type: 'Ping' | 'Pong' | 'Changed' | 'Challenge' }>;
/** The connection ended, or nobody answered in time. */
interface NoAnswer {
  readonly type: 'NoAnswer';
  readonly text: string;
}
export type EditAnswer = Extract<Answer, { type: 'Edited' | 'NotEdited' | 'Error' }> | NoAnswer;

type WithoutReference<Request> = Request extends unknown ? Omit<Request, 'ReferenceID'> : never;
type Asked = WithoutReference<Exclude<ConfigRequest, { type: 'Ping' | 'Pong' | 'Proof' }>>;

interface ConfigEntry {
  readonly port: number;
  readonly user: string;
  /** By which the person is let in: one of them. */
  readonly password?: string;
  readonly token?: string;
}

const ANSWER_MAX_MS = 15_000;
const ADDP_TIMEOUT_MS = 10_000;

export class ConfigOperator {
  token = '';
  readonly #link: LinkClient<ConfigRequest>;
  readonly #waiting = new Map<number, (answer: Answer | NoAnswer) => void>();
  #reference = 0;
  #ended: string | undefined;

  private constructor(port: number, opened: () => void) {
    this.#link = connectLink<ConfigRequest, ConfigReply>({
      ...{ host: '127.0.0.1', port, schema: configReply },
      handlers: {
        opened,
        message: (reply) => this.#take(reply),
        closed: ({ text }) => {
          this.#ended = text;
          for (const waiting of [...this.#waiting.values()]) waiting({ type: 'NoAnswer', text });
          opened();
        },
      },
    });
  }

  /** Rejects with the reason when this person is not let in there. */
  static async enter({ port, user, password, token }: ConfigEntry): Promise<ConfigOperator> {
    let opened: () => void = () => {};
    const isOpen = new Promise<void>((resolve) => {
      opened = resolve;
    });
    const operator = new ConfigOperator(port, opened);
    await isOpen;
    const opening = { application: 'workspace', version: PROTOCOL_VERSION, addpTimeoutMs: ADDP_TIMEOUT_MS };
    await operator.ask({ type: 'Open', ...opening });
    const answer = await operator.ask(
      token === undefined
        ? { type: 'LogIn', user, password: password ?? '' }
        : { type: 'LogInByToken', token },
    );
    if (answer.type === 'LoggedIn') {
      operator.token = answer.token;
      return operator;
    }
    operator.close();
    throw new Error(`${user} is not let in at port ${port}: ${'text' in answer ? answer.text : answer.type}`);
  }

  edit(edits: readonly Edit[], note?: string): Promise<EditAnswer> {
    const asked = { type: 'Edit' as const, edits: [...edits], dryRun: false, ...(note && { note }) };
    return this.ask(asked) as Promise<EditAnswer>;
  }

  /** One object as it is served there, with the revision; undefined where there is none. */
  async read(objectType: string, name: string): Promise<{ revision: string; object: unknown } | undefined> {
    const answer = await this.ask({ type: 'Read', objectType, name, subscribe: false });
    return answer.type === 'Objects' ? { revision: answer.revision, object: answer.objects[0] } : undefined;
  }

  ask(request: Asked): Promise<Answer | NoAnswer> {
    if (this.#ended !== undefined) return Promise.resolve({ type: 'NoAnswer', text: this.#ended });
    this.#reference += 1;
    const ReferenceID = this.#reference;
    return new Promise((resolve) => {
      const timer = setTimeout(() => answered({ type: 'NoAnswer', text: 'no answer' }), ANSWER_MAX_MS);
      const answered = (answer: Answer | NoAnswer) => {
        clearTimeout(timer);
        this.#waiting.delete(ReferenceID);
        resolve(answer);
      };
      this.#waiting.set(ReferenceID, answered);
      this.#link.send({ ...request, ReferenceID } as ConfigRequest);
    });
  }

  #take(reply: ConfigReply): void {
    switch (reply.type) {
      case 'Ping':
        this.#link.send({ type: 'Pong', n: reply.n });
        return;
      case 'Pong':
      case 'Changed':
      case 'Challenge':
      case 'DeskConfiguration':
        return;
      default:
        this.#waiting.get(reply.ReferenceID ?? -1)?.(reply);
    }
  }

  close(): void {
    this.#link.terminate();
  }
}
