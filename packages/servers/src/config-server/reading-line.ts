/**
 * Who is sent the whole configuration at once, and who waits for that: each connection at most once.
 */
import type { Millis } from '@holdfast/kernel';
import type { ConfigRequest } from '@holdfast/protocol';

/** Whoever has not said by then that it has read everything no longer keeps others waiting. */
export const READ_MAX_MS = 30_000;

export interface FullRead {
  readonly connection: string;
  readonly message: Extract<ConfigRequest, { type: 'ReadAll' }>;
}

export class ReadingLine {
  /** Connection → until when it may keep others waiting, the earliest first. */
  readonly #reading = new Map<string, Millis>();
  readonly #waiting = new Map<string, FullRead>();

  /** False: this connection waits already. */
  add(read: FullRead): boolean {
    if (this.#waiting.has(read.connection)) return false;
    this.#waiting.set(read.connection, read);
    return true;
  }

  /** Whose turn it is; asked until there is none. `max` 0: everybody's. */
  takeNext(now: Millis, max: number): FullRead | undefined {
    const [next] = this.#waiting.values();
    if (next === undefined || (max > 0 && this.#reading.size >= max)) return undefined;
    this.#waiting.delete(next.connection);
    if (max > 0) {
      this.#reading.delete(next.connection);
      this.#reading.set(next.connection, now + READ_MAX_MS);
    }
    return next;
  }

  isReading(connection: string): boolean {
    return this.#reading.has(connection);
  }

  /** It has read everything. */
  hasRead(connection: string): void {
    this.#reading.delete(connection);
  }

  gone(connection: string): void {
    this.#reading.delete(connection);
    this.#waiting.delete(connection);
  }

  nextDeadline(): Millis | undefined {
    const [earliest] = this.#reading.values();
    return earliest;
  }

  expire(now: Millis): void {
    for (const [connection, until] of this.#reading) if (until <= now) this.#reading.delete(connection);
  }
}
