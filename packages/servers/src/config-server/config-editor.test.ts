import type { Configuration } from '@holdfast/centre';
import { must, seededRandom } from '@holdfast/kernel';
import { type ConfigReply, type ConfigRequest, nameOf, revisionText } from '@holdfast/protocol';
import { portableHashes } from '@holdfast/sip';
import { describe, expect, it } from 'vitest';
import { EDITS_WAITING_MAX } from './config-editor.ts';
import { ConfigServerNode } from './config-server-node.ts';
import type { ConfigServerEffect, ConfigServerInput } from './config-server-types.ts';
import { COMMIT_MAX_MS } from './store-session.ts';
import { open, person, revision, WALL } from './testing/config-world.ts';
import { MemoryStore } from './testing/memory-store.ts';
import { ASK_EVERY_MS, WRITER_STALE_MS } from './writer-role.ts';

/** A Configuration Server of north or south, its people, and the store that it shares. */
class Server {
  readonly node: ConfigServerNode;
  readonly #world: World;
  readonly said: (ConfigReply & { readonly to: string })[] = [];
  isDead = false;

  constructor(world: World, application: string, configuration: Configuration) {
    this.#world = world;
    this.node = new ConfigServerNode({
      ...{ application, configuration, stored: world.store.revision, now: world.now, wallOffsetMs: WALL },
      ...{ hashes: portableHashes, random: seededRandom(application.charCodeAt(7)) },
      signToken: (content) => `token ${content.person}`,
      verifyToken: (token) => ({
        ...{ ok: true, person: token.slice(6), issuedWall: WALL, expiresAt: WALL + 1e9 },
      }),
    });
  }

  input(input: ConfigServerInput): void {
    if (!this.isDead) this.#do(this.node.handle(this.#world.now, input));
  }

  expire(): void {
    if (!this.isDead) this.#do(this.node.expire(this.#world.now));
  }

  #do(effects: readonly ConfigServerEffect[]): void {
    for (const effect of effects) {
      if (effect.type === 'send') this.said.push({ ...effect.message, to: effect.connection });
      if (effect.type !== 'store') continue;
      const { id, request } = effect;
      this.#world.later(() => {
        const answer = this.#world.store.request(this.#world.now, request);
        this.#world.later(() => this.input({ type: 'stored', id, answer }));
      });
    }
  }

  enter(connection: string, user: string): this {
    this.input({ type: 'opened', connection });
    this.input({ type: 'message', connection, message: open('workspace') });
    const token = `token ${user}`;
    this.input({ type: 'message', connection, message: { type: 'LogInByToken', ReferenceID: 2, token } });
    return this;
  }

  say(connection: string, message: ConfigRequest): void {
    this.input({ type: 'message', connection, message });
  }

  /** What has been answered since. */
  told(from = 0): ConfigReply[] {
    return this.said.slice(from).filter(({ type }) => !['Opened', 'LoggedIn', 'Ping'].includes(type));
  }
}

class World {
  now = 0;
  readonly store: MemoryStore;
  readonly servers: Server[] = [];
  readonly #configuration: Configuration;
  #due: { at: number; run: () => void }[] = [];

  constructor() {
    this.#configuration = revision((list) => {
      person(list, 'supervisor1').rank = 'administrator';
    });
    this.store = new MemoryStore(this.#configuration.objects);
  }

  later(run: () => void): void {
    this.#due.push({ at: this.now + 1, run });
  }

  server(application: string): Server {
    const server = new Server(this, application, this.#configuration);
    this.servers.push(server);
    return server;
  }

  run(ms: number): this {
    const end = this.now + ms;
    while (this.now < end) {
      this.now += 1;
      const due = this.#due.filter(({ at }) => at <= this.now);
      this.#due = this.#due.filter(({ at }) => at > this.now);
      for (const { run } of due) run();
      for (const server of this.servers)
        if ((server.node.nextDeadline() ?? Number.POSITIVE_INFINITY) <= this.now) server.expire();
    }
    return this;
  }
}

const rename = (ReferenceID: number, displayName: string, more: object = {}): ConfigRequest => ({
  ...{ type: 'Edit', ReferenceID, dryRun: false },
  edits: [{ key: 'Person/agent7001', patch: { displayName } }],
  ...more,
});
const nameAt = (server: Server) => server.node.configuration.get('Person', 'agent7001')?.displayName;

