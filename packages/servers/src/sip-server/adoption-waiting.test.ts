import { checkCentre } from '@holdfast/centre';
import { must } from '@holdfast/kernel';
import { describe, expect, it } from 'vitest';
import { DECISIONS_MIN, WAITED_IN_SILENCE_MAX_MS } from './adoption.ts';
import { die, logsInAtSouth } from './testing/adoption-world.ts';
import { CALLER_NUMBER, leftovers, NOTHING } from './testing/centre-world.ts';
import { callerAt, Peer } from './testing/people.ts';
import { configurationOf, GATEWAY, trunk } from './testing/server-site.ts';
import { twoSites } from './testing/two-sites.ts';

describe('a site dies while callers wait there', () => {
  /** Ada talks at north; two more callers wait. */
  function waiting() {
    const sites = twoSites({ isLed: true, north: trunks, south: trunks });
    const { world, north } = sites;
    const ada = sites.phone('7001').tell({ name: 'answerAfter', ms: 500 });
    sites.desk(north, 'ada', '7001').login('7001');
    const callers = ['10.0.9.1', '10.0.9.2', '10.0.9.3'].map((host, index) =>
      callerAt(world, host, `${CALLER_NUMBER}${index}`),
    );
    for (const caller of callers) {
      caller.tell({ name: 'call', to: '8000' });
      world.run(2_000);
      caller.news();
    }
    expect(ada.news()).toContain('established');
    return { ...sites, ada, callers };
  }

  const trunks = { dns: [...configurationOf().dns, trunk('9001', '10.0.9.2'), trunk('9002', '10.0.9.3')] };

  it('[AD2] [C54] once all signs agree they wait at the other, in their order, with their time, and hear its music', () => {
    const all = waiting();
    const { world, south, callers } = all;
    die(all);
    world.run(3_000);
    logsInAtSouth(all);
    expect(south.node.parts.centre.queueSnapshots(world.now).flatMap(({ waiting: line }) => line)).toEqual(
      [],
    );
    world.run(10_000);
    const [line] = south.node.parts.centre.queueSnapshots(world.now).filter(({ dn }) => dn === '8000');
    expect(line?.waiting.map(({ ANI }) => ANI)).toEqual([`${CALLER_NUMBER}1`, `${CALLER_NUMBER}2`]);
    expect(line?.waiting[0]?.waitedMs).toBeGreaterThan(15_000);
    expect(south.announced.filter((what) => what.startsWith('start'))).toHaveLength(2);
    expect(callers[1]?.hears()).toEqual(['recvonly']);
    // Her call ends, and the first of them is answered.
    callers[0]?.tell({ name: 'hangup' });
    world.run(3_000);
    expect(callers[1]?.hears()).toEqual(['10.0.1.1:4000']);
    for (const caller of callers) caller.tell({ name: 'hangup' });
    world.run(2_000);
    expect(checkCentre(south.node.parts.centre)).toEqual([]);
    expect(leftovers({ world, site: south })).toEqual(NOTHING);
  });

  it('[AD2] at the instant at which the silence is long enough, though nothing else is due then', () => {
    const all = waiting();
    const { world, south } = all;
    const { peer, adoption } = south.node.parts;
    die(all);
    world.run(3_000);
    logsInAtSouth(all);
    const due = must(adoption.nextDeadline(), 'her log-in was the last sign that lacked');
    expect(due).toBeGreaterThan(must(peer.silentSince, 'north is dead'));
    expect(must(south.node.nextDeadline(), 'stamps are due')).toBeLessThanOrEqual(due);
    world.run(due - world.now - 1);
    expect(south.node.parts.calls.size).toBe(1);
    world.run(1);
    expect(south.node.parts.calls.size).toBe(3);
  });

  it('[AD2] a log-in of an earlier silence says nothing about this one', () => {
    const all = waiting();
    const { world, north, south } = all;
    world.cut.add(north.host);
    world.run(3_000);
    // She comes, and with her the call by AD1; and north is there again before it has been silent for long enough.
    logsInAtSouth(all);
    world.cut.delete(north.host);
    world.run(20_000);
    expect(south.node.parts.peer.canAsk).toBe(true);
    expect(south.node.parts.calls.size).toBe(1);
    all.phone('7002');
    const bob = all.desk(north, 'bob', '7002');
    expect(bob.login('7002', { workMode: undefined })).toBe('EventAgentLogin');
    world.run(1_000);
    world.cut.add(north.host);
    world.run(15_000);
    expect(south.node.parts.calls.size).toBe(1);
    expect(north.node.parts.calls.size).toBe(2);
    const bobAtSouth = all.desk(south, 'bob', '7002', 'his desk at south');
    expect(bobAtSouth.login('7002', { workMode: undefined })).toBe('EventAgentLogin');
    world.run(100);
    // Her lease at north lived on, and she had the first of the two there, at a desk that is no more; the other still waited.
    expect(south.node.parts.calls.size).toBe(3);
  });

  it('[AD2] not when the silence has lasted so long that they have given up', () => {
    const all = waiting();
    const { world, south } = all;
    die(all);
    world.run(WAITED_IN_SILENCE_MAX_MS + 1_000);
    logsInAtSouth(all);
    world.run(20_000);
    // Her own call alone, by AD1; and its people have long hung up.
    expect([...south.node.parts.account.counts]).toEqual([['end-gone', 1]]);
    expect(south.node.parts.adoption.nextDeadline()).toBeUndefined();
  });

  it('[AD2] not while a desk reaches the other site, nor before anybody who worked there has lost it', () => {
    const all = waiting();
    const { world, south } = all;
    const bob = all.desk(south, 'bob', '7002');
    bob.send({ type: 'SiteSeen', site: 'north', isUp: true });
    die(all);
    world.run(9_000);
    expect(south.node.parts.calls.size).toBe(0);
    logsInAtSouth(all);
    world.run(9_000);
    // Her own call, by AD1.
    expect(south.node.parts.calls.size).toBe(1);
    bob.send({ type: 'SiteSeen', site: 'north', isUp: false });
    world.run(1_000);
    expect(south.node.parts.calls.size).toBe(3);
  });
});

it('[AD2] what was decided about calls of the other site is forgotten with them', () => {
  const all = twoSites({ isLed: true });
  const { world, north, south } = all;
  all.phone('7001');
  const caller = new Peer(world, CALLER_NUMBER, GATEWAY);
  caller.react = (event) => {
    if (event.type === 'offer') caller.do(caller.userAgent.acceptOffer(world.now, event.leg, caller.sdp()));
  };
  const each = 4;
  const rounds = Array.from({ length: 20 }, (_, index) => index);
  for (const round of rounds) {
    all.desk(north, 'ada', '7001', `desk ${round} at north`).login('7001', { workMode: undefined });
    const legs = Array.from({ length: each }, () => caller.call('8000'));
    world.run(3_000);
    world.cut.add(north.host);
    world.run(3_000);
    all.desk(south, 'ada', '7001', `desk ${round} at south`).login('7001', { workMode: undefined });
    world.run(10_000);
    world.cut.delete(north.host);
    world.run(20_000);
    for (const leg of legs) caller.do(caller.userAgent.bye(world.now, leg));
    world.run(1_000);
  }
  expect(south.node.parts.account.counts.get('adopted')).toBe(rounds.length * each);
  expect(south.node.parts.adoption.size).toBeLessThan(DECISIONS_MIN + each);
});
