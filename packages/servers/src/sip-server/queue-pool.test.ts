import { describe, expect, it } from 'vitest';
import { HOP_HEADER } from './peer-forward.ts';
import { RESERVATION_HEADER } from './queue-pool.ts';
import { configured } from './testing/configured-site.ts';
import { Desk } from './testing/desk.ts';
import { Peer } from './testing/people.ts';
import { agent, caller, GATEWAYS, type Pool, pooled } from './testing/pool-world.ts';
import type { Site } from './testing/server-site.ts';
import { SOUTH } from './testing/two-sites.ts';

function lineAt(site: Site): readonly (string | undefined)[] {
  const queues = site.node.parts.centre.queueSnapshots(site.world.now);
  return queues.find(({ dn }) => dn === '8000')?.waiting.map(({ ANI }) => ANI) ?? [];
}

const reserved = ({ node }: Site) => [...node.parts.centre.stateToCheck.pool.reservations.keys()].length;

describe('a pooled queue', () => {
  it('[PQ1] serves who waits at one site by an agent of the other; every event is where it belongs', () => {
    const pool = pooled();
    const { world, north, south, southBoard } = pool;
    const one = caller(pool, south).tell({ name: 'call', to: '8000' });
    world.run(500);
    expect(one.hears()).toEqual(['recvonly']);
    const { phone, desk } = agent(pool, north, 'ada');
    world.run(500);
    phone.tell({ name: 'answer' });
    world.run(500);
    expect(one.hears()).toEqual([`${phone.host}:4000`]);
    const ringing = pool.northBoard.events.find(({ name }) => name === 'EventRinging');
    expect(ringing?.attributes).toMatchObject({
      ...{ ThisDN: '7001', ThisQueue: '8000', CallType: 'Inbound', ANI: '4930123450', DNIS: '8000' },
    });
    expect(desk.news().at(-1)).toBe('EventEstablished 7001');
    const told = southBoard.events.filter(({ attributes }) => attributes.ThisDN === '8000');
    expect(told.map(({ name }) => name)).toEqual([
      ...['EventQueued', 'EventTreatmentApplied', 'EventDiverted', 'EventTreatmentEnd'],
    ]);
    expect(told[2]?.attributes).toMatchObject({ ThirdPartyDN: '7001', ThirdPartyDNRole: 'RoleDestination' });
    expect(pool.northBoard.events.map(({ name }) => name)).not.toContain('EventQueued');
    expect([reserved(north), reserved(south)]).toEqual([0, 0]);
    one.tell({ name: 'hangup' });
    world.run(500);
    expect(phone.news().at(-1)).toMatch(/^ended/);
    expect([north.node.sizes().calls, south.node.sizes().calls]).toEqual([0, 0]);
    expect([north.node.parts.centre.callCount, south.node.parts.centre.callCount]).toEqual([0, 0]);
  });

  it('[PQ1] the data of the caller go with the call', () => {
    const pool = pooled();
    const { world, north, south, southBoard } = pool;
    caller(pool, south).tell({ name: 'call', to: '8000' });
    world.run(100);
    const ConnID = southBoard.events.find(({ name }) => name === 'EventQueued')?.attributes.ConnID ?? '';
    const attach = { type: 'AttachUserData', dn: '8000', ConnID, userData: { topic: 'loan' } } as const;
    expect(southBoard.outcome(attach)).toBe('EventAttachedDataChanged');
    const { phone } = agent(pool, north, 'ada');
    phone.tell({ name: 'answer' });
    world.run(500);
    const established = pool.northBoard.events.find(({ name }) => name === 'EventEstablished');
    expect(established?.attributes.UserData).toEqual({ topic: 'loan' });
  });

  it('[PQ1] of the callers of both sites who has waited longest is served first, wherever the agent is', () => {
    const pool = pooled();
    const { world, north, south } = pool;
    const first = caller(pool, south, 0).tell({ name: 'call', to: '8000' });
    world.run(2_000);
    const second = caller(pool, north, 1).tell({ name: 'call', to: '8000' });
    world.run(2_000);
    const third = caller(pool, south, 2).tell({ name: 'call', to: '8000' });
    world.run(500);
    const talks = () => [first, second, third].map((one) => one.hears()[0] !== 'recvonly');
    for (const [n, person] of ['ada', 'bob', 'cyd'].entries()) {
      agent(pool, north, person).phone.tell({ name: 'answer' });
      world.run(1_000);
      expect(talks()).toEqual([true, n > 0, n > 1]);
    }
  });

  it('[PQ1] no answer: the agent is set NotReady there, the caller keeps place and music and is rung for elsewhere', () => {
    const pool = pooled({ noAnswerMs: 3_000 });
    const { world, north, south } = pool;
    const one = caller(pool, south).tell({ name: 'call', to: '8000' });
    world.run(100);
    const { phone, desk } = agent(pool, north, 'ada');
    world.run(3_500);
    expect(desk.news()).toContain('EventAgentNotReady 7001');
    expect(phone.news().at(-1)).toMatch(/^ended/);
    expect(one.hears()).toEqual(['recvonly']);
    expect(lineAt(south)).toEqual(['4930123450']);
    const { phone: other } = agent(pool, north, 'bob');
    other.tell({ name: 'answer' });
    world.run(500);
    expect(one.hears()).toEqual([`${other.host}:4000`]);
  });

  it('[PQ1] who hangs up while the phone rings frees the agent at once', () => {
    const pool = pooled();
    const { world, north, south } = pool;
    const one = caller(pool, south).tell({ name: 'call', to: '8000' });
    world.run(100);
    const { phone } = agent(pool, north, 'ada');
    world.run(100);
    one.tell({ name: 'hangup' });
    world.run(100);
    expect(phone.news().at(-1)).toMatch(/^ended/);
    expect([reserved(north), north.node.parts.centre.callCount]).toEqual([0, 0]);
    const two = caller(pool, north, 1).tell({ name: 'call', to: '8000' });
    world.run(100);
    phone.tell({ name: 'answer' });
    world.run(500);
    expect(two.hears()).toEqual([`${phone.host}:4000`]);
  });

  it('[PQ1] what was granted and does not arrive lapses after 500 ms at both ends; then nobody is asked for 5 s', () => {
    // The trunk of south leads nowhere.
    const pool = pooled({ south: { peerTrunk: '9000' } });
    const { world, north, south } = pool;
    const one = caller(pool, south, 1).tell({ name: 'call', to: '8000' });
    world.remove(GATEWAYS[0]);
    world.run(100);
    agent(pool, north, 'ada');
    const kept: number[] = [];
    const away: number[] = [];
    for (let ms = 0; ms < 4_000; ms += 10) {
      if (reserved(north) > 0) kept.push(world.now);
      if (lineAt(south).length === 0) away.push(world.now);
      world.run(10);
    }
    for (const span of [kept, away]) expect(span.at(-1) ?? 0).toBeLessThanOrEqual((span[0] ?? 0) + 500);
    expect(one.hears()).toEqual(['recvonly']);
    expect(lineAt(south)).toEqual(['4930123451']);
    expect(south.logs.filter(({ what }) => what === 'pool paused')).toHaveLength(1);
    // Who waits at the site of the agent is served meanwhile.
    const two = caller(pool, north, 2).tell({ name: 'call', to: '8000' });
    world.run(200);
    expect(north.node.parts.centre.queueSnapshots(world.now)[0]?.waiting).toEqual([]);
    expect(two.hears()).toEqual([]);
  });

  it('[PQ1] a link that is lost ends what rings over it at both ends, and each site serves its own', () => {
    const pool = pooled();
    const { world, north, south } = pool;
    const one = caller(pool, south).tell({ name: 'call', to: '8000' });
    world.run(100);
    const { phone, desk } = agent(pool, north, 'ada');
    world.run(100);
    expect(reserved(north)).toBe(1);
    cutLink(pool);
    world.run(500);
    expect(phone.news().at(-1)).toMatch(/^ended/);
    expect(desk.news()).not.toContain('EventAgentNotReady 7001');
    expect([reserved(north), north.node.parts.centre.callCount]).toEqual([0, 0]);
    expect(lineAt(south)).toEqual(['4930123450']);
    world.run(2_000);
    expect(lineAt(south)).toEqual(['4930123450']);
    const { phone: own } = agent(pool, south, 'bob');
    own.tell({ name: 'answer' });
    world.run(500);
    expect(one.hears()).toEqual([`${own.host}:4000`]);
  });

  it('[PQ1] who talks goes on without the link, and after it is back the line is served again', () => {
    const pool = pooled();
    const { world, north, south } = pool;
    const one = caller(pool, south).tell({ name: 'call', to: '8000' });
    world.run(100);
    const { phone } = agent(pool, north, 'ada');
    phone.tell({ name: 'answer' });
    world.run(500);
    const mend = cutLink(pool);
    world.run(1_000);
    expect(one.hears()).toEqual([`${phone.host}:4000`]);
    const two = caller(pool, south, 1).tell({ name: 'call', to: '8000' });
    const { phone: other } = agent(pool, north, 'bob');
    world.run(1_000);
    expect(lineAt(south)).toEqual(['4930123451']);
    mend();
    world.run(2_000);
    other.tell({ name: 'answer' });
    world.run(500);
    expect(two.hears()).toEqual([`${other.host}:4000`]);
  });

  it('[PQ1] a site that shuts down asks for its waiting callers, and grants nobody', () => {
    const pool = pooled();
    const { world, north, south } = pool;
    const one = caller(pool, south).tell({ name: 'call', to: '8000' });
    world.run(100);
    const max = new Desk(south, 'max', 'session-max');
    max.register();
    expect(max.outcome({ type: 'GracefulShutdown', on: true })).toBe('Done');
    const { phone } = agent(pool, north, 'ada');
    phone.tell({ name: 'answer' });
    world.run(500);
    expect(one.hears()).toEqual([`${phone.host}:4000`]);
    caller(pool, north, 1).tell({ name: 'call', to: '8000' });
    world.run(500);
    const refused = north.logs.find(({ what }) => what === 'pool refused');
    expect(refused).toMatchObject({
      dn: '8000',
      because: 'PQ1: south is shutting down and serves its own line.',
    });
  });

  it('[PQ1] a queue that is not pooled at the other site is refused, with the reason in the log once', () => {
    const pool = pooled({ northPools: false });
    const { world, north, south } = pool;
    caller(pool, south).tell({ name: 'call', to: '8000' });
    agent(pool, north, 'ada');
    world.run(20_000);
    expect(lineAt(south)).toEqual(['4930123450']);
    const refused = south.logs.filter(({ what }) => what === 'pool refused');
    expect(refused.map(({ because }) => because)).toEqual(['PQ1: Queue 8000 is not pooled at north.']);
  });

  it('[PQ1] what a standby takes over has its callers, and their places: reservations lapse (SS50)', () => {
    const pool = pooled({ options: { isFollowed: true } });
    const { world, north, south } = pool;
    const one = caller(pool, south).tell({ name: 'call', to: '8000' });
    world.run(100);
    const { phone } = agent(pool, north, 'ada');
    world.run(100);
    expect(reserved(north)).toBe(1);
    phone.news();
    south.takeOver();
    world.run(10);
    expect(lineAt(south)).toEqual(['4930123450']);
    world.run(1_000);
    // The ring of the former primary has ended, and the caller was offered anew.
    expect(phone.news()).toEqual([expect.stringMatching(/^ended/), 'ringing']);
    phone.tell({ name: 'answer' });
    world.run(500);
    expect(one.hears()).toEqual([`${phone.host}:4000`]);
  });
});

