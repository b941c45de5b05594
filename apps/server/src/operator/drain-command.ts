/**
 * `holdfast drain`: asks the SIP Server of a site for a graceful shutdown, shows how it goes, and ends with 0 when the site
 * is drained (without --wait: when it has begun), 1 when its deadline has passed before that, 2 when it could not begin.
 *
 * The connection may be lost on the way: the mate of a pair goes on with the shutdown, so that the operator goes on
 * watching at whichever member answers.
 */
import { parseArgs } from 'node:util';
import { type DeskReply, type DeskRequest, deskReply, PROTOCOL_VERSION } from '@holdfast/protocol';
import { connectLink } from '@holdfast/shell';
import { CannotRun } from '../role.ts';
import { askCredentials } from './ask-credentials.ts';
import { progressInWords, readDuration, stayingInWords } from './drain-words.ts';
import { logInAsOperator } from './operator-log-in.ts';
import { type Address, sipServersOf } from './server-addresses.ts';

const USAGE =
  'usage: drain SITE --config HOST:PORT[,HOST:PORT…] [--within DURATION] [--wave N] [--force] [--stop] [--wait] [--undo] [--application NAME]';

/** How long a site may be away on the way, as in a takeover, before it is given up. */
const AWAY_MAX_MS = 15_000;
const PAUSE_MS = 500;
const ADDP_TIMEOUT_MS = 5_000;
const ANSWER_MAX_MS = 5_000;

type Ask = Omit<Extract<DeskRequest, { type: 'GracefulShutdown' }>, 'type' | 'ReferenceID'>;
type State = Extract<DeskReply, { type: 'ServerState' }>;

/** Exit status. */
export async function drain(
  args: readonly string[],
  readAddress: (text: string) => Address,
  say: (line: string) => void,
): Promise<number> {
  const { site, config, application, isWaiting, ask } = readArguments(args);
  const servers = config.split(',').map(readAddress);
  const credentials = await askCredentials();
  const { token, objects } = await logInAsOperator({ servers, application, credentials });
  const watch = new DrainWatch({ token, servers: sipServersOf(objects, site) }, say);
  try {
    await watch.ask(ask);
    if (!ask.on) {
      say(`${site}: the graceful shutdown is taken back; phones and agents may come back`);
      return 0;
    }
    return await watch.end(isWaiting);
  } finally {
    watch.close();
  }
}

function readArguments(args: readonly string[]) {
  const { values, positionals } = parsed(args);
  const [site] = positionals;
  const { config, within, wave, undo } = values;
  if (site === undefined || positionals.length > 1 || config === undefined) throw new CannotRun(USAGE);
  const withinMs = within === undefined ? undefined : readDuration(within);
  if (within !== undefined && withinMs === undefined)
    throw new CannotRun(`--within: "${within}" is no duration; say 90s, 15m or 2h, at most a week.`);
  if (wave !== undefined && !/^[1-9]\d{0,4}$/.test(wave))
    throw new CannotRun(`--wave: "${wave}" is no number of agents from 1 to 99999.`);
  if (values.force && withinMs === undefined)
    throw new CannotRun('--force releases calls at the deadline: say by --within when that is.');
  const terms = {
    ...(withinMs === undefined ? {} : { withinMs }),
    ...(wave === undefined ? {} : { wave: Number(wave) }),
    isForced: values.force,
    endsProcess: values.stop,
  };
  const ask: Ask = undo ? { on: false } : { on: true, ...terms };
  return { site, config, application: values.application, isWaiting: values.wait, ask };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        config: { type: 'string' },
        application: { type: 'string', default: 'workspace' },
        within: { type: 'string' },
        wave: { type: 'string' },
        force: { type: 'boolean', default: false },
        stop: { type: 'boolean', default: false },
        wait: { type: 'boolean', default: false },
        undo: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    // An unknown or incomplete option.
    throw new CannotRun(`${(error as Error).message}\n${USAGE}`);
  }
}

interface Access {
  readonly token: string;
  readonly servers: readonly Address[];
}

/** A client of the site's SIP Server, at whichever member answers. */
class DrainWatch {
  readonly #access: Access;
  readonly #say: (line: string) => void;
  readonly #session = `operator-${process.pid}-${Date.now()}`;
  #link: { send(request: DeskRequest): boolean; close(): void } | undefined;
  #state: State | undefined;
  #lastLine = '';
  #isNamed = false;
  #isLost = false;
  #next = 0;
  /** Called with each message, and with undefined when the connection is over. */
  #heard: (reply: DeskReply | undefined) => void = () => {};

