/** For the tests of the synchronisation of switches: the sample, whose two Switches are alike, and edits of it. */
import { type Change, type ConfigObject, type ObjectType, objectKey } from '@holdfast/protocol';
import { type Configuration, makeConfiguration, splitKey } from './configuration.ts';
import { generateConfiguration } from './generate-configuration.ts';
import { placesOfDNs, type SyncResult, syncEntry } from './sync-switches-entry.ts';
import { type SyncPair, syncPairs } from './sync-switches-settings.ts';
import { withDerived } from './sync-switches-work.ts';
import { REQUEST, sha256 } from './test-configuration.ts';

export function configurationOf(objects: readonly ConfigObject[]): Configuration {
  return makeConfiguration(objects, sha256);
}

/** North and south of the sample, not kept alike yet; `change` is put over its objects, null takes one away. */
export function sample(change: Readonly<Record<string, object | null>> = {}): Configuration {
  const objects = generateConfiguration({ ...REQUEST, agents: 4, isForwarding: true }).objects;
  return applied(configurationOf(objects), changesOf(configurationOf(objects), change));
}

export const PAIR: SyncPair = {
  switches: ['north', 'south'],
  places: 'one',
  ownOptions: new Set(['TServer/contact']),
};

const BOTH = {
  'Switch/north': { options: { holdfast: { 'sync-with': 'south' } } },
  'Switch/south': { options: { holdfast: { 'sync-with': 'north' } } },
};

/** As after the first synchronisation. */
export function synced(change: Readonly<Record<string, object | null>> = {}): Configuration {
  return applied(sample(BOTH), changesOf(sample(BOTH), change));
}

/** Key → fields that are to be other, or the whole of a new object; null removes it. */
export function changesOf(
  configuration: Configuration,
  edits: Readonly<Record<string, object | null>>,
): Change[] {
  return Object.entries(edits).map(([key, fields]) => {
    const before = at(configuration, key) ?? null;
    if (fields === null) return { key, before, after: null };
    const [objectType] = splitKey(key);
    const after = { objectType, enabled: true, options: {}, ...before, ...fields } as ConfigObject;
    return { key, before, after };
  });
}

export function at(configuration: Configuration, key: string): ConfigObject | undefined {
  const [type, name] = splitKey(key);
  return configuration.get(type as ObjectType, name);
}

export function applied(configuration: Configuration, changes: readonly Change[]): Configuration {
  const objects = new Map(configuration.objects.map((object) => [objectKey(object), object]));
  for (const { key, after } of changes) {
    objects.delete(key);
    if (after !== null) objects.set(objectKey(after), after);
  }
  return configurationOf([...objects.values()]);
}

/** What a change of it asks for at the other Switch. */
export function derived(configuration: Configuration, changes: readonly Change[]): SyncResult {
  const placeOf = placesOfDNs(configuration.all('Place'));
  return syncEntry(configuration, changes, (dn) => placeOf.get(dn));
}

/** An edit as the writer commits it. */
export function edit(
  configuration: Configuration,
  edits: Readonly<Record<string, object | null>>,
): SyncResult & { readonly after: Configuration; readonly entry: readonly Change[] } {
  const changes = changesOf(configuration, edits);
  const result = derived(configuration, changes);
  const entry = withDerived(changes, result.changes);
  return { ...result, entry, after: applied(configuration, entry) };
}

export function pairOf(configuration: Configuration): SyncPair {
  const [pair] = syncPairs(configuration, configuration.all('Switch'));
  if (pair === undefined) throw new Error('no two Switches are kept alike');
  return pair;
}
