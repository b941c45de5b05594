/**
 * What the log of the configuration lets one do: undo and redo its entries in thought, so that any object, or the
 * whole, can be seen as it was and brought back. The log itself is never rewritten: bringing something back is an edit like any
 * other, with an entry of its own (CH3).
 *
 *     present objects ◀─ 3.128 ◀─ 3.127 ◀─ 2.126 …      entries, the newest first
 *     undone as far as the moment that is asked for, each checked against what stands
 */
import {
  type Change,
  type ConfigObject,
  compareRevisions,
  type Entry,
  objectKey,
  type Revision,
  revisionText,
} from '@holdfast/protocol';
import { compareText } from './configuration.ts';
import { areEqual } from './object-pieces.ts';

/** What stands now, and as of which entry. */
export interface Present {
  readonly revision: Revision;
  readonly objects: readonly ConfigObject[];
}

/** After that entry, or at that instant of wall time (ms since 1970). */
export type Moment = { readonly revision: Revision } | { readonly at: number };

export interface Refused {
  readonly ok: false;
  readonly text: string;
}

/** The number before the first entry, when there was nothing. */
const NOTHING_YET = 0;

/** CH1. `entries` are those since the moment, the newest first; older ones are not looked at. */
export function objectsAt(
  present: Present,
  entries: readonly Entry[],
  moment: Moment,
): { readonly ok: true; readonly objects: ConfigObject[] } | Refused {
  const undone = undo(present, entries, moment);
  return undone.ok ? { ok: true, objects: [...undone.then.values()] } : undone;
}

/**
 * CH3: the changes that bring these objects (by key), or all, back to what they were. They are an edit of today: whoever
 * asks for it is its author, and it is checked like any other, since what it refers to may be gone.
 */
export function restoreChanges(
  present: Present,
  entries: readonly Entry[],
  moment: Moment,
  only?: readonly string[],
): { readonly ok: true; readonly changes: Change[] } | Refused {
  const undone = undo(present, entries, moment);
  if (!undone.ok) return undone;
  const { now, then, touched } = undone;
  const wanted = only === undefined ? touched : new Set(only);
  const keys = [...touched].filter((key) => wanted.has(key)).sort(compareText);
  const changes = keys.map((key) => ({ key, before: now.get(key) ?? null, after: then.get(key) ?? null }));
  return { ok: true, changes: changes.filter(({ before, after }) => !areEqual(before, after)) };
}

/** The objects after these entries, the oldest first. Each has to find what it says that it changed. */
export function applyEntries(
  objects: readonly ConfigObject[],
  entries: readonly Entry[],
): { readonly ok: true; readonly objects: Map<string, ConfigObject> } | Refused {
  const held = byKey(objects);
  for (const entry of entries)
    for (const { key, before, after } of entry.changes) {
      if (!areEqual(held.get(key) ?? null, before)) return unfitting(entry, key, 'finds');
      put(held, key, after);
    }
  return { ok: true, objects: held };
}

type Undone =
  | {
      readonly ok: true;
      readonly now: ReadonlyMap<string, ConfigObject>;
      readonly then: ReadonlyMap<string, ConfigObject>;
      /** The keys that stand in an undone entry. */
      readonly touched: ReadonlySet<string>;
    }
  | Refused;

function undo(present: Present, entries: readonly Entry[], moment: Moment): Undone {
  const since = entriesSince(present.revision, entries, moment);
  if (!since.ok) return since;
  const now = byKey(present.objects);
  const then = new Map(now);
  const touched = new Set<string>();
  for (const entry of since.entries)
    for (const { key, before, after } of entry.changes.toReversed()) {
      if (!areEqual(then.get(key) ?? null, after)) return unfitting(entry, key, 'left');
      put(then, key, before);
      touched.add(key);
    }
  return { ok: true, now, then, touched };
}

/** CH4: those to undo, without a gap between them, what stands, and the moment. */
function entriesSince(
  newest: Revision,
  entries: readonly Entry[],
  moment: Moment,
): { readonly ok: true; readonly entries: Entry[] } | Refused {
  const wanted = 'revision' in moment ? moment.revision : undefined;
  if (wanted !== undefined && compareRevisions(wanted, newest) > 0)
    return refused(
      `There is no revision ${revisionText(wanted)} yet: ${revisionText(newest)} is the newest. Name an earlier one.`,
    );
  const since: Entry[] = [];
  // What the next entry must be for none to be missing. Numbers go on without a gap, also under a later writer.
  let expected = newest;
  for (const entry of entries) {
    const { revision } = entry;
    const isNext = revision.number === expected.number && revision.epoch <= expected.epoch;
    if (!isNext || (since.length === 0 && revision.epoch !== newest.epoch)) break;
    if (wanted === undefined && 'at' in moment && entry.at <= moment.at) return { ok: true, entries: since };
    if (wanted !== undefined && revision.number === wanted.number) {
      if (revision.epoch === wanted.epoch) return { ok: true, entries: since };
      return refused(
        `The log has no revision ${revisionText(wanted)}: entry ${wanted.number} is ${revisionText(revision)}. Name that, or another one.`,
      );
    }
    since.push(entry);
    expected = { epoch: revision.epoch, number: revision.number - 1 };
  }
  const isReached =
    expected.number === (wanted?.number ?? NOTHING_YET) && (wanted?.epoch ?? 0) <= expected.epoch;
  if (isReached) return { ok: true, entries: since };
  const asked = wanted === undefined ? 'that moment' : `revision ${revisionText(wanted)}`;
  return refused(
    `What stood at ${asked} cannot be told: entry ${expected.number} is missing here. Ask the Configuration Server that writes, which holds the whole log, or name a later one.`,
  );
}

function unfitting(entry: Entry, key: string, verb: 'left' | 'finds'): Refused {
  const text = `${key} is not what entry ${revisionText(entry.revision)} ${verb}: entries and objects are not of one log. Read both anew from one Configuration Server.`;
  return refused(text);
}

function refused(text: string): Refused {
  return { ok: false, text };
}

function byKey(objects: readonly ConfigObject[]): Map<string, ConfigObject> {
  return new Map(objects.map((object) => [objectKey(object), object]));
}

function put(objects: Map<string, ConfigObject>, key: string, object: ConfigObject | null): void {
  if (object === null) objects.delete(key);
  else objects.set(key, object);
}
