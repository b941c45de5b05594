import { type ConfigObject, objectKey } from '@holdfast/protocol';
import { expect, test } from 'vitest';
import { generateConfiguration } from './generate-configuration.ts';
import { mergeBranch } from './merge.ts';
import type { Conflict } from './merge-object.ts';
import { describeConflict, resolveConflict } from './resolve-conflict.ts';
import { REQUEST } from './test-configuration.ts';
import { agent, group, LogOfEdits, phone, place } from './test-log.ts';
import { BANK, KIM, named, of, partition } from './test-partition.ts';

const HASH = {
  first: '$argon2id$v=19$m=1,t=1,p=1$c2FsdA$aaaa',
  second: '$argon2id$v=19$m=1,t=1,p=1$c2FsdA$bbbb',
};
const site = (name: string) => ({ 'agent-desktop': { 'site-1': name } });

test('[CW3] what one side alone has edited holds, field by field and option by option', () => {
  const { conflicts, stricter, after } = partition(
    BANK,
    [{ ...KIM, displayName: 'Kim', options: site('north') }],
    [{ ...KIM, options: { 'interaction-workspace': { 'disaster-recovery.timeout': '40' } } }, agent('new')],
  );
  expect([...conflicts, ...stricter]).toEqual([]);
  expect(after.get('Person/agent7001')).toEqual({
    ...KIM,
    displayName: 'Kim',
    options: { ...site('north'), 'interaction-workspace': { 'disaster-recovery.timeout': '40' } },
  });
  expect(after.get('Person/new')).toEqual(agent('new'));
});

test('[CW3] lists are merged element by element, each side adding and removing its own', () => {
  const { conflicts, after } = partition(
    BANK,
    [group('sales', ['agent7001', 'agent7002', 'agent7003', 'agent7005'])],
    [group('sales', ['agent7006', 'agent7001', 'agent7003'])],
  );
  expect(conflicts).toEqual([]);
  expect(after.get('AgentGroup/sales')).toEqual(
    group('sales', ['agent7006', 'agent7001', 'agent7003', 'agent7005']),
  );
});

test('[CW3] the same change on both sides is no conflict', () => {
  const same = { ...KIM, options: site('south') };
  const { changes, conflicts, stricter } = partition(
    BANK,
    [same, 'Place/place-7008', agent('new')],
    [same, 'Place/place-7008', agent('new')],
  );
  expect([changes, conflicts, stricter]).toEqual([[], [], []]);
});

test('[CW3] one field changed on both sides is a conflict that says who and when, and the main line stands', () => {
  const { changes, conflicts } = partition(
    BANK,
    [{ ...KIM, options: site('north') }],
    [
      { ...KIM, options: site('west') },
      { ...KIM, options: site('south') },
    ],
  );
  expect(changes).toEqual([]);
  expect(conflicts).toEqual([
    {
      key: 'Person/agent7001',
      path: ['options', 'agent-desktop', 'site-1'],
      base: undefined,
      main: {
        value: 'north',
        author: { who: 'ada', from: 'test' },
        at: 1_000,
        revision: { epoch: 3, number: 101 },
      },
      branch: {
        value: 'south',
        author: { who: 'ben', from: 'test' },
        at: 2_500,
        revision: { epoch: 3, number: 102 },
      },
      stands: 'north',
      proposal: 'south',
      because: 'both sides have changed it',
    },
  ]);
});

test('[CW3] what was changed and taken back on one side was decided there: against a change it is a conflict', () => {
  const { conflicts } = partition(BANK, [{ ...KIM, displayName: 'K' }], [{ ...KIM, displayName: 'X' }, KIM]);
  expect(conflicts.map(named)).toEqual(['Person/agent7001: displayName']);
  expect(conflicts[0]).toMatchObject({ stands: 'K', branch: { at: 2_500 } });
  expect(conflicts[0]?.proposal).toBeUndefined();
});

test('[CW3] entries that do not fit the base are refused', () => {
  const log = new LogOfEdits(BANK);
  log.edit({ at: 1 }, { ...KIM, displayName: 'K' });
  const base = BANK.filter((object) => object !== KIM);
  for (const sides of [
    { main: log.entries, branch: [] },
    { main: [], branch: log.entries },
  ])
    expect(mergeBranch({ base, ...sides })).toMatchObject({
      ok: false,
      text: expect.stringContaining('Person/agent7001 is not what entry 1.1 finds'),
    });
});

