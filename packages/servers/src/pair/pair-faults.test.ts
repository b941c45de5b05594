/** What has broken in pairs of other systems, tried on ours: docs/field-cases.md. */
import { checkCentre } from '@holdfast/centre';
import { must } from '@holdfast/kernel';
import { describe, expect, it } from 'vitest';
import { CALLER_NUMBER } from '../sip-server/testing/centre-world.ts';
import { Desk } from '../sip-server/testing/desk.ts';
import { callerAt, Phone } from '../sip-server/testing/people.ts';
import { configurationOf, extension, trunk } from '../sip-server/testing/server-site.ts';
import { World } from '../sip-server/testing/server-world.ts';
import { type MemberName, PairSite } from './testing/pair-site.ts';
import { isInStep, pairWorld, runUntil } from './testing/pair-world.ts';

const OTHER = { a: 'b', b: 'a' } as const;

/** A pair with so many phones that answer by themselves, and as many callers behind trunks of their own. */
function busyWorld(phones: number) {
  const numbers = Array.from({ length: phones }, (_, n) => String(7_001 + n));
  const hosts = numbers.map((_, n) => `10.0.9.${n + 1}`);
  const own = configurationOf().dns.filter(({ type }) => type !== 'Extension' && type !== 'Trunk');
  const trunks = hosts.map((host, n) => trunk(String(9_001 + n), host));
  const world = new World();
  const site = new PairSite(world, { dns: [...own, ...numbers.map(extension), ...trunks] });
  const called = numbers.map((number) =>
    new Phone(world, number, { answerAfterMs: 500 }).tell({ name: 'register' }),
  );
  const callers = hosts.map((host, n) => callerAt(world, host, `${CALLER_NUMBER}${n}`));
  runUntil(site, () => isInStep(site));
  world.run(2_000);
  for (const phone of called) phone.news();
  return { world, site, numbers, called, callers };
}

describe('a member that joins', () => {
  it('[C01] serves nobody before it holds everything, and then knows every phone', () => {
    const { world, site, numbers, callers } = busyWorld(8);
    site.kill('b');
    world.run(1_000);
    site.start('b');
    let joining = 0;
    runUntil(site, () => {
      const { store, server } = site.node('b').parts;
      if (!store.isComplete) joining += 1;
      expect(server).toBeUndefined();
      return isInStep(site);
    });
    expect(joining).toBeGreaterThan(0);
    expect(site.node('b').parts.store.isComplete).toBe(true);
    site.kill('a');
    runUntil(site, () => site.acting()[0] === 'b');
    const { registrations } = site.server.parts;
    expect(numbers.filter((number) => registrations.contactsOf(number).length !== 1)).toEqual([]);
    const [caller] = callers;
    caller?.tell({ name: 'call', to: '7008' });
    world.run(2_000);
    expect(caller?.news()).toContain('established');
  });

  it('[OP1] takes no role that it is offered before it holds everything: no event is missing in what it goes on with', () => {
    const { world, site } = busyWorld(120);
    site.kill('b');
    world.run(1_000);
    const told = site.logs.length;
    site.operator('a', 'demote');
    site.start('b');
    runUntil(site, () => site.acting()[0] === 'b');
    const [taken] = site.logs.slice(told).filter(({ what }) => what === 'takes over');
    expect(taken).toBeDefined();
    expect(taken?.because).not.toBe('what it holds is not known to be complete');
  });

  it('[SS51] turns away whom its port still let in: nobody waits for an answer of a member that does not serve', () => {
    const { world, site } = pairWorld();
    runUntil(site, () => isInStep(site));
    const standby = site.node(OTHER[must(site.acting()[0], 'one acts')]);
    const client = { connection: 'late' } as const;
    const asks = { type: 'Ping', n: 1 } as const;
    const turnedAway = { type: 'close', connection: 'late', why: 'this member of the pair does not serve' };
    expect(standby.handle(world.now, { type: 'opened', ...client })).toContainEqual(turnedAway);
    expect(standby.handle(world.now, { type: 'message', ...client, message: asks })).toContainEqual(
      turnedAway,
    );
  });

  it('[C02] again and again before anybody missed it breaks nothing at the other', () => {
    const { world, site, ada, caller } = pairWorld();
    caller.tell({ name: 'call', to: '8000' });
    world.run(2_000);
    expect(ada.news()).toEqual(['ringing', 'established']);
    for (let times = 0; times < 100; times++) {
      site.kill('b');
      world.run(10 + times);
      site.start('b');
      // From in the middle of joining to long afterwards.
      world.run(times % 3 === 0 ? 150 : 700);
      expect(site.acting()).toEqual(['a']);
    }
    runUntil(site, () => isInStep(site));
    expect(checkCentre(site.server.parts.centre)).toEqual([]);
    caller.tell({ name: 'hold' });
    world.run(500);
    expect(ada.news()).toEqual(['held remote']);
  });

  it('[C46] while calls come and go has all of them', () => {
    const { world, site, called, callers } = busyWorld(4);
    const [talks, ends, rings, comes] = callers;
    talks?.tell({ name: 'call', to: '7001' });
    ends?.tell({ name: 'call', to: '7002' });
    world.run(2_000);
    rings?.tell({ name: 'call', to: '7003' });
    world.run(100);
    site.kill('b');
    site.start('b');
    // Its link stands after 200 ms: one call ends and another comes while it is sent everything.
    world.run(198);
    ends?.tell({ name: 'hangup' });
    comes?.tell({ name: 'call', to: '7004' });
    runUntil(site, () => isInStep(site));
    world.run(1_000);
    const records = new Map(site.server.holding(world.now).records);
    expect([...site.node('b').parts.store.held().records.keys()].sort()).toEqual([...records.keys()].sort());
    site.kill('a');
    runUntil(site, () => site.acting()[0] === 'b');
    world.run(1_000);
    expect(site.server.parts.calls.size).toBe(3);
    for (const caller of [talks, rings, comes]) caller?.tell({ name: 'hold' });
    world.run(1_000);
    expect(called.map((phone) => phone.news().at(-1))).toEqual([
      'held remote',
      'ended remote 0',
      'held remote',
      'held remote',
    ]);
  });
});

