import { checkCentre } from '@holdfast/centre';
import { must, type Random, randomInteger } from '@holdfast/kernel';
import { PROTOCOL_VERSION } from '@holdfast/protocol';
import { describe, expect, it } from 'vitest';
import { leftovers, NOTHING } from './testing/centre-world.ts';
import { Desk } from './testing/desk.ts';
import { callerAt, Phone } from './testing/people.ts';
import { configurationOf, extension, queue, Site, trunk } from './testing/server-site.ts';
import { World } from './testing/server-world.ts';

const CALLS = 2_000;
const AGENTS = ['7001', '7002', '7003', '7004'];
const PEOPLE = ['ada', 'bob', 'cyd', 'dan'];
/** Without a desk: they call and are called. */
const OTHERS = ['7005', '7006'];
const CALLERS = Array.from({ length: 8 }, (_, i) => `10.0.9.${i + 1}`);

function pick<T>(random: Random, from: readonly T[]): T {
  return from[Math.floor(random() * from.length)] as T;
}

/** A day in a centre in which everything goes wrong a little: nobody is careful, and the network loses packets. */
class Day {
  readonly world: World;
  readonly site: Site;
  board: Desk;
  readonly phones: Phone[];
  readonly callers: Phone[];
  readonly #desks = new Map<string, Desk>();
  #calls = 0;

  readonly #takeovers: number;

  /** `takeovers` is how probable it is that the server dies in any 5 s, and its mate goes on. */
  constructor(seed: number, takeovers = 0) {
    this.#takeovers = takeovers;
    const world = new World(seed);
    this.world = world;
    const dns = [
      ...[...AGENTS, ...OTHERS].map(extension),
      queue('8000', { noAnswerMs: 4_000, waitingMax: 4, waitMaxMs: 20_000, overflowDN: '8001' }),
      queue('8001', { noAnswerMs: 3_000, noAnswerNotReady: false, treatment: 'ringback', waitingMax: 6 }),
      queue('8002', { treatment: 'tone', noAnswerNotReady: false, waitMaxMs: 10_000, overflowDN: '7005' }),
      { number: '8900', type: 'RoutingPoint' as const, name: 'route', routeTo: '8000' },
      ...CALLERS.map((host, i) => trunk(`900${i}`, host)),
    ];
    const centre = { ...configurationOf().centre, wrapUpMs: 1_000 };
    this.site = new Site(world, configurationOf({ dns, centre, ringingMaxMs: 15_000 }), {
      isFollowed: takeovers > 0,
    });
    this.board = new Desk(this.site, 'sue', 'session-board');
    this.board.register();
    this.board.ask({ type: 'RegisterAll' });
    this.phones = [...AGENTS, ...OTHERS].map((number) =>
      new Phone(world, number, { answerAfterMs: 500 }).tell({ name: 'register' }),
    );
    this.callers = CALLERS.map((host, i) =>
      callerAt(world, host, `49301${i}`, {
        media: { host, ports: [4000, 4002, 4004, 4006] },
        answerAfterMs: 900,
      }),
    );
    world.run(1_000);
    world.loss = 0.05;
    world.repeated = 0.02;
    world.jitterMs = 30;
  }

  /** Makes `calls` calls, and things happen to them. */
  run(calls: number): void {
    for (const [i, dn] of AGENTS.entries()) this.#work(PEOPLE[i] as string, dn);
    this.#nextCall(calls);
    this.#nextMishap(calls);
    while (this.#calls < calls) {
      this.world.run(5_000);
      expect(checkCentre(this.site.node.parts.centre)).toEqual([]);
      if (this.#takeovers > 0 && this.world.random() < this.#takeovers) this.#takeOver();
    }
  }

  /** The board comes back with the position that it holds, and misses nothing (SS51). */
  #takeOver(): void {
    const { events, session } = this.board;
    const resume = must(events.at(-1), 'something has happened').position;
    this.site.takeOver();
    expect(checkCentre(this.site.node.parts.centre)).toEqual([]);
    this.board = new Desk(this.site, 'sue', session);
    expect(this.board.register({ resume })).toMatchObject({ type: 'ServerInfo', resumed: true });
    this.board.events.unshift(...events);
  }

