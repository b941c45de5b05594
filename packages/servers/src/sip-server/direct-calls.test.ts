import { headerValue, type SipMessage } from '@holdfast/sip';
import { describe, expect, it } from 'vitest';
import { RETRY_AFTER_MAX_S } from './call-admission.ts';
import { attributesOf, CALLER_NUMBER, centreWorld, leftovers, NOTHING } from './testing/centre-world.ts';
import { Peer, Phone } from './testing/people.ts';
import { configurationOf, GATEWAY, SERVER, trunk } from './testing/server-site.ts';
import type { Packet } from './testing/server-world.ts';

/** What the server has sent of this kind, in order. */
function sent(packets: readonly Packet[] | undefined, method: string): SipMessage[] {
  return (packets ?? [])
    .filter(({ from, message }) => from === SERVER && message.kind === 'request' && message.method === method)
    .map(({ message }) => message);
}

const text = (sdp: Uint8Array | undefined) => new TextDecoder().decode(sdp);

/** A gateway that does what the test says, in place of the caller. */
function withGateway() {
  const centre = centreWorld();
  centre.world.remove(GATEWAY);
  return { ...centre, gateway: new Peer(centre.world, CALLER_NUMBER, GATEWAY) };
}

describe('who may call', () => {
  it('[SS16] an extension that proves who it is; nobody else, and no number that does not exist', () => {
    const { world, phone, site } = centreWorld({ dns: configurationOf().dns.slice(0, 6) });
    phone('7001', { answerAfterMs: 100 });
    const bob = phone('7002');
    bob.tell({ name: 'call', to: '7001' });
    world.run(1_000);
    expect(bob.news()).toEqual(['dialing', 'progress 180', 'established']);
    bob.tell({ name: 'call', to: '12345' });
    world.run(1_000);
    expect(bob.news()).toEqual(['dialing', 'ended refused 404']);
    const eve = new Peer(world, '7003', '10.0.6.6');
    eve.call('7001', { credentials: { user: '7003', password: 'wrong' } });
    eve.call('7001', { from: '<sip:7001@holdfast>' });
    world.run(1_000);
    expect(eve.types()).toEqual(['failed 401', 'failed 403']);
    expect(site.node.sizes().calls).toBe(1);
  });

  it('[SS16] a gateway by its address, for the DNs of this site alone [D14]', () => {
    const { world, gateway, board } = withGateway();
    gateway.call('55512345');
    world.run(1_000);
    expect(gateway.types()).toEqual(['failed 404']);
    expect(board.news()).toEqual([]);
    const other = new Peer(world, '4711', '10.0.9.9');
    other.call('8000');
    world.run(1_000);
    expect(other.types()).toEqual(['failed 401']);
  });

  it('[SS16] a gateway over TCP, whatever port its connection comes from', () => {
    const dns = [
      ...configurationOf().dns.filter(({ type }) => type !== 'Trunk'),
      trunk('9000', GATEWAY, 'TCP'),
    ];
    const centre = centreWorld({ dns });
    const { world, board } = centre;
    world.remove(GATEWAY);
    const gateway = new Peer(world, '555', GATEWAY);
    const target = { transport: 'TCP', host: SERVER, port: 5060 } as const;
    const leg = gateway.call('8000', {
      destination: { type: 'target', target },
      contact: gateway.contact('TCP'),
    });
    world.run(500);
    expect(gateway.types()).toEqual(['answered']);
    gateway.do(gateway.userAgent.bye(world.now, leg));
    world.run(500);
    expect(board.news()).toEqual([
      'EventQueued 8000',
      'EventTreatmentApplied 8000',
      'EventTreatmentEnd 8000',
      'EventAbandoned 8000',
    ]);
    expect(leftovers(centre)).toEqual(NOTHING);
  });

  it('[SS16] with a tel URI: its number is called, its separators mean nothing', () => {
    const { world, gateway, phone } = withGateway();
    const ada = phone('7001');
    gateway.call('', { uri: 'tel:70-01;phone-context=north', from: '<tel:+49-30-1>' });
    world.run(100);
    expect(ada.facts.at(-1)).toMatchObject({ name: 'ringing', from: '+49301' });
  });

  it('[SS16] as long as there is room: one call too many is answered 503 with a Retry-After of random length', () => {
    const centre = centreWorld({}, { callsMax: 1 });
    const { world, phone } = centre;
    const bob = phone('7002');
    const desk = centre.agent('bob', '7002');
    centre.caller.tell({ name: 'call', to: '8000' });
    world.run(100);
    const waits = Array.from({ length: 20 }, () => {
      world.packets = [];
      centre.caller.tell({ name: 'call', to: '8000' });
      world.run(100);
      expect(centre.caller.news()).toContain('ended refused 503');
      const refusal = world.packets.find(
        ({ message }) => message.kind === 'response' && message.status === 503,
      );
      return Number(refusal && headerValue(refusal.message, 'retry-after'));
    });
    expect(waits.every((seconds) => seconds >= 1 && seconds <= RETRY_AFTER_MAX_S)).toBe(true);
    expect(new Set(waits).size).toBeGreaterThan(3);
    expect(desk.outcome({ type: 'MakeCall', dn: '7002', destination: '8000' })).toBe('overloaded');
    expect(bob.news()).toEqual(['ringing']);
    centre.caller.tell({ name: 'hangup' });
    expect(leftovers(centre)).toEqual(NOTHING);
  });
});

