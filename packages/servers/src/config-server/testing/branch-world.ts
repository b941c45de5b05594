/**
 * Configuration Servers of several sites over one store in virtual time: each can be cut off from it, be killed and started
 * again from its copy and its branch's file, and each has an administrator who edits there.
 */
import { type Configuration, makeConfiguration } from '@holdfast/centre';
import { type LogLine, type Millis, seededRandom } from '@holdfast/kernel';
import {
  type Branch,
  type ConfigObject,
  type ConfigReply,
  type ConfigRequest,
  type Edit,
  type Entry,
  revisionText,
} from '@holdfast/protocol';
import { portableHashes } from '@holdfast/sip';
import { OwnProof } from '../../own-proof.ts';
import type { BranchFileRequest } from '../branch-line.ts';
import { ConfigServerNode } from '../config-server-node.ts';
import type { ConfigServerEffect, ConfigServerInput } from '../config-server-types.ts';
import type { EditingReply, EditingRequest } from '../editing.ts';
import { revisionOf } from '../revision-of.ts';
import type { StoreAnswer, StoreRequest } from '../store-session.ts';
import { open, person, revision, SECRET, WALL } from './config-world.ts';
import { MemoryStore } from './memory-store.ts';

export const ADMIN = 'supervisor1';
/** Each way. */
const DELAY_MS = 1;
/** In one moment; more is a loop. */
const STEPS_MAX = 10_000;

/** What somebody was told to be done. */
export interface Acknowledged {
  /** Of the entry, by which it is found again. */
  readonly note: string;
  readonly server: string;
  readonly reply: Extract<ConfigReply, { type: 'Edited' }>;
}

/** What comes of it; undefined: nobody knows. */
type PassedOn = (reply: EditingReply | undefined) => void;

export class TestServer {
  readonly name: string;
  readonly #world: BranchWorld;
  #node: ConfigServerNode | undefined;
  #life = 0;
  #asked = 0;
  readonly #notes = new Map<number, string>();
  /** What others have passed on to this one, by the ReferenceID that it has here. */
  readonly #passed = new Map<number, PassedOn>();
  #links = new Set<string>();
  said: ConfigReply[] = [];
  readonly lines: LogLine[] = [];
  isCut = false;
  /** Undefined: there is no folder for it. */
  file: { branch: Branch | undefined } | undefined = { branch: undefined };
  isDiskFull = false;
  #copy: { readonly configuration: Configuration; readonly recent: readonly Entry[] } | undefined;

  constructor(world: BranchWorld, name: string) {
    this.#world = world;
    this.name = name;
  }

  get isAlive(): boolean {
    return this.#node !== undefined;
  }

