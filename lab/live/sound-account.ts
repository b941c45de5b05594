/**
 * The account of sound (ME6): on a sample of the calls both ends speak and listen, the rest is signalling only. Sound
 * goes directly between the two phones, so that it goes on when the site that joined them dies; here is counted whether
 * it did. A call's two ends find each other by their two ports, which SDP has told each of the other.
 */
import type { SoundFigures } from './rtp-stream.ts';

export type SoundEnd = 'agent' | 'caller';

/** The two ports of one call. */
export interface SoundPorts {
  readonly agent: number;
  readonly caller: number;
}

export interface SoundReport {
  /** In which both ends had the other's address for long enough. */
  readonly calls: number;
  /** Of these: both ends heard the other. */
  readonly both_ways: number;
  /** The longest that an end of these calls heard nothing between two packets; null when there was none. */
  readonly gap_ms_max: number | null;
  /** Calls long enough to be heard, to which the lab itself listened too seldom to say whether they were. */
  readonly unheard_by_lab: number;
}

interface Begun {
  readonly at: number;
  /** How often the lab had listened by then. */
  readonly looks: number;
}

interface Call {
  begun: Map<SoundEnd, Begun>;
  /** What each end has heard until now. */
  hears: Map<SoundEnd, () => SoundFigures>;
  heard: Map<SoundEnd, SoundFigures>;
  /** When the first end fell silent. */
  ended: Begun | undefined;
}

/** A shorter call need not have been heard. */
const AUDIBLE_MS = 300;
/** The lab listens so often, where the machine lets it. */
export const LISTEN_EVERY_MS = 20;
/** Nor need one during which the lab itself was kept waiting: what had come by then it had no turn to read. */
const AUDIBLE_LOOKS = AUDIBLE_MS / LISTEN_EVERY_MS / 2;

export class SoundAccount {
  readonly #calls = new Map<string, Call>();
  #count = 0;
  #bothWays = 0;
  #gapMaxMs: number | undefined;
  #unheardByLab = 0;
  #looks = 0;

  /** The lab has read what has come on its sockets until now: told every `LISTEN_EVERY_MS`, later where it is late. */
  listened(): void {
    this.#looks += 1;
  }

  /** That end speaks to the other from now on. */
  begun(at: number, end: SoundEnd, ports: SoundPorts, hears: () => SoundFigures): void {
    const key = keyOf(ports);
    const call = this.#calls.get(key) ?? {
      ...{ begun: new Map(), hears: new Map(), heard: new Map(), ended: undefined },
    };
    this.#calls.set(key, call);
    call.hears.set(end, hears);
    if (!call.begun.has(end)) call.begun.set(end, { at, looks: this.#looks });
  }

  /** That end is over, and this is what it has heard. */
  ended(at: number, end: SoundEnd, ports: SoundPorts, heard: SoundFigures): void {
    const key = keyOf(ports);
    const call = this.#calls.get(key);
    if (call === undefined || !call.begun.has(end)) return;
    call.ended ??= { at, looks: this.#looks };
    call.heard.set(end, heard);
    // Who was spoken to by nobody waits for no other end: an announcement, or an answer that never arrived.
    if (call.heard.size < call.begun.size) return;
    this.#calls.delete(key);
    if (call.begun.size === 2) this.#settle(call, call.ended);
  }

  /** Of each call in which both ends speak now: what the two have heard so far. */
  standing(): ReadonlyMap<string, readonly SoundFigures[]> {
    const both = [...this.#calls].filter(([, { begun, heard }]) => begun.size === 2 && heard.size === 0);
    return new Map(both.map(([key, { hears }]) => [key, [...hears.values()].map((figures) => figures())]));
  }

  #settle({ begun, heard }: Call, ended: Begun): void {
    const both = [...begun.values()];
    if (both.some(({ at }) => ended.at - at < AUDIBLE_MS)) return;
    if (both.some(({ looks }) => ended.looks - looks < AUDIBLE_LOOKS)) {
      this.#unheardByLab += 1;
      return;
    }
    this.#count += 1;
    const ends = [...heard.values()];
    if (ends.every(({ received }) => received > 0)) this.#bothWays += 1;
    this.#gapMaxMs = Math.max(this.#gapMaxMs ?? 0, ...ends.map(({ gapMaxMs }) => gapMaxMs));
  }

  report(): SoundReport {
    return {
      calls: this.#count,
      both_ways: this.#bothWays,
      gap_ms_max: this.#gapMaxMs ?? null,
      unheard_by_lab: this.#unheardByLab,
    };
  }
}

/**
 * Of the calls that were long enough, so many may be left out because the lab was late, or one call: with more the rest says too
 * little, and the run needs a quieter machine or fewer agents.
 */
const UNHEARD_SHARE_MAX = 0.2;

/** Whether both ends were heard in every call of a sample that is worth the name, and what was seen, in words. */
export function soundBothWays(report: SoundReport): { readonly ok: boolean; readonly detail: string } {
  const { calls, both_ways, unheard_by_lab } = report;
  const isWholeSample = unheard_by_lab <= Math.max(1, UNHEARD_SHARE_MAX * (calls + unheard_by_lab));
  return {
    ok: calls > 0 && both_ways === calls && isWholeSample,
    detail: `${both_ways} of ${calls} calls with sound were heard at both ends; the lab was too late to listen to ${unheard_by_lab} more`,
  };
}

/** How many of the calls of `sample` were heard at both ends between the two looks, by so many packets or more. */
export function heardBetween(
  sample: Iterable<string>,
  looks: {
    readonly before: ReadonlyMap<string, readonly SoundFigures[]>;
    readonly after: ReadonlyMap<string, readonly SoundFigures[]>;
  },
  packetsMin: number,
): number {
  let count = 0;
  for (const key of sample) {
    const [before, after] = [looks.before.get(key), looks.after.get(key)];
    const isHeard = (end: SoundFigures, index: number) =>
      end.received - (before?.[index]?.received ?? end.received) >= packetsMin;
    if (after?.every(isHeard) === true) count += 1;
  }
  return count;
}

function keyOf({ agent, caller }: SoundPorts): string {
  return `${agent} ${caller}`;
}
