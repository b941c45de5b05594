/**
 * A table of named deadlines: name → instant. Nothing here fires; the owner asks what is due and when to ask
 * again. Setting a name again moves its deadline.
 *
 * A heap keeps `next` cheap with thousands of names (each SIP transaction has a few). It is put in order late:
 * a deadline that has moved away or was cleared stays in its place until it comes to the top. So traffic that
 * moves a deadline away a thousand times, as it does those of links and leases, costs a look-up each time.
 */
import type { Millis } from './machine.ts';

interface Entry<Name> {
  readonly name: Name;
  at: Millis;
  order: number;
  /** By these two the heap has sorted it: never later than `at` and `order`. */
  sortedAt: Millis;
  sortedOrder: number;
  isLive: boolean;
}

/** Cleared entries that the heap may hold before it is built anew, for each live one. */
const DEAD_SHARE_MAX = 3;
const REBUILT_FROM = 64;

export class Deadlines<Name> {
  readonly #live = new Map<Name, Entry<Name>>();
  #heap: Entry<Name>[] = [];
  #order = 0;

  set(name: Name, at: Millis): void {
    const order = this.#order++;
    const entry = this.#live.get(name);
    if (entry !== undefined && at >= entry.sortedAt) {
      entry.at = at;
      entry.order = order;
      return;
    }
    if (entry !== undefined) entry.isLive = false;
    const earlier = { name, at, order, sortedAt: at, sortedOrder: order, isLive: true };
    this.#live.set(name, earlier);
    this.#dropIfMostlyDead();
    this.#push(earlier);
  }

  clear(name: Name): void {
    const entry = this.#live.get(name);
    if (entry === undefined) return;
    entry.isLive = false;
    this.#live.delete(name);
    this.#dropIfMostlyDead();
  }

  get(name: Name): Millis | undefined {
    return this.#live.get(name)?.at;
  }

  get size(): number {
    return this.#live.size;
  }

  /** The earliest deadline, if any. */
  next(): Millis | undefined {
    return this.#top()?.at;
  }

  /** Takes out and returns one name whose deadline has come, the earliest first. */
  takeDue(now: Millis): Name | undefined {
    const top = this.#top();
    if (top === undefined || top.at > now) return undefined;
    this.#pop();
    this.#live.delete(top.name);
    return top.name;
  }

  /** The earliest entry, once everything above it that has moved or is dead has been put in its place. */
  #top(): Entry<Name> | undefined {
    for (;;) {
      const top = this.#heap[0];
      if (top === undefined || (top.isLive && top.sortedOrder === top.order)) return top;
      if (top.isLive) {
        top.sortedAt = top.at;
        top.sortedOrder = top.order;
        this.#sink(top);
      } else this.#pop();
    }
  }

  #dropIfMostlyDead(): void {
    const { length } = this.#heap;
    if (length <= REBUILT_FROM || length <= (1 + DEAD_SHARE_MAX) * this.#live.size) return;
    const heap = this.#heap;
    this.#heap = [];
    for (const entry of heap) if (entry.isLive) this.#push(entry);
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
    const last = this.#heap.pop();
    if (last !== undefined && this.#heap.length > 0) this.#sink(last);
  }

  /** Puts `entry` where the top was and lets it sink to its place. */
  #sink(entry: Entry<Name>): void {
    const heap = this.#heap;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      const right = heap[child + 1];
      if (right !== undefined && isBefore(right, heap[child] as Entry<Name>)) child++;
      const below = heap[child] as Entry<Name>;
      if (!isBefore(below, entry)) break;
      heap[index] = below;
      index = child;
    }
    heap[index] = entry;
  }
}

/** Equal instants expire in the order in which they were set, so that a run replays exactly. */
function isBefore<Name>(a: Entry<Name>, b: Entry<Name>): boolean {
  return a.sortedAt < b.sortedAt || (a.sortedAt === b.sortedAt && a.sortedOrder < b.sortedOrder);
}