  constructor(access: Access, say: (line: string) => void) {
    this.#access = access;
    this.#say = say;
  }

  /** Resolves when it is granted. */
  async ask(ask: Ask): Promise<void> {
    await this.#connect(Date.now() + ANSWER_MAX_MS);
    this.#link?.send({ type: 'GracefulShutdown', ReferenceID: 2, ...ask });
    await this.#until((reply) => {
      if (reply?.type === 'Error') throw new CannotRun(`${reply.code}: ${reply.text}`);
      return reply?.type === 'Done';
    });
  }

  /** Exit status. */
  async end(isWaiting: boolean): Promise<number> {
    for (;;) {
      const { shutdown, isShuttingDown } = this.#state ?? {};
      if (isShuttingDown === false) {
        this.#say('the graceful shutdown was taken back by somebody else');
        return 1;
      }
      if (shutdown !== undefined) {
        const { isDrained, isPastDeadline, isForced } = shutdown;
        if (!isWaiting || (isDrained && !isPastDeadline)) return 0;
        // With force, what the deadline has cut off ends in a moment.
        if (isPastDeadline && (isDrained || !isForced)) return 1;
      }
      const isOver = await this.#until((reply) => reply?.type === 'ServerState');
      if (isOver) continue;
      // It was asked to end: what is gone is drained, or a mate goes on with it.
      if (!(await this.#comesBack())) {
        if (shutdown?.endsProcess === true && shutdown.isDrained) return 0;
        throw new CannotRun('The connection is lost, and no SIP Server of the site answers any more.');
      }
    }
  }

  close(): void {
    this.#link?.close();
  }

  async #comesBack(): Promise<boolean> {
    this.#say('the connection is lost; trying again');
    return this.#connect(Date.now() + AWAY_MAX_MS).then(
      () => true,
      () => false,
    );
  }

  /** False when the connection ends before. */
  #until(isIt: (reply: DeskReply | undefined) => boolean, timeoutMs?: number): Promise<boolean> {
    if (this.#isLost) return Promise.resolve(false);
    return new Promise((resolve, reject) => {
      const timer = timeoutMs === undefined ? undefined : setTimeout(() => resolve(false), timeoutMs);
      this.#heard = (reply) => {
        try {
          if (reply !== undefined && !isIt(reply)) return;
        } catch (error) {
          // The refusal, for the operator.
          clearTimeout(timer);
          return reject(error);
        }
        clearTimeout(timer);
        resolve(reply !== undefined);
      };
    });
  }

  async #connect(giveUpAt: number): Promise<void> {
    const { servers, token } = this.#access;
    for (;;) {
      const server = servers[this.#next++ % servers.length] as Address;
      this.#open(server, token);
      const isAdmitted = await this.#until((reply) => {
        if (reply?.type === 'Error') throw new CannotRun(`${reply.code}: ${reply.text}`);
        return reply?.type === 'ServerInfo';
      }, ANSWER_MAX_MS);
      if (isAdmitted) return;
      if (Date.now() > giveUpAt)
        throw new CannotRun(
          `No SIP Server of the site answers at ${servers.map(({ host, port }) => `${host}:${port}`).join(', ')}.`,
        );
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  #open(server: Address, token: string): void {
    this.#link?.close();
    this.#isLost = false;
    const link = connectLink<DeskRequest, DeskReply>({
      ...server,
      schema: deskReply,
      handlers: {
        opened: () => {
          const opening = { application: 'drain', session: this.#session, version: PROTOCOL_VERSION, token };
          link.send({ type: 'RegisterClient', ReferenceID: 1, ...opening, addpTimeoutMs: ADDP_TIMEOUT_MS });
        },
        message: (reply) => {
          if (this.#link !== link) return;
          if (reply.type === 'Ping') link.send({ type: 'Pong', n: reply.n });
          if (reply.type === 'ServerState') this.#show(reply);
          this.#heard(reply);
        },
        closed: () => {
          if (this.#link !== link) return;
          this.#isLost = true;
          this.#heard(undefined);
        },
      },
    });
    this.#link = link;
  }

  #show(state: State): void {
    this.#state = state;
    const { shutdown } = state;
    if (shutdown === undefined) return;
    if (!this.#isNamed) for (const line of stayingInWords(shutdown)) this.#say(line);
    this.#isNamed = true;
    const line = progressInWords(shutdown);
    if (line !== this.#lastLine) this.#say(line);
    this.#lastLine = line;
  }
}
