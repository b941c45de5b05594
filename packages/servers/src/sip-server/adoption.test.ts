import { checkCentre } from '@holdfast/centre';
import { must } from '@holdfast/kernel';
import { describe, expect, it } from 'vitest';
import { asked, connIdOf, die, logsInAtSouth, talking } from './testing/adoption-world.ts';
import { CALLER_NUMBER, leftovers, NOTHING } from './testing/centre-world.ts';
import { Desk } from './testing/desk.ts';
import { callerAt, Peer } from './testing/people.ts';
import { GATEWAY, SERVER } from './testing/server-site.ts';
import { SOUTH, twoSites } from './testing/two-sites.ts';

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

  it('[AD1] what she had put on hold is shown as that, since when she had, and is retrieved there', () => {
    const all = talking();
    const { world, ada, caller } = all;
    ada.tell({ name: 'hold' });
    world.run(5_000);
    die(all);
    world.run(20_000);
    const desk = logsInAtSouth(all);
    const told = desk.events.flatMap(({ name, attributes }) =>
      attributes.Extensions?.Adopted === true ? [[name, attributes.Extensions] as const] : [],
    );
    expect(told.map(([name]) => name)).toEqual(['EventRinging', 'EventEstablished', 'EventHeld']);
    expect(told.at(-1)?.[1].HeldMs).toBeGreaterThan(25_000);
    const board = new Desk(all.south, 'sue');
    board.register();
    const snapshot = { calls: [{ state: 'Held' }] };
    expect(board.ask({ type: 'RegisterAddress', dn: '7001' })).toMatchObject({ snapshot });
    ada.tell({ name: 'retrieve' });
    world.run(1_000);
    expect(desk.events.at(-1)?.name).toBe('EventRetrieved');
    expect([ada.hears(), caller.hears()]).toEqual([['10.0.9.1:4000'], ['10.0.1.1:4000']]);
    caller.tell({ name: 'hangup' });
    expect(leftovers({ world, site: all.south })).toEqual(NOTHING);
  });

  it('[AD1] [LG8] also where its mate had taken over, and dies while it is telling everything', () => {
    const all = talking();
    const { world, south, ada, caller } = all;
    const epoch = (south.node.parts.peer.standing.following.store.epoch ?? 0) + 1;
    const part = { type: 'snapshot', epoch, number: 1, now: world.now, part: 0, isLast: false } as const;
    const message = { type: 'Mirror' as const, message: { ...part, positions: [], put: [], events: [] } };
    south.input({ type: 'peer', input: { type: 'sipMessage', attempt: 1, message } });
    die(all);
    world.run(20_000);
    expect(south.node.parts.peer.standing.following.store.isComplete).toBe(false);
    const desk = logsInAtSouth(all);
    expect(desk.events.map(({ name }) => name)).toContain('EventEstablished');
    caller.tell({ name: 'hold' });
    world.run(1_000);
    expect(ada.news()).toContain('held remote');
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
      world.run(more.offerless ? 20_000 : 40_000);
      logsInAtSouth(all);
      world.run(120_000);
      expect(caller.types()).not.toContain('ended');
      expect(ada.news().filter((what) => what.startsWith('ended'))).toEqual([]);
      expect(south.node.parts.calls.size).toBe(1);
      expect([...south.node.parts.account.counts]).toEqual([['adopted', 1]]);
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

  it('[LG4] [AD8] what cannot go on is counted by its cause, once', () => {
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
    expect([...south.node.parts.account.counts]).toEqual([['leg-unreadable', 1]]);
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

  it('[AD1] [SS2] her phone goes home in the middle of the call: she stays logged in until it is over (AG26)', () => {
    const all = twoSites({ isLed: true });
    const { world, north, south } = all;
    const phone = new Peer(world, '7001', '10.0.1.1');
    for (const server of [north.host, south.host]) phone.register({ server, expires: 600 });
    phone.react = (event) => {
      if (event.type === 'incoming')
        phone.do(phone.userAgent.answer(world.now, event.leg, { sdp: phone.sdp(4000) }));
    };
    all.desk(north, 'ada', '7001').login('7001');
    const caller = callerAt(world, GATEWAY, CALLER_NUMBER).tell({ name: 'call', to: '8000' });
    world.run(2_000);
    die(all);
    world.run(3_000);
    const desk = logsInAtSouth(all);
    desk.news();
    expect(phone.register({ server: south.host, expires: 0 })).toBe(200);
    world.run(1_000);
    expect(desk.news()).toEqual(['EventDNOutOfService 7001']);
    caller.tell({ name: 'hangup' });
    world.run(1_000);
    const { attributes } = must(
      desk.events.findLast(({ name }) => name === 'EventAgentLogout'),
      'the phone has not come back',
    );
    expect(attributes.Reasons).toEqual({ LogoutReason: 'dr-force_logout' });
    expect(phone.types()).toContain('ended');
    expect(leftovers({ world, site: south })).toEqual(NOTHING);
  });
});
