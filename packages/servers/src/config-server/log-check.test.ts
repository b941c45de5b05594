import { seededRandom } from '@holdfast/kernel';
import type { ConfigReply, ConfigRequest } from '@holdfast/protocol';
import { portableHashes } from '@holdfast/sip';
import { expect, test } from 'vitest';
import { ConfigServerNode } from './config-server-node.ts';
import type { ConfigServerEffect, ConfigServerInput } from './config-server-types.ts';
import { CHECK_AFTER_MS, CHECK_AGAIN_MS, CHECKS_ASKED_MAX } from './log-check.ts';
import type { VerifyAnswer } from './store-answers.ts';
import { open, person, revision, WALL } from './testing/config-world.ts';
import { MemoryStore } from './testing/memory-store.ts';
import { WRITER_STALE_MS } from './writer-role.ts';

const SETTLED_MS = WRITER_STALE_MS + 1_000;
const AUDITOR = 'agent7002';
const verify = (ReferenceID = 9): ConfigRequest => ({ type: 'Verify', ReferenceID });

/** A Configuration Server whose store is read only as long as `reads`: what it is asked to verify meanwhile waits. */
class Server {
  now = 0;
  reads = true;
  readonly store = new MemoryStore(revision().objects);
  readonly log: { readonly level: string; readonly what: string; readonly because?: string }[] = [];
  said: ConfigReply[] = [];
  readonly passedOn: unknown[] = [];
  readonly node: ConfigServerNode;
  readonly #unread: number[] = [];

  constructor({ isProxy = false } = {}) {
    const configuration = revision((list) => {
      person(list, AUDITOR).rank = 'auditor';
    });
    this.node = new ConfigServerNode({
      ...{ application: 'config-north', configuration, now: 0, wallOffsetMs: WALL },
      ...(isProxy ? { passesOn: true } : { stored: this.store.revision }),
      ...{ hashes: portableHashes, random: seededRandom(1) },
      signToken: () => '',
      verifyToken: (token) => ({ ok: true, person: token, issuedWall: WALL, expiresAt: WALL + 1e9 }),
    });
  }

  run(ms: number): void {
    for (const end = this.now + ms; this.now < end; this.now += 100) this.#do(this.node.expire(this.now));
  }

  input(input: ConfigServerInput): void {
    this.#do(this.node.handle(this.now, input));
  }

  enter(connection: string, token: string): void {
    this.input({ type: 'opened', connection });
    for (const message of [open('workspace'), { type: 'LogInByToken' as const, ReferenceID: 2, token }])
      this.input({ type: 'message', connection, message });
    this.said = [];
  }

  ask(connection: string, message: ConfigRequest): ConfigReply | undefined {
    this.said = [];
    this.input({ type: 'message', connection, message });
    return this.said.at(-1);
  }