describe('[CW1] of the Configuration Servers that share a store one writes', () => {
  it('answers an edit when the store has it, tells whoever has subscribed, and the others read it there', () => {
    const world = new World();
    const [north, south] = [world.server('config-north'), world.server('config-south')];
    world.run(100);
    north.enter('admin', 'supervisor1').say('admin', rename(7, 'Kim'));
    expect(north.told()).toEqual([]);
    world.run(1);
    expect(world.store.entries).toHaveLength(1);
    expect(north.told()).toEqual([]);
    world.run(5);
    expect(north.told()).toMatchObject([
      {
        ...{ type: 'Edited', ReferenceID: 7, revision: '1.1', isDryRun: false, findings: [] },
        entry: { author: { who: 'supervisor1', from: 'workspace' } },
      },
    ]);
    expect(world.store.entries[0]).toMatchObject({
      at: WALL + 100,
      author: { who: 'supervisor1', from: 'workspace' },
    });
    world.run(ASK_EVERY_MS + 5);
    expect([nameAt(north), nameAt(south), south.node.configuration.revision]).toEqual(['Kim', 'Kim', '1.1']);
    expect(south.node.configuration.digest).toBe(north.node.configuration.digest);
  });

  it('when the writer dies the other writes after 3 s, with a higher epoch, and the former can write no more', () => {
    const world = new World();
    const [north, south] = [world.server('config-north'), world.server('config-south')];
    world.run(100);
    north.enter('a', 'supervisor1').say('a', rename(1, 'Kim'));
    world.run(100);
    north.isDead = true;
    world.run(WRITER_STALE_MS + 2 * ASK_EVERY_MS);
    south.enter('a', 'supervisor1').say('a', rename(2, 'Lee'));
    world.run(100);
    expect(world.store.entries.map((entry) => revisionText(entry.revision))).toEqual(['1.1', '2.2']);
    expect(nameAt(south)).toBe('Lee');
    // It was only stopped, and believes for a moment that it writes.
    north.isDead = false;
    const before = north.said.length;
    north.say('a', rename(3, 'Max'));
    world.run(50);
    expect(north.told(before)[0]).toMatchObject({ type: 'NotEdited', code: 'not-writer' });
    world.run(2 * ASK_EVERY_MS);
    expect([nameAt(north), world.store.entries.length]).toEqual(['Lee', 2]);
  });
});

describe('[CE4] what was edited at the same time is no accident', () => {
  it('two edits at once are both done, one after the other, each on what the other has left', () => {
    const world = new World();
    const north = world.server('config-north');
    world.run(100);
    north.enter('a', 'supervisor1').enter('b', 'supervisor1');
    north.say('a', rename(1, 'Kim'));
    north.say('b', {
      ...rename(2, 'x'),
      edits: [{ key: 'Person/agent7001', patch: { enabled: false } }],
    } as never);
    world.run(20);
    expect(north.told().map(({ type }) => type)).toEqual(['Edited', 'Edited']);
    expect(north.node.configuration.get('Person', 'agent7001')).toMatchObject({
      displayName: 'Kim',
      enabled: false,
    });
  });

  it('with too many waiting the next is refused, and all others are done', () => {
    const world = new World();
    const north = world.server('config-north');
    world.run(100);
    north.enter('a', 'supervisor1');
    world.store.isAway = true;
    world.store.isAway = false;
    for (let n = 0; n <= EDITS_WAITING_MAX; n++) north.say('a', rename(n, `Kim ${n}`));
    expect(north.told()).toMatchObject([{ type: 'NotEdited', ReferenceID: EDITS_WAITING_MAX }]);
    world.run(3 * EDITS_WAITING_MAX);
    expect(world.store.entries).toHaveLength(EDITS_WAITING_MAX);
  });
});

