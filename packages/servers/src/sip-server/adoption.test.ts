import { checkCentre } from '@holdfast/centre';
import { must } from '@holdfast/kernel';
import { describe, expect, it } from 'vitest';
import { DECISIONS_MIN, WAITED_IN_SILENCE_MAX_MS } from './adoption.ts';
import { CALLER_NUMBER, leftovers, NOTHING } from './testing/centre-world.ts';
import { Desk } from './testing/desk.ts';
import { callerAt, Peer } from './testing/people.ts';
import { configurationOf, GATEWAY, SERVER, trunk } from './testing/server-site.ts';
import { SOUTH, type TwoSites, twoSites } from './testing/two-sites.ts';

/** Ada's phone at both sites, and a call to the queue of north that she has answered there. */
function talking() {
  const sites = twoSites({ isLed: true });
  const { world, north } = sites;
  const ada = sites.phone('7001').tell({ name: 'answerAfter', ms: 500 });
  const caller = callerAt(world, GATEWAY, CALLER_NUMBER);
  const deskAtNorth = sites.desk(north, 'ada', '7001');
  expect(deskAtNorth.login('7001')).toBe('EventAgentLogin');
  caller.tell({ name: 'call', to: '8000' });
  world.run(3_000);
  expect(ada.news()).toContain('established');
  caller.news();
  return { ...sites, ada, caller, deskAtNorth };
}

/** All of north at once: nobody hears of it any more. */
function die({ world, north }: Pick<TwoSites, 'world' | 'north'>): void {
  world.cut.add(north.host);
  world.remove(north.host);
}

/** A login there, by default with a higher epoch. */
function logsInAtSouth(sites: Pick<TwoSites, 'world' | 'south' | 'desk'>, number?: number): Desk {
  const desk = sites.desk(sites.south, 'ada', '7001', 'the desk at south');
  desk.login('7001', number === undefined ? {} : { number });
  sites.world.run(500);
  return desk;
}

function connIdOf(desk: Desk): string {
  const established = desk.events.find(({ name }) => name === 'EventEstablished');
  return must(established?.attributes.ConnID, 'a call has one');
}

/** Methods that south has sent since, ACK apart. */
function asked({ world }: Pick<TwoSites, 'world'>): string[] {
  return (world.packets ?? [])
    .flatMap(({ from, to, message }) =>
      from === SOUTH && message.kind === 'request' ? [`${message.method} ${to}`] : [],
    )
    .filter((each) => !each.startsWith('ACK'))
    .sort();
}

