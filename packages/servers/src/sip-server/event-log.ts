/**
 * The SIP Server's numbered log of events: what happened on which DN, in one order for everybody. A client that
 * was away names the last position that it holds and gets the rest, as long as the log still has it; a position
 * is (epoch, number), so that a number of a former life of the server is never taken for one of this life (LG1).
 *
 * A standby that takes over goes on with the numbers in an epoch of its own. Whoever holds a position of the epoch
 * before gets the rest, unless it holds more than the standby had when it took over: that has not happened.
 */
import type { EventMessage, Position } from '@holdfast/protocol';

/** How many entries are kept: at 20 events a call and 100 calls a second about 50 s. Older ones cost a snapshot. */
export const LOG_ENTRIES_MAX = 100_000;
/** Takeovers whose clients may still come back: a client that has missed more takes a snapshot. */
const BRANCHES_MAX = 8;

export interface LogEntry {
  readonly number: number;
  readonly dn: string;
  readonly message: EventMessage;
}

/** What a log goes on from: the last position of each epoch before, the newest last, and what is known of them. */
export interface LogBranch {
  readonly positions: readonly Position[];
  readonly entries: Iterable<LogEntry>;
}

export class EventLog {
  readonly epoch: number;
  readonly #entriesMax: number;
  /** A ring: the entry with number n stands at n modulo the size. */
  readonly #ring: (LogEntry | undefined)[] = [];
  /** The last position of each epoch before ours, the newest last. */
  #branches: readonly Position[] = [];
  /** The number after which our epoch begins. */
  #from = 0;
  #last = 0;

  constructor(epoch: number, entriesMax: number = LOG_ENTRIES_MAX) {
    this.epoch = epoch;
    this.#entriesMax = entriesMax;
  }

  get position(): Position {
    return { epoch: this.epoch, number: this.#last };
  }

  /** The last position of each epoch up to now: where a standby branches from if it takes over (LG1). */
  get positions(): readonly Position[] {
    return [...this.#branches, this.position];
  }

  /** The newest entries, the oldest of them first. */
  *tail(count: number): Generator<LogEntry> {
    yield* this.after({ number: Math.max(0, this.#last - Math.min(count, this.#entriesMax)) }, () => true);
  }

  /** Goes on from there, before anything is appended. */
  branch({ positions, entries }: LogBranch): void {
    this.#branches = positions.slice(-BRANCHES_MAX);
    this.#from = this.#branches.at(-1)?.number ?? 0;
    this.#last = this.#from;
    for (const entry of entries) if (entry.number <= this.#last) this.#keep(entry);
  }

  append(event: Pick<EventMessage, 'name' | 'attributes' | 'time'> & { dn: string }): LogEntry {
    this.#last += 1;
    const message: EventMessage = {
      type: 'Event',
      position: { epoch: this.epoch, number: this.#last },
      time: event.time,
      name: event.name,
      attributes: event.attributes,
    };
    const entry = { number: this.#last, dn: event.dn, message };
    this.#keep(entry);
    return entry;
  }

  #keep(entry: LogEntry): void {
    this.#ring[entry.number % this.#entriesMax] = entry;
  }

  /** Whether every entry after `position` is still here. A position of the future is of no log of ours. */
  canResume({ epoch, number }: Position): boolean {
    const isOurs = epoch === this.epoch && number >= this.#from && number <= this.#last;
    const isBefore = this.#branches.some((last) => last.epoch === epoch && number <= last.number);
    if (!isOurs && !isBefore) return false;
    return number === this.#last || this.#ring[(number + 1) % this.#entriesMax]?.number === number + 1;
  }

  /** The entries after `position` that `wanted` wants, in order. Ask `canResume` first. */
  *after(position: Pick<Position, 'number'>, wanted: (dn: string) => boolean): Generator<LogEntry> {
    for (let number = position.number + 1; number <= this.#last; number++) {
      const entry = this.#ring[number % this.#entriesMax];
      if (entry !== undefined && entry.number === number && wanted(entry.dn)) yield entry;
    }
  }
}
