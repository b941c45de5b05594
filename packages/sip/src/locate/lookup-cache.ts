/**
 * DNS answers that are still true. An answer with TTL 0 is never kept (C24), a failed look-up neither. Bounded:
 * at the limit the answer that was kept longest makes place.
 */
import type { Millis } from '@holdfast/kernel';
import type { LookupAnswer } from './lookup.ts';

/** Names in use by one site are a few dozen; the rest comes from URIs that others sent. */
export const LOOKUP_CACHE_MAX = 4_096;

/** A longer TTL is cut to this, because TTLs are what a moved service has to wait for (C76). */
export const TTL_MAX_S = 3_600;

interface Kept {
  readonly answer: LookupAnswer;
  readonly staleAt: Millis;
}

export class LookupCache {
  readonly #kept = new Map<string, Kept>();
  readonly #max: number;

  constructor(max: number = LOOKUP_CACHE_MAX) {
    this.#max = max;
  }

  get size(): number {
    return this.#kept.size;
  }

  get(now: Millis, id: string): LookupAnswer | undefined {
    const kept = this.#kept.get(id);
    if (kept === undefined) return undefined;
    if (now < kept.staleAt) return kept.answer;
    this.#kept.delete(id);
    return undefined;
  }

  put(now: Millis, id: string, answer: LookupAnswer): void {
    this.#kept.delete(id);
    if (answer.type === 'failed' || !(answer.ttlS > 0)) return;
    if (this.#kept.size >= this.#max) {
      const oldest = this.#kept.keys().next();
      if (!oldest.done) this.#kept.delete(oldest.value);
    }
    this.#kept.set(id, { answer, staleAt: now + 1_000 * Math.min(answer.ttlS, TTL_MAX_S) });
  }
}
