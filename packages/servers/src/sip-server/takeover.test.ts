import { must } from '@holdfast/kernel';
import { headerValue } from '@holdfast/sip';
import { describe, expect, it } from 'vitest';
import { attributesOf, CALLER_NUMBER, centreWorld, leftovers, NOTHING } from './testing/centre-world.ts';
import { Desk } from './testing/desk.ts';
import { Peer } from './testing/people.ts';
import { GATEWAY, SERVER } from './testing/server-site.ts';

const FOLLOWED = { isFollowed: true } as const;

/** The desk of ada after the takeover, with her login and all that she knew. */
function deskAgain(former: Desk): Desk {
  const desk = new Desk(former.site, 'ada', former.session);
  desk.answering = former.answering;
  const resume = must(former.events.at(-1), 'she has heard something').position;
  expect(desk.register({ resume })).toMatchObject({ type: 'ServerInfo', resumed: true });
  return desk;
}

describe('the server dies, and its mate goes on', () => {
  it('[SS50] a call that stands stands on, and either side ends it', () => {
    const centre = centreWorld({}, FOLLOWED);
    const { world, site, caller } = centre;
    const ada = centre.phone('7001', { answerAfterMs: 500 });
    centre.agent('ada', '7001');
    caller.tell({ name: 'call', to: '8000' });
    world.run(2_000);
    site.takeOver();
    caller.tell({ name: 'hold' });
    world.run(1_000);
    expect(ada.news()).toEqual(['ringing', 'established', 'held remote']);
    ada.tell({ name: 'hangup' });
    world.run(1_000);
    expect(caller.news()).toContain('ended remote 0');
    expect(leftovers(centre)).toEqual(NOTHING);
  });

  it('[SS50] [C42] a phone whose connection ended with the dead server hears of its call over the one by which it came back', () => {
    const centre = centreWorld({}, FOLLOWED);
    const { world, site, caller } = centre;
    const ada = centre.phone('7001', { transport: 'TCP', answerAfterMs: 500, checkCallsEveryMs: 0 });
    centre.agent('ada', '7001');
    caller.tell({ name: 'call', to: '8000' });
    world.run(2_000);
    site.takeOver();
    // Nobody tells the new server that it has lost what it never had.
    world.breakConnections(ada.host, SERVER);
    world.run(20_000);
    expect(ada.news()).toEqual(['ringing', 'established', 'lost', 'registered']);
    caller.tell({ name: 'hold' });
    world.run(1_000);
    expect(ada.news()).toEqual(['held remote']);
    expect(caller.news().at(-1)).toBe('held local');
    caller.tell({ name: 'hangup' });
    world.run(1_000);
    expect(ada.news()).toEqual(['ended remote 0']);
    expect(leftovers(centre)).toEqual(NOTHING);
  });

  it('[SS50] a call whose ACK reached the dead server, which told nobody, stands on', () => {
    const centre = centreWorld({}, FOLLOWED);
    const { world, site } = centre;
    const ada = centre.phone('7001', { answerAfterMs: 500 });
    centre.agent('ada', '7001');
    const caller = new Peer(world, CALLER_NUMBER, GATEWAY);
    caller.call('8000');
    while (!caller.types().includes('answered')) world.run(1);
    // Nothing of the caller's reaches anybody for as long as it would answer a 2xx that comes again.
    world.cut.add(GATEWAY);
    world.run(20_000);
    site.takeOver();
    world.run(20_000);
    world.cut.delete(GATEWAY);
    world.run(60_000);
    expect(caller.types()).not.toContain('ended');
    expect(ada.news()).toEqual(['ringing', 'established']);
    expect(site.node.parts.calls.size).toBe(1);
  });

  it('[PR10] [option holdfast/sip-name] at an address of its own it tells both ends of a call where it is, by the name of the pair', () => {
    const told = (sipName: string | undefined) => {
      const centre = centreWorld({}, { ...FOLLOWED, sipName });
      const { world, site, caller } = centre;
      const ada = centre.phone('7001', { answerAfterMs: 500 });
      centre.agent('ada', '7001');
      caller.tell({ name: 'call', to: '8000' });
      world.run(2_000);
      world.packets = [];
      site.takeOver();
      world.run(10_000);
      expect(ada.news()).toEqual(['ringing', 'established']);
      return world.packets
        .filter(({ message }) => message.kind === 'request' && message.method === 'UPDATE')
        .map(({ to, message }) => [to, headerValue(message, 'contact')]);
    };
    const contact = '<sip:north.example.net>';
    expect(told('north.example.net')).toEqual([
      ['10.0.1.1', contact],
      [GATEWAY, contact],
    ]);
    // At the address of its predecessor there is nothing to tell.
    expect(told(undefined)).toEqual([]);
  });

  it('[PR10] at an address of its own it has a phone that rings for its predecessor stop, and ring for itself', () => {
    const centre = centreWorld({}, { ...FOLLOWED, sipName: 'north.example.net' });
    const { world, site, caller } = centre;
    const ada = centre.phone('7001', { answerAfterMs: null });
    centre.agent('ada', '7001');
    caller.tell({ name: 'call', to: '8000' });
    world.run(1_000);
    world.packets = [];
    site.takeOver();
    world.run(1_000);
    const said = world.packets.flatMap(({ to, message }) =>
      to === '10.0.1.1' && message.kind === 'request' && message.method !== 'ACK' ? [message.method] : [],
    );
    expect(said).toEqual(['CANCEL', 'INVITE']);
    ada.tell({ name: 'answer' });
    world.run(1_000);
    expect(ada.news()).toEqual(['ringing', 'ended remote 487', 'ringing', 'established']);
    expect(caller.news()).toEqual(['dialing', 'progress 180', 'established']);
    expect([ada.hears(), caller.hears()]).toEqual([['10.0.9.1:4000'], ['10.0.1.1:4000']]);
    caller.tell({ name: 'hangup' });
    expect(leftovers(centre)).toEqual(NOTHING);
  });

  it('[SS50] a phone that rings is answered, and the caller hears it', () => {
    const centre = centreWorld({}, FOLLOWED);
    const { world, site, caller } = centre;
    const ada = centre.phone('7001', { answerAfterMs: null });
    centre.agent('ada', '7001');
    caller.tell({ name: 'call', to: '8000' });
    world.run(1_000);
    site.takeOver();
    ada.tell({ name: 'answer' });
    world.run(1_000);
    expect(caller.news()).toEqual(['dialing', 'progress 180', 'established']);
    expect([ada.hears(), caller.hears()]).toEqual([['10.0.9.1:4000'], ['10.0.1.1:4000']]);
    caller.tell({ name: 'hangup' });
    expect(leftovers(centre)).toEqual(NOTHING);
  });

  it('[SS50] a caller who waits keeps the place, and hears the music of the new announcer', () => {
    const centre = centreWorld({}, FOLLOWED);
    const { world, site, caller, board } = centre;
    caller.tell({ name: 'call', to: '8000' });
    world.run(5_000);
    site.announced.length = 0;
    site.takeOver();
    world.run(1_000);
    expect(site.announced[0]).toBe('start music with remote');
    expect(caller.hears()).toEqual(['recvonly']);
    expect(caller.news()).toEqual(['dialing', 'established']);
    const waiting = site.node.parts.centre.queueSnapshots(world.now).find(({ dn }) => dn === '8000');
    expect(waiting?.waiting[0]?.waitedMs).toBeGreaterThan(5_900);
    expect(board.closedBecause).toBe('the server died');
    caller.tell({ name: 'hangup' });
    expect(leftovers(centre)).toEqual(NOTHING);
  });

  it('[SS50] a phone stays registered, and one that had no answer to its REGISTER gets it', () => {
    const { world, site, phone } = centreWorld({}, FOLLOWED);
    phone('7001');
    site.takeOver();
    expect(site.node.parts.registrations.isInService('7001')).toBe(true);
    expect(site.node.parts.registrations.contactsOf('7001')).toHaveLength(1);
    world.run(70_000);
    expect(site.node.parts.registrations.contactsOf('7001')).toHaveLength(1);
  });

  it('[SS51] a client comes back with its position and misses nothing; one that knows more takes a snapshot', () => {
    const centre = centreWorld({}, FOLLOWED);
    const { world, site, caller, board } = centre;
    centre.phone('7001', { answerAfterMs: 500 });
    centre.agent('ada', '7001');
    caller.tell({ name: 'call', to: '8000' });
    world.run(100);
    const [first] = board.events;
    const { position } = must(first, 'the call gave an event');
    world.run(2_000);
    const all = board.events.map(({ position: { number } }) => number);
    site.takeOver();
    const again = new Desk(site, 'sue', board.session);
    expect(again.register({ resume: position })).toMatchObject({ resumed: true });
    expect(again.events.map(({ position: { number } }) => number)).toEqual(all.slice(1));
    expect(attributesOf(again.events, 'EventEstablished', '7001')).toBeDefined();
    const { epoch, number } = must(again.events.at(-1), 'it got the rest').position;
    const ahead = new Desk(site, 'sue', board.session);
    expect(ahead.register({ resume: { epoch, number: number + 1 } })).toMatchObject({ resumed: false });
  });

  it('[SS52] an agent is logged in, and gets no new call before the desk has answered a stamp of the new primary', () => {
    const centre = centreWorld({}, FOLLOWED);
    const { world, site, caller } = centre;
    const ada = centre.phone('7001', { answerAfterMs: 500 });
    const former = centre.agent('ada', '7001');
    former.events.push(...centre.board.events);
    caller.tell({ name: 'call', to: '8000' });
    world.run(1_000);
    caller.tell({ name: 'hangup' });
    world.run(1_000);
    ada.news();
    site.takeOver();
    expect(site.node.parts.centre.agentOn('7001')).toMatchObject({ state: 'Ready', routable: false });
    caller.tell({ name: 'call', to: '8000' });
    world.run(1_000);
    expect(ada.news()).toEqual([]);
    deskAgain(former);
    world.run(2_500);
    expect(ada.news()).toEqual(['ringing', 'established']);
  });

  it('[SS52] a desk with an epoch that nobody holds is told so', () => {
    const centre = centreWorld({}, FOLLOWED);
    const { world, site } = centre;
    centre.phone('7001');
    centre.agent('ada', '7001');
    site.takeOver();
    const desk = new Desk(site, 'ada', 'another session');
    desk.register();
    desk.ask({ type: 'RegisterAddress', dn: '7001' });
    desk.answering = { dn: '7001', epoch: { number: 7, desk: 'old' } };
    world.run(2_500);
    expect(desk.replies.some(({ type }) => type === 'NotLoggedIn')).toBe(true);
  });
});
