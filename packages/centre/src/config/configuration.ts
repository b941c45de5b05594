/**
 * One revision of the configuration: all its objects, checked, found by type and name. It never changes; a new
 * revision is a new one. The revision is a hash of the objects alone, so that two sites with the same objects
 * serve the same revision, whatever their files look like (rule CF7).
 */
import { type ConfigObject, type ObjectOf, type ObjectType, objectKey } from '@holdfast/protocol';

export interface Configuration {
  readonly revision: string;
  /** Sorted by key. */
  readonly objects: readonly ConfigObject[];
  get<Type extends ObjectType>(type: Type, name: string): ObjectOf<Type> | undefined;
  /** In the order of their names. */
  all<Type extends ObjectType>(type: Type): readonly ObjectOf<Type>[];
}

/** Hexadecimal SHA-256 of a text in UTF-8: a port, as packages hold no cryptography. */
export type Sha256 = (text: string) => string;

/** What two equal configurations have in common: 16 hexadecimal digits tell revisions apart and fit a log line. */
const REVISION_DIGITS = 16;

export function makeConfiguration(objects: readonly ConfigObject[], sha256: Sha256): Configuration {
  const sorted = [...objects].sort((a, b) => compareText(objectKey(a), objectKey(b)));
  const byKey = new Map(sorted.map((object) => [objectKey(object), object]));
  const byType = new Map<ObjectType, ConfigObject[]>();
  for (const object of sorted) {
    const list = byType.get(object.objectType);
    if (list === undefined) byType.set(object.objectType, [object]);
    else list.push(object);
  }
  return {
    revision: sha256(canonicalText(sorted)).slice(0, REVISION_DIGITS),
    objects: sorted,
    get: <Type extends ObjectType>(type: Type, name: string) =>
      byKey.get(`${type}/${name}`) as ObjectOf<Type> | undefined,
    all: <Type extends ObjectType>(type: Type) => (byType.get(type) ?? []) as ObjectOf<Type>[],
  };
}

export interface Changes {
  readonly changed: readonly ConfigObject[];
  /** Keys. */
  readonly deleted: readonly string[];
}

/** What turns one list of objects into another. */
export function changesBetween(before: readonly ConfigObject[], after: readonly ConfigObject[]): Changes {
  const old = new Map(before.map((object) => [objectKey(object), canonicalText(object)]));
  const changed = after.filter((object) => old.get(objectKey(object)) !== canonicalText(object));
  const kept = new Set(after.map(objectKey));
  return { changed, deleted: [...old.keys()].filter((key) => !kept.has(key)) };
}

/** `8000@north` → the DN's number and the Switch's name. A number holds no `@`. */
export function splitReference(reference: string): { readonly number: string; readonly switch: string } {
  const at = reference.indexOf('@');
  return { number: reference.slice(0, at), switch: reference.slice(at + 1) };
}

/** The same for equal values, whatever the order of their fields. */
export function canonicalText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  fields.sort(([a], [b]) => compareText(a, b));
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${canonicalText(field)}`).join(',')}}`;
}

/** By code units: the same on every machine, unlike the order of a locale. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The enabled DNs of one Switch. */
export function dnsOf(configuration: Configuration, switchName: string): ObjectOf<'DN'>[] {
  return configuration.all('DN').filter((dn) => dn.enabled && dn.switch === switchName);
}

/** The enabled Agent Logins of one Switch. */
export function agentLoginsOf(configuration: Configuration, switchName: string): ObjectOf<'AgentLogin'>[] {
  return configuration.all('AgentLogin').filter((login) => login.enabled && login.switch === switchName);
}
