/** Edits by chance at either Switch, of all that is kept alike and of what is a site's own, in both forms of Places. */
import { type Random, randomInteger, seededRandom } from '@holdfast/kernel';
import {
  type Change,
  type ConfigObject,
  nameOf,
  type ObjectOf,
  type ObjectType,
  objectKey,
} from '@holdfast/protocol';
import { expect, test } from 'vitest';
import { type Configuration, splitReference } from './configuration.ts';
import { checkObjects } from './load-configuration.ts';
import { syncChanges } from './sync-switches.ts';
import { switchDigest } from './sync-switches-drift.ts';
import { withDerived } from './sync-switches-work.ts';
import { sha256 } from './test-configuration.ts';
import { applied, derived, PAIR, sample } from './test-sync-switches.ts';

const SEQUENCES = 25;
const EDITS = 15;

/** What an editor has before it: everything may be changed, and what comes of it is one edit. */
class Draft {
  readonly #before: Configuration;
  readonly #after = new Map<string, ConfigObject | null>();
  constructor(before: Configuration) {
    this.#before = before;
  }

  all<Type extends ObjectType>(type: Type): ObjectOf<Type>[] {
    const objects = new Map<string, ConfigObject | null>(
      this.#before.all(type).map((object) => [objectKey(object), object]),
    );
    for (const [key, object] of this.#after) if (key.startsWith(`${type}/`)) objects.set(key, object);
    return [...objects.values()].filter((object) => object !== null) as ObjectOf<Type>[];
  }

  put(object: ConfigObject): void {
    this.#touch(objectKey(object), object);
  }

  remove(object: ConfigObject): void {
    this.#touch(objectKey(object), null);
  }

  #touch(key: string, after: ConfigObject | null): void {
    this.#after.delete(key);
    this.#after.set(key, after);
  }

  changes(): Change[] {
    return [...this.#after].flatMap(([key, after]): Change[] => {
      const [type = '', ...name] = key.split('/');
      const before = this.#before.get(type as ObjectType, name.join('/')) ?? null;
      return before === after ? [] : [{ key, before, after }];
    });
  }
}

const TWINS = ['Extension', 'ACDQueue', 'CallProcessingPort'] as const;

type Op = (draft: Draft, random: Random, side: string) => void;
const one = <T>(random: Random, from: readonly T[]): T | undefined =>
  from[randomInteger(random, 0, from.length - 1)];
const dnsAt = (draft: Draft, side: string, isOwn = false) =>
  draft.all('DN').filter((dn) => dn.switch === side && TWINS.some((type) => type === dn.type) !== isOwn);
const OPTIONS = {
  Extension: ['TServer', 'dr-forward', ['off', 'oos', 'no-agent']],
  ACDQueue: ['holdfast', 'treatment', ['tone', 'music', 'ringback']],
  CallProcessingPort: ['TServer', 'contact', ['sip:10.0.0.1', 'sip:10.0.0.2', 'sip:10.0.0.3']],
} as const;

function rereferred(draft: Draft, from: string, to: string | undefined): void {
  const changed = (list: readonly string[]) =>
    list.flatMap((reference) => (reference !== from ? [reference] : to === undefined ? [] : [to]));
  for (const place of draft.all('Place'))
    if (place.dns.includes(from)) draft.put({ ...place, dns: changed(place.dns) });
  for (const group of draft.all('AgentGroup'))
    if (group.originationDNs.includes(from))
      draft.put({ ...group, originationDNs: changed(group.originationDNs) });
}

