/**
 * What a line between two places does to what it carries: it delays it, not each part alike, and loses or overtakes some of
 * it. Datagrams are lost and overtake each other. A connection keeps its order, and what is lost on it is sent again, so
 * that all behind it waits: this is what the programs at its ends see of a poor line.
 */
import type { Random } from '@holdfast/kernel';

export interface LineQuality {
  /** Each way, ms. */
  readonly delayMs: number;
  /** On top of it, up to so much, ms. */
  readonly jitterMs: number;
  /** Share of datagrams that are lost, 0 to 1; of parts of a connection that are sent again. */
  readonly loss: number;
  /** Share of datagrams that come so late that others overtake them, 0 to 1. */
  readonly reordered: number;
}

export const GOOD_LINE: LineQuality = { delayMs: 0, jitterMs: 0, loss: 0, reordered: 0 };
/** What a sender that has been told of a gap takes to send again; the least that systems allow for one that has not. */
const SENT_AGAIN_MS = 200;
/** So late comes what is overtaken: more than what follows it at once. */
const OVERTAKEN_MS = 30;

/** When a datagram arrives that is sent now, in ms; undefined when it never does. */
export function datagramDelay(quality: LineQuality, random: Random): number | undefined {
  const { delayMs, jitterMs, loss, reordered } = quality;
  if (random() < loss) return undefined;
  return delayMs + jitterMs * random() + (random() < reordered ? OVERTAKEN_MS : 0);
}

/** When a part of a connection arrives, in ms, if nothing before it comes later. */
export function partDelay({ delayMs, jitterMs, loss }: LineQuality, random: Random): number {
  return delayMs + jitterMs * random() + (random() < loss ? SENT_AGAIN_MS : 0);
}

/** Datagrams of whoever sends through it; `counts` are of all. */
export class DatagramLine {
  readonly counts = { carried: 0, lost: 0, overtaken: 0 };
  readonly quality: LineQuality;
  readonly #random: Random;
  #latestAt = 0;
  #isStopped = false;

  constructor(quality: LineQuality, random: Random) {
    this.quality = quality;
    this.#random = random;
  }

  carry(deliver: () => void): void {
    const delayMs = datagramDelay(this.quality, this.#random);
    if (delayMs === undefined) {
      this.counts.lost += 1;
      return;
    }
    this.counts.carried += 1;
    if (delayMs === 0) return deliver();
    const at = performance.now() + delayMs;
    if (at < this.#latestAt) this.counts.overtaken += 1;
    this.#latestAt = Math.max(this.#latestAt, at);
    setTimeout(() => {
      if (!this.#isStopped) deliver();
    }, delayMs);
  }

  /** What is on its way arrives nowhere any more. */
  stop(): void {
    this.#isStopped = true;
  }
}

interface OnItsWay {
  readonly dueAt: number;
  readonly bytes: number;
  readonly act: () => void;
}

/** One direction of a connection: what is given to it happens in this order. */
export class StreamLane {
  readonly #queue: OnItsWay[] = [];
  #timer: NodeJS.Timeout | undefined;
  #bytes = 0;

  /** On their way. */
  get bytes(): number {
    return this.#bytes;
  }

  carry(delayMs: number, bytes: number, act: () => void): void {
    if (delayMs === 0 && this.#queue.length === 0) return act();
    const dueAt = Math.max(performance.now() + delayMs, this.#queue.at(-1)?.dueAt ?? 0);
    this.#queue.push({ dueAt, bytes, act });
    this.#bytes += bytes;
    if (this.#timer === undefined) this.#wait();
  }

  #wait(): void {
    const [next] = this.#queue;
    this.#timer =
      next === undefined ? undefined : setTimeout(() => this.#arrive(), next.dueAt - performance.now());
  }

  #arrive(): void {
    const now = performance.now();
    let next = this.#queue[0];
    while (next !== undefined && next.dueAt <= now) {
      this.#queue.shift();
      this.#bytes -= next.bytes;
      next.act();
      next = this.#queue[0];
    }
    this.#wait();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#queue.length = 0;
    this.#bytes = 0;
  }
}