it('[PQ1] nobody is granted before it is known who is logged in at the other site: an agent may have gone to work there (LL7)', () => {
  const pool = pooled();
  const { world, north, south } = pool;
  const ada = pool.phone('7001');
  // Two desks of one person, each alive at its site while the sites do not hear each other.
  const mend = cutLink(pool);
  expect(pool.desk(north, 'ada', '7001', 'the desk at north').login('7001')).toBe('EventAgentLogin');
  expect(pool.desk(south, 'ada', '7001', 'the desk at south').login('7001', { workMode: undefined })).toBe(
    'EventAgentLogin',
  );
  caller(pool, south).tell({ name: 'call', to: '8000' });
  world.run(1_000);
  ada.news();
  // South hears north first, and tells it who waits.
  mend();
  const reached = new Map(north.servers);
  north.servers.clear();
  world.run(3_000);
  expect(south.node.parts.peer.canAsk).toBe(true);
  expect(reserved(north)).toBe(0);
  for (const [host, site] of reached) north.servers.set(host, site);
  world.run(3_000);
  expect(north.node.parts.centre.loginOn('7001')).toBeUndefined();
  expect(reserved(north)).toBe(0);
  expect(ada.news()).toEqual([]);
  expect(lineAt(south)).toEqual(['4930123450']);
});

