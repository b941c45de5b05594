import { describe, expect, it } from 'vitest';
import { siteMetrics } from '../health/site-metrics.ts';
import { PHONE_AWAITED_MAX_MS } from './adoption.ts';
import { die, logsInAtSouth, talking } from './testing/adoption-world.ts';
import { CALLER_NUMBER, leftovers, NOTHING } from './testing/centre-world.ts';
import { callerAt, Peer } from './testing/people.ts';
import { GATEWAY } from './testing/server-site.ts';
import { type TwoSites, twoSites } from './testing/two-sites.ts';
import { SITE_GONE_REASON } from './unsaved-calls.ts';

/** What a newer server would have written of this leg, or of all. */
function spoil({ south }: Pick<TwoSites, 'south'>, isSpoilt: (value: object) => boolean): void {
  const records = south.node.parts.peer.records();
  for (const key of records?.keys() ?? []) {
    const value = key.startsWith('leg/') ? records?.get(key)?.value : undefined;
    if (typeof value === 'object' && value !== null && isSpoilt(value)) Object.assign(value, { version: 77 });
  }
}

const ended = (news: readonly string[]) => news.filter((what) => what.startsWith('ended'));
const counted = ({ south }: Pick<TwoSites, 'south'>) => [...south.node.parts.account.counts];

describe('a call of a dead site that cannot go on', () => {
  it('[AD10] [LG4] ends at the end that can be reached, with the reason, and is a figure by its cause', () => {
    const all = talking();
    const { world, south, ada, caller } = all;
    die(all);
    world.run(3_000);
    spoil(all, (value) => JSON.stringify(value).includes(`sip:7001@${ada.host}`));
    world.packets = [];
    logsInAtSouth(all);
    world.run(1_000);
    expect(ended(caller.news())).toEqual(['ended remote 0']);
    const byes = world.packets.filter(
      ({ message }) => message.kind === 'request' && message.method === 'BYE',
    );
    expect(byes.map(({ to }) => to)).toEqual([GATEWAY]);
    expect(byes[0]?.message.headers).toContainEqual(expect.objectContaining({ value: SITE_GONE_REASON }));
    expect(counted(all)).toEqual([['leg-unreadable', 1]]);
    const figures = siteMetrics(south.node).find(({ name }) => name === 'holdfast_peer_calls_total')?.figures;
    expect(figures).toContainEqual({ value: 1, labels: { cause: 'leg-unreadable' } });
    expect(figures).toContainEqual({ value: 0, labels: { cause: 'adopted' } });
    expect(leftovers({ world, site: south })).toEqual(NOTHING);
  });

  it('[AD10] not while the other site answers: it has the call, and goes on with it', () => {
    const all = talking();
    const { world, north, south, ada, caller } = all;
    spoil(all, () => true);
    logsInAtSouth(all);
    world.run(1_000);
    expect(counted(all)).toEqual([]);
    expect([north, south].map(({ node }) => node.parts.calls.size)).toEqual([1, 0]);
    expect([...ended(ada.news()), ...ended(caller.news())]).toEqual([]);
  });

  it('[AD10] a phone that rings at who has logged in here is told to stop, and her caller is rung for again by all signs', () => {
    const all = twoSites({ isLed: true });
    const { world, north, south } = all;
    const ada = all.phone('7001');
    all.desk(north, 'ada', '7001').login('7001');
    const caller = callerAt(world, GATEWAY, CALLER_NUMBER).tell({ name: 'call', to: '8000' });
    world.run(2_000);
    expect(ada.news()).toContain('ringing');
    die(all);
    world.run(3_000);
    expect(ended(ada.news())).toEqual([]);
    logsInAtSouth(all);
    world.run(200);
    expect(ended(ada.news())).toHaveLength(1);
    world.run(10_000);
    expect(ada.news()).toContain('ringing');
    ada.tell({ name: 'answer' });
    world.run(1_000);
    expect(caller.hears()).toEqual([`${ada.host}:4000`]);
    expect(counted(all)).toEqual([['adopted', 1]]);
    expect(south.node.parts.calls.size).toBe(1);
  });

  it('[AD2] [AD10] a direct call that rang is rung for here; who dialled out, and a colleague in line, are told to call again', () => {
    const all = twoSites({ isLed: true });
    const { world, north, south } = all;
    const [ada, bob, cyd] = ['7001', '7002', '7003'].map((dn) => all.phone(dn));
    all.desk(north, 'ada', '7001').login('7001', { workMode: undefined });
    const gateway = new Peer(world, CALLER_NUMBER, GATEWAY);
    gateway.react = (event) => {
      if (event.type === 'incoming')
        gateway.do(gateway.userAgent.ring(world.now, event.leg, { status: 180 }));
    };
    gateway.call('7001');
    bob?.tell({ name: 'call', to: '4930999' });
    cyd?.tell({ name: 'call', to: '8000' });
    world.run(2_000);
    expect(ada?.news()).toContain('ringing');
    expect(gateway.types()).toContain('incoming');
    die(all);
    world.run(3_000);
    logsInAtSouth(all);
    world.run(10_000);
    expect(gateway.types()).toContain('cancelled');
    expect([bob, cyd].map((phone) => ended(phone?.news() ?? []))).toEqual([
      ['ended refused 480'],
      // Who waited with music had been answered.
      ['ended remote 0'],
    ]);
    expect(counted(all)).toEqual([['not-answered', 2]]);
    ada?.tell({ name: 'answer' });
    world.run(1_000);
    expect(gateway.types()).toContain('answered');
    expect(counted(all)).toEqual([
      ['not-answered', 2],
      ['adopted', 1],
    ]);
    expect(south.node.parts.calls.size).toBe(1);
  });

  it('[AD2] a call that stands without an agent is taken over by all signs', () => {
    const all = twoSites({ isLed: true });
    const { world, north, south } = all;
    const [, bob] = ['7001', '7002'].map((dn) => all.phone(dn));
    bob?.tell({ name: 'answerAfter', ms: 100 });
    all.desk(north, 'ada', '7001').login('7001', { workMode: undefined });
    const caller = callerAt(world, GATEWAY, CALLER_NUMBER).tell({ name: 'call', to: '7002' });
    world.run(1_000);
    expect(caller.news()).toContain('established');
    die(all);
    world.run(3_000);
    logsInAtSouth(all);
    expect(south.node.parts.calls.size).toBe(0);
    world.run(10_000);
    expect(counted(all)).toEqual([['adopted', 1]]);
    caller.tell({ name: 'hangup' });
    world.run(1_000);
    expect(ended(bob?.news() ?? [])).toEqual(['ended remote 0']);
    expect(leftovers({ world, site: south })).toEqual(NOTHING);
  });
});