describe('[CE5] nothing is acknowledged that the store does not have, and nothing is done twice', () => {
  it('without the store edits are refused with for how long, and everything else goes on', () => {
    const world = new World();
    const north = world.server('config-north');
    world.run(100);
    world.store.isAway = true;
    world.run(3_000);
    north.enter('a', 'supervisor1').say('a', rename(1, 'Kim'));
    const [refused] = north.told();
    expect(refused).toMatchObject({
      type: 'NotEdited',
      code: 'not-stored',
      revision: north.node.configuration.revision,
    });
    expect(refused?.type === 'NotEdited' && refused.ageMs).toBeGreaterThan(2_000);
    expect(north.said.some(({ type }) => type === 'LoggedIn')).toBe(true);
    world.store.isAway = false;
    world.run(2 * ASK_EVERY_MS);
    north.say('a', rename(2, 'Kim'));
    world.run(20);
    expect(nameAt(north)).toBe('Kim');
  });

  it('an answer that is lost is asked for again under the same name: the entry is there once', () => {
    const world = new World();
    const north = world.server('config-north');
    world.run(100);
    world.store.losesAnswer = true;
    north.enter('a', 'supervisor1').say('a', rename(1, 'Kim'));
    world.run(20);
    expect(north.told()).toEqual([]);
    world.run(ASK_EVERY_MS + 20);
    expect(north.told()).toMatchObject([{ type: 'Edited', revision: '1.1' }]);
    expect(world.store.entries).toHaveLength(1);
  });

  it('where nobody can say it, that is what is said', () => {
    const world = new World();
    const north = world.server('config-north');
    world.run(100);
    const { store } = world;
    const answered = store.request.bind(store);
    store.request = (now, request) =>
      request.type === 'commit'
        ? { type: 'unavailable', because: 'It hangs.', mayBeCommitted: true }
        : answered(now, request);
    north.enter('a', 'supervisor1').say('a', rename(1, 'Kim'));
    world.run(COMMIT_MAX_MS + 2 * ASK_EVERY_MS);
    const [refused] = north.told();
    expect(refused).toMatchObject({ type: 'NotEdited', code: 'not-stored' });
    expect(refused?.type === 'NotEdited' && refused.text).toContain('not known whether it was written');
  });
});

describe('[CE6] a dry run says what would change, and changes nothing', () => {
  it('with what speaks against it, without secrets', () => {
    const world = new World();
    const north = world.server('config-north');
    world.run(100);
    north.enter('a', 'supervisor1').say('a', rename(1, 'Kim', { dryRun: true }));
    const broken: ConfigRequest = {
      ...{ type: 'Edit', ReferenceID: 2, dryRun: true },
      edits: [{ key: 'Person/agent7001', patch: { defaultPlace: 'nowhere' } }],
    };
    north.say('a', broken);
    const [would, would2] = north.told();
    expect(would).toMatchObject({ type: 'Edited', isDryRun: true, findings: [] });
    expect(would?.type === 'Edited' && would.entry.changes).toMatchObject([
      { key: 'Person/agent7001', after: { displayName: 'Kim' } },
    ]);
    expect(JSON.stringify(would)).not.toContain('argon2id');
    expect(would2).toMatchObject({ type: 'NotEdited', code: 'bad-configuration' });
    expect(would2?.type === 'NotEdited' && would2.findings).toMatchObject([
      { severity: 'error', object: 'Person/agent7001', field: 'defaultPlace' },
    ]);
    expect(world.store.entries).toEqual([]);
  });
});

describe('[CE8] two who did not see each other', () => {
  const disable = (ReferenceID: number, seenAt: string): ConfigRequest => ({
    ...{ type: 'Edit', ReferenceID, dryRun: false, seenAt },
    edits: [{ key: 'Person/agent7001', patch: { enabled: false } }],
  });

  it('may change different fields of one object; of the same field the second is refused, with who was first', () => {
    const world = new World();
    const north = world.server('config-north');
    world.run(100);
    north.enter('a', 'supervisor1').say('a', rename(1, 'Kim'));
    world.run(10);
    north.say('a', rename(2, 'Lee', { seenAt: '1.1' }));
    north.say('a', disable(3, '1.1'));
    north.say('a', rename(4, 'Max', { seenAt: '1.1' }));
    world.run(20);
    expect(north.told().map(({ type }) => type)).toEqual(['Edited', 'Edited', 'Edited', 'NotEdited']);
    expect(north.told()[3]).toMatchObject({
      code: 'conflict',
      findings: [
        { object: 'Person/agent7001', field: 'displayName', text: '"supervisor1" changed it in 1.2.' },
      ],
    });
  });

  it('and one who has looked before all that is at hand has to look again', () => {
    const world = new World();
    world.store.entries.push({
      ...{ id: 'x', at: 0, revision: { epoch: 1, number: 7 }, author: { who: 'x', from: 'x' }, changes: [] },
    });
    const north = world.server('config-north');
    world.run(100);
    north.enter('a', 'supervisor1').say('a', disable(1, '1.5'));
    expect(north.told()).toMatchObject([{ code: 'conflict', findings: [{ object: '' }] }]);
  });
});