  get node(): ConfigServerNode {
    if (this.#node === undefined) throw new Error(`${this.name} is dead`);
    return this.#node;
  }

  get deadline(): Millis {
    return this.#node?.nextDeadline() ?? Number.POSITIVE_INFINITY;
  }

  /** As a process does it: from the store, or from the copy where that is out of reach or has lost what is in it. */
  start(): this {
    const { store, now } = this.#world;
    const { sha256 } = portableHashes;
    const copied = this.#copy;
    const stored = makeConfiguration(store.objects, sha256, revisionText(store.revision));
    const isLost = copied !== undefined && store.hasLost(revisionOf(copied.configuration.revision));
    const { configuration, recent } =
      copied !== undefined && (this.isCut || isLost) ? copied : { configuration: stored, recent: [] };
    this.#life += 1;
    this.#node = new ConfigServerNode({
      ...{ application: this.name, configuration, recent, now, wallOffsetMs: WALL },
      stored: revisionOf(configuration.revision),
      ...(this.file === undefined ? {} : { branchFile: this.file }),
      // Whose branches had the same names would hand in each other's.
      ...{ hashes: portableHashes, random: seededRandom(seedOf(`${this.name} ${this.#life} ${now}`)) },
      signToken: (content) => `token ${content.person}`,
      verifyToken: (token) => ({
        ...{ ok: true, person: token.slice(6), issuedWall: WALL, expiresAt: WALL + 1e12 },
      }),
    });
    return this.enter('admin', ADMIN);
  }

  /** SIGKILL. What is on its way to the store gets there. */
  kill(): void {
    this.#node = undefined;
    this.#life += 1;
    this.#links = new Set();
    const passed = [...this.#passed.values()];
    this.#passed.clear();
    for (const done of passed) done(undefined);
  }

  enter(connection: string, user: string): this {
    this.input({ type: 'opened', connection });
    this.say(connection, open('workspace'));
    this.say(connection, { type: 'LogInByToken', ReferenceID: 1, token: `token ${user}` });
    return this;
  }

  /** Another Configuration Server comes as a client (LK1). */
  enterServer(connection: string, application: string): this {
    const link = { link: 'configuration', hashes: portableHashes, random: seededRandom(7) } as const;
    const own = new OwnProof({ ...link, application, secret: SECRET });
    this.input({ type: 'opened', connection });
    this.say(connection, { ...open(application), ...own.open() });
    const at = this.said.findIndex(({ type }) => type === 'Challenge');
    const [challenge] = at < 0 ? [] : this.said.splice(at, 1);
    const proof = challenge?.type === 'Challenge' ? own.answer(challenge) : undefined;
    if (proof !== undefined) this.say(connection, { type: 'Proof', ReferenceID: 1, proof });
    return this;
  }

  say(connection: string, message: ConfigRequest): void {
    this.input({ type: 'message', connection, message });
  }

  edit(edits: readonly Edit[], note = ''): void {
    this.#asked += 1;
    this.#notes.set(this.#asked, note);
    const request = { type: 'Edit', ReferenceID: this.#asked, dryRun: false, note } as const;
    this.say('admin', { ...request, edits: [...edits] });
  }

  /** The answers of a kind since the last look. */
  told<Type extends ConfigReply['type']>(...types: Type[]): Extract<ConfigReply, { type: Type }>[] {
    const said = this.said;
    this.said = [];
    return said.filter((one): one is Extract<ConfigReply, { type: Type }> =>
      (types as string[]).includes(one.type),
    );
  }

  nameOf(agent: string): string | undefined {
    return this.node.configuration.get('Person', agent)?.displayName;
  }

  input(input: ConfigServerInput): void {
    if (this.#node !== undefined) this.#perform(this.#node.handle(this.#world.now, input));
  }

  expire(): void {
    if (this.#node !== undefined) this.#perform(this.#node.expire(this.#world.now));
  }

  #perform(effects: readonly ConfigServerEffect[]): void {
    const main = this.#node?.main;
    if (main !== undefined && main.configuration !== this.#copy?.configuration) this.#copy = main;
    for (const effect of effects) {
      if (effect.type === 'store') this.#carry(effect.id, effect.request);
      else if (effect.type === 'branch') this.#keep(effect.request);
      else if (effect.type === 'passOn') this.#passOn(effect);
      else if (effect.type === 'log') this.lines.push(effect.line);
      else if (effect.type === 'send') this.#hear(effect.connection, effect.message);
    }
  }

  #hear(connection: string, message: ConfigReply): void {
    if (message.type === 'Ping')
      return this.#later(() => this.say(connection, { type: 'Pong', n: message.n }));
    const ReferenceID = 'ReferenceID' in message ? (message.ReferenceID ?? 0) : 0;
    const passed = this.#links.has(connection) ? this.#passed.get(ReferenceID) : undefined;
    if (passed !== undefined) {
      this.#passed.delete(ReferenceID);
      return passed(message as EditingReply);
    }
    this.said.push(message);
    if (message.type !== 'Edited' || connection !== 'admin') return;
    const note = this.#notes.get(message.ReferenceID) ?? '';
    this.#world.acknowledged.push({ note, server: this.name, reply: message });
  }

  #carry(id: number, request: StoreRequest): void {
    this.#world.later(() => {
      const isThere = !this.isCut;
      const answer = isThere ? this.#world.store.request(this.#world.now, request) : away(request, false);
      this.#later(() => {
        const isBack = isThere && !this.isCut;
        this.input({ type: 'stored', id, answer: isBack ? answer : away(request, isThere) });
      });
    });
  }

  /** CX5: over a connection between the sites, which is cut where either of them is. */
  #passOn({ id, to, request }: Extract<ConfigServerEffect, { type: 'passOn' }>): void {
    const writer = this.#world.servers.find(({ name }) => name === to);
    const lost = (wasSent: boolean) =>
      this.input({ type: 'notPassedOn', id, wasSent, ageMs: 0, why: 'It is out of reach.' });
    this.#later(() => {
      if (writer === undefined || !writer.isAlive || writer.isCut || this.isCut) return lost(false);
      writer.#takePassed(this.name, request, (reply) =>
        this.#later(() => (reply === undefined ? lost(true) : this.input({ type: 'passedOn', id, reply }))),
      );
    });
  }

  #takePassed(from: string, request: EditingRequest, done: PassedOn): void {
    const connection = `from ${from}`;
    if (!this.#links.has(connection)) this.enterServer(connection, from);
    this.#links.add(connection);
    this.#asked += 1;
    this.#passed.set(this.#asked, done);
    this.say(connection, { ...request, ReferenceID: this.#asked });
  }

  #keep(request: BranchFileRequest): void {
    const { file } = this;
    if (file === undefined) return;
    if (request.type === 'remove') {
      if (file.branch?.id === request.branch) file.branch = undefined;
      return;
    }
    const { branch: id, base, entry } = request;
    const because = 'The disk is full.';
    if (this.isDiskFull)
      return this.#later(() => this.input({ type: 'branchKept', answer: { type: 'notKept', because } }));
    // It may be there although nobody is told any more.
    const entries = file.branch?.id === id ? file.branch.entries : [];
    file.branch = { id, base, entries: [...entries, entry] };
    this.#later(() => this.input({ type: 'branchKept', answer: { type: 'kept' } }));
  }

  /** Unless it has died by then. */
  #later(run: () => void): void {
    const life = this.#life;
    this.#world.later(() => {
      if (life === this.#life) run();
    });
  }
}

