import { must } from '@holdfast/kernel';
import { describe, expect, it } from 'vitest';
import { connIdOf, die, logsInAtSouth, talking } from './testing/adoption-world.ts';
import { leftovers, NOTHING } from './testing/centre-world.ts';
import { Desk } from './testing/desk.ts';
import { GATEWAY, SERVER } from './testing/server-site.ts';
import { DONE, failed, TRYING, to, transferring } from './testing/transferor.ts';

describe('another server goes on while a call is transferred', () => {
  /** Bob's phone rings for the caller, and the server dies. */
  function taken(more: { answerAfterMs?: number } = {}) {
    const all = transferring(more);
    const { ada, leg, world, site } = all;
    expect(ada.refer(leg, to('7002'))).toBe(202);
    world.run(300);
    site.takeOver();
    world.run(300);
    expect(ada.notified).toEqual([TRYING]);
    return all;
  }

  it('[SS85] whoever answers has the call, and the phone that transferred it is told and let go', () => {
    const { ada, bob, caller, world, ...centre } = taken();
    bob.tell({ name: 'answer' });
    world.run(500);
    expect(ada.notified).toEqual([TRYING, DONE]);
    expect(ada.types().at(-1)).toBe('ended');
    expect([bob.hears(), caller.hears()]).toEqual([[`${GATEWAY}:4000`], [`${bob.host}:4000`]]);
    bob.tell({ name: 'hold' });
    world.run(500);
    expect(caller.news()).toContain('held remote');
    caller.tell({ name: 'hangup' });
    expect(leftovers({ world, ...centre })).toEqual(NOTHING);
  });

  it('[SS85] the call is as before where nobody takes it, and can be transferred again', () => {
    const { ada, bob, caller, leg, world, ...centre } = taken();
    bob.tell({ name: 'reject', status: 486 });
    world.run(500);
    expect(ada.notified).toEqual([TRYING, failed('486 Busy Here')]);
    expect(caller.hears()).toEqual([`${ada.host}:6000`]);
    ada.notified.length = 0;
    expect(ada.refer(leg, to('8000'))).toBe(202);
    world.run(500);
    expect(ada.notified.at(-1)).toMatch(/200 OK/);
    caller.tell({ name: 'hangup' });
    expect(leftovers({ world, ...centre })).toEqual(NOTHING);
  });

  it('[SS85] either of the two may hang up meanwhile, and nothing is left', () => {
    for (const who of ['ada', 'caller'] as const) {
      const { ada, bob, caller, leg, world, ...centre } = taken();
      if (who === 'ada') ada.do(ada.userAgent.bye(world.now, leg));
      else caller.tell({ name: 'hangup' });
      world.run(500);
      if (who === 'ada') bob.tell({ name: 'answer' });
      world.run(500);
      expect(caller.hears()).toEqual(who === 'ada' ? [`${bob.host}:4000`] : []);
      bob.tell({ name: 'hangup' });
      expect(leftovers({ world, ...centre })).toEqual(NOTHING);
    }
  });

  it('[SS85] [SS84] goes on with two calls that have become one', () => {
    const { ada, bob, caller, leg, world, site, ...centre } = transferring({ answerAfterMs: 100 });
    const second = ada.call('7002', { port: 6002 });
    world.run(1_000);
    ada.refer(leg, `<sip:${SERVER}?${ada.replaces(second)}>`);
    site.takeOver();
    world.run(1_000);
    expect([bob.hears(), caller.hears()]).toEqual([[`${GATEWAY}:4000`], [`${bob.host}:4000`]]);
    expect(ada.userAgent.sizes().legs).toBe(0);
    bob.tell({ name: 'hangup' });
    world.run(500);
    expect(caller.news()).toContain('ended remote 0');
    expect(leftovers({ world, site, ...centre })).toEqual(NOTHING);
  });

  it('[SS85] tells at once what the former one had still to tell of a call in which nothing happens any more', () => {
    const { ada, bob, caller, world, site, ...centre } = transferring({});
    const [first] = [...site.node.parts.calls.calls()];
    const call = must(first, 'the call stands');
    const asked = { type: 'transfer', connId: call.connId, dn: '7001', to: '7002' } as const;
    const refer = { id: undefined, isSilent: false };
    const ours = must(call.party, 'ada talks').leg;
    call.transfer = { leg: ours, dn: '7001', refer, client: undefined, asked, parked: undefined };
    // So that its mate hears of it.
    caller.tell({ name: 'hold' });
    world.run(500);
    site.takeOver();
    world.run(200);
    expect(bob.news()).toEqual(['ringing']);
    bob.tell({ name: 'answer' });
    world.run(500);
    expect(ada.notified).toEqual([DONE]);
    caller.tell({ name: 'hangup' });
    expect(leftovers({ world, site, ...centre })).toEqual(NOTHING);
  });

  it('[SS85] [SS86] answers the client that asked for it, once', () => {
    const { bob, board, world, site, caller, ...centre } = transferring({});
    const desk = new Desk(site, 'sue', 'session-sue');
    desk.register();
    const [call] = [...site.node.parts.calls.calls()];
    const ConnID = must(call, 'the call stands').connId;
    const answers = desk.begin({ type: 'SingleStepTransfer', dn: '7001', ConnID, destination: '7002' });
    world.run(300);
    site.takeOver();
    world.run(300);
    const again = new Desk(site, 'sue', 'session-sue');
    again.register({ resume: { epoch: board.events.at(-1)?.position.epoch ?? 0, number: 0 } });
    // It repeats what it has heard nothing of.
    const repeated = again.begin({ type: 'SingleStepTransfer', dn: '7001', ConnID, destination: '7002' });
    bob.tell({ name: 'answer' });
    world.run(500);
    expect(answers()).toEqual([]);
    expect(caller.hears()).toEqual([`${bob.host}:4000`]);
    expect(site.node.sizes().calls).toBe(1);
    expect(repeated()).toMatchObject([{ type: 'Event', name: 'EventReleased' }]);
    caller.tell({ name: 'hangup' });
    expect(leftovers({ world, site, ...centre })).toEqual(NOTHING);
  });
});

