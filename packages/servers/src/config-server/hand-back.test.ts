import { type LogLine, must } from '@holdfast/kernel';
import { type ConfigRequest, type Entry, revisionText } from '@holdfast/protocol';
import { describe, expect, it } from 'vitest';
import { BRANCH_AFTER_MS } from './branch-line.ts';
import { MERGE_EVERY_MS } from './branch-merger.ts';
import { HandBack, OWED_MAX } from './hand-back.ts';
import { BranchWorld, rename, type TestServer } from './testing/branch-world.ts';

const SOON_MS = 3 * MERGE_EVERY_MS;

/** Three entries, of which a database that is promoted has the first. */
function three(...names: string[]): { world: BranchWorld; servers: TestServer[] } {
  const world = new BranchWorld();
  const servers = names.map((name) => world.server(name));
  world.run(100);
  for (const [n, name] of ['Kim', 'Lee', 'Max'].entries()) {
    servers[0]?.edit([rename(`agent700${n + 1}`, name)]);
    world.run(10);
  }
  world.run(1_000);
  return { world, servers };
}
const namesAt = (server: TestServer) =>
  ['agent7001', 'agent7002', 'agent7003'].map((name) => server.nameOf(name));

describe('[CW4] what a promoted database has lost is handed back and merged', () => {
  it('by the Configuration Servers that share it, once, whoever of them comes first', () => {
    const { world, servers } = three('config-north', 'config-south');
    world.store.promote(1);
    expect(world.store.entries).toHaveLength(1);
    world.run(SOON_MS);
    expect(world.store.branches).toMatchObject([{ id: 'lost-1.2', base: { epoch: 1, number: 1 } }]);
    expect(world.store.branches[0]?.entries.map(({ revision }) => revisionText(revision))).toEqual([
      '1.2',
      '1.3',
    ]);
    expect(world.store.entries).toHaveLength(2);
    for (const server of servers) expect(namesAt(server)).toEqual(['Kim', 'Lee', 'Max']);
    expect(world.store.conflicts).toEqual([]);
  });

  it('and what has been edited there meanwhile in the same field is a conflict', () => {
    const { world, servers } = three('config-north', 'config-south');
    for (const server of servers) server.isCut = true;
    world.store.promote(1);
    const west = world.server('config-west');
    world.run(100);
    west.edit([rename('agent7002', 'Eve')]);
    world.run(100);
    for (const server of servers) server.isCut = false;
    world.run(SOON_MS);
    for (const server of world.servers) expect(namesAt(server)).toEqual(['Kim', 'Eve', 'Max']);
    expect(world.store.conflicts).toMatchObject([
      { conflict: { key: 'Person/agent7002', main: { value: 'Eve' }, branch: { value: 'Lee' } } },
    ]);
  });

  it('a copy that holds more than the database is begun with, and handed back', () => {
    const { world, servers } = three('config-north');
    const [north] = servers as [TestServer];
    north.kill();
    world.store.promote(1);
    north.start();
    world.run(SOON_MS);
    expect(namesAt(north)).toEqual(['Kim', 'Lee', 'Max']);
    expect(world.store.entries.at(-1)).toMatchObject({ merges: { branch: 'lost-1.2', entries: 2 } });
  });

  it('a branch of which the base is lost comes with what was lost before it, and nothing twice', () => {
    const { world, servers } = three('config-north', 'config-south');
    const [north, south] = servers as [TestServer, TestServer];
    south.isCut = true;
    world.run(BRANCH_AFTER_MS + 3_000);
    south.edit([rename('agent7001', 'Ann'), rename('agent7002', 'Eve')]);
    world.run(10);
    expect(south.file?.branch?.base).toEqual({ epoch: 1, number: 3 });
    world.store.promote(1);
    world.run(SOON_MS);
    expect(namesAt(north)).toEqual(['Kim', 'Lee', 'Max']);
    south.isCut = false;
    world.run(SOON_MS);
    for (const server of servers) expect(namesAt(server)).toEqual(['Ann', 'Eve', 'Max']);
    expect(world.store.conflicts).toEqual([]);
    expect(south.file).toEqual({ branch: undefined });
  });
});

