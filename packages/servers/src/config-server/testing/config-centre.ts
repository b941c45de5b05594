/**
 * Configuration Servers that share a store, and proxies that follow them, in virtual time: processes that die and come back, connections that
 * end with them, and a store that is away for a while.
 */
import { type Configuration, makeConfiguration } from '@holdfast/centre';
import { type Millis, must, type Random, seededRandom } from '@holdfast/kernel';
import {
  type ConfigObject,
  type ConfigReply,
  type ConfigRequest,
  type Revision,
  revisionText,
} from '@holdfast/protocol';
import { portableHashes } from '@holdfast/sip';
import type { ServerAddress } from '../../server-address.ts';
import {
  type ConfigFollowerEffect,
  type ConfigFollowerInput,
  ConfigFollowerNode,
  type ConfigFollowerOptions,
} from '../config-follower.ts';
import { ConfigServerNode } from '../config-server-node.ts';
import type { ConfigServerEffect, ConfigServerInput } from '../config-server-types.ts';
import { revisionOf } from '../revision-of.ts';
import { open, person, revision, SECRET, WALL } from './config-world.ts';
import { MemoryStore } from './memory-store.ts';

const MASTERS = ['config-north', 'config-south'] as const;
const PROXIES = ['proxy-north', 'proxy-north-b', 'proxy-south', 'proxy-south-b'] as const;

function siteIndexOf(name: string): 0 | 1 {
  return name.includes('north') ? 0 : 1;
}

/** Of the generated world, with an administrator and with proxies. */
function objects(): readonly ConfigObject[] {
  return revision((list) => {
    person(list, 'supervisor1').rank = 'administrator';
    for (const name of PROXIES) {
      const beside = MASTERS[siteIndexOf(name)];
      const master = list.find((one) => one.objectType === 'Application' && one.name === beside);
      if (master?.objectType !== 'Application') throw new Error(`no Configuration Server beside ${name}`);
      list.push({ ...master, name, type: 'ConfigurationServerProxy', ports: { default: 1 } });
    }
  }).objects;
}

export class ConfigCentre {
  now = 0;
  readonly random: Random;
  readonly store = new MemoryStore(objects());
  readonly processes = new Map<string, ConfigProcess>();
  #due: { readonly at: Millis; readonly run: () => void }[] = [];

  constructor(seed: number) {
    this.random = seededRandom(seed);
    for (const name of [...MASTERS, ...PROXIES]) this.processes.set(name, new ConfigProcess(this, name));
  }

  process(name: string): ConfigProcess {
    return must(this.processes.get(name), name);
  }

  /** Whatever is on its way takes a few milliseconds. */
  later(run: () => void, afterMs = 1 + Math.floor(4 * this.random())): void {
    this.#due.push({ at: this.now + afterMs, run });
  }

  run(ms: Millis): void {
    for (const end = this.now + ms; this.now < end; ) {
      this.now += 1;
      const due = this.#due.filter(({ at }) => at <= this.now);
      this.#due = this.#due.filter(({ at }) => at > this.now);
      for (const { run } of due) run();
      for (const process of this.processes.values()) process.expire();
    }
  }

  stored(): Configuration {
    const { revision: of } = this.store;
    return makeConfiguration(this.store.objects, portableHashes.sha256, revisionText(of));
  }
}

/** What the other end of a connection of a server hears. */
interface FarEnd {
  message(message: ConfigReply): void;
  closed(): void;
}

let connections = 0;

class ConfigProcess {
  readonly name: string;
  readonly #centre: ConfigCentre;
  #server: ConfigServerNode | undefined;
  #following: Following | undefined;
  /** To whoever writes in its place, by the name of that one. */
  #toWriters = new Map<string, Following>();
  readonly #ends = new Map<string, FarEnd>();
  /** On its disk. */
  #copy: Configuration | undefined;
  #life = 0;

  constructor(centre: ConfigCentre, name: string) {
    this.#centre = centre;
    this.name = name;
    this.start();
  }

  get isAlive(): boolean {
    return this.#server !== undefined;
  }

  get configuration(): Configuration | undefined {
    return this.#server?.configuration;
  }

  get isProxy(): boolean {
    return this.name.startsWith('proxy-');
  }