test('[CW3a] of disabled, revoked, password and rank the stricter holds, from whichever side, and is reported', () => {
  const strict = { ...KIM, enabled: false, rank: 'agent' as const };
  const lax = { ...KIM, enabled: true, rank: 'supervisor' as const, passwordHash: HASH.first };
  const opened = { ...KIM, enabled: false, rank: 'administrator' as const, passwordHash: HASH.second };
  const base = BANK.map((object) => (object === KIM ? opened : object));
  const { passwordHash: _, ...locked } = { ...opened, ...strict };
  for (const [main, branch] of [
    [lax, { ...locked }],
    [{ ...locked }, lax],
  ] as const) {
    // Each side touches each field, also where it ends as it began.
    const touched = { ...KIM, enabled: true, rank: 'supervisor' as const, passwordHash: HASH.second };
    const { after, conflicts, stricter } = partition(base, [touched, main], [touched, branch]);
    expect(conflicts).toEqual([]);
    expect(after.get('Person/agent7001')).toEqual(locked);
    expect(stricter.map(named).sort()).toEqual([
      'Person/agent7001: enabled',
      'Person/agent7001: passwordHash',
      'Person/agent7001: rank',
    ]);
    expect(stricter.every(({ because }) => because.includes('stricter'))).toBe(true);
  }
});

test('[CW3a] of two new passwords the later edit holds, the other is kept, and neither is shown', () => {
  const { after, stricter } = partition(
    BANK,
    [{ ...KIM, passwordHash: HASH.first }],
    [{ ...KIM, passwordHash: HASH.second }],
  );
  expect(after.get('Person/agent7001')).toMatchObject({ passwordHash: HASH.second });
  expect(stricter).toMatchObject([
    { main: { value: HASH.first }, stands: HASH.second, proposal: HASH.first },
  ]);
  const line = describeConflict(stricter[0] as Conflict);
  expect(line).toMatch(
    /^Person\/agent7001: passwordHash: main line: not shown by ada from test; branch: not shown by ben/,
  );
  expect(line).not.toContain('argon2');
});

test('[CW3b] deletion against change is a conflict of the object; what is edited on one side alone is deleted', () => {
  const renamed = { ...of('Place', 'place-7008'), options: { x: { y: '1' } } };
  const freed = { ...of('Person', 'agent7008'), defaultPlace: undefined };
  const deleted = partition(BANK, [renamed], [freed, 'Place/place-7008']);
  expect(deleted.conflicts.map(named)).toEqual(['Place/place-7008: ']);
  expect(deleted.conflicts[0]).toMatchObject({
    main: { value: renamed },
    branch: { value: null },
    stands: renamed,
  });
  expect(deleted.after.get('Place/place-7008')).toEqual(renamed);
  const changed = partition(BANK, [freed, 'Place/place-7008'], [renamed]);
  expect(changed.conflicts[0]).toMatchObject({
    main: { value: null, author: { who: 'ada' } },
    proposal: renamed,
  });
  expect(changed.after.get('Place/place-7008')).toBeUndefined();
  const alone = partition(BANK, [], [freed, 'Place/place-7008']);
  expect([alone.conflicts, alone.after.get('Place/place-7008')]).toEqual([[], undefined]);
});

test('[CW3b] a Person who was deleted at one site and changed at the other is disabled until it is resolved', () => {
  const sales = group('sales', ['agent7002', 'agent7003']);
  const { conflicts, after } = partition(BANK, [{ ...KIM, displayName: 'K' }], [sales, 'Person/agent7001']);
  expect(after.get('Person/agent7001')).toEqual({ ...KIM, displayName: 'K', enabled: false });
  const [conflict] = conflicts as [Conflict];
  const chosen = (choice: 'main' | 'branch') =>
    resolveConflict(conflict, choice, after.get(conflict.key) ?? null);
  expect(chosen('main')).toMatchObject({ ok: true, changes: [{ after: { ...KIM, displayName: 'K' } }] });
  expect(chosen('branch')).toMatchObject({ ok: true, changes: [{ after: null }] });
});

test('[CW3b] two objects created under one name are merged where they agree or one of them says nothing', () => {
  const { conflicts, after } = partition(
    BANK,
    [{ ...agent('new'), displayName: 'New', defaultPlace: 'place-7001' }],
    [{ ...agent('new'), displayName: 'Nova', options: site('north') }],
  );
  expect(conflicts.map(named)).toEqual(['Person/new: displayName']);
  expect(after.get('Person/new')).toEqual({
    ...agent('new'),
    displayName: 'New',
    defaultPlace: 'place-7001',
    options: site('north'),
  });
});

