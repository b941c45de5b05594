/** What an edit of a few objects can make wrong: they themselves, and those who stand in relation to them. */
import { type AgentGroup, type ConfigObject, type DN, type ObjectType, objectKey } from '@holdfast/protocol';
import { type Configuration, canonicalText, splitKey, splitReference } from '../configuration.ts';

/** Of which there are many, each with few who depend on it. */
const MANY: readonly ObjectType[] = ['Person', 'Place', 'DN', 'AgentLogin'];

/** A larger edit is looked at as a whole: that takes no longer then. */
const KEYS_MAX = 500;

const NONE: ReadonlySet<string> = new Set();

/**
 * Undefined: the edit is one of everybody's. Of `groups` nothing has changed but their members, who are among the keys: they
 * are looked at themselves, and not whoever else is in them.
 */
export function neighbours(
  configuration: Configuration,
  changedKeys: readonly string[],
  groups: ReadonlySet<string> = NONE,
): ReadonlySet<string> | undefined {
  if (changedKeys.length > KEYS_MAX) return undefined;
  const numbers = new Set<string>();
  const codes = new Set<string>();
  const places = new Set<string>();
  const keys = new Set(changedKeys);
  for (const key of changedKeys) {
    const [type, name] = splitKey(key);
    if (groups.has(key)) continue;
    if (!MANY.includes(type)) return undefined;
    if (type === 'DN') {
      const { number } = splitReference(name);
      // A trunk or a queue is everybody's. What was deleted here has its twin at the other site.
      if (dnsOfNumber(configuration, number).some((dn) => dn.type !== 'Extension')) return undefined;
      numbers.add(number);
    } else if (type === 'AgentLogin') {
      codes.add(splitReference(name).number);
    } else if (type === 'Place') {
      places.add(name);
    } else {
      const person = configuration.get('Person', name);
      for (const login of person?.agentLogins ?? []) codes.add(splitReference(login).number);
      if (person?.defaultPlace !== undefined) places.add(person.defaultPlace);
    }
  }
  addPlaces(configuration, numbers, places, keys);
  addPersons(configuration, codes, places, keys);
  return keys;
}

function dnsOfNumber(configuration: Configuration, number: string): DN[] {
  return configuration
    .all('Switch')
    .flatMap(({ name }) => configuration.get('DN', `${number}@${name}`) ?? []);
}

/** Who has come to a group or left it, where nothing else of it has changed; undefined where something has. */
export function movedMembers(
  former: AgentGroup | undefined,
  later: AgentGroup | undefined,
): readonly string[] | undefined {
  if (former === undefined || later === undefined) return undefined;
  if (canonicalText({ ...former, members: [] }) !== canonicalText({ ...later, members: [] }))
    return undefined;
  const [before, after] = [new Set(former.members), new Set(later.members)];
  return [
    ...former.members.filter((name) => !after.has(name)),
    ...later.members.filter((name) => !before.has(name)),
  ];
}

/** Places with one of these numbers; and of the Places in question the numbers, at all Switches, and who else has them. */
function addPlaces(
  configuration: Configuration,
  numbers: Set<string>,
  places: Set<string>,
  keys: Set<string>,
): void {
  for (const name of places)
    for (const dn of configuration.get('Place', name)?.dns ?? []) numbers.add(splitReference(dn).number);
  for (const place of configuration.all('Place'))
    if (place.dns.some((dn) => numbers.has(splitReference(dn).number))) places.add(place.name);
  for (const name of places) keys.add(`Place/${name}`);
  for (const { name } of configuration.all('Switch'))
    for (const number of numbers) keys.add(`DN/${number}@${name}`);
}

/** Who has one of these Agent Logins, or sits at one of these Places. */
function addPersons(
  configuration: Configuration,
  codes: ReadonlySet<string>,
  places: ReadonlySet<string>,
  keys: Set<string>,
): void {
  for (const person of configuration.all('Person')) {
    const sits = person.defaultPlace !== undefined && places.has(person.defaultPlace);
    if (sits || person.agentLogins.some((login) => codes.has(splitReference(login).number)))
      keys.add(objectKey(person));
  }
  for (const { name } of configuration.all('Switch'))
    for (const code of codes) keys.add(`AgentLogin/${code}@${name}`);
}

/** The same revision with only these of the many objects to go through; all can still be looked up. */
export function narrowed(configuration: Configuration, keys: ReadonlySet<string>): Configuration {
  // Groups name many, and one that was not touched says nothing new.
  const kept = new Map<ObjectType, ConfigObject[]>(
    [...MANY, 'AgentGroup' as const].map((type) => [type, []]),
  );
  for (const key of [...keys].sort()) {
    const [type, name] = splitKey(key);
    const object = configuration.get(type, name);
    if (object !== undefined) kept.get(type)?.push(object);
  }
  const all = ((type: ObjectType) => kept.get(type) ?? configuration.all(type)) as Configuration['all'];
  const few: readonly ObjectType[] = ['Tenant', 'Host', 'Switch', 'Application', 'Keys'];
  return {
    get revision() {
      return configuration.revision;
    },
    get digest() {
      return configuration.digest;
    },
    objects: [...few.flatMap((type): readonly ConfigObject[] => all(type)), ...[...kept.values()].flat()],
    get: (type, name) => configuration.get(type, name),
    all,
    with: (changes, revision) => configuration.with(changes, revision),
  };
}
