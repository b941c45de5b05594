import type { TransportName } from '@holdfast/sip';
import { describe, expect, it } from 'vitest';
import { sipPortOf } from './read-configuration.ts';
import { CALLER_NUMBER, centreWorld, leftovers, NOTHING } from './testing/centre-world.ts';
import { Peer, Phone } from './testing/people.ts';
import { configurationOf, GATEWAY, SERVER } from './testing/server-site.ts';

/** A phone that sends its callers to these contacts. */
function forwarding(
  status: number,
  contacts: readonly string[],
  number = '7001',
  options: Parameters<typeof centreWorld>[1] = {},
) {
  const centre = centreWorld({}, options);
  const phone = new Peer(centre.world, number, '10.0.1.1');
  phone.register({ expires: 600 });
  const headers = contacts.map((contact) => ['Contact', contact] as const);
  phone.react = (event) => {
    if (event.type === 'incoming')
      phone.do(phone.userAgent.reject(centre.world.now, event.leg, status, { headers }));
  };
  centre.board.news();
  return centre;
}

describe('a phone that sends its callers elsewhere', () => {
  it('[SS33] to a DN of ours is followed, and everybody is told who rings', () => {
    const centre = forwarding(302, ['<sip:7002@holdfast>']);
    const { world, board, caller, phone } = centre;
    const bob = phone('7002', { answerAfterMs: 500 });
    board.news();
    caller.tell({ name: 'call', to: '7001' });
    world.run(2_000);
    expect(caller.news().at(-1)).toBe('established');
    expect(caller.hears()).toEqual([`${bob.host}:4000`]);
    expect(board.news()).toEqual([
      'EventRinging 7001',
      'EventReleased 7001',
      'EventRinging 7002',
      'EventEstablished 7002',
    ]);
    caller.tell({ name: 'hangup' });
    expect(leftovers(centre)).toEqual(NOTHING);
  });

  it('[SS33] takes the preferred contact of those that we follow, also one that names our address', () => {
    const contacts = ['<sip:eve@192.0.2.1>;q=1', '<sip:7003@holdfast>;q=0.2', `<sip:7002@${SERVER}>;q=0.7`];
    const centre = forwarding(300, contacts);
    const { world, caller, phone } = centre;
    const bob = phone('7002');
    const cyd = phone('7003');
    caller.tell({ name: 'call', to: '7001' });
    world.run(1_000);
    expect(bob.news()).toEqual(['ringing']);
    expect(cyd.news()).toEqual([]);
  });

  it('[TR5] to our address at the port of any transport that we offer is followed, and at no other port', () => {
    const rings = (port: number) => {
      const contact = `<sip:7002@${SERVER}:${port};transport=tls>`;
      const sentBy = (transport: TransportName) => ({
        host: SERVER,
        port: sipPortOf({ host: SERVER, port: 5060, ports: { TLS: 5261 } }, transport),
      });
      const { world, caller, phone } = forwarding(302, [contact], '7001', { sentBy });
      const bob = phone('7002');
      caller.tell({ name: 'call', to: '7001' });
      world.run(1_000);
      return bob.news();
    };
    expect(rings(5261)).toEqual(['ringing']);
    expect(rings(5262)).toEqual([]);
  });

  it.each([
    ['an address that nobody configured', 302, '<sip:7002@192.0.2.1>'],
    ['a number that is no DN', 302, '<sip:7777@holdfast>'],
    ['itself', 302, '<sip:7001@holdfast>'],
    ['another scheme', 302, '<tel:+4930123456>'],
    ['what is no URI', 302, '<sip:@@>'],
    ['a proxy', 305, '<sip:7002@holdfast>'],
  ])('[SS33] to %s is not followed: the caller hears 480', (_, status, contact) => {
    const centre = forwarding(status, [contact]);
    const { world, caller, phone } = centre;
    const bob = phone('7002');
    caller.tell({ name: 'call', to: '7001' });
    world.run(1_000);
    expect(caller.news()).toEqual(['dialing', 'ended refused 480']);
    expect(bob.news()).toEqual([]);
    expect(leftovers(centre)).toEqual(NOTHING);
  });

  it('[SS33] to a gateway: followed for a call from inside, not for one that came in over a trunk', () => {
    const centre = forwarding(302, [`<sip:${CALLER_NUMBER}@${GATEWAY}:5060>`]);
    const { world, caller, phone } = centre;
    const bob = phone('7002');
    bob.tell({ name: 'call', to: '7001' });
    world.run(1_000);
    expect(caller.news()).toEqual(['ringing']);
    caller.tell({ name: 'answer' });
    world.run(1_000);
    expect(bob.hears()).toEqual([`${GATEWAY}:4000`]);
    bob.tell({ name: 'hangup' });
    world.run(1_000);
    caller.news();
    caller.tell({ name: 'call', to: '7001' });
    world.run(1_000);
    expect(caller.news()).toEqual(['dialing', 'ended refused 480']);
    expect(leftovers(centre)).toEqual(NOTHING);
  });

  it('[SS33] two that send to each other end with the second, and a queue rings the next agent instead', () => {
    const centre = forwarding(302, ['<sip:7002@holdfast>']);
    const { world, board, caller, agent, phone } = centre;
    const back = new Peer(world, '7002', '10.0.1.2');
    back.register({ expires: 600 });
    back.react = (event) => {
      const headers = [['Contact', '<sip:7001@holdfast>'] as const];
      if (event.type === 'incoming') back.do(back.userAgent.reject(world.now, event.leg, 302, { headers }));
    };
    caller.tell({ name: 'call', to: '7001' });
    world.run(1_000);
    expect(caller.news()).toEqual(['dialing', 'ended refused 480']);
    const cyd = phone('7003');
    agent('ada', '7001');
    agent('cyd', '7003');
    caller.tell({ name: 'call', to: '8000' });
    world.run(1_000);
    expect(cyd.news()).toEqual(['ringing']);
    expect(back.types().filter((type) => type === 'incoming')).toHaveLength(1);
    expect(board.news().filter((event) => event.endsWith(' 7001'))).toEqual([
      'EventRinging 7001',
      'EventReleased 7001',
      'EventAgentNotReady 7001',
    ]);
    caller.tell({ name: 'hangup' });
    expect(leftovers(centre)).toEqual(NOTHING);
  });

  it('[SS33] a gateway that sends an outbound call to a DN of ours is followed too', () => {
    const centre = centreWorld();
    const { world, phone } = centre;
    world.remove(GATEWAY);
    const gateway = new Peer(world, CALLER_NUMBER, GATEWAY);
    gateway.react = (event) => {
      const headers = [['Contact', '<sip:7002@holdfast>'] as const];
      if (event.type === 'incoming')
        gateway.do(gateway.userAgent.reject(world.now, event.leg, 301, { headers }));
    };
    const ada = phone('7001');
    const bob = phone('7002');
    ada.tell({ name: 'call', to: '4930123456' });
    world.run(1_000);
    expect(bob.news()).toEqual(['ringing']);
    ada.tell({ name: 'hangup' });
    expect(leftovers(centre)).toEqual(NOTHING);
  });
});

