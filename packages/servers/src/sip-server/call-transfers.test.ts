import { must } from '@holdfast/kernel';
import { headerValue } from '@holdfast/sip';
import { describe, expect, it } from 'vitest';
import { centreWorld, leftovers, NOTHING } from './testing/centre-world.ts';
import { callerAt, Peer } from './testing/people.ts';
import { configurationOf, GATEWAY, REALM, SERVER, trunk } from './testing/server-site.ts';
import { DONE, failed, TRYING, Transferor, to, transferring } from './testing/transferor.ts';

const text = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);

describe('a phone that transfers its call', () => {
  it('[SS81] is told 100 and 200 and hangs up nothing itself; caller and target hear each other', () => {
    const { ada, bob, caller, leg, world, board, ...centre } = transferring();
    expect(ada.refer(leg, to('7002'))).toBe(202);
    expect(ada.notified).toEqual([TRYING]);
    world.run(200);
    // Somebody rings for the caller, who is told by the announcer's tone.
    expect(caller.hears()).toEqual(['recvonly']);
    expect(bob.news()).toEqual(['ringing']);
    world.run(1_000);
    expect(ada.notified).toEqual([TRYING, DONE]);
    expect(ada.types().at(-1)).toBe('ended');
    expect(caller.hears()).toEqual([`${bob.host}:4000`]);
    expect(bob.hears()).toEqual([`${GATEWAY}:4000`]);
    expect(board.news()).toEqual([...['EventRinging 7002', 'EventEstablished 7002', 'EventReleased 7001']]);
    bob.tell({ name: 'hold' });
    world.run(500);
    expect(caller.news()).toContain('held remote');
    bob.tell({ name: 'retrieve' });
    world.run(500);
    bob.tell({ name: 'hangup' });
    world.run(500);
    expect(caller.news()).toContain('ended remote 0');
    expect(leftovers({ world, ...centre })).toEqual(NOTHING);
  });

  it('[SS81] [PH15] may be one of ours, which hears how it goes on', () => {
    const centre = centreWorld();
    const { world, caller } = centre;
    const ada = centre.phone('7001', { answerAfterMs: 100 });
    const bob = centre.phone('7002', { answerAfterMs: 500 });
    caller.tell({ name: 'call', to: '7001' });
    world.run(1_000);
    const heard = () =>
      ada.facts.splice(0).flatMap((fact) => (fact.name === 'transferring' ? fact.status : []));
    ada.tell({ name: 'transfer', to: 'sip:7002@elsewhere.example' });
    world.run(200);
    expect(heard()).toEqual([403]);
    ada.tell({ name: 'hold' }).tell({ name: 'transfer', to: '9000' });
    world.run(1_000);
    expect(ada.news().at(-1)).toBe('held local');
    ada.tell({ name: 'transfer', to: '9000' });
    world.run(200);
    expect(heard()).toEqual([100, 404]);
    ada.tell({ name: 'transfer', to: '7002' });
    world.run(1_000);
    expect(heard()).toEqual([100, 200]);
    expect([bob.hears(), caller.hears()]).toEqual([[`${GATEWAY}:4000`], [`${bob.host}:4000`]]);
    bob.tell({ name: 'hangup' });
    expect(leftovers(centre)).toEqual(NOTHING);
  });

  it('[SS81] transfers whom it has called, and whom it holds', () => {
    const centre = centreWorld();
    const { world, board } = centre;
    const ada = new Transferor(centre, '7001', 6000);
    const bob = centre.phone('7002', { answerAfterMs: 100 });
    const cyd = centre.phone('7003', { answerAfterMs: 500 });
    const leg = ada.call('7002', { port: 6000 });
    world.run(1_000);
    ada.do(ada.userAgent.reinvite(world.now, leg, ada.sdp(6000, 'sendonly', 2)));
    // While that is on its way: the transfer waits for it.
    expect(ada.refer(leg, to('7003'))).toBe(202);
    world.run(1_500);
    expect(ada.notified).toEqual([TRYING, DONE]);
    expect(bob.hears()).toEqual([`${cyd.host}:4000`]);
    expect(cyd.hears()).toEqual([`${bob.host}:4000`]);
    expect(board.news().slice(-4)).toEqual([
      ...['EventRinging 7003', 'EventEstablished 7003', 'EventPartyChanged 7002', 'EventReleased 7001'],
    ]);
    cyd.tell({ name: 'hold' });
    world.run(500);
    expect(board.news()).toEqual(['EventHeld 7003']);
    bob.tell({ name: 'hangup' });
    expect(leftovers(centre)).toEqual(NOTHING);
  });

  it('[SS81] reaches a queue and a routing point as whoever dials them, and is let go when the caller is in line', () => {
    for (const number of ['8000', '8900', '8001']) {
      const { ada, caller, leg, world, site, ...centre } = transferring();
      expect(ada.refer(leg, to(number))).toBe(202);
      world.run(300);
      expect(ada.notified).toEqual([TRYING, DONE]);
      const calls = site.node.parts.centre.queueSnapshots(world.now).flatMap(({ waiting }) => waiting);
      expect(calls).toHaveLength(1);
      expect(site.announced.join()).toMatch(/^start (music|tone) with remote/);
      caller.tell({ name: 'hangup' });
      expect(leftovers({ world, site, ...centre })).toEqual(NOTHING);
    }
  });

  it('[SS81] reaches a number outside over a trunk, also for whoever came in over one', () => {
    const other = '10.0.9.2';
    const dns = [...configurationOf().dns, trunk('9001', other)];
    const centre = centreWorld({ dns });
    const { world } = centre;
    world.remove(GATEWAY);
    const carrier = new Peer(world, '49', GATEWAY);
    carrier.react = (event) => {
      if (event.type !== 'incoming') return;
      const { leg, request } = event;
      const isKnown = request.uri.includes('4989556');
      const { userAgent } = carrier;
      carrier.do(
        isKnown
          ? userAgent.answer(world.now, leg, { sdp: carrier.sdp(7000) })
          : userAgent.reject(world.now, leg, 404),
      );
    };
    const ada = new Transferor(centre, '7001', 6000);
    const caller = callerAt(world, other, '4930999').tell({ name: 'call', to: '7001' });
    world.run(1_000);
    for (const [number, host] of [
      ['4989555', REALM],
      ['4989556', GATEWAY],
    ] as const) {
      const { leg } = ada.last('incoming');
      expect(ada.refer(leg, `<sip:${number}@${host}>`)).toBe(202);
      world.run(500);
    }
    expect(ada.notified.map((line) => line.replace(/;id=\d+/, ''))).toEqual([
      ...[TRYING, failed('480 Temporarily Unavailable'), TRYING, DONE],
    ]);
    expect(caller.hears()).toEqual([`${GATEWAY}:7000`]);
    expect(text(carrier.last('incoming').request.body)).toContain(other);
    carrier.do(carrier.userAgent.bye(world.now, carrier.last('incoming').leg));
    expect(leftovers(centre)).toEqual(NOTHING);
  });

  it('[SS82] is told why nobody took the call, and has it as before', () => {
    const cases = [
      ['9000', '404 Not Found'],
      ['7003', '480 Temporarily Unavailable'],
      ['7001', '486 Busy Here'],
    ] as const;
    const { ada, bob, caller, leg, world, board, ...centre } = transferring({});
    for (const [number, status] of cases) {
      ada.notified.length = 0;
      expect(ada.refer(leg, to(number))).toBe(202);
      // The second and third in one dialog have a number of their own.
      expect(ada.notified.map((line) => line.replace(/;id=\d+/, ''))).toEqual(
        number === '9000' ? [TRYING, failed('404 Not Found')] : [TRYING, failed(status)],
      );
    }
    expect(ada.notified.every((line) => /^refer;id=\d+ /.test(line))).toBe(true);
    ada.notified.length = 0;
    ada.refer(leg, to('7002'));
    world.run(300);
    expect(caller.hears()).toEqual(['recvonly']);
    bob.tell({ name: 'reject', status: 486 });
    world.run(500);
    expect(ada.notified.at(-1)).toContain('486 Busy Here');
    expect(caller.hears()).toEqual([`${ada.host}:6000`]);
    expect(board.news()).toEqual(['EventRinging 7002', 'EventReleased 7002']);
    ada.do(ada.userAgent.reinvite(world.now, leg, ada.sdp(6000, 'sendonly', 5)));
    world.run(500);
    expect(caller.news()).toContain('held remote');
    ada.do(ada.userAgent.bye(world.now, leg));
    expect(leftovers({ world, ...centre })).toEqual(NOTHING);
  });

  it('[SS82] may hang up before anybody has answered; then the call ends where nobody does', () => {
    for (const answers of [true, false]) {
      const { ada, bob, caller, leg, world, ...centre } = transferring({});
      ada.refer(leg, to('7002'));
      ada.do(ada.userAgent.bye(world.now, leg));
      world.run(300);
      expect(caller.hears()).toEqual(['recvonly']);
      bob.tell(answers ? { name: 'answer' } : { name: 'reject', status: 486 });
      world.run(500);
      if (answers) expect(caller.hears()).toEqual([`${bob.host}:4000`]);
      else expect(caller.news()).toContain('ended remote 0');
      caller.tell({ name: 'hangup' });
      expect(leftovers({ world, ...centre })).toEqual(NOTHING);
    }
  });

  it('[SS82] is told 487 and ended where the other end hangs up meanwhile', () => {
    const { ada, bob, caller, leg, world, ...centre } = transferring({});
    ada.refer(leg, to('7002'));
    world.run(300);
    expect(bob.news()).toEqual(['ringing']);
    // Its own offers have nobody to go to.
    ada.do(ada.userAgent.reinvite(world.now, leg, ada.sdp(6000, 'sendonly', 2)));
    caller.tell({ name: 'hangup' });
    world.run(500);
    expect(ada.notified).toEqual([TRYING, failed('487 Request Terminated')]);
    expect(ada.types().at(-1)).toBe('ended');
    expect(bob.news()).toEqual(['ended remote 487']);
    expect(leftovers({ world, ...centre })).toEqual(NOTHING);
  });

  it('[SS82] hears nothing of it where it does not want to (Refer-Sub, RFC 4488)', () => {
    const { ada, leg, world, caller, ...centre } = transferring();
    expect(ada.refer(leg, to('7002'), [['Refer-Sub', 'false']])).toBe(202);
    const { response } = ada.last('inDialogResponse');
    expect(response && headerValue(response, 'refer-sub')).toBe('false');
    world.run(1_000);
    expect(ada.notified).toEqual([]);
    expect(ada.types().at(-1)).toBe('ended');
    caller.tell({ name: 'hangup' });
    expect(leftovers({ world, ...centre })).toEqual(NOTHING);
  });

  it('[SS83] is refused what cannot be done, and the call is as it was', () => {
    const { ada, leg, world, caller, site, ...centre } = transferring({});
    const asked: readonly (readonly [number, string])[] = [
      [400, '<http://example.org>'],
      [400, `<sip:${REALM}>`],
      [400, `${to('7002')}, ${to('7003')}`],
      [400, `<sip:7002@${REALM}?Replaces=a%3Bto-tag%3Db>`],
      [400, `<sip:7002@${REALM}?Replaces=%E0%A4%A>`],
      [403, '<sip:7002@elsewhere.example>'],
      [603, `<sip:7002@${REALM};method=BYE>`],
    ];
    for (const [status, refer] of asked) expect([refer, ada.refer(leg, refer)]).toEqual([refer, status]);
    expect(ada.notified).toEqual([]);
    // The same place by another name, and a second one while the first goes on.
    expect(ada.refer(leg, `<sip:7002@${SERVER}>`)).toBe(202);
    expect(ada.refer(leg, to('7003'))).toBe(491);
    expect(site.node.sizes().calls).toBe(1);
    caller.tell({ name: 'hangup' });
    expect(leftovers({ world, site, ...centre })).toEqual(NOTHING);
  });

  it('[SS83] is refused while it talks with nobody', () => {
    const centre = centreWorld();
    const ada = new Transferor(centre, '7001', 6000);
    const leg = ada.call('8000', { port: 6000 });
    centre.world.run(500);
    expect(ada.refer(leg, to('7002'))).toBe(603);
    ada.do(ada.userAgent.bye(centre.world.now, leg));
    expect(leftovers(centre)).toEqual(NOTHING);
  });
});

