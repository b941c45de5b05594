/**
 * A small world for the tests of the phone: hosts on one virtual time line, a network that carries bytes and loses
 * what it is told to lose, sites that answer REGISTER as a SIP Server does, and phones with their shells.
 */
import { type Millis, type Random, seededRandom } from '@holdfast/kernel';
import type { LookupAnswer } from '../../locate/lookup.ts';
import { createResponse } from '../../message/build-message.ts';
import type { SipRequest } from '../../message/message.ts';
import { parseMessage } from '../../message/parse-message.ts';
import { serializeMessage } from '../../message/serialize-message.ts';
import { digestSecret } from '../digest.ts';
import { Challenger, type ChallengerOptions } from '../digest-challenger.ts';
import { portableHashes as hashes } from '../digest-hashes.ts';
import { Registrar } from '../registrar.ts';
import type { RegistrarOptions } from '../registrar-types.ts';
import { SipUserAgent } from '../user-agent.ts';
import type { UserAgentOutput } from '../user-agent-options.ts';
import { PhoneNode } from './phone-node.ts';
import type { PhoneCommand, PhoneEffect, PhoneFact, PhoneInput, PhoneOptions } from './phone-types.ts';

export interface Party {
  take(now: Millis, bytes: Uint8Array, from: string): readonly PhoneEffect[];
  lookedUp?(now: Millis, id: string, answer: LookupAnswer): readonly PhoneEffect[];
  nextDeadline(): Millis | undefined;
  expire(now: Millis): readonly PhoneEffect[];
}

/** Hosts joined by a network that takes 5 ms, loses what it is told to lose, and carries bytes. */
export class World {
  readonly random: Random;
  readonly parties = new Map<string, Party>();
  readonly down = new Set<string>();
  readonly #asked: { at: Millis; from: string; effect: Extract<PhoneEffect, { type: 'lookup' }> }[] = [];
  readonly #flying: { at: Millis; bytes: Uint8Array; from: string; to: string }[] = [];
  /** What a look-up is answered; anything else does not exist. */
  readonly dns = new Map<string, LookupAnswer>();
  /** Look-ups are lost. */
  mute = false;
  loss = 0;
  now: Millis = 0;

  constructor(seed = 1) {
    this.random = seededRandom(seed);
  }

  perform(host: string, effects: readonly PhoneEffect[]): void {
    for (const effect of effects) {
      if (effect.type === 'lookup' && !this.mute) this.#asked.push({ at: this.now + 5, from: host, effect });
      if (effect.type !== 'transmit' || this.random() < this.loss) continue;
      this.#flying.push({
        at: this.now + 5,
        bytes: serializeMessage(effect.message),
        from: host,
        to: effect.target.host,
      });
    }
  }

  run(until: Millis): void {
    for (;;) {
      const packet = this.#flying[0];
      let [due, at] = ['', packet?.at ?? Number.POSITIVE_INFINITY];
      for (const [host, party] of this.parties) {
        const deadline = this.down.has(host) ? undefined : party.nextDeadline();
        if (deadline !== undefined && deadline < at) [due, at] = [host, deadline];
      }
      const asked = this.#asked[0];
      if (asked !== undefined && asked.at <= Math.min(at, until)) {
        this.#asked.shift();
        this.now = Math.max(this.now, asked.at);
        const { id, record, name } = asked.effect;
        const answer = this.dns.get(`${record} ${name}`) ?? { type: 'none', ttlS: 0 };
        this.perform(asked.from, this.parties.get(asked.from)?.lookedUp?.(this.now, id, answer) ?? []);
        continue;
      }
      if (at > until) break;
      this.now = Math.max(this.now, at);
      if (due !== '') this.perform(due, this.parties.get(due)?.expire(this.now) ?? []);
      else if (packet !== undefined) {
        this.#flying.shift();
        const party =
          this.down.has(packet.to) || this.down.has(packet.from) ? undefined : this.parties.get(packet.to);
        if (party !== undefined) this.perform(packet.to, party.take(this.now, packet.bytes, packet.from));
      }
    }
    this.now = until;
  }
}

export const realm = 'holdfast';
export const WALL = 1_790_000_000_000;

/** A site that answers REGISTER as a SIP Server does, and nothing else. */
export class Site implements Party {
  readonly registrar: Registrar;
  readonly challenger: Challenger;
  readonly requests: SipRequest[] = [];
  readonly #userAgent: SipUserAgent;
  /** Answers in place of the registrar while it answers something. */
  special: (request: SipRequest) => ReturnType<typeof createResponse> | undefined = () => undefined;
  status = { answered: 0, challenged: 0 };

