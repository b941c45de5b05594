import { expect, test } from 'vitest';
import { checkObjects } from './load-configuration.ts';
import { syncChanges } from './sync-switches.ts';
import { movePlaces, placesOfDNs, type SyncView, syncEntry } from './sync-switches-entry.ts';
import { withDerived } from './sync-switches-work.ts';
import { load, sha256 } from './test-configuration.ts';
import { applied, at, changesOf, derived, edit, pairOf, sample, synced } from './test-sync-switches.ts';

const EXTENSION = { number: '7100', type: 'Extension' };

test('[SY7] what is made, changed and removed at either Switch is so at the other', () => {
  for (const [here, there] of [
    ['north', 'south'],
    ['south', 'north'],
  ] as const) {
    const made = edit(synced(), {
      [`DN/7100@${here}`]: { ...EXTENSION, switch: here, displayName: 'Desk 100' },
      [`AgentLogin/7100@${here}`]: { code: '7100', switch: here },
    });
    expect(at(made.after, `DN/7100@${there}`)).toMatchObject({ switch: there, displayName: 'Desk 100' });
    expect(at(made.after, `AgentLogin/7100@${there}`)).toMatchObject({ code: '7100', switch: there });

    const changed = edit(made.after, {
      [`DN/7100@${here}`]: { enabled: false, options: { TServer: { 'dr-forward': 'oos' } } },
      [`AgentLogin/7100@${here}`]: { options: { TServer: { 'wrap-up-time': '9' } } },
    });
    expect(at(changed.after, `DN/7100@${there}`)).toMatchObject({
      enabled: false,
      displayName: 'Desk 100',
      options: { TServer: { 'dr-forward': 'oos' } },
    });
    expect(at(changed.after, `AgentLogin/7100@${there}`)).toMatchObject({
      options: { TServer: { 'wrap-up-time': '9' } },
    });
    const { displayName: _, ...unnamed } = at(changed.after, `DN/7100@${here}`) as never as Record<
      string,
      unknown
    >;
    const bare = {
      key: `DN/7100@${here}`,
      before: at(changed.after, `DN/7100@${here}`) ?? null,
      after: { ...unnamed, options: {} } as never,
    };
    const cleared = derived(changed.after, [bare]).changes;
    expect(cleared[0]?.after).not.toHaveProperty('displayName');
    expect(cleared[0]?.after).toMatchObject({ options: {} });

    const removed = edit(changed.after, { [`DN/7100@${here}`]: null, [`AgentLogin/7100@${here}`]: null });
    expect(at(removed.after, `DN/7100@${there}`)).toBeUndefined();
    expect(at(removed.after, `AgentLogin/7100@${there}`)).toBeUndefined();
    expect([made, changed, removed].flatMap(({ findings }) => findings)).toEqual([]);
  }
});

test('[SY7] a digest is the same at both, so that the phone registers at either', () => {
  const digest = { realm: 'holdfast', md5: 'a'.repeat(32), sha256: 'b'.repeat(64) };
  const { after } = edit(synced(), { 'DN/7001@south': { digest } });
  expect(at(after, 'DN/7001@north')).toMatchObject({ digest });
});

test('[SY7] renumbered at one Switch, with all that refers to it, is renumbered at the other', () => {
  const before = synced();
  const digest = { realm: 'holdfast', md5: 'c'.repeat(32), sha256: 'd'.repeat(64) };
  const { after, findings } = edit(before, {
    'DN/7001@south': null,
    'DN/7101@south': { ...at(before, 'DN/7001@south'), number: '7101', digest },
    'AgentLogin/7001@south': null,
    'AgentLogin/7101@south': { ...at(before, 'AgentLogin/7001@south'), code: '7101' },
    'Place/place-7001': { dns: ['7001@north', '7101@south'] },
    'Person/agent7001': { agentLogins: ['7001@north', '7101@south'] },
  });
  expect(findings).toEqual([]);
  expect(at(after, 'DN/7001@north')).toBeUndefined();
  expect(at(after, 'DN/7101@north')).toMatchObject({ digest, type: 'Extension' });
  expect(at(after, 'Place/place-7001')).toMatchObject({ dns: ['7101@south', '7101@north'] });
  expect(at(after, 'Person/agent7001')).toMatchObject({ agentLogins: ['7101@south', '7101@north'] });
  expect(after.objects).toHaveLength(before.objects.length);
});

