/**
 * What an edit would make of the configuration: its patches become changes of whole objects, or a list of what is wrong with
 * them. Whether the objects go together is another question (`checkObjects`), and who may do it a third.
 */
import {
  type Change,
  type ConfigObject,
  configObject,
  type Edit,
  type ObjectType,
  objectKey,
} from '@holdfast/protocol';
import { type Changes, type Configuration, canonicalText, splitKey } from './configuration.ts';
import type { Problem } from './problem.ts';
import { FILE_LISTS, schemaProblem } from './read-objects.ts';

export interface EditedObjects {
  /** In the order of the edits; what would not change anything is left out. */
  readonly changes: readonly Change[];
  readonly problems: readonly Problem[];
}

const TYPES: ReadonlySet<string> = new Set(Object.values(FILE_LISTS));
/** What stands under a Switch and is named after it. */
const AT_SWITCH: ReadonlySet<ObjectType> = new Set(['DN', 'AgentLogin']);

export function editConfiguration(configuration: Configuration, edits: readonly Edit[]): EditedObjects {
  const problems: Problem[] = [];
  /** By key, as several edits of one object follow one another. */
  const after = new Map<string, ConfigObject | null>();
  for (const { key, patch } of edits) {
    const [type, name] = splitKey(key);
    const report = (text: string) =>
      void problems.push({ file: '', object: key, field: '', value: key, text });
    if (!TYPES.has(type) || name === '') {
      report(`Name an object as TYPE/NAME; the types are ${[...TYPES].join(', ')}.`);
      continue;
    }
    if (AT_SWITCH.has(type) && !name.includes('@')) {
      report(`Name it as ${type}/NUMBER@SWITCH.`);
      continue;
    }
    const before = after.has(key) ? after.get(key) : configuration.get(type, name);
    if (patch !== null) {
      const made = patched(type, key, before ?? undefined, patch);
      if ('object' in made) after.set(key, made.object);
      else problems.push(...made.problems);
    } else if (before === undefined || before === null) report('There is no such object to delete.');
    else after.set(key, null);
  }
  const changes = [...after].flatMap(([key, object]) => {
    const before = configuration.get(...splitKey(key)) ?? null;
    return isSame(before, object) ? [] : { key, before, after: object };
  });
  return { changes, problems };
}

type Made = { readonly object: ConfigObject } | { readonly problems: readonly Problem[] };

function patched(
  type: ObjectType,
  key: string,
  before: ConfigObject | undefined,
  patch: Readonly<Record<string, unknown>>,
): Made {
  const value = { ...(mergePatch(before ?? named(type, key), patch) as object), objectType: type };
  const parsed = configObject.safeParse(value);
  if (!parsed.success)
    return { problems: parsed.error.issues.map((issue) => schemaProblem('', type, value, issue)) };
  if (objectKey(parsed.data) === key) return { object: parsed.data };
  const text = `The patch would make it ${objectKey(parsed.data)}. Create that one and delete this one in the same edit.`;
  return { problems: [{ file: '', object: key, field: '', value: objectKey(parsed.data), text }] };
}

/** What its key says of a new object, so that nobody has to say it twice. */
function named(type: ObjectType, key: string): Record<string, string> {
  const [, name] = splitKey(key);
  const at = name.indexOf('@');
  if (!AT_SWITCH.has(type)) return { name };
  return { [type === 'DN' ? 'number' : 'code']: name.slice(0, at), switch: name.slice(at + 1) };
}

/** RFC 7396 §2. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isMap(patch)) return patch;
  const merged: Record<string, unknown> = isMap(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    // A name that every object has of itself is none of a field.
    if (name === '__proto__') continue;
    if (value === null) delete merged[name];
    else merged[name] = mergePatch(Object.hasOwn(merged, name) ? merged[name] : undefined, value);
  }
  return merged;
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSame(a: ConfigObject | null, b: ConfigObject | null): boolean {
  return a === b || (a !== null && b !== null && canonicalText(a) === canonicalText(b));
}

/**
 * CE10: what makes the present object the wanted one; empty when it is. Where the present one was shown without its secrets, those that
 * are not wanted otherwise stay.
 */
export function patchTo(present: ConfigObject | undefined, wanted: ConfigObject): Record<string, unknown> {
  const { objectType: _, ...old } = present ?? { objectType: '' };
  const { objectType: __, ...fields } = wanted;
  return patchBetween(old, fields);
}

function patchBetween(
  present: Readonly<Record<string, unknown>>,
  wanted: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const patch: [name: string, value: unknown][] = [];
  for (const [name, value] of Object.entries(wanted)) {
    const former = Object.hasOwn(present, name) ? present[name] : undefined;
    if (value === undefined || (former !== undefined && canonicalText(former) === canonicalText(value)))
      continue;
    patch.push([name, isMap(value) && isMap(former) ? patchBetween(former, value) : value]);
  }
  for (const [name, value] of Object.entries(present)) {
    const isWanted = Object.hasOwn(wanted, name) && wanted[name] !== undefined;
    if (value !== undefined && !isWanted) patch.push([name, null]);
  }
  return Object.fromEntries(patch);
}

export interface WantedObjects {
  /** As an editor sees them. */
  readonly present: readonly ConfigObject[];
  readonly wanted: readonly ConfigObject[];
  /** What is not wanted is deleted; else it stays. */
  readonly prunes: boolean;
}

/** CE12. What goes comes last: what is changed before may no longer refer to it. */
export function editsTo({ present, wanted, prunes }: WantedObjects): Edit[] {
  const left = new Map(present.map((object) => [objectKey(object), object]));
  const edits = wanted.flatMap((object): Edit[] => {
    const key = objectKey(object);
    const former = left.get(key);
    left.delete(key);
    const patch = patchTo(former, object);
    return former !== undefined && Object.keys(patch).length === 0 ? [] : [{ key, patch }];
  });
  if (!prunes) return edits;
  // Keys are in no file that was exported, and without them nobody logs in.
  const gone = [...left].filter(([, { objectType }]) => objectType !== 'Keys');
  return [...edits, ...gone.map(([key]) => ({ key, patch: null }))];
}

/** As a configuration takes them. */
export function asChanges(changes: readonly Change[]): Changes {
  return {
    changed: changes.flatMap(({ after }) => after ?? []),
    deleted: changes.flatMap(({ key, after }) => (after === null ? key : [])),
  };
}