describe('a Call Processing Port', () => {
  it('[SS34] with a contact is called there; calls from that address are not taken', () => {
    const ivr = { host: '10.0.8.1', port: 5060, transport: 'UDP' } as const;
    const port = { number: '8800', type: 'CallProcessingPort', name: 'ivr', contact: ivr } as const;
    const unreachable = { number: '8801', type: 'CallProcessingPort', name: 'nowhere' } as const;
    const centre = centreWorld({ dns: [...configurationOf().dns, port, unreachable] });
    const { world, board, caller, phone } = centre;
    const announcer = new Phone(world, '8800', { scheme: 'none', host: ivr.host, answerAfterMs: 100 });
    phone('7001');
    board.news();
    caller.tell({ name: 'call', to: '8800' });
    world.run(1_000);
    expect(caller.hears()).toEqual([`${ivr.host}:4000`]);
    expect(board.news()).toEqual(['EventRinging 8800', 'EventEstablished 8800']);
    announcer.tell({ name: 'hangup' });
    world.run(1_000);
    caller.news();
    caller.tell({ name: 'call', to: '8801' });
    world.run(1_000);
    expect(caller.news()).toEqual(['dialing', 'ended refused 480']);
    announcer.tell({ name: 'call', to: '7001' });
    world.run(1_000);
    expect(announcer.news().at(-1)).toMatch(/^ended refused 40[13]/);
    expect(leftovers(centre)).toEqual(NOTHING);
  });
});
