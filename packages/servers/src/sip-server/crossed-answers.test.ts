/** An agent of the other site has answered a caller of ours, and her site died before we heard of it (AD11). */
import { checkCentre } from '@holdfast/centre';
import { describe, expect, it } from 'vitest';
import { CALLER_NUMBER, leftovers, NOTHING } from './testing/centre-world.ts';
import { Peer } from './testing/people.ts';
import { agent, caller, pooled } from './testing/pool-world.ts';
import { configurationOf, GATEWAY, SERVER, trunk } from './testing/server-site.ts';
import { SIP_PORT } from './testing/server-world.ts';
import { SOUTH, twoSites } from './testing/two-sites.ts';

/** Ada, who works at north, answers a caller of south; her 200 does not come over the trunk. */
function answeredUnheard() {
  const pool = pooled({ isLed: true });
  const { world, north, south } = pool;
  const ada = pool.phone('7001');
  const one = caller(pool, south);
  const desk = pool.desk(north, 'ada', '7001', 'the desk at north');
  one.tell({ name: 'call', to: '8000' });
  world.run(2_000);
  desk.login('7001');
  world.run(500);
  expect(ada.news()).toContainEqual(expect.stringMatching(/^ringing/));
  world.loses = ({ from, to }) => from === north.host && to === south.host;
  ada.tell({ name: 'answer' });
  world.run(300);
  expect(ada.news()).toContain('established');
  world.cut.add(north.host);
  world.loses = () => false;
  one.news();
  return { ...pool, ada, one };
}

function logsInAtSouth({ world, desk, south }: ReturnType<typeof answeredUnheard>) {
  const there = desk(south, 'ada', '7001', 'the desk at south');
  there.login('7001');
  world.run(1_000);
  return there;
}

const startsWith = (news: readonly string[], word: string) => news.filter((what) => what.startsWith(word));

