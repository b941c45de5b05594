/**
 * Guards passwords against guessing: after a few failures a user's log-ins by password are refused for a while,
 * whether the user exists or not, so that the refusal tells nobody which names are real. Attempts still being
 * checked count as failures until they turn out otherwise: a hundred at once get no further than five in a row.
 *
 * Whoever holds a token still comes in. So a stranger who locks a name out harms no agent who changes the site.
 */
import type { Millis } from '@holdfast/kernel';

export const FAILURES_MAX = 5;
/** How long a lock lasts; each failure after it locks again at once. */
export const LOCK_MS = 60_000;
/** Failures are forgotten after so long without another. */
export const FAILURE_MEMORY_MS = 15 * 60_000;
/** Names remembered at a time. With one more the oldest is forgotten: guessing gets no faster than this many names. */
export const USERS_MAX = 10_000;

interface Failures {
  readonly count: number;
  readonly pending: number;
  readonly lastAt: Millis;
}

export class LoginFailures {
  /** Oldest first: each change puts its user at the end. */
  readonly #users = new Map<string, Failures>();

  get size(): number {
    return this.#users.size;
  }

  /** How long the user must wait, or 0: then an attempt has begun, and `ended` or `abandoned` must follow. */
  begin(user: string, now: Millis): Millis {
    const failures = this.#of(user, now);
    if (failures.count + failures.pending >= FAILURES_MAX) {
      const waitMs = failures.lastAt + LOCK_MS - now;
      if (waitMs > 0) return waitMs;
      // The lock is over: one attempt at a time.
      if (failures.pending > 0) return LOCK_MS;
    }
    this.#set(user, { ...failures, pending: failures.pending + 1 });
    return 0;
  }

  ended(user: string, ok: boolean, now: Millis): void {
    const { count, pending } = this.#of(user, now);
    if (ok) this.#set(user, { count: 0, pending: Math.max(0, pending - 1), lastAt: now });
    else this.#set(user, { count: count + 1, pending: Math.max(0, pending - 1), lastAt: now });
  }

  /** The attempt was taken back before anything was checked: it says nothing about the password. */
  abandoned(user: string, now: Millis): void {
    const failures = this.#of(user, now);
    this.#set(user, { ...failures, pending: Math.max(0, failures.pending - 1) });
  }

  /** Somebody who may has let the user in again: the next attempt is a first one. */
  forgive(user: string, now: Millis): void {
    this.#set(user, { ...this.#of(user, now), count: 0 });
  }

  #of(user: string, now: Millis): Failures {
    const known = this.#users.get(user);
    if (known !== undefined && (known.pending > 0 || now - known.lastAt < FAILURE_MEMORY_MS)) return known;
    return { count: 0, pending: 0, lastAt: now };
  }

  #set(user: string, failures: Failures): void {
    this.#users.delete(user);
    if (failures.count === 0 && failures.pending === 0) return;
    this.#users.set(user, failures);
    const oldest = this.#users.keys().next();
    if (this.#users.size > USERS_MAX && !oldest.done) this.#users.delete(oldest.value);
  }
}
