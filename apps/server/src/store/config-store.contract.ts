/** What every store of the configuration does, whatever database it is in: the suite that each of them passes. */
import { randomUUID } from 'node:crypto';
import { canonicalText } from '@holdfast/centre';
import { type Change, type ConfigObject, objectKey, type Revision } from '@holdfast/protocol';
import type { CommitAnswer, CommitRequest, StoredConfiguration } from '@holdfast/servers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ConfigStore } from './config-store.ts';
import { testBranches, testConflicts } from './config-store-branches.contract.ts';
import { WRITES_MAX } from './sql-store.ts';
import { BASE, changed, created, deleted, dn, login, object, person, place, tenant } from './test-objects.ts';

/** One database of its own, empty. */
export interface StoreWorld {
  /** Another user of the same database, where it can have several; else the one it has. */
  open(): Promise<ConfigStore>;
  /** Says something to the database past the store, as whoever may do everything there. */
  tamper(statement: string): Promise<void>;
  close(): Promise<void>;
}

const AUTHOR = { who: 'admin', from: 'console' };

/** A store with its claimed epoch. */
export class TestWriter {
  readonly store: ConfigStore;
  epoch: number;
  #at = 1_000;

  private constructor(store: ConfigStore, epoch: number) {
    this.store = store;
    this.epoch = epoch;
  }

  static async claim(store: ConfigStore, holder = 'config-north'): Promise<TestWriter> {
    const answer = await store.claim(holder, 10_000);
    if (answer.type !== 'claimed') throw new Error(JSON.stringify(answer));
    return new TestWriter(store, answer.epoch);
  }

  commit(changes: readonly Change[], more: Partial<CommitRequest> = {}): Promise<CommitAnswer> {
    this.#at += 1_000;
    return this.store.commit({
      ...{ epoch: this.epoch, id: randomUUID(), at: this.#at, author: AUTHOR, changes },
      ...more,
    });
  }

  async mustCommit(changes: readonly Change[], more: Partial<CommitRequest> = {}): Promise<Revision> {
    const answer = await this.commit(changes, more);
    if (answer.type !== 'committed') throw new Error(JSON.stringify(answer));
    return answer.revision;
  }
}

export async function readOf(store: ConfigStore): Promise<StoredConfiguration> {
  const read = await store.read();
  if (read.type !== 'configuration') throw new Error(read.because);
  return read;
}

/** The same objects, in whatever order. */
export const textOf = (objects: readonly ConfigObject[]): string[] =>
  objects.map((one) => canonicalText(one)).sort();

export interface Around {
  world(): StoreWorld;
  writer(): TestWriter;
}

export function configStoreContract(name: string, begin: () => Promise<StoreWorld>): void {
  describe(`the contract of stores: ${name}`, () => {
    let world: StoreWorld;
    let writer: TestWriter;
    beforeEach(async () => {
      world = await begin();
      writer = await TestWriter.claim(await world.open());
    }, 30_000);
    afterEach(() => world.close());
    const around: Around = { world: () => world, writer: () => writer };
    testWriters(around);
    testClaims(around);
    testEntries(around);
    testReferences(around);
    testPeople(around);
    testLog(around);
    testPast(around);
    testTampering(around);
    testBranches(around);
    testConflicts(around);
  });
}

function testWriters({ world, writer }: Around): void {
  test('[CW1] of two who ask for the role one holds it, until it gives no sign or gives it back', async () => {
    const other = await world().open();
    const held = await other.claim('config-south', 10_000);
    expect(held).toMatchObject({ type: 'held', by: 'config-north', epoch: 1 });
    expect((await other.claim('config-south', 0)).type).toBe('claimed');
    expect(await writer().store.beat(1)).toEqual({ type: 'epochLost', epoch: 2, by: 'config-south' });
    expect(await other.release(2)).toEqual({ type: 'renewed' });
    expect((await readOf(other)).writer).toEqual({ epoch: 2, holder: 'config-south', ageMs: undefined });
    expect(await writer().store.claim('config-north', 10_000)).toMatchObject({ type: 'claimed', epoch: 3 });
  });

  test('[CW1] a sign of life keeps the role; the former life of the holder does not keep it from its next', async () => {
    const other = await world().open();
    await world().tamper(`update config_writer set seen_at = seen_at - interval '1 hour'`);
    expect(await writer().store.beat(1)).toEqual({ type: 'renewed' });
    expect(await other.claim('config-south', 10_000)).toMatchObject({ type: 'held' });
    expect(await writer().store.claim('config-north', 10_000)).toMatchObject({ type: 'claimed', epoch: 2 });
  });

  test('[CW1] a commit is a sign of life, and one that is sent by a former writer changes nothing', async () => {
    const other = await world().open();
    await writer().mustCommit(created(tenant));
    expect((await readOf(other)).writer.ageMs).toBeLessThan(10_000);
    await other.claim('config-south', 0);
    const late = await writer().commit(deleted(tenant));
    expect(late).toEqual({ type: 'epochLost', epoch: 2, by: 'config-south' });
    expect((await readOf(other)).objects).toEqual([tenant]);
    const next = { epoch: 2, id: 'next', at: 5, author: AUTHOR, changes: deleted(tenant) };
    expect(await other.commit(next)).toEqual({ type: 'committed', revision: { epoch: 2, number: 2 } });
  });

  test('[CW1] two writers who both believe: every entry has one of the two, and their numbers no gap', async () => {
    const other = await TestWriter.claim(await world().open(), 'config-north');
    await other.mustCommit(created(tenant));
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => (n % 2 === 0 ? writer() : other).commit([], { note: `${n}` })),
    );
    expect(answers.filter(({ type }) => type === 'committed')).toHaveLength(10);
    expect(answers.filter(({ type }) => type === 'epochLost')).toHaveLength(10);
    expect(await other.store.verify()).toEqual({
      type: 'sound',
      entries: 11,
      revision: { epoch: 2, number: 11 },
    });
  });
}

