/**
 * What each side of a partition has edited: for every object the last edit of it, and of each of its pieces. That an edit was
 * taken back later does not make it undone: somebody has looked at that field and decided (CW3).
 */
import type { Author, ConfigObject, Entry, Revision } from '@holdfast/protocol';
import { applyEntries, type Refused } from './history.ts';
import { changedPaths, fieldName, isOrderedList, listFieldsOf, sequenceOf } from './object-pieces.ts';

/** Who, when, and in which entry. */
export interface Touch {
  readonly author: Author;
  /** Wall clock, ms since 1970. */
  readonly at: number;
  readonly revision: Revision;
}

/** One object as one side has left it. */
export interface SideObject {
  readonly object: ConfigObject | null;
  /** Undefined: this side has never edited it. */
  readonly last: Touch | undefined;
  /** By the names of the pieces; the order of a list by the name of its field. */
  readonly touches: ReadonlyMap<string, Touch>;
}

export interface SideOfMerge {
  readonly objects: ReadonlyMap<string, ConfigObject>;
  /** The objects that this side has edited, by key. */
  readonly edited: ReadonlyMap<string, SideObject>;
}

/** `entries` are those of this side since the base, the oldest first; of `isKnown` see `Branched`. */
export function sideOf(
  base: readonly ConfigObject[],
  entries: readonly Entry[],
  isKnown: (entry: Entry) => boolean = () => false,
): { readonly ok: true; readonly side: SideOfMerge } | Refused {
  const applied = applyEntries(base, entries);
  if (!applied.ok) return applied;
  const edits = new Map<string, { last: Touch; touches: Map<string, Touch> }>();
  for (const { author, at, revision, changes } of entries.filter((entry) => !isKnown(entry)))
    for (const { key, before, after } of changes) {
      const touch: Touch = { author, at, revision };
      const touches = edits.get(key)?.touches ?? new Map<string, Touch>();
      edits.set(key, { last: touch, touches });
      for (const name of touchedPieces(before, after)) touches.set(name, touch);
    }
  const edited = new Map<string, SideObject>();
  for (const [key, { last, touches }] of edits)
    edited.set(key, { object: applied.objects.get(key) ?? null, last, touches });
  return { ok: true, side: { objects: applied.objects, edited } };
}

/** What this side has of an object that it may never have edited. */
export function sideObject(side: SideOfMerge, key: string): SideObject {
  const edited = side.edited.get(key);
  if (edited !== undefined) return edited;
  return { object: side.objects.get(key) ?? null, last: undefined, touches: new Map() };
}

function touchedPieces(before: ConfigObject | null, after: ConfigObject | null): string[] {
  const lists = listFieldsOf([before, after]).filter(isOrderedList);
  const reordered = lists.filter((field) => isReordered(before, after, field));
  return [...changedPaths(before, after).map(fieldName), ...reordered];
}

/** Of those that stand in both; a list that is new says its order too. */
function isReordered(before: ConfigObject | null, after: ConfigObject | null, field: string): boolean {
  if (before === null || after === null) return after !== null;
  return areReordered(sequenceOf(before, field), sequenceOf(after, field));
}

/** Whether what both have stands in another order. */
export function areReordered(one: readonly string[], other: readonly string[]): boolean {
  const [ofOne, ofOther] = [new Set(one), new Set(other)];
  const [first, second] = [one.filter((name) => ofOther.has(name)), other.filter((name) => ofOne.has(name))];
  return first.some((name, i) => name !== second[i]);
}
