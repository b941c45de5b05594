/**
 * Whether the clients are still there (ADDP): who has opened a connection says who it is within a moment, and who
 * is silent for its own time-out is asked, and given up after as much again.
 */
import {
  freshLink,
  HEARD,
  type LinkHealth,
  type LinkHealthEvent,
  type LinkHealthOptions,
  linkDeadline,
  stepLink,
} from '@holdfast/continuity';
import { Deadlines, type Millis } from '@holdfast/kernel';

/** A connection that says nothing for so long is no client of ours. */
export const GREETING_MAX_MS = 10_000;

export interface ClientHealthPorts {
  /** The message that has to come first. */
  readonly greeting: string;
  ping(connection: string, n: number): void;
  /** The connection is to be closed; it is forgotten here already. */
  lost(connection: string, why: string, now: Millis): void;
}

interface Link {
  state: LinkHealth;
  readonly options: LinkHealthOptions;
}

export class ClientHealth {
  readonly #ports: ClientHealthPorts;
  readonly #links = new Map<string, Link>();
  readonly #deadlines = new Deadlines<string>();

  constructor(ports: ClientHealthPorts) {
    this.#ports = ports;
  }

  get size(): number {
    return this.#deadlines.size;
  }

  opened(now: Millis, connection: string): void {
    this.#deadlines.set(connection, now + GREETING_MAX_MS);
  }

  /** The greeting came, also a second one on the same connection. */
  greeted(
    now: Millis,
    connection: string,
    addp: { readonly timeoutMs: Millis; readonly application: string },
  ): void {
    const { timeoutMs, application } = addp;
    const option = { name: 'addp-timeout', value: `${timeoutMs} ms`, source: application };
    const link = { state: freshLink(now), options: { timeoutMs: { value: timeoutMs, option } } };
    this.#links.set(connection, link);
    this.#deadlines.set(connection, now + timeoutMs);
  }

  heard(now: Millis, connection: string): void {
    this.#step(now, connection, HEARD);
  }

  closed(connection: string): void {
    this.#links.delete(connection);
    this.#deadlines.clear(connection);
  }

  nextDeadline(): Millis | undefined {
    return this.#deadlines.next();
  }

  expire(now: Millis): void {
    for (let name = this.#deadlines.takeDue(now); name !== undefined; name = this.#deadlines.takeDue(now)) {
      if (this.#links.has(name)) this.#step(now, name, { type: 'expire' });
      else this.#ports.lost(name, `No ${this.#ports.greeting} came within ${GREETING_MAX_MS} ms.`, now);
    }
  }

  #step(now: Millis, connection: string, event: LinkHealthEvent): void {
    const link = this.#links.get(connection);
    if (link === undefined) return;
    const { state, effects } = stepLink(link.state, event, link.options, now);
    link.state = state;
    for (const effect of effects) {
      if (effect.type === 'sendPing') this.#ports.ping(connection, effect.n);
      else {
        this.closed(connection);
        return this.#ports.lost(connection, effect.because.text, now);
      }
    }
    const at = linkDeadline(state, link.options);
    if (at !== undefined) this.#deadlines.set(connection, at);
  }
}