function testClaims({ world, writer }: Around): void {
  test('[CW1] an epoch is higher than any that the claimer has heard of, also of another copy of the database', async () => {
    const { store } = writer();
    expect(await store.claim('config-north', 10_000, 7)).toMatchObject({ type: 'claimed', epoch: 8 });
    expect(await store.claim('config-north', 10_000, 3)).toMatchObject({ type: 'claimed', epoch: 9 });
  });

  test('[CW1] a clock of the database that is set back, or forward, keeps nobody waiting for a dead writer', async () => {
    const other = await world().open();
    for (const [n, sign] of ['-', '+'].entries()) {
      await world().tamper(`update config_writer set seen_at = now() ${sign} interval '1 hour'`);
      const holder = `config-${n}`;
      expect(await other.claim(holder, 10_000)).toMatchObject({ type: 'claimed', epoch: n + 2 });
    }
    expect((await writer().store.beat(1)).type).toBe('epochLost');
  });
}

function testEntries({ world, writer }: Around): void {
  test('[CD1] an entry is a transaction: all its objects and its line in the log, under one revision', async () => {
    expect((await readOf(writer().store)).revision).toEqual({ epoch: 0, number: 0 });
    expect(await writer().mustCommit(created(...BASE), { note: 'the beginning' })).toEqual({
      epoch: 1,
      number: 1,
    });
    const read = await readOf(await world().open());
    expect(textOf(read.objects)).toEqual(textOf(BASE));
    expect(read.revision).toEqual({ epoch: 1, number: 1 });
  });

  test('[CD2] an object that is no longer what the editor saw is a conflict, and nothing of the entry is done', async () => {
    await writer().mustCommit(created(...BASE));
    const kim = BASE.find((one) => objectKey(one) === 'Person/kim') as ConfigObject;
    const disabled = { ...kim, enabled: false } as ConfigObject;
    await writer().mustCommit([changed(kim, disabled)]);
    const seen = [
      ...created(person('max')),
      changed(kim, kim),
      ...created(dn('8000')),
      ...deleted(person('nobody')),
    ];
    const answer = await writer().commit(seen);
    expect(answer).toEqual({
      type: 'conflict',
      conflicts: [
        { key: 'Person/kim', stored: disabled },
        { key: 'DN/8000@north', stored: dn('8000') },
        { key: 'Person/nobody', stored: null },
      ],
    });
    expect((await readOf(writer().store)).revision.number).toBe(2);
  });

  test('[CD3] an entry that is sent again with its id is found and not made twice, also by the next writer', async () => {
    const first = await writer().mustCommit(created(tenant), { id: 'one' });
    expect(await writer().commit(created(tenant), { id: 'one' })).toEqual({
      type: 'committed',
      revision: first,
    });
    await (await world().open()).claim('config-south', 0);
    expect(await writer().commit(created(tenant), { id: 'one' })).toEqual({
      type: 'committed',
      revision: first,
    });
    expect((await writer().commit(created(tenant), { id: 'two' })).type).toBe('epochLost');
  });

  test('[CD5] whatever stands in a text is stored as it is, or refused in words', async () => {
    const nasty = `'; drop table config_object; --  $1 \\ "x" %s {{}} \u{1F600}\u2028`;
    const tricky = object({
      objectType: 'Tenant',
      name: 'acme',
      options: { [nasty.slice(0, 60)]: { a: nasty } },
    });
    const author = { who: nasty, from: nasty };
    await writer().mustCommit(created(tricky), { author, note: nasty, id: nasty.slice(0, 60) });
    expect((await readOf(writer().store)).objects).toEqual([tricky]);
    const found = await writer().store.history({ who: nasty, key: 'Tenant/acme', limit: 5 });
    expect(found).toMatchObject({ type: 'history', entries: [{ author, note: nasty }] });
    for (const text of ['a\0b', 'a\ud800b']) {
      const broken = object({ objectType: 'Tenant', name: 'other', options: { x: { y: text } } });
      const answer = await writer().commit(created(broken));
      expect(answer).toMatchObject({ type: 'constraint', rule: 'CD5' });
      expect(await writer().store.history({ key: text, who: text, limit: 5 })).toMatchObject({ entries: [] });
    }
    expect((await writer().commit([], { author: { who: '\0', from: 'x' } })).type).toBe('constraint');
    expect(await writer().store.verify()).toMatchObject({ type: 'sound', entries: 1 });
  });

  test('[CD6] of more writes than are sensible those above the limit are answered at once', async () => {
    const asked = Array.from({ length: WRITES_MAX + 5 }, () => writer().store.beat(1));
    const answers = await Promise.all(asked);
    expect(answers.filter(({ type }) => type === 'renewed')).toHaveLength(WRITES_MAX);
    expect(answers.slice(WRITES_MAX)).toMatchObject(
      Array.from({ length: 5 }, () => ({
        type: 'unavailable',
        because: expect.stringContaining('Too many wait'),
      })),
    );
  });
}

