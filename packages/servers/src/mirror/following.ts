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
/** From the beginning, whatever is held. */
const EVERYTHING: MirrorMessage = { type: 'follow' };

/** What came of the log and was not taken as it came (LG7). */
export const REFUSALS = ['gap', 'twice', 'lower-epoch', 'digest', 'part'] as const;
export type LogRefusal = (typeof REFUSALS)[number];

export class Following {
  readonly store = new MirrorStore();
  readonly #refused = new Map<LogRefusal, number>();
  /** Kinds that have had their line on this link: whoever repeats itself fills no log. */
  readonly #told = new Set<LogRefusal>();
  /** The digest of whoever is followed was ours, and nothing has been missed since. */
  #isProven = false;
  /** What is missing was asked for, and nothing has come of it yet: to ask with each entry would cost a walk over all records each. */
  #isAsked = false;
  /** When everything was last asked for because the digest was another. */
  #differedAt: Millis = Number.NEGATIVE_INFINITY;

  /** A new link to whoever is followed. */
  linked(): void {
    this.store.linked();
    this.#told.clear();
    this.#isProven = false;
    this.#isAsked = false;
  }

  /** HR2: everything is held here, and that has been compared on this link. */
  get isProven(): boolean {
    return this.#isProven && this.store.isComplete;
  }

  /** How often each kind of message was not taken as it came. */
  get refused(): ReadonlyMap<LogRefusal, number> {
    return this.#refused;
  }

  /** PR9: what a former primary still says. */
  refuseLate(epoch: number, highest: number): Heard {
    return this.#refuse('lower-epoch', {
      level: 'warn',
      what: 'late entry refused',
      because: `PR9: it is of epoch ${epoch}, and epoch ${highest} is known`,
    });
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
    if (part.part === 0) {
      this.#isProven = false;
      this.#isAsked = false;
    }
    if (!this.store.snapshot(now, part))
      return this.#again('part', 'a part of everything is missing', EVERYTHING);
    const replies = [{ type: 'partTaken', part: part.part } as const, this.#ack()];
    if (!part.isLast) return { replies };
    return { replies, line: { level: 'info', what: 'follows', detail: { records: this.store.size } } };
  }

  #entry(now: Millis, entry: Extract<LogMessage, { type: 'entry' }>): Heard {
    const held = this.store.number;
    const outcome = this.store.entry(now, entry);
    if (outcome === 'taken') {
      this.#isAsked = false;
      return { replies: [this.#ack()] };
    }
    if (outcome === 'old') return this.refuseLate(entry.epoch, this.store.epoch);
    // Until the first part has come there is nothing to be missing in.
    if (!this.store.isComplete) return NOTHING;
    if (outcome === 'twice') {
      const because = `entry ${entry.number} came again, and ${held} is held: it changes nothing`;
      return this.#refuse('twice', { level: 'warn', what: 'entry twice', because }, [this.#ack()]);
    }
    return this.#again('gap', `an entry goes on from ${entry.from}, and ${held} is held`);
  }

  #compare(now: Millis, digest: Extract<LogMessage, { type: 'digest' }>): Heard {
    const { isComplete, epoch, number } = this.store;
    if (!isComplete || digest.epoch !== epoch) return NOTHING;
    // What was sent before it has come before it, or not at all; nor has what was asked for.
    this.#isAsked = false;
    if (digest.number !== number)
      return this.#again('gap', `entry ${digest.number} was the last, and ${number} is held`);
    if (this.store.holds(digest.digest)) {
      this.#isProven = true;
      return NOTHING;
    }
    this.#isProven = false;
    // Where everything has just been sent and differs again, the next digest is soon enough: one that
    // asked at once would ask without end.
    if (now < this.#differedAt + DIGEST_EVERY_MS) return NOTHING;
    this.#differedAt = now;
    this.#count('digest');
    this.store.doubt();
    const line = {
      level: 'error',
      what: 'records differ',
      because: 'the digest is another: all is asked for',
    } as const;
    return { replies: [EVERYTHING], line };
  }

  #refuse(kind: LogRefusal, line: NonNullable<Heard['line']>, replies: readonly MirrorMessage[] = []): Heard {
    this.#count(kind);
    if (this.#told.has(kind)) return { replies };
    this.#told.add(kind);
    return { replies, line };
  }

  #count(kind: LogRefusal): void {
    this.#refused.set(kind, (this.#refused.get(kind) ?? 0) + 1);
  }

  #again(kind: LogRefusal, because: string, ask = this.ask()): Heard {
    this.#count(kind);
    this.#isProven = false;
    if (this.#isAsked) return NOTHING;
    this.#isAsked = true;
    return { replies: [ask], line: { level: 'warn', what: 'entries missing', because } };
  }

  #ack(): MirrorMessage {
    return { type: 'ack', epoch: this.store.epoch, number: this.store.number };
  }
}
