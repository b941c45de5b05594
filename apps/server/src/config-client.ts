/**
 * How a server process reads its configuration and stays at it: the shell of the follower node. The first
 * revision is waited for; later ones are told to whoever subscribes.
 */
import { type Configuration, makeConfiguration } from '@holdfast/centre';
import { type ConfigReply, type ConfigRequest, configReply } from '@holdfast/protocol';
import {
  type ConfigFollowerEffect,
  type ConfigFollowerInput,
  ConfigFollowerNode,
  type ServerAddress,
} from '@holdfast/servers';
import { nodeHashes } from './crypto.ts';
import { ProcessClock } from './io/clock.ts';
import { connectLink, type LinkClient } from './io/link-client.ts';
import { cryptoRandom } from './io/random.ts';
import { runNode } from './io/run-node.ts';
import type { Log } from './log.ts';
import { CannotRun } from './role.ts';

export interface ConfigClientOptions {
  readonly application: string;
  readonly secret?: string;
  readonly servers: readonly ServerAddress[];
  readonly log: Log;
}

export interface ConfigClient {
  readonly configuration: Configuration;
  subscribe(listener: (configuration: Configuration) => void): void;
  stop(): void;
}

/** Refusals that a person must mend: a wrong name or secret does not mend itself. */
const FINAL_CODES = new Set(['unknown-application', 'not-allowed']);

/** Resolves with the first revision. Rejects when every server refuses this application. */
export function followConfiguration({
  application,
  secret,
  servers,
  log,
}: ConfigClientOptions): Promise<ConfigClient> {
  const clock = new ProcessClock();
  const now = clock.now();
  const random = cryptoRandom();
  const node = new ConfigFollowerNode({
    application,
    servers,
    now,
    random,
    ...(secret === undefined ? {} : { secret }),
  });
  const listeners: ((configuration: Configuration) => void)[] = [];
  let link: { readonly attempt: number; readonly client: LinkClient<ConfigRequest> } | undefined;
  let current: Configuration | undefined;
  return new Promise((resolve, reject) => {
    const refusedBy = new Set<string>();
    const running = runNode<ConfigFollowerInput, ConfigFollowerEffect>(node, {
      now: () => clock.now(),
      perform,
    });

    function perform(effect: ConfigFollowerEffect): void {
      switch (effect.type) {
        case 'connect':
          return connect(effect.attempt, effect.server);
        case 'send':
          if (link?.attempt === effect.attempt) link.client.send(effect.message);
          return;
        case 'close':
          if (link?.attempt === effect.attempt) link.client.close(effect.why);
          return;
        case 'configuration':
          return configured(makeConfiguration(effect.objects, nodeHashes.sha256), effect.revision);
        case 'refused':
          return refused(effect);
        case 'log':
          return log(effect.line);
      }
    }

    function connect(attempt: number, server: ServerAddress): void {
      const client = connectLink<ConfigRequest, ConfigReply>({
        host: server.host,
        port: server.port,
        schema: configReply,
        handlers: {
          opened: () => running.input({ type: 'opened', attempt }),
          message: (message) => running.input({ type: 'message', attempt, message }),
          closed: ({ text }) => running.input({ type: 'closed', attempt, why: text }),
        },
      });
      link = { attempt, client };
    }

    /** The server's revision is shown: ours would differ, because secrets that we may not see are left out. */
    function configured(configuration: Configuration, revision: string): void {
      const isFirst = current === undefined;
      current = { ...configuration, revision };
      log({
        level: 'info',
        what: isFirst ? 'configuration read' : 'configuration changed',
        detail: { revision },
      });
      if (!isFirst) {
        for (const listener of listeners) listener(current);
        return;
      }
      resolve({
        configuration: current,
        subscribe: (listener) => listeners.push(listener),
        stop() {
          running.stop();
          link?.client.terminate();
        },
      });
    }

    function refused({ server, code, text }: Extract<ConfigFollowerEffect, { type: 'refused' }>): void {
      log({ level: 'error', what: 'configuration server refused', because: text, detail: { code } });
      if (!FINAL_CODES.has(code) || current !== undefined) return;
      refusedBy.add(`${server.host}:${server.port}`);
      if (refusedBy.size < servers.length) return;
      running.stop();
      link?.client.terminate();
      reject(new CannotRun(text));
    }
  });
}
