/**
 * What a standby holds of its primary, and a site of the other: every record with the sender's instant at which it was
 * written, and the newest events. It thinks nothing about them; a server that takes over, or calls, reads them (SS50, AD1).
 *
 * Everything that comes anew, in parts, is put beside what is held, and takes its place when its last part has come (LG8):
 *
 *     whole ──part 0──▶ whole + coming ──last part──▶ the new whole
 *
 * Whoever dies in between leaves what was whole, and of what is coming as much as has come, which is newer. A record of the
 * former may be of something that is over meanwhile: its ends then say so (481), and less is lost than with nothing.
 */
import type { HeldRecord, Millis } from '@holdfast/kernel';
import type { PeerRecords } from '../sip-server/peer-legs.ts';
import type { HeldSite } from '../sip-server/site-changes.ts';
import { type Entry, HeldLog, type Snapshot } from './held-log.ts';

export class MirrorStore {
  /** Nothing that stood at the sender when it was sent is missing here. */
  #whole: HeldLog | undefined;
  #coming: HeldLog | undefined;
  /** The next part of what is coming. */
  #part = 0;
  /** The digest of what is whole was another than the sender's: it is read where there is nothing better, and not gone on from. */
  #isDoubted = false;

  /** Everything is held, as of the last entry. */
  get isComplete(): boolean {
    return this.#whole !== undefined && this.#coming === undefined && !this.#isDoubted;
  }

  get #newest(): HeldLog | undefined {
    return this.#coming ?? this.#whole;
  }

  get epoch(): number {
    return this.#newest?.epoch ?? 0;
  }

  get number(): number {
    return this.#newest?.number ?? 0;
  }

  get size(): number {
    return this.#newest?.size ?? 0;
  }

  /** What is held, for `follow`. */
  get position(): { readonly epoch?: number; readonly number?: number } {
    if (this.#whole === undefined || this.#isDoubted) return {};
    return { epoch: this.#whole.epoch, number: this.#whole.number };
  }

  /** A new link: parts that have not come over the last one will not come. */
  linked(): void {
    this.#whole?.linked();
    if (this.#whole !== undefined) this.#coming = undefined;
  }

  /** A part of everything; false when it is not the one that comes next. */
  snapshot(now: Millis, part: Snapshot): boolean {
    if (part.part === 0) {
      this.#coming = new HeldLog(part);
      this.#part = 0;
    }
    const coming = this.#coming;
    if (coming === undefined || part.part !== this.#part || part.epoch !== coming.epoch) return false;
    this.#part += 1;
    coming.part(now, part);
    if (!part.isLast) return true;
    this.#whole = coming;
    this.#coming = undefined;
    this.#isDoubted = false;
    return true;
  }

  /**
   * What has changed since the entry before. `gap`: something between is missing; `old`: a lower epoch, and `twice`: what is held
   * already, which change nothing.
   */
  entry(now: Millis, entry: Entry): 'taken' | 'gap' | 'old' | 'twice' {
    const newest = this.#newest;
    if (newest === undefined) return 'gap';
    if (entry.epoch < newest.epoch) return 'old';
    if (entry.epoch === newest.epoch && entry.from < newest.number && entry.number <= newest.number)
      return 'twice';
    if (!newest.fits(entry)) return 'gap';
    const whole = this.#whole;
    if (whole !== undefined && whole !== newest) {
      if (whole.fits(entry)) whole.entry(now, entry);
      else whole.gone(entry.gone);
    }
    newest.entry(now, entry);
    return 'taken';
  }

  /** Whether we hold what the primary holds at the same number. */
  holds(digest: number): boolean {
    return digest === this.#whole?.digest;
  }

  /** It does not: everything is asked for, and what is held stays until that has come. */
  doubt(): void {
    this.#isDoubted = true;
  }

  /** Everything, in our time, for the server that takes over. */
  held(): HeldSite {
    const records = new Map<string, HeldRecord>();
    for (const log of [this.#whole, this.#coming])
      for (const key of log?.keys() ?? []) {
        const record = log?.get(key);
        if (record !== undefined) records.set(key, record);
      }
    // Events without a gap, which those that are coming may have.
    const { events = [], positions = [] } = this.#whole ?? this.#coming ?? {};
    return { records, events, positions };
  }

  /** What is held, to be looked up; undefined before everything has come once. */
  records(): PeerRecords | undefined {
    const whole = this.#whole;
    const coming = this.#coming;
    if (whole === undefined) return undefined;
    return {
      get: (key) => coming?.get(key) ?? whole.get(key),
      *keys() {
        if (coming !== undefined) yield* coming.keys();
        for (const key of whole.keys()) if (coming?.has(key) !== true) yield key;
      },
    };
  }

  clear(): void {
    this.#whole = undefined;
    this.#coming = undefined;
    this.#isDoubted = false;
  }
}
