/**
 * The process of a Stat Server: reads its configuration, opens its port, connects to its SIP Server, and runs the
 * node that does the thinking.
 */
import {
  type DeskReply,
  type DeskRequest,
  deskReply,
  type StatReply,
  type StatRequest,
  statRequest,
} from '@holdfast/protocol';
import {
  readStatServerConfiguration,
  type ServerAddress,
  type StatServerEffect,
  type StatServerInput,
  StatServerNode,
} from '@holdfast/servers';
import {
  connectLink,
  cryptoRandom,
  type LinkClient,
  type LinkServer,
  ProcessClock,
  type RunningNode,
  runNode,
  startLinkServer,
} from '@holdfast/shell';
import type { Log } from './log.ts';
import { LogBudget } from './log-budget.ts';
import { CannotRun, type RoleOptions, type RunningRole } from './role.ts';
import { verifyPersonToken } from './tokens.ts';

/** Resolves when the port is open; the SIP Server may come later. */
export async function startStatServer(options: RoleOptions): Promise<RunningRole> {
  const { application, log, secret } = options;
  const read = readStatServerConfiguration(options.configuration, application);
  if (!read.ok) throw new CannotRun(read.text);
  let current = options.configuration;
  const clock = new ProcessClock();
  const strangers = new LogBudget(log);
  const links = await startLinkServer<StatRequest, StatReply>({
    ...read.listen,
    schema: statRequest,
    handlers: {
      opened: (connection) => running.input({ type: 'opened', connection }),
      message: (connection, message) => running.input({ type: 'message', connection, message }),
      closed: (connection) => running.input({ type: 'closed', connection }),
      trouble: (line, remote) => strangers.line(line, remote),
    },
  }).catch((error: Error) => {
    throw new CannotRun(error.message);
  });
  const node = new StatServerNode({
    configuration: read.configuration,
    random: cryptoRandom(),
    now: clock.now(),
    wallOffsetMs: clock.wallOffset(),
    verifyToken: (token, wall) => verifyPersonToken(token, wall, current),
    serverSecret: secret,
  });
  const sip = new SipLink((input) => running.input(input), log);
  const running: RunningNode<StatServerInput> = runNode(node, {
    now: () => clock.now(),
    perform: (effect) => perform(effect, { sip, links, log }),
  });
  clock.onJump(() => running.input({ type: 'clockJumped', wallOffsetMs: clock.wallOffset() }));
  options.subscribe((configuration) => {
    const next = readStatServerConfiguration(configuration, application);
    if (!next.ok) return log({ level: 'error', what: 'new configuration not taken', because: next.text });
    current = configuration;
    running.input({ type: 'configuration', configuration: next.configuration });
  });
  const { site } = read.configuration;
  log({ level: 'info', what: 'Stat Server ready', site, detail: { port: links.port } });
  return {
    ports: { default: links.port },
    stop: async () => {
      running.stop();
      strangers.stop();
      sip.stop();
      await links.stop();
    },
  };
}

interface Outside {
  readonly sip: SipLink;
  readonly links: LinkServer<StatReply>;
  readonly log: Log;
}

function perform(effect: StatServerEffect, { sip, links, log }: Outside): void {
  switch (effect.type) {
    case 'sipConnect':
      return sip.connect(effect.attempt, effect.server);
    case 'sipSend':
      return sip.send(effect.attempt, effect.message);
    case 'sipClose':
      return sip.close(effect.attempt, effect.why);
    case 'send':
      links.send(effect.connection, effect.message);
      return;
    case 'close':
      return links.close(effect.connection, effect.why);
    case 'log':
      return log(effect.line);
  }
}

/** The connection to the SIP Server: one attempt at a time, known by its number. */
class SipLink {
  readonly #input: (input: StatServerInput) => void;
  readonly #log: Log;
  #link: { readonly attempt: number; readonly client: LinkClient<DeskRequest> } | undefined;

  constructor(input: (input: StatServerInput) => void, log: Log) {
    this.#input = input;
    this.#log = log;
  }

  connect(attempt: number, { host, port }: ServerAddress): void {
    const client = connectLink<DeskRequest, DeskReply>({
      host,
      port,
      schema: deskReply,
      handlers: {
        opened: () => this.#input({ type: 'sipOpened', attempt }),
        message: (message) => this.#input({ type: 'sipMessage', attempt, message }),
        closed: ({ text }) => this.#input({ type: 'sipClosed', attempt, why: text }),
        malformed: (field, text) =>
          this.#log({
            level: 'warn',
            what: 'malformed message of the SIP Server',
            because: text,
            detail: { field },
          }),
      },
    });
    this.#link = { attempt, client };
  }

  send(attempt: number, message: DeskRequest): void {
    if (this.#link?.attempt === attempt) this.#link.client.send(message);
  }

  close(attempt: number, why: string): void {
    if (this.#link?.attempt === attempt) this.#link.client.close(why);
  }

  stop(): void {
    this.#link?.client.terminate();
  }
}
