/**
 * The storm: when a site is lost, the desks of all its agents log in at the other one within a second. This says whose
 * turn it is, so that calls are served between the log-ins. It is the slip of paper with a number at a counter: who comes
 * while there is no queue goes straight on; everybody else is told the instant of their turn, in the order of asking, and
 * is let in then without a further word (SS80).
 *
 *     asks at      0   0   0   0   0          BURST goes on at once,
 *     turn at      0   0   5  10  15 ms       then one each 1000 / rate ms
 *
 * No wait is drawn by chance: chance would leave gaps in which nobody logs in, and agents idle. What is promised to those
 * who do not come back is lost to nobody but them.
 */
import type { Millis } from '@holdfast/kernel';
import type { SipServerConfiguration } from './configuration.ts';

/** So long the server takes log-ins at once before it gives out turns: a site's day begins without a word of it. */
export const BURST_MS = 250;
/** Turns that are kept; the oldest is forgotten first, and whoever it was asks anew. */
export const TURNS_MAX = 20_000;
/** Who comes so much before their turn is let in: clocks are not that exact. */
const EARLY_MS = 20;
/** Who comes later than this after their turn gets a new one. */
export const TURN_KEPT_MS = 10_000;

export interface TurnAsked {
  /** Log-ins a second. */
  readonly rate: number;
  /** The agent's call goes on and waits for this log-in: it counts, and does not wait itself. */
  readonly hasCall: boolean;
}

export class LoginTurns {
  /** When all that has been let in, and all turns given out, will have been served. */
  #servedAt: Millis = Number.NEGATIVE_INFINITY;
  /** In the order in which they were given out. */
  readonly #turns = new Map<string, Millis>();

  /** For checks: turns that are kept. */
  get size(): number {
    return this.#turns.size;
  }

  /** 0: go on. Else how long until this person's turn, ms. */
  ask(now: Millis, person: string, { rate, hasCall }: TurnAsked): Millis {
    this.#forget(now);
    const turnAt = this.#turns.get(person);
    if (turnAt !== undefined) {
      if (!hasCall && now < turnAt - EARLY_MS) return Math.ceil(turnAt - now);
      this.#turns.delete(person);
      return 0;
    }
    const startsAt = Math.max(this.#servedAt, now - BURST_MS);
    this.#servedAt = startsAt + 1000 / rate;
    if (hasCall || startsAt <= now) return 0;
    this.#turns.set(person, startsAt);
    if (this.#turns.size > TURNS_MAX) this.#forgetOldest();
    return Math.ceil(startsAt - now);
  }

  /** Turns that have passed long ago. */
  #forget(now: Millis): void {
    for (const [person, turnAt] of this.#turns) {
      if (turnAt + TURN_KEPT_MS > now) return;
      this.#turns.delete(person);
    }
  }

  #forgetOldest(): void {
    const [oldest] = this.#turns.keys();
    if (oldest !== undefined) this.#turns.delete(oldest);
  }
}

/** RD1: those who return by themselves spread over as long as all agents of the site would need. */
export function returnWindowMs({ centre, loginRate }: SipServerConfiguration): Millis {
  return Math.ceil((1000 * centre.agentLogins.length) / loginRate);
}
