/**
 * A Stat Server in the world of the SIP Server's tests: the node itself, the connection to a real `SipServerNode`,
 * and its clients, whose messages are checked against the schema of the wire.
 */
import { assert, type LogLine, type Millis, must } from '@holdfast/kernel';
import {
  type DeskReply,
  deskReply,
  deskRequest,
  PROTOCOL_VERSION,
  type Statistic,
  type StatReply,
  type StatRequest,
  statReply,
  statRequest,
} from '@holdfast/protocol';
import { portableHashes } from '@holdfast/sip';
import { OwnProof } from '../../own-proof.ts';
import { type Site, WALL, type Wire } from '../../sip-server/testing/server-site.ts';
import type { Party, World } from '../../sip-server/testing/server-world.ts';
import type { StatPerson, StatServerConfiguration } from '../configuration.ts';
import type { StatServerEffect, StatServerInput } from '../effects.ts';
import { StatServerNode } from '../stat-server-node.ts';

export const SECRET = 'the secret of all servers';
const DELAY_MS = 2;

export function statConfiguration(more: Partial<StatServerConfiguration> = {}): StatServerConfiguration {
  const people = ['ada', 'bob', 'cyd', 'dan'];
  return {
    revision: 'r1',
    site: 'north',
    application: 'stat-north',
    switchName: 'switch-north',
    sipServer: { members: [{ host: 'sip-north', port: 1 }], addpTimeoutMs: 5_000, pauseMs: 500 },
    persons: new Map<string, StatPerson>([
      ...people.map((name) => [name, { rank: 'agent' }] as const),
      ['sue', { rank: 'supervisor' }],
    ]),
    objects: {
      persons: new Set(people),
      extensions: new Map(['7001', '7002', '7003', '7004'].map((dn) => [dn, `place ${dn}`])),
      queues: new Set(['8000', '8001']),
    },
    ...more,
  };
}

export class StatSite implements Party {
  readonly host = '10.0.0.9';
  readonly world: World;
  readonly node: StatServerNode;
  readonly logs: LogLine[] = [];
  /** By host: who listens there now. */
  readonly servers: Map<string, Site>;
  /** Of messages of the SIP Server, the n-th event of which is lost on the way; for a gap that should never be. */
  loseNextEvent = false;
  /** Hosts in the order in which they were tried. */
  readonly tried: string[] = [];
  readonly #clients = new Map<string, StatDesk>();
  #link: { readonly site: Site; readonly wire: Wire; readonly attempt: number } | undefined;

  constructor(world: World, servers: Record<string, Site>, configuration = statConfiguration()) {
    this.world = world;
    this.servers = new Map(Object.entries(servers));
    this.node = new StatServerNode({
      configuration,
      random: world.random,
      hashes: portableHashes,
      now: world.now,
      wallOffsetMs: WALL,
      serverSecret: SECRET,
      verifyToken: (token) => {
        const [kind, person = '', issuedWall = '0'] = token.split(' ');
        if (kind === 'token') return { ok: true, person, issuedWall: Number(issuedWall) };
        return { ok: false, code: kind === 'expired' ? 'token-expired' : 'token-invalid' };
      },
    });
    world.add(this);
  }

  input(input: StatServerInput): void {
    for (const effect of this.node.handle(this.world.now, input)) this.#perform(effect);
    this.world.touch(this);
  }

  nextDeadline(): Millis | undefined {
    return this.node.nextDeadline();
  }

  wake(): void {
    for (const effect of this.node.expire(this.world.now)) this.#perform(effect);
  }

  // It has an address for its deadlines only: nobody sends SIP to it.
  sip(): void {}
  malformed(): void {}
  failed(): void {}

  connect(client: StatDesk): void {
    this.#clients.set(client.connection, client);
    this.input({ type: 'opened', connection: client.connection });
  }

  fromClient(client: StatDesk, message: StatRequest): void {
    this.world.after(DELAY_MS, () => this.input({ type: 'message', connection: client.connection, message }));
  }

  /** The connection to the SIP Server is cut; both ends notice. */
  cutLink(): void {
    const link = this.#link;
    if (link === undefined) return;
    this.#link = undefined;
    link.site.disconnect(link.wire);
    this.input({ type: 'sipClosed', attempt: link.attempt, why: 'ended without closing' });
  }

  /** The SIP Server's process is gone. */
  killServer(host: string): void {
    const site = this.servers.get(host);
    this.servers.delete(host);
    if (site !== undefined && this.#link?.site === site) this.cutLink();
  }

  #perform(effect: StatServerEffect): void {
    switch (effect.type) {
      case 'sipConnect':
        return this.#connect(effect.attempt, effect.server.host);
      case 'sipSend': {
        const { site, wire, attempt } = this.#link ?? {};
        if (attempt !== effect.attempt || wire === undefined) return;
        site?.fromDesk(wire, deskRequest.parse(JSON.parse(JSON.stringify(effect.message))));
        return;
      }
      case 'sipClose':
        if (this.#link?.attempt === effect.attempt) this.#link.site.disconnect(this.#link.wire);
        return;
      case 'send': {
        const client = this.#clients.get(effect.connection);
        this.world.after(DELAY_MS, () => client?.receive(effect.message));
        return;
      }
      case 'close': {
        const client = this.#clients.get(effect.connection);
        if (client !== undefined) client.closedBecause = effect.why;
        this.#clients.delete(effect.connection);
        return;
      }
      case 'log':
        this.logs.push(effect.line);
    }
  }

  #connect(attempt: number, host: string): void {
    this.tried.push(host);
    const site = this.servers.get(host);
    this.world.after(DELAY_MS, () => {
      if (site === undefined) return this.input({ type: 'sipClosed', attempt, why: 'ECONNREFUSED' });
      const wire: Wire = {
        connection: `stat-${attempt}`,
        closedBecause: undefined,
        receive: (reply) => this.#fromServer(attempt, reply),
      };
      this.#link = { site, wire, attempt };
      site.connect(wire);
      this.input({ type: 'sipOpened', attempt });
    });
  }

