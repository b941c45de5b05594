/**
 * What stops a captured answer from being used again: for each nonce in use, the highest nonce count (nc) that was
 * accepted (RFC 7616 §5.12). Bounded in time by the life of a nonce and in space by a number of nonces.
 *
 * Two generations: what is used goes into the young one; after each life the young one becomes the old one and the
 * old one is forgotten. So a nonce is remembered for at least one life after its last use, which is longer than it can
 * still be used. When a generation is full before its time, the old one is forgotten early, and every nonce that it
 * could have held is refused from then on: a phone is then asked for a fresh nonce, but nothing can be replayed.
 */
interface NonceUse {
  readonly madeAt: number;
  /** The highest nc accepted so far. */
  nc: number;
}

export class NonceMemory {
  readonly #lifeMs: number;
  readonly #usesMax: number;
  #young = new Map<string, NonceUse>();
  #old = new Map<string, NonceUse>();
  #youngSince = Number.NEGATIVE_INFINITY;
  /** Nonces made before this instant are refused unless they are remembered. */
  #knownSince = Number.NEGATIVE_INFINITY;

  /** `usesMax`: nonces in one generation; twice as many are held at most. */
  constructor(lifeMs: number, usesMax: number) {
    this.#lifeMs = lifeMs;
    this.#usesMax = usesMax;
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /** When a remembered nonce was made: it has been found authentic before. */
  madeAt(nonce: string): number | undefined {
    return (this.#young.get(nonce) ?? this.#old.get(nonce))?.madeAt;
  }

  /** Notes the use; false when this nc, or a higher one, was used before (or may have been). */
  use(wallNow: number, nonce: string, madeAt: number, nc: number): boolean {
    this.#turn(wallNow);
    const young = this.#young.get(nonce);
    const use = young ?? this.#old.get(nonce);
    if (use === undefined && madeAt < this.#knownSince) return false;
    if (use !== undefined && nc <= use.nc) return false;
    if (young !== undefined) {
      young.nc = nc;
      return true;
    }
    if (this.#young.size >= this.#usesMax) this.#turnEarly(wallNow);
    this.#old.delete(nonce);
    this.#young.set(nonce, { madeAt, nc });
    return true;
  }

  #turn(wallNow: number): void {
    // A wall clock that was set back must not keep a generation for ever, so the distance counts both ways.
    if (Math.abs(wallNow - this.#youngSince) < this.#lifeMs) return;
    this.#old = this.#young;
    this.#young = new Map();
    this.#youngSince = wallNow;
  }

  #turnEarly(wallNow: number): void {
    this.#knownSince = this.#youngSince;
    this.#old = this.#young;
    this.#young = new Map();
    this.#youngSince = wallNow;
  }
}
