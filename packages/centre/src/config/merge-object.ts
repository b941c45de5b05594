/**
 * One object that both sides of a partition have, merged piece by piece (CW3): what one side alone has edited holds; what
 * both have made the same holds; of the rest the stricter holds where there is one, else it is a conflict, in which
 * the main line's stands and the branch's is proposed.
 */
import type { ConfigObject } from '@holdfast/protocol';
import { areReordered, type SideObject, type Touch } from './merge-sides.ts';
import {
  areEqual,
  fieldName,
  isOrderedList,
  listFieldsOf,
  objectOf,
  type Piece,
  piecesOf,
  sequenceOf,
} from './object-pieces.ts';
import { stricterSide } from './stricter.ts';

/** What one side made of it, and who did, where that side has edited it. Undefined or null: it is not there. */
export interface SideValue extends Partial<Touch> {
  readonly value?: unknown;
}

/** What both sides have edited, or what cannot stand beside what the other did. Nothing of it is lost. */
export interface Conflict {
  readonly key: string;
  /** The parts of the field's name: `['options', 'agent-desktop', 'site-1']`. Empty: the whole object. */
  readonly path: readonly string[];
  readonly base?: unknown;
  readonly main: SideValue;
  readonly branch: SideValue;
  /** What stands there after the merge. */
  readonly stands?: unknown;
  /** What stands there when the other side is chosen. */
  readonly proposal?: unknown;
  readonly because: string;
}

export interface ObjectToMerge {
  readonly key: string;
  readonly base: ConfigObject | null;
  readonly main: SideObject;
  readonly branch: SideObject;
}

export interface MergedObject extends ObjectToMerge {
  readonly result: ConfigObject | null;
  /** Names of the pieces that differ from the main line's because the branch's hold. */
  readonly taken: ReadonlySet<string>;
  readonly conflicts: readonly Conflict[];
  /** Settled by the stricter one. */
  readonly stricter: readonly Conflict[];
}

export function mergeObject(one: ObjectToMerge): MergedObject {
  const { base, main, branch } = one;
  const none = { conflicts: [], stricter: [], taken: new Set<string>() };
  // What a side has made and taken away again within the partition is no edit of anything that the other has.
  const isBranchIdle = branch.last === undefined || (base === null && branch.object === null);
  if (isBranchIdle || areEqual(main.object, branch.object)) return { ...one, ...none, result: main.object };
  const isMainIdle = main.last === undefined || (base === null && main.object === null);
  if (main.object === null || branch.object === null) {
    if (isMainIdle) return { ...one, ...none, result: branch.object };
    return { ...one, ...none, ...deletionConflict(one) };
  }
  return { ...one, ...mergePieces(one, main.object, branch.object) };
}

/** A Person who was deleted at one site and is there at the other does not log in until it is resolved. */
export function shutOut(object: ConfigObject): ConfigObject {
  return object.objectType === 'Person' ? { ...object, enabled: false } : object;
}

/** Deletion against change. */
function deletionConflict({
  key,
  base,
  main,
  branch,
}: ObjectToMerge): Pick<MergedObject, 'result' | 'conflicts'> {
  const result = main.object === null ? null : shutOut(main.object);
  const isShutOut = !areEqual(result, main.object);
  const [deleter, changer] =
    main.object === null ? ['the main line', 'the branch'] : ['the branch', 'the main line'];
  const until = isShutOut ? '; disabled until it is resolved' : '';
  const conflict: Conflict = {
    key,
    path: [],
    base,
    main: { value: main.object, ...main.last },
    branch: { value: branch.object, ...branch.last },
    stands: result,
    proposal: branch.object,
    because: `${deleter} has deleted it and ${changer} has changed it${until}`,
  };
  return { result, conflicts: [conflict] };
}