const OPS: Readonly<Record<string, Op>> = {
  createDN: (draft, random, side) => {
    const type = one(random, TWINS) ?? 'Extension';
    const number = String(randomInteger(random, 6_000, 6_020));
    const dn = { objectType: 'DN', number, switch: side, type, enabled: true, options: {} } as const;
    draft.put(dn);
    if (type === 'Extension' && random() < 0.7) {
      for (const place of draft.all('Place'))
        if (place.dns.includes(nameOf(dn)))
          draft.put({ ...place, dns: place.dns.filter((name) => name !== nameOf(dn)) });
      const name = `desk-${randomInteger(random, 0, 20)}`;
      draft.put({
        objectType: 'Place',
        name,
        tenant: 'holdfast',
        dns: [nameOf(dn)],
        enabled: true,
        options: {},
      });
    }
  },
  changeDN: (draft, random, side) => {
    const dn = one(random, dnsAt(draft, side));
    if (dn === undefined) return;
    const [section, name, values] = OPTIONS[dn.type as (typeof TWINS)[number]];
    const options = {
      ...dn.options,
      [section]: { ...dn.options[section], [name]: one(random, values) ?? '' },
    };
    const displayName = `D${randomInteger(random, 0, 5)}`;
    draft.put({ ...dn, displayName, enabled: random() < 0.8, options: random() < 0.1 ? {} : options });
  },
  removeDN: (draft, random, side) => {
    const dn = one(random, dnsAt(draft, side));
    if (dn === undefined) return;
    rereferred(draft, nameOf(dn), undefined);
    draft.remove(dn);
  },
  renumberDN: (draft, random, side) => {
    const dn = one(random, dnsAt(draft, side));
    const number = String(randomInteger(random, 6_000, 6_050));
    if (dn === undefined || dnsAt(draft, side).some((other) => other.number === number)) return;
    rereferred(draft, nameOf(dn), `${number}@${side}`);
    draft.remove(dn);
    draft.put({ ...dn, number });
  },
  changeOwn: (draft, random, side) => {
    const dn = one(random, dnsAt(draft, side, true));
    if (dn !== undefined) draft.put({ ...dn, displayName: `own ${randomInteger(random, 0, 9)}` });
  },
  login: (draft, random, side) => {
    const person = one(random, draft.all('Person'));
    const code = String(randomInteger(random, 5_000, 5_010));
    const name = `${code}@${side}`;
    if (person === undefined || draft.all('Person').some(({ agentLogins }) => agentLogins.includes(name)))
      return;
    draft.put({
      objectType: 'AgentLogin',
      code,
      switch: side,
      enabled: true,
      options: { TServer: { 'wrap-up-time': String(randomInteger(random, 1, 9)) } },
    });
    const others = person.agentLogins.filter((reference) => splitReference(reference).switch !== side);
    draft.put({ ...person, agentLogins: [...others, name] });
  },
  logout: (draft, random, side) => {
    const person = one(random, draft.all('Person'));
    if (person === undefined) return;
    const agentLogins = person.agentLogins.filter((reference) => splitReference(reference).switch !== side);
    draft.put({ ...person, agentLogins });
  },
  queues: (draft, random, side) => {
    const group = one(random, draft.all('AgentGroup'));
    const queue = one(
      random,
      dnsAt(draft, side).filter(({ type }) => type === 'ACDQueue'),
    );
    if (group === undefined || queue === undefined) return;
    const name = nameOf(queue);
    const originationDNs = group.originationDNs.includes(name)
      ? group.originationDNs.filter((reference) => reference !== name)
      : [...group.originationDNs, name];
    draft.put({ ...group, originationDNs });
  },
  swapPlaces: (draft, random, side) => {
    const at = draft.all('Place').filter(({ dns }) => dns.some((dn) => dn.endsWith(`@${side}`)));
    const [first, second] = [one(random, at), one(random, at)];
    if (first === undefined || second === undefined || first === second) return;
    const [own, theirs] = [first, second].map(({ dns }) => dns.filter((dn) => dn.endsWith(`@${side}`)));
    const others = (dns: readonly string[]) => dns.filter((dn) => !dn.endsWith(`@${side}`));
    draft.put({ ...first, dns: [...others(first.dns), ...(theirs ?? [])] });
    draft.put({ ...second, dns: [...others(second.dns), ...(own ?? [])] });
  },
  changePlace: (draft, random, side) => {
    const place = one(
      random,
      draft.all('Place').filter(({ dns }) => dns.some((dn) => dn.endsWith(`@${side}`))),
    );
    const scheme = one(random, ['dual', 'single']) ?? '';
    if (place !== undefined)
      draft.put({
        ...place,
        enabled: random() < 0.9,
        options: { holdfast: { 'registration-scheme': scheme } },
      });
  },
};

/** One edit of one to three things, at one Switch or at both. */
function edited(configuration: Configuration, random: Random, tally: Map<string, number>): Change[] {
  const draft = new Draft(configuration);
  const names = Object.keys(OPS);
  const side = one(random, PAIR.switches) ?? '';
  const isOfBoth = random() < 0.2;
  for (let i = randomInteger(random, 1, 3); i > 0; i--) {
    const name = one(random, names) ?? '';
    tally.set(name, (tally.get(name) ?? 0) + 1);
    OPS[name]?.(draft, random, isOfBoth ? (one(random, PAIR.switches) ?? '') : side);
  }
  return draft.changes();
}

const isSound = (configuration: Configuration) =>
  checkObjects(
    configuration.objects.map((object) => ({ file: '', object })),
    [],
    sha256,
  ).ok;

test.each(['one', 'each'] as const)(
  '[SY10] [SY7] [SY2] any sequence of edits at either Switch leaves both alike, derived edits derive nothing, and nothing of a site’s own is touched (Places: %s)',
  (places) => {
    const pair = { ...PAIR, places };
    const start = applied(sample(), syncChanges(sample(), pair, 'north').changes);
    const tally = new Map<string, number>();
    let [committed, refused] = [0, 0];
    for (let seed = 1; seed <= SEQUENCES; seed++) {
      const random = seededRandom(seed);
      let configuration = start;
      for (let i = 0; i < EDITS; i++) {
        const changes = edited(configuration, random, tally);
        const { changes: follows } = derived(configuration, changes);
        const entry = withDerived(changes, follows);
        const after = applied(configuration, entry);
        const what = `seed ${seed}, edit ${i}: ${changes.map(({ key }) => key).join()}`;
        for (const { key, before: had, after: has } of follows)
          for (const object of [had, has])
            if (object?.objectType === 'DN') expect(TWINS, `${what}: ${key}`).toContain(object.type);
        expect(derived(configuration, entry).changes, what).toEqual([]);
        // What refers to nothing the writer refuses, and nothing of it holds.
        if (!isSound(after)) {
          refused++;
          continue;
        }
        committed++;
        configuration = after;
        const [north, south] = pair.switches.map((name) => switchDigest(after, name, pair, sha256));
        expect(south, what).toBe(north);
        for (const master of pair.switches)
          expect(syncChanges(after, pair, master), `${what}, master ${master}`).toEqual({
            changes: [],
            findings: [],
          });
      }
    }
    expect(committed).toBeGreaterThan(4 * refused);
    for (const name of Object.keys(OPS)) expect(tally.get(name) ?? 0, name).toBeGreaterThan(20);
  },
  30_000,
);

test('[SY10] a synchronisation of what is synchronised is empty, from either side', () => {
  for (const places of ['one', 'each'] as const)
    for (const first of PAIR.switches) {
      const pair = { ...PAIR, places };
      const after = applied(sample(), syncChanges(sample(), pair, first).changes);
      for (const second of PAIR.switches)
        expect(syncChanges(after, pair, second)).toEqual({ changes: [], findings: [] });
    }
});
