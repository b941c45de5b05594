/**
 * What an edit did at one Switch, done at the other (SY7): an object that is new, gone or another has its twin new, gone or the same.
 * Only what the edit has changed is carried. What already differed and was not touched is drift, and stays until somebody
 * says who is right (SY6).
 */
import { type ConfigObject, objectKey } from '@holdfast/protocol';
import { splitReference } from './configuration.ts';
import { areEqual, fieldName, type Piece, type Pieces } from './object-pieces.ts';
import {
  isSynced,
  type SyncFinding,
  sharedPieces,
  shownPiece,
  type Twin,
  takenFinding,
  twinOf,
  twinReference,
  withPiece,
} from './sync-switches-pieces.ts';
import type { Side, SyncPair } from './sync-switches-settings.ts';

/** One of two twins, and what the edit did to it. */
export interface TwinEdit {
  readonly switchName: string;
  /** Of the twin, where there is none yet. */
  readonly name: string;
  readonly before: ConfigObject | null;
  readonly after: ConfigObject | null;
  readonly isEdited: boolean;
  /** Of two edited ones the higher is the later. */
  readonly order: number;
  /** Which it replaces, where it was renumbered: what is the site's own is taken from there. */
  readonly former?: Twin | undefined;
}

export interface Carried {
  /** What is to stand there; absent: what the edit left. */
  readonly after: readonly [Twin | null | undefined, Twin | null | undefined];
  readonly findings: readonly SyncFinding[];
}

const NOTHING: Carried = { after: [undefined, undefined], findings: [] };

/** A DN of a site's own is not seen here, unless it was none before. */
interface Seen {
  readonly was: Twin | null;
  readonly is: Twin | null;
  readonly isRemoved: boolean;
}

export function carry(edits: readonly [TwinEdit, TwinEdit], pair: SyncPair): Carried {
  const seen = [seenOf(edits[0]), seenOf(edits[1])] as const;
  const later: Side = edits[1].order > edits[0].order ? 1 : 0;
  for (const side of [0, 1] as const) {
    const other: Side = side === 0 ? 1 : 0;
    if (seen[side].isRemoved) return carryRemoval(edits, seen, { side, later, pair });
    const source = seen[other].is;
    if (seen[side].is !== null || source === null) continue;
    if (!edits[other].isEdited || !isSynced(source)) return NOTHING;
    const taken = edits[side].after;
    if (taken !== null)
      return source.objectType === 'DN' ? { ...NOTHING, findings: [takenFinding(source, taken)] } : NOTHING;
    return put(side, made(edits[side], source, pair));
  }
  return seen[0].is === null || seen[1].is === null ? NOTHING : carryPieces(edits, seen, later, pair);
}

function seenOf({ before, after }: TwinEdit): Seen {
  const was = isSynced(before) ? (before as Twin) : null;
  const is = after !== null && (was !== null || isSynced(after)) ? (after as Twin) : null;
  return { was, is, isRemoved: was !== null && is === null };
}

function put(side: Side, object: Twin | null, findings: readonly SyncFinding[] = []): Carried {
  return { after: side === 0 ? [object, undefined] : [undefined, object], findings };
}

function made({ name, switchName, former }: TwinEdit, source: Twin, pair: SyncPair): Twin {
  return twinOf(source, { name, switchName, pair, former });
}

function carryRemoval(
  edits: readonly [TwinEdit, TwinEdit],
  seen: readonly [Seen, Seen],
  { side, later, pair }: { readonly side: Side; readonly later: Side; readonly pair: SyncPair },
): Carried {
  const other: Side = side === 0 ? 1 : 0;
  const twin = seen[other].is;
  if (twin === null) return NOTHING;
  if (!edits[other].isEdited) return put(other, null);
  const isRemovalLater = later === side;
  const text = `It is removed at Switch "${edits[side].switchName}" and changed at "${edits[other].switchName}" in one edit. The later of the two holds, so that it is ${isRemovalLater ? 'removed' : 'kept'} at both.`;
  const finding: SyncFinding = {
    kind: 'contradiction',
    object: objectKey(isRemovalLater ? twin : (seen[side].was as Twin)),
    field: '',
    value: '',
    text,
  };
  return isRemovalLater
    ? put(other, null, [finding])
    : put(side, made({ ...edits[side], former: seen[side].was ?? undefined }, twin, pair), [finding]);
}

