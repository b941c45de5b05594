/**
 * The place in line of a caller whom we have lost: the leg died without a BYE or CANCEL of the caller, who then dials
 * again and goes on with the time that he had waited (AD7).
 *
 *     waiting ──leg lost──▶ kept under the caller's number ──the same number is dialled from there──▶ waiting
 *                                └── window over, or a second leg lost from there ──▶ nothing
 *
 * A number says who calls only where one leg of it was lost: behind the number of a company many may wait.
 */
import type { Millis } from '@holdfast/kernel';
import type { Call } from './call.ts';
import { type CentreState, log, type Turn } from './centre-state.ts';

export interface LostPlace {
  /** What had been dialled. */
  readonly dnis: string;
  /** How long the caller had waited. */
  readonly waitedMs: Millis;
  readonly lostAt: Millis;
  /** More than one leg from there was lost: it says nothing any more. */
  readonly isAmbiguous: boolean;
}

/** Places kept at once; beyond, the one lost first is given up. */
export const LOST_PLACES_MAX = 4_096;

/** What gateways write in place of a number that is withheld (RFC 3323 §4.1, RFC 3261 §8.1.1.3). */
const WITHHELD = /^(anonymous|unavailable|unknown|restricted|private|withheld|)$/i;

export function isWithheld(ani: string | undefined): boolean {
  return ani === undefined || WITHHELD.test(ani);
}

/** The leg of a caller from outside, who waits in a queue, was lost. */
export function keepPlace(turn: Turn, { ani, dnis, origin, phase, waitingSince }: Call): void {
  const { state, now } = turn;
  const windowMs = state.lostPlaceWindowMs;
  if (windowMs === 0 || ani === undefined || isWithheld(ani) || origin.dn !== undefined) return;
  if ((phase.name !== 'waiting' && phase.name !== 'offered') || waitingSince === undefined) return;
  const { lostPlaces } = state;
  forgetOld(state, now);
  const isAmbiguous = lostPlaces.has(ani);
  // In the order of loss.
  lostPlaces.delete(ani);
  const [oldest] = lostPlaces.size >= LOST_PLACES_MAX ? lostPlaces.keys() : [];
  if (oldest !== undefined) lostPlaces.delete(oldest);
  lostPlaces.set(ani, { dnis, waitedMs: now - waitingSince, lostAt: now, isAmbiguous });
}

/** A call comes from outside: since when its caller counts as waiting, where a place of his is kept; once. */
export function placeKept(turn: Turn, call: Pick<Call, 'connId' | 'ani' | 'dnis'>): Millis | undefined {
  const { state, now } = turn;
  const { connId, ani } = call;
  if (ani === undefined || state.lostPlaces.size === 0) return undefined;
  forgetOld(state, now);
  const kept = state.lostPlaces.get(ani);
  if (kept === undefined || kept.isAmbiguous || kept.dnis !== call.dnis) return undefined;
  state.lostPlaces.delete(ani);
  return goOn(turn, connId, kept.waitedMs);
}

/** The same where the other site has lost him, which we know from its records. */
export function goOn(turn: Turn, connId: string, waitedMs: Millis): Millis {
  const because =
    'AD7: the leg of this caller was lost while he waited, and he has dialled the same number again';
  log(turn, {
    level: 'info',
    what: 'place in line kept',
    call: connId,
    because,
    detail: { waitedMs: Math.round(waitedMs) },
  });
  return turn.now - waitedMs;
}

function forgetOld({ lostPlaces, lostPlaceWindowMs }: CentreState, now: Millis): void {
  for (const [ani, { lostAt }] of lostPlaces) {
    if (now >= lostAt + lostPlaceWindowMs) lostPlaces.delete(ani);
  }
}
