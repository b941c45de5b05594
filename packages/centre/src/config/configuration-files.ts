/**
 * From objects to the content of configuration files, the reverse of `read-objects.ts`: what a script writes is
 * what a person would have written. Scalars become text, since files carry text.
 */
import type { ConfigObject, ObjectType } from '@holdfast/protocol';
import { type ConfigFile, FILE_LISTS } from './read-objects.ts';

/** Small files by subject: who looks for a queue does not read past a thousand phones. */
function fileOf(object: ConfigObject): string {
  switch (object.objectType) {
    case 'Tenant':
      return 'tenant.yaml';
    case 'Keys':
      return 'keys.yaml';
    case 'Host':
    case 'Switch':
    case 'Application':
      return 'servers.yaml';
    case 'DN':
      return object.type === 'Extension' ? 'phones.yaml' : 'queues.yaml';
    case 'Place':
      return 'phones.yaml';
    case 'AgentLogin':
    case 'Person':
    case 'AgentGroup':
      return 'agents.yaml';
  }
}

export function configurationFiles(objects: readonly ConfigObject[]): ConfigFile[] {
  const listOf = new Map(
    Object.entries(FILE_LISTS).map(([list, type]): [ObjectType, string] => [type, list]),
  );
  const files = new Map<string, Record<string, unknown[]>>();
  for (const object of objects) {
    const file = fileOf(object);
    const lists = files.get(file) ?? {};
    files.set(file, lists);
    const list = listOf.get(object.objectType) as string;
    lists[list] ??= [];
    lists[list].push(written(object));
  }
  return [...files].map(([file, data]) => ({ file, data }));
}

/** Without what goes without saying. */
function written(object: ConfigObject): unknown {
  const fields = Object.entries(object).filter(([name, value]) => {
    if (name === 'objectType' || value === undefined) return false;
    if (name === 'enabled') return value !== true;
    if (name === 'rank') return value !== 'agent';
    // The list of a Place is said also where nothing stands in it.
    if (name === 'dns') return true;
    return typeof value !== 'object' || Object.keys(value).length > 0;
  });
  fields.sort(([a], [b]) => rankOf(a) - rankOf(b));
  return Object.fromEntries(fields.map(([name, value]) => [name, asText(value)]));
}

/** What says which object it is comes first. */
const FIRST_FIELDS = ['name', 'number', 'code', 'type', 'displayName', 'switch', 'tenant', 'host'];

function rankOf(field: string): number {
  const rank = FIRST_FIELDS.indexOf(field);
  return rank === -1 ? FIRST_FIELDS.length : rank;
}

function asText(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asText);
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, asText(inner)]));
}
