import { describe, expect, it } from 'vitest';
import { attributesOf, CALLER_NUMBER, centreWorld, leftovers, NOTHING } from './testing/centre-world.ts';
import { Peer } from './testing/people.ts';
import { configurationOf, GATEWAY, queue, soundOf } from './testing/server-site.ts';

describe('a call from outside to a queue with music', () => {
  it('[SS20] waits with music, is answered by the announcer, and turned to the agent who answers', () => {
    const centre = centreWorld();
    const { world, site, caller } = centre;
    const ada = centre.phone('7001', { answerAfterMs: 1_000 });
    caller.tell({ name: 'call', to: '8000' });
    world.run(100);
    expect(site.announced).toEqual(['start music with remote']);
    expect(caller.news()).toEqual(['dialing', 'established']);
    expect(caller.hears()).toEqual(['recvonly']);
    centre.agent('ada', '7001');
    world.run(2_000);
    expect(site.announced).toEqual(['start music with remote', 'stop']);
    expect(ada.news()).toEqual(['ringing', 'established']);
    expect(caller.hears()).toEqual(['10.0.1.1:4000']);
    expect(ada.hears()).toEqual(['10.0.9.1:4000']);
    caller.tell({ name: 'hangup' });
    world.run(1_000);
    expect(ada.news()).toEqual(['ended remote 0']);
    expect(leftovers(centre)).toEqual(NOTHING);
  });

  it('[SS30] gives each DN its events in their order, with queue, number and attached data', () => {
    const { world, board, caller, phone, agent } = centreWorld();
    phone('7001', { answerAfterMs: 1_000 });
    agent('ada', '7001');
    caller.tell({ name: 'call', to: '8000' });
    world.run(500);
    const ringing = attributesOf(board.events, 'EventRinging', '7001');
    const ConnID = ringing?.ConnID ?? '';
    expect(ringing).toMatchObject({
      ANI: CALLER_NUMBER,
      DNIS: '8000',
      ThisQueue: '8000',
      CallType: 'Inbound',
      OtherDN: CALLER_NUMBER,
      AgentID: '1001',
      ThisDNRole: 'RoleDestination',
    });
    world.run(1_000);
    const attach = {
      type: 'AttachUserData',
      dn: '7001',
      ConnID,
      userData: { order: '4711', vip: 'yes' },
    } as const;
    expect(board.outcome(attach)).toBe('EventAttachedDataChanged');
    expect(board.outcome(attach)).toBe('Done');
    const remove = { type: 'DeleteUserData' as const, dn: '7001', ConnID, keys: ['vip'] };
    expect(board.outcome(remove)).toBe('EventAttachedDataChanged');
    expect(board.outcome({ ...remove, ConnID: 'nothing' })).toBe('unknown-call');
    caller.tell({ name: 'hangup' });
    world.run(1_000);
    expect(attributesOf(board.events, 'EventReleased', '7001')).toMatchObject({
      ConnID,
      ThisQueue: '8000',
      UserData: { order: '4711' },
    });
    expect(board.news()).toEqual([
      'EventQueued 8000',
      'EventDiverted 8000',
      'EventRinging 7001',
      'EventEstablished 7001',
      'EventAttachedDataChanged 7001',
      'EventAttachedDataChanged 7001',
      'EventReleased 7001',
    ]);
  });

  it('[SS30] leads into after-call work before EventReleased, and back to Ready', () => {
    const { world, board, caller, phone, agent } = centreWorld({
      centre: { wrapUpMs: 5_000, agentLogins: [{ code: '1001', wrapUpMs: undefined }] },
    });
    phone('7001', { answerAfterMs: 500 });
    agent('ada', '7001');
    caller.tell({ name: 'call', to: '8900' });
    world.run(2_000);
    caller.tell({ name: 'hangup' });
    world.run(10_000);
    expect(board.news()).toEqual([
      'EventQueued 8900',
      'EventRouteRequest 8900',
      'EventRouteUsed 8900',
      'EventDiverted 8900',
      'EventQueued 8000',
      'EventDiverted 8000',
      'EventRinging 7001',
      'EventEstablished 7001',
      'EventAgentNotReady 7001',
      'EventReleased 7001',
      'EventAgentReady 7001',
    ]);
  });

  it('[SS20] that is abandoned while it waits leaves the queue with EventAbandoned', () => {
    const centre = centreWorld();
    const { world, site, board, caller } = centre;
    caller.tell({ name: 'call', to: '8000' });
    world.run(3_000);
    caller.tell({ name: 'hangup' });
    world.run(1_000);
    expect(board.news()).toEqual([
      'EventQueued 8000',
      'EventTreatmentApplied 8000',
      'EventTreatmentEnd 8000',
      'EventAbandoned 8000',
    ]);
    expect(site.announced).toEqual(['start music with remote', 'stop']);
    expect(caller.news().at(-1)).toBe('ended local 0');
    expect(leftovers(centre)).toEqual(NOTHING);
  });

  it('[SS20] is turned to the agent who answers while the announcer is still getting ready', () => {
    const centre = centreWorld();
    const { world, site, caller, phone, agent } = centre;
    site.announcerMs = 3_000;
    caller.tell({ name: 'call', to: '8000' });
    world.run(500);
    expect(caller.news()).toEqual(['dialing']);
    const ada = phone('7001', { answerAfterMs: 500 });
    agent('ada', '7001');
    world.run(6_000);
    expect(caller.news()).toEqual(['progress 180', 'established']);
    expect(caller.hears()).toEqual(['10.0.1.1:4000']);
    expect(site.announced[0]).toBe('start music with remote');
    expect(site.announced.slice(1).every((word) => word === 'stop')).toBe(true);
    ada.tell({ name: 'hangup' });
    expect(leftovers(centre)).toEqual(NOTHING);
  });

  it('[SS20] rings when there is no announcer', () => {
    const centre = centreWorld();
    const { world, site, caller, phone, agent } = centre;
    site.announcerMs = null;
    caller.tell({ name: 'call', to: '8000' });
    world.run(1_000);
    expect(caller.news()).toEqual(['dialing', 'progress 180']);
    phone('7001', { answerAfterMs: 500 });
    agent('ada', '7001');
    world.run(2_000);
    expect(caller.news()).toEqual(['established']);
    caller.tell({ name: 'hangup' });
    expect(leftovers(centre)).toEqual(NOTHING);
  });

  it('[SS20] answers a caller who holds with silence, and plays on afterwards', () => {
    const { world, site } = centreWorld();
    site.node.handle(world.now, { type: 'configuration', configuration: configurationOf() });
    world.remove(GATEWAY);
    const gateway = new Peer(world, '555', GATEWAY);
    const leg = gateway.call('8000');
    world.run(100);
    const first = gateway.last('answered').sdp;
    expect(first).toEqual(soundOf(site.host, 1));
    gateway.do(gateway.userAgent.reinvite(world.now, leg, gateway.sdp(5000, 'inactive', 2)));
    world.run(100);
    expect(new TextDecoder().decode(gateway.last('offerAnswered').sdp)).toContain('a=inactive');
    gateway.do(gateway.userAgent.reinvite(world.now, leg, gateway.sdp(5002, 'sendrecv', 3)));
    world.run(100);
    const text = new TextDecoder().decode(gateway.last('offerAnswered').sdp);
    expect(text).toContain('a=sendonly');
    expect(text).toContain('o=- 1 3 ');
    expect(site.announced).toEqual(['start music with remote', 'remote', 'remote']);
    // An empty re-INVITE asks what stands.
    gateway.do(gateway.userAgent.reinvite(world.now, leg, undefined));
    world.run(100);
    expect(new TextDecoder().decode(gateway.last('offerAnswered').sdp)).toBe(text);
    gateway.do(gateway.userAgent.acknowledge(world.now, leg, gateway.sdp(5004, 'sendrecv', 4)));
    world.run(100);
    expect(site.announced.at(-1)).toBe('remote');
    gateway.do(gateway.userAgent.bye(world.now, leg));
    expect(leftovers({ world, site })).toEqual(NOTHING);
  });
});