  #nextCall(calls: number): void {
    if (this.#calls++ >= calls) return;
    const { random } = this.world;
    const isInside = random() < 0.2;
    const phone = pick(random, isInside ? this.phones : this.callers);
    const to = pick(random, [
      '8000',
      '8001',
      '8002',
      '8900',
      '8000',
      '8001',
      ...AGENTS,
      ...OTHERS,
      '0815',
      '49301',
    ]);
    phone.tell({ name: 'call', to });
    const patience = pick(random, [50, 400, 1_500, 6_000, 20_000]) * (0.5 + random());
    this.world.after(patience, () => phone.tell({ name: 'hangup' }));
    this.world.after(randomInteger(random, 20, 900), () => this.#nextCall(calls));
  }

  #nextMishap(calls: number): void {
    if (this.#calls >= calls) return;
    const { world } = this;
    const { random } = world;
    const phone = pick(random, [...this.phones, ...this.callers]);
    const what = pick(random, [
      'hold',
      'retrieve',
      'hangup',
      'reject',
      'answer',
      'cut',
      'habit',
      'desk',
      'announcer',
    ]);
    if (what === 'cut') {
      if (random() < 0.7) return this.#again(calls);
      world.cut.add(phone.host);
      world.after(randomInteger(random, 500, 50_000), () => world.cut.delete(phone.host));
    } else if (what === 'habit') {
      phone.tell({ name: 'answerAfter', ms: pick(random, [0, 20, 300, 2_990, 3_010, 4_000, null]) });
    } else if (what === 'announcer') this.site.announcerMs = pick(random, [0, 0, 0, 30, 2_000, null]);
    else if (what === 'desk') this.#meddle();
    else phone.tell({ name: what as 'hold' | 'retrieve' | 'hangup' | 'reject' | 'answer' });
    this.#again(calls);
  }

  #again(calls: number): void {
    this.world.after(randomInteger(this.world.random, 20, 800), () => this.#nextMishap(calls));
  }

  /** A desk does something that it may or may not do now. */
  #meddle(): void {
    const { random } = this.world;
    const dn = pick(random, AGENTS);
    const desk = this.#desks.get(dn);
    if (desk === undefined) return;
    const ConnID = [...this.site.node.parts.calls.calls()].at(-1)?.connId ?? 'none';
    const ReferenceID = randomInteger(random, 1_000, 1e9);
    switch (pick(random, ['ready', 'notReady', 'release', 'attach', 'make', 'silent', 'drop'])) {
      case 'ready':
        return desk.send({ type: 'AgentReady', ReferenceID, dn });
      case 'notReady':
        return desk.send({ type: 'AgentNotReady', ReferenceID, dn });
      case 'release':
        return desk.send({ type: 'ReleaseCall', ReferenceID, dn, ConnID });
      case 'attach':
        return desk.send({
          type: 'AttachUserData',
          ReferenceID,
          dn,
          ConnID,
          userData: { n: `${ReferenceID}` },
        });
      case 'make':
        return desk.send({
          type: 'MakeCall',
          ReferenceID,
          dn,
          destination: pick(random, ['8001', '7005', '0815']),
        });
      case 'silent':
        desk.answering = undefined;
        return;
      case 'drop':
        return desk.drop();
    }
  }

  /** Logs in, and logs in again whenever that is over. */
  #work(person: string, dn: string): void {
    const { world, site } = this;
    const agent = site.node.parts.centre.agentOn(dn);
    if (agent?.person !== person || !agent.routable) {
      this.#desks.get(dn)?.drop();
      const desk = new Desk(site, person, `desk-of-${person}`);
      this.#desks.set(dn, desk);
      desk.send({
        type: 'RegisterClient',
        ReferenceID: 1,
        application: 'desk',
        session: desk.session,
        version: PROTOCOL_VERSION,
        addpTimeoutMs: 10_000,
        token: `token ${person}`,
      });
      desk.send({ type: 'RegisterAddress', ReferenceID: 2, dn });
      world.after(20, () => this.#login(desk, person, dn));
    } else if (agent.state === 'NotReady' && world.random() < 0.5) {
      this.#desks.get(dn)?.send({ type: 'AgentReady', ReferenceID: 3, dn });
    }
    world.after(randomInteger(world.random, 1_000, 6_000), () => this.#work(person, dn));
  }

  #login(desk: Desk, person: string, dn: string): void {
    const stamp = desk.stamps.at(-1);
    if (stamp === undefined) return;
    const epoch = { number: 1_790_000_000_000 + Math.ceil(this.world.now), desk: desk.session };
    const queues = ['8000', '8001', '8002'];
    desk.send({
      type: 'AgentLogin',
      ReferenceID: 4,
      dn,
      AgentID: `100${dn.slice(-1)}`,
      queues,
      place: `place ${dn}`,
      token: `token ${person}`,
      epoch,
      stamp,
      workMode: 'AutoIn',
    });
    desk.answering = { dn, epoch };
  }
}

