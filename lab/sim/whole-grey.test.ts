import { must } from '@holdfast/kernel';
import { expect, it } from 'vitest';
import { WholeWorld } from './whole.ts';
import type { WholeDefect } from './whole-defects.ts';
import type { Greyness } from './whole-probes.ts';
import { World } from './world.ts';

const BEGUN_MS = 40_000;
/** Some rounds of probes. */
const FOUND_MS = 30_000;
const GREY_MS = 80_000;

/** A calm world in which the primary of a pair stops doing its work. */
function greyPrimary(how: Greyness, defect?: WholeDefect) {
  const world = new World(5);
  world.tracing = false;
  const planted = defect === undefined ? {} : { defect };
  const centre = new WholeWorld(world, { agents: 6, pairs: ['north'], callsPerSecond: 0.1, ...planted });
  const always = { name: 'primary-grey', at: 0, until: Number.MAX_SAFE_INTEGER, pick: 0, size: 0 } as const;
  centre.watch({ faults: [always], healAt: Number.MAX_SAFE_INTEGER });
  world.run(BEGUN_MS);
  const pair = must(centre.targets.sites.find(({ name }) => name === 'north')?.pair, 'north is a pair');
  const former = must(pair.primary(), 'somebody serves');
  pair.makeGrey(former, how);
  return { world, centre, pair, former };
}

it.each(['deaf', 'disk'] as const)(
  '[FT3] a primary that answers and does no work is replaced: %s',
  { timeout: 60_000 },
  (how) => {
    const { world, centre, pair, former } = greyPrimary(how);
    world.run(BEGUN_MS + FOUND_MS);
    expect(pair.primary()).toBeDefined();
    expect(pair.primary()).not.toBe(former);
    // It lives, and was not paused: nothing but its probes can have shown it.
    expect(former.state).toBe('running');
    expect(centre.rules.get(how === 'deaf' ? 'GF1' : 'GF6')).toBeGreaterThan(0);
    expect(centre.rules.get('FT3')).toBe(1);
    world.run(BEGUN_MS + GREY_MS);
    expect(world.failure).toBeUndefined();
  },
);

it('a primary whose offer nobody hears stays, and is found (ME4)', { timeout: 60_000 }, () => {
  const { world } = greyPrimary('disk', 'offer-untold');
  world.run(BEGUN_MS + GREY_MS + FOUND_MS);
  expect(world.failure?.check).toBe('grey-is-replaced');
});
