/**
 * What comes to a primary while it may not act (PR12), in order, for when it may again. A pause lasts a second, or until
 * somebody mends the arbiter; so each sort has room of its own, and what is repeated anyway never pushes out what is not:
 *
 *     repeated   requests in datagrams         their senders repeat them (RFC 3261 §17.1)
 *     message    of clients, over connections  whoever is not answered asks again over another connection
 *     event      closed, failed, looked up …   comes once, and whoever misses it waits for ever
 *     newest     load, configuration, clock    the newest says it all: one of each is kept
 *
 * Beyond its room the oldest of a sort is dropped, and counted.
 */
import type { SipServerInput } from '../sip-server/effects.ts';

export const PAUSED_SORTS = ['repeated', 'message', 'event'] as const;
export type PausedSort = (typeof PAUSED_SORTS)[number];

/** Messages: what a busy site gets in some seconds. Events are small, and as many as there are connections, calls and look-ups. */
export const PAUSED_MAX: Readonly<Record<PausedSort, number>> = {
  repeated: 1_000,
  message: 4_000,
  event: 40_000,
};

export class PausedInputs {
  /** By the order in which they came. */
  readonly #held: Readonly<Record<PausedSort, Map<number, SipServerInput>>> = {
    repeated: new Map(),
    message: new Map(),
    event: new Map(),
  };
  readonly #newest = new Map<
    SipServerInput['type'],
    { readonly order: number; readonly input: SipServerInput }
  >();
  readonly #dropped: Record<PausedSort, number> = { repeated: 0, message: 0, event: 0 };
  #order = 0;
  /** Something has been dropped that nobody has been told of. */
  #hasNews = false;

  /** Since this process began. */
  get dropped(): Readonly<Record<PausedSort, number>> {
    return { ...this.#dropped };
  }

  push(input: SipServerInput): void {
    const sort = sortOf(input);
    const order = ++this.#order;
    if (sort === 'newest') return void this.#newest.set(input.type, { order, input });
    const held = this.#held[sort];
    held.set(order, input);
    const [oldest] = held.keys();
    if (held.size <= PAUSED_MAX[sort] || oldest === undefined) return;
    held.delete(oldest);
    this.#dropped[sort] += 1;
    this.#hasNews = true;
  }

  /** PR12: the figures where they are others than when this was last asked. */
  newlyDropped(): Readonly<Record<PausedSort, number>> | undefined {
    if (!this.#hasNews) return undefined;
    this.#hasNews = false;
    return this.dropped;
  }

  /** All of them, in the order in which they came; none is left. */
  take(): readonly SipServerInput[] {
    if (this.#order === 0) return [];
    const all = PAUSED_SORTS.flatMap((sort) => [...this.#held[sort]]);
    for (const { order, input } of this.#newest.values()) all.push([order, input]);
    this.clear();
    return all.sort(([left], [right]) => left - right).map(([, input]) => input);
  }

  clear(): void {
    for (const sort of PAUSED_SORTS) this.#held[sort].clear();
    this.#newest.clear();
    this.#order = 0;
  }
}

function sortOf(input: SipServerInput): PausedSort | 'newest' {
  switch (input.type) {
    case 'sip':
      return input.source.transport === 'UDP' && input.message.kind === 'request' ? 'repeated' : 'message';
    case 'sipMalformed':
      return input.source.transport === 'UDP' ? 'repeated' : 'message';
    case 'message':
      return 'message';
    case 'peer':
      return input.input.type === 'sipMessage' ? 'message' : 'event';
    case 'load':
    case 'configuration':
    case 'clockJumped':
      return 'newest';
    default:
      return 'event';
  }
}
