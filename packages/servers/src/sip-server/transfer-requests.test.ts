import { must } from '@holdfast/kernel';
import type { LegId } from '@holdfast/sip';
import { describe, expect, it } from 'vitest';
import { centreWorld, leftovers, NOTHING } from './testing/centre-world.ts';
import { Desk } from './testing/desk.ts';
import { GATEWAY, REALM } from './testing/server-site.ts';
import { failed, TRYING, transferring } from './testing/transferor.ts';

/** Ada, who is logged in, talks with the caller of a queue; bob's phone rings until he answers. */
function talking() {
  const centre = centreWorld();
  const { world, caller } = centre;
  const ada = centre.phone('7001', { answerAfterMs: 100 });
  const bob = centre.phone('7002');
  const desk = centre.agent('ada', '7001');
  caller.tell({ name: 'call', to: '8000' });
  world.run(1_000);
  const established = desk.events.find(({ name }) => name === 'EventEstablished');
  const ConnID = must(established?.attributes.ConnID, 'the call stands');
  for (const news of [desk, ada, bob, caller, centre.board]) news.news();
  return { ...centre, ada, bob, desk, ConnID };
}

describe('a client that transfers a call', () => {
  it('[SS86] is answered by EventReleased when somebody has taken it, with the data', () => {
    const { world, ada, bob, caller, desk, board, ConnID, ...centre } = talking();
    const userData = { Why: 'claim' };
    const ask = { type: 'SingleStepTransfer', dn: '7001', ConnID, destination: '7002', userData } as const;
    const answers = desk.begin(ask);
    world.run(300);
    expect(answers()).toEqual([]);
    bob.tell({ name: 'answer' });
    world.run(500);
    expect(answers()).toMatchObject([
      {
        name: 'EventReleased',
        attributes: { ThisDN: '7001', CallState: 'Transferred', ThirdPartyDN: '7002' },
      },
    ]);
    expect(board.events.find(({ name }) => name === 'EventRinging')?.attributes).toMatchObject({
      ...{ ThisDN: '7002', ConnID, UserData: userData, CallType: 'Inbound' },
    });
    expect([bob.hears(), caller.hears()]).toEqual([[`${GATEWAY}:4000`], [`${bob.host}:4000`]]);
    expect(ada.news()).toContain('ended remote 0');
    bob.tell({ name: 'hangup' });
    expect(leftovers({ world, ...centre })).toEqual(NOTHING);
  });

  it('[SS86] is told why nobody has, and that the call is as before', () => {
    const { world, ada, bob, caller, desk, ConnID, ...centre } = talking();
    const ask = { type: 'SingleStepTransfer', dn: '7001', ConnID, destination: '7002' } as const;
    expect(desk.outcome({ ...ask, ConnID: 'none' })).toBe('unknown-call');
    expect(desk.outcome({ ...ask, dn: '7002' })).toBe('not-allowed');
    expect(desk.outcome({ ...ask, destination: '9000' })).toBe('unknown-dn');
    const answers = desk.begin(ask);
    world.run(300);
    expect(desk.outcome(ask)).toBe('wrong-state');
    bob.tell({ name: 'reject', status: 486 });
    world.run(500);
    expect(answers()).toMatchObject([{ type: 'Error', code: 'wrong-state' }]);
    expect([ada.hears(), caller.hears()]).toEqual([[`${GATEWAY}:4000`], [`${ada.host}:4000`]]);
    expect(desk.outcome({ type: 'ReleaseCall', dn: '7001', ConnID })).toBe('EventReleased');
    expect(leftovers({ world, ...centre })).toEqual(NOTHING);
  });

  it('[SS86] is refused at once while the call rings or waits in a queue, and nothing comes of it later', () => {
    const centre = centreWorld();
    const { world, site } = centre;
    const ada = centre.phone('7001', { answerAfterMs: 100 });
    const bob = centre.phone('7002');
    const cyd = centre.phone('7003', { answerAfterMs: 100 });
    const desk = new Desk(site, 'sue', 'session-sue');
    desk.register();
    for (const number of ['7002', '8000']) {
      expect(desk.begin({ type: 'MakeCall', dn: '7001', destination: number })()).toEqual([]);
      world.run(1_000);
      const [call] = [...site.node.parts.calls.calls()];
      const ConnID = must(call, 'it rings, or waits').connId;
      const common = { dn: '7001', ConnID, destination: '7003' } as const;
      expect(desk.outcome({ type: 'SingleStepTransfer', ...common })).toBe('wrong-state');
      expect(desk.outcome({ type: 'InitiateTransfer', ...common })).toBe('wrong-state');
      if (number === '7002') {
        bob.tell({ name: 'answer' });
        world.run(1_000);
        expect([ada.hears(), cyd.hears()]).toEqual([[`${bob.host}:4000`], []]);
      }
      ada.tell({ name: 'hangup' });
      world.run(1_000);
    }
    expect(leftovers(centre)).toEqual(NOTHING);
  });

  it('[SS86] may release the call before anybody has: whoever rings has it then', () => {
    const { world, ada, bob, caller, desk, ConnID, ...centre } = talking();
    const ask = { type: 'SingleStepTransfer', dn: '7001', ConnID, destination: '7002' } as const;
    const answers = desk.begin(ask);
    world.run(300);
    expect(desk.outcome({ type: 'ReleaseCall', dn: '7001', ConnID })).toBe('EventReleased');
    expect(answers()).toMatchObject([{ type: 'Done' }]);
    expect(ada.hears()).toEqual([]);
    bob.tell({ name: 'answer' });
    world.run(500);
    expect(caller.hears()).toEqual([`${bob.host}:4000`]);
    caller.tell({ name: 'hangup' });
    expect(leftovers({ world, ...centre })).toEqual(NOTHING);
  });
});