type Refused = (changes: readonly Change[], rule: string, ...objects: string[]) => Promise<void>;

/** That an edit after the first entry is refused by a rule, with those named that are in its way. */
const refusedBy =
  (writer: () => TestWriter): Refused =>
  async (changes, rule, ...objects) => {
    const answer = await writer().commit(changes);
    expect(answer).toMatchObject({ type: 'constraint', rule });
    if (answer.type === 'constraint') expect([...answer.objects].sort()).toEqual([...objects].sort());
    expect((await readOf(writer().store)).revision.number).toBe(1);
  };

function testReferences({ writer }: Around): void {
  const refused = refusedBy(writer);

  test('[CD4] what is referred to exists: no reference to nothing, and no deletion of what is referred to', async () => {
    await writer().mustCommit(created(...BASE));
    await refused(created(person('max', { defaultPlace: 'nowhere' })), 'CF3', 'Place/nowhere');
    await refused(created(dn('8002', 'Extension', { switch: 'west' })), 'CF3', 'Switch/west');
    await refused(deleted(dn('8000')), 'CF3', 'DN/8000@north', 'Place/seat-1');
    await refused(
      created(dn('9001', 'ACDQueue', { options: { holdfast: { 'overflow-dn': '1234' } } })),
      'CF3',
      'DN/1234@north',
    );
    await refused(
      created(dn('9001', 'ACDQueue', { options: { holdfast: { 'overflow-dn': 'x'.repeat(1_000) } } })),
      'CF3',
      'DN/9001@north',
    );
    // Both ends in one entry, whichever comes first.
    const pair = [...created(person('max', { defaultPlace: 'seat-3' })), ...created(place('seat-3'))];
    await writer().mustCommit(pair);
    await writer().mustCommit(pair.map(({ key, after }) => ({ key, before: after, after: null })));
  });

  test('[CD4] a DN is in one place at most, once, and of a type that can be there', async () => {
    await writer().mustCommit(created(...BASE));
    await refused(created(place('seat-3', '8000@north')), 'CF4', 'DN/8000@north', 'Place/seat-1');
    await refused(
      [changed(place('seat-1', '8000@north'), place('seat-1', '8000@north', '8000@north'))],
      'CF4',
      'Place/seat-1',
      'Person/kim',
    );
    await refused(created(place('seat-3', '9000@north')), 'CF4', 'DN/9000@north', 'AgentGroup/sales');
    // Placed already, it cannot become what could not be placed.
    await refused(
      [changed(dn('8000'), dn('8000', 'Trunk', { options: { TServer: { contact: 'sip:x' } } }))],
      'CF4',
      'DN/8000@north',
      'Place/seat-1',
    );
    await refused(
      created(
        object({
          objectType: 'AgentGroup',
          name: 'g',
          tenant: 'acme',
          members: [],
          originationDNs: ['8000@north'],
        }),
      ),
      'CF3',
      'DN/8000@north',
      'Place/seat-1',
    );
    // Two seats change their phones in one entry.
    await writer().mustCommit([
      changed(place('seat-1', '8000@north'), place('seat-1', '8001@north')),
      changed(place('seat-2', '8001@north'), place('seat-2', '8000@north')),
    ]);
  });
}

