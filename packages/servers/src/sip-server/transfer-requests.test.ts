import { must } from '@holdfast/kernel';
import { describe, expect, it } from 'vitest';
import { centreWorld, leftovers, NOTHING } from './testing/centre-world.ts';
import { Desk } from './testing/desk.ts';
import { GATEWAY } from './testing/server-site.ts';
import { transferring } from './testing/transferor.ts';

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
