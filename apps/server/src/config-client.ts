/**
 * How a server process reads its configuration and stays at it: the shell of the follower node. It tells each
 * revision, the first one as soon as any Configuration Server has given it.
 */
import type { Configuration } from '@holdfast/centre';
import { type ConfigReply, type ConfigRequest, configReply } from '@holdfast/protocol';
import {
  type ConfigFollowerEffect,
  type ConfigFollowerInput,
  ConfigFollowerNode,
  type EditingRequest,
  type HeldLines,
  type ServerAddress,
  type ServerSecret,
} from '@holdfast/servers';
import { cryptoRandom, ProcessClock, type RunningNode, runNode } from '@holdfast/shell';
import { nodeHashes } from './crypto.ts';
import type { Log } from './log.ts';
import { CannotRun } from './role.ts';
import { CONFIGURATION_BYTES_MAX, ServerLink } from './server-link.ts';

export interface ConfigClientOptions {
  readonly application: string;
  /** What a server shows that it holds (LK1); see Keys. */
  readonly secret?: ServerSecret;
  /** In the order in which they are tried: the own site's first. */
  readonly servers: readonly ServerAddress[];
  /** See `ConfigFollowerOptions`. */
  readonly onlyPasses?: boolean;
  readonly held?: Configuration | undefined;
  readonly log: Log;
  /** With what it came from, unless everything was read anew. */
  onConfiguration?(
    configuration: Configuration,
    news: Pick<ConfigurationEffect, 'changes' | 'entries'>,
  ): void;
  /** Of a proxy: what it has kept of the lines that it has followed (CW4). */
  readonly kept?: HeldLines | undefined;
  /** What is to be kept of them is another. */
  onHandedBack?(): void;
  /** Of a proxy: what came of an edit that it has passed on. */
  onAnswer?(answer: Extract<ConfigFollowerEffect, { type: 'passedOn' | 'notPassedOn' }>): void;
  /** A server will not serve this application. The next one is tried all the same. */
  onRefused?(server: ServerAddress, code: string, text: string): void;
  /** A server does not answer, or no longer. */
  onLost?(server: ServerAddress, why: string): void;
}

type ConfigurationEffect = Extract<ConfigFollowerEffect, { type: 'configuration' }>;

export class ConfigClient {
  readonly #options: ConfigClientOptions;
  readonly #clock = new ProcessClock();
  #node: ConfigFollowerNode | undefined;
  #running: RunningNode<ConfigFollowerInput> | undefined;
  #configuration: Configuration | undefined;
  readonly #link: ServerLink<ConfigRequest, ConfigReply>;