describe('a site dies while its agent talks, and she logs in at the other', () => {
  it('[AD1] [AD4] the call goes on there: both ends are told, hold and hang-up work, and she sees it with its data', () => {
    const all = talking();
    const { world, south, ada, caller } = all;
    die(all);
    world.run(20_000);
    world.packets = [];
    const desk = logsInAtSouth(all);
    const established = desk.events.find(({ name }) => name === 'EventEstablished');
    expect(established?.attributes).toMatchObject({
      ThisDN: '7001',
      ANI: CALLER_NUMBER,
      ThisQueue: '8000',
      Extensions: { Adopted: true },
    });
    expect(established?.attributes.Extensions?.EstablishedMs).toBeGreaterThan(20_000);
    expect(asked(all)).toEqual(['UPDATE 10.0.1.1', `UPDATE ${GATEWAY}`]);
    caller.tell({ name: 'hold' });
    world.run(1_000);
    expect(ada.news()).toContain('held remote');
    caller.tell({ name: 'retrieve' });
    world.run(1_000);
    expect([ada.hears(), caller.hears()]).toEqual([['10.0.9.1:4000'], ['10.0.1.1:4000']]);
    ada.tell({ name: 'hangup' });
    world.run(1_000);
    expect(caller.news()).toContain('ended remote 0');
    expect(desk.events.map(({ name }) => name)).toContain('EventReleased');
    expect(checkCentre(south.node.parts.centre)).toEqual([]);
    expect(leftovers({ world, site: south })).toEqual(NOTHING);
  });

  it('[C59] its data are with it, and can be changed there', () => {
    const all = talking();
    const { world, south, deskAtNorth } = all;
    const ConnID = connIdOf(deskAtNorth);
    const userData = { Customer: '4711', Reason: 'claim' };
    expect(deskAtNorth.outcome({ type: 'AttachUserData', dn: '7001', ConnID, userData })).toBe(
      'EventAttachedDataChanged',
    );
    world.run(1_000);
    die(all);
    world.run(20_000);
    const desk = logsInAtSouth(all);
    const established = desk.events.find(({ name }) => name === 'EventEstablished');
    expect(established?.attributes).toMatchObject({ ConnID, UserData: userData });
    const more = { Reason: 'complaint' };
    expect(desk.ask({ type: 'AttachUserData', dn: '7001', ConnID, userData: more })).toMatchObject({
      name: 'EventAttachedDataChanged',
      attributes: { UserData: { Customer: '4711', Reason: 'complaint' } },
    });
    const board = new Desk(south, 'sue');
    board.register();
    const seen = board.ask({ type: 'RegisterAddress', dn: '7001' });
    expect(seen).toMatchObject({
      snapshot: { calls: [{ UserData: { Customer: '4711', Reason: 'complaint' } }] },
    });
  });

  it('[AD4] a caller who was just being turned to the phone that had answered is turned to it from there', () => {
    const all = twoSites({ isLed: true });
    const { world, north, south } = all;
    const ada = all.phone('7001').tell({ name: 'answerAfter', ms: 500 });
    const caller = callerAt(world, GATEWAY, CALLER_NUMBER);
    caller.tell({ name: 'call', to: '8000' });
    // Hears music before anybody is there.
    world.run(2_000);
    expect(all.desk(north, 'ada', '7001').login('7001')).toBe('EventAgentLogin');
    // Our re-INVITE is on its way when she has answered.
    world.cut.add(caller.host);
    world.run(1_000);
    expect(ada.news()).toContain('established');
    die(all);
    world.cut.delete(caller.host);
    world.run(3_000);
    expect(caller.hears()).not.toEqual(['10.0.1.1:4000']);
    logsInAtSouth(all);
    world.run(5_000);
    expect([ada.hears(), caller.hears()]).toEqual([['10.0.9.1:4000'], ['10.0.1.1:4000']]);
    ada.tell({ name: 'hangup' });
    world.run(1_000);
    expect(caller.news()).toContain('ended remote 0');
    expect(checkCentre(south.node.parts.centre)).toEqual([]);
    expect(leftovers({ world, site: south })).toEqual(NOTHING);
  });

  /** She has just answered, and the caller has been told; the ACK is still on its way to north. */
  function justAnswered(more: { readonly offerless: boolean }) {
    const sites = twoSites({ isLed: true });
    const { world, north } = sites;
    const ada = sites.phone('7001').tell({ name: 'answerAfter', ms: 500 });
    const caller = new Peer(world, CALLER_NUMBER, GATEWAY);
    caller.react = (event) => {
      const { userAgent } = caller;
      if (event.type === 'answered' && more.offerless)
        caller.do(userAgent.acknowledge(world.now, event.leg, caller.sdp()));
      if (event.type === 'offer') caller.do(userAgent.acceptOffer(world.now, event.leg, caller.sdp()));
    };
    sites.desk(north, 'ada', '7001').login('7001');
    caller.call('8000', more);
    while (!caller.types().includes('answered')) world.run(1);
    die(sites);
    return { ...sites, ada, caller };
  }

  it('[AD4] [LG4] a call whose ACK went to the dead site stands all the same, and is counted', () => {
    for (const more of [{ offerless: false }, { offerless: true }]) {
      const all = justAnswered(more);
      const { world, south, ada, caller } = all;
      // Her phone, whose answer waits for his, gives up after 32 s.
      world.run(more.offerless ? 20_000 : 60_000);
      logsInAtSouth(all);
      world.run(120_000);
      expect(caller.types()).not.toContain('ended');
      expect(ada.news().filter((what) => what.startsWith('ended'))).toEqual([]);
      expect(south.node.parts.calls.size).toBe(1);
      expect([...south.node.parts.adoption.account]).toEqual([['adopted', 1]]);
      // Who offered nothing gets her description, and she the caller's.
      expect(ada.hears()).toEqual([`${GATEWAY}:5000`]);
      ada.tell({ name: 'hangup' });
      world.run(1_000);
      expect(caller.types()).toContain('ended');
      expect(leftovers({ world, site: south })).toEqual(NOTHING);
    }
  });

  it('[AD1] a caller whose answer waited for a PRACK that went to the dead site is answered from there', () => {
    const all = twoSites({ isLed: true });
    const { world, north, south } = all;
    const phone = new Peer(world, '7001', '10.0.1.1');
    phone.register();
    phone.register({ server: SOUTH });
    phone.react = (event) => {
      if (event.type !== 'incoming') return;
      const sdp = phone.sdp(4000);
      phone.do(phone.userAgent.ring(world.now, event.leg, { status: 183, sdp }));
      world.after(100, () => phone.do(phone.userAgent.answer(world.now, event.leg, { sdp })));
    };
    const caller = new Peer(world, CALLER_NUMBER, GATEWAY);
    all.desk(north, 'ada', '7001').login('7001');
    caller.call('8000', { reliableProvisionals: 'required' });
    // It hears nothing of the 183.
    world.run(14);
    world.cut.add(GATEWAY);
    world.run(400);
    expect(phone.types()).toContain('acknowledged');
    die(all);
    world.cut.delete(GATEWAY);
    world.run(20_000);
    expect(caller.types()).not.toContain('answered');
    logsInAtSouth(all);
    world.run(1_000);
    expect(caller.types()).toContain('answered');
    world.run(60_000);
    expect(phone.types()).not.toContain('ended');
    expect(south.node.parts.calls.size).toBe(1);
    phone.do(phone.userAgent.bye(world.now, phone.last('incoming').leg));
    world.run(1_000);
    expect(caller.types()).toContain('ended');
    expect(leftovers({ world, site: south })).toEqual(NOTHING);
  });

  it('[LG4] what cannot go on is counted by its cause, once', () => {
    const all = talking();
    const { world, south } = all;
    die(all);
    world.run(3_000);
    // What a newer server would have written.
    const records = must(south.node.parts.peer.records(), 'south holds what north has told');
    for (const key of records.keys())
      if (key.startsWith('leg/')) Object.assign(records.get(key)?.value ?? {}, { version: 77 });
    logsInAtSouth(all);
    all.desk(south, 'ada', '7001', 'another desk').login('7001');
    world.run(1_000);
    expect(south.node.parts.calls.size).toBe(0);
    const lines = south.logs.filter(({ what }) => what === 'call not adopted');
    expect(lines.map(({ detail }) => detail)).toEqual([{ cause: 'leg-unreadable', count: 1 }]);
    expect([...south.node.parts.adoption.account]).toEqual([['leg-unreadable', 1]]);
  });

  it('[AD5] an end that is gone releases the other', () => {
    const all = talking();
    const { world, south, ada, caller } = all;
    die(all);
    world.remove(caller.host);
    world.run(3_000);
    logsInAtSouth(all);
    world.run(40_000);
    expect(ada.news()).toContainEqual(expect.stringMatching(/^ended remote/));
    expect(leftovers({ world, site: south })).toEqual(NOTHING);
  });

  it('[AD1] a login with a lower epoch takes no call over', () => {
    const all = talking();
    const { world, south } = all;
    die(all);
    world.run(3_000);
    logsInAtSouth(all, 1);
    expect(south.node.parts.calls.size).toBe(0);
  });

  it('[AD3] a site that lives after all sees that the call was taken over, and ends it without a word', () => {
    const all = talking();
    const { world, north, south, ada, caller } = all;
    world.cut.add(north.host);
    world.run(3_000);
    logsInAtSouth(all);
    expect(south.node.parts.calls.size).toBe(1);
    expect(north.node.parts.calls.size).toBe(1);
    world.cut.delete(north.host);
    world.packets = [];
    world.run(20_000);
    expect(north.logs.map(({ what }) => what)).toContain('call given away');
    expect(north.node.parts.calls.size).toBe(0);
    expect(north.node.parts.centre.callCount).toBe(0);
    // What it had still to say was too old for the ends.
    for (const { from, message } of world.packets)
      if (from === SERVER && message.kind === 'request') expect(message.method).not.toBe('BYE');
    expect(ada.hears()).toEqual(['10.0.9.1:4000']);
    caller.tell({ name: 'hangup' });
    world.run(1_000);
    expect(ada.news()).toContain('ended remote 0');
    expect(south.node.parts.calls.size).toBe(0);
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
  expect(south.node.parts.adoption.account.get('adopted')).toBe(rounds.length * each);
  expect(south.node.parts.adoption.size).toBeLessThan(DECISIONS_MIN + each);
});

/** From the adoption to the instant at which the two sites hear each other again. */
const HEALS_AFTER_MS = Array.from({ length: 49 }, (_, index) => 1_000 + 500 * index);

/** North lives after all: where the call is once each has read what the other holds. */
function keepersAfterHeal(
  { world, north, south }: Pick<TwoSites, 'world' | 'north' | 'south'>,
  healMs: number,
) {
  world.run(healMs);
  world.cut.delete(north.host);
  world.run(20_000);
  const keepers = [north, south].filter(({ node }) => node.parts.calls.size > 0);
  const givers = [north, south].filter(({ logs }) => logs.some(({ what }) => what === 'call given away'));
  return {
    healMs,
    keep: keepers.map(({ host }) => host),
    gave: givers.map(({ host }) => host),
    problems: [north, south].flatMap(({ node }) => checkCentre(node.parts.centre)),
  };
}

const onlyTheAdopter = (healMs: number) => ({ healMs, keep: [SOUTH], gave: [SERVER], problems: [] });

describe('a site that was only cut off comes back, whoever reads the records of the other first', () => {
  it('[AD3] the site that has taken a call over keeps it, and the former one alone gives it away', () => {
    const found = HEALS_AFTER_MS.map((healMs) => {
      const all = talking();
      all.world.cut.add(all.north.host);
      all.world.run(3_000);
      logsInAtSouth(all);
      expect(all.south.node.parts.calls.size).toBe(1);
      return keepersAfterHeal(all, healMs);
    });
    expect(found).toEqual(HEALS_AFTER_MS.map(onlyTheAdopter));
  });

  it('[AD3] the site that has taken a waiting caller over keeps the caller', () => {
    const found = HEALS_AFTER_MS.map((healMs) => {
      const all = twoSites({ isLed: true });
      const { world, north, south } = all;
      all.phone('7001');
      // Not Ready, so that the caller waits.
      all.desk(north, 'ada', '7001').login('7001', { workMode: undefined });
      callerAt(world, GATEWAY, CALLER_NUMBER).tell({ name: 'call', to: '8000' });
      world.run(3_000);
      world.cut.add(north.host);
      world.run(3_000);
      all.desk(south, 'ada', '7001', 'the desk at south').login('7001', { workMode: undefined });
      world.run(10_000);
      expect(south.node.parts.calls.size).toBe(1);
      return keepersAfterHeal(all, healMs);
    });
    expect(found).toEqual(HEALS_AFTER_MS.map(onlyTheAdopter));
  });

  /** North reaches the ends again, and the two sites do not hear each other. */
  function takenOverUnheard(isAnswered: boolean) {
    const all = talking();
    const { world, north, south } = all;
    // In a minute each end is asked whether its leg stands.
    world.run(isAnswered ? 60_000 : 1_000);
    world.cut.add(north.host);
    world.run(3_000);
    logsInAtSouth(all);
    north.servers.delete(SOUTH);
    south.servers.delete(SERVER);
    world.run(7_000);
    world.cut.delete(north.host);
    world.packets = [];
    world.run(60_000);
    return all;
  }

  it('[AD3] a site that cannot hear the other lets a call go whose ends obey another server', () => {
    const { world, north, south, ada, caller } = takenOverUnheard(true);
    expect(north.node.parts.peer.canAsk).toBe(false);
    expect([north, south].map(({ node }) => node.parts.calls.size)).toEqual([0, 1]);
    for (const { from, message } of world.packets ?? [])
      if (from === SERVER && message.kind === 'request') expect(message.method).not.toBe('BYE');
    caller.tell({ name: 'hangup' });
    world.run(1_000);
    expect(ada.news()).toContain('ended remote 0');
    expect(south.node.parts.calls.size).toBe(0);
  });

  it('[AD3] not for ends that have never answered otherwise, which may just know no better', () => {
    const { north } = takenOverUnheard(false);
    expect(north.node.parts.calls.size).toBe(1);
  });

  it('[AD3] a call that goes back with its agent is given away by whoever had taken it over', () => {
    const all = talking();
    const { world, north, south, ada } = all;
    world.cut.add(north.host);
    world.run(3_000);
    logsInAtSouth(all);
    world.cut.delete(north.host);
    world.run(20_000);
    world.cut.add(south.host);
    world.run(3_000);
    all.desk(north, 'ada', '7001', 'the desk at north again').login('7001');
    world.run(500);
    expect(north.node.parts.calls.size).toBe(1);
    world.cut.delete(south.host);
    world.run(20_000);
    expect([north, south].map(({ node }) => node.parts.calls.size)).toEqual([1, 0]);
    // And once more, by south.
    die(all);
    world.run(3_000);
    all.desk(south, 'ada', '7001', 'the desk at south again').login('7001');
    world.run(500);
    expect(south.node.parts.calls.size).toBe(1);
    expect(ada.news().filter((what) => what.startsWith('ended'))).toEqual([]);
  });
});

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
    // Her lease at north lived on, and she had the first of the two there; the other still waited.
    expect(south.node.parts.calls.size).toBe(2);
  });

  it('[AD2] not when the silence has lasted so long that they have given up', () => {
    const all = waiting();
    const { world, south } = all;
    die(all);
    world.run(WAITED_IN_SILENCE_MAX_MS + 1_000);
    logsInAtSouth(all);
    world.run(20_000);
    // Her own call alone, by AD1.
    expect(south.node.parts.adoption.account.get('adopted')).toBe(1);
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
