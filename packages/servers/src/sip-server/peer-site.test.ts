import { describe, expect, it } from 'vitest';
import { EPOCH_AHEAD_MAX_MS } from './login-admission.ts';
import { Desk } from './testing/desk.ts';
import { SERVER, WALL } from './testing/server-site.ts';
import { SECRET, SOUTH, type TwoSites, twoSites } from './testing/two-sites.ts';

function agentOf({ north, south }: TwoSites, person = 'ada'): string[] {
  return [north, south].flatMap((site) => {
    const login = site.node.parts.centre.loginOf(person);
    return login === undefined ? [] : [`${site === north ? 'north' : 'south'} ${login.epoch.number - WALL}`];
  });
}

const lines = (site: TwoSites['north']) =>
  site.logs.map(({ what }) => what).filter((what) => what.startsWith('other site'));

/** Ada's phone at both sites, and a desk of hers at each. */
function ready() {
  const sites = twoSites();
  sites.phone('7001');
  const atNorth = sites.desk(sites.north, 'ada', '7001', 'session-one');
  const atSouth = sites.desk(sites.south, 'ada', '7001', 'session-two');
  return { ...sites, atNorth, atSouth };
}

describe('the link between the sites', () => {
  it('[SS70] each follows the other, and says in a line of its log when it answers, is silent, is lost and is back', () => {
    const { world, north, south } = ready();
    expect(lines(north)).toEqual(['other site answers']);
    expect(lines(south)).toEqual(['other site answers']);
    world.cut.add(SOUTH);
    world.run(1_400);
    expect(lines(north).slice(1)).toEqual(['other site silent']);
    expect(north.node.parts.peer.canAsk).toBe(false);
    world.run(8_000);
    expect(lines(north).slice(2)).toEqual(['other site lost']);
    expect(north.logs.find(({ what }) => what === 'other site lost')).toMatchObject({
      because: expect.stringContaining('LL8'),
      detail: { peer: 'south' },
    });
    world.cut.clear();
    world.run(3_000);
    expect(lines(north).slice(3)).toEqual(['other site answers']);
    expect(north.node.parts.peer.canAsk).toBe(true);
  });

  it('[SS70] [SS91] that it does not answer is an alarm to whoever watches, and that it does again the end of it', () => {
    const { world, north } = ready();
    const max = new Desk(north, 'max');
    max.register();
    max.ask({ type: 'RegisterAll' });
    const alarms = () => max.replies.filter(({ type }) => type === 'Alarm');
    expect(alarms()).toEqual([]);
    world.cut.add(SOUTH);
    world.run(12_000);
    const alarm = { name: 'other site does not answer', application: 'sip-north' };
    expect(alarms()).toMatchObject([
      { ...alarm, isRaised: true, because: expect.stringContaining('has not answered within 300 ms') },
    ]);
    world.cut.clear();
    world.run(3_000);
    expect(alarms().slice(1)).toMatchObject([{ ...alarm, isRaised: false }]);
  });

  it('[SS91] a site that is gone when this server begins is an alarm, too, told to whoever comes', () => {
    const { world, south } = twoSites({ hasMate: true });
    world.cut.add(SERVER);
    south.takeOver();
    world.run(5_000);
    const max = new Desk(south, 'max');
    max.register();
    max.ask({ type: 'RegisterAll' });
    expect(max.replies.filter(({ type }) => type === 'Alarm')).toMatchObject([
      { name: 'other site does not answer', isRaised: true },
    ]);
  });

  it('[SS70] a desk is told whether its log-in will be put to the other site', () => {
    const { world, north } = ready();
    const desk = new Desk(north, 'ada', 'session-asks');
    expect(desk.register()).toMatchObject({ type: 'ServerInfo', peerAsked: true });
    world.cut.add(SOUTH);
    world.run(2_000);
    expect(new Desk(north, 'ada', 'session-else').register()).not.toHaveProperty('peerAsked');
  });

  it('[SS70] it knows who is on which number there, and nothing while the link is not up', () => {
    const { world, north, south, atSouth } = ready();
    expect(north.node.parts.peer.whoIsOn('7001')).toEqual({ isInService: true, person: undefined });
    expect(atSouth.login('7001')).toBe('EventAgentLogin');
    world.run(10);
    expect(north.node.parts.peer.whoIsOn('7001')).toEqual({ isInService: true, person: 'ada' });
    expect(north.node.parts.peer.whoIsOn('7009')).toEqual({ isInService: false, person: undefined });
    atSouth.ask({ type: 'AgentLogout', dn: '7001' });
    world.run(10);
    expect(north.node.parts.peer.whoIsOn('7001')).toEqual({ isInService: true, person: undefined });
    world.cut.add(SOUTH);
    world.run(2_000);
    expect(north.node.parts.peer.whoIsOn('7001')).toBeUndefined();
    expect(south.node.parts.peer.canAsk).toBe(false);
  });

  it('[SS71] EndLogin is for who has shown the server secret, and a server may ask nothing else', () => {
    const { atNorth } = ready();
    const epoch = { number: WALL, desk: 'd' };
    expect(atNorth.outcome({ type: 'EndLogin', person: 'ada', epoch })).toBe('not-allowed');
    expect(new Desk(atNorth.site).outcome({ type: 'EndLogin', person: 'ada', epoch })).toBe('wrong-state');
  });
});