describe('the ends of a call that goes on are asked', () => {
  /** A caller who answers what south says as told; the fault is north's death. */
  function asked(react: (caller: Peer) => void) {
    const all = twoSites({ isLed: true });
    const { world, north } = all;
    const ada = all.phone('7001').tell({ name: 'answerAfter', ms: 100 });
    all.desk(north, 'ada', '7001').login('7001');
    const caller = new Peer(world, CALLER_NUMBER, GATEWAY);
    caller.call('8000');
    world.run(2_000);
    expect(caller.types()).toContain('answered');
    die(all);
    world.run(3_000);
    react(caller);
    return { ...all, ada, caller };
  }

  it('[AD5] [LG4] an end that knows the call no more (481) releases the other at once, and the line says why', () => {
    const all = asked((caller) => {
      for (const leg of [...caller.userAgent.legs()]) caller.userAgent.forget(leg);
    });
    const { world, south, ada } = all;
    logsInAtSouth(all);
    world.run(200);
    expect(ended(ada.news())).toEqual(['ended remote 0']);
    expect(counted(all)).toEqual([['end-gone', 1]]);
    const line = south.logs.find(({ what }) => what === 'call not adopted');
    expect(line?.because).toMatch(/^AD5: .*481/);
    expect(leftovers({ world, site: south })).toEqual(NOTHING);
  });

  it('[AD5] [LG4] an end that says nothing releases the other after 64*T1; until then it is no call that was adopted', () => {
    const all = asked((caller) => caller.world.remove(caller.host));
    const { world, south, ada } = all;
    logsInAtSouth(all);
    world.run(31_000);
    expect(counted(all)).toEqual([]);
    expect(ended(ada.news())).toEqual([]);
    world.run(2_000);
    expect(ended(ada.news())).toEqual(['ended remote 0']);
    expect(counted(all)).toEqual([['end-silent', 1]]);
    expect(south.node.parts.account.size).toBe(0);
  });

  it('[LG4] one end that hangs up before the other was heard is no call that was adopted', () => {
    const all = asked((caller) => caller.world.remove(caller.host));
    const { world, south, ada } = all;
    logsInAtSouth(all);
    world.run(1_000);
    ada.tell({ name: 'hangup' });
    world.run(60_000);
    expect(counted(all)).toEqual([['hung-up', 1]]);
    expect(south.node.parts.account.size).toBe(0);
  });
});

