/**
 * The log of a primary, as its mate follows it: numbers each change, sends everything to a mate that has nothing, in
 * parts, and knows how far the mate has come.
 *
 *     unlinked ──follow──▶ parts of everything ──last part taken──▶ in step ◀──▶ behind
 *
 * A mate in step is waited for before anything goes out (LG2); one that is behind is not, until it has caught up.
 */
import type { Millis, Plain } from '@holdfast/kernel';
import type { MirrorMessage } from '@holdfast/protocol';
import type { LogEntry } from '../sip-server/event-log.ts';
import type { SiteChanges, SiteHolding } from '../sip-server/site-changes.ts';
import type { KeyedRecord } from '../sip-server/site-records.ts';
import { MirrorDigest } from './mirror-digest.ts';

/** Records and events in one part: small enough not to hold up a call, some 100 KB. */
export const PART_MAX = 200;
/** How often a mate in step is asked whether it holds the same. */
export const DIGEST_EVERY_MS = 5_000;
/** LG2: a mate that does not acknowledge for so long is behind, and not waited for. */
export const ACK_MAX_MS = 100;
/** Keys that are gone and may have to be told to a mate that comes back; the oldest is forgotten. */
const GONE_MAX = 50_000;

export type MateState = 'unlinked' | 'joining' | 'in-step' | 'behind';

interface Part {
  readonly items: Iterator<KeyedRecord | LogEntry>;
  number: number;
  /** The last part is on its way. */
  isLast: boolean;
}

export class MirrorSource {
  readonly epoch: number;
  readonly #digest = new MirrorDigest();
  /** Key → number at which it went, the oldest first. */
  readonly #gone = new Map<string, number>();
  /** A mate that holds less than this cannot be told what is gone. */
  #goneSince = 0;
  #last = 0;
  #state: MateState = 'unlinked';
  #part: Part | undefined;
  #acked = 0;
  /** When the oldest entry that is not acknowledged was sent. */
  #waitsSince: Millis | undefined;
  #digestAt: Millis = Number.POSITIVE_INFINITY;
  readonly #holding: (now: Millis) => SiteHolding;

  /** `keys` are those that stand already: of a server that goes on with another's records. */
  constructor(epoch: number, keys: Iterable<string>, holding: (now: Millis) => SiteHolding) {
    this.epoch = epoch;
    this.#holding = holding;
    for (const key of keys) this.#digest.put(key, 0);
  }

  get state(): MateState {
    return this.#state;
  }

  get last(): number {
    return this.#last;
  }

  /** What the mate is known to hold. */
  get acked(): number {
    return this.#acked;
  }

  unlinked(): void {
    this.#state = 'unlinked';
    this.#part = undefined;
    this.#waitsSince = undefined;
    this.#digestAt = Number.POSITIVE_INFINITY;
  }

  /** Numbers what an input has changed; undefined when it changed nothing. */
  append(now: Millis, changes: SiteChanges): MirrorMessage | undefined {
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
    if (this.#state === 'unlinked') return undefined;
    this.#waitsSince ??= now;
    return {
      type: 'entry',
      ...{ epoch: this.epoch, from, number, now },
      put: this.#numbered(put),
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

  /** The mate wants the log, from what it holds of this epoch if that can be told, else everything. */
  follow(
    now: Millis,
    from: { readonly epoch?: number | undefined; readonly number?: number | undefined },
  ): MirrorMessage[] {
    const { epoch, number } = from;
    const resumes = epoch === this.epoch && number !== undefined && number >= this.#goneSince;
    if (resumes && number <= this.#last) return [this.#rest(now, number)];
    this.#state = 'joining';
    this.#part = { items: itemsOf(this.#holding(now)), number: 0, isLast: false };
    return [this.#nextPart(now, this.#part)];
  }

  /** All that has changed since, as one entry. */
  #rest(now: Millis, from: number): MirrorMessage {
    const changed = new Set(this.#digest.after(from));
    const { records, events, positions } = this.#holding(now);
    this.#state = 'behind';
    this.#waitsSince = now;
    this.#digestAt = now;
    return {
      type: 'entry',
      ...{ epoch: this.epoch, from, number: this.#last, now },
      put: this.#numbered([...records].filter(([key]) => changed.has(key))),
      gone: [...this.#gone].filter(([, at]) => at > from).map(([key]) => key),
      events: [...events],
      position: positions.at(-1) ?? { epoch: this.epoch, number: 0 },
    };
  }

  partTaken(now: Millis, part: number): MirrorMessage[] {
    const sent = this.#part;
    if (sent === undefined || sent.number !== part) return [];
    if (!sent.isLast) {
      sent.number += 1;
      return [this.#nextPart(now, sent)];
    }
    this.#part = undefined;
    this.#state = 'behind';
    this.#digestAt = now;
    this.#catchUp(now);
    return [];
  }

  #nextPart(now: Millis, part: Part): MirrorMessage {
    const put: KeyedRecord[] = [];
    const events: LogEntry[] = [];
    while (put.length + events.length < PART_MAX && !part.isLast) {
      const { done, value } = part.items.next();
      if (done === true) part.isLast = true;
      else if ('number' in value) events.push(value);
      else put.push(value);
    }
    const positions = part.number === 0 ? [...this.#holding(now).positions] : [];
    return {
      type: 'snapshot',
      ...{ epoch: this.epoch, number: this.#last, now },
      ...{ part: part.number, isLast: part.isLast, positions, put: this.#numbered(put), events },
    };
  }

  #numbered(records: readonly KeyedRecord[]): [string, Plain, number][] {
    return records.map(([key, value]) => [key, value, this.#digest.numberOf(key)]);
  }

  /** True when what the mate holds has grown. */
  acknowledged(now: Millis, number: number): boolean {
    if (number <= this.#acked && this.#waitsSince === undefined) return false;
    this.#acked = Math.max(this.#acked, Math.min(number, this.#last));
    this.#catchUp(now);
    return true;
  }

  #catchUp(now: Millis): void {
    this.#waitsSince = this.#acked >= this.#last ? undefined : now;
    if (this.#state === 'behind' && this.#acked >= this.#last) this.#state = 'in-step';
  }

  nextDeadline(): Millis | undefined {
    const waits = this.#state === 'in-step' ? this.#waitsSince : undefined;
    const next = Math.min(
      this.#digestAt,
      waits === undefined ? Number.POSITIVE_INFINITY : waits + ACK_MAX_MS,
    );
    return next === Number.POSITIVE_INFINITY ? undefined : next;
  }

  expire(now: Millis): MirrorMessage[] {
    if (this.#state === 'in-step' && this.#waitsSince !== undefined && now >= this.#waitsSince + ACK_MAX_MS)
      this.#state = 'behind';
    if (now < this.#digestAt) return [];
    this.#digestAt = now + DIGEST_EVERY_MS;
    return [{ type: 'digest', epoch: this.epoch, number: this.#last, digest: this.#digest.value }];
  }
}

function* itemsOf({ records, events }: SiteHolding): Generator<KeyedRecord | LogEntry> {
  yield* records;
  yield* events;
}
