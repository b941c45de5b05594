import { must } from '@holdfast/kernel';
import { type ConfigObject, type ConfigReply, type ObjectOf, revisionText } from '@holdfast/protocol';
import { describe, expect, it } from 'vitest';
import { BRANCH_AFTER_MS } from './branch-line.ts';
import { MERGE_EVERY_MS } from './branch-merger.ts';
import { BranchWorld, rename, type TestServer } from './testing/branch-world.ts';
import { HASH } from './testing/config-world.ts';
import { WRITER_STALE_MS } from './writer-role.ts';

const SOON_MS = 2 * MERGE_EVERY_MS;

/** North writes, both have its first edit, and south is cut off since long enough. */
function cutOff(changed?: (list: ConfigObject[]) => void): {
  world: BranchWorld;
  north: TestServer;
  south: TestServer;
} {
  const world = new BranchWorld(changed);
  const [north, south] = [world.server('config-north'), world.server('config-south')];
  world.run(100);
  north.edit([rename('agent7001', 'Kim')]);
  world.run(1_000);
  south.isCut = true;
  world.run(BRANCH_AFTER_MS + 3_000);
  for (const server of world.servers) server.told();
  return { world, north, south };
}

function applicationIn(list: readonly ConfigObject[], name: string): ObjectOf<'Application'> {
  const found = list.find((one) => one.objectType === 'Application' && one.name === name);
  if (found?.objectType !== 'Application') throw new Error(`no ${name}`);
  return found;
}

function back(world: BranchWorld, south: TestServer): void {
  south.isCut = false;
  world.run(SOON_MS);
}

describe('[CW2] a site that is cut off edits a branch of its own', () => {
  it('after 10 s without the store an edit is kept, and holds at this site alone, with the revision of the branch', () => {
    const { world, north, south } = cutOff();
    south.edit([rename('agent7002', 'Lee')]);
    world.run(10);
    const [edited] = south.told('Edited');
    expect(edited).toMatchObject({
      revision: '1.1+1',
      findings: [{ severity: 'warning', text: expect.stringContaining('held at this site') }],
    });
    expect([south.nameOf('agent7002'), south.nameOf('agent7001')]).toEqual(['Lee', 'Kim']);
    expect(north.nameOf('agent7002')).not.toBe('Lee');
    expect(world.store.entries).toHaveLength(1);
    expect(south.file?.branch).toMatchObject({
      base: { epoch: 1, number: 1 },
      entries: [{ revision: { epoch: 1, number: 1, ahead: 1 }, author: { who: 'supervisor1' } }],
    });
  });

  it('before that it is refused, with what to wait for', () => {
    const world = new BranchWorld();
    const south = world.server('config-south');
    world.run(1_000);
    south.isCut = true;
    world.run(5_000);
    south.edit([rename('agent7002', 'Lee')]);
    world.run(10);
    expect(south.told('NotEdited')).toMatchObject([
      { code: 'not-stored', text: expect.stringContaining('From 10 s on') },
    ]);
    expect(south.file?.branch).toBeUndefined();
  });

  it('it is judged against what is served there, and refused for what it brings', () => {
    const { world, south } = cutOff();
    south.edit([{ key: 'Person/agent7002', patch: { defaultPlace: 'nowhere' } }]);
    south.edit([rename('agent7002', 'Lee')]);
    south.edit([rename('agent7003', 'a\0b')]);
    world.run(10);
    south.say('admin', {
      ...{ type: 'Edit', ReferenceID: 90, dryRun: false, seenAt: '1.1', note: '' },
      edits: [rename('agent7002', 'Max')],
    });
    world.run(10);
    expect(south.told('Edited', 'NotEdited')).toMatchObject([
      { type: 'NotEdited', code: 'bad-configuration' },
      { type: 'Edited', revision: '1.1+1' },
      { type: 'NotEdited', code: 'bad-configuration', text: expect.stringContaining('U+0000') },
      { code: 'conflict', findings: [{ text: expect.stringContaining('1.1+1') }, { severity: 'warning' }] },
    ]);
  });

  it('who has subscribed there is told, and a restart goes on with it', () => {
    const { world, south } = cutOff();
    south.say('admin', { type: 'Read', ReferenceID: 50, objectType: 'Person', subscribe: true });
    south.edit([rename('agent7002', 'Lee')]);
    world.run(10);
    expect(south.told('Changed')).toMatchObject([{ revision: '1.1+1', objects: [{ displayName: 'Lee' }] }]);
    south.kill();
    world.run(1_000);
    south.start();
    expect(south.nameOf('agent7002')).toBe('Lee');
    expect(south.node.configuration.revision).toBe('1.1+1');
    world.run(1_000);
    south.edit([rename('agent7003', 'Max')]);
    world.run(10);
    expect(south.told('Edited')).toMatchObject([{ revision: '1.1+2' }]);
  });

  it('only the primary of a pair does, so that a site has one branch', () => {
    const world = new BranchWorld((list) => {
      const primary = applicationIn(list, 'config-south');
      list.push({ ...primary, name: 'config-south-b' });
      primary.backup = 'config-south-b';
    });
    const [south, backup] = [world.server('config-south'), world.server('config-south-b')];
    world.run(1_000);
    for (const server of [south, backup]) server.isCut = true;
    world.run(BRANCH_AFTER_MS + 3_000);
    for (const server of [south, backup]) server.edit([rename('agent7002', 'Lee')]);
    world.run(10);
    expect(south.told('Edited')).toHaveLength(1);
    expect(backup.told('NotEdited')).toMatchObject([
      { text: expect.stringContaining('"config-south" keeps') },
    ]);
  });

  it('what cannot be kept is not done; without a folder nothing is kept', () => {
    const { world, south } = cutOff();
    south.isDiskFull = true;
    south.edit([rename('agent7002', 'Lee')]);
    world.run(10);
    expect(south.told('NotEdited')).toMatchObject([
      { code: 'not-stored', text: expect.stringContaining('full') },
    ]);
    expect(south.nameOf('agent7002')).not.toBe('Lee');
    south.isDiskFull = false;
    south.edit([rename('agent7002', 'Max')]);
    world.run(10);
    expect(south.told('Edited')).toMatchObject([{ revision: '1.1+1' }]);
    south.kill();
    south.file = undefined;
    south.start();
    world.run(BRANCH_AFTER_MS + 3_000);
    south.edit([rename('agent7002', 'Lee')]);
    world.run(10);
    expect(south.told('NotEdited')).toMatchObject([{ text: expect.stringContaining('--data') }]);
  });
});

