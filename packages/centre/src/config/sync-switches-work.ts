/**
 * A configuration while it is being changed: what stood before, what a change has made of it so far, and which of its changes
 * came of the synchronisation. Reads nothing but what it is asked for, so that a small change stays cheap (SY11).
 */
import {
  type Change,
  type ConfigObject,
  type ObjectOf,
  type ObjectType,
  objectKey,
} from '@holdfast/protocol';
import { splitKey } from './configuration.ts';
import { areEqual } from './object-pieces.ts';
import type { SyncFinding } from './sync-switches-pieces.ts';
import type { Lookup } from './sync-switches-settings.ts';

export class SyncWork implements Lookup {
  readonly findings: SyncFinding[] = [];
  readonly #before: Lookup;
  /** By key, in the order in which they were given: the edits that are to be carried. */
  readonly edits = new Map<string, Change>();
  readonly #derived = new Map<string, ConfigObject | null>();
  /** The place of each key in the edit; a later one of the same key counts. */
  readonly #order = new Map<string, number>();

  constructor(before: Lookup, changes: readonly Change[] = []) {
    this.#before = before;
    for (const change of changes) {
      const { key, after } = change;
      const renamed = after !== null && objectKey(after) !== key;
      this.#edit(key, change.before, renamed ? null : after);
      if (renamed) this.#edit(objectKey(after), null, after);
    }
  }

  #edit(key: string, before: ConfigObject | null, after: ConfigObject | null): void {
    const former = this.edits.get(key);
    this.edits.set(key, { key, before: former === undefined ? before : former.before, after });
    this.#order.set(key, this.#order.size);
  }

  get<Type extends ObjectType>(type: Type, name: string): ObjectOf<Type> | undefined {
    const key = `${type}/${name}`;
    const derived = this.#derived.get(key);
    if (derived !== undefined) return (derived ?? undefined) as ObjectOf<Type> | undefined;
    const edit = this.edits.get(key);
    if (edit !== undefined) return (edit.after ?? undefined) as ObjectOf<Type> | undefined;
    return this.#before.get(type, name);
  }

  /** Before the edit. */
  was<Type extends ObjectType>(type: Type, name: string): ObjectOf<Type> | undefined {
    const edit = this.edits.get(`${type}/${name}`);
    if (edit !== undefined) return (edit.before ?? undefined) as ObjectOf<Type> | undefined;
    return this.#before.get(type, name);
  }

  isEdited(key: string): boolean {
    return this.edits.has(key);
  }

  /** Of two edits, the one with the higher number is the later. */
  orderOf(key: string): number {
    return this.#order.get(key) ?? -1;
  }

  put(object: ConfigObject): void {
    this.#derived.set(objectKey(object), object);
  }

  remove(key: string): void {
    this.#derived.set(key, null);
  }

  /** What the synchronisation adds to the edits. `before` is what the edit leaves, where it is of the same object. */
  changes(): Change[] {
    return [...this.#derived].flatMap(([key, after]): Change[] => {
      const edit = this.edits.get(key);
      const [type, name] = splitKey(key);
      const before = edit === undefined ? (this.#before.get(type, name) ?? null) : edit.after;
      if (isSame(before, after)) return [];
      return [{ key, before, after }];
    });
  }
}

/** An edit and what follows from it, as one: each object once, and without what the two together have left as it was. */
export function withDerived(changes: readonly Change[], derived: readonly Change[]): Change[] {
  const all = new Map<string, Change>();
  for (const { key, before, after } of [...changes, ...derived]) {
    const former = all.get(key);
    all.set(key, { key, before: former === undefined ? before : former.before, after });
  }
  for (const { key } of derived) {
    const change = all.get(key);
    if (change !== undefined && isSame(change.before, change.after)) all.delete(key);
  }
  return [...all.values()];
}

/** Field by field, so that the thousands of members that both have are not compared. */
function isSame(one: ConfigObject | null, other: ConfigObject | null): boolean {
  if (one === other) return true;
  if (one === null || other === null) return false;
  const fields = (object: ConfigObject) => object as unknown as Readonly<Record<string, unknown>>;
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].every((name) => areEqual(fields(one)[name], fields(other)[name]));
}