describe('a call that says that it comes for a reserved agent', () => {
  const headers = [
    [HOP_HEADER, 'some-caller'],
    [RESERVATION_HEADER, '1'],
  ] as const;

  it('[PQ1] is refused where nobody is reserved', () => {
    const pool = pooled();
    const { world, north, phone } = { ...pool, phone: agent(pool, pool.north, 'ada').phone };
    world.remove(SOUTH);
    const other = new Peer(world, '4930999', SOUTH);
    other.call('8000', { headers });
    world.run(500);
    expect(other.types()).toContain('failed 480');
    expect(phone.news()).toEqual([]);
    expect(north.node.parts.centre.callCount).toBe(0);
  });

  it('[PQ1] counts on the trunk between the sites alone: from a gateway it is a call to the queue', () => {
    const pool = pooled();
    const { world, phone } = { ...pool, phone: agent(pool, pool.north, 'ada').phone };
    const gateway = new Peer(world, '4930999', GATEWAYS[0]);
    gateway.call('8000', { headers });
    world.run(500);
    expect(phone.news().at(-1)).toBe('ringing');
  });
});

it('[PQ1] only a server says who waits at the other site', () => {
  const { world, north, desk } = pooled();
  const ada = desk(north, 'ada', '7001');
  ada.send({ type: 'PoolWaiting', queue: '8000', callers: [] });
  world.run(10);
  expect(ada.replies.at(-1)).toMatchObject({ type: 'Error', code: 'not-allowed' });
});

it('[option holdfast/pooled] off unless it is set on the queue', () => {
  const isPooled = (options: Parameters<typeof configured>[0]) =>
    configured(options).dns.find(({ number }) => number === '8000')?.queue?.isPooled;
  expect(isPooled({})).toBeUndefined();
  expect(isPooled({ 'DN/8000@switch-north': { holdfast: { pooled: 'true' } } })).toBe(true);
});

/** The link between the two SIP Servers, in both directions; gives back how to mend it. */
function cutLink({ north, south }: Pool): () => void {
  const known = [north, south].map((site) => new Map(site.servers));
  for (const site of [north, south]) site.servers.clear();
  for (const site of [north, south]) site.dropLinks();
  return () => {
    for (const [n, site] of [north, south].entries())
      for (const [host, other] of known[n] ?? []) site.servers.set(host, other);
  };
}