describe('the ways to an end', () => {
  const PROXY = '10.0.5.5';

  /** The caller's messages pass a proxy that has put itself into the dialog. */
  function proxied(host: string) {
    const all = twoSites({ isLed: true });
    const { world, north } = all;
    const ada = all.phone('7001').tell({ name: 'answerAfter', ms: 100 });
    all.desk(north, 'ada', '7001').login('7001');
    const caller = new Peer(world, CALLER_NUMBER, GATEWAY);
    caller.call('8000', { headers: [['Record-Route', `<sip:${host};lr>`]] });
    world.run(2_000);
    expect(caller.types()).toContain('answered');
    die(all);
    world.run(3_000);
    ada.news();
    return { ...all, ada, caller };
  }

  it('[AD4] a call of which a leg leads through the dead site is not taken over, and its other end is let go', () => {
    const all = proxied('10.0.0.1');
    const { world, south, ada } = all;
    logsInAtSouth(all);
    world.run(1_000);
    expect(counted(all)).toEqual([['route-dead', 1]]);
    expect(ended(ada.news())).toEqual(['ended remote 0']);
    world.run(40_000);
    expect(leftovers({ world, site: south })).toEqual(NOTHING);
  });

  it('[AD4] through a proxy that is dead nothing is heard, and the other end is let go', () => {
    const all = proxied(PROXY);
    const { world, south, ada } = all;
    world.packets = [];
    logsInAtSouth(all);
    world.run(33_000);
    expect(world.packets.filter(({ to }) => to === PROXY).length).toBeGreaterThan(1);
    expect(counted(all)).toEqual([['end-silent', 1]]);
    expect(ended(ada.news())).toEqual(['ended remote 0']);
    world.run(40_000);
    expect(leftovers({ world, site: south })).toEqual(NOTHING);
  });

  it('[AD4] so do requests to a phone that is registered here, though it could be reached directly', () => {
    const all = twoSites({ isLed: true });
    const { world, north, south } = all;
    const ada = new Peer(world, '7001', '10.0.1.1');
    for (const server of [north.host, south.host]) ada.register({ server, expires: 600 });
    all.phone('7002').tell({ name: 'answerAfter', ms: 100 });
    all.desk(north, 'ada', '7001').login('7001', { workMode: undefined });
    ada.call('7002', { headers: [['Record-Route', `<sip:${PROXY};lr>`]] });
    world.run(1_000);
    expect(ada.types()).toContain('answered');
    die(all);
    world.run(3_000);
    world.packets = [];
    logsInAtSouth(all);
    world.run(1_000);
    const updates = world.packets.filter(({ message: m }) => m.kind === 'request' && m.method === 'UPDATE');
    expect(updates.map(({ to }) => to)).toContain(PROXY);
    expect(updates.map(({ to }) => to)).not.toContain(ada.host);
  });

  /** A colleague whose phone speaks over TCP and is registered at north alone talks to ada. */
  function colleague(beforeLogInMs = 3_000) {
    const all = twoSites({ isLed: true });
    const { world, north } = all;
    const ada = all.phone('7001').tell({ name: 'answerAfter', ms: 100 });
    all.desk(north, 'ada', '7001').login('7001', { workMode: undefined });
    const bob = new Peer(world, '7002', '10.0.1.2');
    expect(bob.register({ transport: 'TCP' })).toBe(200);
    const target = { transport: 'TCP', host: north.host, port: 5060 } as const;
    const leg = bob.call('7001', { destination: { type: 'target', target }, contact: bob.contact('TCP') });
    world.run(2_000);
    expect(bob.types()).toContain('answered');
    die(all);
    world.breakConnections(bob.host);
    world.run(beforeLogInMs);
    logsInAtSouth(all);
    return { ...all, ada, bob, leg };
  }

  it('[AD5] a call with a phone that is reached over its own connection alone is taken over when that registers here', () => {
    const all = colleague();
    const { world, south, bob, ada, leg } = all;
    expect(south.node.parts.calls.size).toBe(0);
    world.run(25_000);
    expect(counted(all)).toEqual([]);
    expect(bob.register({ transport: 'TCP', server: south.host })).toBe(200);
    world.run(1_000);
    expect(counted(all)).toEqual([['adopted', 1]]);
    expect(south.node.parts.calls.size).toBe(1);
    expect(bob.types()).not.toContain('ended');
    bob.do(bob.userAgent.bye(world.now, leg));
    ada.tell({ name: 'hangup' });
    world.run(1_000);
    expect(leftovers({ world, site: south })).toEqual(NOTHING);
  });

  it('[AD5] [AD10] it is waited for two minutes; then the end that can be reached is let go', () => {
    const all = colleague();
    const { world, south, ada } = all;
    // Her own phone asks for the call, and would end it first.
    world.run(35_000);
    expect(counted(all)).toEqual([]);
    expect(ended(ada.news())).toEqual([]);
    world.run(90_000);
    expect(counted(all)).toEqual([['phone-absent', 1]]);
    expect(ended(ada.news())).toHaveLength(1);
    world.run(40_000);
    expect(leftovers({ world, site: south })).toEqual(NOTHING);
  });

  it('[AD5] it is given up then also where nothing is held of the other site any more, and no deadline stays in the past', () => {
    const all = colleague(1_500);
    const { world, south } = all;
    const { peer, adoption } = south.node.parts;
    expect(adoption.awaitsPhones).toBe(true);
    // North has started again, and was lost when it had said what it holds: nothing.
    const part = { type: 'snapshot' as const, epoch: 9, number: 1, now: 0, part: 0, isLast: true };
    const message = { type: 'Mirror' as const, message: { ...part, positions: [], put: [], events: [] } };
    south.input({ type: 'peer', input: { type: 'sipMessage', attempt: 1, message } });
    expect(peer.standing.following.store.size).toBe(0);
    for (let ms = 0; ms < PHONE_AWAITED_MAX_MS; ms += 1_000) {
      expect(adoption.nextDeadline()).toBeGreaterThan(world.now);
      world.run(1_000);
    }
    expect(adoption.nextDeadline()).toBeUndefined();
    expect(counted(all)).toEqual([['phone-absent', 1]]);
    world.run(60_000);
    expect(leftovers({ world, site: south })).toEqual(NOTHING);
  });
});

