/**
 * Once two Switches are kept alike, every edit from any tool is carried from one to the other (SY7): the writer asks here for each
 * edit, and what comes back is committed with it, in one entry. The work grows with the edit and not with the configuration
 * (SY11), and what was derived derives nothing (SY10).
 */
import {
  type Change,
  type ConfigObject,
  nameOf,
  type ObjectOf,
  objectKey,
  type Place,
} from '@holdfast/protocol';
import { type Configuration, canonicalText, splitKey, splitReference } from './configuration.ts';
import { carry, carryList, type ListTerms, secondLogin, type TwinEdit } from './sync-switches-carry.ts';
import { isSynced, type SyncFinding, type Twin, twinReference } from './sync-switches-pieces.ts';
import { counterpartName } from './sync-switches-places.ts';
import { PAIR_OPTIONS, type Side, type SyncPair, switchPairs, syncPairs } from './sync-switches-settings.ts';
import { SyncWork } from './sync-switches-work.ts';

/** What the edit is of. Of all objects only the Switches are gone through. */
export type SyncView = Pick<Configuration, 'get' | 'all'>;

/** In which Place a DN is, as `number@switch` (`placesOfDNs`). */
export type PlaceOf = (dn: string) => string | undefined;

export interface SyncResult {
  readonly changes: readonly Change[];
  readonly findings: readonly SyncFinding[];
}

/** Which Place each DN is in. */
export function placesOfDNs(places: readonly Place[]): Map<string, string> {
  return new Map(places.flatMap(({ name, dns }) => dns.map((dn): [string, string] => [dn, name])));
}

/** Keeps that index up with a change of the configuration. */
export function movePlaces(placeOf: Map<string, string>, changes: readonly Change[]): void {
  for (const { before } of changes)
    if (before?.objectType === 'Place')
      for (const dn of before.dns) if (placeOf.get(dn) === before.name) placeOf.delete(dn);
  for (const { after } of changes)
    if (after?.objectType === 'Place') for (const dn of after.dns) placeOf.set(dn, after.name);
}

/** What `changes` asks for at the other Switch of each. `withDerived` makes one of both. */
export function syncEntry(before: SyncView, changes: readonly Change[], placeOf: PlaceOf): SyncResult {
  const work = new SyncWork(before, changes);
  const pairs = pairsAfter(before, work);
  for (const pair of pairs) {
    carryTwins(work, pair);
    carryReferences(work, pair);
    if (pair.places === 'each') carryPlaces(work, pair, placeOf);
  }
  return { changes: work.changes(), findings: work.findings };
}

/** The pairs as the edit leaves them: one that it ends is not kept alike any more. Their settings are kept alike first. */
function pairsAfter(before: SyncView, work: SyncWork): SyncPair[] {
  const names = new Set(before.all('Switch').map(({ name }) => name));
  for (const key of work.edits.keys()) if (splitKey(key)[0] === 'Switch') names.add(splitKey(key)[1]);
  const switches = () => [...names].flatMap((name) => work.get('Switch', name) ?? []);
  for (const twins of switchPairs(switches()))
    for (const option of PAIR_OPTIONS) carrySetting(work, twins, option);
  return syncPairs(work, switches());
}

function carrySetting(
  work: SyncWork,
  twins: readonly [ObjectOf<'Switch'>, ObjectOf<'Switch'>],
  option: (typeof PAIR_OPTIONS)[number],
): void {
  const settingOf = (object: ObjectOf<'Switch'> | undefined) => object?.options.holdfast?.[option];
  const [source, more] = [...twins]
    .filter(({ name }) => settingOf(work.was('Switch', name)) !== settingOf(work.get('Switch', name)))
    .sort((a, b) => work.orderOf(objectKey(b)) - work.orderOf(objectKey(a)));
  const target = twins.find((one) => one !== source);
  if (source === undefined || target === undefined || settingOf(source) === settingOf(target)) return;
  if (more !== undefined)
    work.findings.push({
      kind: 'contradiction',
      object: objectKey(target),
      field: `options/holdfast/${option}`,
      value: settingOf(target) ?? 'unset',
      winner: { object: objectKey(source), value: settingOf(source) ?? 'unset' },
      text: 'One edit sets it differently at the two Switches; the later holds at both.',
    });
  const { [option]: _, ...kept } = target.options.holdfast ?? {};
  const value = settingOf(source);
  const holdfast = value === undefined ? kept : { ...kept, [option]: value };
  work.put({ ...target, options: { ...target.options, holdfast } });
}