  start(): void {
    this.#life += 1;
    if (this.isProxy) return this.#startProxy();
    const { store } = this.#centre;
    const configuration = store.isAway && this.#copy !== undefined ? this.#copy : this.#centre.stored();
    this.#serve(configuration, revisionOf(configuration.revision));
  }

  #startProxy(): void {
    const held = this.#copy;
    if (held !== undefined) this.#serve(held);
    const index = siteIndexOf(this.name);
    this.#following = this.#follow({ servers: [index, 1 - index].map(addressOf), held });
  }

  #follow(more: Pick<ConfigFollowerOptions, 'servers' | 'held' | 'onlyPasses'>): Following {
    const life = this.#life;
    return new Following(this.#centre, this.name, more, {
      configuration: ({ configuration, changes, entries }) => {
        if (life !== this.#life) return;
        this.#copy = configuration;
        if (this.#server === undefined) return this.#serve(configuration);
        const news = { ...(changes && { changes }), ...(entries && { entries }) };
        this.#input({ type: 'configuration', configuration, ...news });
      },
      answer: (answer) => {
        if (life === this.#life) this.#input(answer);
      },
    });
  }

  #serve(configuration: Configuration, stored?: Revision): void {
    this.#server = new ConfigServerNode({
      ...{ application: this.name, configuration, now: this.#centre.now, wallOffsetMs: WALL },
      ...(stored === undefined ? { passesOn: true } : { stored }),
      ...{ hashes: portableHashes, random: this.#centre.random },
      signToken: ({ person: name }) => `token ${name}`,
      verifyToken: (token) => ({
        ...{ ok: true, person: token.slice(6), issuedWall: WALL, expiresAt: WALL + 1e9 },
      }),
    });
  }

  /** SIGKILL: what it had in its memory is gone, what it kept is there. */
  kill(): void {
    this.#life += 1;
    if (!this.isProxy) this.#copy = this.configuration;
    this.#server = undefined;
    this.#following?.cut();
    for (const link of this.#toWriters.values()) link.cut();
    this.#toWriters.clear();
    for (const end of this.#ends.values()) this.#centre.later(() => end.closed());
    this.#ends.clear();
  }

  expire(): void {
    const { now } = this.#centre;
    if ((this.#server?.nextDeadline() ?? Number.POSITIVE_INFINITY) <= now)
      this.#do(this.#server?.expire(now) ?? []);
    this.#following?.expire();
    for (const link of this.#toWriters.values()) link.expire();
  }

  /** Undefined when nobody is there. */
  accept(end: FarEnd): string | undefined {
    if (this.#server === undefined) return undefined;
    connections += 1;
    const connection = `c${connections}`;
    this.#ends.set(connection, end);
    this.#input({ type: 'opened', connection });
    return connection;
  }

  hear(connection: string, message: ConfigRequest): void {
    if (this.#ends.has(connection)) this.#input({ type: 'message', connection, message });
  }

  hangUp(connection: string): void {
    if (this.#ends.delete(connection)) this.#input({ type: 'closed', connection });
  }

  #input(input: ConfigServerInput): void {
    this.#do(this.#server?.handle(this.#centre.now, input) ?? []);
  }

  #do(effects: readonly ConfigServerEffect[]): void {
    for (const effect of effects) {
      if (effect.type === 'send') this.#send(effect.connection, effect.message);
      else if (effect.type === 'close') this.#closes(effect.connection);
      else if (effect.type === 'store') this.#ask(effect);
      else if (effect.type === 'passOn') this.#pass(effect);
    }
  }

  #send(connection: string, message: ConfigReply): void {
    const end = this.#ends.get(connection);
    if (end === undefined) return;
    // What one end says arrives in its order.
    this.#centre.later(() => end.message(message), 2);
  }

  #closes(connection: string): void {
    const end = this.#ends.get(connection);
    this.#ends.delete(connection);
    if (end !== undefined) this.#centre.later(() => end.closed(), 2);
  }

  #ask({ id, request }: Extract<ConfigServerEffect, { type: 'store' }>): void {
    const life = this.#life;
    this.#centre.later(() => {
      const answer = this.#centre.store.request(this.#centre.now, request);
      this.#centre.later(() => {
        if (life === this.#life) this.#input({ type: 'stored', id, answer });
      }, 2);
    }, 2);
  }

  #pass({ id, to, request }: Extract<ConfigServerEffect, { type: 'passOn' }>): void {
    if (to === undefined) return this.#following?.input({ type: 'pass', id, request });
    const known = this.#toWriters.get(to);
    const index = (MASTERS as readonly string[]).indexOf(to);
    const link = known ?? this.#follow({ servers: [addressOf(index)], onlyPasses: true });
    this.#toWriters.set(to, link);
    link.input({ type: 'pass', id, request });
  }
}

