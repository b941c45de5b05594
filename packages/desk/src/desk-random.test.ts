/**
 * Random disasters, then peace. While the world breaks, `World` checks after each step that no two sites may
 * route to the agent; when it has healed, the agent must be Ready at the preferred site.
 */
import { type Random, randomInteger, seededRandom } from '@holdfast/kernel';
import { describe, expect, it } from 'vitest';
import { type Part, type SiteName, World, type WorldOptions } from './test-world.ts';

const SEEDS = 60;
const FAULTS = 40;
/** Shorter than the lease, so that the lease rules the wait. */
const WORLDS: readonly (readonly [string, WorldOptions])[] = [
  [
    'Workspace',
    { options: { 'disaster-recovery.timeout': '1', 'disaster-recovery.wait-for-sipphone-timeout': '1' } },
  ],
  [
    'third-party',
    {
      family: 'agent-desktop',
      options: { 'site-timeout': '1', 'site-sip-register-timeout': '1', 'restore-agent-state': 'true' },
    },
  ],
  [
    'third-party, never, a cluster, an embedded endpoint',
    {
      ...{ family: 'agent-desktop', options: { 'restore-agent-state': 'true' } },
      ...{ clusterNodes: 3, bootstrap: { embeddedEndpoint: true } },
    },
  ],
];
const PARTS: readonly Part[] = ['sip', 'config', 'stat'];

function breakSomething(world: World, random: Random): void {
  const name: SiteName = random() < 0.5 ? 'north' : 'south';
  const site = world[name];
  const part = PARTS[randomInteger(random, 0, PARTS.length - 1)] as Part;
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
    () => world.kill(name, part),
    () => world.start(name, part),
    () => world.tell({ type: 'move', to: name, by: 'agent' }),
    () => site.askToMove(name === 'north' ? 'south' : 'north', 'sue'),
    () => site.setWaiting(randomInteger(random, 0, 9)),
    () => world.tell({ type: 'ready' }),
    () => world.tell({ type: 'login' }),
  ];
  faults[randomInteger(random, 0, faults.length - 1)]?.();
}

function heal(world: World): void {
  world.continueDesk();
  for (const name of ['north', 'south'] as const) {
    world
      .heal(name)
      .goOn(name)
      .start(name, ...PARTS);
    world[name].setPhone(true);
  }
  world.tell({ type: 'login' }).tell({ type: 'ready' });
}

describe.each(WORLDS)('random disasters, %s', (_, options) => {
  it('[LL4] never routable at two sites, and Ready again in peace, with every link', () => {
    let moves = 0;
    let lostLinks = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const random = seededRandom(seed);
      const world = new World({ ...options, seed }).tell({ type: 'ready' }).run(1_000);
      for (let fault = 0; fault < FAULTS; fault++) {
        breakSomething(world, random);
        world.run(randomInteger(random, 0, 2_500));
      }
      heal(world);
      world.run(30_000);
      expect({ seed, state: world.view?.state }).toEqual({ seed, state: 'Ready' });
      // Who has moved on request stays away until asked back (DS17).
      world.tell({ type: 'move', to: 'north', by: 'agent' }).run(30_000);
      const { state, site, alarms, warnings, links } = world.view ?? {};
      expect({ seed, state, site, alarms, warnings }).toEqual({
        ...{ seed, state: 'Ready', site: 'north', alarms: [], warnings: [] },
      });
      expect(links?.map((link) => link.state)).toEqual(['on', 'on', 'on', 'on']);
      moves += world.decisions('leave').length + world.decisions('move').length;
      lostLinks += world.effectsOf('alarm').length;
    }
    // A world in which nobody had to move, and no link was lost, would prove nothing.
    expect(moves).toBeGreaterThan(SEEDS / 2);
    expect(lostLinks).toBeGreaterThan(SEEDS);
  });
});