describe('a call to a queue with ringing tone', () => {
  it('[SS21] hears 180 until the agent answers', () => {
    const centre = centreWorld();
    const { world, site, caller, phone, agent } = centre;
    const ada = phone('7001', { answerAfterMs: 1_000 });
    caller.tell({ name: 'call', to: '8001' });
    world.run(1_000);
    expect(caller.news()).toEqual(['dialing', 'progress 180']);
    agent('ada', '7001');
    world.run(2_000);
    expect(caller.news()).toEqual(['established']);
    expect(caller.hears()).toEqual(['10.0.1.1:4000']);
    expect(site.announced).toEqual([]);
    ada.tell({ name: 'hangup' });
    world.run(1_000);
    expect(caller.news()).toEqual(['ended remote 0']);
    expect(leftovers(centre)).toEqual(NOTHING);
  });

  it('[SS27] that is abandoned while a phone rings stops the ringing', () => {
    const centre = centreWorld();
    const { world, board, caller, phone, agent } = centre;
    const ada = phone('7001');
    agent('ada', '7001');
    caller.tell({ name: 'call', to: '8001' });
    world.run(2_000);
    caller.tell({ name: 'hangup' });
    world.run(1_000);
    expect(caller.news().at(-1)).toBe('ended local 487');
    expect(ada.news()).toEqual(['ringing', 'ended remote 487']);
    expect(board.news().slice(2)).toEqual(['EventRinging 7001', 'EventAbandoned 7001']);
    expect(leftovers(centre)).toEqual(NOTHING);
  });

  it('[SS27] goes to the next agent when nobody answers, and to the overflow DN when it is full', () => {
    const centre = centreWorld({
      dns: [
        ...configurationOf().dns.filter(({ number }) => number !== '8001'),
        queue('8001', { treatment: 'ringback', waitingMax: 1, overflowDN: '7003' }),
      ],
    });
    const { world, board, caller, phone, agent } = centre;
    const ada = phone('7001');
    const bob = phone('7002', { answerAfterMs: 1_000 });
    const cyd = phone('7003', { answerAfterMs: 1_000 });
    agent('ada', '7001');
    agent('bob', '7002');
    caller.tell({ name: 'call', to: '8001' });
    world.run(15_000);
    expect(ada.news()).toEqual(['ringing', 'ended remote 487']);
    expect(bob.news()).toEqual(['ringing', 'established']);
    expect(attributesOf(board.events, 'EventAgentNotReady', '7001')?.Reasons).toEqual({
      ReasonCode: 'no-answer',
    });
    // ada is NotReady, bob talks: the next one waits, and the one after it is too many.
    caller.tell({ name: 'call', to: '8001' });
    world.run(1_000);
    world.remove(GATEWAY);
    const gateway = new Peer(world, '555', GATEWAY);
    gateway.call('8001');
    world.run(3_000);
    expect(cyd.news()).toEqual(['ringing', 'established']);
    expect(gateway.types()).toEqual(['progress 180', 'answered']);
  });

  it('[SS27] is refused with 486 when the queue is full and has no overflow DN', () => {
    const dns = [...configurationOf().dns, queue('8002', { treatment: 'ringback', waitingMax: 0 })];
    const centre = centreWorld({ dns });
    centre.caller.tell({ name: 'call', to: '8002' });
    centre.world.run(1_000);
    expect(centre.caller.news()).toEqual(['dialing', 'ended refused 486']);
    expect(leftovers(centre)).toEqual(NOTHING);
  });

  it('[SS21] hears the tone of the announcer when it was answered before and waits again', () => {
    // The lease of the agent ends in the very moment in which the phone answers.
    const centre = centreWorld();
    const { world, site, caller } = centre;
    const ada = new Peer(world, '7001', '10.0.1.1');
    ada.register();
    const desk = centre.agent('ada', '7001');
    desk.answering = undefined;
    caller.tell({ name: 'call', to: '8001' });
    world.run(1_000);
    const { leg } = ada.last('incoming');
    ada.do(ada.userAgent.ring(world.now, leg, { status: 180 }));
    const end = site.node.parts.lease.nextDeadline() ?? 0;
    world.run(end - world.now - 4);
    const { delayMs } = world;
    world.delayMs = 4;
    ada.do(ada.userAgent.answer(world.now, leg, { sdp: ada.sdp() }));
    world.run(1);
    world.delayMs = delayMs;
    world.run(1_000);
    expect(desk.news().at(-1)).toBe('EventReleased 7001');
    expect(ada.types().at(-1)).toBe('ended');
    expect(caller.news()).toContain('established');
    expect(site.announced).toEqual(['start tone with remote', 'remote']);
    desk.answering = undefined;
    caller.tell({ name: 'hangup' });
    world.run(1_000);
    expect(centre.board.news().at(-1)).toBe('EventAbandoned 8001');
    expect(leftovers(centre)).toEqual(NOTHING);
  });
});

