/**
 * The SIP Server's numbered log of events: what happened on which DN, in one order for everybody. A client that
 * was away names the last position that it holds and gets the rest, as long as the log still has it; a position
 * is (epoch, number), so that a number of a former life of the server is never taken for one of this life (LG1).
 */
import type { EventAttributes, EventMessage, EventName, Position } from '@holdfast/protocol';

/** How many entries are kept: at 20 events a call and 100 calls a second about 50 s. Older ones cost a snapshot. */
export const LOG_ENTRIES_MAX = 100_000;

export interface LogEntry {
  readonly number: number;
  readonly dn: string;
  readonly message: EventMessage;
}

export class EventLog {
  readonly epoch: number;
  readonly #entriesMax: number;
  /** A ring: the entry with number n stands at n modulo the size. */
  readonly #ring: (LogEntry | undefined)[] = [];
  #last = 0;

  constructor(epoch: number, entriesMax: number = LOG_ENTRIES_MAX) {
    this.epoch = epoch;
    this.#entriesMax = entriesMax;
  }

  get position(): Position {
    return { epoch: this.epoch, number: this.#last };
  }

  append(event: { dn: string; name: EventName; attributes: EventAttributes; time: number }): LogEntry {
    this.#last += 1;
    const message: EventMessage = {
      type: 'Event',
      position: { epoch: this.epoch, number: this.#last },
      time: event.time,
      name: event.name,
      attributes: event.attributes,
    };
    const entry = { number: this.#last, dn: event.dn, message };
    this.#ring[this.#last % this.#entriesMax] = entry;
    return entry;
  }

  /** Whether every entry after `position` is still here. A position of the future is of no log of ours. */
  canResume(position: Position): boolean {
    if (position.epoch !== this.epoch || position.number > this.#last) return false;
    return position.number >= this.#last - this.#entriesMax;
  }

  /** The entries after `position` that `wanted` wants, in order. Ask `canResume` first. */
  *after(position: Position, wanted: (dn: string) => boolean): Generator<LogEntry> {
    for (let number = position.number + 1; number <= this.#last; number++) {
      const entry = this.#ring[number % this.#entriesMax];
      if (entry !== undefined && entry.number === number && wanted(entry.dn)) yield entry;
    }
  }
}
