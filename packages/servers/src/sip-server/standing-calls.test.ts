import { headerValue } from '@holdfast/sip';
import { describe, expect, it } from 'vitest';
import { attributesOf, centreWorld, leftovers, NOTHING } from './testing/centre-world.ts';
import { Peer } from './testing/people.ts';
import { bytes, GATEWAY } from './testing/server-site.ts';

const text = (sdp: Uint8Array | undefined) => new TextDecoder().decode(sdp);

/** A call of a gateway with agent ada, both driven by hand. */
function standing() {
  const centre = centreWorld();
  const { world } = centre;
  world.remove(GATEWAY);
  const gateway = new Peer(world, '555', GATEWAY);
  const ada = new Peer(world, '7001', '10.0.1.1');
  ada.register();
  const origin = gateway.call('7001');
  world.run(100);
  const { leg } = ada.last('incoming');
  ada.do(ada.userAgent.answer(world.now, leg, { sdp: ada.sdp(6000) }));
  world.run(100);
  centre.board.news();
  gateway.events.length = 0;
  ada.events.length = 0;
  return { ...centre, gateway, ada, legs: { gateway: origin, ada: leg } };
}

/** Answers every offer with a description of its own. */
function agreeing(peer: Peer, port: number): void {
  let version = 1;
  peer.react = (event) => {
    if (event.type === 'offer')
      peer.do(peer.userAgent.acceptOffer(peer.world.now, event.leg, peer.sdp(port, 'sendrecv', ++version)));
  };
}