describe('the number of hops', () => {
  it('[D11] is counted down on the way through, and 0 goes no further', () => {
    const { world, gateway, phone } = withGateway();
    phone('7001');
    world.packets = [];
    gateway.call('7001', { headers: [['Max-Forwards', '17']] });
    world.run(100);
    const [invite] = sent(world.packets, 'INVITE');
    expect(invite && headerValue(invite, 'max-forwards')).toBe('16');
    gateway.call('7001', { headers: [['Max-Forwards', '0']] });
    world.run(100);
    expect(gateway.types()).toContain('failed 483');
  });

  it('[D14] stops a call over a trunk that points at the server itself', () => {
    const dns = [...configurationOf().dns.filter(({ type }) => type !== 'Trunk'), trunk('9000', SERVER)];
    const centre = centreWorld({ dns });
    const { world, site, board } = centre;
    const bob = centre.phone('7002');
    board.news();
    world.packets = [];
    bob.tell({ name: 'call', to: '0301234' });
    world.run(2_000);
    expect(bob.news()).toEqual(['dialing', 'ended refused 480']);
    expect(sent(world.packets, 'INVITE')).toHaveLength(1);
    expect(world.packets.some(({ message }) => message.kind === 'response' && message.status === 482)).toBe(
      true,
    );
    expect(board.news()).toEqual(['EventDialing 7002', 'EventReleased 7002']);
    expect(site.node.sizes().calls).toBe(0);
    expect(leftovers(centre)).toEqual(NOTHING);
  });
});

describe('an internal call', () => {
  it('[SS19] joins two phones; either of them ends it', () => {
    const centre = centreWorld();
    const { world, board, phone } = centre;
    const ada = phone('7001', { answerAfterMs: 1_000 });
    const bob = phone('7002');
    board.news();
    for (const ender of [ada, bob]) {
      bob.tell({ name: 'call', to: '7001' });
      world.run(2_000);
      expect(ada.hears()).toEqual([`${bob.host}:4000`]);
      expect(bob.hears()).toEqual([`${ada.host}:4000`]);
      ender.tell({ name: 'hangup' });
      world.run(1_000);
      expect(ada.news().at(-1)).toBe(ender === ada ? 'ended local 0' : 'ended remote 0');
      expect(bob.news().at(-1)).toBe(ender === bob ? 'ended local 0' : 'ended remote 0');
      expect(board.news()).toEqual([
        'EventDialing 7002',
        'EventRinging 7001',
        'EventEstablished 7001',
        'EventEstablished 7002',
        'EventReleased 7001',
        'EventReleased 7002',
      ]);
    }
    expect(leftovers(centre)).toEqual(NOTHING);
  });

  it('[SS27] to a busy phone is answered 486, declined 603, redirected or unknown there 480', () => {
    const centre = centreWorld();
    const { world, board } = centre;
    const ada = new Peer(world, '7001', '10.0.1.1');
    ada.register();
    const bob = centre.phone('7002');
    const results: string[] = [];
    for (const status of [486, 600, 603, 403, 480, 302, 404, 500]) {
      ada.react = (event) => {
        if (event.type !== 'incoming') return;
        const headers = status === 302 ? [['Contact', '<sip:7003@10.0.1.3>'] as const] : [];
        ada.do(ada.userAgent.reject(world.now, event.leg, status, { headers }));
      };
      bob.tell({ name: 'call', to: '7001' });
      world.run(1_000);
      results.push(`${status}: ${bob.news().at(-1)}`);
    }
    expect(results).toEqual([
      '486: ended refused 486',
      '600: ended refused 486',
      '603: ended refused 603',
      '403: ended refused 603',
      '480: ended refused 480',
      '302: ended refused 480',
      '404: ended refused 480',
      '500: ended refused 480',
    ]);
    expect(board.news().filter((news) => news.startsWith('EventDestinationBusy'))).toHaveLength(2);
    expect(leftovers(centre)).toEqual(NOTHING);
  });

  it('[SS27] that nobody answers is given up after the time for ringing', () => {
    const centre = centreWorld({ ringingMaxMs: 5_000 });
    const { world, phone } = centre;
    const ada = phone('7001');
    const bob = phone('7002');
    bob.tell({ name: 'call', to: '7001' });
    world.run(6_000);
    expect(bob.news()).toEqual(['dialing', 'progress 180', 'ended refused 480']);
    expect(ada.news()).toEqual(['ringing', 'ended remote 487']);
    expect(leftovers(centre)).toEqual(NOTHING);
  });
});

