/**
 * A conflict of a merge is resolved by choice (CW3): what the main line had, what the branch had, or another value. The changes are
 * an edit like any other, of whoever chose, and checked like any other.
 */
import { type Change, type ConfigObject, configObject } from '@holdfast/protocol';
import { describeValue } from './describe-change.ts';
import type { Refused } from './history.ts';
import type { Conflict, SideValue } from './merge-object.ts';
import {
  areEqual,
  fieldName,
  isOrderedList,
  piecesOf,
  sequenceOf,
  withPieces,
  withSequence,
} from './object-pieces.ts';

/** `value` undefined: the piece, or the object, is to go. */
export type Choice = 'main' | 'branch' | { readonly value: unknown };

/** `present` is the object as it stands now. No changes where what was chosen stands already. */
export function resolveConflict(
  conflict: Conflict,
  choice: Choice,
  present: ConfigObject | null,
): { readonly ok: true; readonly changes: readonly Change[] } | Refused {
  const { key, path, stands } = conflict;
  const chosen = choice === 'main' || choice === 'branch' ? conflict[choice].value : choice.value;
  const now = valueAt(present, path);
  if (areEqual(now ?? null, chosen ?? null)) return { ok: true, changes: [] };
  if (!areEqual(now ?? null, stands ?? null)) {
    // Whoever has edited it since the merge has seen the main line's, and decided.
    if (choice === 'main') return { ok: true, changes: [] };
    const text = `${named(conflict)} has been changed since the merge. Look at it again: edit it as it is to be, or choose what stands.`;
    return { ok: false, text };
  }
  const after = withValue(present, path, chosen);
  if (!after.ok) return { ok: false, text: `${named(conflict)} cannot be this: ${after.text}` };
  return { ok: true, changes: [{ key, before: present, after: after.object }] };
}

/** In one line, without secrets (CF14). When, is for whoever writes wall time for people. */
export function describeConflict(conflict: Conflict): string {
  const side = (name: string, { value, author }: SideValue) => {
    const by = author === undefined ? '' : ` by ${author.who} from ${author.from}`;
    return `${name}: ${shown(conflict, value)}${by}`;
  };
  const sides = [side('main line', conflict.main), side('branch', conflict.branch)].join('; ');
  return `${named(conflict)}: ${sides}; ${shown(conflict, conflict.stands)} stands, because ${conflict.because}`;
}

function named({ key, path }: Conflict): string {
  return path.length === 0 ? key : `${key}: ${fieldName(path)}`;
}

function shown({ key, path }: Conflict, value: unknown): string {
  if (path.length > 0) return describeValue(key.slice(0, key.indexOf('/')), path, value);
  return value === null || value === undefined ? 'not there' : 'the object';
}

function valueAt(object: ConfigObject | null, path: readonly string[]): unknown {
  const [field = ''] = path;
  if (path.length === 0) return object;
  return isOrder(path) ? sequenceOf(object, field) : piecesOf(object).get(fieldName(path))?.value;
}

/** A list's field by itself is the order of its elements. */
function isOrder(path: readonly string[]): boolean {
  return path.length === 1 && isOrderedList(path[0] ?? '');
}

function withValue(
  present: ConfigObject | null,
  path: readonly string[],
  value: unknown,
): { readonly ok: true; readonly object: ConfigObject | null } | Refused {
  if (path.length === 0 && (value === null || value === undefined)) return { ok: true, object: null };
  const after = path.length === 0 ? value : present === null ? undefined : withPart(present, path, value);
  const parsed = configObject.safeParse(after);
  if (parsed.success) return { ok: true, object: parsed.data };
  return { ok: false, text: parsed.error.issues.map(({ message }) => message).join('; ') };
}

function withPart(present: ConfigObject, path: readonly string[], value: unknown): ConfigObject {
  const [field = ''] = path;
  return isOrder(path) && Array.isArray(value)
    ? withSequence(present, field, value.map(String))
    : withPieces(present, [{ path, value }]);
}
