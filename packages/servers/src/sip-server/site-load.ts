/**
 * How loaded this SIP Server is, as one figure: by how many per cent fewer new calls it wants. Its shell tells once a second how
 * much of that second the process was at work, whatever with: a storm of REGISTERs, log-ins, calls. At work without a
 * break, it falls behind, and what comes waits in the sockets until it is repeated; so it asks for less before that.
 *
 *     busy 97 %  98 %  99 %  60 %  50 % …
 *     wants −0   −10   −20   −15   −10  …   up by 10 from the second such second on, down by 5
 *
 * Slow up, slower down: who hears of it needs some seconds to follow, and one pause of a process is no load.
 */
import type { Millis } from '@holdfast/kernel';

/** The share that is asked for grows so for each busy second, and shrinks so for each other one, %. */
export const STEP_UP = 10;
export const STEP_DOWN = 5;
/** Some calls are always taken: else nobody would see that there is room again. */
export const WANTED_LESS_MAX = 90;
/** What was measured says nothing any more after this. */
export const MEASURE_KEPT_MS = 3_000;
/** Of the room for calls, beyond which fewer are asked for. */
const ROOM_SHARE = 0.9;

export class SiteLoad {
  #wantedLess = 0;
  #isBusy = false;
  #measuredAt: Millis = Number.NEGATIVE_INFINITY;

  /** `busyMax`: the share of a second, %, beyond which it is a busy one; 0: none is. */
  measured(now: Millis, { busy, busyMax }: { readonly busy: number; readonly busyMax: number }): void {
    if (now > this.#measuredAt + MEASURE_KEPT_MS) this.#wantedLess = 0;
    this.#measuredAt = now;
    const wasBusy = this.#isBusy;
    this.#isBusy = busyMax > 0 && 100 * busy > busyMax;
    if (!this.#isBusy) this.#wantedLess = Math.max(0, this.#wantedLess - STEP_DOWN);
    else if (wasBusy) this.#wantedLess = Math.min(WANTED_LESS_MAX, this.#wantedLess + STEP_UP);
  }

  /** By how much the process asks for fewer calls, %. */
  wantedLess(now: Millis): number {
    return now > this.#measuredAt + MEASURE_KEPT_MS ? 0 : this.#wantedLess;
  }
}

/** By how much the calls that stand ask for fewer, %: from nothing at nine tenths of the room to all where it is full. */
export function wantedLessFor(calls: number, callsMax: number): number {
  const free = callsMax - calls;
  const kept = (1 - ROOM_SHARE) * callsMax;
  return free >= kept ? 0 : Math.min(100, Math.round(100 * (1 - free / kept)));
}