/** Of each call on each DN: the events that open something, and those that close it. */
function unclosed(events: Desk['events'], opens: string, closes: readonly string[]): string[] {
  const open = new Map<string, number>();
  for (const { name, attributes } of events) {
    const key = `${attributes.ConnID} on ${attributes.ThisDN}`;
    if (name === opens) open.set(key, (open.get(key) ?? 0) + 1);
    else if (closes.includes(name)) open.set(key, (open.get(key) ?? 0) - 1);
  }
  return [...open].filter(([, count]) => count !== 0).map(([key, count]) => `${key}: ${count}`);
}

/** The world heals, and everybody goes home. */
function goHome({ world, site, phones, callers }: Day): void {
  world.loss = 0;
  world.repeated = 0;
  world.jitterMs = 0;
  world.cut.clear();
  site.announcerMs = 0;
  world.run(120_000);
  for (const phone of [...phones, ...callers])
    for (let lines = 0; lines < 4; lines++) phone.tell({ name: 'hangup' });
  world.run(60_000);
}

/** Nothing is left anywhere, and every event that opened something has one that closed it. */
function expectAllOver(day: Day): void {
  const { site, board } = day;
  const phones = [...day.phones, ...day.callers];
  expect(phones.map((phone) => phone.node.calls)).toEqual(phones.map(() => 0));
  const { events } = board;
  expect(leftovers(day)).toEqual(NOTHING);
  const on = (what: (dn: string, role: string | undefined) => boolean) =>
    events.filter(({ attributes }) => what(attributes.ThisDN, attributes.ThisDNRole));
  const queued = on((dn) => dn.startsWith('8'));
  expect(unclosed(queued, 'EventQueued', ['EventDiverted', 'EventAbandoned'])).toEqual([]);
  const called = on((dn, role) => !dn.startsWith('8') && role === 'RoleDestination');
  expect(unclosed(called, 'EventRinging', ['EventReleased', 'EventAbandoned'])).toEqual([]);
  const calling = on((_dn, role) => role === 'RoleOrigination');
  expect(unclosed(calling, 'EventDialing', ['EventReleased'])).toEqual([]);
  expect(checkCentre(site.node.parts.centre)).toEqual([]);
}

describe('2,000 calls of careless people over a link that loses, repeats and reorders', () => {
  it.each([1, 5])(
    '[SS29] all end, leave nothing, and no queue entry is without an end (seed %i)',
    (seed) => {
      const day = new Day(seed);
      day.run(CALLS);
      goHome(day);
      const established = day.board.events.filter(({ name }) => name === 'EventEstablished');
      expect(established.length).toBeGreaterThan(CALLS / 5);
      const counters = day.site.node.parts.centre.counters();
      for (const { answered, abandoned, redirected } of counters)
        expect(Math.min(answered, abandoned, redirected)).toBeGreaterThan(0);
      expectAllOver(day);
    },
    60_000,
  );

  it.each([2, 3])(
    '[SS50] [SS51] the same while the server dies again and again and its mate goes on (seed %i)',
    (seed) => {
      const day = new Day(seed, 0.3);
      day.run(CALLS / 2);
      goHome(day);
      expect(new Set(day.board.events.map(({ position }) => position.epoch)).size).toBeGreaterThan(10);
      expect(day.board.events.map(({ position }) => position.number)).toEqual(
        day.board.events.map((_, index) => index + 1),
      );
      expectAllOver(day);
    },
    60_000,
  );
});
