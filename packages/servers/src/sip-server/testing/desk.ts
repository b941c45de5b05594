/** A wire client in the world of the tests: a desk, a board, or whatever sends desk messages. */
import { must } from '@holdfast/kernel';
import {
  type DeskReply,
  type DeskRequest,
  deskReply,
  deskRequest,
  type EventMessage,
  type LoginEpoch,
  type Position,
  PROTOCOL_VERSION,
  type Stamp,
} from '@holdfast/protocol';
import { portableHashes } from '@holdfast/sip';
import { proofOf } from '../../server-proof.ts';
import { WALL, type Wire } from './server-site.ts';
import type { World } from './server-world.ts';

type Asked = Exclude<DeskRequest, { type: 'Ping' | 'Pong' | 'StampAnswer' | 'MoveAnswer' }>;
/** A request without its number. */
export type Ask = Asked extends infer Request
  ? Request extends Asked
    ? Omit<Request, 'ReferenceID'>
    : never
  : never;

/** Where desks connect: a SIP Server, or a pair of them. */
export interface DeskSite {
  readonly world: World;
  connect(desk: Wire): void;
  disconnect(desk: Wire): void;
  fromDesk(desk: Wire, message: DeskRequest): void;
}

let connections = 0;

export class Desk {
  readonly connection = `c${++connections}`;
  readonly site: DeskSite;
  readonly person: string | undefined;
  /** Everything but stamps, pings and events, the newest last. */
  readonly replies: DeskReply[] = [];
  readonly events: EventMessage[] = [];
  stamps: Stamp[] = [];
  pings = 0;
  answersPings = true;
  /** Stamps of this login are answered while it is set. */
  answering: { readonly dn: string; readonly epoch: LoginEpoch } | undefined;
  closedBecause: string | undefined;
  session: string;
  #references = 0;

  constructor(site: DeskSite, person?: string, session = `session-${person ?? 'nobody'}`) {
    this.site = site;
    this.person = person;
    this.session = session;
    site.connect(this);
  }

  /** What comes from the server; checked against the schema of the wire. */
  receive(reply: DeskReply): void {
    const message = deskReply.parse(JSON.parse(JSON.stringify(reply)));
    switch (message.type) {
      case 'Ping':
        this.pings++;
        if (this.answersPings) this.send({ type: 'Pong', n: message.n });
        return;
      case 'Stamp':
        this.stamps.push(message.stamp);
        if (this.answering !== undefined)
          this.send({ type: 'StampAnswer', ...this.answering, stamp: message.stamp });
        return;
      case 'Event':
        this.events.push(message);
        return;
      default:
        this.replies.push(message);
    }
  }

  send(request: DeskRequest): void {
    this.site.fromDesk(this, deskRequest.parse(JSON.parse(JSON.stringify(request))));
  }

  /** Sends a request and gives back its answer: a reply or the event with its ReferenceID. */
  ask(request: Ask): DeskReply {
    const answers = this.begin(request);
    this.site.world.run(10);
    const [answer, ...more] = answers();
    if (more.length > 0) throw new Error(`${request.type} was answered ${more.length + 1} times`);
    return must(answer, `${request.type} was not answered`);
  }

  /** Sends a request whose answer takes its time; gives back how to look for what has answered it. */
  begin(request: Ask): () => DeskReply[] {
    const ReferenceID = ++this.#references;
    this.send({ ...request, ReferenceID } as DeskRequest);
    return () => [
      ...this.replies.filter((reply) => 'ReferenceID' in reply && reply.ReferenceID === ReferenceID),
      ...this.events.filter((event) => event.attributes.ReferenceID === ReferenceID),
    ];
  }

  /** In short: the name of the event, the code of the refusal, or the type of the reply. */
  outcome(request: Ask): string {
    const reply = this.ask(request);
    if (reply.type === 'Event') return reply.name;
    return reply.type === 'Error' ? reply.code : reply.type;
  }

  register(more: { resume?: Position; token?: string; addpTimeoutMs?: number; version?: number } = {}) {
    const token = more.token ?? (this.person === undefined ? undefined : `token ${this.person}`);
    return this.ask({
      type: 'RegisterClient',
      application: 'desk',
      session: this.session,
      version: more.version ?? PROTOCOL_VERSION,
      addpTimeoutMs: more.addpTimeoutMs ?? 20_000,
      ...(token !== undefined && { token }),
      ...(more.resume !== undefined && { resume: more.resume }),
    });
  }

  /** LK1: as a server that holds this secret; what came of it. */
  registerAsServer(secret: string): DeskReply {
    const [application, nonce] = ['a server', `nonce of ${this.connection} in a test`];
    const challenge = this.ask({
      ...{ type: 'RegisterClient', application, session: this.session, version: PROTOCOL_VERSION },
      ...{ addpTimeoutMs: 20_000, nonce },
    });
    if (challenge.type !== 'Challenge') return challenge;
    const proof = proofOf(portableHashes, secret, 'connector', {
      link: 'client',
      connector: { application, name: this.session, nonce },
      listener: { application: challenge.application, name: challenge.site, nonce: challenge.nonce },
    });
    this.send({ type: 'Proof', ReferenceID: this.#references, proof });
    this.site.world.run(10);
    return must(this.replies.at(-1), 'the proof was answered');
  }

  get newestStamp(): Stamp {
    return must(this.stamps.at(-1), 'a stamp has come');
  }

  login(dn: string, more: Partial<Extract<Ask, { type: 'AgentLogin' }>> & { number?: number } = {}): string {
    const { number, ...rest } = more;
    const epoch = { number: number ?? Math.floor(WALL + this.site.world.now), desk: this.session };
    this.answering = { dn, epoch: rest.epoch ?? epoch };
    const outcome = this.outcome({
      type: 'AgentLogin',
      dn,
      AgentID: `100${dn.slice(-1)}`,
      queues: ['8000', '8001'],
      place: `place ${dn}`,
      token: `token ${this.person}`,
      epoch,
      stamp: this.newestStamp,
      workMode: 'AutoIn',
      ...rest,
    });
    if (outcome !== 'EventAgentLogin') this.answering = undefined;
    return outcome;
  }

  /** Names of the events since the last call, with their DN. */
  news(): string[] {
    return this.events.splice(0).map(({ name, attributes }) => `${name} ${attributes.ThisDN}`);
  }

  /** The network to the server is gone, and the server notices. */
  drop(): void {
    this.site.disconnect(this);
  }
}
