import type { Change, Entry } from '@holdfast/protocol';
import { expect, test } from 'vitest';
import { checkObjects } from './load-configuration.ts';
import { problemLine } from './problem.ts';
import { syncChanges } from './sync-switches.ts';
import { drift, switchDigest } from './sync-switches-drift.ts';
import { counterpartName } from './sync-switches-places.ts';
import { proposeSync } from './sync-switches-request.ts';
import { checkSyncSwitches } from './sync-switches-settings.ts';
import { load, sha256, withOption } from './test-configuration.ts';
import { applied, at, changesOf, derived, edit, PAIR, pairOf, sample, synced } from './test-sync-switches.ts';

const run = (configuration: ReturnType<typeof sample>, master = 'north', pair = PAIR) => {
  const result = syncChanges(configuration, pair, master);
  return { ...result, after: applied(configuration, result.changes) };
};
const digests = (configuration: ReturnType<typeof sample>, pair = PAIR) =>
  pair.switches.map((name) => switchDigest(configuration, name, pair, sha256));

/** A centre that has grown at north alone. */
function northAlone() {
  const south = sample().objects.filter(
    (object) =>
      (object.objectType === 'AgentLogin' || (object.objectType === 'DN' && object.type !== 'Trunk')) &&
      object.switch === 'south' &&
      !(object.objectType === 'DN' && object.type === 'RoutingPoint'),
  );
  const isNorth = (reference: string) => reference.endsWith('@north');
  const alone = applied(
    sample(),
    south.map((object) => ({
      key: `${object.objectType}/${'number' in object ? object.number : 'code' in object ? object.code : ''}@south`,
      before: object,
      after: null,
    })),
  );
  return applied(
    alone,
    alone.objects.flatMap((object): Change[] => {
      const key = `${object.objectType}/${'name' in object ? object.name : ''}`;
      if (object.objectType === 'Place')
        return [{ key, before: object, after: { ...object, dns: object.dns.filter(isNorth) } }];
      if (object.objectType === 'Person')
        return [
          { key, before: object, after: { ...object, agentLogins: object.agentLogins.filter(isNorth) } },
        ];
      if (object.objectType === 'AgentGroup')
        return [
          {
            key,
            before: object,
            after: { ...object, originationDNs: object.originationDNs.filter(isNorth) },
          },
        ];
      return [];
    }),
  );
}

test('[SY2] [SY3] [SY4] what grew at one Switch is at both after the first synchronisation, and the configuration is sound', () => {
  const { after, findings } = run(northAlone());
  expect(findings).toEqual([]);
  expect(at(after, 'Place/place-7001')).toMatchObject({ dns: ['7001@north', '7001@south'] });
  expect(after.objects.map((object) => object)).toEqual(synced().objects);
  const read = after.objects.map((object) => ({ file: '', object }));
  expect(checkObjects(read, [], sha256)).toMatchObject({ ok: true, warnings: [] });
});

test('[SY6] the first synchronisation sets the options at both Switches, and what is alike it leaves alone', () => {
  const { changes, findings, after } = run(sample());
  expect(findings).toEqual([]);
  expect(changes.map(({ key }) => key)).toEqual(['Switch/north', 'Switch/south']);
  expect(pairOf(after)).toEqual(PAIR);
  expect(derived(sample(), changes).changes).toEqual([]);
  const own = { ...PAIR, places: 'each' as const, ownOptions: new Set(['a/b', 'c/d']) };
  expect(pairOf(run(sample(), 'north', own).after)).toEqual(own);
});

test('[SY10] what a synchronisation changes asks for nothing more when it is committed, and tells nothing twice', () => {
  const each = { ...PAIR, places: 'each' as const };
  const split = run(sample(), 'south', each).after;
  const crossed = sample({
    'Person/agent7001': { agentLogins: ['7001@north', '7002@south'] },
    'Person/agent7002': { agentLogins: ['7001@south'] },
    'DN/8000@south': { displayName: 'x', enabled: false },
    'Place/place-7003': { dns: ['7003@north', '7002@south'] },
    'Place/place-7002': { dns: ['7002@north', '7003@south'] },
  });
  for (const [before, pair] of [
    [northAlone(), PAIR],
    [northAlone(), each],
    [sample(), each],
    [split, PAIR],
    [crossed, PAIR],
    [crossed, each],
  ] as const)
    for (const master of pair.switches) {
      const { changes } = syncChanges(before, pair, master);
      expect(changes.length).toBeGreaterThan(2);
      expect(derived(before, changes)).toEqual({ changes: [], findings: [] });
    }
});