describe('[CW3] on return the branch is merged by the writer', () => {
  it('as one entry that names the branch and who has edited; both sites are alike then, and the file is gone', () => {
    const { world, north, south } = cutOff();
    south.edit([rename('agent7002', 'Lee')]);
    south.edit([{ key: 'Person/agent7003', patch: { enabled: false } }]);
    north.edit([rename('agent7004', 'Max')]);
    world.run(10);
    back(world, south);
    const merge = must(world.store.entries.at(-1), 'it was merged');
    expect(merge).toMatchObject({
      author: { who: 'merge', from: 'config-north' },
      merges: { branch: world.store.branches[0]?.id, entries: 2 },
      note: expect.stringMatching(
        /config-south, 1\.1\+1 to 1\.1\+2 on 1\.1\. supervisor1: Person\/agent7002, Person\/agent7003/,
      ),
    });
    for (const server of [north, south]) {
      expect(['agent7001', 'agent7002', 'agent7004'].map((name) => server.nameOf(name))).toEqual([
        'Kim',
        'Lee',
        'Max',
      ]);
      expect(server.node.configuration.get('Person', 'agent7003')?.enabled).toBe(false);
      expect(server.node.configuration.revision).toBe(revisionText(merge.revision));
    }
    expect(south.node.configuration.digest).toBe(north.node.configuration.digest);
    expect(south.file?.branch).toBeUndefined();
    expect(world.store.entries.filter(({ merges }) => merges !== undefined)).toHaveLength(1);
    // And it goes on with the main line.
    north.edit([rename('agent7002', 'Eve')]);
    world.run(1_000);
    expect(south.nameOf('agent7002')).toBe('Eve');
  });

  it('until its merge is seen nothing of it goes away, also where the site is cut off again and goes on', () => {
    const { world, north, south } = cutOff();
    south.edit([rename('agent7002', 'Lee')]);
    world.run(10);
    // It is handed in, and cut off before it reads the merge.
    south.isCut = false;
    for (let i = 0; i < 10_000 && world.store.branches.length === 0; i++) world.run(1);
    south.isCut = true;
    world.run(SOON_MS);
    expect(north.nameOf('agent7002')).toBe('Lee');
    expect([south.nameOf('agent7002'), south.node.configuration.revision]).toEqual(['Lee', '1.1+1']);
    south.edit([rename('agent7002', 'Max'), rename('agent7003', 'Eve')]);
    world.run(10);
    expect(south.told('Edited').at(-1)).toMatchObject({ revision: '1.1+2' });
    north.edit([rename('agent7003', 'Ann')]);
    world.run(10);
    back(world, south);
    // Its own second edit of that field is no conflict with its first one; that of north is.
    expect([north, south].map((server) => server.nameOf('agent7002'))).toEqual(['Max', 'Max']);
    expect([north, south].map((server) => server.nameOf('agent7003'))).toEqual(['Ann', 'Ann']);
    expect(world.store.conflicts).toMatchObject([
      { kind: 'conflict', conflict: { key: 'Person/agent7003', path: ['displayName'] } },
    ]);
    expect(south.file?.branch).toBeUndefined();
  });

  it('what had been written here and was cut off is merged when this one writes again', () => {
    const world = new BranchWorld();
    const north = world.server('config-north');
    world.run(100);
    north.edit([rename('agent7001', 'Kim')]);
    world.run(100);
    north.isCut = true;
    world.run(BRANCH_AFTER_MS + 3_000);
    north.edit([rename('agent7002', 'Lee')]);
    world.run(10);
    north.told();
    north.isCut = false;
    world.run(600);
    north.edit([rename('agent7002', 'Max')]);
    world.run(WRITER_STALE_MS + SOON_MS);
    expect(north.told('Edited')).toMatchObject([{ revision: '1.3' }]);
    expect(north.nameOf('agent7002')).toBe('Max');
  });

  it('a branch that is left over at a start is handed in, and one that is merged already is dropped', () => {
    const { world, north, south } = cutOff();
    south.edit([rename('agent7002', 'Lee')]);
    world.run(10);
    const { branch } = south.file ?? {};
    south.kill();
    north.edit([rename('agent7003', 'Max')]);
    world.run(1_000);
    south.isCut = false;
    south.start();
    expect(south.node.configuration.revision).toBe('1.2');
    world.run(SOON_MS);
    expect([north.nameOf('agent7002'), south.nameOf('agent7002')]).toEqual(['Lee', 'Lee']);
    expect(south.file).toEqual({ branch: undefined });
    south.kill();
    south.file = { branch };
    south.start();
    world.run(SOON_MS);
    expect(south.file).toEqual({ branch: undefined });
    expect(world.store.entries.filter(({ merges }) => merges !== undefined)).toHaveLength(1);
  });

  it('what the merge would break stays out and is a conflict; who was disabled is disabled all the same', () => {
    const { world, north, south } = cutOff();
    const { store } = world;
    const place = must(
      store.objects.find((one) => one.objectType === 'Place'),
      'generated',
    );
    const name = place.objectType === 'Place' ? place.name : '';
    south.edit([{ key: 'Person/agent7005', patch: { defaultPlace: name, enabled: false } }]);
    world.run(10);
    // North takes that Place away, and whoever refers to it.
    const users = store.objects.flatMap((one) =>
      one.objectType === 'Person' && one.defaultPlace === name ? [one] : [],
    );
    north.edit([
      ...users.map((one) => ({ key: `Person/${one.name}`, patch: { defaultPlace: null } })),
      { key: `Place/${name}`, patch: null },
    ]);
    world.run(10);
    const [refused] = north.told('NotEdited');
    expect(refused?.findings ?? []).toEqual([]);
    back(world, south);
    const kept = north.node.configuration.get('Person', 'agent7005');
    expect(kept?.enabled).toBe(false);
    expect(kept?.defaultPlace).not.toBe(name);
    expect(store.conflicts.map(({ conflict }) => conflict.key)).toContain('Person/agent7005');
    expect(south.node.configuration.digest).toBe(north.node.configuration.digest);
  });

  it('what only the validator finds in both together stays out likewise', () => {
    const extra = { default: 5_290, extra: 5_291 };
    const { world, north, south } = cutOff((list) => {
      const primary = applicationIn(list, 'config-south');
      list.push({ ...primary, name: 'spare', ports: extra });
      primary.backup = 'spare';
      primary.ports.extra = 5_299;
    });
    // A backup gives a port up that nobody looks for; elsewhere somebody begins to look for it at the primary.
    const { connections = [] } = north.node.configuration.get('Application', 'workspace') ?? {};
    south.edit([{ key: 'Application/spare', patch: { ports: { extra: null } } }, rename('agent7006', 'Lee')]);
    const more = { connections: [...connections, { server: 'config-south', port: 'extra' }] };
    north.edit([{ key: 'Application/workspace', patch: more }]);
    world.run(10);
    for (const server of [north, south]) expect(server.told('NotEdited')).toEqual([]);
    back(world, south);
    for (const server of [north, south]) {
      expect(server.node.configuration.get('Application', 'spare')?.ports).toEqual(extra);
      expect(server.nameOf('agent7006')).toBe('Lee');
    }
    expect(world.store.conflicts).toMatchObject([
      {
        kind: 'conflict',
        conflict: {
          ...{ key: 'Application/spare', branch: { value: { ports: { default: 5_290 } } } },
          because: expect.stringContaining('after a takeover it finds nobody'),
        },
      },
    ]);
  });
});

