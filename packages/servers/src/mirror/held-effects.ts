/**
 * Effects that wait until the mate holds what they tell (LG2), in their order: one that waits holds up those behind
 * it, so that nobody hears of the second thing before the first.
 */
export class HeldEffects<Effect> {
  readonly #waiting: { readonly number: number; readonly effects: readonly Effect[] }[] = [];

  /** `number` of the last entry that must be held by the mate first. */
  add(number: number, effects: readonly Effect[]): void {
    if (effects.length > 0) this.#waiting.push({ number, effects });
  }

  /** What may go out now, since the mate holds everything up to `number`. */
  release(number: number): Effect[] {
    const free: Effect[] = [];
    for (let next = this.#waiting[0]; next !== undefined && next.number <= number; next = this.#waiting[0]) {
      free.push(...next.effects);
      this.#waiting.shift();
    }
    return free;
  }
}