test('[CW3b] what a side has created and deleted again leaves the other alone', () => {
  for (const [main, branch] of [
    [[agent('new'), 'Person/new'], [agent('new')]],
    [[agent('new')], [agent('new'), 'Person/new']],
  ] as const) {
    const { conflicts, after } = partition(BANK, main, branch);
    expect([conflicts, after.get('Person/new')]).toEqual([[], agent('new')]);
  }
});

test('[CW3c] one DN put in two Places stays where the main line put it; nothing else of the branch is held back', () => {
  const edits = [phone('7100'), place('a', '7100@north')] as const;
  // Whichever of the two Places the check names.
  for (const name of ['Z', 'Aa']) {
    const { conflicts, after } = partition(
      [...BANK, phone('7100')],
      [edits[1]],
      [{ ...place(name, '7100@north'), options: { x: { y: 'kept' } } }],
    );
    expect(conflicts.map(named)).toEqual([`Place/${name}: dns/7100@north`]);
    expect(conflicts[0]).toMatchObject({
      main: { author: { who: 'ada' }, at: 1_000 },
      branch: { value: '7100@north', author: { who: 'ben' } },
      because: expect.stringContaining('at most one Place'),
    });
    expect(after.get('Place/a')).toEqual(edits[1]);
    expect(after.get(`Place/${name}`)).toEqual({ ...place(name), options: { x: { y: 'kept' } } });
  }
});

test('[CW3c] one Agent Login given to two Persons, and a second one at a Switch', () => {
  const login = {
    objectType: 'AgentLogin',
    code: '7900',
    switch: 'north',
    enabled: true,
    options: {},
  } as const;
  const [a, b] = [
    { ...agent('a'), agentLogins: ['7900@north'] },
    { ...agent('b'), agentLogins: ['7900@north'] },
  ];
  const base = [...BANK, login, { ...login, code: '7901' }, agent('a'), agent('b')];
  expect(partition(base, [a], [b]).conflicts.map(named)).toEqual(['Person/b: agentLogins/7900@north']);
  expect(partition(base, [b], [a]).conflicts.map(named)).toEqual(['Person/a: agentLogins/7900@north']);
  const second = partition(base, [a], [{ ...a, agentLogins: ['7901@north'] }]);
  expect(second.conflicts.map(named)).toEqual(['Person/a: agentLogins/7901@north']);
  expect(second.after.get('Person/a')).toEqual(a);
});

test('[CW3c] a reference to what the other side has deleted', () => {
  const freed = { ...of('Place', 'place-7008'), dns: ['7008@south'] };
  const toDeleted = partition(
    BANK,
    [freed, 'DN/7008@north'],
    [place('new', '7008@north'), group('support', ['agent7003', 'agent7004'])],
  );
  // Both sides have had it in another Place: the branch's reference is proposed.
  expect(toDeleted.conflicts.map(named)).toContain('Place/new: dns/7008@north');
  expect(toDeleted.conflicts.find(({ key }) => key === 'Place/new')?.main.author?.who).toBe('ada');
  expect(toDeleted.after.get('Place/new')).toEqual(place('new'));
  const deleting = partition(
    BANK.filter(
      (object) => objectKey(object) !== 'Place/place-7008' && objectKey(object) !== 'Person/agent7008',
    ),
    [place('new', '7008@north')],
    ['DN/7008@north', 'DN/7008@south'],
  );
  expect(deleting.conflicts.map(named)).toEqual(['DN/7008@north: ']);
  expect(deleting.conflicts[0]).toMatchObject({ branch: { value: null }, stands: of('DN', '7008@north') });
  expect(deleting.changes.map(({ key }) => key)).toEqual(['DN/7008@south']);
});

test('[CW3c] what breaks no reference but a server: two that would share a port', () => {
  const { objects } = generateConfiguration(REQUEST);
  const north = of('Application', 'stat-north', objects);
  const south = of('Application', 'stat-south', objects);
  const { conflicts, after } = partition(
    objects,
    [{ ...north, ports: { default: 6_000 } }],
    [{ ...south, ports: { default: 6_000, health: 6_001 } }],
  );
  expect(conflicts.map(named)).toEqual(['Application/stat-south: ports/default']);
  expect(after.get('Application/stat-south')).toMatchObject({ ports: { ...south.ports, health: 6_001 } });
});