function testPeople({ writer }: Around): void {
  const refused = refusedBy(writer);
  const kim = BASE.find((one) => objectKey(one) === 'Person/kim') as ConfigObject;

  test('[CD4] a person has one Agent Login at a switch, and shares none', async () => {
    await writer().mustCommit(created(...BASE));
    await refused(
      created(person('max', { agentLogins: ['100@north'] })),
      'CF12',
      'AgentLogin/100@north',
      'Person/kim',
    );
    const more = { ...kim, agentLogins: ['100@north', '100@south', '102@north'] } as ConfigObject;
    await refused([...created(login('102')), changed(kim, more)], 'CF12', 'Person/kim', 'AgentGroup/sales');
    const moved = { ...kim, agentLogins: ['100@south'] } as ConfigObject;
    await writer().mustCommit([
      changed(kim, moved),
      ...created(person('max', { agentLogins: ['100@north'] })),
    ]);
  });

  test('[CD4] one key is one object, changed once in an entry and by its own name', async () => {
    await writer().mustCommit(created(...BASE));
    await refused([...created(person('max')), ...created(person('max'))], 'CD4', 'Person/max');
    await refused([{ key: 'Person/max', before: null, after: person('eve') }], 'CD4', 'Person/max');
    await refused([{ key: 'Person/max', before: null, after: null }], 'CD4', 'Person/max');
  });
}

function testLog({ world, writer }: Around): void {
  test('[CD8] a follower gets the entries after its revision, whole and in order, and learns when it holds others', async () => {
    await writer().mustCommit(created(...BASE));
    for (let n = 0; n < 5; n++) await writer().mustCommit(created(person(`p${n}`)));
    const { store } = writer();
    const some = await store.entriesAfter({ epoch: 1, number: 2 }, 3);
    expect(some).toMatchObject({
      type: 'entries',
      revision: { epoch: 1, number: 6 },
      entries: [3, 4, 5].map((number) => ({ revision: { epoch: 1, number }, author: AUTHOR })),
    });
    if (some.type === 'entries') expect(some.entries[0]?.changes).toEqual(created(person('p1')));
    expect(await store.entriesAfter({ epoch: 0, number: 0 }, 1)).toMatchObject({
      entries: [{ changes: created(...BASE) }],
    });
    const next = await TestWriter.claim(await world().open(), 'config-north');
    await next.mustCommit(created(person('p5')));
    expect(await store.entriesAfter({ epoch: 1, number: 6 }, 9)).toMatchObject({
      entries: [{ revision: { epoch: 2, number: 7 } }],
    });
    // It holds two entries of the former writer that no longer are in this database (CW4).
    expect(await store.entriesAfter({ epoch: 1, number: 8 }, 9)).toEqual({
      type: 'diverged',
      common: { epoch: 1, number: 6 },
      revision: { epoch: 2, number: 7 },
    });
  });

  test('[CD8] the history is read by object, person and time, newest first and page by page', async () => {
    await writer().mustCommit(created(...BASE), { at: 100 });
    const [a, b] = [person('lee', { agentLogins: ['101@north'] }), person('lee')];
    for (let n = 0; n < 6; n++)
      await writer().mustCommit([n % 2 === 0 ? changed(a, b) : changed(b, a), ...created(person(`p${n}`))], {
        ...{ at: 200 + n, author: { who: n < 3 ? 'ann' : 'bob', from: '10.0.0.1' }, note: `edit ${n}` },
      });
    const { store } = writer();
    const numbers = async (query: Parameters<ConfigStore['history']>[0]) => {
      const found = await store.history(query);
      if (found.type !== 'history') throw new Error(found.because);
      return [found.entries.map(({ revision }) => revision.number), found.isLast];
    };
    expect(await numbers({ limit: 3 })).toEqual([[7, 6, 5], false]);
    expect(await numbers({ limit: 3, before: 5 })).toEqual([[4, 3, 2], false]);
    expect(await numbers({ limit: 3, before: 2 })).toEqual([[1], true]);
    expect(await numbers({ who: 'ann', limit: 9 })).toEqual([[4, 3, 2], true]);
    expect(await numbers({ fromAt: 202, toAt: 204, limit: 9 })).toEqual([[5, 4], true]);
    expect(await numbers({ key: 'Person/p4', limit: 9 })).toEqual([[6], true]);
    expect(await numbers({ key: 'Person/lee', who: 'bob', limit: 9 })).toEqual([[7, 6, 5], true]);
    const [entry] = await store
      .history({ key: 'Person/p4', limit: 1 })
      .then((h) => (h.type === 'history' ? h.entries : []));
    expect(entry).toMatchObject({ changes: created(person('p4')), changeCount: 2, note: 'edit 4' });
  });
}

