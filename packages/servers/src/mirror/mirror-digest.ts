/**
 * Whether two hold the same: one number over all keys and the numbers of their last change, kept up with each change
 * at the cost of that change alone. It finds an entry that was lost, doubled or applied out of order; that bytes arrive
 * as they were sent is the transport's promise.
 */
export class MirrorDigest {
  readonly #numbers = new Map<string, number>();
  #value = 0;

  get value(): number {
    return this.#value;
  }

  get size(): number {
    return this.#numbers.size;
  }

  /** Of the last change; 0 for what is not there. */
  numberOf(key: string): number {
    return this.#numbers.get(key) ?? 0;
  }

  put(key: string, number: number): void {
    this.gone(key);
    this.#numbers.set(key, number);
    this.#value ^= hashOf(key, number);
  }

  gone(key: string): void {
    const former = this.#numbers.get(key);
    if (former === undefined) return;
    this.#numbers.delete(key);
    this.#value ^= hashOf(key, former);
  }

  /** Keys that have changed after `number`. */
  *after(number: number): Generator<string> {
    for (const [key, changed] of this.#numbers) if (changed > number) yield key;
  }

  clear(): void {
    this.#numbers.clear();
    this.#value = 0;
  }
}

/** FNV-1a over the key and the number. */
function hashOf(key: string, number: number): number {
  let hash = 0x811c9dc5;
  const text = `${key} ${number}`;
  for (let index = 0; index < text.length; index++)
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash | 0;
}