describe('a call without an offer to a queue with music', () => {
  it('[SS23] is offered the music, and later the agent', () => {
    const centre = centreWorld();
    const { world, site } = centre;
    world.remove(GATEWAY);
    const gateway = new Peer(world, '555', GATEWAY);
    const leg = gateway.call('8000', { offerless: true });
    world.run(100);
    expect(site.announced).toEqual(['start music']);
    gateway.do(gateway.userAgent.acknowledge(world.now, leg, gateway.sdp(5000)));
    world.run(100);
    expect(site.announced).toEqual(['start music', 'remote']);
    const ada = centre.phone('7001', { answerAfterMs: 500 });
    gateway.react = (event) => {
      if (event.type === 'offer')
        gateway.do(gateway.userAgent.acceptOffer(world.now, event.leg, gateway.sdp(5000, 'sendrecv', 2)));
    };
    centre.agent('ada', '7001');
    world.run(2_000);
    expect(ada.hears()).toEqual([`${GATEWAY}:5000`]);
    const offer = new TextDecoder().decode(gateway.last('offer').sdp);
    expect(offer).toContain('m=audio 4000');
    expect(offer).toContain('o=- 1 2 ');
    gateway.do(gateway.userAgent.bye(world.now, leg));
    expect(leftovers(centre)).toEqual(NOTHING);
  });

  it('[SS23] is joined with the agent who answers before the caller has acknowledged the music', () => {
    const centre = centreWorld();
    const { world } = centre;
    world.remove(GATEWAY);
    const gateway = new Peer(world, '555', GATEWAY);
    const leg = gateway.call('8000', { offerless: true });
    world.run(100);
    const ada = new Peer(world, '7001', '10.0.1.1');
    ada.register();
    centre.agent('ada', '7001');
    world.run(100);
    const called = ada.last('incoming');
    expect(called.request.body).toHaveLength(0);
    ada.do(ada.userAgent.answer(world.now, called.leg, { sdp: ada.sdp(6000) }));
    world.run(100);
    // The answer to the music is not the answer to ada's offer.
    gateway.react = (event) => {
      if (event.type === 'offer')
        gateway.do(gateway.userAgent.acceptOffer(world.now, event.leg, gateway.sdp(5002, 'sendrecv', 2)));
    };
    gateway.do(gateway.userAgent.acknowledge(world.now, leg, gateway.sdp(5000)));
    world.run(500);
    expect(new TextDecoder().decode(ada.last('acknowledged').sdp)).toContain('m=audio 5002');
    expect(new TextDecoder().decode(gateway.last('offer').sdp)).toContain('m=audio 6000');
    ada.do(ada.userAgent.bye(world.now, called.leg));
    expect(leftovers(centre)).toEqual(NOTHING);
  });
});