describe('a standby', () => {
  it('[C11] [D19] sends nothing to anybody, whatever begins, ends or runs out', () => {
    const { world, site, ada, caller } = pairWorld();
    caller.tell({ name: 'call', to: '8000' });
    world.run(5_000);
    caller.tell({ name: 'hangup' });
    world.run(60_000);
    // Its time runs out, and the agent is logged out by that.
    world.remove(ada.host);
    world.run(120_000);
    expect(site.server.parts.registrations.isInService('7001')).toBe(false);
    expect(site.acting()).toEqual(['a']);
    expect(site.sent.a).toBeGreaterThan(5);
    expect(site.sent.b).toBe(0);
    site.operator('b', 'promote');
    runUntil(site, () => site.acting()[0] === 'b');
    const { a } = site.sent;
    caller.tell({ name: 'call', to: '8000' });
    world.run(10_000);
    expect(site.sent.b).toBeGreaterThan(0);
    expect(site.sent.a).toBe(a);
  });

  it('[C04] loses a contact with its primary, when the connection of that is lost', () => {
    for (const transport of ['TCP', 'TLS'] as const) {
      const { world, site } = pairWorld();
      const bob = new Phone(world, '7002', { transport }).tell({ name: 'register' });
      world.run(500);
      const held = () => site.node('b').parts.store.held().records.has('binding/7002');
      expect(held()).toBe(true);
      world.remove(bob.host);
      world.breakConnections(bob.host);
      world.run(500);
      expect(held()).toBe(false);
      site.kill('a');
      runUntil(site, () => site.acting()[0] === 'b');
      expect(site.server.parts.registrations.isInService('7002')).toBe(false);
      expect(site.server.parts.registrations.isInService('7001')).toBe(true);
    }
  });

  it('[C51] has the state of each agent, with its reason, as every server of the site has it', () => {
    const { world, site, desk } = pairWorld();
    desk.ask({ type: 'AgentNotReady', dn: '7001', workMode: 'AuxWork', reasons: { ReasonCode: 'lunch' } });
    world.run(1_000);
    site.kill('a');
    runUntil(site, () => site.acting()[0] === 'b');
    const board = new Desk(site, 'sue');
    board.register();
    expect(board.ask({ type: 'RegisterAddress', dn: '7001' })).toMatchObject({
      type: 'Registered',
      snapshot: {
        inService: true,
        agent: { AgentID: '1001', state: 'NotReady', workMode: 'AuxWork', reasons: { ReasonCode: 'lunch' } },
      },
    });
  });
});

