/**
 * One revision of the configuration: all its objects, checked, found by type and name. It never changes; a new
 * revision is a new one, which shares with the former whatever is the same. The digest is a hash of the objects alone, so that two
 * sites with the same objects have the same, whatever their files look like (rule CF7).
 */
import { type ConfigObject, nameOf, type ObjectOf, type ObjectType, objectKey } from '@holdfast/protocol';

export interface Configuration {
  /** As its writer numbered it (CW1), or the digest where nobody has. */
  readonly revision: string;
  readonly digest: string;
  /** Sorted by key. */
  readonly objects: readonly ConfigObject[];
  get<Type extends ObjectType>(type: Type, name: string): ObjectOf<Type> | undefined;
  /** In the order of their names. */
  all<Type extends ObjectType>(type: Type): readonly ObjectOf<Type>[];
  /** The next revision; what it costs grows with the changes, not with all objects. */
  with(changes: Changes, revision?: string): Configuration;
}

/** Hexadecimal SHA-256 of a text in UTF-8: a port, as packages hold no cryptography. */
export type Sha256 = (text: string) => string;

/** What two equal configurations have in common: 16 hexadecimal digits tell them apart and fit a log line. */
const DIGEST_DIGITS = 16;

export function makeConfiguration(
  objects: readonly ConfigObject[],
  sha256: Sha256,
  revision?: string,
): Configuration {
  return new Revised(sha256, new Map(), revision).with({ changed: objects, deleted: [] }, revision);
}

/** Of one type, in the order of their names. */
interface Shelf {
  readonly names: readonly string[];
  readonly objects: readonly ConfigObject[];
}

const EMPTY: Shelf = { names: [], objects: [] };

class Revised implements Configuration {
  readonly #sha256: Sha256;
  readonly #shelves: ReadonlyMap<ObjectType, Shelf>;
  readonly #revision: string | undefined;
  #digest: string | undefined;
  #objects: readonly ConfigObject[] | undefined;

  constructor(sha256: Sha256, shelves: ReadonlyMap<ObjectType, Shelf>, revision: string | undefined) {
    this.#sha256 = sha256;
    this.#shelves = shelves;
    this.#revision = revision;
  }

  get revision(): string {
    return this.#revision ?? this.digest;
  }

  get digest(): string {
    this.#digest ??= this.#sha256(canonicalText(this.objects)).slice(0, DIGEST_DIGITS);
    return this.#digest;
  }

  get objects(): readonly ConfigObject[] {
    this.#objects ??= [...this.#shelves.keys()]
      .sort(compareText)
      .flatMap((type) => this.#shelf(type).objects);
    return this.#objects;
  }

  get<Type extends ObjectType>(type: Type, name: string): ObjectOf<Type> | undefined {
    const { names, objects } = this.#shelf(type);
    const at = placeOf(names, name);
    return names[at] === name ? (objects[at] as ObjectOf<Type>) : undefined;
  }

  all<Type extends ObjectType>(type: Type): readonly ObjectOf<Type>[] {
    return this.#shelf(type).objects as readonly ObjectOf<Type>[];
  }

  with({ changed, deleted }: Changes, revision?: string): Configuration {
    const puts = new Map<ObjectType, Map<string, ConfigObject | undefined>>();
    const put = (type: ObjectType, name: string, object: ConfigObject | undefined) => {
      const ofType = puts.get(type);
      if (ofType === undefined) puts.set(type, new Map([[name, object]]));
      else ofType.set(name, object);
    };
    for (const key of deleted) put(...splitKey(key), undefined);
    for (const object of changed) put(object.objectType, nameOf(object), object);
    const shelves = new Map(this.#shelves);
    for (const [type, ofType] of puts) shelves.set(type, merged(this.#shelf(type), ofType));
    return new Revised(this.#sha256, shelves, revision);
  }

  #shelf(type: ObjectType): Shelf {
    return this.#shelves.get(type) ?? EMPTY;
  }
}

/** One walk over both, so that a thousand changes cost no more than one. */
function merged(shelf: Shelf, puts: ReadonlyMap<string, ConfigObject | undefined>): Shelf {
  const names: string[] = [];
  const objects: ConfigObject[] = [];
  const sorted = [...puts].sort(([a], [b]) => compareText(a, b));
  let from = 0;
  const take = (to: number) => {
    for (let at = from; at < to; at++) {
      names.push(shelf.names[at] as string);
      objects.push(shelf.objects[at] as ConfigObject);
    }
    from = to;
  };
  for (const [name, object] of sorted) {
    take(placeOf(shelf.names, name));
    if (shelf.names[from] === name) from += 1;
    if (object === undefined) continue;
    names.push(name);
    objects.push(object);
  }
  take(shelf.names.length);
  return { names, objects };
}

/** Where that name stands, or would. */
function placeOf(names: readonly string[], name: string): number {
  let from = 0;
  let to = names.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((names[middle] as string) < name) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** `Person/kim` → its type and its name, in which there may be more strokes. */
export function splitKey(key: string): [type: ObjectType, name: string] {
  const at = key.indexOf('/');
  return [key.slice(0, at) as ObjectType, key.slice(at + 1)];
}

export interface Changes {
  readonly changed: readonly ConfigObject[];
  /** Keys. */
  readonly deleted: readonly string[];
}

/** What turns one list of objects into another. */
export function changesBetween(before: readonly ConfigObject[], after: readonly ConfigObject[]): Changes {
  const old = new Map(before.map((object) => [objectKey(object), object]));
  const kept = new Set<string>();
  const changed = after.filter((object) => {
    const key = objectKey(object);
    kept.add(key);
    const former = old.get(key);
    if (former === object) return false;
    return former === undefined || canonicalText(former) !== canonicalText(object);
  });
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