test('[CW3c] a list that only together is too long keeps what the main line has', () => {
  const queues = Array.from({ length: 400 }, (_, i): ConfigObject => {
    return {
      objectType: 'DN',
      number: String(9_000 + i),
      switch: 'north',
      type: 'ACDQueue',
      enabled: true,
      options: {},
    };
  });
  const sales = (from: number) => ({
    ...of('AgentGroup', 'sales'),
    originationDNs: Array.from({ length: 200 }, (_, i) => `${9_000 + from + i}@north`),
  });
  const { conflicts, changes } = partition([...BANK, ...queues], [sales(0)], [sales(200)]);
  expect(conflicts.map(named)).toEqual(['AgentGroup/sales: ']);
  expect(changes).toEqual([]);
});

test('[CW3c] what the main line has wrong by itself holds nothing of the branch back', () => {
  const broken = [...BANK, group('lost', ['nobody'])];
  const { conflicts, after } = partition(broken, [], [{ ...KIM, displayName: 'K' }]);
  expect([conflicts, after.get('Person/agent7001')]).toEqual([[], { ...KIM, displayName: 'K' }]);
});

test('[CW3d] the order of servers: of one side alone it holds, of both it is a conflict; additions keep their place', () => {
  const { objects } = generateConfiguration(REQUEST);
  const desk = of('Application', 'workspace', objects);
  const ordered = (...names: string[]) => ({
    ...desk,
    connections: names.map((server) => ({ server, port: 'default', addp: { timeout: 10 } })),
  });
  const names = ({ after }: { after: LogOfEdits }) =>
    of('Application', 'workspace', after.objects).connections.map(({ server }) => server);
  const [a, b, c, d] = ['config-north', 'config-south', 'sip-north', 'sip-south'] as const;
  const base = objects.map((object) => (object === desk ? ordered(a, b) : object));
  expect(names(partition(base, [], [ordered(b, a)]))).toEqual([b, a]);
  expect(names(partition(base, [ordered(a, c, b)], [ordered(b, a)]))).toEqual([b, a, c]);
  const added = partition(base, [ordered(c, a, b)], [ordered(d, a, b)]);
  expect([names(added), added.conflicts]).toEqual([[c, d, a, b], []]);
  const both = partition(
    objects.map((object) => (object === desk ? ordered(a, b, c) : object)),
    [ordered(b, a, c)],
    [ordered(a, c, b)],
  );
  expect(names(both)).toEqual([b, a, c]);
  expect(both.conflicts.map(named)).toEqual(['Application/workspace: connections']);
  const [conflict] = both.conflicts as [Conflict];
  const resolved = resolveConflict(conflict, 'branch', both.after.get(conflict.key) ?? null);
  expect(resolved).toMatchObject({ ok: true, changes: [{ after: ordered(a, c, b) }] });
});

test('[CW4] what a proxy holds beyond a promoted database is merged in the same way', () => {
  // The database was promoted at entry 100; the proxy had heard 101 and 102 of the former writer.
  const tail = new LogOfEdits(BANK, { epoch: 3, number: 100 });
  tail.edit({ at: 1_000, who: 'ben' }, { ...KIM, displayName: 'B' });
  tail.edit({ at: 2_000, who: 'ben' }, group('sales', ['agent7001']));
  const promoted = new LogOfEdits(BANK, { epoch: 3, number: 100 });
  promoted.edit({ at: 3_000, who: 'ada', epoch: 4 }, { ...KIM, displayName: 'A' });
  const merge = mergeBranch({ base: BANK, main: promoted.entries, branch: tail.entries });
  if (!merge.ok) throw new Error(merge.text);
  expect(merge.changes.map(({ key }) => key)).toEqual(['AgentGroup/sales']);
  expect(merge.conflicts.map(named)).toEqual(['Person/agent7001: displayName']);
  expect(merge.conflicts[0]?.main.revision).toEqual({ epoch: 4, number: 101 });
});