describe('one login at both sites (LL8)', () => {
  it('[C14] [SS71] a log-in ends the one at the other site before it is admitted, and its event says so', () => {
    const sites = ready();
    const { atNorth, atSouth, world, north } = sites;
    expect(atSouth.login('7001')).toBe('EventAgentLogin');
    world.run(100);
    atSouth.news();
    expect(atNorth.login('7001')).toBe('EventAgentLogin');
    expect(agentOf(sites)).toHaveLength(1);
    const login = atNorth.events.find(({ name }) => name === 'EventAgentLogin');
    expect(login?.attributes.Extensions).toMatchObject({ PeerEnded: true });
    expect(atSouth.events[0]).toMatchObject({
      name: 'EventAgentLogout',
      attributes: { Reasons: { LogoutReason: 'login-superseded' } },
    });
    expect(sites.south.logs.map(({ what }) => what)).toContain('log-in ended by the other site');
    expect(north.node.sizes()).toMatchObject({ peerAsked: 0 });
  });

  it('[SS71] what the other site has promised it keeps, also on another process (SS50)', () => {
    const sites = twoSites({ options: { isFollowed: true } });
    sites.phone('7001');
    const atNorth = sites.desk(sites.north, 'ada', '7001', 'session-one');
    expect(atNorth.login('7001', { number: WALL + 5_000 })).toBe('EventAgentLogin');
    sites.world.cut.add(SERVER);
    sites.south.takeOver();
    const atSouth = sites.desk(sites.south, 'ada', '7001', 'session-two');
    expect(atSouth.login('7001', { number: WALL + 4_999 })).toBe('epoch-too-low');
    expect(atSouth.replies.at(-1)).toMatchObject({ epoch: { number: WALL + 5_000 } });
    expect(agentOf(sites)).toEqual(['north 5000']);
  });

  it('[SS72] a log-in below what the other site knows is refused with that epoch, and whether it works there', () => {
    const sites = ready();
    const { atNorth, atSouth, world } = sites;
    expect(atSouth.login('7001', { number: WALL + 50_000 })).toBe('EventAgentLogin');
    expect(atNorth.login('7001', { number: WALL + 40_000 })).toBe('agent-elsewhere');
    expect(atNorth.replies.at(-1)).toMatchObject({ epoch: { number: WALL + 50_000, desk: 'session-two' } });
    expect(sites.south.logs.filter(({ what }) => what === 'lower epoch refused')).toHaveLength(1);
    atSouth.answering = undefined;
    world.run(9_000);
    expect(atNorth.login('7001', { number: WALL + 40_000 })).toBe('epoch-too-low');
    expect(agentOf(sites)).toEqual(['south 50000']);
  });

  it('[SS72] of whoever is no Person here nothing is said, and nothing is remembered: names can be made up at will', () => {
    const { world, north } = ready();
    const liar = new Desk(north, undefined, 'session of a liar');
    liar.registerAsServer(SECRET);
    const persons = () =>
      [...north.node.holding(world.now).records].filter(([key]) => key.startsWith('person/')).length;
    const before = persons();
    const epoch = { number: WALL + 1, desk: 'z' };
    for (let n = 0; n < 100; n++)
      expect(liar.outcome({ type: 'EndLogin', person: `nobody-${n}`, epoch })).toBe('not-found');
    expect(liar.replies.at(-1)).toMatchObject({ text: expect.stringContaining('nobody-99 is no Person') });
    expect(persons()).toBe(before);
    expect(
      liar.outcome({ type: 'EndLogin', person: 'ada', epoch: { ...epoch, number: WALL + 90_000 } }),
    ).toBe('Done');
    expect(persons()).toBeLessThanOrEqual(before + 1);
  });

  it('[SS72] an epoch further ahead than any clock is not believed: the agent works on, and may come back', () => {
    const sites = ready();
    const { atNorth, world, north } = sites;
    expect(atNorth.login('7001')).toBe('EventAgentLogin');
    const liar = new Desk(north, undefined, 'session of a liar');
    liar.registerAsServer(SECRET);
    const lie = { number: Number.MAX_SAFE_INTEGER, desk: 'z' };
    expect(liar.outcome({ type: 'EndLogin', person: 'ada', epoch: lie })).toBe('bad-message');
    expect(agentOf(sites)).toHaveLength(1);
    expect(north.logs.filter(({ what }) => what === 'epoch not believed')).toHaveLength(1);
    // What a clock may be wrong by is believed, and leaves room above it.
    const far = { number: WALL + world.now + EPOCH_AHEAD_MAX_MS - 1_000, desk: 'z' };
    expect(liar.outcome({ type: 'EndLogin', person: 'ada', epoch: far })).toBe('Done');
    expect(agentOf(sites)).toEqual([]);
    expect(atNorth.login('7001', { number: far.number + 1 })).toBe('EventAgentLogin');
  });

  it('[SS72] what would be refused here anyway ends nothing there', () => {
    const { atNorth, atSouth, world } = ready();
    expect(atSouth.login('7001')).toBe('EventAgentLogin');
    world.run(100);
    atSouth.news();
    expect(atNorth.login('7001', { queues: ['8555'] })).toBe('unknown-queue');
    expect(atNorth.login('7002', { AgentID: '1001' })).toBe('phone-out-of-service');
    expect(atNorth.login('7001', { AgentID: '1002' })).toBe('not-allowed');
    expect(atSouth.news()).toEqual([]);
  });

  it('[SS73] no answer within 300 ms: it goes on by the lease alone, unless it was to be asked first', () => {
    const { atNorth, world, south } = ready();
    world.cut.add(SOUTH);
    const began = world.now;
    const answers = atNorth.begin({
      type: 'AgentLogin',
      ...{ dn: '7001', AgentID: '1001', queues: ['8000'], place: 'p', token: 'token ada' },
      ...{ epoch: { number: WALL + began, desk: 'one' }, stamp: atNorth.newestStamp, needsPeer: true },
    });
    world.run(290);
    expect(answers()).toEqual([]);
    world.run(20);
    expect(answers()).toMatchObject([{ type: 'Error', code: 'peer-silent' }]);
    // Known to be silent: nobody waits for it any more.
    expect(atNorth.login('7001', { needsPeer: true })).toBe('peer-silent');
    expect(atNorth.login('7001', { number: WALL + 90_000 })).toBe('EventAgentLogin');
    expect(atNorth.events.at(0)?.attributes.Extensions).not.toHaveProperty('PeerEnded');
    expect(south.node.parts.centre.loginOf('ada')).toBeUndefined();
  });

  it('[SS73] a log-in that waits is answered once: outbid, withdrawn, or its client gone', () => {
    const sites = ready();
    const { atNorth, world } = sites;
    const login = (number: number) =>
      atNorth.begin({
        type: 'AgentLogin',
        ...{ dn: '7001', AgentID: '1001', queues: ['8000'], place: 'p', token: 'token ada' },
        ...{ epoch: { number: WALL + number, desk: 'one' }, stamp: atNorth.newestStamp },
      });
    world.cut.add(SOUTH);
    const [first, lower, second] = [login(10_000), login(9_000), login(11_000)];
    world.run(10);
    expect(first()).toMatchObject([{ code: 'epoch-too-low', epoch: { number: WALL + 11_000 } }]);
    expect(lower()).toMatchObject([{ code: 'epoch-too-low', epoch: { number: WALL + 10_000 } }]);
    expect(second()).toEqual([]);
    expect(atNorth.outcome({ type: 'AgentLogout', dn: '7001' })).toBe('Done');
    expect(second()).toMatchObject([{ code: 'not-logged-in' }]);
    login(12_000);
    world.run(10);
    atNorth.drop();
    world.run(400);
    expect(agentOf(sites)).toEqual([]);
    expect(sites.north.node.parts.centre.loginOf('ada')).toBeUndefined();
  });

  const begin = (desk: Desk, number: number, session = desk.session) =>
    desk.begin({
      type: 'AgentLogin',
      ...{ dn: '7001', AgentID: '1001', queues: ['8000'], place: 'p', token: 'token ada' },
      ...{ epoch: { number: WALL + number, desk: session }, stamp: desk.newestStamp },
    });

  it('[C14] [SS74] two log-ins that cross: one is admitted, and it is the higher one', () => {
    const sites = ready();
    const [lower, higher] = [begin(sites.atNorth, 10_000), begin(sites.atSouth, 10_001)];
    sites.world.run(20);
    expect(lower()).toMatchObject([{ code: 'epoch-too-low', epoch: { number: WALL + 10_001 } }]);
    expect(higher()).toMatchObject([{ name: 'EventAgentLogin' }]);
    expect(agentOf(sites)).toEqual(['south 10001']);
  });

  it('[SS74] with one epoch at both sites at once neither is admitted: a desk that does so has a mistake', () => {
    const sites = ready();
    const both = [begin(sites.atNorth, 10_000, 'one'), begin(sites.atSouth, 10_000, 'one')];
    sites.world.run(20);
    for (const answers of both) expect(answers()).toMatchObject([{ code: 'epoch-too-low' }]);
    expect(agentOf(sites)).toEqual([]);
    for (const { logs } of [sites.north, sites.south])
      expect(logs.map(({ what }) => what)).toContain('same epoch at both sites');
  });
});

