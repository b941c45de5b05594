/**
 * People in a line: whoever ranks first is served first, whenever they joined. The order is kept on joining,
 * so the head, and the whole line in its order, are there to be read. A place is found by halving, so joining and
 * leaving cost a few comparisons and one move of memory, also with thousands in line.
 *
 * The comparison must be a total order over values that do not change while they are in the line.
 */
export class Line<Item> {
  readonly #items: Item[] = [];
  readonly #compare: (a: Item, b: Item) => number;

  constructor(compare: (a: Item, b: Item) => number) {
    this.#compare = compare;
  }

  get size(): number {
    return this.#items.length;
  }

  first(): Item | undefined {
    return this.#items[0];
  }

  /** In order, first served first. Valid until the next change. */
  items(): readonly Item[] {
    return this.#items;
  }

  /** False when an equal one stands there already: nothing changes then. */
  add(item: Item): boolean {
    const place = this.#place(item);
    const there = this.#items[place];
    if (there !== undefined && this.#compare(there, item) === 0) return false;
    if (place === this.#items.length) this.#items.push(item);
    else this.#items.splice(place, 0, item);
    return true;
  }

  remove(item: Item): boolean {
    const place = this.#place(item);
    const there = this.#items[place];
    if (there === undefined || this.#compare(there, item) !== 0) return false;
    if (place === 0) this.#items.shift();
    else this.#items.splice(place, 1);
    return true;
  }

  /** Where the item stands, or would stand. */
  #place(item: Item): number {
    let low = 0;
    let high = this.#items.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#compare(this.#items[middle] as Item, item) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
