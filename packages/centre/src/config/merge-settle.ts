/**
 * What only together breaks the object model: one DN put in two Places, a reference to what the other side has deleted. Each side
 * was sound by itself, so that what the branch has brought is taken out again until the whole is sound, and becomes a conflict: the
 * main line's stands, the branch's is proposed. As little as possible is taken out: first the very piece that a check names.
 */
import { type ConfigObject, configObject, nameOf } from '@holdfast/protocol';
import { checkObjects } from './load-configuration.ts';
import { type Conflict, type MergedObject, shutOut } from './merge-object.ts';
import type { SideOfMerge, Touch } from './merge-sides.ts';
import { areEqual, fieldName, isListField, piecesOf, sequenceOf, withPiece } from './object-pieces.ts';
import { type Problem, problemLine } from './problem.ts';
import { isRuled } from './stricter.ts';

export interface Settled {
  /** As they are to be, by key; only what differs from the main line's. */
  readonly results: ReadonlyMap<string, ConfigObject | null>;
  readonly conflicts: readonly Conflict[];
}

/** Each round takes at least one piece out and checks the whole again; after so many what is left of the branch becomes a conflict. */
const ROUNDS_MAX = 60;

/** Something of the branch's that can be taken out by itself: a piece, or all of one object. */
interface Part {
  readonly key: string;
  readonly path: readonly string[];
}

export function settle(main: SideOfMerge, merged: readonly MergedObject[]): Settled {
  const brought = new Map(
    merged.filter(({ result, main: { object } }) => !areEqual(result, object)).map((one) => [one.key, one]),
  );
  const former = lazily(() => new Set(problemsOf([...main.objects.values()]).map(problemLine)));
  const actors = lazily(() => actorsOf(main));
  const conflicts: Conflict[] = [];
  for (let round = 1; brought.size > 0; round++) {
    const found = problemsAfter(main, brought);
    // What the main line has wrong by itself is not the branch's doing.
    const problems = found.filter((problem) => !former().has(problemLine(problem)));
    if (problems.length === 0) break;
    for (const [part, problem] of partsToTakeOut(brought, problems, round >= ROUNDS_MAX)) {
      const conflict = takeOut(brought, part, problem, actors());
      if (conflict !== undefined) conflicts.push(conflict);
    }
  }
  return { results: new Map([...brought].map(([key, { result }]) => [key, result])), conflicts };
}

function lazily<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** The revision's hash is of no use here. */
const NO_HASH = () => '';

function problemsOf(objects: readonly ConfigObject[]): readonly Problem[] {
  const checked = checkObjects(
    objects.map((object) => ({ file: '', object })),
    [],
    NO_HASH,
  );
  return checked.ok ? [] : checked.problems.filter(({ object }) => object !== '');
}

function problemsAfter(main: SideOfMerge, brought: ReadonlyMap<string, MergedObject>): readonly Problem[] {
  const objects = new Map(main.objects);
  const unfit: Problem[] = [];
  for (const [key, { result }] of brought) {
    if (result === null) objects.delete(key);
    else {
      objects.set(key, result);
      unfit.push(...schemaProblems(key, result));
    }
  }
  // The other checks read what fits its schema.
  return unfit.length > 0 ? unfit : problemsOf([...objects.values()]);
}

/** Two lists that fit can be one that is too long. */
function schemaProblems(key: string, object: ConfigObject): Problem[] {
  const parsed = configObject.safeParse(object);
  if (parsed.success) return [];
  return parsed.error.issues.map(({ message }) => ({
    file: '',
    object: key,
    field: '',
    value: '',
    text: message,
  }));
}

type Found = readonly (readonly [Part, Problem])[];
type Brought = ReadonlyMap<string, MergedObject>;

/** The nearest that can be blamed: the piece that is named, what has the same value, the object, objects that are named, all. */
function partsToTakeOut(brought: Brought, problems: readonly Problem[], isLastRound: boolean): Found {
  const steps = [namedPieces, sameValues, sameObject, namedObjects];
  if (!isLastRound)
    for (const step of steps) {
      const found = problems.flatMap((problem) =>
        step(brought, problem).map((part): readonly [Part, Problem] => [part, problem]),
      );
      if (found.length > 0) return found;
    }
  const first = problems[0] as Problem;
  return [...brought.keys()].map((key) => [{ key, path: [] }, first]);
}

function namedPieces(brought: Brought, problem: Problem): Part[] {
  const one = brought.get(problem.object);
  if (one === undefined) return [];
  const path = pathOf(one.result, problem.field);
  return isBrought(one, path) ? [{ key: one.key, path }] : [];
}

