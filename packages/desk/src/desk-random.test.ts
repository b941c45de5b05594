/**
 * Random disasters, then peace. While the world breaks, `World` checks after each step that no two sites may
 * route to the agent; when it has healed, the agent must be Ready at the preferred site.
 */
import { type Random, randomInteger, seededRandom } from '@holdfast/kernel';
import { describe, expect, it } from 'vitest';
import { type SiteName, World } from './test-world.ts';

const SEEDS = 120;
const FAULTS = 40;
/** Shorter than the lease, so that the lease rules the wait. */
const SHORT = { 'disaster-recovery.timeout': '1', 'disaster-recovery.wait-for-sipphone-timeout': '1' };

function breakSomething(world: World, random: Random): void {
  const name: SiteName = random() < 0.5 ? 'north' : 'south';
  const site = world[name];
  const faults = [
    () => world.kill(name),
    () => world.start(name),
    () => world.hang(name),
    () => world.goOn(name),
    () => site.setPhone(!site.phone),
    () => world.cut(name, 'up'),
    () => world.cut(name, 'down'),
    () => world.heal(name),
    () => world.stopDesk(),
    () => world.continueDesk(),
    () => world.continueDesk(),
    () => {
      // A site that sends its agents away is gone soon after.
      if (site.agent !== undefined) site.logOut('graceful_shutdown_logout');
      world.run(randomInteger(random, 0, 500)).kill(name);
    },
    () => world.tell({ type: 'ready' }),
    () => world.tell({ type: 'login' }),
  ];
  faults[randomInteger(random, 0, faults.length - 1)]?.();
}

function heal(world: World): void {
  world.continueDesk();
  for (const name of ['north', 'south'] as const) {
    world.heal(name).goOn(name);
    world[name].setPhone(true);
  }
  world.tell({ type: 'login' }).tell({ type: 'ready' });
}

describe('random disasters', () => {
  it('[LL4] never routable at two sites, and Ready again in peace', () => {
    let moves = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const random = seededRandom(seed);
      const world = new World({ seed, options: SHORT }).tell({ type: 'ready' }).run(1_000);
      for (let fault = 0; fault < FAULTS; fault++) {
        breakSomething(world, random);
        world.run(randomInteger(random, 0, 2_500));
      }
      heal(world);
      world.run(30_000);
      expect({ seed, state: world.view?.state, site: world.view?.site }).toEqual({
        seed,
        state: 'Ready',
        site: 'north',
      });
      moves += world.decisions('leave').length;
    }
    // A world in which nobody had to move would prove nothing.
    expect(moves).toBeGreaterThan(SEEDS);
  });
});
