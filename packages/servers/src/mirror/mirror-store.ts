/**
 * What a standby holds of its primary: every record with the sender's instant at which it was written, and the newest
 * events. It thinks nothing about them; a SIP Server that takes over reads them (SS50).
 *
 * Instants of the sender become ours by one distance between the two clocks, the smallest that was seen on this link: so
 * records that came a moment apart keep their order, however long each was on its way (LG5).
 */
import type { HeldRecord, Millis, Plain } from '@holdfast/kernel';
import type { EventMessage, MirrorMessage, Position } from '@holdfast/protocol';
import type { LogEntry } from '../sip-server/event-log.ts';
import type { PeerRecords } from '../sip-server/peer-legs.ts';
import { EVENTS_MIRRORED, type HeldSite } from '../sip-server/site-changes.ts';
import { MirrorDigest } from './mirror-digest.ts';

type Snapshot = Extract<MirrorMessage, { type: 'snapshot' }>;
type Entry = Extract<MirrorMessage, { type: 'entry' }>;

export class MirrorStore {
  readonly #records = new Map<string, { readonly value: Plain; readonly writtenAt: Millis }>();
  readonly #digest = new MirrorDigest();
  /** By number; the oldest are dropped. */
  #events: LogEntry[] = [];
  #positions: readonly Position[] = [];
  #apart: Millis = Number.POSITIVE_INFINITY;
  #epoch = 0;
  #number = 0;
  #part = 0;
  /** The last part has come: nothing that stood at the primary is missing here. */
  #isComplete = false;

  get isComplete(): boolean {
    return this.#isComplete;
  }

  get epoch(): number {
    return this.#epoch;
  }

  get number(): number {
    return this.#number;
  }

  get size(): number {
    return this.#records.size;
  }

  /** What is held, for `follow`. */
  get position(): { readonly epoch?: number; readonly number?: number } {
    return this.#isComplete ? { epoch: this.#epoch, number: this.#number } : {};
  }

  /** A new link: the distance of the clocks is measured anew. */
  linked(): void {
    this.#apart = Number.POSITIVE_INFINITY;
  }

  /** A part of everything; false when it is not the one that comes next. */
  snapshot(now: Millis, part: Snapshot): boolean {
    if (part.part === 0) {
      this.#records.clear();
      this.#digest.clear();
      this.#events = [];
      this.#isComplete = false;
      this.#part = 0;
      this.#positions = part.positions;
      this.#apart = now - part.now;
    }
    if (part.part !== this.#part || (part.part > 0 && part.epoch !== this.#epoch)) return false;
    this.#part += 1;
    this.#epoch = part.epoch;
    this.#number = part.number;
    this.#isComplete = part.isLast;
    this.#take(now, part);
    return true;
  }

  /**
   * What has changed since the entry before. `gap`: something between is missing; `old`: a lower epoch, and `twice`: what is held
   * already, which change nothing.
   */
  entry(now: Millis, entry: Entry): 'taken' | 'gap' | 'old' | 'twice' {
    if (entry.epoch < this.#epoch) return 'old';
    if (entry.epoch === this.#epoch && entry.from < this.#number && entry.number <= this.#number)
      return 'twice';
    if (entry.epoch !== this.#epoch || entry.from !== this.#number) return 'gap';
    this.#number = entry.number;
    this.#take(now, entry);
    for (const key of entry.gone) {
      this.#records.delete(key);
      this.#digest.gone(key);
    }
    this.#positions = [
      ...this.#positions.filter(({ epoch }) => epoch !== entry.position.epoch),
      entry.position,
    ];
    return 'taken';
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

  /** Whether we hold what the primary holds at the same number. */
  holds(digest: number): boolean {
    return digest === this.#digest.value;
  }

  /** Everything, in our time, for the server that takes over. */
  held(): HeldSite {
    const apart = Number.isFinite(this.#apart) ? this.#apart : 0;
    const records = new Map<string, HeldRecord>();
    for (const [key, { value, writtenAt }] of this.#records)
      records.set(key, { value, heldAt: writtenAt + apart });
    return { records, events: this.#events, positions: this.#positions };
  }

  /** What is held, to be looked up; undefined while a part of it has not come yet. */
  records(): PeerRecords | undefined {
    if (!this.#isComplete) return undefined;
    const apart = Number.isFinite(this.#apart) ? this.#apart : 0;
    return {
      get: (key) => {
        const found = this.#records.get(key);
        return found && { value: found.value, heldAt: found.writtenAt + apart };
      },
      keys: () => this.#records.keys(),
    };
  }

  clear(): void {
    this.#records.clear();
    this.#digest.clear();
    this.#events = [];
    this.#positions = [];
    this.#isComplete = false;
    this.#epoch = 0;
    this.#number = 0;
  }
}
