/**
 * Follows the log of one SIP Server, entry by entry, as a board does: who logs in and out, whose phone rings. A lost
 * connection is made anew and goes on where the former one ended (LG1), so that the entries of a site that hung come
 * too, each with the time that the server itself gave it.
 */
import {
  type DeskReply,
  type DeskRequest,
  deskReply,
  type EventMessage,
  type Position,
  PROTOCOL_VERSION,
} from '@holdfast/protocol';
import { connectLink, type LinkClient } from '@holdfast/shell';
import type { SiteSnapshot } from './site-observer.ts';

export interface SiteFollowerOptions {
  readonly site: string;
  readonly host: string;
  readonly port: number;
  readonly token: string;
}

const ADDP_TIMEOUT_MS = 5000;
const RECONNECT_PAUSE_MS = 100;
/** A scenario of 20 agents makes some hundred entries; more than this is no scenario that should be followed whole. */
const ENTRIES_MAX = 200_000;

export class SiteFollower {
  readonly site: string;
  readonly entries: EventMessage[] = [];
  /** Where it began: who was logged in then. */
  first: SiteSnapshot | undefined;
  /** Why the entries are not all of the log; undefined as long as they are. */
  gap: string | undefined;
  readonly #options: SiteFollowerOptions;
  readonly #session = `follower-${process.pid}-${Date.now()}`;
  #link: LinkClient<DeskRequest> | undefined;
  #position: Position | undefined;
  #reference = 1;
  /** The reference of the last question that was answered. */
  #answered = 0;
  #isStopped = false;

  constructor(options: SiteFollowerOptions) {
    this.#options = options;
    this.site = options.site;
    this.#connect();
  }

  #connect(): void {
    const { host, port, token } = this.#options;
    this.#link = connectLink<DeskRequest, DeskReply>({
      host,
      port,
      schema: deskReply,
      handlers: {
        opened: () => {
          this.#link?.send({
            type: 'RegisterClient',
            ReferenceID: 0,
            application: 'lab',
            session: this.#session,
            version: PROTOCOL_VERSION,
            token,
            ...(this.#position === undefined ? {} : { resume: this.#position }),
            addpTimeoutMs: ADDP_TIMEOUT_MS,
          });
        },
        message: (reply) => this.#take(reply),
        closed: () => {
          if (!this.#isStopped) setTimeout(() => this.#again(), RECONNECT_PAUSE_MS);
        },
      },
    });
  }

  #again(): void {
    if (!this.#isStopped) this.#connect();
  }

  #take(reply: DeskReply): void {
    switch (reply.type) {
      case 'ServerInfo':
        if (!reply.resumed && this.#position !== undefined)
          this.gap = `the log of ${this.site} could not be resumed after ${this.#position.number}`;
        if (!reply.resumed) this.#ask();
        return;
      case 'RegisteredAll':
        this.first ??= reply;
        this.#position ??= reply.position;
        this.#answered = reply.ReferenceID;
        return;
      case 'Event':
        return this.#keep(reply);
      case 'Ping':
        this.#link?.send({ type: 'Pong', n: reply.n });
        return;
      default:
    }
  }

  #keep(entry: EventMessage): void {
    if (this.#position !== undefined && entry.position.number !== this.#position.number + 1)
      this.gap = `${this.site} told ${entry.position.number} after ${this.#position.number}`;
    this.#position = entry.position;
    if (this.entries.length < ENTRIES_MAX) this.entries.push(entry);
    else this.gap = `more than ${ENTRIES_MAX} entries at ${this.site}`;
  }

  #ask(): void {
    this.#reference += 1;
    this.#link?.send({ type: 'RegisterAll', ReferenceID: this.#reference });
  }

  /** True when every entry until now has come: an answer to what is asked now comes after them. */
  async caughtUp(withinMs: number): Promise<boolean> {
    const giveUpAt = performance.now() + withinMs;
    this.#ask();
    const asked = this.#reference;
    while (this.#answered < asked) {
      if (performance.now() > giveUpAt) return false;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return true;
  }

  stop(): void {
    this.#isStopped = true;
    this.#link?.terminate();
  }
}
