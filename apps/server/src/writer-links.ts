/**
 * From a Configuration Server to the one that writes in its place: an edit made here is done there (CX5). A connection is made with
 * the first edit, and kept until it is lost.
 */
import type { Configuration } from '@holdfast/centre';
import {
  type ConfigServerEffect,
  type ConfigServerInput,
  type ServerAddress,
  secretOfKeys,
} from '@holdfast/servers';
import { ConfigClient } from './config-client.ts';
import type { Log } from './log.ts';

export interface WriterLinksOptions {
  /** Name of the own Application. */
  readonly application: string;
  readonly log: Log;
  readonly serving: {
    readonly node: { readonly configuration: Configuration };
    input(input: ConfigServerInput): void;
  };
}

type PassOn = Extract<ConfigServerEffect, { type: 'passOn' }>;

export class WriterLinks {
  readonly #options: WriterLinksOptions;
  /** By `host:port`. */
  readonly #links = new Map<string, ConfigClient>();

  constructor(options: WriterLinksOptions) {
    this.#options = options;
  }

  pass({ id, to = '', request }: PassOn): void {
    const { serving } = this.#options;
    const address = addressOf(serving.node.configuration, to);
    if (address === undefined) {
      const why = `Application "${to}", which writes, has no Host or no port "default".`;
      return serving.input({ type: 'notPassedOn', id, wasSent: false, ageMs: 0, why });
    }
    this.#linkTo(address).pass(id, request);
  }

  #linkTo(address: ServerAddress): ConfigClient {
    const { application, log, serving } = this.#options;
    const key = `${address.host}:${address.port}`;
    const known = this.#links.get(key);
    if (known !== undefined) return known;
    const secret = secretOfKeys(serving.node.configuration.all('Keys')[0]);
    const link = new ConfigClient({
      ...{ application, servers: [address], onlyPasses: true, log },
      ...(secret === undefined ? {} : { secret }),
      onAnswer: (answer) => serving.input(answer),
      // By then somebody else may write. What waited for it is answered first.
      onLost: () =>
        queueMicrotask(() => {
          if (this.#links.get(key) === link) this.#links.delete(key);
          link.stop();
        }),
    });
    this.#links.set(key, link);
    link.start();
    return link;
  }

  stop(): void {
    for (const link of this.#links.values()) link.stop();
    this.#links.clear();
  }
}

function addressOf(configuration: Configuration, name: string): ServerAddress | undefined {
  const application = configuration.get('Application', name);
  const host = configuration.get('Host', application?.host ?? '')?.address;
  const port = application?.ports.default;
  return host === undefined || port === undefined ? undefined : { host, port };
}
