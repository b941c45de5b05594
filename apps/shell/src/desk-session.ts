/**
 * A desk in a process: the node of `@holdfast/desk` on real connections, with one timer. It decides nothing. What
 * wakes it is what a site sends, what becomes of a connection, what the program asks for, and the node's next
 * deadline; what comes out is told to the program's listeners, in the order in which it happened.
 *
 * Where the bootstrap file comes from and where login epochs are kept is not its business: see `open-desk.ts`.
 */
import {
  type DeskCommand,
  type DeskEffect,
  type DeskInput,
  DeskNode,
  type DeskView,
  type Endpoint,
  type LinkKind,
  type LinkReply,
  type LinkRequest,
} from '@holdfast/desk';
import { configReply, deskReply, statReply } from '@holdfast/protocol';
import type { DeskListeners, DeskSession, DeskSessionOptions } from './desk-session-types.ts';
import type { MessageSchema } from './link.ts';
import { connectLink, type LinkClient } from './link-client.ts';
import { runNode } from './run-node.ts';

type EffectOf<Type extends DeskEffect['type']> = Extract<DeskEffect, { type: Type }>;

interface Line {
  readonly link: LinkClient<LinkRequest>;
  readonly server: Endpoint;
}

/** An open connection has this time to take the logout and to close; the links cut themselves earlier. */
const STOP_MAX_MS = 2_000;

const REPLIES: Readonly<Record<LinkKind, MessageSchema<LinkReply>>> = {
  telephony: deskReply,
  configuration: configReply,
  statistics: statReply,
};

export function startDesk(options: DeskSessionOptions): DeskSession {
  return new RunningDesk(options);
}

class RunningDesk implements DeskSession {
  readonly #options: DeskSessionOptions;
  readonly #node;
  readonly #lines = new Map<string, Line>();
  readonly #forgetClock: () => void;
  #listeners: DeskListeners;
  #view: DeskView | undefined;
  #whenClosed: (() => void) | undefined;
  #stopped: Promise<void> | undefined;

  constructor(options: DeskSessionOptions) {
    this.#options = options;
    this.#listeners = options.listeners;
    const { clock } = options;
    this.#node = runNode<DeskInput, DeskEffect>(new DeskNode({ random: options.random }), {
      now: () => clock.now(),
      perform: (effect) => this.#perform(effect),
    });
    // LL6: heard of while the clock is read, so that it comes before the input for which it was read.
    this.#forgetClock = clock.onJump(() => {
      this.#node.input({ type: 'clockJumped', wallOffset: clock.wallOffset() });
    });
    const { user, password, place, bootstrap, delivered, desk, firstLogin, addpTimeoutMs, memory } = options;
    // Whoever opens the desk has it in hand before its listeners hear the first word.
    setImmediate(() =>
      this.#node.input({
        type: 'start',
        user,
        password,
        ...(place === undefined ? {} : { place }),
        wallOffset: clock.wallOffset(),
        localData: {
          ...{ bootstrap, desk, firstLogin, addpTimeoutMs, epochStored: memory.epochStored },
          ...(delivered === undefined ? {} : { delivered }),
        },
      }),
    );
  }

  get view(): DeskView | undefined {
    return this.#view;
  }

  command(command: DeskCommand): void {
    this.#node.input(command);
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    this.#listeners = {};
    // A listener may ask for it: what the desk is doing in that turn is done first.
    await new Promise<void>((resolve) => setImmediate(resolve));
    this.#node.input({ type: 'stop' });
    this.#end();
    if (this.#lines.size === 0) return;
    await new Promise<void>((resolve) => {
      const cut = setTimeout(() => this.cut(), STOP_MAX_MS);
      this.#whenClosed = () => {
        clearTimeout(cut);
        resolve();
      };
    });
  }

  cut(): void {
    this.#end();
    for (const { link } of this.#lines.values()) link.terminate();
  }

  #end(): void {
    this.#listeners = {};
    this.#node.stop();
    this.#forgetClock();
  }

  #perform(effect: DeskEffect): void {
    const { memory } = this.#options;
    const listeners = this.#listeners;
    switch (effect.type) {
      case 'connect':
        return this.#connect(effect);
      case 'close':
        return this.#lines.get(effect.connection)?.link.close();
      case 'send':
        return this.#send(effect);
      case 'persist':
        return memory.storeLogin(effect.site, effect.epoch);
      case 'bootstrap':
        return memory.storeBootstrap(effect.bootstrap);
      case 'view':
        return this.#see(effect.view);
      case 'link':
        return tell(() => listeners.link?.(effect.link));
      case 'session':
        return tell(() => listeners.session?.({ name: effect.name, site: effect.site }));
      case 'calls':
        return tell(() => listeners.calls?.(effect.calls));
      case 'dn':
        return tell(() => listeners.dn?.(effect.event, { site: effect.site }));
      case 'answerPhone':
        return tell(() => listeners.answerPhone?.(effect.ConnID));
      case 'decision':
        return tell(() => listeners.decision?.(effect));
      case 'alarm':
        return tell(() => listeners.alarm?.(effect));
      case 'fact':
        return tell(() => listeners.fact?.(effect));
      case 'restartPhone':
        return tell(() => listeners.restartPhone?.(effect));
      case 'phoneSettings':
        return tell(() => listeners.phoneSettings?.(effect));
      case 'log':
        return tell(() => listeners.log?.(effect.line));
    }
  }

  #connect({ connection, host, port, kind }: EffectOf<'connect'>): void {
    const { tap } = this.#options;
    const server = { host, port };
    let isOpen = false;
    const link = connectLink<LinkRequest, LinkReply>({
      ...(tap?.through?.(server) ?? server),
      schema: REPLIES[kind],
      handlers: {
        opened: () => {
          isOpen = true;
          this.#node.input({ type: 'opened', connection });
        },
        message: (message) => {
          tap?.received?.(connection, server, message);
          this.#node.input({ type: 'message', connection, message });
        },
        closed: ({ text }) => {
          this.#lines.delete(connection);
          tap?.closed?.(connection);
          this.#node.input({ type: isOpen ? 'closed' : 'failed', connection, how: text });
          if (this.#lines.size === 0) this.#whenClosed?.();
        },
        malformed: (field, text) => {
          const detail = { server: `${host}:${port}`, field };
          tell(() =>
            this.#listeners.log?.({
              level: 'warn',
              what: 'malformed message of a server',
              because: text,
              detail,
            }),
          );
        },
      },
    });
    this.#lines.set(connection, { link, server });
  }

  #send({ connection, message }: EffectOf<'send'>): void {
    const line = this.#lines.get(connection);
    if (line === undefined) return;
    this.#options.tap?.sent?.(connection, line.server, message);
    line.link.send(message);
  }

  #see(view: DeskView): void {
    const before = this.#view;
    this.#view = view;
    tell(() => this.#listeners.view?.(view, before));
  }
}

/**
 * What a listener throws is a mistake of the program, and ends it like any other; the desk's turn, of which a logout
 * may be the rest, is not left half done for it.
 */
function tell(listener: () => void): void {
  try {
    listener();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