function carryTwins(work: SyncWork, pair: SyncPair): void {
  const formerOf = renumbered(work, pair);
  const done = new Set<string>();
  for (const key of work.edits.keys()) {
    const [type, name] = splitKey(key);
    const twin = type === 'DN' || type === 'AgentLogin' ? twinReference(name, pair) : undefined;
    if (twin === undefined || done.has(key) || (type !== 'DN' && type !== 'AgentLogin')) continue;
    done.add(`${type}/${twin}`);
    const isFirst = splitReference(name).switch === pair.switches[0];
    const names = isFirst ? [name, twin] : [twin, name];
    const edits = names.map((one, side): TwinEdit => {
      const replaced = formerOf.get(`${type}/${names[1 - side]}`);
      const formerName = replaced === undefined ? undefined : twinReference(replaced, pair);
      return {
        switchName: pair.switches[side as Side],
        name: one,
        before: work.was(type, one) ?? null,
        after: work.get(type, one) ?? null,
        isEdited: work.isEdited(`${type}/${one}`),
        order: work.orderOf(`${type}/${one}`),
        former: formerName === undefined ? undefined : (work.was(type, formerName) as Twin | undefined),
      };
    });
    apply(work, edits as [TwinEdit, TwinEdit], pair, (side) => `${type}/${names[side]}`);
  }
}

function apply(
  work: SyncWork,
  edits: readonly [TwinEdit, TwinEdit],
  pair: SyncPair,
  keyOf: (side: Side) => string,
): void {
  const { after, findings } = carry(edits, pair);
  work.findings.push(...findings);
  for (const side of [0, 1] as const) {
    const object = after[side];
    if (object === null) work.remove(keyOf(side));
    else if (object !== undefined) work.put(object);
  }
}

/**
 * SY7: created key → name of what was removed there, equal but for its number, in the same edit: renumbered, with whatever its twin
 * has of its own. A digest is made with the number, and is left out. Of several alike nobody can say.
 */
function renumbered(work: SyncWork, pair: SyncPair): ReadonlyMap<string, string> {
  const content = (object: ConfigObject) => {
    const { number, code, digest, ...others } = object as unknown as Record<string, unknown>;
    return canonicalText(others);
  };
  const at = (object: ConfigObject | null): object is ConfigObject =>
    object !== null &&
    (object.objectType === 'DN' || object.objectType === 'AgentLogin') &&
    isSynced(object) &&
    pair.switches.includes(object.switch);
  const edits = [...work.edits.values()];
  const removed = edits.flatMap(({ before, after }) => (after === null && at(before) ? [before] : []));
  const created = edits.flatMap(({ before, after }) => (before === null && at(after) ? [after] : []));
  if (removed.length === 0 || created.length === 0) return new Map();
  const byContent = (objects: readonly ConfigObject[]) => {
    const groups = new Map<string, ConfigObject[]>();
    for (const object of objects) {
      const text = content(object);
      const group = groups.get(text);
      if (group === undefined) groups.set(text, [object]);
      else group.push(object);
    }
    return groups;
  };
  const before = byContent(removed);
  const found = new Map<string, string>();
  for (const [text, [object, second]] of byContent(created)) {
    const [former, another] = before.get(text) ?? [];
    if (object === undefined || former === undefined || second !== undefined || another !== undefined)
      continue;
    found.set(objectKey(object), nameOf(former));
  }
  return found;
}

/** SY3, SY4: the lists that refer to both Switches. */
function carryReferences(work: SyncWork, pair: SyncPair): void {
  const dnTerms: ListTerms = {
    pair,
    isCarried: (name) => {
      const dn = work.get('DN', name) ?? work.was('DN', name);
      return dn === undefined || isSynced(dn);
    },
    obstacle: (name) =>
      isSynced(work.get('DN', name)) ? undefined : `There is no DN "${name}" that is kept alike.`,
  };
  const loginTerms: ListTerms = {
    pair,
    isCarried: () => true,
    obstacle: (name, list) => {
      if (work.get('AgentLogin', name) === undefined) return `There is no Agent Login "${name}".`;
      const second = secondLogin(name, list);
      return second && `The person has the Agent Login "${second}" at that Switch.`;
    },
  };
  for (const { key, before, after } of work.edits.values()) {
    if (after === null) continue;
    const carried = (field: string, had: readonly string[], has: readonly string[], terms: ListTerms) => {
      const { list, obstacles } = carryList(had, has, terms);
      for (const { value, text } of obstacles)
        work.findings.push({
          kind: 'not-carried',
          object: key,
          field,
          value,
          text: `${text} The reference to its twin stays alone: synchronise the two Switches, then set it again.`,
        });
      return [...list];
    };
    // What another pair of Switches has derived in it stays.
    const now = work.get(after.objectType, nameOf(after)) ?? after;
    if (now.objectType === 'Person') {
      const had = before?.objectType === 'Person' ? before.agentLogins : [];
      work.put({ ...now, agentLogins: carried('agentLogins', had, now.agentLogins, loginTerms) });
    } else if (now.objectType === 'AgentGroup') {
      const had = before?.objectType === 'AgentGroup' ? before.originationDNs : [];
      work.put({ ...now, originationDNs: carried('originationDNs', had, now.originationDNs, dnTerms) });
    } else if (now.objectType === 'Place' && pair.places === 'one') {
      const had = before?.objectType === 'Place' ? before.dns : [];
      work.put({ ...now, dns: carried('dns', had, now.dns, dnTerms) });
    }
  }
}

