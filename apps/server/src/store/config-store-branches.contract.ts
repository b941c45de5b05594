/** What every store does with branches and with what their merges leave open: of the suite in `config-store.contract.ts`. */
import type { Entry } from '@holdfast/protocol';
import type { HandInRequest, NewConflict } from '@holdfast/servers';
import { expect, test } from 'vitest';
import type { Around } from './config-store.contract.ts';
import { BASE, created, person } from './test-objects.ts';

/** Of south, on top of the first entry. */
const branchOf = (from: number, ...names: string[]): HandInRequest => ({
  ...{ id: 'south-1', base: { epoch: 1, number: 1 }, by: 'config-south', at: 9_000, from },
  entries: names.map(
    (name, i): Entry => ({
      revision: { epoch: 1, number: 1, ahead: from + i + 1 },
      ...{
        at: 8_000 + from + i,
        author: { who: 'ben', from: 'desk' },
        note: name,
        changes: created(person(name)),
      },
    }),
  ),
});

export function testBranches({ world, writer }: Around): void {
  test('[CW3] a branch is handed in without a role, entry by entry and each once, and read until it is merged', async () => {
    await writer().mustCommit(created(...BASE));
    const other = await world().open();
    expect(await other.unmerged()).toEqual({ type: 'unmerged', branch: undefined });
    const handedIn = (entries: number) => ({ type: 'handedIn', entries, merged: undefined });
    expect(await other.handIn(branchOf(0, 'max'))).toEqual(handedIn(1));
    expect(await other.handIn(branchOf(0, 'max', 'eve'))).toEqual(handedIn(2));
    expect(await writer().store.handIn(branchOf(1, 'eve', 'ann'))).toEqual(handedIn(3));
    expect(await other.handIn(branchOf(5, 'tim'))).toMatchObject({ type: 'refused' });
    const { branch } = (await other.unmerged()) as { branch: { entries: Entry[] } };
    expect(branch).toMatchObject({
      ...{ id: 'south-1', base: { epoch: 1, number: 1 }, by: 'config-south', merged: 0, others: [] },
    });
    expect(branch.entries).toEqual(branchOf(0, 'max', 'eve', 'ann').entries);
    const lost = { ...branchOf(0, 'max'), id: 'other', base: { epoch: 7, number: 9 } };
    expect(await other.handIn(lost)).toEqual({ type: 'diverged', common: { epoch: 1, number: 1 } });
    const nul = {
      ...branchOf(0, 'a'),
      id: 'nul',
      entries: [{ ...(branchOf(0, 'a').entries[0] as Entry), note: 'a\0b' }],
    };
    expect(await other.handIn(nul)).toMatchObject({ type: 'refused' });
  });

  test('[CW3] its merge is an entry that says how much of it, and what is new since is to be merged again', async () => {
    await writer().mustCommit(created(...BASE));
    const { store } = writer();
    await store.handIn(branchOf(0, 'max', 'eve'));
    const merges = { branch: 'south-1', entries: 2 };
    const revision = await writer().mustCommit(created(person('max'), person('eve')), { merges });
    expect(await store.unmerged()).toEqual({ type: 'unmerged', branch: undefined });
    expect(await store.entriesAfter({ epoch: 1, number: 1 }, 5)).toMatchObject({ entries: [{ merges }] });
    expect(await store.history({ limit: 1 })).toMatchObject({ entries: [{ merges }] });
    expect(await store.handIn(branchOf(0, 'max', 'eve'))).toMatchObject({ merged: { entries: 2, revision } });
    expect(await writer().commit([], { merges })).toMatchObject({ type: 'constraint', rule: 'CW3' });
    await store.handIn(branchOf(2, 'ann'));
    expect(await store.unmerged()).toMatchObject({
      branch: { merged: 2, entries: [{}, {}, { note: 'ann' }] },
    });
    // Another on the same base is told what of it is known.
    await writer().mustCommit([], { merges: { branch: 'south-1', entries: 3 } });
    await store.handIn({ ...branchOf(0, 'tim'), id: 'north-1' });
    expect(await store.unmerged()).toMatchObject({
      branch: {
        id: 'north-1',
        others: [{ id: 'south-1', revisions: [1, 2, 3].map((ahead) => ({ ahead })) }],
      },
    });
    expect(await store.verify()).toMatchObject({ type: 'sound' });
  });
}

export function testConflicts({ world, writer }: Around): void {
  test('[CW3] conflicts are there with the entry of their merge, or not at all, and are resolved once', async () => {
    await writer().mustCommit(created(...BASE));
    const { store } = writer();
    await store.handIn(branchOf(0, 'max'));
    const conflict = (id: string, kind: NewConflict['kind']): NewConflict => ({
      ...{ id, kind },
      conflict: {
        ...{ key: 'Person/kim', path: ['rank'], main: { value: 'agent' }, branch: { value: 'supervisor' } },
        because: 'both sides have changed it',
      },
    });
    const merge = {
      merges: { branch: 'south-1', entries: 1 },
      conflicts: [conflict('c1', 'conflict'), conflict('c2', 'stricter'), conflict('c3', 'conflict')],
    };
    expect((await writer().commit(created(person('kim')), merge)).type).toBe('conflict');
    const all = { isOpen: false, limit: 9 };
    expect(await store.conflicts(all)).toEqual({ type: 'conflicts', conflicts: [], isLast: true });
    const mergedIn = await writer().mustCommit([], merge);
    const read = await store.conflicts(all);
    expect(read).toEqual({
      ...{ type: 'conflicts', isLast: true },
      conflicts: merge.conflicts.map((one) => ({ ...one, mergedIn, resolvedIn: undefined })),
    });
    const resolvedIn = await writer().mustCommit([], { resolves: 'c1' });
    expect(await writer().commit([], { resolves: 'c1' })).toMatchObject({ type: 'constraint', rule: 'CW3' });
    expect(await store.conflicts({ isOpen: true, limit: 9 })).toMatchObject({ conflicts: [{ id: 'c3' }] });
    expect(await store.conflicts({ id: 'c1', isOpen: false, limit: 1 })).toMatchObject({
      conflicts: [{ resolvedIn }],
    });
    expect(await store.conflicts({ isOpen: false, limit: 1 })).toMatchObject({ isLast: false });
    expect(
      await store.conflicts({ id: `'; drop table config_conflict; --\0`, isOpen: false, limit: 1 }),
    ).toMatchObject({
      conflicts: [],
    });
  });

  test('[CW3] [CD7] branches, conflicts and what an entry merges are only ever added to, and an edit of the latter is found', async () => {
    await writer().mustCommit(created(...BASE));
    await writer().store.handIn(branchOf(0, 'max'));
    await writer().mustCommit([], { merges: { branch: 'south-1', entries: 1 } });
    for (const table of ['config_branch', 'config_branch_entry', 'config_conflict'])
      for (const statement of [`delete from ${table}`, `truncate ${table} cascade`])
        await expect(world().tamper(statement)).rejects.toThrow('only ever added to');
    await world().tamper('alter table config_entry disable trigger append_only');
    await world().tamper('update config_entry set merged_entries = 0 where number = 2');
    expect(await writer().store.verify()).toMatchObject({ type: 'broken', at: '1.2' });
  });
}