/** The branch has the same value elsewhere, or it is the name of what the branch has deleted or changed. */
function sameValues(brought: Brought, { value }: Problem): Part[] {
  if (value === '') return [];
  return [...brought.values()].flatMap((one): Part[] => {
    const object = one.result ?? one.main.object;
    if (object !== null && nameOf(object) === value) return [{ key: one.key, path: [] }];
    return [...piecesOf(one.result).values()]
      .filter(
        (piece) =>
          isBrought(one, piece.path) && (piece.path.at(-1) === value || String(piece.value) === value),
      )
      .map(({ path }) => ({ key: one.key, path }));
  });
}

function sameObject(brought: Brought, { object }: Problem): Part[] {
  return brought.has(object) ? [{ key: object, path: [] }] : [];
}

function namedObjects(brought: Brought, { text }: Problem): Part[] {
  const named = new Set([...text.matchAll(/"([^"]+)"/g)].map(([, name]) => name));
  return [...brought.values()].flatMap((one) => {
    const object = one.result ?? one.main.object;
    return object !== null && named.has(nameOf(object)) ? [{ key: one.key, path: [] }] : [];
  });
}

/** Problems name a field as `dns.3` or `connections.0.server`, and an option as `TServer/sip-port`. */
function pathOf(object: ConfigObject | null, field: string): readonly string[] {
  const slash = field.indexOf('/');
  if (slash !== -1) return ['options', field.slice(0, slash), field.slice(slash + 1)];
  const [name = '', index = ''] = field.split('.');
  if (name === '') return [];
  // A list as a whole is told by no piece: then it is the object.
  if (isListField(name)) return index === '' ? [] : [name, sequenceOf(object, name)[Number(index)] ?? ''];
  const piece = [name, index];
  return piecesOf(object).has(fieldName(piece)) ? piece : [name];
}

/** Of an object that the main line has not, all is the branch's. */
function isBrought({ main, result, taken }: MergedObject, path: readonly string[]): boolean {
  if (path.length === 0 || main.object === null || result === null) return true;
  return taken.has(fieldName(path));
}

function takeOut(
  brought: Map<string, MergedObject>,
  { key, path }: Part,
  problem: Problem,
  actors: ReadonlyMap<string, Touch>,
): Conflict | undefined {
  const one = brought.get(key);
  if (one === undefined) return undefined;
  const { base, main, branch, result } = one;
  const name = fieldName(path);
  const pieceOf = (object: ConfigObject | null) => piecesOf(object).get(name)?.value;
  // An object is created without an option or an element that cannot stand, but not without what makes it.
  const isCreatedWithout = path.length > 1 && pieceOf(result) !== undefined;
  const isApart = path.length > 0 && result !== null && (main.object !== null || isCreatedWithout);
  const rest = isApart ? withoutPiece(one, result, path) : withoutBranch(one);
  if (areEqual(rest.result, main.object)) brought.delete(key);
  else brought.set(key, { ...one, ...rest });
  const partOf = isApart ? pieceOf : (object: ConfigObject | null) => object;
  const actor = main.touches.get(name) ?? actors.get(problem.value) ?? main.last;
  const author = (isApart ? branch.touches.get(name) : undefined) ?? branch.last;
  return {
    key,
    path: isApart ? path : [],
    base: partOf(base),
    main: { value: partOf(main.object), ...actor },
    branch: { value: partOf(result), ...author },
    stands: partOf(rest.result),
    proposal: partOf(result),
    because: problem.object === key ? problem.text : `${problem.object}: ${problem.text}`,
  };
}

type Rest = Pick<MergedObject, 'result' | 'taken'>;

function withoutPiece(one: MergedObject, result: ConfigObject, path: readonly string[]): Rest {
  const name = fieldName(path);
  const value = piecesOf(one.main.object).get(name)?.value;
  return {
    result: withPiece(result, path, value),
    taken: new Set([...one.taken].filter((piece) => piece !== name)),
  };
}

/** As on the main line; whom the branch has shut out stays out, unless it is that which cannot stand. */
function withoutBranch({ main: { object }, result, taken }: MergedObject): Rest {
  const none = new Set<string>();
  if (object === null) return { result: null, taken: none };
  if (result === null) return { result: shutOut(object), taken: none };
  const pieces = piecesOf(result);
  const strict = [...taken].filter((name) => isRuled(object.objectType, pieces.get(name)?.path ?? [name]));
  if (strict.length === taken.size) return { result: object, taken: none };
  const kept = strict.reduce((rest: ConfigObject, name) => {
    const piece = pieces.get(name);
    return withPiece(rest, piece?.path ?? [name], piece?.value);
  }, object);
  return { result: kept, taken: new Set(strict) };
}

/** Who on the main line has last edited what is called so: the object, or a reference to it. */
function actorsOf(main: SideOfMerge): Map<string, Touch> {
  const actors = new Map<string, Touch>();
  const put = (name: string, touch: Touch) => actors.set(name, touch);
  for (const [key, { last, touches }] of main.edited) {
    for (const [piece, touch] of touches) put(piece.slice(piece.lastIndexOf('/') + 1), touch);
    if (last !== undefined) put(key.slice(key.indexOf('/') + 1), last);
  }
  return actors;
}
