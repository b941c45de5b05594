/** What the machine of a server or a phone could not send for a moment (SS88), in each thing that is done by a request. */
import { describe, expect, it } from 'vitest';
import { centreWorld, leftovers, NOTHING } from './testing/centre-world.ts';
import { Peer } from './testing/people.ts';
import { configurationOf, GATEWAY, SERVER, trunk } from './testing/server-site.ts';

/** As long as an address takes to move, ms: every request that is sent meanwhile is repeated once or twice. */
const MOMENT_MS = 700;
const OUTSIDE = '4930123456';
const SECOND = '10.0.9.2';

/** `host` can send nothing for a moment that begins now. */
function mute(world: ReturnType<typeof centreWorld>['world'], host = SERVER): void {
  world.muted.add(host);
  world.after(MOMENT_MS, () => world.muted.delete(host));
}

describe('a machine that cannot send for a moment', () => {
  it('[SS88] calls the phone all the same: its contact and its agent stay', () => {
    const centre = centreWorld();
    const { world, site, caller, board } = centre;
    const ada = centre.phone('7001', { answerAfterMs: 1_000 });
    centre.agent('ada', '7001');
    caller.tell({ name: 'call', to: '8000' });
    // The call has come in, and the phone is about to be called.
    world.run(3);
    mute(world);
    world.run(4_000);
    expect(ada.news()).toEqual(['ringing', 'established']);
    expect(board.news()).not.toContain('EventAgentLogout 7001');
    expect(site.logs.map(({ what }) => what)).not.toContain('contact dropped');
    caller.tell({ name: 'hangup' });
    world.run(1_000);
    expect(leftovers(centre)).toMatchObject(NOTHING);
  });

  it('[SS88] ends no call at its answer: the 200 and its ACK are repeated', () => {
    const { world, phone, agent, caller } = centreWorld();
    for (const at of [0, 5, 10, 15]) {
      const ada = phone('7001', { answerAfterMs: 500 });
      agent('ada', '7001');
      caller.tell({ name: 'call', to: '8000' });
      world.run(515 + at);
      mute(world);
      world.run(3_000);
      expect(caller.news()).toContain('established');
      expect(ada.news()).toContain('established');
      world.run(40_000);
      expect([caller.news(), ada.news()].flat()).toEqual([]);
      caller.tell({ name: 'hangup' });
      world.run(40_000);
    }
  });

  it('[SS88] takes no trunk out of service, and makes the call over the first one', () => {
    const dns = configurationOf().dns.filter(({ type }) => type !== 'Trunk');
    const check = { everyMs: 10_000, giveUpMs: 2_000 };
    const trunks = [{ ...trunk('9000', GATEWAY), check }, trunk('9001', SECOND)];
    const { world, site, phone } = centreWorld({ dns: [...dns, ...trunks] });
    world.remove(GATEWAY);
    const [first, second] = [GATEWAY, SECOND].map((host) => new Peer(world, OUTSIDE, host)) as [Peer, Peer];
    first.react = (event) => {
      if (event.type === 'request') first.do(first.userAgent.respond(world.now, event.transaction, 200));
    };
    const ada = phone('7001');
    world.run(9_600);
    mute(world);
    world.run(4_000);
    expect(first.types()).toContain('request');
    expect(site.logs.map(({ what }) => what)).not.toContain('trunk out of service');
    ada.tell({ name: 'call', to: OUTSIDE });
    // Challenged, and about to be passed on.
    world.run(12);
    mute(world);
    world.run(2_000);
    expect(first.types()).toContain('incoming');
    expect(second.types()).toEqual([]);
    expect(ada.news().filter((one) => one.startsWith('ended'))).toEqual([]);
  });

  it('[SS88] loses no registration, whether it is the phone that cannot send or the server', () => {
    for (const host of ['10.0.1.1', SERVER]) {
      const { world, phone, agent, board } = centreWorld();
      const ada = phone('7001');
      agent('ada', '7001');
      for (let turn = 0; turn < 100; turn++) {
        mute(world, host);
        world.run(3_000);
      }
      expect(ada.news()).toEqual([]);
      expect(board.news()).toEqual([]);
    }
  });
});
