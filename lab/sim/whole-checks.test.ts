import { expect, it } from 'vitest';
import { callOfferedOnLease } from './whole-checks.ts';
import { World } from './world.ts';

it('an INVITE that is repeated after the lease has ended is no new offer; another INVITE is', () => {
  // A seed of the whole simulation failed once because the check took it for one.
  const world = new World(1);
  const offered = callOfferedOnLease(world);
  let hasLease = true;
  const site = { hasAgent: () => true, isRoutable: () => hasLease, ringsForQueue: () => true };
  offered(site, '7001', 'first');
  hasLease = false;
  offered(site, '7001', 'first');
  expect(world.failure).toBeUndefined();
  offered(site, '7001', 'second');
  expect(world.failure?.check).toBe('no-offer-without-lease');
});
