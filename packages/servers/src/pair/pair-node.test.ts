import { checkCentre } from '@holdfast/centre';
import { PAIR_LEASE_MS } from '@holdfast/continuity';
import { must } from '@holdfast/kernel';
import { describe, expect, it } from 'vitest';
import { MATE } from '../mirror/leading.ts';
import { Desk } from '../sip-server/testing/desk.ts';
import { type PairSite, SECRET } from './testing/pair-site.ts';
import { comeBack, isInStep, pairWorld, runUntil } from './testing/pair-world.ts';

/** Max, who watches over the site. */
function watcher(site: PairSite): Desk {
  const max = new Desk(site, 'max', `session-max-${site.world.now}`);
  max.register();
  max.ask({ type: 'RegisterAll' });
  return max;
}

const alarmsOf = ({ replies }: Desk) => replies.filter(({ type }) => type === 'Alarm');

describe('a pair', () => {
  it('[LG1] has one primary, and a standby that holds everything', () => {
    const { site } = pairWorld();
    expect(site.acting()).toEqual(['a']);
    const { store, server } = site.node('b').parts;
    expect(server).toBeUndefined();
    expect(store.isComplete).toBe(true);
    const records = new Map(site.server.holding(site.world.now).records);
    expect([...store.held().records.keys()].sort()).toEqual([...records.keys()].sort());
    expect(site.node('a').parts.leading?.stateOf(MATE)).toBe('in-step');
  });

  it('[PR8] a primary tells the supervisor of its host with each confirmation how long it may act, a standby nothing', () => {
    const { world, site } = pairWorld();
    for (let step = 0; step < 20; step++) {
      world.run(100);
      expect(site.mayActFor('a')).toBeGreaterThan(0);
      expect(site.mayActFor('b')).toBe(0);
    }
    // Neither voice reaches it: it says nothing more, and what it said is over within a lease.
    site.isLinkCut = true;
    site.isArbiterCut = true;
    world.run(PAIR_LEASE_MS);
    expect(site.mayActFor('a')).toBeLessThanOrEqual(0);
    expect(site.acting()).toEqual([]);
  });

  it('[PR6] what has taken longer to decide than it may act leaves when it may again, and not before', () => {
    const { world, site, ada, caller } = pairWorld();
    const sent = site.sent.a;
    site.thinksMs = 2 * PAIR_LEASE_MS;
    caller.tell({ name: 'call', to: '8000' });
    world.run(400);
    expect([site.sent.a, ada.news()]).toEqual([sent, []]);
    // Confirmed meanwhile, it thinks as quickly as ever.
    site.thinksMs = 0;
    world.run(2_000);
    expect(ada.news()).toEqual(['ringing', 'established']);
  });

  it('[LG2] what is new leaves after the mate has it, and after 100 ms without it, with a line in the log', () => {
    const { world, site, caller } = pairWorld();
    caller.tell({ name: 'call', to: '8000' });
    world.run(2_000);
    expect(caller.news()).toEqual(['dialing', 'progress 180', 'established']);
    site.entryLoss = 1;
    caller.tell({ name: 'hangup' });
    world.run(2_000);
    expect(caller.news()).toEqual(['ended local 0']);
    expect(site.node('a').parts.leading?.stateOf(MATE)).toBe('behind');
    expect(site.logs.map(({ what }) => what)).toContain('mate behind');
  });

  it('[LG2] [SS91] that it is behind is an alarm to whoever watches, and in step again the end of it; once each', () => {
    const { world, site, caller } = pairWorld();
    const max = watcher(site);
    expect(alarmsOf(max)).toEqual([]);
    site.entryLoss = 1;
    caller.tell({ name: 'call', to: '8000' });
    world.run(50);
    expect(alarmsOf(max)).toEqual([]);
    world.run(2_000);
    const behind = { name: 'mate not in step', isRaised: true, application: 'sip-a' };
    const because = expect.stringContaining('has not acknowledged in time');
    expect(alarmsOf(max)).toMatchObject([{ ...behind, because }]);
    site.entryLoss = 0;
    world.run(12_000);
    expect(site.node('a').parts.leading?.stateOf(MATE)).toBe('in-step');
    expect(alarmsOf(max).slice(1)).toMatchObject([{ ...behind, isRaised: false }]);
  });

  it('[LG2] [SS91] that there is no mate is an alarm, which who comes after a takeover is told when he comes', () => {
    const { world, site } = pairWorld();
    site.kill('a');
    runUntil(site, () => site.acting()[0] === 'b');
    world.run(1_000);
    const max = watcher(site);
    expect(alarmsOf(max)).toMatchObject([
      { name: 'mate not in step', isRaised: true, because: expect.stringContaining('no link to the mate') },
    ]);
    site.start('a');
    runUntil(site, () => isInStep(site));
    world.run(100);
    expect(alarmsOf(max).slice(1)).toMatchObject([{ name: 'mate not in step', isRaised: false }]);
    expect(alarmsOf(watcher(site))).toEqual([]);
  });

  it('[LG6] [C07] a standby that misses an entry notices, and asks for what it lacks', () => {
    const { world, site, caller } = pairWorld();
    site.entryLoss = 0.3;
    for (let calls = 0; calls < 5; calls++) {
      caller.tell({ name: 'call', to: '8000' });
      world.run(3_000);
      caller.tell({ name: 'hangup' });
      world.run(1_000);
    }
    expect(site.logs.map(({ what }) => what)).toContain('entries missing');
    site.entryLoss = 0;
    world.run(12_000);
    expect(site.node('a').parts.leading?.stateOf(MATE)).toBe('in-step');
    const { store } = site.node('b').parts;
    expect(store.held().records.size).toBe([...site.server.holding(world.now).records].length);
  });
});

