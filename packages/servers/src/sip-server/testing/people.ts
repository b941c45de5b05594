/** Phones and hand-driven user agents in the world of the tests. */
import { type Millis, must } from '@holdfast/kernel';
import {
  answerChallenge,
  createRequest,
  type InviteOptions,
  type LegId,
  type ParseFailure,
  type PhoneCommand,
  type PhoneEffect,
  type PhoneFact,
  type PhoneInput,
  PhoneNode,
  type PhoneOptions,
  portableHashes,
  type SipMessage,
  SipUserAgent,
  type Source,
  type TransportName,
  type UserAgentEvent,
  type UserAgentOptions,
  type UserAgentOutput,
  writeSdp,
} from '@holdfast/sip';
import { passwordOf, REALM, SERVER } from './server-site.ts';
import { type Party, SIP_PORT, type World } from './server-world.ts';

/** A phone with its shell: keeps the facts and the state of RTP. */
export class Phone implements Party {
  readonly host: string;
  readonly world: World;
  readonly node: PhoneNode;
  readonly facts: PhoneFact[] = [];
  readonly media = new Map<string, Extract<PhoneEffect, { type: 'media' }>>();

  constructor(world: World, number: string, more: Partial<PhoneOptions> & { host?: string } = {}) {
    this.world = world;
    this.host = more.host ?? `10.0.1.${Number(number.slice(-2))}`;
    const transport = more.transport ?? 'UDP';
    const target = { transport, host: SERVER, port: SIP_PORT } as const;
    this.node = new PhoneNode({
      number,
      domain: REALM,
      password: passwordOf(number),
      scheme: 'dual',
      sites: [{ site: 'north', registrar: `sip:${REALM}`, destination: { type: 'target', target } }],
      expires: 60,
      // They register when the test says so.
      registration: { moveJitterMs: 0 },
      hashes: portableHashes,
      random: world.random,
      sentBy: () => ({ host: this.host, port: SIP_PORT }),
      media: { host: this.host, ports: [4000, 4002] },
      ...more,
    });
    world.add(this);
  }

  tell(command: PhoneCommand): this {
    this.#do({ type: 'command', command });
    return this;
  }

  #do(input: PhoneInput): void {
    this.#note(this.node.handle(this.world.now, input));
    this.world.touch(this);
  }

  sip(message: SipMessage, source: Source): void {
    this.#do({ type: 'sip', message, source });
  }

  malformed(failure: ParseFailure, source: Source): void {
    this.#do({ type: 'malformed', failure, source });
  }

  failed(what: { readonly transaction?: string; readonly flow?: string }): void {
    this.#do({ type: 'transportFailed', ...what });
  }

  nextDeadline(): Millis | undefined {
    return this.node.nextDeadline();
  }

  wake(): void {
    this.#note(this.node.expire(this.world.now));
  }

  #note(effects: readonly PhoneEffect[]): void {
    for (const effect of effects) {
      if (effect.type === 'transmit') this.world.transmit(this, effect);
      else if (effect.type === 'phone') this.facts.push(effect.fact);
      else if (effect.type === 'media') this.media.set(effect.leg, effect);
    }
  }

  /** Names of the facts since the last call, with what tells them apart. */
  news(): string[] {
    return this.facts.splice(0).map((fact) => {
      if (fact.name === 'ended') return `ended ${fact.by} ${fact.status}`;
      if (fact.name === 'held' || fact.name === 'retrieved') return `${fact.name} ${fact.by}`;
      return fact.name === 'progress' ? `progress ${fact.status}` : fact.name;
    });
  }

  /** Where the sound of this phone goes, for each call that stands. */
  hears(): string[] {
    return [...this.media.values()]
      .filter(({ local }) => local !== null)
      .map(({ remote, direction }) => (remote === null ? direction : `${remote.host}:${remote.port}`));
  }
}

/** A caller behind the trunk: a phone without registration at the gateway's address. */
export function callerAt(
  world: World,
  host: string,
  number: string,
  more: Partial<PhoneOptions> = {},
): Phone {
  return new Phone(world, number, { scheme: 'none', host, ...more });
}

/** A user agent that does what a test tells it, and nothing else. */
export class Peer implements Party {
  readonly host: string;
  readonly world: World;
  readonly userAgent: SipUserAgent;
  readonly events: UserAgentEvent[] = [];
  readonly #number: string;
  /** Called with each event, at once. */
  react: (event: UserAgentEvent) => void = () => {};

  constructor(world: World, number: string, host: string, more: Pick<UserAgentOptions, 'overload'> = {}) {
    this.world = world;
    this.host = host;
    this.#number = number;
    this.userAgent = new SipUserAgent({
      random: world.random,
      sentBy: () => ({ host, port: SIP_PORT }),
      contact: this.contact('UDP'),
      forwards: false,
      ...more,
      answerChallenge: (challenges, request) => {
        const answer = answerChallenge(challenges, { ...request, hashes: portableHashes, cnonce: 'c' });
        return answer.name === 'answer' ? answer.value : undefined;
      },
    });
    world.add(this);
  }

