/**
 * What only together breaks the object model: one DN put in two Places, a reference to what the other side has deleted. Each side
 * was sound by itself, so that what the branch has brought is taken out again until the whole is sound, and becomes a conflict: the
 * main line's stands, the branch's is proposed. As little as possible is taken out: first the very piece that a check names.
 */
import { type ConfigObject, configObject } from '@holdfast/protocol';
import { problemsIn } from './load-configuration.ts';
import { type Conflict, type MergedObject, shutOut } from './merge-object.ts';
import type { SideOfMerge, Touch } from './merge-sides.ts';
import {
  areEqual,
  fieldName,
  isListField,
  isMapField,
  type Piece,
  piecesOf,
  sequenceOf,
  withPieces,
} from './object-pieces.ts';
import { type Problem, problemLine } from './problem.ts';
import { isRuled } from './stricter.ts';

export interface Settled {
  /** As they are to be, by key; only what differs from the main line's. */
  readonly results: ReadonlyMap<string, ConfigObject | null>;
  readonly conflicts: readonly Conflict[];
}

/** Each round takes at least one piece out and checks the whole again; after so many what is left of the branch becomes a conflict. */
const ROUNDS_MAX = 60;

/** Something of the branch's that can be taken out by itself: a piece, or, without a path, all of one object. */
interface Part {
  readonly key: string;
  readonly path: readonly string[];
  readonly problem: Problem;
}