describe('[CW3] what a merge leaves open is resolved by choice', () => {
  function conflicting() {
    const { world, north, south } = cutOff();
    south.edit([
      rename('agent7002', 'Lee'),
      { key: 'Person/agent7003', patch: { passwordHash: `${HASH}b` } },
    ]);
    north.edit([
      rename('agent7002', 'Max'),
      { key: 'Person/agent7003', patch: { passwordHash: `${HASH}c` } },
    ]);
    world.run(10);
    back(world, south);
    north.told();
    return { world, north, south };
  }
  const list = { type: 'Conflicts', ReferenceID: 70, all: true, limit: 10 } as const;
  const resolve = (ReferenceID: number, id: string, choice: 'main' | 'branch' | { value: unknown }) =>
    ({ type: 'Resolve', ReferenceID, id, choice, dryRun: false }) as const;

  it('it is listed with who and when of both, without secrets, for those who may read the history', () => {
    const { world, north } = conflicting();
    north.enter('agent', 'agent7004').say('agent', list);
    north.say('admin', list);
    world.run(10);
    const [refused, listed] = north.told('ConflictList', 'Error');
    expect(refused).toMatchObject({ type: 'Error', code: 'not-allowed' });
    expect(listed).toMatchObject({
      more: false,
      conflicts: [
        {
          ...{ kind: 'conflict', key: 'Person/agent7002', field: 'displayName', mergedIn: '1.3' },
          main: { author: { who: 'supervisor1' }, revision: '1.2' },
          branch: { author: { who: 'supervisor1' }, revision: '1.1+1' },
          text: expect.stringContaining('main line: Max'),
        },
        { kind: 'stricter', key: 'Person/agent7003', field: 'passwordHash' },
      ],
    });
    expect(JSON.stringify(listed)).not.toContain('argon2id');
  });

  it('the choice is an entry that names the conflict, which is open no more', () => {
    const { world, north, south } = conflicting();
    const [conflict] = world.store.conflicts;
    const id = must(conflict, 'one').id;
    north.enter('agent', 'agent7004').say('agent', resolve(71, id, 'branch'));
    north.say('admin', resolve(72, 'nothing', 'branch'));
    north.say('admin', { ...resolve(73, id, 'branch'), dryRun: true });
    north.say('admin', resolve(74, id, 'branch'));
    north.say('admin', resolve(75, id, 'main'));
    north.say('admin', { ...list, all: false });
    world.run(100);
    const answers: ConfigReply[] = north.told('Edited', 'NotEdited', 'ConflictList');
    const answerTo = (n: number) => answers.find((one) => 'ReferenceID' in one && one.ReferenceID === n);
    expect(answerTo(71)).toMatchObject({ type: 'NotEdited', code: 'not-allowed' });
    expect(answerTo(72)).toMatchObject({ type: 'NotEdited', code: 'bad-configuration' });
    expect(answerTo(73)).toMatchObject({
      type: 'Edited',
      isDryRun: true,
      entry: { changes: [{ key: 'Person/agent7002' }] },
    });
    expect(answerTo(74)).toMatchObject({ type: 'Edited', revision: '1.4' });
    expect(answerTo(75)).toMatchObject({ type: 'NotEdited', text: expect.stringContaining('1.4') });
    expect(world.store.entries.at(-1)).toMatchObject({ resolves: id, author: { who: 'supervisor1' } });
    world.run(1_000);
    expect([north.nameOf('agent7002'), south.nameOf('agent7002')]).toEqual(['Lee', 'Lee']);
    north.say('admin', { ...list, all: false });
    world.run(10);
    expect(north.told('ConflictList')).toMatchObject([{ conflicts: [] }]);
  });

  it('what stands may be chosen too, by who could change all of the object; or another value', () => {
    const { world, north } = conflicting();
    const [first] = world.store.conflicts;
    const id = must(first, 'one').id;
    north.enter('agent', 'agent7004').say('agent', resolve(71, id, 'main'));
    north.say('admin', resolve(72, id, 'main'));
    world.run(100);
    expect(north.told('Edited', 'NotEdited')).toMatchObject([{ code: 'not-allowed' }, { type: 'Edited' }]);
    expect(world.store.entries.at(-1)).toMatchObject({ resolves: id, changes: [] });
    const second = conflicting();
    const other = must(second.world.store.conflicts[0], 'one').id;
    second.north.say('admin', resolve(73, other, { value: 'Eve' }));
    second.world.run(100);
    expect(second.north.nameOf('agent7002')).toBe('Eve');
  });
});
