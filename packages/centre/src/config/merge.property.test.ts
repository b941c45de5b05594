/**
 * Nothing is lost (CW3): 10,000 edits at two sites that lose each other again and again. What the merge made of each is looked up by
 * other means than the merge's own: an object is flattened to paths of its values here, and lists are compared as sets.
 */
import { randomInteger, seededRandom } from '@holdfast/kernel';
import { type ConfigObject, type Entry, nameOf, objectKey, type Person } from '@holdfast/protocol';
import { expect, test } from 'vitest';
import { canonicalText, makeConfiguration } from './configuration.ts';
import { applyEntries, objectsAt } from './history.ts';
import { checkObjects } from './load-configuration.ts';
import { type Merge, mergeBranch } from './merge.ts';
import type { Conflict } from './merge-object.ts';
import { resolveConflict } from './resolve-conflict.ts';
import { sha256 } from './test-configuration.ts';
import { agent, bank, group, LogOfEdits, phone, place } from './test-log.ts';

const EDITS = 10_000;
const EDITS_AT_ONE_SITE_MAX = 30;

type Flat = Map<string, unknown>;

/** A list's element is a path of its own, of which only the presence counts. */
function flat(value: unknown, path = '', into: Flat = new Map()): Flat {
  if (Array.isArray(value)) for (const element of value) into.set(`${path}/${canonicalText(element)}`, true);
  else if (typeof value === 'object' && value !== null)
    for (const [name, inner] of Object.entries(value)) flat(inner, `${path}/${name}`, into);
  else if (value !== undefined) into.set(path, value);
  return into;
}

class World {
  readonly random: () => number;

  constructor(seed: number) {
    this.random = seededRandom(seed);
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[randomInteger(this.random, 0, items.length - 1)] as Item;
  }

  /** One edit: the object as it is to be, or the key of one that goes. */
  edit(objects: readonly ConfigObject[]): ConfigObject | string {
    const all = <Type extends ConfigObject['objectType']>(type: Type) =>
      objects.filter((one): one is Extract<ConfigObject, { objectType: Type }> => one.objectType === type);
    const number = String(randomInteger(this.random, 7_001, 7_012));
    const at = `${number}@${this.pick(['north', 'south'])}`;
    const toggled = (list: readonly string[], item: string) =>
      list.includes(item) ? list.filter((one) => one !== item) : [item, ...list];
    const mayGo = (['Person', 'Place', 'DN', 'AgentGroup'] as const)
      .filter((type) => all(type).length > 2)
      .flatMap((type) => all(type).map(objectKey));
    switch (randomInteger(this.random, 0, 11)) {
      case 0:
      case 1: {
        const object = this.pick(objects);
        const name = this.pick(['site-1', 'site-2']);
        const set = { ...object.options['agent-desktop'] };
        if (this.random() < 0.3) delete set[name];
        else set[name] = this.pick(['north', 'south', 'west']);
        return { ...object, options: Object.keys(set).length === 0 ? {} : { 'agent-desktop': set } };
      }
      case 2:
        return { ...this.pick(objects), enabled: this.random() < 0.5 };
      case 3:
        return { ...this.pick(all('Person')), rank: this.pick(['agent', 'supervisor', 'administrator']) };
      case 4: {
        const { passwordHash: _, ...person } = this.pick(all('Person'));
        const passwordHash = `$argon2id$v=19$m=1$c2FsdA$${this.pick(['aaaa', 'bbbb', 'cccc'])}`;
        return this.random() < 0.3 ? person : { ...person, passwordHash };
      }
      case 5:
        return { ...this.pick(all('Person')), displayName: this.pick(['A', 'B', 'C']) };
      case 6: {
        const one = this.pick(all('AgentGroup'));
        return { ...one, members: toggled(one.members, `agent${number}`) };
      }
      case 7: {
        const one = this.pick(all('Place'));
        return { ...one, dns: toggled(one.dns, at) };
      }
      case 8: {
        const one = this.pick(all('Person'));
        return { ...one, agentLogins: toggled(one.agentLogins, at) };
      }
      case 9:
        return mayGo.length > 0 && this.random() < 0.5 ? this.pick(mayGo) : this.newObject(number);
      case 10:
        return this.newObject(number);
      default: {
        const one: Person = this.pick(all('Person'));
        return { ...one, defaultPlace: this.pick([undefined, ...all('Place').map(nameOf)]) };
      }
    }
  }

  newObject(number: string): ConfigObject {
    const switchName = this.pick(['north', 'south']);
    return this.pick<ConfigObject>([
      agent(`agent${number}`),
      { ...agent(`agent${number}`), displayName: this.pick(['A', 'B']), enabled: this.random() < 0.5 },
      phone(number, switchName),
      { objectType: 'AgentLogin', code: number, switch: switchName, enabled: true, options: {} },
      place(`place-${number}`, `${number}@${switchName}`),
      place(this.pick(['a', 'Z'])),
      group(this.pick(['sales', 'support', 'night']), [`agent${number}`]),
    ]);
  }
}

/** An edit that is refused at its own site, as checked there, is none. */
function editSoundly(world: World, log: LogOfEdits, terms: { at: number; who: string }): boolean {
  const edit = world.edit(log.objects);
  const key = typeof edit === 'string' ? edit : objectKey(edit);
  const before = log.get(key) ?? null;
  const after = typeof edit === 'string' ? null : edit;
  if (canonicalText(before) === canonicalText(after)) return false;
  const next = log.objects.filter((object) => objectKey(object) !== key);
  const mayBreak = before === null || after === null || referencesIn(before) !== referencesIn(after);
  if (mayBreak && !isSound(after === null ? next : [...next, after])) return false;
  log.append(terms, [{ key, before, after }]);
  return true;
}

