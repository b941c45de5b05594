/**
 * The ring on a card closes while a wait runs: empty when the wait begins, whole when the option's time is up.
 */
/** Wall clock of the lab, ms. */
interface Wait {
  readonly from: number;
  readonly until: number;
}

/** How much of the ring is drawn, 0 to 1. `now` is the lab's wall clock, ms. */
export function ringProgress(wait: Wait, now: number): number {
  const length = wait.until - wait.from;
  // A wait without length is over as soon as it began.
  if (length <= 0) return 1;
  return Math.min(1, Math.max(0, (now - wait.from) / length));
}

/** Whole seconds that are left, as a person counts them down: 3, 2, 1, 0. */
export function secondsLeft(wait: Wait, now: number): number {
  return Math.max(0, Math.ceil((wait.until - now) / 1000));
}