describe('two calls of one phone', () => {
  /** Ada talks with the caller, and has called bob meanwhile. */
  function consulting() {
    const before = transferring({ answerAfterMs: 100 });
    const { ada, world, board, bob } = before;
    const second = ada.call('7002', { port: 6002 });
    world.run(1_000);
    board.news();
    bob.news();
    return { ...before, second };
  }

  it('[SS84] become one: the first, with its data; both legs of the phone end', () => {
    const { ada, bob, caller, leg, second, world, board, site, ...centre } = consulting();
    const [first] = [...site.node.parts.calls.calls()];
    expect(ada.refer(leg, `<sip:${SERVER}:5060?${ada.replaces(second)}>`)).toBe(202);
    world.run(500);
    expect(ada.notified).toEqual([TRYING, DONE]);
    expect(ada.userAgent.sizes().legs).toBe(0);
    expect(caller.hears()).toEqual([`${bob.host}:4000`]);
    expect(bob.hears()).toEqual([`${GATEWAY}:4000`]);
    expect(board.news()).toEqual([...['EventPartyChanged 7002', 'EventReleased 7001', 'EventReleased 7001']]);
    expect([...site.node.parts.calls.calls()]).toEqual([first]);
    // Hold goes from one to the other, and so does the end.
    bob.tell({ name: 'hold' });
    world.run(500);
    expect(caller.news()).toContain('held remote');
    bob.tell({ name: 'hangup' });
    world.run(500);
    expect(caller.news()).toContain('ended remote 0');
    expect(leftovers({ world, site, ...centre })).toEqual(NOTHING);
  });

  it('[SS84] may be joined in either of them, and whoever has called whom', () => {
    const { ada, bob, caller, leg, second, world, ...centre } = consulting();
    expect(ada.refer(second, `<sip:7001@${SERVER}?${ada.replaces(leg)}>`)).toBe(202);
    world.run(500);
    expect(ada.notified).toEqual([TRYING, DONE]);
    expect(caller.hears()).toEqual([`${bob.host}:4000`]);
    expect(bob.hears()).toEqual([`${GATEWAY}:4000`]);
    // The caller is the called one now, and hangs up all the same.
    caller.tell({ name: 'hangup' });
    world.run(500);
    expect(bob.news()).toContain('ended remote 0');
    expect(leftovers({ world, ...centre })).toEqual(NOTHING);
  });

  it('[SS84] end where an end of the second is not there any more, and nothing waits for it', () => {
    const { ada, caller, leg, second, world, site, bob, ...centre } = consulting();
    const [first] = [...site.node.parts.calls.calls()];
    const connId = must(first, 'the call stands').connId;
    // An offer is on its way, so that it has still to be decided.
    ada.do(ada.userAgent.reinvite(world.now, leg, ada.sdp(6000, 'sendonly', 2)));
    ada.do(
      ada.userAgent.sendInDialog(world.now, leg, 'REFER', {
        headers: [['Refer-To', `<sip:${SERVER}?${ada.replaces(second)}>`]],
      }),
    );
    while (first?.transfer === undefined && world.now < 60_000) world.run(1);
    expect(first?.transfer?.asked).toBeDefined();
    site.node.parts.calls.perform(world.now, { type: 'join', connId, consult: 'none', dn: '7001' });
    world.run(500);
    expect(ada.notified).toEqual([TRYING, failed('481 Call/Transaction Does Not Exist')]);
    expect(caller.news()).toContain('ended remote 0');
    expect(site.logs.map(({ what }) => what)).toContain('calls not joined');
    bob.tell({ name: 'hangup' });
    expect(leftovers({ world, site, ...centre })).toEqual(NOTHING);
  });

  it('[SS84] end where the far end of the second will not be turned: it would be heard by nobody', () => {
    const centre = centreWorld();
    const { world, site, caller } = centre;
    const ada = new Transferor(centre, '7001', 6000);
    const bob = new Transferor(centre, '7002', 6000);
    const { react } = bob;
    bob.react = (event) =>
      event.type === 'offer' ? bob.do(bob.userAgent.rejectOffer(world.now, event.leg, 488)) : react(event);
    caller.tell({ name: 'call', to: '7001' });
    world.run(500);
    const { leg } = ada.last('incoming');
    const second = ada.call('7002', { port: 6002 });
    world.run(500);
    expect(ada.refer(leg, `<sip:${SERVER}?${ada.replaces(second)}>`)).toBe(202);
    world.run(1_000);
    expect(ada.notified).toEqual([TRYING, DONE]);
    expect([caller.news().at(-1), bob.types().at(-1)]).toEqual(['ended remote 0', 'ended']);
    const [line] = site.logs.filter(({ what }) => what === 'call without sound ended');
    expect(line?.because).toContain('488');
    expect(leftovers(centre)).toEqual(NOTHING);
  });

  it('[SS84] stay two where Replaces names no call of that phone (481)', () => {
    const { ada, caller, leg, second, world, bob, site, ...centre } = consulting();
    const theirs = [...site.node.parts.calls.calls()].flatMap(({ party }) => party?.leg ?? []);
    const known = ada.replaces(second);
    const others = [
      'Replaces=nobody%3Bto-tag%3Da%3Bfrom-tag%3Db',
      known.replace(/from-tag.*/, 'from-tag%3Dx'),
      // Bob's own leg, which ada may not take away.
      known.replace(/to-tag%3D[^%]*/, `to-tag%3D${theirs[0]}`),
    ];
    for (const other of others) {
      ada.notified.length = 0;
      expect(ada.refer(leg, `<sip:7002@${REALM}?${other}>`)).toBe(202);
      expect(ada.notified.at(-1)).toMatch(/481/);
    }
    expect(site.node.sizes().calls).toBe(2);
    for (const phone of [caller, bob]) phone.tell({ name: 'hangup' });
    expect(leftovers({ world, site, ...centre })).toEqual(NOTHING);
  });
});