test('[SY6] what differs is the master’s afterwards, and every value that is lost is told, a secret without it', () => {
  const digest = { realm: 'holdfast', md5: 'a'.repeat(32), sha256: 'b'.repeat(64) };
  const before = sample({
    'DN/8000@north': { displayName: 'Sales north' },
    'DN/8000@south': { displayName: 'Sales south', options: { holdfast: { treatment: 'tone' } } },
    'DN/7001@south': { digest },
  });
  const north = run(before, 'north');
  expect(at(north.after, 'DN/8000@south')).toMatchObject({
    displayName: 'Sales north',
    options: { holdfast: { treatment: 'music', 'wait-max': '120' } },
  });
  expect(north.findings).toContainEqual({
    kind: 'overwritten',
    object: 'DN/8000@south',
    field: 'displayName',
    value: 'Sales south',
    winner: { object: 'DN/8000@north', value: 'Sales north' },
    text: 'It is Sales south here and Sales north at DN/8000@north, which holds at both from now on.',
  });
  expect(north.findings.map(({ field }) => field).sort()).toEqual([
    'digest',
    'displayName',
    'options/holdfast/overflow-dn',
    'options/holdfast/treatment',
    'options/holdfast/wait-max',
    'options/holdfast/waiting-max',
  ]);
  expect(JSON.stringify(north.findings)).not.toContain('bbbb');
  const south = run(before, 'south');
  expect(at(south.after, 'DN/8000@north')).toMatchObject({
    displayName: 'Sales south',
    options: { holdfast: { treatment: 'tone' } },
  });
  expect(at(south.after, 'DN/7001@north')).toMatchObject({ digest });
  expect(digests(north.after)[0]).toBe(digests(north.after)[1]);
});

test('[SY6] Agent Logins that the two sides gave to different persons are told, with who keeps them', () => {
  const before = sample({
    'Person/agent7001': { agentLogins: ['7001@north', '7002@south'] },
    'Person/agent7002': { agentLogins: ['7001@south'] },
    'Person/agent7003': { agentLogins: ['7003@south'] },
  });
  const { after, findings } = run(before);
  expect(at(after, 'Person/agent7001')).toMatchObject({ agentLogins: ['7001@north', '7001@south'] });
  expect(at(after, 'Person/agent7002')).toMatchObject({ agentLogins: [] });
  expect(at(after, 'Person/agent7003')).toMatchObject({ agentLogins: ['7003@south', '7003@north'] });
  expect(findings).toMatchObject([
    { kind: 'overwritten', object: 'Person/agent7001', value: '7002@south', winner: { value: '7001@north' } },
    {
      kind: 'overwritten',
      object: 'Person/agent7002',
      value: '7001@south',
      winner: { object: 'Person/agent7001' },
    },
  ]);
  const other = run(before, 'south').after;
  expect(at(other, 'Person/agent7001')).toMatchObject({ agentLogins: ['7002@south', '7002@north'] });
  expect(at(other, 'Person/agent7002')).toMatchObject({ agentLogins: ['7001@south', '7001@north'] });
});

test('[SY2] a number that is a site’s own at the other side is told, and both stay', () => {
  const before = sample({
    'DN/8500@north': { type: 'ACDQueue', options: {} },
    'AgentGroup/sales': { originationDNs: ['8500@north'] },
  });
  const { changes, findings } = run(before);
  expect(changes.map(({ key }) => key)).toEqual(['Switch/north', 'Switch/south']);
  expect(findings).toMatchObject([{ kind: 'taken', object: 'DN/8500@south', value: 'RoutingPoint' }]);
});

