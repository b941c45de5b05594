/**
 * Nothing that was acknowledged is lost (CW2, CW3), node by node: two sites that lose their database, are killed, started again and
 * meet, while people edit at both. Where each edit has gone is looked up in the log of the store, by other means than the merge's own.
 */
import { changedFields, fieldName, makeConfiguration } from '@holdfast/centre';
import { must, type Random, randomInteger, seededRandom } from '@holdfast/kernel';
import { type ConfigObject, compareRevisions, type Edit, type Entry, objectKey } from '@holdfast/protocol';
import { portableHashes } from '@holdfast/sip';
import { expect, test } from 'vitest';
import { BRANCH_AFTER_MS } from './branch-line.ts';
import { BranchWorld, rename, type TestServer } from './testing/branch-world.ts';
import type { MemoryStore } from './testing/memory-store.ts';

const EDITS = 10_000;
const AGENTS = Array.from({ length: 8 }, (_, i) => `agent${7_001 + i}`);
const NAMES = ['Ann', 'Eve', 'Kim', 'Lee', 'Max'];

class Play {
  readonly random: Random;
  readonly world = new BranchWorld();
  readonly servers: readonly TestServer[];
  readonly #group: string;
  readonly seen = { kills: 0, restartsOnBranch: 0, flaps: 0, branchEdits: 0 };
  #notes = 0;

  constructor(seed: number) {
    this.random = seededRandom(seed);
    this.servers = [this.world.server('config-north'), this.world.server('config-south')];
    const group = this.world.store.objects.find((one) => one.objectType === 'AgentGroup');
    this.#group = must(group?.objectType === 'AgentGroup' ? group.name : undefined, 'generated');
  }

  chance(of: number): boolean {
    return this.random() < of;
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[randomInteger(this.random, 0, items.length - 1)] as Item;
  }

  get edits(): number {
    return this.world.acknowledged.reduce((sum, { reply }) => sum + reply.entry.changes.length, 0);
  }

  /** A few objects in one edit. */
  edit(server: TestServer): void {
    const edits = new Map<string, Edit>();
    const count = randomInteger(this.random, 1, 6);
    for (let i = 0; i < count; i++) {
      const edit = this.#one(server);
      edits.set(edit.key, edit);
    }
    this.#notes += 1;
    server.edit([...edits.values()], `edit ${this.#notes}`);
  }

  #one(server: TestServer): Edit {
    const agent = this.pick(AGENTS);
    const key = `Person/${agent}`;
    switch (randomInteger(this.random, 0, 9)) {
      case 0:
        return { key, patch: { enabled: this.chance(0.5) } };
      case 1:
        return {
          key,
          patch: { tokensNotBefore: this.chance(0.2) ? null : randomInteger(this.random, 1, 999) },
        };
      case 2: {
        const { configuration } = server.node;
        const members = configuration.get('AgentGroup', this.#group)?.members ?? [];
        const toggled = members.includes(agent)
          ? members.filter((one) => one !== agent)
          : [...members, agent];
        return { key: `AgentGroup/${this.#group}`, patch: { members: toggled } };
      }
      case 3:
      case 4: {
        const extra = `extra${randomInteger(this.random, 1, 5)}`;
        const present = server.node.configuration.get('Person', extra);
        if (present !== undefined && this.chance(0.5)) return { key: `Person/${extra}`, patch: null };
        const tenant = server.node.configuration.all('Tenant')[0]?.name;
        const rank = this.pick(['agent', 'supervisor', 'auditor']);
        return { key: `Person/${extra}`, patch: { tenant, rank, displayName: this.pick(NAMES) } };
      }
      default:
        return rename(agent, this.pick(NAMES));
    }
  }

  /** People at both sites, and now and then a process that dies. */
  burst(): void {
    const steps = randomInteger(this.random, 5, 30);
    for (let i = 0; i < steps; i++) {
      const server = this.pick(this.servers);
      if (!server.isAlive) this.#start(server);
      this.edit(server);
      this.world.run(randomInteger(this.random, 0, 12));
      if (!this.chance(0.02)) continue;
      server.kill();
      this.seen.kills += 1;
      if (this.chance(0.7)) this.#start(server);
    }
  }

  #start(server: TestServer): void {
    server.start();
    if (server.node.configuration.revision.includes('+')) this.seen.restartsOnBranch += 1;
  }

  partition(): void {
    for (const server of this.servers) server.isCut = this.chance(0.6);
    this.world.run(
      this.chance(0.1) ? randomInteger(this.random, 1, BRANCH_AFTER_MS) : BRANCH_AFTER_MS + 3_000,
    );
    this.burst();
    while (this.chance(0.3)) {
      this.seen.flaps += 1;
      for (const server of this.servers) server.isCut = !server.isCut && this.chance(0.8);
      this.world.run(randomInteger(this.random, 1, 2_500));
      this.burst();
    }
    this.heal(this.chance(0.5) ? 8_000 : randomInteger(this.random, 1, 4_000));
  }

  heal(forMs: number): void {
    for (const server of this.servers) {
      server.isCut = false;
      if (!server.isAlive) this.#start(server);
    }
    this.world.run(forMs);
    this.burst();
    this.world.run(50);
  }
}