  constructor(
    world: World,
    host: string,
    registrar: RegistrarOptions = {},
    challenger: Partial<ChallengerOptions> = {},
  ) {
    this.registrar = new Registrar(registrar);
    const credentials = (user: string) => {
      const account = { user, realm, password: `secret of ${user}` };
      return { md5: digestSecret(hashes, 'MD5', account), sha256: digestSecret(hashes, 'SHA-256', account) };
    };
    this.challenger = new Challenger({
      realm,
      hashes,
      keys: { current: 'k' },
      maker: host,
      credentials,
      ...challenger,
    });
    const address = { host, port: 5060 };
    this.#userAgent = new SipUserAgent({
      random: world.random,
      sentBy: () => address,
      contact: `sip:${host}`,
    });
    world.parties.set(host, this);
  }

  take(now: Millis, bytes: Uint8Array, from: string): readonly PhoneEffect[] {
    const parsed = parseMessage(bytes);
    if (!parsed.ok) throw new Error(parsed.reason);
    const source = { transport: 'UDP', host: from, port: 5060, flow: 'udp' } as const;
    return this.#settle(now, this.#userAgent.receive(now, parsed.message, source));
  }

  nextDeadline(): Millis | undefined {
    return this.#userAgent.nextDeadline();
  }

  expire(now: Millis): readonly PhoneEffect[] {
    return this.#settle(now, this.#userAgent.expire(now));
  }

  #settle(now: Millis, output: UserAgentOutput): readonly PhoneEffect[] {
    const effects: PhoneEffect[] = [...output.effects];
    for (const event of output.events) {
      if (event.type !== 'request') continue;
      const { transaction, request, source } = event;
      this.requests.push(request);
      const { status, reason, headers } = this.special(request) ?? this.#register(now, request, source);
      const lines = headers
        .filter(({ key }) => !['via', 'from', 'to', 'call-id', 'cseq'].includes(key))
        .map(({ name, value }) => [name, value] as const);
      effects.push(...this.#userAgent.respond(now, transaction, status, { reason, headers: lines }).effects);
    }
    return effects;
  }

  #register(now: Millis, request: SipRequest, source: Parameters<Registrar['handle']>[2]) {
    const verdict = this.challenger.check(WALL + now, request);
    if (verdict.name === 'authentic') {
      this.status.answered++;
      return this.registrar.handle(now, request, source).response;
    }
    this.status.challenged++;
    return createResponse(request, verdict.status, {
      headers: verdict.name === 'challenge' ? verdict.headers : [],
    });
  }
}

/** A phone with its shell: keeps the facts and the state of RTP. */
export class Phone implements Party {
  readonly node: PhoneNode;
  readonly facts: PhoneFact[] = [];
  readonly media = new Map<string, Extract<PhoneEffect, { type: 'media' }>>();
  readonly #world: World;
  readonly #host: string;

  constructor(world: World, number: string, more: Partial<PhoneOptions> = {}) {
    this.#world = world;
    this.#host = `phone-${number}`;
    this.node = new PhoneNode({
      number,
      domain: realm,
      password: `secret of ${number}`,
      scheme: 'active-backup',
      sites: ['north', 'south'].map((site) => siteAt(site)),
      hashes,
      random: world.random,
      sentBy: () => ({ host: this.#host, port: 5060 }),
      media: { host: this.#host, ports: [4000, 4002] },
      ...more,
    });
    world.parties.set(this.#host, this);
  }

  tell(command: PhoneCommand): this {
    this.#do({ type: 'command', command });
    return this;
  }

  /** The shell says that a connection is gone. */
  lose(flow: string): void {
    this.#do({ type: 'transportFailed', flow });
  }

  #do(input: PhoneInput): void {
    this.#world.perform(this.#host, this.#note(this.node.handle(this.#world.now, input)));
  }

  take(now: Millis, bytes: Uint8Array, from: string): readonly PhoneEffect[] {
    const source = { transport: 'UDP', host: from, port: 5060, flow: 'udp' } as const;
    const parsed = parseMessage(bytes);
    const input: PhoneInput = parsed.ok
      ? { type: 'sip', message: parsed.message, source }
      : { type: 'malformed', failure: parsed, source };
    return this.#note(this.node.handle(now, input));
  }

  lookedUp(now: Millis, id: string, answer: LookupAnswer): readonly PhoneEffect[] {
    return this.#note(this.node.handle(now, { type: 'lookedUp', id, answer }));
  }

  nextDeadline(): Millis | undefined {
    return this.node.nextDeadline();
  }

  expire(now: Millis): readonly PhoneEffect[] {
    return this.#note(this.node.expire(now));
  }

  #note(effects: readonly PhoneEffect[]): readonly PhoneEffect[] {
    for (const effect of effects) {
      if (effect.type === 'phone') this.facts.push(effect.fact);
      else if (effect.type === 'media') this.media.set(effect.leg, effect);
    }
    return effects;
  }

  /** Names of the facts since the last call, with what tells them apart. */
  news(): string[] {
    return this.facts.splice(0).map((fact) => {
      if ('site' in fact) return `${fact.name} ${fact.site}`;
      if (fact.name === 'ended') return `ended ${fact.by} ${fact.status}`;
      if (fact.name === 'held' || fact.name === 'retrieved') return `${fact.name} ${fact.by}`;
      return fact.name === 'progress' ? `progress ${fact.status}` : fact.name;
    });
  }
}

export function siteAt(host: string) {
  const target = { transport: 'UDP', host, port: 5060 } as const;
  return { site: host, registrar: `sip:${host}`, destination: { type: 'target', target } } as const;
}

export function twoSites(seed = 1, registrar: RegistrarOptions = {}) {
  const world = new World(seed);
  return { world, north: new Site(world, 'north', registrar), south: new Site(world, 'south', registrar) };
}
