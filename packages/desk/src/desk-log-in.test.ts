import { expect, it } from 'vitest';
import { World } from './test-world.ts';

it('[DS12] a log-in that is revoked is said, and stays out until the agent asks; the password brings the token for that', () => {
  const world = new World().tell({ type: 'ready' }).run(1_000);
  expect(world.view).toMatchObject({ state: 'Ready', site: 'north' });
  for (const site of [world.north, world.south]) site.token = 'another token';
  world.north.logOut('login-revoked');
  world.north.sayToAll({ type: 'Error', code: 'token-revoked', text: 'revoked' });
  world.run(60_000);
  expect(world.view).toMatchObject({ state: 'LoggedOut', banner: expect.stringContaining('revoked') });
  expect(world.north.requests('AgentLogin')).toHaveLength(1);
  expect(world.north.requests('LogIn')).toHaveLength(2);
  world.tell({ type: 'login' }).run(2_000);
  expect(world.north.requests('AgentLogin').at(-1)?.token).toBe('another token');
});
