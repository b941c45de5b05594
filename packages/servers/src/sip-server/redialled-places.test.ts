import { checkCentre } from '@holdfast/centre';
import { describe, expect, it } from 'vitest';
import { CALLER_NUMBER, centreWorld, leftovers, NOTHING } from './testing/centre-world.ts';
import { callerAt, type Phone } from './testing/people.ts';
import { configurationOf, SERVER, type Site, trunk } from './testing/server-site.ts';
import { SIP_PORT, type World } from './testing/server-world.ts';
import { SOUTH, twoSites } from './testing/two-sites.ts';

const HOSTS = ['10.0.9.1', '10.0.9.2', '10.0.9.3'];
const CENTRE = { ...configurationOf().centre, lostPlaceWindowMs: 60_000 };
const TRUNKS = {
  dns: [...configurationOf().dns, trunk('9001', '10.0.9.2'), trunk('9002', '10.0.9.3')],
  centre: CENTRE,
};

/** For how long each caller in 8000 has waited, s. */
function line({ node }: Site, { now }: World): string[] {
  const queue = node.parts.centre.queueSnapshots(now).find(({ dn }) => dn === '8000');
  return (queue?.waiting ?? []).map(({ ANI, waitedMs }) => `${ANI} ${Math.round(waitedMs / 1_000)}`);
}

/** The same number calls from another phone, the server at this address. */
function dialAgain(world: World, from: string, server: string, ani: string): Phone {
  const target = { transport: 'UDP' as const, host: server, port: SIP_PORT };
  const site = {
    site: 'of the call',
    registrar: 'sip:holdfast',
    destination: { type: 'target' as const, target },
  };
  return callerAt(world, from, ani, { sites: [site] }).tell({ name: 'call', to: '8000' });
}

describe('a caller who was lost in line dials again', () => {
  it('[AD7] one whose leg we found dead goes on with the time waited', () => {
    const all = centreWorld({ ...TRUNKS, sessionTimer: { intervalS: 30, minS: 20 } });
    const { world, site, caller } = all;
    caller.tell({ name: 'call', to: '8000' });
    world.run(2_000);
    world.cut.add(caller.host);
    world.run(30_000);
    expect(line(site, world)).toEqual([]);
    world.cut.delete(caller.host);
    world.run(20_000);
    const again = dialAgain(world, '10.0.9.2', SERVER, CALLER_NUMBER);
    world.run(1_000);
    // Until it was found dead, and a second since.
    expect(line(site, world)).toEqual([`${CALLER_NUMBER} 21`]);
    again.tell({ name: 'hangup' });
    world.run(1_000);
    expect(checkCentre(site.node.parts.centre)).toEqual([]);
    expect(leftovers(all)).toEqual(NOTHING);
  });

  /** Two wait at north, 4 s apart, from these numbers, and north dies. */
  function lostAtNorth(numbers: readonly [string, string]) {
    const sites = twoSites({ isLed: true, north: TRUNKS, south: TRUNKS });
    const { world, north, south } = sites;
    numbers.forEach((ani, index) => {
      callerAt(world, HOSTS[index] ?? '', ani).tell({ name: 'call', to: '8000' });
      world.run(4_000);
    });
    world.cut.add(north.host);
    world.remove(north.host);
    world.run(10_000);
    return { world, south };
  }

  it('[AD7] at the other site too, while it has not taken the caller over; once', () => {
    const { world, south } = lostAtNorth(['1', '2']);
    const again = dialAgain(world, '10.0.9.3', SOUTH, '1');
    world.run(1_000);
    const [first] = line(south, world);
    expect(first).toMatch(/^1 (8|9|10)$/);
    again.tell({ name: 'hangup' });
    world.run(1_000);
    again.tell({ name: 'call', to: '8000' });
    world.run(1_000);
    expect(line(south, world)).toEqual(['1 1']);
    expect(south.logs.filter(({ what }) => what === 'place in line kept')).toHaveLength(1);
  });

  it('[AD7] not for a number of which two were lost there, nor after the window', () => {
    const two = lostAtNorth(['1', '1']);
    dialAgain(two.world, '10.0.9.3', SOUTH, '1');
    two.world.run(1_000);
    expect(line(two.south, two.world)).toEqual(['1 1']);
    const late = lostAtNorth(['1', '2']);
    late.world.run(60_000);
    dialAgain(late.world, '10.0.9.3', SOUTH, '1');
    late.world.run(1_000);
    expect(line(late.south, late.world)).toEqual(['1 1']);
  });
});