describe('several phones of one extension', () => {
  it('[SS24] ring together; the first to answer has the call, the others stop', () => {
    const centre = centreWorld();
    const { world, caller, phone } = centre;
    const desk = phone('7001', { answerAfterMs: 1_000 });
    const soft = new Phone(world, '7001', { host: '10.0.1.71' }).tell({ name: 'register' });
    world.run(100);
    soft.news();
    caller.tell({ name: 'call', to: '7001' });
    world.run(2_000);
    expect(desk.news()).toEqual(['ringing', 'established']);
    expect(soft.news()).toEqual(['ringing', 'ended remote 487']);
    expect(caller.news()).toEqual(['dialing', 'progress 180', 'established']);
    caller.tell({ name: 'hangup' });
    expect(leftovers(centre)).toEqual(NOTHING);
  });

  it('[SS24] that answer in the same moment: one talks, the other is hung up', () => {
    const centre = centreWorld();
    const { world, caller, phone } = centre;
    const desk = phone('7001', { answerAfterMs: 1_000 });
    const soft = new Phone(world, '7001', { host: '10.0.1.71', answerAfterMs: 1_000 }).tell({
      name: 'register',
    });
    world.run(100);
    desk.news();
    soft.news();
    caller.tell({ name: 'call', to: '7001' });
    world.run(2_000);
    const all = [desk.news(), soft.news()].map((news) => news.at(-1)).sort();
    expect(all).toEqual(['ended remote 0', 'established']);
    caller.tell({ name: 'hangup' });
    expect(leftovers(centre)).toEqual(NOTHING);
  });

  it('[SS24] fail by the best of their answers, and at once when one speaks for the person', () => {
    const centre = centreWorld();
    const { world, caller } = centre;
    const peers = ['10.0.1.1', '10.0.1.71'].map((host) => new Peer(world, '7001', host));
    for (const peer of peers) peer.register();
    const answers: [number, number][] = [
      [500, 486],
      [486, 500],
      [603, 0],
    ];
    for (const [first, second] of answers) {
      for (const [index, peer] of peers.entries()) {
        const status = [first, second][index] ?? 0;
        peer.react = (event) => {
          if (event.type === 'incoming' && status === 0)
            peer.do(peer.userAgent.ring(world.now, event.leg, { status: 180 }));
          else if (event.type === 'incoming') peer.do(peer.userAgent.reject(world.now, event.leg, status));
        };
      }
      caller.tell({ name: 'call', to: '7001' });
      world.run(1_000);
      expect(caller.news().at(-1)).toBe(`ended refused ${first === 603 ? 603 : 486}`);
    }
    expect(peers[1]?.types().at(-1)).toBe('cancelled');
    expect(leftovers(centre)).toEqual(NOTHING);
  });
});