test('[SY5] [SY4] one Place becomes one for each DN and the other way round, and persons go where their phones are', () => {
  const each = { ...PAIR, places: 'each' as const };
  const split = run(sample(), 'south', each);
  expect(at(split.after, 'Place/place-7001')).toMatchObject({ dns: ['7001@south'] });
  expect(at(split.after, 'Place/place-7001-north')).toMatchObject({
    dns: ['7001@north'],
    options: { holdfast: { 'registration-scheme': 'active-backup' } },
  });
  expect(split.findings).toContainEqual(
    expect.objectContaining({ kind: 'moved', object: 'Place/place-7001', value: '7001@north' }),
  );
  expect(digests(split.after, each)[0]).toBe(digests(split.after, each)[1]);
  expect(run(split.after, 'north', each).changes).toEqual([]);
  const joined = run(split.after, 'north');
  expect(at(joined.after, 'Place/place-7001-north')).toMatchObject({ dns: ['7001@north', '7001@south'] });
  expect(at(joined.after, 'Place/place-7001')).toMatchObject({ dns: [] });
  expect(at(joined.after, 'Person/agent7001')).toMatchObject({ defaultPlace: 'place-7001-north' });
  expect(joined.findings).toContainEqual(
    expect.objectContaining({ kind: 'moved', object: 'Person/agent7001', value: 'place-7001' }),
  );
  const read = joined.after.objects.map((object) => ({ file: '', object }));
  expect(checkObjects(read, [], sha256)).toMatchObject({ ok: true });
});

test('[SY5] Places of both sides that belong together by their numbers are paired whatever their names, the master’s data holding', () => {
  const each = { ...PAIR, places: 'each' as const };
  const seat = (name: string, dns: string[], options = {}) => ({ name, tenant: 'holdfast', dns, options });
  const dual = { holdfast: { 'registration-scheme': 'dual' } };
  const before = sample({
    'Place/place-7001': null,
    'Place/place-7002': null,
    'Place/place-7003': null,
    'Place/a': seat('a', ['7001@north', '7002@north']),
    'Place/x': seat('x', ['7001@south'], dual),
    'Place/y': seat('y', ['7002@south', '7003@south']),
    'Person/agent7001': { defaultPlace: 'a' },
    'Person/agent7002': { defaultPlace: 'y' },
    'Person/agent7003': { defaultPlace: 'y' },
  });
  const { after, findings } = run(before, 'north', each);
  expect(at(after, 'Place/x')).toMatchObject({ dns: ['7001@south', '7002@south'], options: {} });
  expect(at(after, 'Place/y')).toMatchObject({ dns: ['7003@south'] });
  expect(at(after, 'Place/y-north')).toMatchObject({ dns: ['7003@north'] });
  expect(findings).toContainEqual(
    expect.objectContaining({ kind: 'overwritten', object: 'Place/x', value: 'dual' }),
  );
  expect(findings).toContainEqual(
    expect.objectContaining({ kind: 'moved', object: 'Place/y', value: '7002@south' }),
  );
  expect(run(after, 'south', each).changes).toEqual([]);
});

test.each([
  ['place-7001-north', 'place-7001-south'],
  ['seat north', 'seat south'],
  ['desk-12', 'desk-12-south'],
  ['farnorth', 'farnorth-south'],
  ['north', 'north-south'],
])('[SY5] the twin of a Place %s is called %s', (name, twin) => {
  expect(counterpartName(name, 'north', 'south')).toBe(twin);
});

test('[SY8] the digests of two Switches are the same where all is alike, and only there', () => {
  const [north, south] = digests(synced());
  expect(north).toMatch(/^[0-9a-f]{16}$/);
  expect(south).toBe(north);
  for (const change of [
    { 'DN/8000@south': { displayName: 'x' } },
    { 'DN/8000@south': { enabled: false } },
    { 'DN/8900@south': null },
    { 'AgentLogin/7001@south': { options: { TServer: { 'wrap-up-time': '1' } } } },
    { 'Person/agent7001': { agentLogins: ['7001@north'] } },
    { 'AgentGroup/sales': { originationDNs: ['8000@south', '8009@north', '8009@south'] } },
    { 'Place/place-7001': { dns: ['7001@south'] } },
  ]) {
    const [one, other] = digests(synced(change));
    expect(one, JSON.stringify(change)).not.toBe(other);
    expect(syncChanges(synced(change), PAIR, 'north').changes).not.toEqual([]);
  }
  for (const change of [
    { 'DN/8900@south': { options: { TServer: { contact: 'sip:10.1.0.1' } } } },
    { 'DN/8500@south': { displayName: 'x' } },
    { 'DN/trunk-south@south': null },
    { 'Person/agent7001': { agentLogins: ['7001@south', '7001@north'], enabled: false } },
  ])
    expect(digests(synced(change))).toEqual([north, north]);
});

