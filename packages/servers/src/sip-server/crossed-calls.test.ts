import { checkCentre } from '@holdfast/centre';
import { describe, expect, it } from 'vitest';
import { HALF_CALL_MAX_MS } from './crossed-calls.ts';
import { leftovers, NOTHING } from './testing/centre-world.ts';
import { Peer } from './testing/people.ts';
import { agent, caller, type Pool, patientCall, pooled } from './testing/pool-world.ts';
import { configurationOf, SERVER, type Site, trunk } from './testing/server-site.ts';
import { SOUTH, twoSites } from './testing/two-sites.ts';

/** Ada works at north, her phone at both sites; a caller whose gateway calls at south talks to her. */
function crossed() {
  const pool = pooled({ isLed: true });
  const { world, north, south } = pool;
  const ada = pool.phone('7001');
  const agentDesk = pool.desk(north, 'ada', '7001', 'the desk at north');
  expect(agentDesk.login('7001')).toBe('EventAgentLogin');
  const one = caller(pool, south).tell({ name: 'call', to: '8000' });
  world.run(500);
  ada.tell({ name: 'answer' });
  world.run(1_000);
  expect(one.hears()).toEqual([`${ada.host}:4000`]);
  one.news();
  ada.news();
  return { ...pool, ada, one, agentDesk };
}

function die({ world }: Pick<Pool, 'world'>, site: Site): void {
  world.cut.add(site.host);
  world.remove(site.host);
}

function logsInAtSouth({ world, desk, south }: Pool) {
  const there = desk(south, 'ada', '7001', 'the desk at south');
  there.login('7001');
  world.run(500);
  return there;
}

const ends = (news: readonly string[]) => news.filter((what) => what.startsWith('ended'));

describe('the site of the agent dies while a call stands over both', () => {
  it('[AD11] she logs in at the site of the caller: the two halves are one call, with hold, data and hang-up', () => {
    const all = crossed();
    const { world, north, south, ada, one } = all;
    die(all, north);
    world.run(15_000);
    const there = logsInAtSouth(all);
    const established = there.events.find(({ name }) => name === 'EventEstablished');
    expect(established?.attributes).toMatchObject({
      ...{ ThisDN: '7001', ANI: '4930123450', ThisQueue: '8000', Extensions: { Adopted: true } },
    });
    expect(established?.attributes.Extensions?.EstablishedMs).toBeGreaterThan(15_000);
    world.run(40_000);
    expect([...ends(one.news()), ...ends(ada.news())]).toEqual([]);
    expect([...south.node.parts.account.counts]).toEqual([['adopted', 1]]);
    one.tell({ name: 'hold' });
    world.run(1_000);
    expect(ada.news()).toContain('held remote');
    one.tell({ name: 'retrieve' });
    world.run(1_000);
    expect([ada.hears(), one.hears()]).toEqual([[`${one.host}:4000`], [`${ada.host}:4000`]]);
    one.tell({ name: 'hangup' });
    world.run(1_000);
    expect(ends(ada.news())).toEqual(['ended remote 0']);
    expect(there.news()).toContain('EventReleased 7001');
    expect(checkCentre(south.node.parts.centre)).toEqual([]);
    expect(leftovers({ world, site: south })).toEqual(NOTHING);
  });

  function patiently() {
    const pool = pooled({ isLed: true });
    return { ...pool, ...patientCall(pool) };
  }

  it('[AD11] long after the leg between the sites was found dead, as with the time-outs of the documents', () => {
    const all = patiently();
    const { world, north, south, ada, one, leg } = all;
    die(all, north);
    world.run(100_000);
    // What the caller changes meanwhile is refused, and the call stands.
    one.do(one.userAgent.reinvite(world.now, leg, one.sdp(5000, 'sendonly', 2)));
    world.run(1_000);
    expect(one.types().at(-1)).toBe('offerAnswered 480');
    logsInAtSouth(all);
    world.run(100_000);
    expect([...one.types(), ...ada.types()]).not.toContain('ended');
    expect([...south.node.parts.account.counts]).toEqual([['adopted', 1]]);
    one.do(one.userAgent.bye(world.now, leg));
    world.run(1_000);
    expect(ada.types()).toContain('ended');
    expect(leftovers({ world, site: south })).toEqual(NOTHING);
  });

  it('[AD11] north lives after all: it drops its half without a word, and the call stays whole at south', () => {
    const all = crossed();
    const { world, north, south, ada, one } = all;
    world.cut.add(north.host);
    world.run(15_000);
    logsInAtSouth(all);
    world.cut.delete(north.host);
    world.run(30_000);
    expect([north, south].map(({ node }) => node.parts.calls.size)).toEqual([0, 1]);
    expect([...ends(one.news()), ...ends(ada.news())]).toEqual([]);
    ada.tell({ name: 'hangup' });
    world.run(1_000);
    expect(ends(one.news())).toEqual(['ended remote 0']);
    expect([north, south].flatMap(({ node }) => checkCentre(node.parts.centre))).toEqual([]);
  });

  it('[AD11] the caller hangs up before she has come: her phone is let go by the other site', () => {
    const all = crossed();
    const { world, north, south, ada, one } = all;
    die(all, north);
    world.run(5_000);
    one.tell({ name: 'hangup' });
    world.run(2_000);
    expect(ends(ada.news())).toEqual(['ended remote 0']);
    world.run(60_000);
    expect(south.node.parts.calls.size).toBe(0);
    logsInAtSouth(all);
    expect(south.node.parts.calls.size).toBe(0);
    expect(leftovers({ world, site: south })).toEqual(NOTHING);
  });

  it('[AD11] [AD10] she never comes: both ends are let go in the end, and it is counted why', () => {
    const all = patiently();
    const { world, north, south, ada, one } = all;
    die(all, north);
    world.run(HALF_CALL_MAX_MS);
    expect([...one.types(), ...ada.types()]).not.toContain('ended');
    world.run(75_000);
    expect([one, ada].map((end) => end.last('ended').by)).toEqual(['remote', 'remote']);
    expect([...south.node.parts.account.counts]).toEqual([['agent-absent', 1]]);
    expect(leftovers({ world, site: south })).toEqual(NOTHING);
  });

  it('[AD11] a phone that calls from the site where its agent is not (SS79): the far end of its call is joined with it', () => {
    const forwarded = configurationOf().dns.map((dn) =>
      dn.type === 'Extension' ? { ...dn, forward: 'no-agent' as const } : dn,
    );
    const at = (peer: string, gateway: string) => ({
      peerTrunk: '9100',
      dns: [...forwarded.filter(({ type }) => type !== 'Trunk'), trunk('9000', gateway), trunk('9100', peer)],
    });
    const all = twoSites({ isLed: true, north: at(SOUTH, '10.0.9.7'), south: at(SERVER, '10.0.9.8') });
    const { world, north, south } = all;
    const callee = new Peer(world, '4930999', '10.0.9.8');
    callee.react = (event) => {
      if (event.type === 'incoming')
        callee.do(callee.userAgent.answer(world.now, event.leg, { sdp: callee.sdp() }));
    };
    // Ada works at south, and her phone calls at north.
    const ada = all.phone('7001');
    all.desk(south, 'ada', '7001').login('7001', { workMode: undefined });
    world.run(100);
    ada.tell({ name: 'call', to: '4930999' });
    world.run(1_000);
    expect(ada.news()).toContain('established');
    expect([north, south].map(({ node }) => node.parts.calls.size)).toEqual([1, 1]);
    die(all, south);
    world.run(15_000);
    const there = all.desk(north, 'ada', '7001', 'the desk at north');
    there.login('7001', { workMode: undefined });
    world.run(60_000);
    expect([...north.node.parts.account.counts]).toEqual([['adopted', 1]]);
    expect(north.node.parts.calls.size).toBe(1);
    expect(callee.types()).not.toContain('ended');
    ada.tell({ name: 'hangup' });
    world.run(1_000);
    expect(callee.types()).toContain('ended');
    expect(checkCentre(north.node.parts.centre)).toEqual([]);
    expect(leftovers({ world, site: north })).toEqual(NOTHING);
  });

  it('[AD11] not while the other site answers: a leg between the sites that is lost ends its call', () => {
    const all = crossed();
    const { world, north, south, ada, one } = all;
    // Only their calls are cut from each other.
    world.loses = ({ from, to }) =>
      [north.host, south.host].includes(from) && [north.host, south.host].includes(to);
    world.run(120_000);
    expect([ends(one.news()), ends(ada.news())]).toEqual([['ended remote 0'], ['ended remote 0']]);
    expect([north, south].map(({ node }) => node.parts.calls.size)).toEqual([0, 0]);
  });
});

