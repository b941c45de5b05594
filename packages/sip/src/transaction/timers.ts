/**
 * All timers of RFC 3261 table 4 and RFC 6026 in one place. The machines know timers by their letter; what a
 * letter lasts depends only on T1, T2, T4 and on whether the transport repeats lost messages by itself.
 *
 * Timer C belongs to whoever waits for a callee to answer (`ringingMax` of the user agent), not to a transaction.
 */
import type { Millis } from '@holdfast/kernel';
import type { TimerValues } from '../endpoint-types.ts';
import { isReliable, type TransportName } from '../target.ts';

/** Durations in ms. `null`: this timer does not run. 0: the state it would end is left at once. */
export interface Timers {
  /** INVITE client: first retransmission; doubles each time. */
  readonly A: Millis | null;
  /** INVITE client: no answer at all. */
  readonly B: Millis;
  /** INVITE client: absorbs retransmitted final responses after the ACK. */
  readonly D: Millis;
  /** Non-INVITE client: first retransmission; doubles up to T2. */
  readonly E: Millis | null;
  /** Non-INVITE client: no final answer. */
  readonly F: Millis;
  /** INVITE server: first retransmission of a non-2xx final response; doubles up to T2. */
  readonly G: Millis | null;
  /** INVITE server: no ACK came. */
  readonly H: Millis;
  /** INVITE server: absorbs retransmitted ACKs. */
  readonly I: Millis;
  /** Non-INVITE server: absorbs retransmitted requests. */
  readonly J: Millis;
  /** Non-INVITE client: absorbs retransmitted responses. */
  readonly K: Millis;
  /** INVITE server, after 2xx: absorbs retransmitted INVITEs (RFC 6026). */
  readonly L: Millis;
  /** INVITE client, after 2xx: waits for further 2xx (RFC 6026). */
  readonly M: Millis;
  /** The longest pause between retransmissions (T2). */
  readonly pauseMax: Millis;
}

/** RFC 3261 gives Timer D over UDP at least this long: the Timer H of a server with default timers. */
const D_MIN_MS = 32_000;

export function timerValues(set: Partial<TimerValues> = {}): TimerValues {
  const T1 = set.T1 ?? 500;
  const giveUp = set.giveUp ?? 64 * T1;
  return { T1, T2: set.T2 ?? 4_000, T4: set.T4 ?? 5_000, giveUp, D: set.D ?? Math.max(D_MIN_MS, giveUp) };
}

/** The table for one transport. `giveUpMs` replaces Timers B and F for a request with a limit of its own. */
export function timersFor(values: TimerValues, transport: TransportName, giveUpMs?: Millis): Timers {
  const reliable = isReliable(transport);
  const { T1, T2, T4, giveUp, D } = values;
  return {
    A: reliable ? null : T1,
    B: giveUpMs ?? giveUp,
    D: reliable ? 0 : D,
    E: reliable ? null : T1,
    F: giveUpMs ?? giveUp,
    G: reliable ? null : T1,
    H: giveUp,
    I: reliable ? 0 : T4,
    J: reliable ? 0 : giveUp,
    K: reliable ? 0 : T4,
    L: giveUp,
    M: giveUp,
    pauseMax: T2,
  };
}