test('[SY7] renumbered, a twin keeps what is its own; a change whose object has another name says the same', () => {
  const own = (to: string) => ({ options: { TServer: { contact: to } } });
  const before = synced({
    'DN/8900@north': own('sip:10.0.0.1'),
    'DN/8900@south': own('sip:10.1.0.1'),
  });
  const moved = { ...at(before, 'DN/8900@north'), number: '8901' };
  const removedAndMade = edit(before, { 'DN/8900@north': null, 'DN/8901@north': moved });
  expect(at(removedAndMade.after, 'DN/8901@south')).toMatchObject(own('sip:10.1.0.1'));
  const [made] = changesOf(before, { 'DN/8901@north': moved });
  const renamed = [
    { key: 'DN/8900@north', before: at(before, 'DN/8900@north') ?? null, after: made?.after ?? null },
  ];
  const { changes } = derived(before, renamed);
  expect(changes.map(({ key, after }) => [key, after && (after as { number?: string }).number])).toEqual([
    ['DN/8900@south', null],
    ['DN/8901@south', '8901'],
  ]);
});

test('[SY2] what is a site’s own is neither carried nor touched', () => {
  const before = synced({
    'DN/8900@south': { options: { TServer: { contact: 'sip:10.1.0.1' } } },
  });
  const { changes } = edit(before, {
    'DN/8900@north': { options: { TServer: { contact: 'sip:10.0.0.9' } } },
    'DN/8500@north': { displayName: 'Another', options: { holdfast: { 'route-to': '8001' } } },
    'DN/8501@north': { number: '8501', switch: 'north', type: 'RoutingPoint' },
    'DN/trunk-north': { displayName: 'Another' },
    'DN/trunk-north@north': { displayName: 'Another' },
    'DN/peer-south@north': null,
    'AgentGroup/sales': {
      originationDNs: ['8000@north', '8000@south', '8009@north', '8009@south', '8500@north'],
    },
    'Application/sip-north': { enabled: false },
    'Tenant/holdfast': { options: {} },
  });
  expect(changes).toEqual([]);
});

test('[SY2] [option holdfast/sync-own-options] names what each site sets for itself', () => {
  const option = { 'sync-with': 'south', 'sync-own-options': 'TServer/dr-forward,holdfast/treatment' };
  const before = synced({
    'Switch/north': { options: { holdfast: option } },
    'Switch/south': { options: { holdfast: { ...option, 'sync-with': 'north' } } },
  });
  const change = { 'DN/8000@north': { options: { holdfast: { treatment: 'tone', 'wait-max': '7' } } } };
  expect(at(edit(before, change).after, 'DN/8000@south')).toMatchObject({
    options: { holdfast: { treatment: 'music', 'wait-max': '7' } },
  });
  expect(at(edit(synced(), change).after, 'DN/8000@south')).toMatchObject({
    options: { holdfast: { treatment: 'tone', 'wait-max': '7' } },
  });
});

test('[SY2] a number that is a site’s own at the other Switch is told, and nothing is made there', () => {
  const before = synced({
    'DN/8000@south': null,
    'AgentGroup/sales': { originationDNs: ['8009@north', '8009@south'] },
  });
  const { changes, findings } = edit(before, {
    'DN/8500@south': { type: 'ACDQueue' },
    'AgentGroup/sales': { originationDNs: ['8009@north', '8009@south', '8500@south'] },
  });
  expect(changes).toEqual([]);
  expect(findings).toMatchObject([
    { kind: 'taken', object: 'DN/8500@north', value: 'RoutingPoint' },
    { kind: 'not-carried', object: 'AgentGroup/sales', value: '8500@north' },
  ]);
});

test('[SY2] a queue that becomes a Routing Point becomes one at both, and from then on is each site’s own', () => {
  const before = synced();
  const { after } = edit(before, { 'DN/8001@north': { type: 'RoutingPoint', options: {} } });
  expect(at(after, 'DN/8001@south')).toMatchObject({ type: 'RoutingPoint', options: {} });
  expect(edit(after, { 'DN/8001@north': null }).changes).toEqual([]);
});