  contact(transport: TransportName): string {
    const parameter = transport === 'UDP' ? '' : `;transport=${transport.toLowerCase()}`;
    return `sip:${this.#number}@${this.host}:${SIP_PORT}${parameter}`;
  }

  /** One order to the user agent. */
  do(output: UserAgentOutput): void {
    for (const effect of output.effects) if (effect.type === 'transmit') this.world.transmit(this, effect);
    this.world.touch(this);
    for (const event of output.events) {
      this.events.push(event);
      this.react(event);
    }
  }

  sip(message: SipMessage, source: Source): void {
    this.do(this.userAgent.receive(this.world.now, message, source));
  }

  malformed(failure: ParseFailure, source: Source): void {
    this.do(this.userAgent.receiveMalformed(this.world.now, failure, source));
  }

  failed(what: { readonly transaction?: string; readonly flow?: string }): void {
    this.do(this.userAgent.transportFailed(this.world.now, what));
  }

  nextDeadline(): Millis | undefined {
    return this.userAgent.nextDeadline();
  }

  wake(): void {
    this.do(this.userAgent.expire(this.world.now));
  }

  /** A request outside any call; gives back the status of its answer once that has come. */
  request(
    method: string,
    more: {
      readonly uri?: string;
      readonly headers?: readonly (readonly [string, string])[];
      readonly body?: Uint8Array;
      readonly transport?: TransportName;
      readonly server?: string;
      /** Of its address of record; the realm where absent. */
      readonly domain?: string;
      readonly credentials?: { readonly user: string; readonly password: string } | null;
    } = {},
  ): number {
    const address = `sip:${this.#number}@${more.domain ?? REALM}`;
    const headers: (readonly [string, string])[] = [
      ['Max-Forwards', '70'],
      ['From', `<${address}>;tag=${Math.floor(this.world.random() * 1e9)}`],
      ['To', `<${address}>`],
      ['Call-ID', `${method}-${Math.floor(this.world.random() * 1e9)}`],
      ['CSeq', `1 ${method}`],
    ];
    headers.push(...(more.headers ?? []));
    const host = more.server ?? SERVER;
    const target = { transport: more.transport ?? 'UDP', host, port: SIP_PORT } as const;
    const credentials =
      more.credentials === undefined
        ? { user: this.#number, password: passwordOf(this.#number) }
        : more.credentials;
    const { transaction, output } = this.userAgent.sendRequest(
      this.world.now,
      createRequest({
        method,
        uri: more.uri ?? `sip:${REALM}`,
        headers,
        ...(more.body !== undefined && { body: more.body }),
      }),
      { type: 'target', target },
      credentials === null ? {} : { credentials },
    );
    this.do(output);
    this.world.run(100);
    const response = this.events.find(
      (event) => event.type === 'response' && event.transaction === transaction,
    );
    return response?.type === 'response' ? response.status : 0;
  }

  /** Registers this contact, or those given. */
  register(
    more: {
      contacts?: readonly string[];
      expires?: number;
      transport?: TransportName;
      server?: string;
      domain?: string;
    } = {},
  ): number {
    const { expires = 60, transport = 'UDP', server = SERVER, domain = REALM } = more;
    const contacts = more.contacts ?? [this.contact(transport)];
    const headers = contacts.map((uri) => ['Contact', `<${uri}>;expires=${expires}`] as const);
    return this.request('REGISTER', { headers, transport, server, domain });
  }

  /** Calls a number at the server; without `sdp` an INVITE without an offer. */
  call(to: string, more: Partial<InviteOptions> & { port?: number; offerless?: boolean } = {}): LegId {
    const { port = 5000, offerless, ...options } = more;
    const target = { transport: 'UDP', host: SERVER, port: SIP_PORT } as const;
    const { leg, output } = this.userAgent.invite(this.world.now, {
      uri: `sip:${to}@${SERVER}`,
      destination: { type: 'target', target },
      from: `<sip:${this.#number}@${REALM}>`,
      to: `<sip:${to}@${REALM}>`,
      contact: this.contact('UDP'),
      credentials: { user: this.#number, password: passwordOf(this.#number) },
      ...(offerless === true ? {} : { sdp: this.sdp(port) }),
      ...options,
    });
    this.do(output);
    return leg;
  }

  sdp(port = 5000, direction: 'sendrecv' | 'sendonly' | 'inactive' = 'sendrecv', version = 1): Uint8Array {
    return writeSdp({ host: this.host, port, direction, session: port, version });
  }

  /** The newest event of this type, which must have come. */
  last<Type extends UserAgentEvent['type']>(type: Type): Extract<UserAgentEvent, { type: Type }> {
    const found = this.events.findLast((event) => event.type === type);
    return must(found, `no event ${type}`) as Extract<UserAgentEvent, { type: Type }>;
  }

  types(): string[] {
    return this.events.map((event) =>
      event.type === 'failed' || event.type === 'offerAnswered' || event.type === 'progress'
        ? `${event.type} ${event.status}`
        : event.type,
    );
  }
}
