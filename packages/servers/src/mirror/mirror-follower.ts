/**
 * One that follows the log of a primary, as the primary sees it: its mate, or the other site. It is sent everything
 * in parts when it has nothing, then each entry, and it says how far it has come.
 *
 *     unlinked ──follow──▶ joining ──last part taken──▶ behind ◀──▶ in step
 *
 * A mate in step is waited for before anything goes out (LG2); the other site never is (LG4).
 */
import type { Millis } from '@holdfast/kernel';
import type { MirrorMessage } from '@holdfast/protocol';
import type { LogEntry } from '../sip-server/event-log.ts';
import type { SiteHolding } from '../sip-server/site-changes.ts';
import type { KeyedRecord } from '../sip-server/site-records.ts';
import type { MirrorLog } from './mirror-log.ts';

/** Records and events in one part: small enough not to hold up a call, some 100 KB. */
export const PART_MAX = 200;
/** How often one in step is asked whether it holds the same. */
export const DIGEST_EVERY_MS = 5_000;
/** LG2: one that does not acknowledge for so long is behind, and not waited for. */
export const ACK_MAX_MS = 100;

export type FollowerState = 'unlinked' | 'joining' | 'in-step' | 'behind';

interface Part {
  readonly items: Iterator<KeyedRecord | LogEntry>;
  /** What the durations in all its records count from: they are written one by one, as they are sent. */
  readonly writtenAt: Millis;
  number: number;
  /** The last part is on its way. */
  isLast: boolean;
}

export class MirrorFollower {
  readonly #log: MirrorLog;
  #state: FollowerState = 'unlinked';
  #part: Part | undefined;
  #acked = 0;
  /** When the oldest entry that is not acknowledged was sent. */
  #waitsSince: Millis | undefined;
  #digestAt: Millis = Number.POSITIVE_INFINITY;
  #timesBehind = 0;

  constructor(log: MirrorLog) {
    this.#log = log;
  }

  get state(): FollowerState {
    return this.#state;
  }

  /** What it is known to hold. */
  get acked(): number {
    return this.#acked;
  }

  /** How often it was declared behind, and not waited for (LG2). */
  get timesBehind(): number {
    return this.#timesBehind;
  }

  /** For how long the oldest entry has been sent that it has not acknowledged; 0 where it lacks none. */
  lagMs(now: Millis): Millis {
    return this.#state === 'unlinked' || this.#waitsSince === undefined ? 0 : now - this.#waitsSince;
  }

  /** It lacks something, has all that it needs for the rest, and is expected to acknowledge by then. */
  get silentAt(): Millis | undefined {
    if (this.#waitsSince === undefined || this.#state === 'unlinked' || this.#state === 'joining')
      return undefined;
    return this.#waitsSince + ACK_MAX_MS;
  }

  unlinked(): void {
    this.#state = 'unlinked';
    this.#part = undefined;
    this.#waitsSince = undefined;
    this.#digestAt = Number.POSITIVE_INFINITY;
  }

  /** An entry goes out to it; false: it has not asked for any. */
  takes(now: Millis): boolean {
    if (this.#state === 'unlinked') return false;
    this.#waitsSince ??= now;
    return true;
  }

  /** It wants the log, from what it holds of this epoch if that can be told, else everything. */
  follow(
    now: Millis,
    from: { readonly epoch?: number | undefined; readonly number?: number | undefined },
  ): MirrorMessage {
    const { epoch, number } = from;
    const resumes = epoch === this.#log.epoch && number !== undefined;
    const rest = resumes ? this.#log.since(now, number) : undefined;
    if (rest !== undefined) {
      this.#state = 'behind';
      this.#waitsSince = now;
      this.#digestAt = now;
      return rest;
    }
    this.#state = 'joining';
    this.#part = { items: itemsOf(this.#log.holding(now)), writtenAt: now, number: 0, isLast: false };
    return this.#nextPart(now, this.#part);
  }

  partTaken(now: Millis, part: number): MirrorMessage | undefined {
    const sent = this.#part;
    if (sent === undefined || sent.number !== part) return undefined;
    if (!sent.isLast) {
      sent.number += 1;
      return this.#nextPart(now, sent);
    }
    this.#part = undefined;
    this.#state = 'behind';
    this.#digestAt = now;
    this.#catchUp(now);
    return undefined;
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
    const positions = part.number === 0 ? [...this.#log.holding(now).positions] : [];
    return {
      type: 'snapshot',
      ...{ epoch: this.#log.epoch, number: this.#log.last, now: part.writtenAt },
      ...{ part: part.number, isLast: part.isLast, positions, put: this.#log.numbered(put), events },
    };
  }

  acknowledged(now: Millis, number: number): void {
    this.#acked = Math.max(this.#acked, Math.min(number, this.#log.last));
    this.#catchUp(now);
  }

  #catchUp(now: Millis): void {
    this.#waitsSince = this.#acked >= this.#log.last ? undefined : now;
    if (this.#state === 'behind' && this.#acked >= this.#log.last) this.#state = 'in-step';
  }

  nextDeadline(): Millis | undefined {
    const waits = this.#state === 'in-step' ? this.#waitsSince : undefined;
    const next = Math.min(
      this.#digestAt,
      waits === undefined ? Number.POSITIVE_INFINITY : waits + ACK_MAX_MS,
    );
    return next === Number.POSITIVE_INFINITY ? undefined : next;
  }

  expire(now: Millis): MirrorMessage | undefined {
    if (this.#state === 'in-step' && this.#waitsSince !== undefined && now >= this.#waitsSince + ACK_MAX_MS) {
      this.#state = 'behind';
      this.#timesBehind += 1;
    }
    if (now < this.#digestAt) return undefined;
    this.#digestAt = now + DIGEST_EVERY_MS;
    const { epoch, last, digest } = this.#log;
    return { type: 'digest', epoch, number: last, digest };
  }
}

function* itemsOf({ records, events }: SiteHolding): Generator<KeyedRecord | LogEntry> {
  yield* records;
  yield* events;
}