describe('[CE9] an edit is refused for what it brings', () => {
  it('and not for what was wrong before', () => {
    const world = new World();
    const north = world.server('config-north');
    world.run(100);
    north.enter('a', 'supervisor1');
    const edit = (ReferenceID: number, key: string, patch: Record<string, unknown>): ConfigRequest => ({
      ...{ type: 'Edit', ReferenceID, dryRun: false, edits: [{ key, patch }] },
    });
    // Written into the database by another hand.
    const broken = must(
      world.store.objects.find((object) => nameOf(object) === 'agent7002'),
      'generated',
    );
    world.store.entries.push({
      ...{ id: 'x', at: 0, revision: { epoch: 1, number: 1 }, author: { who: 'x', from: 'x' } },
      changes: [
        { key: 'Person/agent7002', before: broken, after: { ...broken, defaultPlace: 'nowhere' } as never },
      ],
    });
    const again = world.server('config-north-b');
    again.input({ type: 'stored', id: 1, answer: { type: 'unavailable', because: '' } });
    north.isDead = true;
    world.run(WRITER_STALE_MS + 3 * ASK_EVERY_MS);
    again.enter('a', 'supervisor1').say('a', edit(2, 'Person/agent7001', { displayName: 'Kim' }));
    again.say('a', edit(3, 'Person/agent7001', { defaultPlace: 'nowhere' }));
    world.run(20);
    expect(again.told()).toMatchObject([
      { type: 'Edited' },
      { type: 'NotEdited', code: 'bad-configuration' },
    ]);
  });
});

describe('[CE7] the history, and the way back', () => {
  it('is told newest first, page by page, to who may read it; a restoration is a new entry', () => {
    const world = new World();
    const north = world.server('config-north');
    world.run(100);
    north.enter('a', 'supervisor1').enter('s', 'agent7003');
    for (const [n, name] of ['Kim', 'Lee', 'Max'].entries()) {
      north.say('a', rename(n, name));
      world.run(20);
    }
    const from = north.said.length;
    const history = { type: 'History', ReferenceID: 9, limit: 2, key: 'Person/agent7001' } as const;
    north.say('s', history);
    north.say('a', history);
    world.run(5);
    north.say('a', { ...history, before: '1.2' });
    north.say('a', {
      ...{ type: 'Restore', ReferenceID: 10, dryRun: false, keys: ['Person/agent7001'] },
      to: { revision: '1.1' },
    });
    world.run(20);
    const [refused, page, rest, edited] = north.told(from);
    expect(refused).toMatchObject({ type: 'Error', code: 'not-allowed' });
    const revisions = (reply: ConfigReply | undefined) =>
      reply?.type === 'Entries' && [
        ...reply.entries.map((entry) => revisionText(entry.revision)),
        reply.more,
      ];
    expect([revisions(page), revisions(rest)]).toEqual([
      ['1.3', '1.2', true],
      ['1.1', false],
    ]);
    expect(JSON.stringify(page)).not.toContain('argon2id');
    expect(edited).toMatchObject({ type: 'Edited', revision: '1.4' });
    expect(nameAt(north)).toBe('Kim');
    // The password, which nobody was shown, is there as it was.
    expect(north.node.configuration.get('Person', 'agent7001')?.passwordHash).toContain('argon2id');
  });
});

it('[CP1] nobody edits before the log-in, and only who may', () => {
  const world = new World();
  const north = world.server('config-north');
  world.run(100);
  north.input({ type: 'opened', connection: 'x' });
  north.say('x', open('workspace'));
  north.say('x', rename(1, 'Kim'));
  north.enter('agent', 'agent7002').say('agent', rename(2, 'Kim'));
  world.run(10);
  expect(north.told()).toMatchObject([
    { type: 'Error', code: 'not-allowed', text: 'Log in first.' },
    { type: 'NotEdited', code: 'not-allowed' },
  ]);
  expect(world.store.entries).toEqual([]);
});

it('[CS16] what is edited through a client within the process comes from the address that it speaks for', () => {
  const world = new World();
  const north = world.server('config-north');
  world.run(100);
  north.input({ type: 'opened', connection: 'rest:1', from: '192.0.2.7' });
  north.say('rest:1', { type: 'LogInByToken', ReferenceID: 2, token: 'token supervisor1' });
  north.say('rest:1', rename(1, 'Kim'));
  world.run(10);
  expect(world.store.entries).toMatchObject([{ author: { who: 'supervisor1', from: '192.0.2.7' } }]);
});
