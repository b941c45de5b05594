/** What of the configuration one client may read and hear of: servers everything, a person what the rank gives (CP8 of the centre). */
import { type Changes, type Configuration, mayRead, splitKey } from '@holdfast/centre';
import type { ConfigObject, ObjectType } from '@holdfast/protocol';
import { allVisibleTo, type Viewer } from './visible-objects.ts';

export interface Reader {
  readonly viewer: Viewer;
  /** Who has logged in. */
  readonly person: string | undefined;
}

export type ReadObjects =
  | { readonly ok: true; readonly objects: readonly ConfigObject[] }
  | { readonly ok: false; readonly code: 'not-found' | 'not-allowed'; readonly text: string };

/** Of one type, or the one of that name. */
export function readObjects(
  configuration: Configuration,
  reader: Reader,
  { objectType, name }: { readonly objectType: string; readonly name?: string | undefined },
): ReadObjects {
  const type = objectType as ObjectType;
  const all = name === undefined ? configuration.all(type) : [configuration.get(type, name) ?? []].flat();
  const objects = allVisibleTo(reader.viewer, all.filter(readableBy(configuration, reader)));
  if (name === undefined || objects.length > 0) return { ok: true, objects };
  if (all.length === 0 || reader.viewer !== 'person')
    return { ok: false, code: 'not-found', text: `There is no ${objectType} "${name}".` };
  return { ok: false, code: 'not-allowed', text: `You may not read ${objectType} "${name}".` };
}

/** Of changes that led from `before` to the configuration. */
export function heardBy(
  configuration: Configuration,
  before: Configuration,
  reader: Reader,
  { changed, deleted }: Changes,
): Changes {
  const isReadable = readableBy(configuration, reader);
  const wasReadable = (key: string) => {
    const former = before.get(...splitKey(key));
    return former !== undefined && isReadable(former);
  };
  return { changed: changed.filter(isReadable), deleted: deleted.filter(wasReadable) };
}

function readableBy(configuration: Configuration, reader: Reader): (object: ConfigObject) => boolean {
  if (reader.viewer !== 'person') return () => true;
  const person = configuration.get('Person', reader.person ?? '');
  return (object) => person !== undefined && mayRead(person, object, configuration).ok;
}
