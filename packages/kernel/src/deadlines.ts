/**
 * A table of named deadlines: name → instant. Nothing here fires; the owner asks what is due and when to ask
 * again. Setting a name again moves its deadline. A heap with lazy deletion keeps `next` cheap with thousands
 * of names (each SIP transaction has a few).
 */
import type { Millis } from './machine.ts';

interface Entry<Name> {
  readonly name: Name;
  readonly at: Millis;
  readonly order: number;
}

export class Deadlines<Name> {
  readonly #live = new Map<Name, Entry<Name>>();
  #heap: Entry<Name>[] = [];
  #order = 0;

  set(name: Name, at: Millis): void {
    const entry = { name, at, order: this.#order++ };
    this.#live.set(name, entry);
    this.#push(entry);
  }

  clear(name: Name): void {
    this.#live.delete(name);
    if (this.#heap.length > 64 && this.#heap.length > 4 * this.#live.size) this.#rebuild();
  }

  get(name: Name): Millis | undefined {
    return this.#live.get(name)?.at;
  }

  get size(): number {
    return this.#live.size;
  }

  /** The earliest deadline, if any. */
  next(): Millis | undefined {
    this.#dropDead();
    return this.#heap[0]?.at;
  }

  /** Takes out and returns one name whose deadline has come, the earliest first. */
  takeDue(now: Millis): Name | undefined {
    this.#dropDead();
    const top = this.#heap[0];
    if (top === undefined || top.at > now) return undefined;
    this.#pop();
    this.#live.delete(top.name);
    return top.name;
  }

  #dropDead(): void {
    for (let top = this.#heap[0]; top !== undefined && this.#live.get(top.name) !== top; top = this.#heap[0])
      this.#pop();
  }

  #rebuild(): void {
    this.#heap = [];
    for (const entry of this.#live.values()) this.#push(entry);
  }

  #push(entry: Entry<Name>): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(entry);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent] as Entry<Name>;
      if (!isBefore(entry, above)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      const right = heap[child + 1];
      if (right !== undefined && isBefore(right, heap[child] as Entry<Name>)) child++;
      const below = heap[child] as Entry<Name>;
      if (!isBefore(below, last)) break;
      heap[index] = below;
      index = child;
    }
    heap[index] = last;
  }
}

/** Equal instants expire in the order in which they were set, so that a run replays exactly. */
function isBefore<Name>(a: Entry<Name>, b: Entry<Name>): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