test('[CW3c] whoever the branch has shut out stays out, also where its other edits cannot stand', () => {
  const sales = group('sales', ['agent7002', 'agent7003']);
  const joined = group('support', ['agent7001', 'agent7003', 'agent7004']);
  const deleting = partition(BANK, [joined], [sales, 'Person/agent7001']);
  expect(deleting.conflicts.map(named)).toEqual(['Person/agent7001: ']);
  expect(deleting.after.get('Person/agent7001')).toEqual({ ...KIM, enabled: false });
  expect(deleting.after.get('AgentGroup/support')).toEqual(joined);
  const [conflict] = deleting.conflicts as [Conflict];
  const back = resolveConflict(conflict, 'main', { ...KIM, enabled: false });
  expect(back).toMatchObject({ ok: true, changes: [{ after: KIM }] });
});

test('[CW3c] an object that cannot stay as the branch made it is disabled all the same where the branch disabled it', () => {
  const trunk = {
    ...phone('7100'),
    type: 'Trunk',
    enabled: false,
    options: { TServer: { contact: 'sip:a:5060' } },
  };
  const { conflicts, after } = partition(
    [...BANK, phone('7100')],
    [place('a', '7100@north')],
    [trunk as ConfigObject],
  );
  expect(conflicts.map(named)).toEqual(['DN/7100@north: ']);
  expect(conflicts[0]?.proposal).toEqual(trunk);
  expect(after.get('DN/7100@north')).toEqual({ ...phone('7100'), enabled: false });
});

test('[CW3c] a chain of more refusals than are looked for one by one ends with all of the branch in conflicts', () => {
  const desk = (name: string, backup?: string): ConfigObject => ({
    objectType: 'Application',
    name,
    type: 'Workspace',
    ports: {},
    connections: [],
    enabled: true,
    options: {},
    ...(backup === undefined ? {} : { backup }),
  });
  const chain = Array.from({ length: 70 }, (_, i) => desk(`w${i}`, i === 0 ? 'old' : `w${i - 1}`));
  const { changes, conflicts } = partition(
    [...BANK, desk('old')],
    ['Application/old'],
    [...chain, { ...KIM, displayName: 'K' }],
  );
  expect(changes).toEqual([]);
  expect(conflicts).toHaveLength(71);
  expect(conflicts.find(({ key }) => key === 'Application/w69')?.proposal).toEqual(chain[69]);
});

test('[CW3] who made what a merge takes over is told for each object', () => {
  const { sources } = partition(
    BANK,
    [],
    [{ ...KIM, displayName: 'K' }, { ...KIM, displayName: 'K', options: site('north') }, group('sales', [])],
  );
  const numbers = (key: string) => sources.get(key)?.map(({ revision }) => revision.number);
  expect(numbers('Person/agent7001')).toEqual([101, 102]);
  expect(numbers('AgentGroup/sales')).toEqual([103]);
  expect(sources.get('AgentGroup/sales')?.[0]?.author.who).toBe('ben');
});

test('[CW4] of a branch that has grown since its merge only what is new is merged', () => {
  const since = { epoch: 3, number: 100 };
  const [main, branch] = [new LogOfEdits(BANK, since), new LogOfEdits(BANK, since)];
  branch.edit({ at: 1_000 }, { ...KIM, displayName: 'one' }, agent('new'));
  const first = mergeBranch({ base: BANK, main: main.entries, branch: branch.entries });
  if (!first.ok) throw new Error(first.text);
  main.append({ at: 2_000, who: 'merge' }, [...first.changes]);
  const known = new Set([...main.entries, ...branch.entries]);
  // Both go on: the branch with its own field and object, the main line with another field, and an object that came from there.
  branch.edit({ at: 3_000 }, { ...KIM, displayName: 'two' });
  branch.edit({ at: 4_000 }, 'Person/new');
  main.edit({ at: 5_000 }, { ...KIM, displayName: 'one', enabled: false });
  const second = mergeBranch({
    ...{ base: BANK, main: main.entries, branch: branch.entries },
    isKnown: (entry) => known.has(entry),
  });
  if (!second.ok) throw new Error(second.text);
  expect([...second.conflicts, ...second.stricter]).toEqual([]);
  expect(second.changes).toMatchObject([
    { key: 'Person/agent7001', after: { displayName: 'two', enabled: false } },
    { key: 'Person/new', after: null },
  ]);
  // Without that the second edit of its own field would be against its first one.
  const unknown = mergeBranch({ base: BANK, main: main.entries, branch: branch.entries });
  expect(unknown.ok && unknown.conflicts.map(named)).toContain('Person/agent7001: displayName');
});
