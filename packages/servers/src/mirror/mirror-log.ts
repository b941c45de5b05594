/**
 * The log of a primary as others follow it: numbers what each input has changed, and can tell what has changed since a
 * number. It keeps no values: whoever is behind gets those of now.
 */
import type { Millis, Plain } from '@holdfast/kernel';
import type { MirrorMessage } from '@holdfast/protocol';
import type { SiteChanges, SiteHolding } from '../sip-server/site-changes.ts';
import type { KeyedRecord } from '../sip-server/site-records.ts';
import { MirrorDigest } from './mirror-digest.ts';

/** Keys that are gone and may have to be told to one that comes back; the oldest is forgotten. */
const GONE_MAX = 50_000;

type Entry = Extract<MirrorMessage, { type: 'entry' }>;

export class MirrorLog {
  readonly epoch: number;
  readonly #digest = new MirrorDigest();
  /** Key → number at which it went, the oldest first. */
  readonly #gone = new Map<string, number>();
  /** One that holds less than this cannot be told what is gone. */
  #goneSince = 0;
  #last = 0;
  /** Something has changed that was not numbered, since nobody followed. */
  #isStale = true;
  readonly holding: (now: Millis) => SiteHolding;

  constructor(epoch: number, holding: (now: Millis) => SiteHolding) {
    this.epoch = epoch;
    this.holding = holding;
  }

  /** Nobody follows: what changes is not numbered, and whoever comes next gets everything. */
  stop(): void {
    this.#isStale = true;
  }

  /** Somebody follows. */
  start(now: Millis): void {
    if (!this.#isStale) return;
    this.#isStale = false;
    this.#digest.clear();
    this.#gone.clear();
    this.#last += 1;
    this.#goneSince = this.#last;
    for (const [key] of this.holding(now).records) this.#digest.put(key, this.#last);
  }

  get last(): number {
    return this.#last;
  }

  get digest(): number {
    return this.#digest.value;
  }

  /** Numbers what an input has changed; undefined when it changed nothing. */
  append(now: Millis, changes: SiteChanges): Entry | undefined {
    const { put, gone, events, position } = changes;
    if (put.length === 0 && gone.length === 0 && events.length === 0) return undefined;
    const from = this.#last;
    this.#last += 1;
    const number = this.#last;
    for (const [key] of put) {
      this.#digest.put(key, number);
      this.#gone.delete(key);
    }
    for (const key of gone) this.#noteGone(key, number);
    return {
      type: 'entry',
      ...{ epoch: this.epoch, from, number, now },
      put: this.numbered(put),
      ...{ gone: [...gone], events: [...events], position },
    };
  }

  #noteGone(key: string, number: number): void {
    this.#digest.gone(key);
    this.#gone.delete(key);
    this.#gone.set(key, number);
    if (this.#gone.size <= GONE_MAX) return;
    for (const [oldest, at] of this.#gone) {
      this.#gone.delete(oldest);
      this.#goneSince = at;
      return;
    }
  }

  /** All that has changed since, as one entry; undefined when that can no longer be told. */
  since(now: Millis, from: number): Entry | undefined {
    if (from < this.#goneSince || from > this.#last) return undefined;
    const changed = new Set(this.#digest.after(from));
    const { records, events, positions } = this.holding(now);
    return {
      type: 'entry',
      ...{ epoch: this.epoch, from, number: this.#last, now },
      put: this.numbered([...records].filter(([key]) => changed.has(key))),
      gone: [...this.#gone].filter(([, at]) => at > from).map(([key]) => key),
      events: [...events],
      position: positions.at(-1) ?? { epoch: this.epoch, number: 0 },
    };
  }

  /** With the number of the last change of each. */
  numbered(records: readonly KeyedRecord[]): [string, Plain, number][] {
    return records.map(([key, value]) => [key, value, this.#digest.numberOf(key)]);
  }
}