test('[SY3] a person’s Agent Logins and a group’s queues refer to both Switches', () => {
  const before = synced({
    'AgentLogin/7100@north': { code: '7100', switch: 'north' },
    'AgentLogin/7100@south': { code: '7100', switch: 'south' },
  });
  const changed = edit(before, { 'Person/agent7001': { agentLogins: ['7100@south', '7001@north'] } });
  expect(at(changed.after, 'Person/agent7001')).toMatchObject({ agentLogins: ['7100@south', '7100@north'] });
  const without = edit(before, { 'Person/agent7001': { agentLogins: ['7001@south'] } });
  expect(at(without.after, 'Person/agent7001')).toMatchObject({ agentLogins: [] });
  const queues = edit(before, {
    'AgentGroup/sales': { originationDNs: ['8001@north', '8009@north', '8009@south'] },
  });
  expect(at(queues.after, 'AgentGroup/sales')).toMatchObject({
    originationDNs: ['8001@north', '8001@south', '8009@north', '8009@south'],
  });
  const fewer = edit(before, {
    'AgentGroup/sales': { originationDNs: ['8000@north', '8000@south', '8009@south'] },
  });
  expect(at(fewer.after, 'AgentGroup/sales')).toMatchObject({ originationDNs: ['8000@north', '8000@south'] });
});

test('[SY3] a reference whose twin is not there, or in use, is told and not made', () => {
  const before = synced({ 'DN/8001@south': null, 'AgentGroup/support': { originationDNs: [] } });
  const alone = edit(before, { 'AgentGroup/support': { originationDNs: ['8001@north'] } });
  expect(alone.changes).toEqual([]);
  expect(alone.findings).toMatchObject([
    { kind: 'not-carried', object: 'AgentGroup/support', value: '8001@south' },
  ]);
  const drifted = synced({
    'AgentLogin/7100@north': { code: '7100', switch: 'north' },
    'AgentLogin/7100@south': { code: '7100', switch: 'south' },
    'Person/agent7001': { agentLogins: ['7001@south'] },
  });
  const second = edit(drifted, { 'Person/agent7001': { agentLogins: ['7001@south', '7100@north'] } });
  expect(second.changes).toEqual([]);
  expect(second.findings).toMatchObject([
    { kind: 'not-carried', object: 'Person/agent7001', value: '7100@south' },
  ]);
});

test('[SY4] a new seat of one Switch is one of both, and moves and goes as one', () => {
  const made = edit(synced(), {
    'DN/7100@north': { ...EXTENSION, switch: 'north' },
    'Place/desk-100': { name: 'desk-100', tenant: 'holdfast', dns: ['7100@north'] },
  });
  expect(at(made.after, 'Place/desk-100')).toMatchObject({ dns: ['7100@north', '7100@south'] });
  const moved = edit(made.after, {
    'Place/desk-100': { dns: ['7100@north'] },
    'Place/desk-101': { name: 'desk-101', tenant: 'holdfast', dns: ['7100@south'] },
  });
  expect(at(moved.after, 'Place/desk-100')).toMatchObject({ dns: [] });
  expect(at(moved.after, 'Place/desk-101')).toMatchObject({ dns: ['7100@south', '7100@north'] });
  const gone = edit(moved.after, { 'Place/desk-101': { dns: ['7100@north'] }, 'DN/7100@south': null });
  expect(at(gone.after, 'Place/desk-101')).toMatchObject({ dns: [] });
  expect(at(gone.after, 'DN/7100@north')).toBeUndefined();
});

/** Each of the sample's places split in two (S3). */
function each() {
  const pair = { ...pairOf(synced()), places: 'each' as const };
  const before = sample();
  return applied(before, syncChanges(before, pair, 'north').changes);
}

test('[SY5] [option holdfast/place-form] with a Place for each DN, its twin is made, changed and removed with it', () => {
  const made = edit(each(), {
    'DN/7100@south': { ...EXTENSION, switch: 'south' },
    'Place/desk-100': {
      name: 'desk-100',
      tenant: 'holdfast',
      dns: ['7100@south'],
      options: { holdfast: { 'registration-scheme': 'dual' } },
    },
  });
  expect(at(made.after, 'Place/desk-100-north')).toMatchObject({
    dns: ['7100@north'],
    options: { holdfast: { 'registration-scheme': 'dual' } },
  });
  expect(at(made.after, 'Place/desk-100')).toMatchObject({ dns: ['7100@south'] });
  const changed = edit(made.after, { 'Place/desk-100-north': { enabled: false, options: {} } });
  expect(at(changed.after, 'Place/desk-100')).toMatchObject({
    enabled: false,
    options: {},
    dns: ['7100@south'],
  });
  const gone = edit(changed.after, { 'Place/desk-100': null, 'DN/7100@south': null });
  expect(at(gone.after, 'Place/desk-100-north')).toBeUndefined();
  expect(at(gone.after, 'DN/7100@north')).toBeUndefined();
  expect([made, changed, gone].flatMap(({ findings }) => findings)).toEqual([]);
});