describe('[CW4] a proxy hands back what it has followed', () => {
  function proxyOf(server: TestServer) {
    const lines: LogLine[] = [];
    const proxy = new HandBack((line) => void lines.push(line), { held: undefined, owed: [] });
    const follow = (at: TestServer) => {
      at.enterServer('proxy', 'config-south');
      at.say('proxy', { type: 'ReadAll', ReferenceID: 2, subscribe: true });
      for (const { revision } of at.told('Objects')) proxy.took(revision);
    };
    follow(server);
    return { proxy, lines, follow };
  }

  /** What the proxy sends until it has nothing to say. */
  function talk(world: BranchWorld, server: TestServer, proxy: HandBack): string[] {
    const said: string[] = [];
    for (let next = proxy.next(world.now); next !== undefined; next = proxy.next(world.now)) {
      said.push(next.tail === undefined ? 'asks' : `gives ${next.tail.entries.length}`);
      server.told();
      server.say('proxy', { ...next, ReferenceID: 3 } as ConfigRequest);
      world.run(10);
      const [answer] = server.told('HandedBack', 'Error');
      proxy.answered(world.now, must(answer, 'it is answered'));
    }
    return said;
  }

  it('to whichever Configuration Server it finds, when everybody else who held it is gone', () => {
    const world = new BranchWorld();
    const north = world.server('config-north');
    world.run(100);
    const { proxy, lines, follow } = proxyOf(north);
    for (const [n, name] of ['Kim', 'Lee', 'Max'].entries()) {
      north.edit([rename(`agent700${n + 1}`, name)]);
      world.run(10);
    }
    for (const { revision, entries } of north.told('Changed')) proxy.took(revision, entries);
    expect(proxy.lines.held).toMatchObject({ revision: { epoch: 1, number: 3 }, entries: [{}, {}, {}] });
    north.kill();
    world.store.promote(1);
    const south = world.server('config-south');
    world.run(100);
    south.edit([rename('agent7004', 'Eve')]);
    world.run(10);
    follow(south);
    expect(talk(world, south, proxy)).toEqual(['asks', 'gives 2']);
    expect(proxy.lines.owed).toEqual([]);
    expect(lines).toMatchObject([{ level: 'warn', detail: { entries: 2, on: '1.1' } }]);
    world.run(SOON_MS);
    expect([...namesAt(south), south.nameOf('agent7004')]).toEqual(['Kim', 'Lee', 'Max', 'Eve']);
  });

  it('a line of which nothing is lost is only asked for, and nobody but a server may hand back', () => {
    const { world, servers } = three('config-north');
    const [north] = servers as [TestServer];
    const { proxy } = proxyOf(north);
    north.edit([rename('agent7004', 'Eve')]);
    world.run(10);
    for (const { revision, entries } of north.told('Changed')) proxy.took(revision, entries);
    // It was away while others wrote.
    north.edit([rename('agent7005', 'Eve')]);
    world.run(10);
    proxy.took('1.5');
    expect(talk(world, north, proxy)).toEqual(['asks']);
    expect(proxy.lines.owed).toEqual([]);
    north.told();
    north.say('admin', { type: 'HandBack', ReferenceID: 8, held: '1.3' });
    expect(north.told('Error')).toMatchObject([{ code: 'not-allowed' }]);
    expect(world.store.branches).toEqual([]);
  });

  const entry = (number: number, chars = 0): Entry => ({
    ...{ revision: { epoch: 1, number }, at: 1, author: { who: 'kim', from: 'x' }, changes: [] },
    note: 'x'.repeat(chars),
  });

  it('in pieces that a message holds; what is longer, and what is not at hand, is given up and said', () => {
    const lines: LogLine[] = [];
    /** Up to where each message gives them. */
    const given = (entries: Entry[], number: number): number[] => {
      const held = { revision: must(entries.at(-1), 'some').revision, entries };
      const proxy = new HandBack((line) => void lines.push(line), { held: undefined, owed: [held] });
      const said: number[] = [];
      for (let next = proxy.next(0); next !== undefined; next = proxy.next(0)) {
        const { tail } = next;
        const there = tail && { entries: tail.from + tail.entries.length };
        if (there !== undefined) said.push(there.entries);
        proxy.answered(0, { type: 'HandedBack', ReferenceID: 3, common: { epoch: 1, number }, ...there });
      }
      expect(proxy.lines.owed).toEqual([]);
      return said;
    };
    const long = [2, 3, 4, 5].map((number) => entry(number, 30_000));
    expect(given(long, 1)).toEqual([2, 4]);
    expect(lines.at(-1)).toMatchObject({ level: 'warn' });
    expect(given([entry(2), entry(3, 90_000)], 1)).toEqual([1]);
    expect(lines.at(-1)).toMatchObject({ because: expect.stringContaining('longer than a message') });
    expect(given([entry(4)], 1)).toEqual([]);
    expect(lines.at(-1)).toMatchObject({ because: expect.stringContaining('right after 1.1') });
  });

  it('of too many lines that wait the oldest is given up', () => {
    const lines: LogLine[] = [];
    const owed = Array.from({ length: OWED_MAX }, (_, i) => ({
      ...{ revision: { epoch: i + 1, number: 5 }, entries: [entry(5)] },
    }));
    const held = { revision: { epoch: 9, number: 6 }, entries: [entry(6)] };
    const proxy = new HandBack((line) => void lines.push(line), { held, owed });
    proxy.took('20.20');
    expect(proxy.lines.owed).toHaveLength(OWED_MAX);
    expect(lines).toMatchObject([{ level: 'error', detail: { held: '1.5' } }]);
  });
});
