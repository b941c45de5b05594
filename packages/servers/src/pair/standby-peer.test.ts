import { must } from '@holdfast/kernel';
import type { DeskRequest } from '@holdfast/protocol';
import { expect, it } from 'vitest';
import { CALLER_NUMBER } from '../sip-server/testing/centre-world.ts';
import { Desk } from '../sip-server/testing/desk.ts';
import { callerAt, Phone } from '../sip-server/testing/people.ts';
import { configurationOf, SERVER, Site, trunk } from '../sip-server/testing/server-site.ts';
import { SIP_PORT, World } from '../sip-server/testing/server-world.ts';
import { SOUTH } from '../sip-server/testing/two-sites.ts';
import { type MemberName, PairSite, SECRET } from './testing/pair-site.ts';
import { isInStep, runUntil } from './testing/pair-world.ts';

/** Lease and margin of the configuration of the tests. */
const SILENCE_MIN_MS = 8_400;
/** Between the members: as far apart their clocks may seem (LG5). */
const WAY_MS = 5;
const HOSTS = ['10.0.9.1', '10.0.9.2', '10.0.9.3'];

/** North, a server alone, and south, a pair that follows it; ada, whose phone is at both, talks at north, two callers wait there. */
function sites() {
  const world = new World();
  const dns = [...configurationOf().dns, trunk('9001', '10.0.9.2'), trunk('9002', '10.0.9.3')];
  const north = new Site(world, configurationOf({ dns }), { serverSecret: SECRET, isLed: true });
  const settings = {
    members: [{ host: SERVER, port: 1, applications: ['sip-north'] }],
    ...{ addpTimeoutMs: 3_000, pauseMs: 500 },
  };
  const own = { site: 'south', switchName: 'switch-south', dns };
  const south = new PairSite(
    world,
    { ...own, peer: { site: 'north', settings } },
    { host: SOUTH, servers: [north] },
  );
  runUntil(south, () => isInStep(south));
  world.run(1_000);
  const registrars = [SERVER, SOUTH].map((host) => ({
    site: host === SERVER ? 'north' : 'south',
    registrar: 'sip:holdfast',
    destination: { type: 'target' as const, target: { transport: 'UDP' as const, host, port: SIP_PORT } },
  }));
  const ada = new Phone(world, '7001', { scheme: 'dual', sites: registrars }).tell({ name: 'register' });
  ada.tell({ name: 'answerAfter', ms: 500 });
  world.run(200);
  expect(deskAt(north).login('7001')).toBe('EventAgentLogin');
  const callers = HOSTS.map((host, index) => callerAt(world, host, `${CALLER_NUMBER}${index}`));
  for (const caller of callers) {
    caller.tell({ name: 'call', to: '8000' });
    world.run(2_000);
    caller.news();
  }
  expect(ada.news()).toContain('established');
  return { world, north, south, ada, callers };
}

function deskAt(site: Site | PairSite, session = 'a session', person = 'ada', dn = '7001'): Desk {
  const desk = new Desk(site, person, session);
  desk.register();
  desk.ask({ type: 'RegisterAddress', dn });
  return desk;
}

function die({ world, north }: { readonly world: World; readonly north: Site }): void {
  world.cut.add(north.host);
  world.remove(north.host);
}

/** Kills whoever serves at south; the other goes on. */
function takeOver(south: PairSite): MemberName {
  const [former] = south.acting();
  south.kill(must(former, 'somebody serves'));
  runUntil(south, () => south.acting().length === 1);
  return must(south.acting()[0], 'the mate serves');
}

function lineAt(south: PairSite): (string | undefined)[] {
  const lines = south.server.parts.centre.queueSnapshots(south.world.now);
  return lines.filter(({ dn }) => dn === '8000').flatMap(({ waiting }) => waiting.map(({ ANI }) => ANI));
}

it('[SS54] [AD13] the site dies, and then our primary: its calls go on, its callers keep their places, when they would have', () => {
  const all = sites();
  const { world, south, ada, callers } = all;
  die(all);
  world.run(3_000);
  const { silentSince } = south.server.parts.peer;
  takeOver(south);
  const { peer, adoption } = south.server.parts;
  // Not from the takeover, and not from before the last answer either.
  expect(Math.abs(must(peer.silentSince, 'it still is') - must(silentSince, 'north is silent'))).toBeLessThan(
    WAY_MS,
  );
  expect(deskAt(south).login('7001')).toBe('EventAgentLogin');
  world.run(500);
  expect(south.server.parts.calls.size).toBe(1);
  expect(lineAt(south)).toEqual([]);
  const due = must(adoption.nextDeadline(), 'her log-in was the last sign that lacked');
  expect(due).toBe(must(peer.silentSince, 'it still is') + SILENCE_MIN_MS);
  world.run(due - world.now + 500);
  expect(lineAt(south)).toEqual([`${CALLER_NUMBER}1`, `${CALLER_NUMBER}2`]);
  expect(callers[1]?.hears()).toEqual(['recvonly']);
  callers[0]?.tell({ name: 'hangup' });
  world.run(3_000);
  expect(ada.news()).toEqual(['ended remote 0', 'ringing', 'established']);
  expect(callers[1]?.hears()).toEqual(['10.0.1.1:4000']);
});