describe.each([
  ['is killed', (site: PairSite) => site.kill('a')],
  ['is stopped', (site: PairSite) => site.stop('a')],
] as const)('the primary %s', (_, strike) => {
  it('[SS53] its mate acts within 1.4 s; a call that stands stands on, a new one is served, the desk misses nothing', () => {
    const { world, site, ada, desk, caller } = pairWorld();
    caller.tell({ name: 'call', to: '8000' });
    world.run(2_000);
    expect(ada.news()).toEqual(['ringing', 'established']);
    strike(site);
    const tookMs = runUntil(site, () => site.acting()[0] === 'b');
    expect(tookMs).toBeLessThan(1_400);
    expect(checkCentre(site.server.parts.centre)).toEqual([]);
    caller.tell({ name: 'hold' });
    world.run(500);
    expect(ada.news()).toEqual(['held remote']);
    const again = comeBack(site, desk);
    expect(again.events.map(({ name }) => name)).not.toContain('EventAgentLogout');
    caller.tell({ name: 'hangup' });
    world.run(3_000);
    expect(ada.news()).toEqual(['ended remote 0']);
    expect(again.events.map(({ name }) => name)).toContain('EventReleased');
    caller.tell({ name: 'call', to: '8000' });
    world.run(3_000);
    expect(ada.news()).toEqual(['ringing', 'established']);
  });

  it('[PR10] comes back as standby, follows, and takes over in its turn', () => {
    const { world, site, ada, caller } = pairWorld();
    strike(site);
    runUntil(site, () => site.acting()[0] === 'b');
    if (site.isUp('a')) site.continue('a');
    else site.start('a');
    runUntil(site, () => site.node('b').parts.leading?.stateOf(MATE) === 'in-step');
    expect(site.node('a').parts.server).toBeUndefined();
    caller.tell({ name: 'call', to: '7001' });
    world.run(2_000);
    expect(ada.news()).toEqual(['ringing', 'established']);
    site.kill('b');
    runUntil(site, () => site.acting()[0] === 'a');
    ada.tell({ name: 'hangup' });
    world.run(1_000);
    expect(caller.news()).toContain('ended remote 0');
  });
});

