/**
 * Clients of a Configuration Server within its own process. They speak to its node as those at its port do, and the node decides about
 * them as about all others. Each is a person's, from an address; nobody has to open it, and nobody polls it.
 */
import type { ConfigReply, ConfigRequest } from '@holdfast/protocol';
import type { ConfigServerInput } from '@holdfast/servers';

export interface InnerClientHandlers {
  message(message: ConfigReply): void;
  /** By the node, which says nothing more to it. */
  closed(why: string): void;
}

export interface InnerClient {
  say(message: ConfigRequest): void;
  /** Nothing more is heard of it. */
  end(): void;
}

/** `from`: the address of whoever speaks through it. */
export type Attach = (from: string, handlers: InnerClientHandlers) => InnerClient;

export class InnerClients {
  readonly #input: (input: ConfigServerInput) => void;
  readonly #open = new Map<string, InnerClientHandlers>();
  #count = 0;

  constructor(input: (input: ConfigServerInput) => void) {
    this.#input = input;
  }

  attach(from: string, handlers: InnerClientHandlers): InnerClient {
    this.#count += 1;
    const connection = `rest:${this.#count}`;
    this.#open.set(connection, handlers);
    this.#input({ type: 'opened', connection, from });
    return {
      say: (message) => this.#input({ type: 'message', connection, message }),
      end: () => {
        if (this.#open.delete(connection)) this.#input({ type: 'closed', connection });
      },
    };
  }

  /** False when that connection is none of these. */
  send(connection: string, message: ConfigReply): boolean {
    const handlers = this.#open.get(connection);
    handlers?.message(message);
    return handlers !== undefined;
  }

  /** False when that connection is none of these. */
  close(connection: string, why: string): boolean {
    const handlers = this.#open.get(connection);
    this.#open.delete(connection);
    handlers?.closed(why);
    return handlers !== undefined;
  }
}