describe('an outbound call', () => {
  it('[SS22] goes over the trunk, with the early media of the far end', () => {
    const { world, gateway, board, phone, site, ...centre } = withGateway();
    const bob = phone('7002');
    board.news();
    bob.tell({ name: 'call', to: '0301234' });
    world.run(100);
    const { leg, request } = gateway.last('incoming');
    expect(request.uri).toBe(`sip:0301234@${GATEWAY}:5060`);
    gateway.do(gateway.userAgent.ring(world.now, leg, { status: 183, sdp: gateway.sdp(6000) }));
    world.run(100);
    expect(bob.news()).toEqual(['dialing', 'progress 183']);
    expect(bob.hears()).toEqual([`${GATEWAY}:6000`]);
    gateway.do(gateway.userAgent.answer(world.now, leg, { sdp: gateway.sdp(6000) }));
    world.run(1_000);
    expect(bob.news()).toEqual(['established']);
    expect(attributesOf(board.events, 'EventEstablished', '7002')).toMatchObject({ CallType: 'Outbound' });
    bob.tell({ name: 'hangup' });
    world.run(100);
    expect(gateway.types().at(-1)).toBe('ended');
    expect(board.news()).toEqual([
      'EventDialing 7002',
      'EventNetworkReached 7002',
      'EventEstablished 7002',
      'EventReleased 7002',
    ]);
    expect(leftovers({ world, site, ...centre })).toEqual(NOTHING);
  });

  it('[SS22] hears no early media while two phones ring, and is turned when another answers', () => {
    const centre = centreWorld();
    const { world, caller, board } = centre;
    // The agent whose early media were heard does not answer; the next one does.
    const ada = new Peer(world, '7001', '10.0.1.1');
    ada.register();
    ada.react = (event) => {
      if (event.type === 'incoming')
        ada.do(ada.userAgent.ring(world.now, event.leg, { status: 183, sdp: ada.sdp(6000) }));
    };
    const bob = centre.phone('7002', { answerAfterMs: 500 });
    centre.agent('ada', '7001');
    centre.agent('bob', '7002');
    caller.tell({ name: 'call', to: '8001' });
    world.run(1_000);
    expect(caller.hears()).toEqual(['10.0.1.1:6000']);
    world.run(12_000);
    expect(bob.news()).toEqual(['ringing', 'established']);
    expect(caller.hears()).toEqual(['10.0.1.2:4000']);
    expect(board.news().at(-1)).toBe('EventEstablished 7002');
    caller.tell({ name: 'hangup' });
    world.run(1_000);
    const twin = new Peer(world, '7001', '10.0.1.71');
    twin.register();
    caller.news();
    caller.tell({ name: 'call', to: '7001' });
    world.run(1_000);
    expect(caller.news()).toEqual(['dialing', 'progress 180']);
    caller.tell({ name: 'hangup' });
    expect(leftovers(centre)).toEqual(NOTHING);
  });
});

describe('a call without an offer', () => {
  it('[SS23] is offered what the party offers, and its ACK answers', () => {
    const { world, gateway, ...centre } = withGateway();
    const ada = centre.phone('7001', { answerAfterMs: 500 });
    const leg = gateway.call('7001', { offerless: true });
    world.run(1_000);
    expect(text(gateway.last('answered').sdp)).toContain('m=audio 4000');
    expect(ada.news()).toEqual(['ringing']);
    gateway.do(gateway.userAgent.acknowledge(world.now, leg, gateway.sdp(5002)));
    world.run(1_000);
    expect(ada.news()).toEqual(['established']);
    expect(ada.hears()).toEqual([`${GATEWAY}:5002`]);
    ada.tell({ name: 'hangup' });
    world.run(100);
    expect(gateway.types().at(-1)).toBe('ended');
    expect(leftovers({ world, ...centre })).toEqual(NOTHING);
  });

  it('[SS23] that is never answered with a description is ended at once', () => {
    const { world, gateway, ...centre } = withGateway();
    const ada = centre.phone('7001', { answerAfterMs: 500 });
    const leg = gateway.call('7001', { offerless: true });
    world.run(1_000);
    gateway.do(gateway.userAgent.acknowledge(world.now, leg, undefined));
    world.run(1_000);
    expect(gateway.types().at(-1)).toBe('ended');
    expect(ada.news().at(-1)).toMatch(/^ended/);
    expect(leftovers({ world, ...centre })).toEqual(NOTHING);
  });

  it('[SS23] to a phone that answers without a description comes to nothing', () => {
    const { world, gateway, ...centre } = withGateway();
    const ada = new Peer(world, '7001', '10.0.1.1');
    ada.register();
    ada.react = (event) => {
      if (event.type === 'incoming') ada.do(ada.userAgent.answer(world.now, event.leg, {}));
    };
    gateway.call('7001');
    world.run(1_000);
    expect(gateway.types()).toEqual(['failed 603']);
    expect(ada.types().at(-1)).toBe('ended');
    expect(leftovers({ world, ...centre })).toEqual(NOTHING);
  });
});