function addressOf(index: number): ServerAddress {
  return { host: MASTERS[index] ?? '', port: 1 };
}

interface FollowingPorts {
  configuration(effect: Extract<ConfigFollowerEffect, { type: 'configuration' }>): void;
  answer(answer: Extract<ConfigFollowerEffect, { type: 'passedOn' | 'notPassedOn' }>): void;
}

/** One follower with its connection. */
class Following {
  readonly #centre: ConfigCentre;
  readonly #ports: FollowingPorts;
  readonly #node: ConfigFollowerNode;
  #isCut = false;
  #present:
    | { readonly attempt: number; readonly process: ConfigProcess; readonly connection: string }
    | undefined;

  constructor(
    centre: ConfigCentre,
    application: string,
    more: Pick<ConfigFollowerOptions, 'servers' | 'held' | 'onlyPasses'>,
    ports: FollowingPorts,
  ) {
    this.#centre = centre;
    this.#ports = ports;
    this.#node = new ConfigFollowerNode({
      ...{ application, secret: SECRET, hashes: portableHashes, now: centre.now, random: centre.random },
      ...more,
    });
  }

  input(input: ConfigFollowerInput): void {
    if (!this.#isCut) this.#do(this.#node.handle(this.#centre.now, input));
  }

  expire(): void {
    if (!this.#isCut && (this.#node.nextDeadline() ?? Number.POSITIVE_INFINITY) <= this.#centre.now)
      this.#do(this.#node.expire(this.#centre.now));
  }

  /** Its process has died. */
  cut(): void {
    this.#isCut = true;
    this.#hangUp();
  }

  #hangUp(): void {
    const { process, connection } = this.#present ?? {};
    this.#present = undefined;
    if (connection !== undefined) this.#centre.later(() => process?.hangUp(connection), 2);
  }

  #do(effects: readonly ConfigFollowerEffect[]): void {
    for (const effect of effects) {
      if (effect.type === 'connect') this.#connect(effect.attempt, effect.server);
      else if (effect.type === 'send') this.#send(effect.attempt, effect.message);
      else if (effect.type === 'close') this.#hangUp();
      else if (effect.type === 'configuration') this.#ports.configuration(effect);
      else if (effect.type === 'passedOn' || effect.type === 'notPassedOn') this.#ports.answer(effect);
    }
  }

  #connect(attempt: number, { host }: ServerAddress): void {
    this.#centre.later(() => {
      const process = this.#centre.process(host);
      const connection = process.accept({
        message: (message) => this.input({ type: 'message', attempt, message }),
        closed: () => this.input({ type: 'closed', attempt, why: 'gone' }),
      });
      if (connection === undefined) return this.input({ type: 'closed', attempt, why: 'refused' });
      this.#present = { attempt, process, connection };
      this.input({ type: 'opened', attempt });
    });
  }

  #send(attempt: number, message: ConfigRequest): void {
    const present = this.#present;
    if (present?.attempt !== attempt) return;
    this.#centre.later(() => present.process.hear(present.connection, message), 2);
  }
}

/** Somebody who asks once, wherever, and waits for the answer. */
export function askOnce(
  centre: ConfigCentre,
  door: ConfigProcess,
  request: Extract<ConfigRequest, { readonly ReferenceID: number }>,
  answered: (reply: ConfigReply) => void,
  user = 'supervisor1',
): void {
  const connection = door.accept({
    message: (message) => {
      if (!('ReferenceID' in message) || message.ReferenceID !== request.ReferenceID) return;
      answered(message);
      if (connection !== undefined) door.hangUp(connection);
    },
    closed: () => {},
  });
  if (connection === undefined) return;
  const logIn = { type: 'LogInByToken' as const, ReferenceID: 2, token: `token ${user}` };
  for (const message of [open('workspace'), logIn, request])
    centre.later(() => door.hear(connection, message), 2);
}