export function settle(main: SideOfMerge, merged: readonly MergedObject[]): Settled {
  const brought = new Map(
    merged.filter(({ result, main: { object } }) => !areEqual(result, object)).map((one) => [one.key, one]),
  );
  const former = lazily(() => new Set(problemsIn([...main.objects.values()]).map(problemLine)));
  const actors = lazily(() => actorsOf(main));
  const conflicts: Conflict[] = [];
  for (let round = 1; brought.size > 0; round++) {
    const found = problemsAfter(main, brought);
    // What the main line has wrong by itself is not the branch's doing.
    const problems = found.length === 0 ? [] : found.filter((one) => !former().has(problemLine(one)));
    if (problems.length === 0) break;
    const parts = round < ROUNDS_MAX ? nearestParts(new Blame(brought), problems) : [];
    const all = () =>
      [...brought.keys()].map((key): Part => ({ key, path: [], problem: problems[0] as Problem }));
    for (const [key, ofOne] of byKey(parts.length > 0 ? parts : all()))
      conflicts.push(...takeOut(brought, key, ofOne, actors()));
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
  return unfit.length > 0 ? unfit : problemsIn([...objects.values()]);
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

type Brought = ReadonlyMap<string, MergedObject>;

/** The nearest that can be blamed: the piece that is named, what has the same value, the object, objects that are named. */
function nearestParts(blame: Blame, problems: readonly Problem[]): Part[] {
  const steps = [
    (problem: Problem) => blame.namedPiece(problem),
    (problem: Problem) => blame.sameValue(problem),
    (problem: Problem) => blame.sameObject(problem),
    (problem: Problem) => blame.namedObjects(problem),
  ];
  for (const step of steps) {
    const parts = problems.flatMap((problem) => step(problem).map((part) => ({ ...part, problem })));
    if (parts.length > 0) return parts;
  }
  return [];
}

type Place = Omit<Part, 'problem'>;

/** What the branch has brought as it stands in one round, found by what a problem says. */
class Blame {
  readonly #brought: Brought;
  readonly #sequences = new Map<string, readonly string[]>();
  #byValue: Map<string, Place[]> | undefined;

  constructor(brought: Brought) {
    this.#brought = brought;
  }

  namedPiece({ object, field }: Problem): Place[] {
    const one = this.#brought.get(object);
    if (one === undefined) return [];
    const path = this.#pathOf(one, field);
    return isBrought(one, path) ? [{ key: one.key, path }] : [];
  }

  /** The branch has the same value elsewhere, or it is the name of what the branch has deleted or changed. */
  sameValue({ value }: Problem): readonly Place[] {
    this.#byValue ??= valuesOf(this.#brought);
    return value === '' ? [] : (this.#byValue.get(value) ?? []);
  }

  sameObject({ object }: Problem): Place[] {
    return this.#brought.has(object) ? [{ key: object, path: [] }] : [];
  }

  namedObjects({ text }: Problem): Place[] {
    const named = [...text.matchAll(/"([^"]+)"/g)].map(([, name = '']) => name);
    return [...this.#brought.keys()]
      .filter((key) => named.includes(key.slice(key.indexOf('/') + 1)))
      .map((key) => ({ key, path: [] }));
  }

  /** Problems name a field as `dns.3` or `connections.0.server`, and an option as `TServer/sip-port`. */
  #pathOf({ key, result }: MergedObject, field: string): readonly string[] {
    const slash = field.indexOf('/');
    if (slash !== -1) return ['options', field.slice(0, slash), field.slice(slash + 1)];
    const [name = '', index = ''] = field.split('.');
    if (name === '') return [];
    if (!isListField(name)) return isMapField(name) && index !== '' ? [name, index] : [name];
    // A list as a whole is told by no piece: then it is the object.
    if (index === '') return [];
    const list = `${key} ${name}`;
    const sequence = this.#sequences.get(list) ?? sequenceOf(result, name);
    this.#sequences.set(list, sequence);
    return [name, sequence[Number(index)] ?? ''];
  }
}

function valuesOf(brought: Brought): Map<string, Place[]> {
  const places = new Map<string, Place[]>();
  const put = (value: string, place: Place) => {
    const here = places.get(value);
    if (here === undefined) places.set(value, [place]);
    else here.push(place);
  };
  for (const [key, one] of brought) {
    put(key.slice(key.indexOf('/') + 1), { key, path: [] });
    for (const { path, value } of piecesOf(one.result).values()) {
      if (!isBrought(one, path)) continue;
      // An element of a list is found by its name, and any other piece by what it is.
      put(isListField(path[0] ?? '') ? (path.at(-1) ?? '') : String(value), { key, path });
    }
  }
  return places;
}

/** Of an object that the main line has not, all is the branch's. */
function isBrought({ main, result, taken }: MergedObject, path: readonly string[]): boolean {
  if (path.length === 0 || main.object === null || result === null) return true;
  return taken.has(fieldName(path));
}

function byKey(parts: readonly Part[]): Map<string, Part[]> {
  const keys = new Map<string, Part[]>();
  for (const part of parts) {
    const here = keys.get(part.key);
    if (here === undefined) keys.set(part.key, [part]);
    else here.push(part);
  }
  return keys;
}

/** All that is blamed of one object: pieces by themselves where that can be, else the whole of it. */
function takeOut(
  brought: Map<string, MergedObject>,
  key: string,
  parts: readonly Part[],
  actors: ReadonlyMap<string, Touch>,
): Conflict[] {
  const one = brought.get(key);
  if (one === undefined) return [];
  const { main, branch, result } = one;
  const [base, ours, theirs] = [piecesOf(one.base), piecesOf(main.object), piecesOf(result)];
  // An object is created without an option or an element that cannot stand, but not without what makes it.
  const isApart = ({ path }: Part) =>
    path.length > 0 && (main.object !== null || (path.length > 1 && theirs.has(fieldName(path))));
  const whole = result === null ? parts[0] : parts.find((part) => !isApart(part));
  const about = ({ problem }: Part) =>
    problem.object === key ? problem.text : `${problem.object}: ${problem.text}`;
  const actorOf = ({ problem }: Part) => actors.get(problem.value) ?? main.last;
  if (whole !== undefined || result === null) {
    const rest = withoutBranch(one);
    put(brought, one, rest);
    const blamed = whole ?? (parts[0] as Part);
    return [
      {
        key,
        path: [],
        base: one.base,
        main: { value: main.object, ...(main.last ?? actorOf(blamed)) },
        branch: { value: result, ...branch.last },
        stands: rest.result,
        proposal: result,
        because: about(blamed),
      },
    ];
  }
  const names = new Map(parts.map((part) => [fieldName(part.path), part]));
  const values = [...names].map(([name, { path }]): Piece => ({ path, value: ours.get(name)?.value }));
  const taken = new Set([...one.taken].filter((name) => !names.has(name)));
  put(brought, one, { result: withPieces(result, values), taken });
  return [...names].map(([name, part]) => ({
    key,
    path: part.path,
    base: base.get(name)?.value,
    main: { value: ours.get(name)?.value, ...(main.touches.get(name) ?? actorOf(part)) },
    branch: { value: theirs.get(name)?.value, ...(branch.touches.get(name) ?? branch.last) },
    stands: ours.get(name)?.value,
    proposal: theirs.get(name)?.value,
    because: about(part),
  }));
}

function put(brought: Map<string, MergedObject>, one: MergedObject, rest: Rest): void {
  if (areEqual(rest.result, one.main.object)) brought.delete(one.key);
  else brought.set(one.key, { ...one, ...rest });
}

type Rest = Pick<MergedObject, 'result' | 'taken'>;

/** As on the main line; whom the branch has shut out stays out, unless it is that which cannot stand. */
function withoutBranch({ main: { object }, result, taken }: MergedObject): Rest {
  const none = new Set<string>();
  if (object === null) return { result: null, taken: none };
  if (result === null) return { result: shutOut(object), taken: none };
  const pieces = piecesOf(result);
  const strict = [...taken].filter((name) => isRuled(object.objectType, pieces.get(name)?.path ?? [name]));
  if (strict.length === taken.size) return { result: object, taken: none };
  const values = strict.map((name): Piece => pieces.get(name) ?? { path: [name], value: undefined });
  return { result: withPieces(object, values), taken: new Set(strict) };
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
