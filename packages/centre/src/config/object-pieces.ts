/**
 * An object taken to pieces, the smallest parts that are compared, described and merged by themselves (CW3):
 *
 *     Person/kim     rank                                 a field
 *                    options/agent-desktop/site-1         an option
 *                    agentLogins/7001@north               an element of a list
 *     Application/…  connections/sip-north:default        an element too, by server and port
 *                    ports/default                        an entry of a map
 *
 * In most lists only the members count. Where the order has a meaning (which server is tried first, which key signs)
 * it is kept apart, as a sequence of the elements' names.
 */
import type { Change, ConfigObject, ObjectType } from '@holdfast/protocol';
import { canonicalText } from './configuration.ts';
import { SECRETS } from './read-objects.ts';

export interface Piece {
  /** `['options', 'agent-desktop', 'site-1']`. */
  readonly path: readonly string[];
  readonly value: unknown;
}

/** By the names of the pieces (`fieldName`). */
export type Pieces = ReadonlyMap<string, Piece>;

interface ListField {
  readonly nameOf: (element: never) => string;
  /** Whether the order of the elements says something. */
  readonly isOrdered: boolean;
}

const NAMES: ListField = { nameOf: (element: string) => element, isOrdered: false };

/** Lists that are taken element by element. Any other list is one piece. */
const LIST_FIELDS: Readonly<Record<string, ListField>> = {
  members: NAMES,
  dns: NAMES,
  agentLogins: NAMES,
  originationDNs: NAMES,
  connections: {
    nameOf: ({ server, port }: { server: string; port: string }) => `${server}:${port}`,
    isOrdered: true,
  },
  tokenKeys: { nameOf: ({ id }: { id: string }) => id, isOrdered: true },
};

/** Maps that are taken entry by entry. */
const MAP_FIELDS: ReadonlySet<string> = new Set(['ports']);

export function isListField(field: string): boolean {
  return Object.hasOwn(LIST_FIELDS, field);
}

export function isMapField(field: string): boolean {
  return MAP_FIELDS.has(field);
}

export function isOrderedList(field: string): boolean {
  return isListField(field) && LIST_FIELDS[field]?.isOrdered === true;
}

/** As people and conflicts name it. A `/` inside a part is written `~1`, and `~` as `~0` (RFC 6901 §3). */
export function fieldName(path: readonly string[]): string {
  return path.map((part) => part.replaceAll('~', '~0').replaceAll('/', '~1')).join('/');
}

/** Sections of options without an option in them are no pieces: nothing is said by them. */
export function piecesOf(object: ConfigObject | null): Pieces {
  const pieces = new Map<string, Piece>();
  const put = (path: readonly string[], value: unknown) => pieces.set(fieldName(path), { path, value });
  for (const [field, value] of Object.entries(object ?? {})) {
    if (field === 'objectType' || value === undefined) continue;
    if (field === 'options') {
      for (const [section, options] of Object.entries(value as Record<string, object>))
        for (const [name, text] of Object.entries(options)) put([field, section, name], text);
    } else if (isListField(field)) {
      for (const [name, element] of elementsOf(field, value)) put([field, name], element);
    } else if (MAP_FIELDS.has(field)) {
      for (const [name, entry] of Object.entries(value)) put([field, name], entry);
    } else put([field], value);
  }
  return pieces;
}

/** The paths of the pieces that differ, without the order of lists. */
export function changedPaths(before: ConfigObject | null, after: ConfigObject | null): (readonly string[])[] {
  const [old, fresh] = [piecesOf(before), piecesOf(after)];
  const names = new Set([...old.keys(), ...fresh.keys()]);
  return [...names].flatMap((name) => {
    const [from, to] = [old.get(name), fresh.get(name)];
    return areEqual(from?.value, to?.value) ? [] : [(from ?? to)?.path ?? []];
  });
}

/** As people and conflicts name them. */
export function changedFields({ before, after }: Change): string[] {
  return changedPaths(before, after).map(fieldName);
}

