/**
 * The third voice of a pair (PR1): one key for each pair, changed only by compare-and-set on its revision (PR3).
 * Two arbiters hold it: the supervisor of one host (PR7), and the site's etcd across hosts (PR8). This is all that
 * a member asks of either, as data; the shells in `apps/server/src/arbiter` perform it, and one contract suite holds
 * both to it.
 */
import type { Millis } from '@holdfast/kernel';

/**
 * Grows with every change of the key, whatever it was. `start` counts the lives of an arbiter whose count begins
 * again with each life (the supervisor, PR7); it is 0 where the count outlives every restart (etcd).
 */
export interface Revision {
  readonly start: number;
  readonly count: number;
}

/** What stands under the key: who holds the role. */
export interface RoleKey {
  /** The application name of the member. */
  readonly holder: string;
  /** Which life of it: a key that names an earlier process of mine is another's (PR4). */
  readonly process: string;
  readonly epoch: number;
  /** The numbered ask that this grants (PR4). */
  readonly ask: number;
  /** How long the holder may act after its last renewal; every member honours it (PR5). */
  readonly lengthMs: Millis;
}

export interface KeySeen {
  readonly revision: Revision;
  /** Undefined before anybody has held the role. */
  readonly key: RoleKey | undefined;
}

/** What a member asks. `n` comes back in the answer, so that a late answer is never taken for another's. */
export type ArbiterRequest =
  | { readonly type: 'read'; readonly n: number }
  /** Sets the key if its revision is still this one. */
  | { readonly type: 'swap'; readonly n: number; readonly ifRevision: Revision; readonly key: RoleKey };

/**
 * Always with what stands there now, except where the arbiter could not be asked: then the swap may have happened
 * or not (PR4: no answer is perhaps granted).
 */
export type ArbiterAnswer =
  | { readonly type: 'stands'; readonly n: number; readonly seen: KeySeen }
  | { readonly type: 'swapped'; readonly n: number; readonly seen: KeySeen }
  | { readonly type: 'not-swapped'; readonly n: number; readonly seen: KeySeen }
  | { readonly type: 'unknown'; readonly n: number; readonly because: string };

/** Negative when `a` is older than `b`. */
export function compareRevisions(a: Revision, b: Revision): number {
  return a.start - b.start || a.count - b.count;
}