it('[SS54] a standby holds what its primary holds of the other site, and asks nothing but for that', () => {
  const world = new World();
  const north = new Site(world, configurationOf(), { serverSecret: SECRET, isLed: true });
  const asked: DeskRequest[] = [];
  const handle = north.fromDesk.bind(north);
  north.fromDesk = (wire, message) => {
    if ('application' in message && message.application === 'sip-b') standby = wire.connection;
    if (wire.connection === standby) asked.push(message);
    handle(wire, message);
  };
  let standby = '';
  const settings = { members: [{ host: SERVER, port: 1 }], addpTimeoutMs: 3_000, pauseMs: 500 };
  const south = new PairSite(
    world,
    { site: 'south', peer: { site: 'north', settings } },
    { host: SOUTH, servers: [north] },
  );
  runUntil(south, () => isInStep(south));
  expect(south.acting()).toEqual(['a']);
  new Phone(world, '7001').tell({ name: 'register' });
  deskAt(north).login('7001');
  world.run(10_000);
  const held = [...must(south.node('b').parts.peerStore.records(), 'it holds everything').keys()].sort();
  expect(held).toEqual([...must(south.server.parts.peer.records(), 'so does the primary').keys()].sort());
  expect(held).toContain('dn/7001');
  expect(new Set(asked.map(({ type }) => type))).toEqual(
    new Set(['RegisterClient', 'Proof', 'Mirror', 'Ping', 'Pong']),
  );
  // Nothing of it is believed, and its loss is no loss of readiness (HR2).
  world.cut.add(SERVER);
  world.run(10_000);
  expect(south.node('b').report(world.now).standby).toEqual({ ok: true });
});

it('[SS54] whatever a member is, none of its connections has the number of another', () => {
  const all = sites();
  const { world, south } = all;
  world.run(1_000);
  // Each serves and stands by twice, in one process.
  for (const name of ['b', 'a', 'b', 'a'] as const) {
    south.operator(name, 'promote');
    runUntil(south, () => south.acting()[0] === name && isInStep(south));
    world.run(5_000);
    expect(south.server.parts.peer.canAsk).toBe(true);
    const standby = south.node(name === 'a' ? 'b' : 'a').parts.peerStore;
    expect(standby.number).toBe(must(south.server.parts.peer, 'it serves').standing.following.store.number);
  }
  for (const attempts of Object.values(south.attempts)) {
    expect(attempts.length).toBeGreaterThan(3);
    expect(attempts).toEqual([...new Set(attempts)].sort((one, other) => one - other));
  }
});

it('[SS54] a configuration that names another site, or none, drops what is held of the first', () => {
  const all = sites();
  const { world, south } = all;
  const standby = south.node('b');
  expect(standby.parts.peerStore.size).toBeGreaterThan(0);
  const configuration = configurationOf({ site: 'south' });
  for (const effect of standby.handle(world.now, { type: 'configuration', configuration }))
    if (effect.type === 'peer') expect(effect.effect.type).toBe('sipClose');
  expect(standby.parts.peerStore.size).toBe(0);
});

it('[AD13] where our primary still had answers the silence counts from the takeover', () => {
  const all = sites();
  const { world, south } = all;
  die(all);
  const diedAt = world.now;
  takeOver(south);
  const servesAt = world.now;
  const since = must(south.server.parts.peer.silentSince, 'north is silent');
  expect(since).toBeGreaterThan(diedAt);
  expect(since).toBeLessThanOrEqual(servesAt);
  deskAt(south).login('7001');
  world.run(since + SILENCE_MIN_MS - world.now - 100);
  expect(lineAt(south)).toEqual([]);
  world.run(200);
  expect(lineAt(south)).toHaveLength(2);
});

it('[AD13] somebody had lost it before the takeover: then nobody has to come anew', () => {
  const all = sites();
  const { world, south } = all;
  die(all);
  world.run(3_000);
  deskAt(south).login('7001');
  world.run(500);
  takeOver(south);
  world.run(SILENCE_MIN_MS);
  expect(lineAt(south)).toEqual([`${CALLER_NUMBER}1`, `${CALLER_NUMBER}2`]);
});

it('[AD13] a desk that reaches the other site is not forgotten while it comes back', () => {
  const all = sites();
  const { world, south } = all;
  const bob = deskAt(south, 'the desk of bob', 'bob', '7002');
  bob.send({ type: 'SiteSeen', site: 'north', isUp: true });
  die(all);
  world.run(3_000);
  deskAt(south).login('7001');
  world.run(SILENCE_MIN_MS - 3_500);
  takeOver(south);
  world.run(SILENCE_MIN_MS - 2_000);
  expect(lineAt(south)).toEqual([]);
  // Here he is, and says that it is not so any more.
  deskAt(south, 'the desk of bob', 'bob', '7002').send({ type: 'SiteSeen', site: 'north', isUp: false });
  world.run(2_500);
  expect(lineAt(south)).toHaveLength(2);
});

it('[AD13] what has been decided is not decided again, though the records of the dead site still name it', () => {
  const all = sites();
  const { world, south, ada, callers } = all;
  die(all);
  world.run(3_000);
  deskAt(south).login('7001');
  world.run(10_000);
  expect(lineAt(south)).toHaveLength(2);
  for (const caller of callers) caller.tell({ name: 'hangup' });
  world.run(2_000);
  ada.news();
  takeOver(south);
  deskAt(south, 'another session').login('7001', { number: world.now + 1e13 });
  world.run(SILENCE_MIN_MS + 1_000);
  expect(south.server.parts.calls.size).toBe(0);
  expect([...south.server.parts.account.counts]).toEqual([]);
  expect(ada.news()).not.toContain('ringing');
});