describe('who takes over', () => {
  it('[C17] is reached by calls and registrations for as long as it lives, not for the first half minute alone', () => {
    const { world, site, ada, desk, caller } = pairWorld();
    site.kill('a');
    runUntil(site, () => site.acting()[0] === 'b');
    const again = new Desk(site, 'sue');
    again.register();
    again.ask({ type: 'RegisterAddress', dn: '7001' });
    expect(desk.closedBecause).toBeDefined();
    for (let calls = 0; calls < 30; calls++) {
      caller.tell({ name: 'call', to: '7001' });
      world.run(2_000);
      expect(caller.news()).toEqual(['dialing', 'progress 180', 'established']);
      caller.tell({ name: 'hangup' });
      world.run(4_000);
      expect(caller.news()).toEqual(['ended local 0']);
    }
    // Three minutes: its registration of a minute has been refreshed all the while.
    expect(again.news().filter((event) => event.startsWith('EventDN'))).toEqual([]);
    expect(ada.news().filter((fact) => fact === 'unregistered')).toEqual([]);
  });

  it('[C71] under load: no call fails, and none is refused', () => {
    const { world, site, numbers, callers } = busyWorld(15);
    let dialled = 0;
    const established = new Set<string>();
    const bad: string[] = [];
    /** Each caller dials for itself: two seconds of talk, then the next call. */
    const dial = (n: number) => {
      const caller = must(callers[n], 'as many callers as phones');
      caller.news();
      caller.tell({ name: 'call', to: must(numbers[n], 'a phone for each') });
      const call = `${n} ${++dialled}`;
      world.after(4_500, () => {
        const news = caller.news();
        if (news.includes('established')) established.add(call);
        // A hang-up that met the takeover is over a little later, when the next call has begun.
        bad.push(...news.filter((fact) => /^ended (?!local 0)/.test(fact)).map((fact) => `${call}: ${fact}`));
        caller.tell({ name: 'hangup' });
        world.after(500, () => dial(n));
      });
    };
    for (const n of numbers.keys()) world.after(n * 300, () => dial(n));
    world.run(7_000);
    site.stop('a');
    runUntil(site, () => site.acting()[0] === 'b');
    world.run(20_000);
    expect(dialled).toBeGreaterThan(75);
    // Those of the last seconds are still being made.
    expect(established.size).toBeGreaterThanOrEqual(dialled - numbers.length);
    expect(bad).toEqual([]);
  });
});

it('[LG8] a standby whose records differ goes on with them when its primary dies before it has sent them anew', () => {
  const { world, site, ada, caller } = pairWorld();
  caller.tell({ name: 'call', to: '8000' });
  world.run(2_000);
  expect(ada.news()).toEqual(['ringing', 'established']);
  const { store } = site.node('b').parts;
  const { epoch, number } = store;
  // What it asks for then never comes.
  const message = { type: 'digest', epoch, number, digest: 1 } as const;
  site.node('b').handle(world.now, { type: 'mateMessage', message });
  expect(store.isComplete).toBe(false);
  site.kill('a');
  runUntil(site, () => site.acting()[0] === 'b');
  expect(site.server.parts.calls.size).toBe(1);
  caller.tell({ name: 'hold' });
  world.run(500);
  expect(ada.news()).toEqual(['held remote']);
});

it('[D29] a link that comes and goes leaves one primary in the end, and everybody knows which', () => {
  const { world, site } = pairWorld();
  for (let times = 0; times < 40; times++) {
    site.cutLink(true);
    site.isArbiterCut = times % 4 === 3;
    const untilMs = world.now + Math.floor(world.random() * 2_500);
    runUntil(site, () => world.now >= untilMs);
    site.cutLink(false);
    const againMs = world.now + Math.floor(world.random() * 1_000);
    runUntil(site, () => world.now >= againMs);
  }
  site.isArbiterCut = false;
  runUntil(site, () => isInStep(site));
  const [primary] = site.acting() as [MemberName];
  const { parts } = site.node(OTHER[primary]);
  expect(parts.server).toBeUndefined();
  expect(parts.store.isComplete).toBe(true);
  const desk = new Desk(site, 'bob');
  expect(desk.register()).toMatchObject({ type: 'ServerInfo' });
  expect(site.server).toBe(site.node(primary).parts.server);
});
