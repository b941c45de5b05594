/**
 * The arbiter of a pair as a port: what a member's role step asks (`ArbiterRequest`) goes in, and each request is
 * answered exactly once, at the latest when its time is over, by `unknown`. Two implementations pass one contract
 * suite (`arbiter.contract.ts`): the supervisor of one host (PR7) and the site's etcd (PR8).
 *
 * `unknown` says nothing about what happened: a swap may still be done after it (PR4).
 */
import type { ArbiterAnswer, ArbiterRequest, KeySeen } from '@holdfast/continuity';
import type { Millis } from '@holdfast/kernel';

/** A request that is not answered by then is answered `unknown`: half the shortest lease that is sensible (PR11). */
export const ANSWER_MAX_MS = 300;
/** Requests that are open at once; a member asks every 150 ms, and one more is answered `unknown` at once. */
export const OPEN_MAX = 64;

export interface ArbiterHandlers {
  /** Exactly once for each request, but never after `close`, and never before `ask` has returned. */
  answered(answer: ArbiterAnswer): void;
  /**
   * The key as it was seen to stand, each revision once and only higher ones. It may lag, and miss revisions:
   * what is certain only a request says (PR3).
   */
  changed(seen: KeySeen): void;
  /** The arbiter saw this process of the mate end (PR11). An etcd cannot. */
  mateEnded?(mate: { readonly application: string; readonly process: string }): void;
}

export interface ArbiterOptions {
  readonly handlers: ArbiterHandlers;
  readonly answerMaxMs?: number;
}

export interface Arbiter {
  ask(request: ArbiterRequest): void;
  /** This member has offered its role: who is ended for the grant makes way (PR7). Nothing to an etcd, which ends nobody. */
  yields?(forMs: Millis): void;
  /** Nothing is heard of it afterwards. */
  close(): void;
}