function testPast({ writer }: Around): void {
  test('[CD9] all objects as they were under a revision, or at a moment', async () => {
    const { store } = writer();
    const past: string[][] = [[]];
    const keep = async () => past.push(textOf((await readOf(store)).objects));
    await writer().mustCommit(created(...BASE), { at: 1_000 });
    await keep();
    for (const [n, changes] of [
      created(person('max')),
      [changed(person('max'), person('max', { rank: 'supervisor' }))],
      deleted(person('max', { rank: 'supervisor' })),
      created(person('max'), person('eve')),
    ].entries()) {
      await writer().mustCommit(changes, { at: 2_000 + n });
      await keep();
    }
    for (const [number, texts] of past.entries()) {
      const found = await store.objectsAt({ epoch: Math.min(number, 1), number });
      expect(found).toMatchObject({ type: 'past', revision: { number } });
      if (found.type === 'past') expect(textOf(found.objects)).toEqual(texts);
    }
    for (const [at, number] of [
      [999, 0],
      [1_000, 1],
      [1_999, 1],
      [2_001, 3],
      [9_999, 5],
    ] as const)
      expect(await store.objectsAt(at)).toMatchObject({ type: 'past', revision: { number } });
    expect(await store.objectsAt({ epoch: 1, number: 9 })).toMatchObject({
      type: 'unknown',
      because: expect.stringContaining('1.5'),
    });
  });
}

function testTampering({ world, writer }: Around): void {
  test('[CD7] the log is only ever added to, also by who speaks to the database itself', async () => {
    await writer().mustCommit(created(...BASE));
    for (const table of ['config_entry', 'config_change'])
      for (const statement of [
        `update ${table} set number = 9`,
        `delete from ${table}`,
        `truncate ${table} cascade`,
      ])
        await expect(world().tamper(statement)).rejects.toThrow('only ever added to');
    expect(await writer().store.verify()).toMatchObject({ type: 'sound', entries: 1 });
  });

  test('[CD7] who takes that lock away and edits is found at the first broken entry, or object', async () => {
    for (let n = 0; n < 4; n++)
      await writer().mustCommit(created(object({ objectType: 'Tenant', name: `t${n}` })));
    const { store } = writer();
    const unlocked = async (...statements: string[]) => {
      for (const table of ['config_entry', 'config_change'])
        await world().tamper(`alter table ${table} disable trigger append_only`);
      for (const statement of statements) await world().tamper(statement);
    };
    await unlocked(`update config_entry set who = 'eve' where number = 3`);
    expect(await store.verify()).toMatchObject({ type: 'broken', at: '1.3' });
    await unlocked(`update config_entry set who = 'admin' where number = 3`);
    expect((await store.verify()).type).toBe('sound');
    await unlocked(
      `update config_change set after = jsonb_set(after, '{enabled}', 'false') where number = 2`,
    );
    expect(await store.verify()).toMatchObject({ type: 'broken', at: '1.2' });
    await unlocked(`update config_change set after = jsonb_set(after, '{enabled}', 'true') where number = 2`);
    await world().tamper(
      `update config_object set body = jsonb_set(body, '{enabled}', 'false') where key = 'Tenant/t2'`,
    );
    expect(await store.verify()).toMatchObject({ type: 'broken', at: 'Tenant/t2' });
    await unlocked('delete from config_change where number = 4', 'delete from config_entry where number = 4');
    expect(await store.verify()).toMatchObject({
      type: 'broken',
      at: '1.4',
      because: expect.stringContaining('ends with entry 3'),
    });
    await unlocked('delete from config_entry where number = 1');
    expect(await store.verify()).toMatchObject({ type: 'broken', at: '1.2', because: 'Entry 1 is missing.' });
  });
}