describe('a site dies while its agent transfers a call, and she logs in at the other', () => {
  it('[AD12] she has the call as before, the phone that rang rings no more, and it can be transferred from there', () => {
    const all = talking();
    const { world, south, ada, caller, deskAtNorth } = all;
    const bob = all.phone('7002');
    bob.news();
    const ConnID = connIdOf(deskAtNorth);
    const answers = deskAtNorth.begin({
      type: 'SingleStepTransfer',
      dn: '7001',
      ConnID,
      destination: '7002',
    });
    world.run(500);
    expect(answers()).toEqual([]);
    expect(bob.news()).toEqual(['ringing']);
    // The tone that the dead site plays.
    expect(caller.hears()).toEqual(['recvonly']);
    die(all);
    world.run(20_000);
    const desk = logsInAtSouth(all);
    world.run(1_000);
    expect(bob.news()).toEqual(['ended remote 487']);
    expect([ada.hears(), caller.hears()]).toEqual([[`${GATEWAY}:4000`], [`${ada.host}:4000`]]);
    const transfer = { type: 'SingleStepTransfer', dn: '7001', ConnID, destination: '7002' } as const;
    const done = desk.begin(transfer);
    world.run(500);
    bob.tell({ name: 'answer' });
    world.run(500);
    expect(done()).toMatchObject([{ type: 'Event', name: 'EventReleased' }]);
    expect([bob.hears(), caller.hears()]).toEqual([[`${GATEWAY}:4000`], [`${bob.host}:4000`]]);
    expect(ada.news()).toContain('ended remote 0');
    caller.tell({ name: 'hangup' });
    expect(leftovers({ world, site: south })).toEqual(NOTHING);
  });
});
