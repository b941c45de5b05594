/**
 * What a desk does with the configuration, in a few lines on a real WebSocket: it opens, logs its person in when it is told to, again
 * where it is asked to come later, and besides only answers pings and tells what it hears. For tests and benches that need hundreds;
 * that what it is sent is well formed, others judge.
 */
import { DESK_APPLICATION } from '@holdfast/centre';
import { type ConfigReply, type ConfigRequest, PROTOCOL_VERSION } from '@holdfast/protocol';
import { connectLink, type LinkClient, type MessageSchema } from '@holdfast/shell';

export type LoggedIn = Extract<ConfigReply, { type: 'LoggedIn' }>;
/** By one of the two. */
export type LeanEntry = { readonly password: string } | { readonly token: string };

export interface LeanConfigDeskOptions {
  readonly port: number;
  readonly user: string;
  /** What comes unasked. */
  heard?(reply: ConfigReply): void;
}

export interface LeanConfigDesk {
  readonly user: string;
  /** How often it was asked to come later. */
  readonly askedToWait: number;
  /** Rejects with what the server said. To be called once. */
  logIn(entry: LeanEntry): Promise<LoggedIn>;
  /** From now on it hears of its own Person, and with it of every revision. */
  subscribe(): void;
  close(): void;
}

/** Long enough that nobody asks whether the line lives. */
const ADDP_TIMEOUT_MS = 600_000;
const LOG_IN = 2;
const AT_ONCE = 25;
/** A machine that starts other things meanwhile takes its time. */
const OPEN_MAX_MS = 60_000;

const anyReply: MessageSchema<ConfigReply> = {
  safeParse: (value) => ({ success: true, data: value as ConfigReply }),
};

/** Resolves when it is open there. */
export function openLeanConfigDesk(options: LeanConfigDeskOptions): Promise<LeanConfigDesk> {
  return new Promise((resolve, reject) => {
    const desk = new Desk(options, () => resolve(desk), reject);
  });
}

/** All of them, so many at a time. */
export async function openLeanConfigDesks(all: readonly LeanConfigDeskOptions[]): Promise<LeanConfigDesk[]> {
  const desks: LeanConfigDesk[] = [];
  for (let from = 0; from < all.length; from += AT_ONCE)
    desks.push(...(await Promise.all(all.slice(from, from + AT_ONCE).map(openLeanConfigDesk))));
  return desks;
}

class Desk implements LeanConfigDesk {
  readonly user: string;
  askedToWait = 0;
  readonly #options: LeanConfigDeskOptions;
  readonly #link: LinkClient<ConfigRequest>;
  readonly #opened: () => void;
  #entry: LeanEntry = { token: '' };
  #isClosed = false;
  #loggedIn: (reply: LoggedIn) => void = () => {};
  #refused: (error: Error) => void;

  constructor(options: LeanConfigDeskOptions, opened: () => void, refused: (error: Error) => void) {
    this.user = options.user;
    this.#options = options;
    this.#opened = opened;
    this.#refused = refused;
    this.#link = connectLink<ConfigRequest, ConfigReply>({
      ...{ host: '127.0.0.1', port: options.port, schema: anyReply, connectMaxMs: OPEN_MAX_MS },
      handlers: {
        opened: () => this.#open(),
        message: (reply) => this.#heard(reply),
        closed: ({ text }) => this.#fail(`the link has ended: ${text}`),
      },
    });
  }

  logIn(entry: LeanEntry): Promise<LoggedIn> {
    this.#entry = entry;
    return new Promise((resolve, reject) => {
      this.#loggedIn = resolve;
      this.#refused = reject;
      this.#ask();
    });
  }

  subscribe(): void {
    const what = { objectType: 'Person', name: this.user, subscribe: true, onlyChanges: true };
    this.#link.send({ type: 'Read', ReferenceID: LOG_IN + 1, ...what });
  }

  close(): void {
    this.#isClosed = true;
    this.#link.close();
  }

  #open(): void {
    const opening = {
      application: DESK_APPLICATION,
      version: PROTOCOL_VERSION,
      addpTimeoutMs: ADDP_TIMEOUT_MS,
    };
    this.#link.send({ type: 'Open', ReferenceID: 1, ...opening });
  }

  #ask(): void {
    if (this.#isClosed) return;
    const { user } = this;
    const asked =
      'token' in this.#entry
        ? { type: 'LogInByToken' as const, token: this.#entry.token }
        : { type: 'LogIn' as const, user, password: this.#entry.password };
    this.#link.send({ ...asked, ReferenceID: LOG_IN });
  }

  #heard(reply: ConfigReply): void {
    switch (reply.type) {
      case 'Opened':
        return this.#opened();
      case 'Ping':
        return void this.#link.send({ type: 'Pong', n: reply.n });
      case 'LoggedIn':
        return this.#loggedIn(reply);
      case 'Error':
        if (reply.retryAfterMs === undefined) return this.#fail(`${reply.code}: ${reply.text}`);
        this.askedToWait += 1;
        return void setTimeout(() => this.#ask(), reply.retryAfterMs);
      default:
        return this.#options.heard?.(reply);
    }
  }

  #fail(why: string): void {
    this.#refused(new Error(`${this.user}: ${why}`));
  }
}
