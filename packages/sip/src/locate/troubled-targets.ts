/**
 * Targets that have just failed. A request that has others to try takes those first, so that one dead server of an
 * SRV set does not cost every transaction its whole time-out (C22); one that has no other tries it all the same,
 * and the mark ends by itself, so that no target is out for longer than the mark lasts (D17).
 */
import type { Millis } from '@holdfast/kernel';
import type { Target } from '../target.ts';

/** As many dead targets as are worth remembering; at the limit the oldest mark makes place. */
export const TROUBLED_MAX = 1_024;

export class TroubledTargets {
  readonly #until = new Map<string, Millis>();

  get size(): number {
    return this.#until.size;
  }

  /** A transport error, a time-out, or 503 (with the period that it names). */
  mark(target: Target, until: Millis): void {
    const key = keyOf(target);
    this.#until.delete(key);
    if (this.#until.size >= TROUBLED_MAX) {
      const oldest = this.#until.keys().next();
      if (!oldest.done) this.#until.delete(oldest.value);
    }
    this.#until.set(key, until);
  }

  /** Any other response shows that it lives. */
  clear(target: Target): void {
    if (this.#until.size > 0) this.#until.delete(keyOf(target));
  }

  has(now: Millis, target: Target): boolean {
    if (this.#until.size === 0) return false;
    const key = keyOf(target);
    const until = this.#until.get(key);
    if (until === undefined) return false;
    if (now < until) return true;
    this.#until.delete(key);
    return false;
  }
}

function keyOf(target: Target): string {
  return `${target.transport} ${target.host} ${target.port}`;
}