  constructor(options: ConfigClientOptions) {
    this.#options = options;
    const input = (heard: ConfigFollowerInput) => this.#running?.input(heard);
    this.#link = new ServerLink({
      ...{ schema: configReply, replyBytesMax: CONFIGURATION_BYTES_MAX },
      opened: (attempt) => input({ type: 'opened', attempt }),
      message: (attempt, message) => input({ type: 'message', attempt, message }),
      closed: (attempt, why) => {
        this.#tellLost(attempt, why);
        input({ type: 'closed', attempt, why });
      },
      malformed: (field, because) =>
        options.log({
          level: 'warn',
          what: 'malformed message of the configuration server',
          because,
          detail: { field },
        }),
    });
  }

  start(): void {
    const { application, secret, servers, onlyPasses = false, held, kept } = this.#options;
    this.#node = new ConfigFollowerNode({
      ...{ application, servers, onlyPasses, held, kept },
      now: this.#clock.now(),
      random: cryptoRandom(),
      hashes: nodeHashes,
      ...(secret === undefined ? {} : { secret }),
    });
    this.#running = runNode<ConfigFollowerInput, ConfigFollowerEffect>(this.#node, {
      now: () => this.#clock.now(),
      perform: (effect) => this.#perform(effect),
    });
  }

  /** Whom it follows now, and when a Configuration Server last gave a sign; by the clock of processes. */
  get followed(): ConfigFollowerNode['followed'] {
    return this.#node?.followed ?? { server: undefined, heardAt: this.#clock.now() };
  }

  /** As it was last read. */
  get configuration(): Configuration | undefined {
    return this.#configuration;
  }

  get kept(): HeldLines | undefined {
    return this.#node?.kept;
  }

  /** An edit, for the Configuration Server that is followed. */
  pass(id: number, request: EditingRequest): void {
    this.#running?.input({ type: 'pass', id, request });
  }

  stop(): void {
    this.#running?.stop();
    this.#link.stop();
  }

  #perform(effect: ConfigFollowerEffect): void {
    switch (effect.type) {
      case 'connect':
        return this.#link.connect(effect.attempt, effect.server);
      case 'send':
        return this.#link.send(effect.attempt, effect.message);
      case 'close':
        this.#link.close(effect.attempt, effect.why);
        return this.#tellLost(effect.attempt, effect.why);
      case 'configuration':
        this.#configuration = effect.configuration;
        return this.#options.onConfiguration?.(effect.configuration, effect);
      case 'passedOn':
      case 'notPassedOn':
        return this.#options.onAnswer?.(effect);
      case 'handedBack':
        return this.#options.onHandedBack?.();
      case 'refused': {
        const { server, code, text } = effect;
        return this.#options.onRefused?.(server, code, text);
      }
      case 'log':
        return this.#options.log(effect.line);
    }
  }

  #tellLost(attempt: number, why: string): void {
    const server = this.#link.serverOf(attempt);
    if (server !== undefined) this.#options.onLost?.(server, why);
  }
}

/** Refusals that a person must mend: a wrong name or secret does not mend itself. */
const FINAL_CODES = new Set(['unknown-application', 'not-allowed']);

export interface FollowedConfiguration {
  /** As it was read at the start. */
  readonly configuration: Configuration;
  /** Called with each later revision. */
  subscribe(listener: (configuration: Configuration) => void): void;
  stop(): void;
}

/**
 * Resolves with the first revision. Waits as long as no Configuration Server answers. Rejects when one of them has refused
 * this application for good and the others refuse it too or do not answer: whoever started the process has to know, and a
 * supervisor starts it again, with pauses and up to restarts-max, should the configuration have been mended meanwhile.
 */
export function followConfiguration(
  options: Pick<ConfigClientOptions, 'application' | 'secret' | 'servers' | 'log'>,
): Promise<FollowedConfiguration> {
  const listeners: ((configuration: Configuration) => void)[] = [];
  /** What each server said, or why it says nothing. */
  const answers = new Map<ServerAddress, string>();
  let isRefused = false;
  let newest: Configuration | undefined;
  return new Promise((resolve, reject) => {
    const answered = (server: ServerAddress, answer: string) => {
      answers.set(server, answer);
      if (newest !== undefined || !isRefused || answers.size < options.servers.length) return;
      client.stop();
      const told = [...answers].map(([{ host, port }, text]) => `${host}:${port}: ${text}`);
      reject(new CannotRun(`Application "${options.application}" cannot run.\n${told.join('\n')}`));
    };
    const client = new ConfigClient({
      ...options,
      onConfiguration(configuration) {
        const { revision } = configuration;
        options.log({ level: 'info', what: 'configuration read', detail: { revision } });
        const isFirst = newest === undefined;
        newest = configuration;
        if (!isFirst) {
          for (const listener of listeners) listener(configuration);
          return;
        }
        resolve({
          configuration,
          subscribe(listener) {
            listeners.push(listener);
            // What came while the role was starting must not be missed.
            if (newest !== undefined && newest !== configuration) listener(newest);
          },
          stop: () => client.stop(),
        });
      },
      onRefused(server, code, text) {
        if (!FINAL_CODES.has(code)) return;
        isRefused = true;
        answered(server, text);
      },
      onLost(server, why) {
        // The end of the connection says less than the refusal before it.
        answered(server, answers.get(server) ?? `no answer (${why})`);
      },
    });
    client.start();
  });
}