test('[SY5] a DN that goes to another Place does so at both, and a renamed Place has a renamed twin', () => {
  const before = each();
  const swapped = edit(before, {
    'Place/place-7001': { dns: ['7002@north'] },
    'Place/place-7002': { dns: ['7001@north'] },
  });
  expect(at(swapped.after, 'Place/place-7001-south')).toMatchObject({ dns: ['7002@south'] });
  expect(at(swapped.after, 'Place/place-7002-south')).toMatchObject({ dns: ['7001@south'] });
  const renamed = edit(before, {
    'Place/place-7001': null,
    'Place/desk-1-north': { ...at(before, 'Place/place-7001'), name: 'desk-1-north' },
    'Person/agent7001': { defaultPlace: 'desk-1-north' },
  });
  expect(at(renamed.after, 'Place/place-7001-south')).toBeUndefined();
  expect(at(renamed.after, 'Place/desk-1-south')).toMatchObject({ dns: ['7001@south'] });
  expect([swapped, renamed].flatMap(({ findings }) => findings)).toEqual([]);
});

test('[SY5] a Place of both Switches, and one whose twin’s name is in use, are told and left', () => {
  const before = each();
  const mixed = edit(before, { 'Place/place-7001': { dns: ['7001@north', '7001@south'] } });
  expect(mixed.findings).toMatchObject([{ kind: 'not-carried', object: 'Place/place-7001', field: 'dns' }]);
  expect(mixed.changes).toEqual([]);
  const taken = edit(
    applied(
      before,
      changesOf(before, { 'Place/desk-1-south': { name: 'desk-1-south', tenant: 'holdfast', dns: [] } }),
    ),
    {
      'DN/7100@north': { ...EXTENSION, switch: 'north' },
      'Place/desk-1': { name: 'desk-1', tenant: 'holdfast', dns: ['7100@north'] },
    },
  );
  expect(taken.findings).toMatchObject([
    { kind: 'not-carried', object: 'Place/desk-1', value: 'desk-1-south' },
  ]);
  expect(taken.changes.map(({ key }) => key)).toEqual(['DN/7100@south']);
});

test('[SY12] of two things that one edit says, the later holds at both and the other is told', () => {
  const before = synced();
  const both = edit(before, { 'DN/8000@south': { displayName: 'B' }, 'DN/8000@north': { displayName: 'A' } });
  expect(at(both.after, 'DN/8000@south')).toMatchObject({ displayName: 'A' });
  expect(both.findings).toMatchObject([
    {
      kind: 'contradiction',
      object: 'DN/8000@south',
      field: 'displayName',
      value: 'B',
      winner: { object: 'DN/8000@north', value: 'A' },
    },
  ]);
  const same = edit(before, { 'DN/8000@south': { displayName: 'A' }, 'DN/8000@north': { displayName: 'A' } });
  expect(same).toMatchObject({ changes: [], findings: [] });
  const fields = edit(before, { 'DN/8000@south': { displayName: 'B' }, 'DN/8000@north': { enabled: false } });
  expect(at(fields.after, 'DN/8000@north')).toMatchObject({ displayName: 'B', enabled: false });
  expect(at(fields.after, 'DN/8000@south')).toMatchObject({ displayName: 'B', enabled: false });
  const kept = edit(before, { 'DN/8000@north': null, 'DN/8000@south': { displayName: 'B' } });
  expect(at(kept.after, 'DN/8000@north')).toMatchObject({ displayName: 'B', switch: 'north' });
  const gone = edit(before, { 'DN/8000@south': { displayName: 'B' }, 'DN/8000@north': null });
  expect(at(gone.after, 'DN/8000@south')).toBeUndefined();
  expect([...kept.findings, ...gone.findings]).toMatchObject([
    { kind: 'contradiction' },
    { kind: 'contradiction' },
  ]);
});

test('[SY6] an edit carries what it has changed; what differed before stays, and what it overwrites is told', () => {
  const before = synced({ 'DN/8000@south': { displayName: 'Elsewhere' } });
  const other = edit(before, { 'DN/8000@north': { enabled: false } });
  expect(at(other.after, 'DN/8000@south')).toMatchObject({ displayName: 'Elsewhere', enabled: false });
  expect(other.findings).toEqual([]);
  const over = edit(before, { 'DN/8000@north': { displayName: 'Here' } });
  expect(at(over.after, 'DN/8000@south')).toMatchObject({ displayName: 'Here' });
  expect(over.findings).toMatchObject([{ kind: 'overwritten', object: 'DN/8000@south', value: 'Elsewhere' }]);
  const beside = edit(synced({ 'DN/7100@south': { ...EXTENSION, switch: 'south', displayName: 'There' } }), {
    'DN/7100@north': { ...EXTENSION, switch: 'north' },
  });
  expect(at(beside.after, 'DN/7100@south')).not.toHaveProperty('displayName');
  expect(beside.findings).toMatchObject([{ kind: 'overwritten', field: 'displayName', value: 'There' }]);
});

