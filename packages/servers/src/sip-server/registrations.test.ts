import { describe, expect, it } from 'vitest';
import { attributesOf, centreWorld, leftovers, NOTHING } from './testing/centre-world.ts';
import { Desk } from './testing/desk.ts';
import { Peer } from './testing/people.ts';
import { configurationOf, extension, passwordOf, SERVER, Site, trunk } from './testing/server-site.ts';
import { World } from './testing/server-world.ts';
import { twoSites } from './testing/two-sites.ts';

describe('phones', () => {
  it('[SS1] are in service once they have registered with the right digest', () => {
    const { world, board, phone } = centreWorld();
    world.packets = [];
    const ada = phone('7001');
    expect(ada.node.registeredAt).toEqual(['north']);
    expect(board.news()).toEqual(['EventDNBackInService 7001']);
    const statuses = world.packets.flatMap(({ message }) =>
      message.kind === 'response' ? [message.status] : [],
    );
    expect(statuses).toEqual([401, 200]);
    world.run(120_000);
    expect(board.news()).toEqual([]);
  });

  it('[SS1] are refused with the wrong password, for another address, and where no phone belongs', () => {
    const dns = [...configurationOf().dns, { ...extension('8800'), type: 'CallProcessingPort' as const }];
    const { world, board } = centreWorld({ dns });
    const bob = new Peer(world, '7002', '10.0.1.2');
    expect(bob.request('REGISTER', { credentials: { user: '7002', password: 'wrong' } })).toBe(401);
    const asAda = { user: '7001', password: passwordOf('7001') };
    expect(bob.request('REGISTER', { credentials: asAda })).toBe(403);
    expect(new Peer(world, '4711', '10.0.1.9').register()).toBe(401);
    expect(new Peer(world, '8800', '10.0.1.8').register()).toBe(404);
    expect(board.news()).toEqual([]);
    expect(bob.register()).toBe(200);
    expect(board.news()).toEqual(['EventDNBackInService 7002']);
  });

  it('[SS1] are told in which time they may register (423), whatever they wish', () => {
    const { world } = centreWorld();
    const bob = new Peer(world, '7002', '10.0.1.2');
    expect(bob.register({ expires: 5 })).toBe(423);
    expect(bob.register({ expires: 10 })).toBe(200);
  });

  it('[C29] show a nonce that the other site has made, and are known there', () => {
    const world = new World();
    new Site(world);
    const south = new Site(world, configurationOf({ site: 'south' }), { host: '10.0.0.2' });
    const bob = new Peer(world, '7002', '10.0.1.2');
    world.packets = [];
    expect(bob.register()).toBe(200);
    const asked = world.packets.flatMap(({ message }) =>
      message.kind === 'request' && message.headers.some(({ key }) => key === 'authorization')
        ? [message]
        : [],
    )[0];
    if (asked === undefined) throw new Error('no request with an answer');
    // The same answer, as it stands, at the other site: its nonce is authentic and in time there.
    const headers = asked.headers.filter(({ key }) => key !== 'via');
    world.packets.length = 0;
    south.sip({ ...asked, headers: [...viaOf('z9hG4bKsouth'), ...headers] }, sourceOf('10.0.1.2'));
    const [answer] = world.packets;
    expect(answer?.message).toMatchObject({ status: 200 });
  });

  it('[SS2] go out of service when their time is over, and their agents are logged out [C56]', () => {
    const { world, board, phone, agent } = centreWorld();
    const ada = phone('7001', { expires: 30 });
    const desk = agent('ada', '7001');
    world.cut.add(ada.host);
    world.run(31_000);
    expect(desk.news()).toEqual(['EventDNOutOfService 7001', 'EventAgentLogout 7001']);
    expect(attributesOf(board.events, 'EventAgentLogout', '7001')?.Reasons).toEqual({
      LogoutReason: 'dr-force_logout',
    });
    world.cut.clear();
    world.run(60_000);
    expect(desk.news()).toEqual(['EventDNBackInService 7001']);
  });

  it('[SS2] go out of service by their own wish', () => {
    const { world, board, phone } = centreWorld();
    const ada = phone('7001');
    board.news();
    ada.tell({ name: 'unregister' });
    world.run(100);
    expect(board.news()).toEqual(['EventDNOutOfService 7001']);
  });

  it('[D17] lose the contact at which nobody answers a call, long before it expires', () => {
    const centre = centreWorld();
    const { world, site, board, caller, phone, agent } = centre;
    const ada = phone('7001', { expires: 3_600 });
    const desk = agent('ada', '7001');
    world.cut.add(ada.host);
    caller.tell({ name: 'call', to: '8000' });
    world.run(33_000);
    // Back in line after its ring time; the phone is known to be dead when the INVITE has no answer for 32 s.
    expect(board.news()).toContain('EventDNOutOfService 7001');
    expect(desk.news()).toContain('EventAgentLogout 7001');
    expect(site.logs.map(({ what }) => what)).toContain('contact dropped');
    caller.tell({ name: 'hangup' });
    expect(leftovers(centre)).toEqual(NOTHING);
  });

  it('[D17] keep the contact that they have registered again since a call to it began, which nobody answers', () => {
    const { world, board, caller } = centreWorld();
    const ada = new Peer(world, '7001', '10.0.1.77');
    expect(ada.register()).toBe(200);
    world.cut.add(ada.host);
    caller.tell({ name: 'call', to: '7001' });
    // The last copy of the INVITE has gone; it is given up after 32 s.
    world.run(31_800);
    world.cut.clear();
    expect(ada.register()).toBe(200);
    board.news();
    world.run(2_000);
    expect(caller.news()).toEqual(['dialing', 'ended refused 480']);
    expect(board.news()).not.toContain('EventDNOutOfService 7001');
    ada.react = (event) => {
      if (event.type === 'incoming') ada.do(ada.userAgent.reject(world.now, event.leg, 486));
    };
    caller.tell({ name: 'call', to: '7001' });
    world.run(1_000);
    expect(caller.news()).toEqual(['dialing', 'ended refused 486']);
  });

  it('[D16] ring at the live contact while a stale one is silent, which is then dropped', () => {
    const { world, board, caller, phone } = centreWorld();
    const stale = new Peer(world, '7001', '10.0.1.77');
    expect(stale.register()).toBe(200);
    const ada = phone('7001', { answerAfterMs: 500 });
    world.cut.add(stale.host);
    board.news();
    caller.tell({ name: 'call', to: '7001' });
    world.run(1_000);
    expect(ada.news()).toEqual(['ringing', 'established']);
    expect(caller.news()).toEqual(['dialing', 'progress 180', 'established']);
    caller.tell({ name: 'hangup' });
    world.run(33_000);
    expect(board.news()).not.toContain('EventDNOutOfService 7001');
    // Only the live one is called from now on.
    world.packets = [];
    caller.tell({ name: 'call', to: '7001' });
    world.run(1_000);
    const called = world.packets.filter(
      ({ from, message }) => from === '10.0.0.1' && message.kind === 'request' && message.method === 'INVITE',
    );
    expect(called.map(({ to }) => to)).toEqual([ada.host]);
  });

  it('[D9] keep their contact when they refuse a call, with 503 too', () => {
    const { world, board, caller } = centreWorld();
    const ada = new Peer(world, '7001', '10.0.1.1');
    ada.register();
    ada.react = (event) => {
      if (event.type === 'incoming') ada.do(ada.userAgent.reject(world.now, event.leg, 503));
    };
    board.news();
    caller.tell({ name: 'call', to: '7001' });
    world.run(40_000);
    expect(board.news()).not.toContain('EventDNOutOfService 7001');
  });

  it('[C42] are out of service with their connection, and reached over the new one when they are back', () => {
    const centre = centreWorld();
    const { world, board, caller, phone } = centre;
    const ada = phone('7001', { transport: 'TCP', answerAfterMs: 500 });
    board.news();
    world.breakConnections(ada.host);
    world.run(5);
    expect(board.news()).toEqual(['EventDNOutOfService 7001']);
    world.run(20_000);
    expect(board.news()).toEqual(['EventDNBackInService 7001']);
    caller.tell({ name: 'call', to: '7001' });
    world.run(1_000);
    expect(ada.news()).toContain('established');
    caller.tell({ name: 'hangup' });
    expect(leftovers(centre)).toEqual(NOTHING);
  });

  it('[C42] hear the end of a call over the connection over which they came back', () => {
    const centre = centreWorld();
    const { world, caller, phone } = centre;
    const ada = phone('7001', { transport: 'TCP', answerAfterMs: 500, checkCallsEveryMs: 0 });
    const bob = phone('7002', { transport: 'TCP', checkCallsEveryMs: 0 });
    for (const origin of [caller, bob]) {
      origin.tell({ name: 'call', to: '7001' });
      world.run(2_000);
      expect(ada.news()).toContain('established');
      world.breakConnections(ada.host);
      world.breakConnections(bob.host);
      world.run(20_000);
      // The one end hangs up here, the other there: the server has to find both.
      const [ender, other] = origin === caller ? [caller, ada] : [ada, bob];
      expect(other.node.calls).toBe(1);
      ender.tell({ name: 'hangup' });
      world.run(1_000);
      expect(other.news().at(-1)).toBe('ended remote 0');
      ada.news();
    }
    expect(leftovers(centre)).toEqual(NOTHING);
  });

  it('[D21] are sent nothing unasked, least of all by a site that knows of them from the other alone', () => {
    const sites = twoSites({ isLed: true });
    const { world, south } = sites;
    const ada = sites.phone('7001', [SERVER]);
    world.run(5_000);
    expect(south.node.parts.registrations.isInService('7001')).toBe(false);
    world.packets = [];
    world.run(600_000);
    const toAda = world.packets.filter(({ to }) => to === ada.host);
    // What north sends are its answers to REGISTER.
    expect(toAda.length).toBeGreaterThan(10);
    expect(toAda.filter(({ from, message }) => from !== SERVER || message.kind === 'request')).toEqual([]);
  });

  it('[C57] stay registered, with their agents and calls, when the configuration changes', () => {
    const { world, site, board, caller, phone, agent } = centreWorld();
    const ada = phone('7001', { answerAfterMs: 500 });
    const bob = phone('7002');
    agent('ada', '7001');
    agent('bob', '7002');
    caller.tell({ name: 'call', to: '7001' });
    world.run(1_000);
    board.news();
    const dns = [...configurationOf().dns, extension('7099')].filter(({ number }) => number !== '7002');
    site.input({ type: 'configuration', configuration: configurationOf({ revision: 'r2', dns }) });
    world.run(1_000);
    expect(board.news()).toEqual(['EventQueueLogout 8000', 'EventQueueLogout 8001', 'EventAgentLogout 7002']);
    expect(ada.news()).toEqual(['ringing', 'established']);
    expect(site.node.sizes()).toMatchObject({ calls: 1, centre: 1 });
    // The DN that was taken out by mistake is put back: its phone has never noticed.
    site.input({ type: 'configuration', configuration: configurationOf({ revision: 'r3' }) });
    world.run(100);
    expect(bob.news()).toEqual([]);
    expect(board.news()).toEqual(['EventDNBackInService 7002']);
    const again = new Desk(site, 'bob');
    again.register();
    expect(again.login('7002')).toBe('EventAgentLogin');
    caller.tell({ name: 'hangup' });
    world.run(1_000);
    expect(ada.news()).toEqual(['ended remote 0']);
  });

  it('[SS16] at the address of a removed trunk are strangers', () => {
    const { world, site, caller } = centreWorld();
    const dns = configurationOf().dns.filter(({ type }) => type !== 'Trunk');
    site.input({
      type: 'configuration',
      configuration: configurationOf({ dns: [...dns, trunk('9001', '10.0.9.2')] }),
    });
    caller.tell({ name: 'call', to: '8000' });
    world.run(1_000);
    expect(caller.news()).toEqual(['dialing', 'ended refused 401']);
  });
});

function viaOf(branch: string) {
  return [{ key: 'via', name: 'Via', value: `SIP/2.0/UDP 10.0.1.2:5060;branch=${branch};rport` }];
}

function sourceOf(host: string) {
  return { transport: 'UDP', host, port: 5060, flow: 'udp' } as const;
}
