import { type Millis, type Random, seededRandom } from '@holdfast/kernel';
import { describe, expect, test } from 'vitest';
import { createResponse } from '../../message/build-message.ts';
import { headerValue } from '../../message/headers.ts';
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
import { readSdp } from './sdp.ts';

interface Party {
  take(now: Millis, bytes: Uint8Array, from: string): readonly PhoneEffect[];
  nextDeadline(): Millis | undefined;
  expire(now: Millis): readonly PhoneEffect[];
}

/** Hosts joined by a network that takes 5 ms, loses what it is told to lose, and carries bytes. */
class World {
  readonly random: Random;
  readonly parties = new Map<string, Party>();
  readonly down = new Set<string>();
  readonly #flying: { at: Millis; bytes: Uint8Array; from: string; to: string }[] = [];
  loss = 0;
  now: Millis = 0;

  constructor(seed = 1) {
    this.random = seededRandom(seed);
  }

  perform(host: string, effects: readonly PhoneEffect[]): void {
    for (const effect of effects) {
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

const realm = 'holdfast';
const WALL = 1_790_000_000_000;

/** A site that answers REGISTER as a SIP Server does, and nothing else. */
class Site implements Party {
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
class Phone implements Party {
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

function siteAt(host: string) {
  const target = { transport: 'UDP', host, port: 5060 } as const;
  return { site: host, registrar: `sip:${host}`, destination: { type: 'target', target } } as const;
}

function twoSites(seed = 1, registrar: RegistrarOptions = {}) {
  const world = new World(seed);
  return { world, north: new Site(world, 'north', registrar), south: new Site(world, 'south', registrar) };
}

describe('registration over the wire', () => {
  test('[PH4] a phone registers with SHA-256, and refreshes without another challenge while its nonce lives', () => {
    const { world, north } = twoSites();
    const phone = new Phone(world, '7001', { expires: 20 }).tell({ name: 'register' });
    world.run(55_000);
    expect(phone.news()).toEqual(['registered north']);
    expect(headerValue(north.requests[1] as SipRequest, 'authorization')).toContain('algorithm=SHA-256');
    expect(north.status.answered).toBeGreaterThanOrEqual(3);
    expect(north.status.challenged).toBe(1);
    world.run(200_000);
    expect(phone.news()).toEqual([]);
    expect(north.registrar.bindings('7001')).toHaveLength(1);
  });

  test('[C29] the nonce of one site serves at the other: moving costs no challenge that a shared key can save', () => {
    const { world, north, south } = twoSites();
    new Phone(world, '7001', { scheme: 'dual' }).tell({ name: 'register' });
    world.run(1000);
    expect([north.status.answered, south.status.answered]).toEqual([1, 1]);
    const authorized = north.requests.find((request) => headerValue(request, 'authorization') !== undefined);
    expect(south.challenger.check(WALL + 1000, authorized as SipRequest).name).toBe('authentic');
  });

  test.each(['single', 'dual', 'active-backup', 'fixed'] as const)(
    '[PH1] %s: through the loss of a site and its return',
    (scheme) => {
      const { world, north, south } = twoSites();
      const phone = new Phone(world, '7001', { scheme, expires: 30 }).tell({ name: 'register' });
      world.run(2000);
      expect(phone.node.registeredAt).toEqual(scheme === 'dual' ? ['north', 'south'] : ['north']);
      world.down.add('north');
      world.run(60_000);
      expect(phone.node.registeredAt).toEqual(scheme === 'fixed' ? [] : ['south']);
      world.down.delete('north');
      world.run(120_000);
      expect(phone.node.registeredAt).toEqual(scheme === 'dual' ? ['north', 'south'] : ['north']);
      expect(north.registrar.bindings('7001')).toHaveLength(1);
      expect(south.registrar.bindings('7001')).toHaveLength(scheme === 'dual' ? 1 : 0);
    },
  );

  test('[PH2] a dead site costs one attempt limit, and not the 32 seconds of Timer F', () => {
    const { world } = twoSites();
    world.down.add('north');
    const phone = new Phone(world, '7001').tell({ name: 'register' });
    world.run(5000);
    const registered = phone.facts.find((fact) => fact.name === 'registered');
    expect(registered).toMatchObject({ site: 'south' });
    expect(registered?.at).toBeLessThan(4500);
  });

  test('[PH1] with a third of all packets lost, phones of every scheme are registered where they should be', () => {
    const { world, north, south } = twoSites(3);
    world.loss = 0.33;
    const phones = (['single', 'dual', 'active-backup', 'fixed'] as const).map((scheme, i) =>
      new Phone(world, `700${i}`, { scheme }).tell({ name: 'register' }),
    );
    world.run(100_000);
    world.loss = 0;
    world.run(200_000);
    expect(phones.map((phone) => phone.node.registeredAt)).toEqual([
      ['north'],
      ['north', 'south'],
      ['north'],
      ['north'],
    ]);
    expect([north.registrar.size, south.registrar.size]).toEqual([4, 1]);
  });

  test('[C16] 423 is obeyed once; a registrar that always says it does not make the phone loop', () => {
    const { world, north } = twoSites(1, { minExpires: 90 });
    const phone = new Phone(world, '7001', { expires: 30, scheme: 'fixed' }).tell({ name: 'register' });
    world.run(5000);
    expect(phone.news()).toEqual(['registered north']);
    expect(north.registrar.bindings('7001')[0]?.expiresAt).toBeGreaterThan(85_000);

    const bad = twoSites();
    bad.north.special = (request) => createResponse(request, 423, { headers: [['Min-Expires', '90']] });
    new Phone(bad.world, '7001', { scheme: 'fixed' }).tell({ name: 'register' });
    bad.world.run(60_000);
    expect(bad.north.requests.length).toBeLessThan(8);
  });

  test('[C16] a wrong password asks seldom and never in a loop', () => {
    const { world, north } = twoSites();
    const phone = new Phone(world, '7001', { password: 'wrong', scheme: 'fixed' }).tell({ name: 'register' });
    world.run(300_000);
    expect(north.requests.length).toBeLessThan(25);
    expect(phone.news()).toContain('registrationFailed north');
  });

  test('[C27] 439 leaves outbound out and registers', () => {
    const { world, north } = twoSites();
    north.special = (request) =>
      headerValue(request, 'supported')?.includes('outbound') ? createResponse(request, 439) : undefined;
    const phone = new Phone(world, '7001', { instance: 'urn:uuid:7', scheme: 'fixed' }).tell({
      name: 'register',
    });
    world.run(3000);
    expect(phone.news()).toEqual(['registered north']);
    expect(north.registrar.bindings('7001')[0]).toMatchObject({ instance: '<urn:uuid:7>' });
    expect(north.registrar.bindings('7001')[0]?.regId).toBeUndefined();
  });

  test('[C31] Retry-After of 503 is obeyed to the second, and the phone comes back afterwards', () => {
    const { world, north } = twoSites();
    north.special = (request) =>
      createResponse(request, 503, { headers: [['Retry-After', '30 (maintenance)']] });
    const phone = new Phone(world, '7001', { scheme: 'fixed' }).tell({ name: 'register' });
    world.run(29_000);
    expect(north.requests).toHaveLength(1);
    north.special = () => undefined;
    world.run(40_000);
    expect(phone.node.registeredAt).toEqual(['north']);
  });

  test('[PH4] a stale nonce costs one more round and no failure', () => {
    const { world, north } = twoSites();
    const phone = new Phone(world, '7001', { expires: 300, scheme: 'fixed' }).tell({ name: 'register' });
    world.run(400_000);
    expect(phone.news()).toEqual(['registered north']);
    expect(north.status.challenged).toBeGreaterThan(1);
  });

  test('[PH6] unregister takes the bindings away at every site', () => {
    const { world, north, south } = twoSites();
    const phone = new Phone(world, '7001', { scheme: 'dual' }).tell({ name: 'register' });
    world.run(1000);
    phone.news();
    phone.tell({ name: 'unregister' });
    world.run(2000);
    expect([north.registrar.size, south.registrar.size]).toEqual([0, 0]);
    expect(phone.news()).toEqual(['lost north', 'lost south', 'unregistered']);
    world.run(100_000);
    expect(phone.nextDeadline()).toBeUndefined();
  });

  test('[C12] a phone that restarts on the same instance leaves one contact', () => {
    const { world, north } = twoSites();
    for (let boot = 0; boot < 5; boot++) {
      const port = 5060 + boot;
      const sentBy = () => ({ host: 'phone-7001', port });
      new Phone(world, '7001', { instance: 'urn:uuid:7', scheme: 'fixed', sentBy }).tell({
        name: 'register',
      });
      world.run(world.now + 5000);
    }
    expect(north.registrar.bindings('7001').map((binding) => binding.contact)).toEqual([
      'sip:7001@phone-7001:5064',
    ]);
  });
});

describe('calls', () => {
  /** Two phones that call each other directly. */
  function pair(callee: Partial<PhoneOptions> = {}, caller: Partial<PhoneOptions> = {}, seed = 1) {
    const world = new World(seed);
    const ada = new Phone(world, '7001', { scheme: 'none', answerAfterMs: 500, ...callee });
    const bob = new Phone(world, '7002', { scheme: 'none', sites: [siteAt('phone-7001')], ...caller });
    return { world, ada, bob };
  }

  const onlyMedia = (phone: Phone) => [...phone.media.values()].at(-1);

  test('[PH9] it rings, is answered after its time, RTP goes to the other side, and either side ends it', () => {
    for (const who of ['ada', 'bob'] as const) {
      const parties = pair();
      const { world, ada, bob } = parties;
      bob.tell({ name: 'call', to: '7001' });
      world.run(400);
      expect([ada.news(), bob.news()]).toEqual([['ringing'], ['dialing phone-7001', 'progress 180']]);
      world.run(1000);
      expect([ada.news(), bob.news()]).toEqual([['established'], ['established']]);
      expect(onlyMedia(ada)).toMatchObject({
        local: { port: 4000 },
        remote: { host: 'phone-7002', port: 4000, payload: 0 },
      });
      expect(onlyMedia(bob)).toMatchObject({
        remote: { host: 'phone-7001', port: 4000 },
        direction: 'sendrecv',
      });
      parties[who].tell({ name: 'hangup' });
      world.run(2000);
      expect(ada.news()).toEqual([`ended ${who === 'ada' ? 'local' : 'remote'} 0`]);
      expect(bob.news()).toEqual([`ended ${who === 'bob' ? 'local' : 'remote'} 0`]);
      expect([onlyMedia(ada)?.local, onlyMedia(bob)?.local]).toEqual([null, null]);
      expect([ada.node.calls, bob.node.calls]).toEqual([0, 0]);
      world.run(120_000);
      expect([ada.nextDeadline(), bob.nextDeadline()]).toEqual([undefined, undefined]);
    }
  });

  test('[PH9] answered by command, refused by command, or refused after a time', () => {
    const { world, ada, bob } = pair({ answerAfterMs: null, ringingMaxMs: 20_000 });
    const call = () => {
      bob.tell({ name: 'call', to: '7001' });
      world.run(world.now + 100);
    };
    call();
    ada.tell({ name: 'answer' });
    world.run(world.now + 100);
    expect(bob.news()).toEqual(['dialing phone-7001', 'progress 180', 'established']);
    bob.tell({ name: 'hangup' });
    world.run(world.now + 100);
    bob.news();
    call();
    ada.tell({ name: 'reject', status: 480 });
    world.run(world.now + 100);
    expect(bob.news().at(-1)).toBe('ended refused 480');
    call();
    world.run(world.now + 21_000);
    expect(bob.news().at(-1)).toBe('ended refused 480');
  });

  test('[PH9] the caller gives up while it rings: both phones are free', () => {
    const { world, ada, bob } = pair({ answerAfterMs: null });
    bob.tell({ name: 'call', to: '7001' });
    world.run(200);
    bob.tell({ name: 'hangup' });
    world.run(1000);
    expect(ada.news()).toEqual(['ringing', 'ended remote 487']);
    expect(bob.news().at(-1)).toBe('ended local 487');
    expect([ada.node.calls, bob.node.calls]).toEqual([0, 0]);
  });

  test('[PH10] a call beyond the lines gets 486, one for another number 404, one without common codec 488', () => {
    const { world, ada, bob } = pair(
      { media: { host: 'a', ports: [4000] } },
      { media: { host: 'b', ports: [1, 3, 5] } },
    );
    bob
      .tell({ name: 'call', to: '7001' })
      .tell({ name: 'call', to: '7001' })
      .tell({ name: 'call', to: 'sip:9@x' });
    world.run(300);
    expect(
      bob
        .news()
        .filter((fact) => fact.startsWith('ended'))
        .sort(),
    ).toEqual(['ended refused 404', 'ended refused 486']);
    expect(ada.node.calls).toBe(1);
    bob
      .tell({ name: 'call', to: '7001' })
      .tell({ name: 'call', to: '7001' })
      .tell({ name: 'call', to: '7001' });
    expect(bob.news().at(-1)).toBe('refusedCommand');
  });

  test('[PH11] hold and retrieve: RTP stops at both ends and goes on', () => {
    const { world, ada, bob } = pair();
    bob.tell({ name: 'call', to: '7001' });
    world.run(1000);
    bob.tell({ name: 'hold' });
    world.run(2000);
    expect([ada.news().at(-1), bob.news().at(-1)]).toEqual(['held remote', 'held local']);
    expect([onlyMedia(ada)?.remote, onlyMedia(ada)?.direction]).toEqual([null, 'recvonly']);
    expect(onlyMedia(bob)?.direction).toBe('sendonly');
    bob.tell({ name: 'hold' });
    expect(bob.news()).toEqual(['refusedCommand']);
    bob.tell({ name: 'retrieve' });
    world.run(3000);
    expect([ada.news().at(-1), bob.news().at(-1)]).toEqual(['retrieved remote', 'retrieved local']);
    expect(onlyMedia(ada)?.remote).toMatchObject({ host: 'phone-7002' });
    expect(ada.node.calls).toBe(1);
  });

  test('[C47] a call whose other side has vanished ends by itself', () => {
    const { world, ada, bob } = pair();
    bob.tell({ name: 'call', to: '7001' });
    world.run(1000);
    ada.news();
    world.down.add('phone-7002');
    world.run(90_000);
    expect(ada.news()).toEqual(['ended lost 0']);
    expect([ada.node.calls, onlyMedia(ada)?.local]).toEqual([0, null]);
  });

  test('[C47] … and one whose other side lives does not', () => {
    const { world, ada, bob } = pair();
    bob.tell({ name: 'call', to: '7001' });
    world.run(600_000);
    expect([ada.news(), bob.news()]).toEqual([
      ['ringing', 'established'],
      ['dialing phone-7001', 'progress 180', 'established'],
    ]);
  });

  test('[PH3] a caller whose first site is dead reaches the second, and a command may name the site', () => {
    const sites = [siteAt('phone-9999'), siteAt('phone-7001')];
    const { world, ada, bob } = pair({}, { sites });
    bob.tell({ name: 'call', to: '7001' });
    world.run(6000);
    expect(bob.news()).toEqual(['dialing phone-9999', 'dialing phone-7001', 'progress 180', 'established']);
    bob.tell({ name: 'hangup' });
    world.run(7000);
    bob.news();
    bob.tell({ name: 'call', to: '7001', site: 'phone-7001' });
    world.run(8000);
    expect(bob.news()[0]).toBe('dialing phone-7001');
    expect(ada.node.calls).toBe(1);
    world.run(120_000);
    expect([ada.node.calls, bob.node.calls]).toEqual([1, 1]);
  });

  test('[PH3] a registered phone calls through the site where it is registered, and not at all when at none', () => {
    const { world } = twoSites();
    const phone = new Phone(world, '7001').tell({ name: 'call', to: '1' });
    expect(phone.news()).toEqual(['refusedCommand']);
    phone.tell({ name: 'register' });
    world.down.add('north');
    world.run(6000);
    phone.news();
    phone.tell({ name: 'call', to: '1' });
    expect(phone.news()).toEqual(['dialing south']);
  });

  test('[PH12] calls survive a fifth of all packets lost, or end on both sides', () => {
    let established = 0;
    for (let seed = 0; seed < 30; seed++) {
      const { world, ada, bob } = pair({}, {}, seed);
      world.loss = 0.2;
      bob.tell({ name: 'call', to: '7001' });
      world.run(20_000);
      if (bob.facts.some((fact) => fact.name === 'established')) established++;
      bob.tell({ name: 'hangup' });
      world.run(200_000);
      expect([ada.node.calls, bob.node.calls], `seed ${seed}`).toEqual([0, 0]);
      expect([ada.nextDeadline(), bob.nextDeadline()], `seed ${seed}`).toEqual([undefined, undefined]);
    }
    expect(established).toBeGreaterThan(25);
  });

  test('[PH13] OPTIONS is answered with what the phone can do', () => {
    const { world, ada } = pair();
    const text = [
      'OPTIONS sip:7001@phone-7001 SIP/2.0',
      'Via: SIP/2.0/UDP north:5060;branch=z9hG4bKx',
      'From: <sip:north>;tag=1',
      'To: <sip:7001@phone-7001>',
      'Call-ID: o1',
      'CSeq: 1 OPTIONS',
      'Max-Forwards: 70',
      'Content-Length: 0',
    ].join('\r\n');
    const effects = ada.take(world.now, new TextEncoder().encode(`${text}\r\n\r\n`), 'north');
    const sent = effects.find((effect) => effect.type === 'transmit');
    expect(sent?.message).toMatchObject({ status: 200 });
    expect(sent && headerValue(sent.message, 'allow')).toContain('INVITE');
  });

  test('[PH13] the offer names both G.711 codecs, and the answer keeps to those of the offer', () => {
    const { world, bob } = pair();
    bob.tell({ name: 'call', to: '7001' });
    const offers: Uint8Array[] = [];
    world.parties.set('phone-7001', {
      take: (_now, bytes) => {
        const parsed = parseMessage(bytes);
        if (parsed.ok && parsed.message.body.length > 0) offers.push(parsed.message.body);
        return [];
      },
      nextDeadline: () => undefined,
      expire: () => [],
    });
    world.run(100);
    expect(readSdp(offers[0])).toEqual({
      host: 'phone-7002',
      port: 4000,
      direction: 'sendrecv',
      payloads: [0, 8],
    });
  });
});