describe('a call that stands', () => {
  it('[SS25] carries hold and retrieve of either side to the other, and tells who holds', () => {
    const centre = centreWorld();
    const { world, board, phone } = centre;
    const ada = phone('7001', { answerAfterMs: 100 });
    const bob = phone('7002');
    bob.tell({ name: 'call', to: '7001' });
    world.run(1_000);
    board.news();
    ada.news();
    bob.news();
    for (const [holder, other, dn] of [
      [ada, bob, '7001'],
      [bob, ada, '7002'],
    ] as const) {
      holder.tell({ name: 'hold' });
      world.run(500);
      expect(holder.news()).toEqual(['held local']);
      expect(other.news()).toEqual(['held remote']);
      expect(other.hears()).toEqual(['recvonly']);
      expect(board.news()).toEqual([`EventHeld ${dn}`]);
      holder.tell({ name: 'retrieve' });
      world.run(500);
      expect(holder.news()).toEqual(['retrieved local']);
      expect(other.news()).toEqual(['retrieved remote']);
      expect(other.hears()).toEqual([`${holder.host}:4000`]);
      expect(board.news()).toEqual([`EventRetrieved ${dn}`]);
    }
    bob.tell({ name: 'hangup' });
    expect(leftovers(centre)).toEqual(NOTHING);
  });

  it('[SS25] lets the other side refuse an offer, and goes on as it was', () => {
    const { world, gateway, ada, legs, board, ...centre } = standing();
    ada.react = (event) => {
      if (event.type === 'offer') ada.do(ada.userAgent.rejectOffer(world.now, event.leg, 488));
    };
    gateway.do(gateway.userAgent.reinvite(world.now, legs.gateway, gateway.sdp(5000, 'inactive', 2)));
    world.run(500);
    expect(gateway.types()).toEqual(['offerAnswered 488']);
    expect(board.news()).toEqual([]);
    gateway.do(gateway.userAgent.bye(world.now, legs.gateway));
    expect(leftovers({ world, ...centre })).toEqual(NOTHING);
  });

  it('[SS25] tells whoever asks for an offer what it heard last, and carries a new answer on', () => {
    const { world, gateway, ada, legs, ...centre } = standing();
    agreeing(ada, 6000);
    gateway.do(gateway.userAgent.reinvite(world.now, legs.gateway, undefined));
    world.run(100);
    expect(text(gateway.last('offerAnswered').sdp)).toBe(text(ada.sdp(6000)));
    gateway.do(gateway.userAgent.acknowledge(world.now, legs.gateway, gateway.sdp(5000)));
    world.run(100);
    // Nothing has changed, so ada hears nothing of it.
    expect(ada.types()).toEqual([]);
    gateway.do(gateway.userAgent.reinvite(world.now, legs.gateway, undefined));
    world.run(100);
    gateway.do(gateway.userAgent.acknowledge(world.now, legs.gateway, gateway.sdp(5008, 'sendrecv', 2)));
    world.run(100);
    expect(text(ada.last('offer').sdp)).toContain('m=audio 5008');
    ada.do(ada.userAgent.bye(world.now, legs.ada));
    expect(leftovers({ world, ...centre })).toEqual(NOTHING);
  });

  it('[SS25] refuses an offer that meets one on its way to that side (491)', () => {
    const { world, gateway, ada, legs, ...centre } = standing();
    agreeing(gateway, 5000);
    gateway.do(gateway.userAgent.reinvite(world.now, legs.gateway, gateway.sdp(5000, 'inactive', 2)));
    ada.do(ada.userAgent.reinvite(world.now, legs.ada, ada.sdp(6000, 'sendonly', 2)));
    ada.react = (event) => {
      if (event.type === 'offer') ada.do(ada.userAgent.acceptOffer(world.now, event.leg, ada.sdp(6000)));
    };
    world.run(20_000);
    // The one that was first comes through; the other side is told so until it does (RFC 3261 §14.1).
    expect(gateway.types()).toContain('offerAnswered 200');
    expect(ada.types().filter((type) => /offerAnswered (200|491)/.test(type))).toHaveLength(1);
    expect(centre.site.node.sizes().calls).toBe(1);
    ada.do(ada.userAgent.bye(world.now, legs.ada));
    expect(leftovers({ world, ...centre })).toEqual(NOTHING);
  });

  it('[SS25] gives the other side its former offer back when one is withdrawn', () => {
    const { world, gateway, ada, legs, ...centre } = standing();
    gateway.do(gateway.userAgent.update(world.now, legs.gateway, gateway.sdp(5004, 'sendrecv', 2)));
    world.run(100);
    const { leg } = ada.last('offer');
    // The UPDATE is answered 504 before ada, who is asked in person, says yes.
    world.run(33_000);
    expect(gateway.types()).toContain('offerAnswered 504');
    ada.do(ada.userAgent.acceptOffer(world.now, leg, ada.sdp(6000)));
    agreeing(ada, 6000);
    world.run(1_000);
    expect(text(ada.last('offer').sdp)).toContain('m=audio 5000');
    gateway.do(gateway.userAgent.bye(world.now, legs.gateway));
    expect(leftovers({ world, ...centre })).toEqual(NOTHING);
  });

  it('[SS26] passes INFO through with its body, and the answer back', () => {
    const { world, gateway, ada, legs, ...centre } = standing();
    const info = () =>
      gateway.do(
        gateway.userAgent.sendInDialog(world.now, legs.gateway, 'INFO', {
          headers: [
            ['Content-Type', 'application/dtmf-relay'],
            ['Info-Package', 'dtmf'],
          ],
          body: bytes('Signal=5\r\n'),
        }),
      );
    info();
    world.run(100);
    const asked = ada.last('inDialogRequest');
    expect(headerValue(asked.request, 'content-type')).toBe('application/dtmf-relay');
    expect(headerValue(asked.request, 'info-package')).toBe('dtmf');
    expect(text(asked.request.body)).toBe('Signal=5\r\n');
    // A second one before the first is answered has to wait.
    info();
    world.run(100);
    expect(gateway.last('inDialogResponse').status).toBe(491);
    ada.do(ada.userAgent.respond(world.now, asked.transaction, 415));
    world.run(100);
    expect(gateway.last('inDialogResponse').status).toBe(415);
    // One that is never answered goes with the call.
    info();
    world.run(100);
    ada.do(ada.userAgent.bye(world.now, legs.ada));
    world.run(100);
    expect(centre.site.node.sizes().passedThrough).toBe(0);
    expect(leftovers({ world, ...centre })).toEqual(NOTHING);
  });

  it('[SS26] answers OPTIONS itself, declines REFER, and names what it knows for all else', () => {
    const { world, gateway, legs, site } = standing();
    const statuses = ['OPTIONS', 'REFER', 'MESSAGE', 'NOTIFY', 'WOBBLE'].map((method) => {
      const headers = method === 'REFER' ? [['Refer-To', '<sip:7003@x>'] as const] : [];
      gateway.do(gateway.userAgent.sendInDialog(world.now, legs.gateway, method, { headers }));
      world.run(100);
      const { status, response } = gateway.last('inDialogResponse');
      return `${method} ${status}${status === 405 && response && headerValue(response, 'allow') ? ' with Allow' : ''}`;
    });
    expect(statuses).toEqual([
      'OPTIONS 200',
      'REFER 603',
      'MESSAGE 405 with Allow',
      'NOTIFY 405 with Allow',
      'WOBBLE 405 with Allow',
    ]);
    expect(site.node.sizes().calls).toBe(1);
  });

  it('[SS26] answers OPTIONS outside a call with 200, other methods with 405, and OPTIONS in a lost call with 481', () => {
    const { world, gateway, legs, site } = standing();
    expect(gateway.request('OPTIONS')).toBe(200);
    expect(gateway.request('MESSAGE')).toBe(405);
    expect(gateway.request('WOBBLE')).toBe(405);
    // The other end of the server's memory: the call is not known any more, as after a restart [C47].
    site.node.parts.calls.release(world.now, [...site.node.parts.calls.calls()][0]?.connId ?? '', 480);
    gateway.do(gateway.userAgent.sendInDialog(world.now, legs.gateway, 'OPTIONS'));
    world.run(100);
    expect(gateway.types().at(-1)).toBe('ended');
  });
});

