/** A map that knows which entries were set or deleted since it was last asked. Values are replaced, never changed. */
export class WatchedMap<Key, Value> extends Map<Key, Value> {
  readonly #changed = new Set<Key>();

  override set(key: Key, value: Value): this {
    this.#changed.add(key);
    return super.set(key, value);
  }

  override delete(key: Key): boolean {
    const wasThere = super.delete(key);
    if (wasThere) this.#changed.add(key);
    return wasThere;
  }

  /** Each key once, and never again until it changes again. */
  takeChanged(): readonly Key[] {
    if (this.#changed.size === 0) return [];
    const changed = [...this.#changed];
    this.#changed.clear();
    return changed;
  }
}