export class BranchWorld {
  now: Millis = 0;
  readonly store: MemoryStore;
  readonly servers: TestServer[] = [];
  acknowledged: Acknowledged[] = [];
  #due: { readonly at: Millis; readonly run: () => void }[] = [];

  constructor(changed: (list: ConfigObject[]) => void = () => {}) {
    const { objects } = revision((list) => {
      person(list, ADMIN).rank = 'administrator';
      changed(list);
    });
    this.store = new MemoryStore(objects);
  }

  server(name: string): TestServer {
    const server = new TestServer(this, name);
    this.servers.push(server);
    return server.start();
  }

  later(run: () => void): void {
    this.#due.push({ at: this.now + DELAY_MS, run });
  }

  run(ms: Millis): this {
    const end = this.now + ms;
    for (let steps = 0; ; steps++) {
      const next = Math.min(
        ...this.#due.map(({ at }) => at),
        ...this.servers.map(({ deadline }) => deadline),
      );
      if (next > end) break;
      if (next > this.now) steps = 0;
      if (steps > STEPS_MAX) throw new Error(`nothing moves at ${this.now}`);
      this.now = Math.max(this.now, next);
      const due = this.#due.filter(({ at }) => at <= this.now);
      this.#due = this.#due.filter(({ at }) => at > this.now);
      for (const { run } of due) run();
      for (const server of this.servers) if (server.deadline <= this.now) server.expire();
    }
    this.now = end;
    return this;
  }
}

function away(request: StoreRequest, isThere: boolean): StoreAnswer {
  const because = 'The database cannot be reached.';
  if (request.type === 'commit') return { type: 'unavailable', because, mayBeCommitted: isThere };
  return { type: 'unavailable', because };
}

function seedOf(text: string): number {
  return [...text].reduce((seed, letter) => (Math.imul(seed, 31) + letter.charCodeAt(0)) >>> 0, 7);
}

export const rename = (agent: string, displayName: string): Edit => ({
  key: `Person/${agent}`,
  patch: { displayName },
});