/** Each is an entry of the log, or of a branch as far as it has been merged. */
function lostOf({ acknowledged, store }: BranchWorld): string[] {
  const found = new Set(store.entries.map(({ note }) => note));
  for (const { id, entries } of store.branches) {
    const merged = store.entries.findLast(({ merges }) => merges?.branch === id)?.merges?.entries ?? 0;
    for (const { note } of entries.slice(0, merged)) found.add(note);
  }
  // What changes nothing has no entry.
  const done = acknowledged.filter(({ reply }) => reply.entry.changes.length > 0);
  return done.filter(({ note }) => !found.has(note)).map(({ note }) => note);
}

/** What of a branch neither stands after its merge, nor is in a conflict or among what the stricter has settled. */
function unaccountedOf(store: MemoryStore, first: readonly ConfigObject[]): string[] {
  const objects = new Map(first.map((object) => [objectKey(object), object]));
  const merged = new Map<string, number>();
  const lost: string[] = [];
  for (const entry of store.entries) {
    for (const { key, after } of entry.changes) {
      if (after === null) objects.delete(key);
      else objects.set(key, after);
    }
    if (entry.merges === undefined) continue;
    const { branch, entries: upTo } = entry.merges;
    const from = merged.get(branch) ?? 0;
    merged.set(branch, upTo);
    const all = must(
      store.branches.find(({ id }) => id === branch),
      'handed in',
    ).entries;
    lost.push(...unaccountedIn(store, entry, all.slice(from, upTo), objects));
  }
  return lost;
}

function unaccountedIn(
  store: MemoryStore,
  merge: Entry,
  entries: readonly Entry[],
  objects: ReadonlyMap<string, ConfigObject>,
): string[] {
  const edited = new Map<
    string,
    { first: ConfigObject | null; last: ConfigObject | null; pieces: Set<string> }
  >();
  for (const { changes } of entries)
    for (const change of changes) {
      const { key, before, after } = change;
      const former = edited.get(key) ?? { first: before, last: after, pieces: new Set() };
      for (const piece of changedFields(change)) former.pieces.add(piece);
      edited.set(key, { ...former, last: after });
    }
  const left = store.conflicts.filter(({ mergedIn }) => compareRevisions(mergedIn, merge.revision) === 0);
  return [...edited].flatMap(([key, { first, last, pieces }]) => {
    // Made and taken away again: replaced by a later edit of its own side.
    if (first === null && last === null) return [];
    const other = new Set(changedFields({ key, before: objects.get(key) ?? null, after: last }));
    return [...pieces]
      .filter((piece) => other.has(piece))
      .filter(
        (piece) =>
          !left.some(
            ({ conflict }) =>
              conflict.key === key && (conflict.path.length === 0 || fieldName(conflict.path) === piece),
          ),
      )
      .map((piece) => `${merge.merges?.branch} ${key}: ${piece}`);
  });
}

test('[CW3] of 10,000 edits at two sites under partitions, kills and restarts nothing acknowledged is lost, and both end alike', () => {
  const play = new Play(20_262);
  const { world, servers, seen } = play;
  const first = world.store.objects;
  world.run(100);
  while (play.edits < EDITS) play.partition();
  play.heal(1);
  world.run(60_000);
  const { store } = world;
  expect(lostOf(world)).toEqual([]);
  expect(unaccountedOf(store, first)).toEqual([]);
  const { digest } = makeConfiguration(store.objects, portableHashes.sha256);
  for (const server of servers) {
    expect(server.node.configuration.digest).toBe(digest);
    expect(server.file).toEqual({ branch: undefined });
  }
  const merges = store.entries.filter((entry) => entry.merges !== undefined);
  seen.branchEdits = store.branches.reduce((sum, { entries }) => sum + entries.length, 0);
  const kinds = {
    branches: store.branches.length,
    grown: merges.length - store.branches.length,
    conflicts: store.conflicts.filter(({ kind }) => kind === 'conflict').length,
    stricter: store.conflicts.filter(({ kind }) => kind === 'stricter').length,
  };
  console.log(JSON.stringify({ measured: 'edits under partitions', edits: play.edits, ...seen, ...kinds }));
  // A world in which nothing happens would show nothing.
  expect(Math.min(...Object.values(seen), kinds.branches, kinds.conflicts, kinds.stricter)).toBeGreaterThan(
    5,
  );
  expect(kinds.grown).toBeGreaterThan(0);
}, 60_000);