const entryOf = (number: number, who: string, before: ReturnType<typeof sample>, change: object): Entry => ({
  revision: { epoch: 1, number },
  at: 1_000 * number,
  author: { who, from: 'console' },
  changes: changesOf(before, change as Record<string, object | null>),
});

test('[SY9] drift names what differs, what its twin has, and the latest edit of just that', () => {
  const before = synced();
  const entries = [
    entryOf(3, 'ann', before, { 'DN/8000@south': { displayName: 'x' } }),
    entryOf(5, 'bob', before, { 'DN/8000@south': { enabled: false } }),
    entryOf(4, 'cat', before, { 'DN/8000@north': { displayName: 'y' }, 'DN/8900@south': null }),
    entryOf(2, 'dan', before, { 'Person/agent7001': { agentLogins: ['7001@north'] } }),
  ];
  const drifted = entries.reduce((configuration, { changes }) => applied(configuration, changes), synced());
  const now = applied(drifted, changesOf(drifted, { 'DN/8000@south': { displayName: 'x', enabled: true } }));
  const { differences, findings } = drift(now, PAIR, entries);
  expect(findings).toEqual([]);
  expect(
    differences.map(({ object, field, value, other, by }) => [object, field, value, other, by?.author.who]),
  ).toEqual([
    ['DN/8000@south', 'displayName', 'x', 'y', 'cat'],
    ['DN/8900@south', '', 'missing', 'DN/8900@north', 'cat'],
    ['Person/agent7001', 'agentLogins/7001@south', 'unset', '7001@south', 'dan'],
  ]);
  expect(differences[0]?.by).toEqual({
    revision: { epoch: 1, number: 4 },
    at: 4_000,
    author: { who: 'cat', from: 'console' },
  });
  expect(drift(now, PAIR).differences.map(({ by }) => by)).toEqual([undefined, undefined, undefined]);
  expect(drift(synced(), PAIR)).toEqual({ differences: [], findings: [] });
});

test('[SY9] of a secret drift says that it differs, and what no synchronisation mends it tells too', () => {
  const digest = { realm: 'holdfast', md5: 'a'.repeat(32), sha256: 'b'.repeat(64) };
  const { differences, findings } = drift(
    synced({ 'DN/7001@south': { digest }, 'DN/8001@north': { type: 'RoutingPoint', options: {} } }),
    PAIR,
  );
  expect(differences).toEqual([
    { object: 'DN/7001@south', field: 'digest', value: 'not shown', other: 'not shown' },
  ]);
  expect(findings).toMatchObject([{ kind: 'taken', object: 'DN/8001@north' }]);
});

test('[SY9] a master of its own or drift, what a synchronisation leaves is the same whoever is asked', () => {
  const before = synced({ 'DN/8000@south': { displayName: 'x' } });
  expect(run(run(before, 'south').after, 'north').changes).toEqual([]);
  expect(at(run(before, 'south').after, 'DN/8000@north')).toMatchObject({ displayName: 'x' });
  expect(edit(run(before, 'south').after, { 'DN/8000@north': { displayName: 'z' } }).findings).toEqual([]);
});

function warnings(files: ReturnType<typeof withOption>): string[] {
  const loaded = load(files);
  if (!loaded.ok) throw new Error(loaded.problems.map(({ text }) => text).join());
  return loaded.warnings.map(({ object, field, text }) => `${object} ${field} ${text}`);
}

test('[SY13] an administrator names two Switches and the master; what is not asked for stays as it is there', () => {
  const both = ['south', 'north'] as const;
  const asked = proposeSync(sample({ 'DN/8000@south': { displayName: 'x' } }), {
    switches: both,
    master: 'south',
  });
  if ('problems' in asked) throw new Error(JSON.stringify(asked.problems));
  expect(at(applied(sample(), asked.changes), 'DN/8000@north')).toMatchObject({ displayName: 'x' });
  expect(asked.findings).toMatchObject([{ object: 'DN/8000@north', value: 'Sales' }]);
  expect(pairOf(applied(sample(), asked.changes))).toEqual(PAIR);
  const settings = { places: 'each', ownOptions: 'a/b,c/d' } as const;
  const other = proposeSync(sample(), { switches: both, master: 'north', ...settings });
  if ('problems' in other) throw new Error(JSON.stringify(other.problems));
  const after = applied(sample(), other.changes);
  expect(pairOf(after)).toEqual({ ...PAIR, places: 'each', ownOptions: new Set(['a/b', 'c/d']) });
  expect(proposeSync(after, { switches: both, master: 'south' })).toEqual({ changes: [], findings: [] });
});