it('[AD3] a site that gives a call away lets go whoever the other does not have: a phone that rings stops, one that talks is hung up on', () => {
  for (const answers of [false, true]) {
    const all = twoSites({ isLed: true });
    const { world, north, south } = all;
    const bob = all.phone('7002');
    all.phone('7001');
    all.desk(north, 'ada', '7001').login('7001', { workMode: undefined });
    const bobDesk = all.desk(north, 'bob', '7002');
    bobDesk.login('7002', { workMode: undefined });
    const caller = new Peer(world, CALLER_NUMBER, GATEWAY);
    caller.react = (event) => {
      if (event.type === 'offer') caller.do(caller.userAgent.acceptOffer(world.now, event.leg, caller.sdp()));
    };
    caller.call('8000');
    world.run(2_000);
    // The sites, and north and the caller, do not hear each other; north and bob do.
    world.cut.add(GATEWAY);
    const known = [north, south].map((site) => new Map(site.servers));
    for (const site of [north, south]) site.servers.clear();
    for (const site of [north, south]) site.dropLinks();
    world.run(1_000);
    world.cut.delete(GATEWAY);
    world.loses = ({ from, to }) => [from, to].includes(north.host) && [from, to].includes(GATEWAY);
    logsInAtSouth(all);
    world.run(10_000);
    expect(south.node.parts.calls.size).toBe(1);
    bobDesk.send({ type: 'AgentReady', dn: '7002', ReferenceID: 77 });
    world.run(500);
    expect(bob.news()).toContain('ringing');
    if (answers) bob.tell({ name: 'answer' });
    world.run(500);
    world.loses = () => false;
    for (const [n, site] of [north, south].entries())
      for (const [host, other] of known[n] ?? []) site.servers.set(host, other);
    world.run(5_000);
    expect([north, south].map(({ node }) => node.parts.calls.size)).toEqual([0, 1]);
    expect(ended(bob.news())).toHaveLength(1);
    expect(caller.types()).not.toContain('ended');
  }
});