function carryPieces(
  edits: readonly [TwinEdit, TwinEdit],
  seen: readonly [Seen, Seen],
  later: Side,
  pair: SyncPair,
): Carried {
  const after: [Twin, Twin] = [seen[0].is as Twin, seen[1].is as Twin];
  const findings: SyncFinding[] = [];
  const sides = [0, 1] as const;
  const was = sides.map((side) => sharedPieces(seen[side].was, edits[side].switchName, pair));
  const is = sides.map((side) => sharedPieces(seen[side].is, edits[side].switchName, pair));
  for (const { path } of piecesIn([...was, ...is])) {
    const name = fieldName(path);
    const value = (side: Side) => is[side]?.get(name)?.value;
    if (areEqual(value(0), value(1))) continue;
    const isChanged = (side: Side) =>
      edits[side].isEdited &&
      (seen[side].was === null || !areEqual(was[side]?.get(name)?.value, value(side)));
    const changed = sides.filter(isChanged);
    const winner = changed.length === 2 ? later : changed[0];
    if (winner === undefined) continue;
    const loser: Side = winner === 0 ? 1 : 0;
    if (changed.length === 2 || !areEqual(was[winner]?.get(name)?.value, value(loser))) {
      const kind = changed.length === 2 ? 'contradiction' : 'overwritten';
      findings.push(
        lostFinding(kind, { winner: after[winner], loser: after[loser], path }, [
          value(winner),
          value(loser),
        ]),
      );
    }
    after[loser] = withPiece(after[loser], path, value(winner), edits[loser].switchName);
  }
  const changedSide = (side: Side) => (after[side] === seen[side].is ? undefined : after[side]);
  return { after: [changedSide(0), changedSide(1)], findings };
}

/** Each once. */
export function piecesIn(all: readonly Pieces[]): Piece[] {
  return [...new Map(all.flatMap((pieces) => [...pieces])).values()];
}

export function lostFinding(
  kind: 'overwritten' | 'contradiction',
  { winner, loser, path }: { readonly winner: Twin; readonly loser: Twin; readonly path: readonly string[] },
  [kept, lost]: readonly [kept: unknown, lost: unknown],
): SyncFinding {
  const [value, won] = [shownPiece(loser, path, lost), shownPiece(winner, path, kept)];
  const [here, there] = [objectKey(loser), objectKey(winner)];
  const why =
    kind === 'contradiction'
      ? `One edit sets it to ${won} at ${there} and to ${value} here; the later holds at both.`
      : `It is ${value} here and ${won} at ${there}, which holds at both from now on.`;
  return {
    kind,
    object: here,
    field: fieldName(path),
    value,
    winner: { object: there, value: won },
    text: why,
  };
}

export interface ListTerms {
  readonly pair: SyncPair;
  /** Whether it is of a kind that both sites have. */
  readonly isCarried: (reference: string) => boolean;
  /** Why it cannot stand there; undefined: it can. */
  readonly obstacle: (reference: string, list: readonly string[]) => string | undefined;
}

/**
 * A list of references to either Switch: what came to it or left it for one does for the other. Where one edit adds one of two
 * twins and takes the other away, both are there.
 */
export function carryList(
  before: readonly string[],
  after: readonly string[],
  { pair, isCarried, obstacle }: ListTerms,
): { readonly list: readonly string[]; readonly obstacles: readonly { value: string; text: string }[] } {
  const [had, has] = [new Set(before), new Set(after)];
  const twin = (reference: string) => twinReference(reference, pair);
  const isNew = (reference: string | undefined) =>
    reference !== undefined && has.has(reference) && !had.has(reference);
  const gone = new Set(
    before.flatMap((reference) => {
      const other = twin(reference);
      return has.has(reference) || other === undefined || isNew(other) || !isCarried(reference)
        ? []
        : [other];
    }),
  );
  const list = after.filter((reference) => !gone.has(reference));
  const obstacles: { value: string; text: string }[] = [];
  for (const reference of after) {
    const other = twin(reference);
    if (!isNew(reference) || other === undefined || list.includes(other) || !isCarried(reference)) continue;
    const text = obstacle(other, list);
    if (text === undefined) list.splice(list.indexOf(reference) + 1, 0, other);
    else obstacles.push({ value: other, text });
  }
  return { list, obstacles };
}

/** CF12: a person has one Agent Login at a Switch. */
export function secondLogin(reference: string, list: readonly string[]): string | undefined {
  const { switch: name } = splitReference(reference);
  return list.find((one) => splitReference(one).switch === name);
}