/** The names of a list's elements, in their order; empty where there is no such list. */
export function sequenceOf(object: ConfigObject | null, field: string): string[] {
  const list = (object as Readonly<Record<string, unknown>> | null)?.[field];
  return list === undefined ? [] : elementsOf(field, list).map(([name]) => name);
}

/** An element that stands twice has another name the second time, so that none is lost. */
function elementsOf(field: string, list: unknown): [name: string, element: unknown][] {
  const nameOf = LIST_FIELDS[field]?.nameOf as (element: unknown) => string;
  const seen = new Map<string, number>();
  return (list as readonly unknown[]).map((element) => {
    const name = nameOf(element);
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return [count === 1 ? name : `${name} (${count})`, element];
  });
}

/** The lists that any of these objects has, empty ones too. */
export function listFieldsOf(objects: readonly (ConfigObject | null)[]): string[] {
  const fields = objects.flatMap((object) => Object.keys(object ?? {}).filter(isListField));
  return [...new Set(fields)];
}

/** The reverse of `piecesOf`. `sequences` has an order for each list; what stands in no piece stands in no list. */
export function objectOf(
  objectType: ObjectType,
  pieces: Pieces,
  sequences: ReadonlyMap<string, readonly string[]>,
): ConfigObject {
  const fields = new Map<string, unknown>([['objectType', objectType]]);
  const sections = new Map<string, Map<string, unknown>>();
  const maps = new Map<string, Map<string, unknown>>();
  for (const { path, value } of pieces.values()) {
    const [field = '', name = '', option = ''] = path;
    if (field === 'options') sections.set(name, (sections.get(name) ?? new Map()).set(option, value));
    else if (MAP_FIELDS.has(field)) maps.set(field, (maps.get(field) ?? new Map()).set(name, value));
    else if (!isListField(field)) fields.set(field, value);
  }
  for (const [field, names] of sequences) {
    const elements = names.flatMap((name) => pieces.get(fieldName([field, name])) ?? []);
    fields.set(
      field,
      elements.map(({ value }) => value),
    );
  }
  if (objectType === 'Application') fields.set('ports', Object.fromEntries(maps.get('ports') ?? []));
  const options = [...sections].map(([section, values]) => [section, Object.fromEntries(values)]);
  fields.set('options', Object.fromEntries(options));
  // The pieces are those of objects that fitted the schema; whether this one does is asked of the schema again.
  return Object.fromEntries(fields) as ConfigObject;
}

/** The object with these pieces as they are to be, undefined being none; elements that are new come last in their lists. */
export function withPieces(object: ConfigObject, values: readonly Piece[]): ConfigObject {
  const pieces = new Map(piecesOf(object));
  const sequences = new Map(listFieldsOf([object]).map((field) => [field, sequenceOf(object, field)]));
  for (const { path, value } of values) {
    const [field = '', element = ''] = path;
    const name = fieldName(path);
    if (value !== undefined && !pieces.has(name)) sequences.get(field)?.push(element);
    if (value === undefined) pieces.delete(name);
    else pieces.set(name, { path, value });
  }
  return objectOf(object.objectType, pieces, sequences);
}

/** The object with a list in this order; elements that it does not name come behind. */
export function withSequence(object: ConfigObject, field: string, names: readonly string[]): ConfigObject {
  const present = sequenceOf(object, field);
  const order = [
    ...names.filter((name) => present.includes(name)),
    ...present.filter((name) => !names.includes(name)),
  ];
  const sequences = new Map(listFieldsOf([object]).map((one) => [one, sequenceOf(object, one)]));
  return objectOf(object.objectType, piecesOf(object), sequences.set(field, order));
}

export function areEqual(one: unknown, other: unknown): boolean {
  return one === other || canonicalText(one) === canonicalText(other);
}

/** CF14: what nobody is shown. Of Keys that is all that they are for. */
export function isSecret(objectType: string, path: readonly string[]): boolean {
  const field = path[0] ?? '';
  if (objectType === 'Keys') return !['name', 'enabled', 'options'].includes(field);
  return SECRETS.has(field);
}
