import { checkCentre } from '@holdfast/centre';
import { describe, expect, it } from 'vitest';
import { die, logsInAtSouth, talking } from './testing/adoption-world.ts';
import { CALLER_NUMBER } from './testing/centre-world.ts';
import { callerAt } from './testing/people.ts';
import { GATEWAY, SERVER } from './testing/server-site.ts';
import { SOUTH, type TwoSites, twoSites } from './testing/two-sites.ts';

/** From the adoption to the instant at which the two sites hear each other again. */
const HEALS_AFTER_MS = Array.from({ length: 49 }, (_, index) => 1_000 + 500 * index);

/** North lives after all: where the call is once each has read what the other holds. */
function keepersAfterHeal(
  { world, north, south }: Pick<TwoSites, 'world' | 'north' | 'south'>,
  healMs: number,
) {
  world.run(healMs);
  world.cut.delete(north.host);
  world.run(20_000);
  const keepers = [north, south].filter(({ node }) => node.parts.calls.size > 0);
  const givers = [north, south].filter(({ logs }) => logs.some(({ what }) => what === 'call given away'));
  return {
    healMs,
    keep: keepers.map(({ host }) => host),
    gave: givers.map(({ host }) => host),
    problems: [north, south].flatMap(({ node }) => checkCentre(node.parts.centre)),
  };
}

const onlyTheAdopter = (healMs: number) => ({ healMs, keep: [SOUTH], gave: [SERVER], problems: [] });

describe('a site that was only cut off comes back, whoever reads the records of the other first', () => {
  it('[AD3] the site that has taken a call over keeps it, and the former one alone gives it away', () => {
    const found = HEALS_AFTER_MS.map((healMs) => {
      const all = talking();
      all.world.cut.add(all.north.host);
      all.world.run(3_000);
      logsInAtSouth(all);
      expect(all.south.node.parts.calls.size).toBe(1);
      return keepersAfterHeal(all, healMs);
    });
    expect(found).toEqual(HEALS_AFTER_MS.map(onlyTheAdopter));
  });

  it('[AD3] the site that has taken a waiting caller over keeps the caller', () => {
    const found = HEALS_AFTER_MS.map((healMs) => {
      const all = twoSites({ isLed: true });
      const { world, north, south } = all;
      all.phone('7001');
      // Not Ready, so that the caller waits.
      all.desk(north, 'ada', '7001').login('7001', { workMode: undefined });
      callerAt(world, GATEWAY, CALLER_NUMBER).tell({ name: 'call', to: '8000' });
      world.run(3_000);
      world.cut.add(north.host);
      world.run(3_000);
      all.desk(south, 'ada', '7001', 'the desk at south').login('7001', { workMode: undefined });
      world.run(10_000);
      expect(south.node.parts.calls.size).toBe(1);
      return keepersAfterHeal(all, healMs);
    });
    expect(found).toEqual(HEALS_AFTER_MS.map(onlyTheAdopter));
  });

  /** North reaches the ends again, and the two sites do not hear each other. */
  function takenOverUnheard(isAnswered: boolean) {
    const all = talking();
    const { world, north, south } = all;
    // In a minute each end is asked whether its leg stands.
    world.run(isAnswered ? 60_000 : 1_000);
    world.cut.add(north.host);
    world.run(3_000);
    logsInAtSouth(all);
    north.servers.delete(SOUTH);
    south.servers.delete(SERVER);
    world.run(7_000);
    world.cut.delete(north.host);
    world.packets = [];
    world.run(60_000);
    return all;
  }

  it('[AD3] a site that cannot hear the other lets a call go whose ends obey another server', () => {
    const { world, north, south, ada, caller } = takenOverUnheard(true);
    expect(north.node.parts.peer.canAsk).toBe(false);
    expect([north, south].map(({ node }) => node.parts.calls.size)).toEqual([0, 1]);
    for (const { from, message } of world.packets ?? [])
      if (from === SERVER && message.kind === 'request') expect(message.method).not.toBe('BYE');
    caller.tell({ name: 'hangup' });
    world.run(1_000);
    expect(ada.news()).toContain('ended remote 0');
    expect(south.node.parts.calls.size).toBe(0);
  });

  it('[AD3] not for ends that have never answered otherwise, which may just know no better', () => {
    const { north } = takenOverUnheard(false);
    expect(north.node.parts.calls.size).toBe(1);
  });

  it('[AD3] a call that goes back with its agent is given away by whoever had taken it over', () => {
    const all = talking();
    const { world, north, south, ada } = all;
    world.cut.add(north.host);
    world.run(3_000);
    logsInAtSouth(all);
    world.cut.delete(north.host);
    world.run(20_000);
    world.cut.add(south.host);
    world.run(3_000);
    all.desk(north, 'ada', '7001', 'the desk at north again').login('7001');
    world.run(500);
    expect(north.node.parts.calls.size).toBe(1);
    world.cut.delete(south.host);
    world.run(20_000);
    expect([north, south].map(({ node }) => node.parts.calls.size)).toEqual([1, 0]);
    // And once more, by south.
    die(all);
    world.run(3_000);
    all.desk(south, 'ada', '7001', 'the desk at south again').login('7001');
    world.run(500);
    expect(south.node.parts.calls.size).toBe(1);
    expect(ada.news().filter((what) => what.startsWith('ended'))).toEqual([]);
  });
});
