/** The connection of a server to another one: one attempt at a time, known by the number that its node has given it. */
import type { ServerAddress } from '@holdfast/servers';
import { connectLink, type LinkClient, type MessageSchema } from '@holdfast/shell';

/** What has changed at the other site while the link was away comes in one message. */
const REPLY_BYTES_MAX = 32 * 1024 * 1024;
/** A whole configuration, or an import of one with what was there before. */
export const CONFIGURATION_BYTES_MAX = 512 * 1024 * 1024;

export interface ServerLinkPorts<Reply> {
  readonly schema: MessageSchema<Reply>;
  readonly replyBytesMax?: number;
  opened(attempt: number): void;
  message(attempt: number, message: Reply): void;
  closed(attempt: number, why: string): void;
  malformed(field: string, text: string): void;
}

export class ServerLink<Request, Reply> {
  readonly #ports: ServerLinkPorts<Reply>;
  #present:
    | { readonly attempt: number; readonly server: ServerAddress; readonly client: LinkClient<Request> }
    | undefined;

  constructor(ports: ServerLinkPorts<Reply>) {
    this.#ports = ports;
  }

  connect(attempt: number, server: ServerAddress): void {
    const { host, port } = server;
    const { schema, replyBytesMax = REPLY_BYTES_MAX, opened, message, closed, malformed } = this.#ports;
    const client = connectLink<Request, Reply>({
      ...{ host, port, schema, replyBytesMax },
      handlers: {
        opened: () => opened(attempt),
        message: (heard) => message(attempt, heard),
        closed: ({ text }) => closed(attempt, text),
        malformed,
      },
    });
    this.#present = { attempt, server, client };
  }

  /** Undefined for a former attempt. */
  serverOf(attempt: number): ServerAddress | undefined {
    return this.#present?.attempt === attempt ? this.#present.server : undefined;
  }

  send(attempt: number, message: Request): void {
    if (this.#present?.attempt === attempt) this.#present.client.send(message);
  }

  close(attempt: number, why: string): void {
    if (this.#present?.attempt === attempt) this.#present.client.close(why);
  }

  stop(): void {
    this.#present?.client.terminate();
  }
}