  /** What has been waiting is read. */
  readNow(answer: VerifyAnswer): void {
    this.store.verified += 1;
    this.input({ type: 'stored', id: this.#unread.shift() ?? 0, answer });
  }

  lines(): string[] {
    return this.log.filter(({ what }) => what.includes('log of the configuration')).map(({ what }) => what);
  }

  #do(effects: readonly ConfigServerEffect[]): void {
    for (const effect of effects) {
      if (effect.type === 'send') this.said.push(effect.message);
      if (effect.type === 'log') this.log.push(effect.line);
      if (effect.type === 'passOn') this.passedOn.push(effect);
      if (effect.type !== 'store') continue;
      const { id, request } = effect;
      if (request.type === 'verify' && !this.reads) this.#unread.push(id);
      else this.input({ type: 'stored', id, answer: this.store.request(this.now, request) });
    }
  }
}

const SOUND: VerifyAnswer = { type: 'sound', entries: 3, revision: { epoch: 1, number: 3 } };

test('[AU1] the log is read once after each claim, when the first seconds are over, and not without one', () => {
  const server = new Server();
  server.run(SETTLED_MS);
  expect([server.node.standing.name, server.store.verified, server.node.logStanding]).toEqual([
    ...['writing', 0, 'unknown'],
  ]);
  server.run(CHECK_AFTER_MS);
  expect([server.store.verified, server.node.logStanding]).toEqual([1, 'sound']);
  server.run(10 * CHECK_AFTER_MS);
  expect(server.store.verified).toBe(1);
  // Another one writes, for a while.
  server.store.writer = { epoch: 7, holder: 'config-south', seenAt: server.now };
  server.run(2_000);
  expect(server.node.standing.name).toBe('following');
  server.run(SETTLED_MS + CHECK_AFTER_MS);
  expect([server.node.standing.name, server.store.verified]).toEqual(['writing', 2]);
  expect(server.lines()).toEqual(Array(2).fill('the log of the configuration is sound'));
});

test('[AU1] who loses the role before that leaves it to the other', () => {
  const server = new Server();
  server.run(SETTLED_MS);
  for (let n = 0; n < 40; n++) {
    server.store.writer = { epoch: 7, holder: 'config-south', seenAt: server.now };
    server.run(500);
  }
  expect([server.node.standing.name, server.store.verified]).toEqual(['following', 0]);
});

test('[AU1] a log that is broken is an error in the log, and the server edits and lets in as before', () => {
  const server = new Server();
  server.store.broken = { type: 'broken', at: '1.3', because: 'It has been edited.' };
  server.run(SETTLED_MS + CHECK_AFTER_MS);
  expect(server.node.logStanding).toBe('broken');
  expect(server.log).toContainEqual(
    expect.objectContaining({ level: 'error', because: '1.3: It has been edited.' }),
  );
  server.enter('a', 'supervisor1');
  expect(server.node.standing.name).toBe('writing');
  expect(server.ask('a', { type: 'Read', ReferenceID: 3, objectType: 'DN', subscribe: false })).toMatchObject(
    {
      type: 'Objects',
    },
  );
});

test('[AU1] a store that cannot read it then is asked again', () => {
  const server = new Server();
  server.reads = false;
  server.run(SETTLED_MS + CHECK_AFTER_MS);
  server.readNow({ type: 'unavailable', because: 'Too many wait.' });
  expect(server.node.logStanding).toBe('unknown');
  server.reads = true;
  server.run(CHECK_AGAIN_MS - 1_000);
  expect(server.store.verified).toBe(1);
  server.run(2_000);
  expect([server.store.verified, server.node.logStanding]).toEqual([2, 'sound']);
  expect(server.lines()[0]).toBe('the log of the configuration was not read');
});

test('[AU1] who may read the history is told what was found; nobody else has it read', () => {
  const server = new Server();
  server.run(SETTLED_MS);
  server.enter('auditor', AUDITOR);
  server.enter('agent', 'agent7001');
  expect(server.ask('agent', verify())).toMatchObject({ type: 'Error', ReferenceID: 9, code: 'not-allowed' });
  expect(server.store.verified).toBe(0);
  expect(server.ask('auditor', verify())).toEqual({
    ...{ type: 'LogSound', ReferenceID: 9, revision: '0.0', entries: 0 },
  });
  server.store.broken = { type: 'broken', at: 'Person/kim', because: 'It is gone.' };
  expect(server.ask('auditor', verify())).toEqual({
    ...{ type: 'LogBroken', ReferenceID: 9, at: 'Person/kim', because: 'It is gone.' },
  });
  server.store.isAway = true;
  expect(server.ask('auditor', verify())).toMatchObject({ type: 'Error', code: 'not-ready' });
  // What was found before is known.
  expect(server.node.logStanding).toBe('broken');
});

test('[AU1] one reading at a time; who asks meanwhile hears of the next, and so many wait at most', () => {
  const server = new Server();
  server.run(SETTLED_MS);
  server.reads = false;
  server.enter('auditor', AUDITOR);
  for (let n = 0; n <= CHECKS_ASKED_MAX; n++) expect(server.ask('auditor', verify(n))).toBeUndefined();
  expect(server.ask('auditor', verify(999))).toMatchObject({ ReferenceID: 999, code: 'overloaded' });
  const answered = (answer: VerifyAnswer) => {
    server.said = [];
    server.readNow(answer);
    return server.said.map((reply) => [reply.type, 'ReferenceID' in reply && reply.ReferenceID]);
  };
  expect(answered(SOUND)).toEqual([['LogSound', 0]]);
  const next = answered({ type: 'broken', at: '1.2', because: 'It has been edited.' });
  expect(next).toEqual(Array.from({ length: CHECKS_ASKED_MAX }, (_, n) => ['LogBroken', n + 1]));
  server.readNow(SOUND);
  expect(server.node.logStanding).toBe('broken');
});

test('[AU1] a proxy has the one that it follows read it', () => {
  const proxy = new Server({ isProxy: true });
  proxy.enter('auditor', AUDITOR);
  expect(proxy.ask('auditor', verify())).toBeUndefined();
  expect(proxy.passedOn).toMatchObject([{ id: 1, request: { type: 'Verify', author: { who: AUDITOR } } }]);
  const reply = { type: 'LogSound', ReferenceID: 12, revision: '1.3', entries: 3 } as const;
  proxy.input({ type: 'passedOn', id: 1, reply });
  expect(proxy.said).toEqual([{ ...reply, ReferenceID: 9 }]);
});
