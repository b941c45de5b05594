/**
 * Records, newest events and position of one log, as far as it has come: put away, not thought about. Instants are the
 * writer's, and become ours by the distance between the two clocks (LG5).
 */
import type { HeldRecord, Millis, Plain } from '@holdfast/kernel';
import type { EventMessage, MirrorMessage, Position } from '@holdfast/protocol';
import type { LogEntry } from '../sip-server/event-log.ts';
import { EVENTS_MIRRORED } from '../sip-server/site-changes.ts';
import { MirrorDigest } from './mirror-digest.ts';

export type Snapshot = Extract<MirrorMessage, { type: 'snapshot' }>;
export type Entry = Extract<MirrorMessage, { type: 'entry' }>;

export class HeldLog {
  readonly epoch: number;
  readonly #records = new Map<string, { readonly value: Plain; readonly writtenAt: Millis }>();
  readonly #digest = new MirrorDigest();
  /** By number; the oldest are dropped. */
  #events: LogEntry[] = [];
  #positions: readonly Position[];
  #apart: Millis = Number.POSITIVE_INFINITY;
  #number = 0;

  constructor({ epoch, positions }: Pick<Snapshot, 'epoch' | 'positions'>) {
    this.epoch = epoch;
    this.#positions = positions;
  }

  get number(): number {
    return this.#number;
  }

  get size(): number {
    return this.#records.size;
  }

  get events(): readonly LogEntry[] {
    return this.#events;
  }

  get positions(): readonly Position[] {
    return this.#positions;
  }

  get digest(): number {
    return this.#digest.value;
  }

  /** A new link: the distance of the clocks is measured anew. */
  linked(): void {
    this.#apart = Number.POSITIVE_INFINITY;
  }

  part(now: Millis, part: Snapshot): void {
    this.#number = part.number;
    this.#take(now, part);
  }

  /** It goes on from what is held here. */
  fits({ epoch, from }: Entry): boolean {
    return epoch === this.epoch && from === this.#number;
  }

  entry(now: Millis, entry: Entry): void {
    this.#number = entry.number;
    this.#take(now, entry);
    this.gone(entry.gone);
    this.#positions = [
      ...this.#positions.filter(({ epoch }) => epoch !== entry.position.epoch),
      entry.position,
    ];
  }

  gone(keys: readonly string[]): void {
    for (const key of keys) {
      this.#records.delete(key);
      this.#digest.gone(key);
    }
  }

  #take(now: Millis, { put, events, now: writtenAt }: Snapshot | Entry): void {
    this.#apart = Math.min(this.#apart, now - writtenAt);
    for (const [key, value, number] of put) {
      this.#records.set(key, { value: value as Plain, writtenAt });
      this.#digest.put(key, number);
    }
    for (const event of events) this.#keep({ ...event, message: event.message as EventMessage });
    if (this.#events.length > 2 * EVENTS_MIRRORED) this.#events = this.#events.slice(-EVENTS_MIRRORED);
  }

  /** In the order of numbers: what is new may come while parts of everything that are older are still to come. */
  #keep(event: LogEntry): void {
    const events = this.#events;
    const numberAt = (at: number) => events[at]?.number ?? 0;
    let from = event.number > numberAt(events.length - 1) ? events.length : 0;
    let to = events.length;
    while (from < to) {
      const middle = (from + to) >> 1;
      if (numberAt(middle) < event.number) from = middle + 1;
      else to = middle;
    }
    if (numberAt(from) !== event.number) events.splice(from, 0, event);
  }

  keys(): IterableIterator<string> {
    return this.#records.keys();
  }

  has(key: string): boolean {
    return this.#records.has(key);
  }

  /** In our time. */
  get(key: string): HeldRecord | undefined {
    const found = this.#records.get(key);
    if (found === undefined) return undefined;
    const apart = Number.isFinite(this.#apart) ? this.#apart : 0;
    return { value: found.value, heldAt: found.writtenAt + apart };
  }
}