describe('when the sites meet (LL8)', () => {
  /** Two living desks, each logged in at its site while the sites could not hear each other. */
  function parted() {
    const sites = ready();
    sites.world.cut.add(SERVER).add(SOUTH);
    sites.world.run(10_000);
    expect(sites.atNorth.login('7001', { number: WALL + 20_000 })).toBe('EventAgentLogin');
    expect(sites.atSouth.login('7001', { number: WALL + 30_000 })).toBe('EventAgentLogin');
    expect(agentOf(sites)).toEqual(['north 20000', 'south 30000']);
    return sites;
  }

  it('[SS75] of two live logins the lower epoch is logged out', () => {
    const sites = parted();
    sites.world.cut.clear();
    sites.world.run(2_000);
    expect(agentOf(sites)).toEqual(['south 30000']);
    expect(sites.atNorth.events.at(-1)).toMatchObject({
      name: 'EventAgentLogout',
      attributes: { Reasons: { LogoutReason: 'login-superseded' } },
    });
  });

  it('[SS75] one whose lease has ended yields to one whose lease is live, though its epoch is higher', () => {
    const sites = parted();
    sites.atSouth.answering = undefined;
    sites.world.run(9_000);
    sites.world.cut.clear();
    sites.world.run(2_000);
    expect(agentOf(sites)).toEqual(['north 20000']);
  });

  it('[SS75] nobody yields to one whose lease has ended', () => {
    const sites = parted();
    sites.atNorth.answering = undefined;
    sites.atSouth.answering = undefined;
    sites.world.run(9_000);
    sites.world.cut.clear();
    sites.world.run(2_000);
    expect(agentOf(sites)).toEqual(['north 20000', 'south 30000']);
  });
});
