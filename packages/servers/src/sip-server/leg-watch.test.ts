import { expect, it } from 'vitest';
import { LEG_CHECK_EVERY_MS } from './leg-watch.ts';
import { centreWorld, leftovers, NOTHING } from './testing/centre-world.ts';
import { Peer } from './testing/people.ts';
import { GATEWAY } from './testing/server-site.ts';

/** Timer F, and what the other parts of a call take to be forgotten. */
const SETTLED_MS = 80_000;

function standing() {
  const centre = centreWorld();
  const { world } = centre;
  world.remove(GATEWAY);
  const gateway = new Peer(world, '555', GATEWAY);
  const ada = new Peer(world, '7001', '10.0.1.1');
  ada.register();
  gateway.call('7001');
  world.run(100);
  ada.do(ada.userAgent.answer(world.now, ada.last('incoming').leg, { sdp: ada.sdp(6000) }));
  world.run(100);
  ada.events.length = 0;
  return { ...centre, gateway, ada };
}

it('[SS60] a call stands as long as both ends say so', () => {
  const { world, ada, site } = standing();
  world.run(10 * LEG_CHECK_EVERY_MS);
  expect(ada.events.filter(({ type }) => type === 'ended')).toEqual([]);
  expect(site.node.parts.calls.size).toBe(1);
});

it('[SS60] an end that is gone without a word ends the call at the other end [C47]', () => {
  const centre = standing();
  const { world, ada } = centre;
  world.remove(GATEWAY);
  world.run(2 * LEG_CHECK_EVERY_MS + SETTLED_MS);
  expect(ada.events.map(({ type }) => type)).toContain('ended');
  world.run(SETTLED_MS);
  expect(leftovers(centre)).toEqual(NOTHING);
});