test.each([
  [{ switches: ['north', 'west'], master: 'north' }, 'Switch/west There is no Switch "west".'],
  [{ switches: ['north', 'north'], master: 'north' }, 'Switch/north It cannot be kept alike with itself.'],
  [
    { switches: ['north', 'south'], master: 'west' },
    'Switch/west The master is one of the two: north or south.',
  ],
  [
    { switches: ['north', 'south'], master: 'north', ownOptions: 'contact' },
    'Switch/north holdfast/sync-own-options It must be 1 to 32 options',
  ],
] as const)('[SY13] %o is refused with what to do', (request, text) => {
  const asked = proposeSync(sample(), request);
  if (!('problems' in asked)) throw new Error('it was taken');
  expect(asked.problems.map((problem) => problemLine(problem).replaceAll(':', '')).join()).toContain(
    text.replaceAll(':', ''),
  );
});

test('[SY13] a Switch that is disabled, or kept alike with a third, is told', () => {
  const ask = (change: object) => {
    const asked = proposeSync(sample({ 'Switch/south': change }), {
      switches: ['north', 'south'],
      master: 'north',
    });
    return 'problems' in asked ? asked.problems.map(({ field, value }) => [field, value]) : [];
  };
  expect(ask({ enabled: false })).toEqual([['enabled', 'false']]);
  expect(ask({ options: { holdfast: { 'sync-with': 'west' } } })).toEqual([['holdfast/sync-with', 'west']]);
  expect(ask({ options: { holdfast: { 'sync-with': 'north' } } })).toEqual([]);
});

test('[SY13] more changes than one entry holds are refused, with how to go on', () => {
  const request = { switches: ['north', 'south'], master: 'north' } as const;
  const all = proposeSync(northAlone(), request);
  const count = 'changes' in all ? all.changes.length : 0;
  expect(count).toBeGreaterThan(10);
  expect(proposeSync(northAlone(), request, count)).toEqual(all);
  expect(proposeSync(northAlone(), request, count - 1)).toMatchObject({
    problems: [{ object: 'Switch/north', value: String(count) }],
  });
});

test('[SY1] a sync-with that leads nowhere is warned of, with what to do', () => {
  const text = (value: string) =>
    warnings(withOption('switches', 'north', 'holdfast', 'sync-with', value)).join();
  expect(text('south')).toBe(
    'Switch/north holdfast/sync-with Switch "south" has no sync-with. Set it to "north", or synchronise the two, which does it. Until then nothing is kept alike.',
  );
  expect(text('west')).toContain('There is no Switch "west".');
  expect(text('north')).toContain('It names itself.');
  const idle = warnings(withOption('switches', 'north', 'holdfast', 'sync-own-options', 'a/b')).join();
  expect(idle).toContain('Switch/north holdfast/sync-own-options');
});

test('[SY1] settings that differ, and two Switches of one site, are warned of', () => {
  const read = (change: Record<string, object>) => {
    const objects = synced(change).objects.map((object) => ({ file: '', object }));
    const loaded = checkObjects(objects, [], sha256);
    return loaded.warnings.map(({ object, field, text }) => `${object} ${field} ${text}`);
  };
  expect(read({})).toEqual([]);
  const other = { options: { holdfast: { 'sync-with': 'north', 'sync-own-options': 'a/b' } } };
  expect(read({ 'Switch/south': other })).toEqual([
    'Switch/south holdfast/sync-own-options It is "a/b" here and "TServer/contact" at Switch "north", so that nothing of the two is kept alike. Set the same at both.',
  ]);
  const ofNorth = { options: { 'interaction-workspace': { 'disaster-recovery.site': 'north' } } };
  const lines: string[] = [];
  checkSyncSwitches(synced({ 'Application/sip-south': ofNorth }), (object, field, value, text) =>
    lines.push(`${object.objectType} ${field} ${value} ${text}`),
  );
  expect(lines).toEqual([
    'Switch holdfast/sync-with south Both Switches are of site "north": who is logged in at one has nowhere to go when that site dies. Name the Switch of the other site.',
  ]);
  const disabled = read({
    'Switch/south': { enabled: false, options: { holdfast: { 'sync-with': 'north' } } },
  });
  expect(disabled.filter((line) => line.startsWith('Switch/'))).toHaveLength(2);
});