  #fromServer(attempt: number, reply: DeskReply): void {
    if (this.#link?.attempt !== attempt) return;
    const message = deskReply.parse(JSON.parse(JSON.stringify(reply)));
    if (message.type === 'Event' && this.loseNextEvent) {
      this.loseNextEvent = false;
      return;
    }
    this.input({ type: 'sipMessage', attempt, message });
  }
}

let connections = 0;
type Asked = Extract<StatRequest, { ReferenceID: number }>;
type Ask = Asked extends infer Request
  ? Request extends Asked
    ? Omit<Request, 'ReferenceID'>
    : never
  : never;

export class StatDesk {
  readonly connection = `s${++connections}`;
  readonly site: StatSite;
  /** Everything but pings and statistics. */
  readonly replies: StatReply[] = [];
  /** Statistics messages that came by themselves. */
  tellings = 0;
  pings = 0;
  answersPings = true;
  closedBecause: string | undefined;
  readonly #newest = new Map<string, { readonly statistic: Statistic; readonly at: Millis }>();
  #references = 0;

  constructor(site: StatSite) {
    this.site = site;
    site.connect(this);
  }

  receive(reply: StatReply): void {
    const message = statReply.parse(JSON.parse(JSON.stringify(reply)));
    if (message.type === 'Ping') {
      this.pings += 1;
      if (this.answersPings) this.send({ type: 'Pong', n: message.n });
      return;
    }
    if (message.type === 'Statistics') this.tellings += 1;
    else this.replies.push(message);
    if (message.type !== 'Statistics' && message.type !== 'Subscribed') return;
    for (const statistic of message.statistics)
      this.#newest.set(statistic.name, { statistic, at: this.site.world.now });
  }

  send(request: StatRequest): void {
    this.site.fromClient(this, statRequest.parse(JSON.parse(JSON.stringify(request))));
  }

  ask(request: Ask): StatReply {
    const ReferenceID = ++this.#references;
    this.send({ ...request, ReferenceID } as StatRequest);
    this.site.world.run(10);
    const answers = this.replies.filter((one) => 'ReferenceID' in one && one.ReferenceID === ReferenceID);
    if (answers.length !== 1) throw new Error(`${request.type} was answered ${answers.length} times`);
    return answers[0] as StatReply;
  }

  /** The type of the answer, or the code of the refusal. */
  outcome(request: Ask): string {
    const reply = this.ask(request);
    return reply.type === 'Error' ? reply.code : reply.type;
  }

  open(more: Partial<Extract<StatRequest, { type: 'Open' }>> = {}): string {
    const open = {
      type: 'Open',
      application: 'desk',
      version: PROTOCOL_VERSION,
      addpTimeoutMs: 20_000,
    } as const;
    return this.outcome({ ...open, ...more });
  }

  /** LK1: as a server that holds this secret; what came of it. */
  openAsServer(secret: string): StatReply {
    const application = 'a server';
    const { random } = this.site.world;
    const own = new OwnProof({ link: 'statistics', application, secret, hashes: portableHashes, random });
    const opening = { application, version: PROTOCOL_VERSION, addpTimeoutMs: 20_000 };
    const challenge = this.ask({ type: 'Open', ...opening, ...own.open() });
    if (challenge.type !== 'Challenge') return challenge;
    this.send({ type: 'Proof', ReferenceID: this.#references, proof: own.answer(challenge) ?? '' });
    this.site.world.run(10);
    const reply = must(this.replies.at(-1), 'the proof was answered');
    if (reply.type === 'Opened') assert(own.isMet(reply.proof), 'it shows the secret too');
    return reply;
  }

  get names(): string[] {
    return [...this.#newest.keys()].sort();
  }

  /** The newest of that object, with the time that has passed since it came (LG5). */
  agent(name: string) {
    const statistic = this.#now(name);
    if (statistic.objectType !== 'Agent') throw new Error(`${name} is no agent`);
    return statistic;
  }

  queue(name: string) {
    const statistic = this.#now(name);
    if (statistic.objectType !== 'Queue') throw new Error(`${name} is no queue`);
    return statistic;
  }

  #now(name: string): Statistic {
    const known = this.#newest.get(name);
    if (known === undefined) throw new Error(`nothing has come about ${name}`);
    const elapsed = this.site.world.now - known.at;
    const { statistic } = known;
    if (statistic.objectType === 'Agent')
      return statistic.sinceMs === undefined
        ? statistic
        : { ...statistic, sinceMs: statistic.sinceMs + elapsed };
    const { longestWaitMs } = statistic;
    return longestWaitMs === undefined ? statistic : { ...statistic, longestWaitMs: longestWaitMs + elapsed };
  }
}
