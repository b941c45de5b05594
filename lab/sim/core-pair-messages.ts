/** What passes between the tiny processes of the simulated pair, and the mistakes that its checkers must find. */
import type { ArbiterAnswer, ArbiterRequest, KeySeen, PairMessage } from '@holdfast/continuity';

export type MateMessage =
  | { readonly type: 'pair'; readonly message: PairMessage }
  /** What a primary has decided, as its mate's log takes it (PR9). */
  | { readonly type: 'entry'; readonly epoch: number; readonly number: number };

export type FromArbiter =
  | { readonly type: 'answer'; readonly to: string; readonly answer: ArbiterAnswer }
  | { readonly type: 'watched'; readonly seen: KeySeen };

/** An answer belongs to the life that asked: a real one comes over that life's own connection. */
export interface ToArbiter {
  readonly from: string;
  readonly request: ArbiterRequest;
}

export const MATE_PORT = 3;
export const ARBITER_PORT = 4;
/** Where the outside world asks a member to decide something. */
export const CALL_PORT = 5;

/**
 * ME4: each takes one clause of the rules PR out of the simulated pair, with the check that has to find it. The machine
 * stays as it is; what it is told, or what it remembers, is falsified as the mistake would.
 */
export const PAIR_DEFECTS = {
  /** PR2: the holder counts its lease from when the confirmation came. */
  'count-from-answer': 'never-two-primaries',
  /** PR2: `now` was read before the message was. */
  'now-before-message': 'never-two-primaries',
  /** PR3: a standby asks although it has just confirmed. */
  'own-confirmations-ignored': 'never-two-primaries',
  /** PR3: a standby asks although the key has just changed. */
  'changed-key-ignored': 'never-two-primaries',
  /** PR3: the arbiter takes any change, whatever revision it was asked on. */
  'no-compare-and-set': 'never-two-primaries',
  /** PR4: a member confirms while it asks. */
  'confirms-while-asking': 'never-two-primaries',
  /** PR4: no answer is taken for a no, and the grant is acted on when it is seen. */
  'no-answer-is-no': 'never-two-primaries',
  /** PR5: a standby waits for the ordinary length, whatever the key says. */
  'written-length-ignored': 'never-two-primaries',
  /** PR6: a primary acts until a timer says otherwise. */
  'acts-by-timer': 'never-two-primaries',
  /** PR6: a primary does not notice that its host has slept. */
  'sleep-unnoticed': 'never-two-primaries',
  /** PR9: entries are taken whatever their epoch. */
  'entries-of-any-epoch': 'log-in-order',
  /** PR1: a primary that its mate confirms does not renew at the arbiter. */
  'arbiter-not-renewed': 'no-needless-takeover',
  /** PR4: an ask is never taken back. */
  'never-taken-back': 'one-primary-in-the-end',
} as const;
export type PairDefect =
  | keyof typeof PAIR_DEFECTS
  /** PR2: a second net. Taken out alone it gives no double primary: whoever has just started waits for the key (PR3). */
  | 'start-not-counted';
