/**
 * What a site knows of the queues that it pools with the other one (PQ1). Each queue has two sides, and this site plays
 * both parts at once:
 *
 *     callers wait here:  the first of the line are announced ──▶  ◀── an agent there is granted to one of them
 *     agents work here:   the first of the line there are known, and rank among our own callers
 *
 * Nothing of it is recorded: another server that goes on with this centre announces its lines anew, and what was granted
 * lapses.
 */
import type { Millis } from '@holdfast/kernel';
import type { UserData } from '@holdfast/protocol';
import type { Call } from './call.ts';

/** How long a granted agent is kept for a caller who does not come, and a caller for an agent who does not ring (PQ1). */
export const RESERVATION_LAPSES_MS = 500;
/** After an offer that did not reach its agent, and after a refusal: a way that is broken is not tried at the speed of the network. */
export const POOL_PAUSE_MS = 5_000;
/** The ring time that counts is that of the agent's site; its own a caller's site gives so much more, should nothing be heard. */
export const CROSSING_RINGS_ON_MS = 2_000;

/** Who waits, as far as the other site is told: a duration, because instants mean nothing there (LG5). */
export interface AnnouncedCaller {
  readonly connId: string;
  readonly priority: number;
  readonly waitedMs: Millis;
}

/** A caller who stands in line at the other site, ranked as ours are. */
export interface RemoteCaller {
  readonly connId: string;
  readonly queue: string;
  readonly priority: number;
  /** By our clock. */
  readonly waitingSince: Millis;
  readonly order: number;
}

/** An agent of ours who is kept for a caller of the other site. */
export interface Reservation {
  readonly number: number;
  readonly caller: RemoteCaller;
  readonly dn: string;
  /** What the other site has attached to the call; undefined until it says that it takes the agent. */
  userData: UserData | undefined;
  /** ConnID of the call that has come for the agent and rings there. */
  rungBy: string | undefined;
}

export interface PoolState {
  /** Leads to the other site; undefined while that cannot be asked. */
  trunk: string | undefined;
  /** No line is announced, after an offer that did not arrive. */
  isPaused: boolean;
  /** By queue, what the other site was told last; a line of which nobody is announced is not in it. */
  readonly announced: Map<string, string>;
  /** By queue, why the other site refuses what is announced. */
  readonly refused: Map<string, string>;
  /** By the ConnID that the caller has at the other site: each is kept one agent at a time. */
  readonly reservations: Map<string, Reservation>;
  /** Counts reservations. */
  granted: number;
}

export function newPoolState(): PoolState {
  return {
    trunk: undefined,
    isPaused: false,
    announced: new Map(),
    refused: new Map(),
    reservations: new Map(),
    granted: 0,
  };
}

/** The call that came for a reserved agent rings there no longer: it was answered, or is over. */
export function endRungReservation(pool: PoolState, before: Call, next: Call): void {
  if (before.phase.name !== 'offered' || next.phase.name === 'offered') return;
  const { reservation } = before.phase.ticket;
  if (reservation === undefined) return;
  for (const [caller, { number }] of pool.reservations)
    if (number === reservation) pool.reservations.delete(caller);
}
