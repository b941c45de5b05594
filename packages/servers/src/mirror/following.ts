/**
 * Following the log of another SIP Server: the standby that of its primary, a site that of the other. What comes in
 * is put away, acknowledged, and checked; what is missing is asked for.
 */
import type { LogLine, Millis } from '@holdfast/kernel';
import type { MirrorMessage } from '@holdfast/protocol';
import { DIGEST_EVERY_MS } from './mirror-follower.ts';
import { MirrorStore } from './mirror-store.ts';

export type LogMessage = Extract<MirrorMessage, { type: 'snapshot' | 'entry' | 'digest' }>;

/** What to answer, in order, and what to say about it. */
export interface Heard {
  readonly replies: readonly MirrorMessage[];
  readonly line?: Pick<LogLine, 'level' | 'what' | 'because' | 'detail'>;
}

const NOTHING: Heard = { replies: [] };

export class Following {
  readonly store = new MirrorStore();
  /** When everything was last asked for because the digest was another. */
  #differedAt: Millis = Number.NEGATIVE_INFINITY;

  /** A new link to whoever is followed. */
  linked(): void {
    this.store.linked();
  }

  /** From what is held, else from nothing. */
  ask(): MirrorMessage {
    return { type: 'follow', ...this.store.position };
  }

  hear(now: Millis, message: LogMessage): Heard {
    switch (message.type) {
      case 'snapshot':
        return this.#part(now, message);
      case 'entry':
        return this.#entry(now, message);
      case 'digest':
        return this.#compare(now, message);
    }
  }

  #part(now: Millis, part: Extract<LogMessage, { type: 'snapshot' }>): Heard {
    if (!this.store.snapshot(now, part)) return this.#again('a part of everything is missing');
    const replies = [{ type: 'partTaken', part: part.part } as const, this.#ack()];
    if (!part.isLast) return { replies };
    return { replies, line: { level: 'info', what: 'follows', detail: { records: this.store.size } } };
  }

  #entry(now: Millis, entry: Extract<LogMessage, { type: 'entry' }>): Heard {
    const held = this.store.number;
    const outcome = this.store.entry(now, entry);
    if (outcome === 'taken') return { replies: [this.#ack()] };
    // Until the first part has come there is nothing to be missing in.
    if (outcome === 'old' || !this.store.isComplete) return NOTHING;
    return this.#again(`an entry goes on from ${entry.from}, and ${held} is held`);
  }

  #compare(now: Millis, digest: Extract<LogMessage, { type: 'digest' }>): Heard {
    const { isComplete, epoch, number } = this.store;
    if (!isComplete || digest.epoch !== epoch) return NOTHING;
    // What was sent before it has come before it, or not at all.
    if (digest.number !== number)
      return this.#again(`entry ${digest.number} was the last, and ${number} is held`);
    if (this.store.holds(digest.digest)) return NOTHING;
    // Where everything has just been sent and differs again, the next digest is soon enough: one that
    // asked at once would ask without end.
    if (now < this.#differedAt + DIGEST_EVERY_MS) return NOTHING;
    this.#differedAt = now;
    this.store.clear();
    const line = {
      level: 'error',
      what: 'records differ',
      because: 'the digest is another: all is asked for',
    } as const;
    return { replies: [this.ask()], line };
  }

  #again(because: string): Heard {
    return { replies: [this.ask()], line: { level: 'warn', what: 'entries missing', because } };
  }

  #ack(): MirrorMessage {
    return { type: 'ack', epoch: this.store.epoch, number: this.store.number };
  }
}
