import { headerValue } from '@holdfast/sip';
import { describe, expect, it } from 'vitest';
import { CALLER_NUMBER, centreWorld, leftovers, NOTHING } from './testing/centre-world.ts';
import { callerAt, Peer } from './testing/people.ts';
import { GATEWAY, SERVER } from './testing/server-site.ts';
import type { World } from './testing/server-world.ts';
import { SOUTH, twoSites } from './testing/two-sites.ts';

/** Refreshed after 15 s, before anybody asks whether a leg still stands. */
const SHORT = { sessionTimer: { intervalS: 30, minS: 20 } };
const LONG = { sessionTimer: { intervalS: 400, minS: 20 } };

/** When this host has refreshed the leg of that one, s. */
function refreshes({ packets = [] }: World, from: string, to: string): number[] {
  return packets.flatMap(({ at, from: sender, to: target, message }) =>
    sender === from && target === to && message.kind === 'request' && message.method === 'UPDATE'
      ? [Math.round(at / 1_000)]
      : [],
  );
}

function talking(options: Parameters<typeof centreWorld>[0], isFollowed = false) {
  const centre = centreWorld(options, { isFollowed });
  const ada = centre.phone('7001', { answerAfterMs: 500 });
  centre.agent('ada', '7001');
  centre.caller.tell({ name: 'call', to: '8000' });
  centre.world.run(2_000);
  expect(ada.news()).toContain('established');
  centre.world.packets = [];
  return { ...centre, ada };
}

describe('session timers', () => {
  it('[AD6] refresh both legs, and the ends that know nothing of them hear nothing', () => {
    const all = talking(SHORT);
    const { world, caller, ada } = all;
    caller.news();
    world.run(60_000);
    expect(refreshes(world, SERVER, GATEWAY)).toHaveLength(4);
    expect(refreshes(world, SERVER, ada.host)).toHaveLength(4);
    expect([...caller.news(), ...ada.news()]).toEqual([]);
    caller.tell({ name: 'hangup' });
    expect(leftovers(all)).toEqual(NOTHING);
  });

  it('[AD6] an end that is gone ends its leg, and with it the call', () => {
    const all = talking(SHORT);
    const { world, caller, ada } = all;
    world.cut.add(caller.host);
    // At 20 s, a third before the end of the interval.
    world.run(21_000);
    expect(ada.news()).toContain('ended remote 0');
  });

  it('[AD6] a call that proposes too short an interval is told the least', () => {
    const { world } = centreWorld(SHORT);
    const gateway = new Peer(world, CALLER_NUMBER, GATEWAY);
    const headers = [
      ['Supported', 'timer'],
      ['Session-Expires', '10'],
    ] as const;
    gateway.call('8000', { headers });
    world.run(500);
    const failed = gateway.last('failed');
    expect(failed.status).toBe(422);
    expect(failed.response && headerValue(failed.response, 'min-se')).toBe('20');
  });

  it('[AD6] a mate goes on with them where they stood', () => {
    const { world, site, ada } = talking(LONG, true);
    world.run(100_000);
    site.takeOver();
    world.run(90_000);
    expect(refreshes(world, SERVER, ada.host)).toEqual([]);
    world.run(20_000);
    expect(refreshes(world, SERVER, GATEWAY)).toHaveLength(1);
    expect(refreshes(world, SERVER, ada.host)).toHaveLength(1);
  });

  it('[AD6] a site that takes the call over goes on with them', () => {
    const sites = twoSites({ isLed: true, north: LONG, south: LONG });
    const { world, north, south } = sites;
    const ada = sites.phone('7001').tell({ name: 'answerAfter', ms: 500 });
    const caller = callerAt(world, GATEWAY, CALLER_NUMBER);
    sites.desk(north, 'ada', '7001').login('7001');
    caller.tell({ name: 'call', to: '8000' });
    world.run(3_000);
    expect(ada.news()).toContain('established');
    world.cut.add(north.host);
    world.remove(north.host);
    world.run(20_000);
    world.packets = [];
    sites.desk(south, 'ada', '7001', 'the desk at south').login('7001');
    world.run(1_000);
    // AD4: where we are. That begins the interval anew.
    expect(refreshes(world, SOUTH, GATEWAY)).toHaveLength(1);
    world.run(201_000);
    expect(refreshes(world, SOUTH, GATEWAY)).toHaveLength(2);
    expect(refreshes(world, SOUTH, ada.host)).toHaveLength(2);
    world.cut.add(caller.host);
    world.run(400_000);
    expect(ada.news()).toContain('ended remote 0');
    expect(leftovers({ world, site: south })).toEqual(NOTHING);
  });
});