describe('the site of the caller dies while a call stands over both', () => {
  it('[AD11] by all signs, so that the caller is taken over by the site of the agent', () => {
    const all = crossed();
    const { world, north, south, ada, one } = all;
    const bob = agent(all, south, 'bob');
    die(all, south);
    world.run(40_000);
    expect([...ends(one.news()), ...ends(ada.news())]).toEqual([]);
    all.phone('7002', [north.host]);
    all.desk(north, 'bob', bob.dn, 'his desk at north').login(bob.dn);
    world.run(15_000);
    expect([...north.node.parts.account.counts]).toEqual([['adopted', 1]]);
    expect(north.node.parts.calls.size).toBe(1);
    ada.tell({ name: 'hold' });
    world.run(1_000);
    expect(one.news()).toContain('held remote');
    ada.tell({ name: 'retrieve' });
    world.run(60_000);
    ada.tell({ name: 'hangup' });
    world.run(1_000);
    expect(ends(one.news())).toEqual(['ended remote 0']);
    expect(checkCentre(north.node.parts.centre)).toEqual([]);
    expect(leftovers({ world, site: north })).toEqual(NOTHING);
  });

  it('[AD11] the agent hangs up at her desk before that: the caller is let go by her site', () => {
    const all = crossed();
    const { world, north, south, one, agentDesk: desk } = all;
    die(all, south);
    world.run(5_000);
    const ConnID = desk.events.find(({ name }) => name === 'EventEstablished')?.attributes.ConnID ?? '';
    expect(desk.outcome({ type: 'ReleaseCall', dn: '7001', ConnID })).toBe('EventReleased');
    world.run(2_000);
    expect(ends(one.news())).toEqual(['ended remote 0']);
    world.run(60_000);
    expect(leftovers({ world, site: north })).toEqual(NOTHING);
  });
});
