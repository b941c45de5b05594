/**
 * The future of the simulated world: what happens when, the earliest first. Everything that will happen is one
 * small record of always the same shape, so that millions of them cost no closures and no look-ups. Equal
 * instants come out in the order in which they were put in: a run replays exactly.
 *
 * A heap with four children a node: half as deep as a binary one, and the children lie side by side.
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

export class EventHeap {
  readonly #heap: WorldEvent[] = [];

  get size(): number {
    return this.#heap.length;
  }

  peek(): WorldEvent | undefined {
    return this.#heap[0];
  }

  push(event: WorldEvent): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(event);
    while (index > 0) {
      const parent = (index - 1) >> 2;
      const above = heap[parent] as WorldEvent;
      if (above.at < event.at || (above.at === event.at && above.order < event.order)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = event;
  }

  pop(): WorldEvent | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (last !== undefined && heap.length > 0) this.#sink(last);
    return top;
  }

  /** Puts `event` where the root was and lets it sink to its place. */
  #sink(event: WorldEvent): void {
    const heap = this.#heap;
    const size = heap.length;
    let index = 0;
    for (;;) {
      let least = 4 * index + 1;
      if (least >= size) break;
      const end = Math.min(least + 4, size);
      let below = heap[least] as WorldEvent;
      for (let child = least + 1; child < end; child++) {
        const other = heap[child] as WorldEvent;
        if (other.at < below.at || (other.at === below.at && other.order < below.order)) {
          least = child;
          below = other;
        }
      }
      if (event.at < below.at || (event.at === below.at && event.order < below.order)) break;
      heap[index] = below;
      index = least;
    }
    heap[index] = event;
  }
}