function mergePieces(
  one: ObjectToMerge,
  main: ConfigObject,
  branch: ConfigObject,
): Pick<MergedObject, 'result' | 'taken' | 'conflicts' | 'stricter'> {
  const [base, ours, theirs] = [piecesOf(one.base), piecesOf(main), piecesOf(branch)];
  const pieces = new Map(ours);
  const taken = new Set<string>();
  const conflicts: Conflict[] = [];
  const stricter: Conflict[] = [];
  const take = (name: string, piece: Piece | undefined) => {
    taken.add(name);
    if (piece === undefined) pieces.delete(name);
    else pieces.set(name, piece);
  };
  for (const name of new Set([...ours.keys(), ...theirs.keys()])) {
    const touch = one.branch.touches.get(name);
    const [mine, other] = [ours.get(name), theirs.get(name)];
    if (touch === undefined || areEqual(mine?.value, other?.value)) continue;
    const mainTouch = one.main.touches.get(name);
    if (mainTouch === undefined) {
      take(name, other);
      continue;
    }
    const path = (mine ?? other)?.path ?? [];
    const contested = {
      key: one.key,
      path,
      base: base.get(name)?.value,
      main: { value: mine?.value, ...mainTouch },
      branch: { value: other?.value, ...touch },
    };
    const choice = stricterSide(main.objectType, path, contested);
    const [stands, proposal] = choice?.side === 'branch' ? [other, mine] : [mine, other];
    const because = choice?.because ?? 'both sides have changed it';
    (choice === undefined ? conflicts : stricter).push({
      ...contested,
      stands: stands?.value,
      proposal: proposal?.value,
      because,
    });
    if (choice?.side === 'branch') take(name, other);
  }
  const sequences = new Map<string, string[]>();
  for (const field of listFieldsOf([main, branch])) {
    const order = mergeOrder(one, main, branch, field);
    if (order.conflict !== undefined) conflicts.push(order.conflict);
    const isKept = (name: string) => pieces.has(fieldName([field, name]));
    sequences.set(field, weave(order.leader.filter(isKept), order.follower.filter(isKept)));
    if (order.isBranchLeading) taken.add(field);
  }
  const result = objectOf(main.objectType, pieces, sequences);
  return { result: areEqual(result, main) ? main : result, taken, conflicts, stricter };
}

interface Order {
  readonly leader: readonly string[];
  readonly follower: readonly string[];
  readonly isBranchLeading: boolean;
  readonly conflict?: Conflict;
}

function mergeOrder(one: ObjectToMerge, main: ConfigObject, branch: ConfigObject, field: string): Order {
  const [ours, theirs] = [sequenceOf(main, field), sequenceOf(branch, field)];
  const touch = one.branch.touches.get(field);
  const mainTouch = one.main.touches.get(field);
  const mainLeads: Order = { leader: ours, follower: theirs, isBranchLeading: false };
  if (!isOrderedList(field) || touch === undefined || !areReordered(ours, theirs)) return mainLeads;
  if (mainTouch === undefined) return { leader: theirs, follower: ours, isBranchLeading: true };
  const conflict: Conflict = {
    key: one.key,
    path: [field],
    base: sequenceOf(one.base, field),
    main: { value: ours, ...mainTouch },
    branch: { value: theirs, ...touch },
    stands: ours,
    proposal: theirs,
    because: 'both sides have put it in another order',
  };
  return { ...mainLeads, conflict };
}

/** The follower's own come in behind what stands before them there, after what the leader has added at that place. */
function weave(leader: readonly string[], follower: readonly string[]): string[] {
  const isLed = new Set(leader);
  const isFollowing = new Set(follower);
  const additions = new Map<string | undefined, string[]>();
  let before: string | undefined;
  for (const name of follower) {
    if (isLed.has(name)) {
      before = name;
      continue;
    }
    const here = additions.get(before);
    if (here === undefined) additions.set(before, [name]);
    else here.push(name);
  }
  const woven: string[] = [];
  let due = additions.get(undefined) ?? [];
  for (const name of leader) {
    if (isFollowing.has(name)) {
      woven.push(...due, name);
      due = additions.get(name) ?? [];
    } else woven.push(name);
  }
  return [...woven, ...due];
}