/** SY5: a Place for each DN. Its twin is the Place that has the same numbers of the other Switch. */
function carryPlaces(work: SyncWork, pair: SyncPair, placeOf: PlaceOf): void {
  const done = new Set<string>();
  const moved = new Map<string, string>();
  for (const { after } of work.edits.values())
    if (after?.objectType === 'Place') for (const dn of after.dns) moved.set(dn, after.name);
  for (const name of editedPlaces(work)) {
    if (done.has(name)) continue;
    const [side, second] =
      sidesOf(work.get('Place', name), pair) ?? sidesOf(work.was('Place', name), pair) ?? [];
    if (side === undefined) continue;
    const twins = second === undefined ? twinPlaces(work, pair, { placeOf, moved }, name) : [];
    const [found, another] = twins;
    const twin = found ?? counterpartName(name, pair.switches[side], pair.switches[side === 0 ? 1 : 0]);
    const isTaken = found === undefined && work.get('Place', twin) !== undefined;
    if (second !== undefined || another !== undefined || isTaken) {
      const others = second !== undefined ? [] : isTaken ? [twin] : twins;
      work.findings.push(unpairedFinding(name, others));
      continue;
    }
    done.add(twin);
    const edits = (side === 0 ? [name, twin] : [twin, name]).map(
      (one, at): TwinEdit => ({
        switchName: pair.switches[at as Side],
        name: one,
        before: one === twin && found === undefined ? null : (work.was('Place', one) ?? null),
        after: work.get('Place', one) ?? null,
        isEdited: work.isEdited(`Place/${one}`),
        order: work.orderOf(`Place/${one}`),
      }),
    );
    apply(work, edits as [TwinEdit, TwinEdit], pair, (at) => `Place/${edits[at]?.name}`);
  }
}

/** Of whose DNs it has some; of neither is undefined. */
function sidesOf(place: Place | undefined, { switches }: SyncPair): Side[] | undefined {
  const names = new Set(place?.dns.map((dn) => splitReference(dn).switch));
  const sides = ([0, 1] as const).filter((side) => names.has(switches[side]));
  return sides.length === 0 ? undefined : sides;
}

/** First those that are removed, whose names are free then. */
function editedPlaces(work: SyncWork): string[] {
  const edits = [...work.edits.values()].filter(({ key }) => splitKey(key)[0] === 'Place');
  return [...edits.filter(({ after }) => after === null), ...edits.filter(({ after }) => after !== null)].map(
    ({ key }) => splitKey(key)[1],
  );
}

/** Where DNs were, and where this edit puts those of the Places that it names. */
interface Seating {
  readonly placeOf: PlaceOf;
  readonly moved: ReadonlyMap<string, string>;
}

/**
 * The one that the same edit leaves with the same numbers; else where the numbers are that it had; of one that had none, where its
 * new ones are, unless that is another one's twin.
 */
function twinPlaces(work: SyncWork, pair: SyncPair, { placeOf, moved }: Seating, name: string): string[] {
  const placesOf = (dns: readonly string[], at: PlaceOf) => [
    ...new Set(dns.flatMap((dn) => at(twinReference(dn, pair) ?? '') ?? [])),
  ];
  const numbersIn = (place: string) =>
    (work.get('Place', place)?.dns ?? []).filter((dn) => twinReference(dn, pair) !== undefined);
  const here = numbersIn(name);
  const [exact, other] = placesOf(here, (dn) => moved.get(dn));
  const isExact =
    exact !== undefined &&
    other === undefined &&
    exact !== name &&
    numbersIn(exact).length === here.length &&
    here.every((dn) => moved.has(twinReference(dn, pair) ?? ''));
  if (isExact) return [exact];
  const twinsBefore = (place: string) =>
    placesOf(work.was('Place', place)?.dns ?? [], placeOf).filter((one) => one !== place);
  const had = twinsBefore(name);
  if (had.length > 0) return had;
  const now = placesOf(here, (dn) => moved.get(dn) ?? placeOf(dn));
  return now.filter((place) => place !== name && twinsBefore(place).length === 0);
}

function unpairedFinding(name: string, others: readonly string[]): SyncFinding {
  const text =
    others.length === 0
      ? 'It has DNs of both Switches, and place-form is "each": a Place for each DN. Give it those of one Switch.'
      : `Which Place of the other Switch belongs to it cannot be told: ${others.map((one) => `"${one}"`).join(', ')}. Give one Place the same numbers, or another name.`;
  return { kind: 'not-carried', object: `Place/${name}`, field: 'dns', value: others.join(', '), text };
}