describe('the end of a call', () => {
  it('[SS27] is told the other side also when one side is dead, and nothing stays [D32]', () => {
    const { world, gateway, ada, legs, board, ...centre } = standing();
    world.cut.add(ada.host);
    gateway.do(gateway.userAgent.bye(world.now, legs.gateway));
    world.run(1_000);
    expect(gateway.types()).toEqual(['ended']);
    expect(board.news()).toEqual(['EventReleased 7001']);
    expect(leftovers({ world, ...centre })).toEqual(NOTHING);
  });

  it('[SS27] comes when a side says that it knows no such call', () => {
    const { world, gateway, ada, legs, ...centre } = standing();
    // A phone that was restarted.
    world.remove(ada.host);
    const restarted = new Peer(world, '7001', ada.host);
    gateway.do(gateway.userAgent.reinvite(world.now, legs.gateway, gateway.sdp(5000, 'inactive', 2)));
    world.run(2_000);
    expect(gateway.types()).toContain('ended');
    expect(restarted.types()).toEqual([]);
    expect(leftovers({ world, ...centre })).toEqual(NOTHING);
  });

  it('[SS27] comes when the caller never acknowledges the answer', () => {
    const centre = centreWorld();
    const { world, board } = centre;
    world.remove(GATEWAY);
    const gateway = new Peer(world, '555', GATEWAY);
    centre.phone('7001', { answerAfterMs: 500 });
    gateway.call('7001');
    world.run(500);
    world.cut.add(GATEWAY);
    world.run(40_000);
    expect(board.news().at(-1)).toBe('EventReleased 7001');
    expect(leftovers(centre)).toEqual(NOTHING);
  });

  it('[SS27] by CANCEL in the moment in which the agent answers leaves no call with one side', () => {
    for (const lead of [-8, -4, -1, 0, 1, 4, 8]) {
      const centre = centreWorld();
      const { world, caller, phone, agent } = centre;
      const ada = phone('7001', { answerAfterMs: 1_000 });
      agent('ada', '7001');
      caller.tell({ name: 'call', to: '8001' });
      world.run(1_000 + 10 + lead);
      caller.tell({ name: 'hangup' });
      world.run(3_000);
      expect(ada.node.calls).toBe(0);
      expect(caller.node.calls).toBe(0);
      expect(leftovers(centre)).toEqual(NOTHING);
    }
  });

  it('[SS27] of an offer in the moment in which the agent answers gives the call to the next agent', () => {
    for (const lead of [-8, -5, -2, 0, 3]) {
      const centre = centreWorld();
      const { world, caller, phone, agent, board } = centre;
      const ada = phone('7001', { answerAfterMs: 10_000 + lead });
      const bob = phone('7002', { answerAfterMs: 500 });
      agent('ada', '7001');
      agent('bob', '7002');
      caller.tell({ name: 'call', to: '8001' });
      world.run(12_000);
      const talking = [ada, bob].filter((each) => each.node.calls > 0);
      expect(talking).toHaveLength(1);
      expect(caller.hears()).toEqual([`${talking[0]?.host}:4000`]);
      expect(board.news().filter((news) => news.startsWith('EventEstablished'))).toHaveLength(1);
      caller.tell({ name: 'hangup' });
      expect(leftovers(centre)).toEqual(NOTHING);
    }
  });

  it('[SS27] is asked for by a desk: the party releases both, a ringing phone refuses', () => {
    const centre = centreWorld();
    const { world, board, caller, phone, agent } = centre;
    const ada = phone('7001');
    const desk = agent('ada', '7001');
    const release = () => {
      const ConnID = attributesOf(board.events, 'EventRinging', '7001')?.ConnID ?? '';
      return desk.outcome({ type: 'ReleaseCall', dn: '7001', ConnID });
    };
    caller.tell({ name: 'call', to: '7001' });
    world.run(500);
    expect(release()).toBe('EventReleased');
    world.run(500);
    expect(caller.news().at(-1)).toBe('ended refused 603');
    board.news();
    caller.tell({ name: 'call', to: '7001' });
    world.run(500);
    ada.tell({ name: 'answer' });
    world.run(500);
    expect(release()).toBe('EventReleased');
    world.run(500);
    expect(caller.news().at(-1)).toBe('ended remote 0');
    expect(ada.news().at(-1)).toBe('ended remote 0');
    expect(leftovers(centre)).toEqual(NOTHING);
  });
});
