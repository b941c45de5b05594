import { describe, expect, it } from 'vitest';
import { attributesOf, centreWorld, leftovers, NOTHING } from './testing/centre-world.ts';
import { Peer } from './testing/people.ts';
import { configurationOf } from './testing/server-site.ts';

describe('a call that a desk makes', () => {
  it('[SS28] rings its own phone first, then the other, and joins them with its data', () => {
    const centre = centreWorld();
    const { world, site, board, phone, agent } = centre;
    const ada = phone('7001', { answerAfterMs: 200 });
    const bob = phone('7002', { answerAfterMs: 2_000 });
    const desk = agent('ada', '7001');
    const asked = { type: 'MakeCall', dn: '7001', destination: '7002', userData: { order: '1' } } as const;
    const answers = desk.begin(asked);
    world.run(100);
    expect(answers()).toEqual([]);
    expect(ada.news()).toEqual(['ringing']);
    expect(board.news()).toEqual([]);
    world.run(1_000);
    expect(ada.hears()).toEqual(['recvonly']);
    expect(answers()).toMatchObject([{ type: 'Done' }]);
    // Whoever has answered hears no 180: the announcer rings instead.
    expect(site.announced).toEqual(['start tone', 'remote']);
    expect(bob.news()).toEqual(['ringing']);
    world.run(2_000);
    expect(site.announced).toEqual(['start tone', 'remote', 'stop']);
    expect(ada.hears()).toEqual([`${bob.host}:4000`]);
    expect(bob.hears()).toEqual([`${ada.host}:4000`]);
    expect(attributesOf(board.events, 'EventEstablished', '7002')).toMatchObject({
      CallType: 'Internal',
      UserData: { order: '1' },
    });
    bob.tell({ name: 'hangup' });
    world.run(500);
    expect(ada.news().at(-1)).toBe('ended remote 0');
    expect(leftovers(centre)).toEqual(NOTHING);
  });

  it('[SS28] to a queue waits there with music, and to a number outside goes over the trunk', () => {
    const centre = centreWorld();
    const { world, site, board, caller, phone, agent } = centre;
    const ada = phone('7001', { answerAfterMs: 200 });
    const bob = phone('7002', { answerAfterMs: 200 });
    const desk = agent('ada', '7001');
    desk.begin({ type: 'MakeCall', dn: '7001', destination: '8000' });
    world.run(1_000);
    expect(board.news()).toEqual(['EventDialing 7001', 'EventQueued 8000', 'EventTreatmentApplied 8000']);
    expect(site.announced.slice(0, 1)).toEqual(['start music']);
    agent('bob', '7002');
    world.run(2_000);
    expect(ada.hears()).toEqual([`${bob.host}:4000`]);
    ada.tell({ name: 'hangup' });
    world.run(1_000);
    board.news();
    desk.begin({ type: 'MakeCall', dn: '7001', destination: '4930123456' });
    world.run(1_000);
    caller.tell({ name: 'answer' });
    world.run(1_000);
    expect(ada.hears()).toEqual(['10.0.9.1:4000']);
    expect(caller.hears()).toEqual(['10.0.1.1:4000']);
    expect(attributesOf(board.events, 'EventEstablished', '7001')).toMatchObject({ CallType: 'Outbound' });
    caller.tell({ name: 'hangup' });
    expect(leftovers(centre)).toEqual(NOTHING);
  });

  it('[SS28] comes to nothing where its phone does not answer, is lost, or the number does not exist', () => {
    const centre = centreWorld({ dns: configurationOf().dns.filter(({ type }) => type !== 'Trunk') });
    const { world, board, phone, agent } = centre;
    const ada = phone('7001');
    const desk = agent('ada', '7001');
    const make = (destination: string) => desk.begin({ type: 'MakeCall', dn: '7001', destination });
    make('7002');
    world.run(100);
    ada.tell({ name: 'reject' });
    world.run(1_000);
    expect(board.news()).toEqual([]);
    const answers = make('12345');
    world.run(100);
    ada.tell({ name: 'answer' });
    world.run(1_000);
    expect(answers()).toMatchObject([{ type: 'Done' }]);
    expect(ada.news().at(-1)).toBe('ended remote 0');
    expect(board.news()).toEqual(['EventDialing 7001', 'EventReleased 7001']);
    ada.tell({ name: 'unregister' });
    world.run(1_000);
    expect(board.outcome({ type: 'MakeCall', dn: '7001', destination: '7002' })).toBe('phone-out-of-service');
    expect(leftovers(centre)).toEqual(NOTHING);
  });

  it('[SS28] gives its own phone 30 s', () => {
    const centre = centreWorld();
    const { world, site, phone, agent } = centre;
    const ada = phone('7001', { answerAfterMs: null });
    agent('ada', '7001').begin({ type: 'MakeCall', dn: '7001', destination: '7002' });
    world.run(29_000);
    expect(site.node.parts.calls.size).toBe(1);
    world.run(2_000);
    expect(ada.news()).toEqual(['ringing', 'ended remote 487']);
    expect(leftovers(centre)).toEqual(NOTHING);
  });

  it('[SS28] is over when its own phone hangs up while the other rings', () => {
    const centre = centreWorld();
    const { world, board, phone, agent } = centre;
    const ada = phone('7001', { answerAfterMs: 200 });
    const bob = phone('7002');
    const desk = agent('ada', '7001');
    desk.begin({ type: 'MakeCall', dn: '7001', destination: '7002' });
    world.run(1_000);
    ada.tell({ name: 'hangup' });
    world.run(1_000);
    expect(bob.news()).toEqual(['ringing', 'ended remote 487']);
    expect(board.news()).toEqual([
      'EventDialing 7001',
      'EventRinging 7002',
      'EventReleased 7002',
      'EventReleased 7001',
    ]);
    expect(leftovers(centre)).toEqual(NOTHING);
  });

  it('[SS28] drops the contact of its own phone when nobody answers there [D17]', () => {
    const { world, site, board } = centreWorld();
    const ada = new Peer(world, '7001', '10.0.1.1');
    ada.register({ expires: 600 });
    world.cut.add(ada.host);
    const answers = board.begin({ type: 'MakeCall', dn: '7001', destination: '8000' });
    world.run(33_000);
    expect(answers()).toMatchObject([{ type: 'Error', code: 'phone-out-of-service' }]);
    expect(board.news()).toContain('EventDNOutOfService 7001');
    expect(site.node.sizes()).toMatchObject({ calls: 0, legs: 0 });
  });

  it.each([
    [486, 'phone-busy'],
    [480, 'phone-no-answer'],
    [603, 'phone-rejected'],
    [302, 'phone-rejected'],
    [404, 'phone-out-of-service'],
  ])(
    '[SS31] that its own phone answers %i is refused by %s, with words that say what to do',
    (status, code) => {
      const centre = centreWorld();
      const { world, board } = centre;
      const ada = new Peer(world, '7001', '10.0.1.1');
      ada.register({ expires: 600 });
      ada.react = (event) => {
        if (event.type === 'incoming') ada.do(ada.userAgent.reject(world.now, event.leg, status));
      };
      world.run(100);
      board.news();
      const answers = board.begin({ type: 'MakeCall', dn: '7001', destination: '8000' });
      world.run(1_000);
      const [answer, ...more] = answers();
      expect(more).toEqual([]);
      expect(answer).toMatchObject({
        type: 'Error',
        code,
        text: expect.stringMatching(/^The phone of 7001 .*\.$/),
      });
      // The centre has never heard of it, and nobody is told of a call.
      expect(board.news()).toEqual([]);
      expect(leftovers(centre)).toEqual(NOTHING);
    },
  );

  it('[SS31] that nobody picks up is refused after the 30 s; a client that is gone by then is told nothing', () => {
    const centre = centreWorld();
    const { world, phone, agent } = centre;
    phone('7001', { answerAfterMs: null });
    phone('7002', { answerAfterMs: null });
    const ada = agent('ada', '7001');
    const bob = agent('bob', '7002');
    const answers = ada.begin({ type: 'MakeCall', dn: '7001', destination: '7002' });
    bob.begin({ type: 'MakeCall', dn: '7002', destination: '7001' });
    world.run(1_000);
    bob.drop();
    world.run(31_000);
    expect(answers()).toMatchObject([{ type: 'Error', code: 'phone-no-answer' }]);
    expect(leftovers(centre)).toEqual(NOTHING);
  });

  it('[SS31] on a DN that does not exist is refused before anything rings', () => {
    const { board } = centreWorld();
    expect(board.outcome({ type: 'MakeCall', dn: '7777', destination: '7002' })).toBe('unknown-dn');
  });
});
