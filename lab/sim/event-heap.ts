/**
 * The future of the simulated world: what happens when, the earliest first. Everything that will happen is one
 * small record of always the same shape, so that millions of them cost no closures and no look-ups. Equal
 * instants come out in the order in which they were put in: a run replays exactly.
 *
 * A heap with four children a node: half as deep as a binary one, and the children lie side by side. The instants
 * stand in an array of their own, so that a thousand comparisons touch no record but that which is taken out.
 */
import type { Address, Host, Process } from './process.ts';
import type { StreamEnd } from './stream.ts';

/** What a record stands for; its other fields mean what the kind says. */
export const EventKind = {
  /** The process `target`, in its life `number`, may have a deadline to pass. */
  wake: 0,
  /** `payload` came from the address `source` over UDP to port `number` of the host `target`. */
  datagram: 1,
  /** The SYN of the stream whose listening end is `target` reached its host. */
  connect: 2,
  /** The stream end `target` learns that its connection stands. */
  opened: 3,
  /** The stream end `target` is handed the message `payload`. */
  message: 4,
  /** The stream end `target` learns that its connection is over; `payload` says why (`CloseReason`). */
  closed: 5,
  /** The process `target`, in its life `number`, gets the answer `payload` to the DNS question named `source`. */
  lookedUp: 6,
  /** Something outside all processes (a fault, a person, a check): `payload` is what to do. */
  plan: 7,
} as const;
export type EventKind = (typeof EventKind)[keyof typeof EventKind];

export const EVENT_KIND_NAMES = [
  'wake',
  'datagram',
  'connect',
  'opened',
  'message',
  'closed',
  'looked up',
  'plan',
];

export class WorldEvent {
  readonly at: number;
  readonly order: number;
  readonly kind: EventKind;
  readonly target: Process | Host | StreamEnd | undefined;
  readonly number: number;
  readonly source: Address | string | undefined;
  readonly payload: unknown;

  constructor(
    at: number,
    order: number,
    kind: EventKind,
    target: Process | Host | StreamEnd | undefined,
    number: number,
    source: Address | string | undefined,
    payload: unknown,
  ) {
    this.at = at;
    this.order = order;
    this.kind = kind;
    this.target = target;
    this.number = number;
    this.source = source;
    this.payload = payload;
  }
}

const ROOM_AT_FIRST = 1024;

export class EventHeap {
  /** Three arrays with one place for each event of the heap. */
  #at = new Float64Array(ROOM_AT_FIRST);
  #order = new Float64Array(ROOM_AT_FIRST);
  readonly #events: WorldEvent[] = [];

  get size(): number {
    return this.#events.length;
  }

  peek(): WorldEvent | undefined {
    return this.#events[0];
  }

  push(event: WorldEvent): void {
    let index = this.#events.length;
    if (index === this.#at.length) this.#makeRoom();
    this.#events.push(event);
    const { at, order } = event;
    while (index > 0) {
      const parent = (index - 1) >> 2;
      if (!this.#isAfter(parent, at, order)) break;
      this.#move(parent, index);
      index = parent;
    }
    this.#put(index, event);
  }

  pop(): WorldEvent | undefined {
    const top = this.#events[0];
    const last = this.#events.pop();
    if (last !== undefined && this.#events.length > 0) this.#sink(last);
    return top;
  }

  /** Puts `event` where the root was and lets it sink to its place. */
  #sink(event: WorldEvent): void {
    const size = this.#events.length;
    const { at, order } = event;
    let index = 0;
    for (;;) {
      let least = 4 * index + 1;
      if (least >= size) break;
      const end = Math.min(least + 4, size);
      for (let child = least + 1; child < end; child++) {
        if (this.#isAfter(least, this.#at[child] as number, this.#order[child] as number)) least = child;
      }
      if (this.#isAfter(least, at, order)) break;
      this.#move(least, index);
      index = least;
    }
    this.#put(index, event);
  }

  /** Whether what stands at `index` comes after an event of that instant and order. */
  #isAfter(index: number, at: number, order: number): boolean {
    const here = this.#at[index] as number;
    return here > at || (here === at && (this.#order[index] as number) > order);
  }

  #move(from: number, to: number): void {
    this.#at[to] = this.#at[from] as number;
    this.#order[to] = this.#order[from] as number;
    this.#events[to] = this.#events[from] as WorldEvent;
  }

  #put(index: number, event: WorldEvent): void {
    this.#at[index] = event.at;
    this.#order[index] = event.order;
    this.#events[index] = event;
  }

  #makeRoom(): void {
    this.#at = twiceAsLong(this.#at);
    this.#order = twiceAsLong(this.#order);
  }
}

function twiceAsLong(array: Float64Array): Float64Array<ArrayBuffer> {
  const longer = new Float64Array(2 * array.length);
  longer.set(array);
  return longer;
}
