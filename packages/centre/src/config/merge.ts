/**
 * What was edited at a cut-off site comes back to the main line (CW3), and what a proxy has beyond a promoted database
 * likewise (CW4): a merge of three, the base being what both began with.
 *
 *             ┌── entries of the main line ──▶ what stands there now ─┐
 *     base ───┤                                                       ├──▶ changes, conflicts
 *             └── entries of the branch ─────▶ what stood there ──────┘
 *
 * The changes are for one entry on top of the main line. Every edit of either side then stands, was replaced in the same
 * field by a later one of its own side, or is in a conflict or among what the stricter has settled: nothing is lost.
 */
import { type Change, type ConfigObject, compareRevisions, type Entry } from '@holdfast/protocol';
import { compareText } from './configuration.ts';
import type { Refused } from './history.ts';
import { type Conflict, mergeObject } from './merge-object.ts';
import { settle } from './merge-settle.ts';
import { type SideOfMerge, sideObject, sideOf, type Touch } from './merge-sides.ts';

export interface Merge {
  readonly ok: true;
  /** From what stands on the main line, by key. */
  readonly changes: readonly Change[];
  /** For each key of the changes who edited the branch's, when and in which entry there, the oldest first: the merge is one entry. */
  readonly sources: ReadonlyMap<string, readonly Touch[]>;
  /** To be resolved by choice. */
  readonly conflicts: readonly Conflict[];
  /** Settled: the stricter of the two stands. The other is kept here, and can be chosen likewise. */
  readonly stricter: readonly Conflict[];
}

export interface Branched {
  readonly base: readonly ConfigObject[];
  /** Since the base, the oldest first. */
  readonly main: readonly Entry[];
  readonly branch: readonly Entry[];
  /**
   * What has been merged before, of a branch that has grown since, and those merges themselves: they stand at both sides, and are no
   * edits by which the two could differ.
   */
  isKnown?(entry: Entry): boolean;
}

/** Refused where the entries do not fit the base: then one of the three is of another log. */
export function mergeBranch({ base, main, branch, isKnown = () => false }: Branched): Merge | Refused {
  const ours = sideOf(base, main, isKnown);
  if (!ours.ok) return ours;
  const theirs = sideOf(base, branch, isKnown);
  if (!theirs.ok) return theirs;
  const baseOf = new Map<string, ConfigObject | null>();
  // What stood there at the base is what the first change of either side has found.
  for (const entry of [...branch, ...main].filter((one) => !isKnown(one)))
    for (const { key, before } of entry.changes) if (!baseOf.has(key)) baseOf.set(key, before);
  const merged = [...theirs.side.edited].map(([key, edited]) =>
    mergeObject({ key, base: baseOf.get(key) ?? null, main: sideObject(ours.side, key), branch: edited }),
  );
  const { results, conflicts } = settle(ours.side, merged);
  const changes = [...results].map(([key, after]) => ({
    key,
    before: ours.side.objects.get(key) ?? null,
    after,
  }));
  return {
    ok: true,
    changes: changes.sort((a, b) => compareText(a.key, b.key)),
    sources: new Map([...results.keys()].map((key) => [key, touchesOf(theirs.side, key)])),
    conflicts: [...merged.flatMap((one) => one.conflicts), ...conflicts],
    stricter: merged.flatMap((one) => one.stricter),
  };
}

function touchesOf(side: SideOfMerge, key: string): Touch[] {
  const { last, touches } = sideObject(side, key);
  const all = new Set([...touches.values(), ...(last === undefined ? [] : [last])]);
  return [...all].sort((a, b) => compareRevisions(a.revision, b.revision));
}