describe('a client that consults somebody first', () => {
  /** The phone of 7001 has several lines, and its user holds the caller while the consultation is made. */
  function consulting() {
    const all = transferring({ answerAfterMs: 100 });
    const { ada, world, site, leg, board } = all;
    const desk = new Desk(site, 'sue', 'session-sue');
    desk.register();
    const [call] = [...site.node.parts.calls.calls()];
    const ConnID = must(call, 'the call stands').connId;
    ada.do(ada.userAgent.reinvite(world.now, leg, ada.sdp(6000, 'sendonly', 2)));
    world.run(100);
    const userData = { About: 'claim' };
    const ask = { type: 'InitiateTransfer', dn: '7001', ConnID, destination: '7002', userData } as const;
    const answers = desk.begin(ask);
    world.run(1_000);
    return { ...all, desk, ConnID, ask, answers, told: board.events.splice(0) };
  }

  it('[SS87] is told of a consultation with its own data, which names the call; the two become one', () => {
    const { ada, bob, caller, desk, board, world, ConnID, answers, told, ...centre } = consulting();
    expect(answers()).toMatchObject([{ type: 'Done' }]);
    expect(told.map(({ name, attributes }) => `${name} ${attributes.ThisDN}`)).toEqual([
      ...['EventHeld 7001', 'EventDialing 7001', 'EventRinging 7002'],
      ...['EventEstablished 7002', 'EventEstablished 7001'],
    ]);
    const [, dialing, ...others] = told.map(({ attributes }) => attributes);
    for (const attributes of [dialing, ...others])
      expect(attributes).toMatchObject({
        CallType: 'Consult',
        PreviousConnID: ConnID,
        UserData: { About: 'claim' },
      });
    const consultConnID = must(dialing?.ConnID, 'it has one');
    expect(desk.outcome({ type: 'CompleteTransfer', dn: '7001', ConnID, consultConnID })).toBe(
      'EventReleased',
    );
    world.run(500);
    expect(board.events.map(({ name, attributes }) => [name, attributes.ThisDN, attributes.ConnID])).toEqual([
      ['EventPartyChanged', '7002', ConnID],
      ['EventReleased', '7001', ConnID],
      ['EventReleased', '7001', consultConnID],
    ]);
    expect([bob.hears(), caller.hears()]).toEqual([[`${GATEWAY}:4000`], [`${bob.host}:4000`]]);
    expect(ada.userAgent.sizes().legs).toBe(0);
    bob.tell({ name: 'hangup' });
    expect(leftovers({ world, ...centre })).toEqual(NOTHING);
  });

  it('[SS87] cannot complete what nobody has answered; the call stays free to be transferred', () => {
    const { ada, bob, caller, leg, world, site, ...centre } = transferring({});
    const desk = new Desk(site, 'sue', 'session-sue');
    desk.register();
    const [call] = [...site.node.parts.calls.calls()];
    const ConnID = must(call, 'the call stands').connId;
    const second = ada.call('7002', { port: 6002 });
    world.run(500);
    expect(bob.news()).toEqual(['ringing']);
    const consult = [...site.node.parts.calls.calls()].find(({ connId }) => connId !== ConnID);
    const consultConnID = must(consult, 'it rings').connId;
    const complete = { type: 'CompleteTransfer', dn: '7001', ConnID, consultConnID } as const;
    expect(desk.ask(complete)).toMatchObject({
      code: 'wrong-state',
      text: expect.stringContaining(consultConnID),
    });
    expect(desk.outcome({ ...complete, ConnID: consultConnID, consultConnID: ConnID })).toBe('wrong-state');
    // The phone itself hears the same (RFC 3891 §3).
    expect(ada.refer(leg, `<sip:7002@${REALM}?${ada.replaces(second)}>`)).toBe(202);
    expect(ada.notified).toEqual([TRYING, failed('481 Call/Transaction Does Not Exist')]);
    bob.tell({ name: 'answer' });
    world.run(500);
    expect(caller.hears()).toEqual([`${ada.host}:6000`]);
    expect(desk.outcome(complete)).toBe('EventReleased');
    world.run(500);
    expect(caller.hears()).toEqual([`${bob.host}:4000`]);
    caller.tell({ name: 'hangup' });
    expect(leftovers({ world, site, ...centre })).toEqual(NOTHING);
  });

  it('[SS87] [LG3] that asks again while its phone rings has one answer, also when another server goes on and the call has ended', () => {
    const { ada, bob, caller, world, site, board, ...centre } = transferring({ answerAfterMs: 100 });
    const rings: LegId[] = [];
    const { react } = ada;
    // Its user does not pick up yet.
    ada.react = (event) => (event.type === 'incoming' ? void rings.push(event.leg) : react(event));
    const desk = new Desk(site, 'sue', 'session-sue');
    desk.register();
    const [call] = [...site.node.parts.calls.calls()];
    const ConnID = must(call, 'the call stands').connId;
    const ask = { type: 'InitiateTransfer', dn: '7001', ConnID, destination: '7002' } as const;
    desk.begin(ask);
    world.run(300);
    const [leg] = rings;
    if (leg === undefined) throw new Error('its own phone rings first');
    site.takeOver();
    world.run(100);
    caller.tell({ name: 'hangup' });
    world.run(500);
    const again = new Desk(site, 'sue', 'session-sue');
    again.register({ resume: { epoch: board.events.at(-1)?.position.epoch ?? 0, number: 0 } });
    const answers = again.begin(ask);
    world.run(100);
    expect(answers()).toEqual([]);
    ada.do(ada.userAgent.answer(world.now, leg, { sdp: ada.sdp(6002) }));
    world.run(1_000);
    expect(answers()).toMatchObject([{ type: 'Done' }]);
    expect(bob.hears()).toEqual([`${ada.host}:6000`]);
    bob.tell({ name: 'hangup' });
    expect(leftovers({ world, site, ...centre })).toEqual(NOTHING);
  });

  it('[SS87] goes back to the call when the consultation is released, and consults about no other', () => {
    const { bob, caller, desk, world, ConnID, ask, told, site, ...centre } = consulting();
    const consult = must(told[1]?.attributes.ConnID, 'it has one');
    expect(desk.outcome({ ...ask, ConnID: 'none' })).toBe('unknown-call');
    expect(desk.outcome({ ...ask, dn: '7003' })).toBe('unknown-call');
    const complete = { type: 'CompleteTransfer', dn: '7001', ConnID, consultConnID: 'none' } as const;
    expect(desk.outcome(complete)).toBe('unknown-call');
    expect(desk.outcome({ type: 'ReleaseCall', dn: '7001', ConnID: consult })).toBe('EventReleased');
    world.run(500);
    expect(bob.news().at(-1)).toBe('ended remote 0');
    expect(site.node.sizes().calls).toBe(1);
    caller.tell({ name: 'hangup' });
    expect(leftovers({ world, site, ...centre })).toEqual(NOTHING);
  });
});