describe('the answer of an agent is lost with her site', () => {
  it('[AD11] she logs in while it is waited for: her caller is turned to her from here', () => {
    const all = answeredUnheard();
    const { world, north, south, ada, one } = all;
    world.remove(north.host);
    world.run(2_000);
    const there = logsInAtSouth(all);
    expect([ada.hears(), one.hears()]).toEqual([[`${one.host}:4000`], [`${ada.host}:4000`]]);
    const established = there.events.filter(({ name }) => name === 'EventEstablished');
    expect(established.map(({ attributes }) => attributes)).toMatchObject([
      { ThisDN: '7001', ANI: '4930123450', ThisQueue: '8000', Extensions: { Adopted: true } },
    ]);
    world.run(60_000);
    // She is not rung for the caller to whom she talks.
    expect([...startsWith(ada.news(), 'ringing'), ...startsWith(one.news(), 'ended')]).toEqual([]);
    expect([...south.node.parts.account.counts]).toEqual([['adopted', 1]]);
    expect(south.node.parts.calls.size).toBe(1);
    one.tell({ name: 'hold' });
    world.run(1_000);
    expect(ada.news()).toContain('held remote');
    one.tell({ name: 'retrieve' });
    world.run(1_000);
    ada.tell({ name: 'hangup' });
    world.run(1_000);
    expect(startsWith(one.news(), 'ended')).toEqual(['ended remote 0']);
    expect(there.news()).toContain('EventReleased 7001');
    expect(checkCentre(south.node.parts.centre)).toEqual([]);
    world.run(60_000);
    expect(leftovers({ world, site: south })).toEqual(NOTHING);
  });

  it('[AD11] [SS76] so it is with a direct call, whose caller is answered from here', () => {
    const forwarded = configurationOf().dns.map((dn) =>
      dn.type === 'Extension' ? { ...dn, forward: 'no-agent' as const } : dn,
    );
    const of = (peer: string) => ({ peerTrunk: '9100', dns: [...forwarded, trunk('9100', peer)] });
    const all = twoSites({ isLed: true, north: of(SOUTH), south: of(SERVER) });
    const { world, north, south } = all;
    const ada = all.phone('7001');
    all.desk(north, 'ada', '7001').login('7001', { workMode: undefined });
    world.run(100);
    const target = { transport: 'UDP' as const, host: south.host, port: SIP_PORT };
    const one = new Peer(world, CALLER_NUMBER, GATEWAY);
    const leg = one.call('7001', { destination: { type: 'target', target } });
    world.run(500);
    world.loses = ({ from, to }) => from === north.host && to === south.host;
    ada.tell({ name: 'answer' });
    world.run(300);
    world.cut.add(north.host);
    world.remove(north.host);
    world.loses = () => false;
    world.run(15_000);
    expect(one.types()).not.toContain('answered');
    const there = all.desk(south, 'ada', '7001', 'the desk at south');
    there.login('7001', { workMode: undefined });
    world.run(1_000);
    expect(one.types()).toContain('answered');
    expect(ada.hears()).toEqual([`${GATEWAY}:5000`]);
    expect([...south.node.parts.account.counts]).toEqual([['adopted', 1]]);
    world.run(60_000);
    one.do(one.userAgent.bye(world.now, leg));
    world.run(1_000);
    expect(startsWith(ada.news(), 'ended')).toEqual(['ended remote 0']);
    expect(there.news()).toContain('EventReleased 7001');
    expect(checkCentre(south.node.parts.centre)).toEqual([]);
    world.run(60_000);
    expect(leftovers({ world, site: south })).toEqual(NOTHING);
  });

  it('[AD11] her site lives after all: it drops its half without a word, and what it still answers ends nothing', () => {
    const all = answeredUnheard();
    const { world, north, south, ada, one } = all;
    world.run(2_000);
    logsInAtSouth(all);
    world.cut.delete(north.host);
    world.run(40_000);
    expect([north, south].map(({ node }) => node.parts.calls.size)).toEqual([0, 1]);
    expect([...startsWith(one.news(), 'ended'), ...startsWith(ada.news(), 'ended')]).toEqual([]);
    one.tell({ name: 'hangup' });
    world.run(1_000);
    expect(startsWith(ada.news(), 'ended')).toEqual(['ended remote 0']);
    expect([north, south].flatMap(({ node }) => checkCentre(node.parts.centre))).toEqual([]);
  });

  it('[AD11] [AD10] she comes when her caller is back in line: she is let go, and may be rung for the caller again', () => {
    const all = answeredUnheard();
    const { world, north, south, ada, one } = all;
    world.remove(north.host);
    world.run(15_000);
    const there = logsInAtSouth(all);
    expect([...south.node.parts.account.counts]).toEqual([['other-end-gone', 1]]);
    expect(startsWith(ada.news(), 'ended')).toEqual(['ended remote 0']);
    world.run(8_000);
    ada.tell({ name: 'answer' });
    world.run(1_000);
    expect(there.news()).toContain('EventEstablished 7001');
    // At another port of hers: it is another call.
    expect([ada.hears(), one.hears()]).toEqual([[`${one.host}:4000`], [`${ada.host}:4002`]]);
    ada.tell({ name: 'hangup' });
    world.run(60_000);
    expect(startsWith(one.news(), 'ended')).toEqual(['ended remote 0']);
    expect(checkCentre(south.node.parts.centre)).toEqual([]);
    expect(leftovers({ world, site: south })).toEqual(NOTHING);
  });

  it('[AD11] [AD10] nor is her caller taken from a colleague who has answered meanwhile', () => {
    const all = answeredUnheard();
    const { world, north, south, ada, one } = all;
    world.remove(north.host);
    world.run(12_000);
    const bob = agent(all, south, 'bob');
    world.run(500);
    bob.phone.tell({ name: 'answer' });
    world.run(1_000);
    expect(one.hears()).toEqual([`${bob.phone.host}:4000`]);
    logsInAtSouth(all);
    expect([...south.node.parts.account.counts]).toEqual([['other-end-gone', 1]]);
    expect(startsWith(ada.news(), 'ended')).toEqual(['ended remote 0']);
    world.run(40_000);
    expect(one.hears()).toEqual([`${bob.phone.host}:4000`]);
    expect(startsWith(one.news(), 'ended')).toEqual([]);
    one.tell({ name: 'hangup' });
    world.run(60_000);
    expect(checkCentre(south.node.parts.centre)).toEqual([]);
    expect(leftovers({ world, site: south })).toEqual(NOTHING);
  });
});