test('[SY1] [option holdfast/sync-with] only where both name each other is anything carried, and it ends with it', () => {
  const change = { 'DN/8000@north': { displayName: 'A' } };
  expect(edit(sample(), change).changes).toEqual([]);
  const half = sample({ 'Switch/north': { options: { holdfast: { 'sync-with': 'south' } } } });
  expect(edit(half, change).changes).toEqual([]);
  expect(edit(synced(), change).changes).toHaveLength(1);
  const ended = edit(synced(), { ...change, 'Switch/south': { options: {} } });
  expect(ended.changes).toEqual([]);
  // A site that is taken down takes nothing of the other with it.
  const south = synced().objects.filter((object) => 'switch' in object && object.switch === 'south');
  const down = edit(synced(), {
    'Switch/south': null,
    ...Object.fromEntries(
      south.map((object) => [
        `${object.objectType}/${'number' in object ? object.number : 'code' in object ? object.code : object.name}@south`,
        null,
      ]),
    ),
  });
  expect(down.changes).toEqual([]);
});

test('[SY1] the settings themselves are kept alike', () => {
  const options = (twin: string, own: string) => ({
    options: { holdfast: { 'sync-with': twin, 'sync-own-options': own } },
  });
  const { after, changes } = edit(synced(), { 'Switch/north': options('south', 'a/b') });
  expect(changes.map(({ key }) => key)).toEqual(['Switch/south']);
  expect([...pairOf(after).ownOptions]).toEqual(['a/b']);
  const both = edit(synced(), {
    'Switch/north': options('south', 'a/b'),
    'Switch/south': options('north', 'a/c'),
  });
  expect([...pairOf(both.after).ownOptions]).toEqual(['a/c']);
  expect(both.findings).toMatchObject([
    { kind: 'contradiction', object: 'Switch/north', value: 'a/b', winner: { value: 'a/c' } },
  ]);
});

test('[SY11] an edit reads the objects that it is about, and goes through no list but that of the Switches', () => {
  const configuration = synced();
  let reads = 0;
  const view: SyncView = {
    get: ((type: 'DN', name: string) => {
      reads++;
      return configuration.get(type, name);
    }) as typeof configuration.get,
    all: ((type: 'Switch') => {
      if (type !== 'Switch') throw new Error(`all of ${type}`);
      return configuration.all(type);
    }) as typeof configuration.all,
  };
  const changes = changesOf(configuration, {
    'DN/8000@north': { displayName: 'A' },
    'AgentGroup/sales': { originationDNs: ['8001@north', '8009@north', '8009@south'] },
  });
  expect(syncEntry(view, changes, () => undefined).changes).toHaveLength(2);
  expect(reads).toBeLessThan(40);
});

test('[SY7] where each DN is, is known after an edit without going through all Places', () => {
  const before = synced();
  const { entry, after } = edit(before, {
    'Place/place-7001': { dns: ['7002@north', '7002@south'] },
    'Place/place-7002': { dns: ['7001@north', '7001@south'] },
    'Place/place-7003': null,
  });
  const placeOf = placesOfDNs(before.all('Place'));
  movePlaces(placeOf, entry);
  expect(new Map([...placeOf].sort())).toEqual(new Map([...placesOfDNs(after.all('Place'))].sort()));
});

test('[SY7] an edit with what follows from it has each object once, and is sound', () => {
  const before = synced();
  const edits = changesOf(before, {
    'DN/7100@north': { ...EXTENSION, switch: 'north' },
    'Place/desk-100': { name: 'desk-100', tenant: 'holdfast', dns: ['7100@north'] },
  });
  const entry = withDerived(edits, derived(before, edits).changes);
  expect(entry.map(({ key }) => key)).toEqual(['DN/7100@north', 'Place/desk-100', 'DN/7100@south']);
  expect(entry[1]).toMatchObject({ before: null, after: { dns: ['7100@north', '7100@south'] } });
  const objects = applied(before, entry).objects.map((object) => ({ file: '', object }));
  expect(checkObjects(objects, [], sha256)).toMatchObject({ ok: true });
  expect(load([]).ok).toBe(true);
});