it('[PR10] on the word of an operator the roles change, and calls do not notice', () => {
  const { world, site, ada, caller } = pairWorld();
  caller.tell({ name: 'call', to: '8000' });
  world.run(2_000);
  site.operator('b', 'promote');
  const tookMs = runUntil(site, () => site.acting()[0] === 'b');
  expect(tookMs).toBeLessThan(1_400);
  ada.tell({ name: 'hold' });
  world.run(1_000);
  expect(caller.news()).toContain('held remote');
  expect(must(site.node('a').parts.store, 'it follows').isComplete).toBe(true);
});

it('[LG4] the other site follows over a connection of its own, and nobody waits for it; a desk may not', () => {
  const { world, site, ada, caller } = pairWorld();
  const peer = new Desk(site, undefined, 'session of the other site');
  expect(peer.registerAsServer(SECRET)).toMatchObject({ type: 'ServerInfo' });
  peer.send({ type: 'Mirror', message: { type: 'follow' } });
  world.run(10);
  const heard = () => peer.replies.flatMap((reply) => (reply.type === 'Mirror' ? [reply.message] : []));
  expect(heard()[0]).toMatchObject({ type: 'snapshot', part: 0 });
  // It acknowledges nothing.
  caller.tell({ name: 'call', to: '8000' });
  world.run(2_000);
  expect(ada.news()).toEqual(['ringing', 'established']);
  const [connId] = [...site.server.parts.calls.connIds()];
  const keys = heard().flatMap((message) =>
    message.type === 'entry' ? message.put.map(([key]) => key) : [],
  );
  expect(keys).toContain(`talk/${connId}`);
  const curious = new Desk(site, 'bob');
  curious.register();
  curious.send({ type: 'Mirror', message: { type: 'follow' } });
  world.run(100);
  expect(curious.closedBecause).toMatch('server secret');
  expect(site.logs.map(({ what }) => what)).toContain('records refused');
});

describe('[OP1] an administrator has the roles changed', () => {
  const askedBy = (site: PairSite, person: string) => {
    const asker = new Desk(site, person);
    asker.register();
    asker.ask({ type: 'OfferRole' });
    return asker;
  };

  it('where the mate is ready: it is answered, the mate acts, and calls do not notice', () => {
    const { world, site, ada, caller } = pairWorld();
    caller.tell({ name: 'call', to: '8000' });
    world.run(2_000);
    expect(askedBy(site, 'max').replies).toContainEqual({ type: 'Done', ReferenceID: expect.any(Number) });
    const tookMs = runUntil(site, () => site.acting()[0] === 'b');
    expect(tookMs).toBeLessThan(1_400);
    expect(site.logs.find(({ what }) => what === 'offers the role')?.because).toBe('OP1: max wants it so.');
    // PR7: so that its supervisor takes its end for no death.
    expect(site.yielded).toContain('a');
    ada.tell({ name: 'hold' });
    world.run(1_000);
    expect(caller.news()).toContain('held remote');
  });

  it('where the mate is not: what it lacks is said, and nothing changes', () => {
    const { world, site } = pairWorld();
    site.kill('b');
    world.run(100);
    expect(askedBy(site, 'max').replies).toContainEqual(
      expect.objectContaining({
        code: 'wrong-state',
        text: expect.stringContaining('There is no link to the mate. Nothing has changed'),
      }),
    );
    world.run(5_000);
    expect(site.acting()).toEqual(['a']);
    expect(site.yielded).toEqual([]);
  });

  it('an agent or a supervisor does not', () => {
    const { world, site } = pairWorld();
    for (const person of ['ada', 'sue'])
      expect(askedBy(site, person).replies).toContainEqual(expect.objectContaining({ code: 'not-allowed' }));
    world.run(5_000);
    expect(site.acting()).toEqual(['a']);
  });
});
