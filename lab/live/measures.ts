/** What single scenarios measure beyond the ledger and the accounts of calls and lines; null where one does not. */
import type { Millis } from '@holdfast/kernel';
import type { Percentiles } from '../src/ledger.ts';

/** Counted from the fault. */
export interface TakeoverTimes {
  /** Until a call to a phone, dialled after the fault, was answered. */
  readonly first_new_call_ms: Millis | null;
  /** Until a call to a queue was: an agent is offered none before the desk has found the new primary (LL3). */
  readonly first_queue_call_ms: Millis | null;
  /** Until a request of an agent's phone in a call that stood (a re-INVITE) had its 2xx, so that the other end had it too. */
  readonly first_in_dialog_ms: Millis | null;
}

/** AD8: how long the agents of calls that go on at the other site could do nothing with them. */
export interface ControlTimes {
  readonly calls: number;
  readonly after_fault_ms: Percentiles | null;
  /** Beyond what the time-out, the phone and the lease allowed. */
  readonly after_allowed_ms: Percentiles | null;
}

export interface StormTimes {
  /** Desks that had to log in. */
  readonly desks: number;
  /** `login-rate` of the servers. */
  readonly login_rate: number;
  readonly calls_per_second: number;
  /** The shortest time within which 90 % of them asked for their login; null: fewer asked. */
  readonly asked_90_ms: Millis | null;
  /** From the fault until Ready again. */
  readonly ready_95_ms: Millis | null;
  readonly ready_all_ms: Millis | null;
  /** From the first log-in until 95 % were logged in: the waits of the options and the calls of agents have no part in it. */
  readonly logged_in_95_ms: Millis | null;
  /** From a caller's INVITE to the first sign of the site, of calls dialled from the fault until all were Ready again. */
  readonly invite_ms: Percentiles | null;
  /** Of these callers, to whom nobody said anything, or whom a site refused. */
  readonly calls_lost: number;
}

export interface Measures {
  readonly takeover: TakeoverTimes | null;
  readonly control: ControlTimes | null;
  readonly storm: StormTimes | null;
}

export const NOTHING_MEASURED: Measures = { takeover: null, control: null, storm: null };
