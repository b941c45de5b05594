/**
 * The page's connection to the lab: a WebSocket at /board of the page's own origin, opened again by itself for
 * ever. It holds the state of the board and tells whoever draws it. This file and main.tsx are all of the page
 * that knows sockets and clocks.
 */
import type { BoardCommand, SiteCommand } from '@holdfast/protocol';
import { type BoardEvent, type BoardState, boardStep, INITIAL_BOARD } from './state/board.ts';
import { reconnectDelayMs } from './state/reconnect.ts';

const TICK_MS = 250;

export class BoardLink {
  #state: BoardState = INITIAL_BOARD;
  #socket: WebSocket | undefined;
  readonly #url: string;
  readonly #listeners = new Set<() => void>();

  constructor(url: string) {
    this.#url = url;
    this.#open();
    setInterval(() => this.#step({ type: 'ticked' }), TICK_MS);
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly read = (): BoardState => this.#state;

  readonly press = (command: SiteCommand): void => {
    if (this.#send(command)) this.#step({ type: 'pressed', site: command.site, command: command.type });
  };

  /** Opens the details of an agent, or closes them. */
  readonly select = (agent: string | null): void => {
    this.#step({ type: 'selected', agent });
    this.#askTimeline();
  };

  readonly dismiss = (id: number): void => this.#step({ type: 'dismissed', id });

  #send(command: BoardCommand): boolean {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(command));
    return true;
  }

  /** Again after each reconnection: what was decided meanwhile was told to nobody. */
  #askTimeline(): void {
    const { opened } = this.#state;
    if (opened !== null) this.#send({ type: 'timeline', agent: opened.agent });
  }

  #open(): void {
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    socket.onopen = () => {
      this.#step({ type: 'opened' });
      this.#askTimeline();
    };
    socket.onmessage = ({ data }) => {
      if (typeof data === 'string') this.#step({ type: 'received', text: data });
    };
    // An error is always followed by a close.
    socket.onclose = () => {
      const failures = this.#state.link.name === 'lost' ? this.#state.link.attempt + 1 : 1;
      const delayMs = reconnectDelayMs(failures);
      this.#step({ type: 'lost', retryAt: Date.now() + delayMs });
      setTimeout(() => this.#open(), delayMs);
    };
  }

  #step(event: BoardEvent): void {
    const next = boardStep(this.#state, event, Date.now());
    if (next === this.#state) return;
    this.#state = next;
    for (const listener of this.#listeners) listener();
  }
}

export function boardUrl(location: { readonly protocol: string; readonly host: string }): string {
  return `${location.protocol === 'https:' ? 'wss:' : 'ws:'}//${location.host}/board`;
}