/** Nothing else in this world can be wrong. */
function referencesIn(object: ConfigObject): string {
  return JSON.stringify({ ...object, enabled: true, options: {} }, [
    'dns',
    'members',
    'agentLogins',
    'defaultPlace',
  ]);
}

function isSound(objects: readonly ConfigObject[]): boolean {
  return checkObjects(
    objects.map((object) => ({ file: '', object })),
    [],
    () => '',
  ).ok;
}

/** Of each path the last value that this side gave it; of an object that came or went also that (path ''). */
function lastEdits(
  base: ReadonlyMap<string, ConfigObject>,
  side: LogOfEdits,
): [key: string, path: string, value: unknown][] {
  const edits = new Map<string, [string, string, unknown]>();
  for (const { changes } of side.entries)
    for (const { key, before, after } of changes) {
      // Made and taken away again: replaced by a later edit of its own side.
      if (!base.has(key) && side.get(key) === undefined) continue;
      const [old, fresh] = [flat(before ?? undefined), flat(after ?? undefined)];
      for (const path of new Set([...old.keys(), ...fresh.keys()]))
        if (old.get(path) !== fresh.get(path)) edits.set(`${key} ${path}`, [key, path, fresh.get(path)]);
      if ((before === null) !== (after === null)) edits.set(key, [key, '', after !== null]);
    }
  return [...edits.values()];
}

function isAccounted(
  merge: Merge,
  after: ConfigObject | undefined,
  side: 'main' | 'branch',
  [key, path, value]: [string, string, unknown],
): boolean {
  const stands = path === '' ? after !== undefined : flat(after).get(path);
  if (stands === value) return true;
  return [...merge.conflicts, ...merge.stricter].some((conflict) => {
    if (conflict.key !== key) return false;
    const kept = conflict[side].value;
    if (conflict.path.length === 0)
      return path === '' ? (kept !== null) === value : flat(kept ?? undefined).get(path) === value;
    return (
      pathOf(conflict) === path &&
      (kept === undefined) === (value === undefined) &&
      (value === undefined || value === true || kept === value)
    );
  });
}

/** As `flat` names it. */
function pathOf({ path }: Conflict): string {
  const [field = '', name = ''] = path;
  const isElement = ['members', 'dns', 'agentLogins', 'originationDNs'].includes(field);
  return isElement ? `/${field}/${canonicalText(name)}` : `/${path.join('/')}`;
}

const digest = (objects: readonly ConfigObject[]) => makeConfiguration(objects, sha256).revision;

/** The branch's site takes its branch back and follows the main line. */
function rejoined(
  branch: LogOfEdits,
  since: { epoch: number; number: number },
  main: readonly Entry[],
): ConfigObject[] {
  const back = objectsAt(
    { revision: branch.revision, objects: branch.objects },
    branch.entries.toReversed(),
    {
      revision: since,
    },
  );
  if (!back.ok) throw new Error(back.text);
  const applied = applyEntries(back.objects, main);
  if (!applied.ok) throw new Error(applied.text);
  return [...applied.objects.values()];
}

test('[CW3] of 10,000 edits over partitions of two sites none is lost, and both end alike', () => {
  const world = new World(20_260);
  let objects: readonly ConfigObject[] = bank();
  let revision = { epoch: 1, number: 0 };
  let count = 0;
  let at = 0;
  const seen = { conflicts: 0, stricter: 0, withheld: 0, resolved: 0 };
  while (count < EDITS) {
    const base = new Map(objects.map((object) => [objectKey(object), object]));
    const [main, branch] = [new LogOfEdits(objects, revision), new LogOfEdits(objects, revision)];
    const sizes = [main, branch].map(() => randomInteger(world.random, 1, EDITS_AT_ONE_SITE_MAX));
    for (const [i, log] of [main, branch].entries())
      for (let edits = 0; edits < (sizes[i] as number); edits++) {
        at += 1;
        if (editSoundly(world, log, { at, who: i === 0 ? 'ada' : 'ben' })) count += 1;
      }
    const merge = mergeBranch({ base: objects, main: main.entries, branch: branch.entries });
    if (!merge.ok) throw new Error(merge.text);
    const sides = { main: lastEdits(base, main), branch: lastEdits(base, branch) };
    main.append({ at, who: 'merge', epoch: revision.epoch + 1 }, [...merge.changes]);
    expect(isSound(main.objects)).toBe(true);
    for (const side of ['main', 'branch'] as const)
      for (const edit of sides[side]) {
        if (isAccounted(merge, main.get(edit[0]), side, edit)) continue;
        expect.fail(`lost: ${side} ${JSON.stringify(edit)} of partition ${revision.epoch}`);
      }
    for (const conflict of merge.conflicts) {
      seen.conflicts += 1;
      if (conflict.because !== 'both sides have changed it') seen.withheld += 1;
      if (world.random() < 0.5) continue;
      const resolved = resolveConflict(conflict, 'branch', main.get(conflict.key) ?? null);
      if (!resolved.ok || resolved.changes.length === 0) continue;
      const changed = new Map(main.objects.map((object) => [objectKey(object), object]));
      for (const { key, after } of resolved.changes)
        if (after === null) changed.delete(key);
        else changed.set(key, after);
      if (!isSound([...changed.values()])) continue;
      main.append({ at, who: 'ada' }, [...resolved.changes]);
      seen.resolved += 1;
    }
    seen.stricter += merge.stricter.length;
    expect(digest(rejoined(branch, revision, main.entries))).toBe(digest(main.objects));
    objects = main.objects;
    revision = main.revision;
  }
  // A world in which the sites never meet would show nothing.
  expect(Math.min(...Object.values(seen))).toBeGreaterThan(50);
});
