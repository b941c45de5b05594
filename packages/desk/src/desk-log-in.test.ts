import { describe, expect, it } from 'vitest';
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

describe('[DS23] a password that has expired', () => {
  const expired = () => {
    const world = new World();
    world.north.isPasswordExpired = true;
    return world.run(30_000);
  };

  it('is said and not tried again; a new one lets in', () => {
    const world = expired();
    expect(world.view).toMatchObject({ isPasswordExpired: true, site: null });
    expect(world.view?.banner).toContain('Your password has expired.');
    expect(world.north.requests('LogIn')).toHaveLength(1);
    world.tell({ type: 'setPassword', newPassword: 'a new secret' }).run(3_000);
    expect(world.view).toMatchObject({ isPasswordExpired: false, site: 'north', banner: '' });
    expect(world.north.requests('SetPassword')).toMatchObject([
      { password: 'secret', newPassword: 'a new secret' },
    ]);
    expect(world.north.requests('LogIn').at(-1)).toMatchObject({ password: 'a new secret' });
  });

  it('that is refused stays, with the reason, and the next one counts', () => {
    const world = expired();
    world.tell({ type: 'setPassword', newPassword: 'short' }).run(30_000);
    expect(world.view).toMatchObject({ isPasswordExpired: true, site: null });
    expect(world.view?.banner).toContain('Your password stays as it is:');
    expect(world.north.requests('SetPassword')).toHaveLength(1);
    world.tell({ type: 'setPassword', newPassword: 'a longer secret' }).run(2_000);
    expect(world.view).toMatchObject({ isPasswordExpired: false, site: 'north' });
  });

  it('of an agent at work ends nothing but the link to the configuration', () => {
    const world = new World().tell({ type: 'ready' }).run(1_000);
    world.north.isPasswordExpired = true;
    world.north.token = 'another token';
    world.south.token = 'another token';
    const message = { type: 'Error', code: 'token-expired', text: 'expired' } as const;
    world.tell({ type: 'message', connection: 'telephony:north#1', message }).run(30_000);
    expect(world.view).toMatchObject({ isPasswordExpired: true, site: 'north', state: 'Ready' });
    expect(world.north.requests('LogIn')).toHaveLength(2);
    world.tell({ type: 'setPassword', newPassword: 'a new secret' }).run(2_000);
    expect(world.view).toMatchObject({ isPasswordExpired: false, site: 'north', state: 'Ready' });
    expect(world.north.requests('AgentLogin')).toHaveLength(1);
  });

  it('named while a log-in is on its way, it is set right after that', () => {
    for (const isExpired of [false, true]) {
      const world = new World();
      world.north.isPasswordExpired = isExpired;
      world.run(3);
      world.tell({ type: 'setPassword', newPassword: 'a new secret' }).run(3_000);
      expect(world.north.password).toBe('a new secret');
      expect(world.view).toMatchObject({ isPasswordExpired: false, site: 'north' });
    }
  });

  it('is set once, also where the answer is lost with the connection', () => {
    const world = new World().tell({ type: 'ready' }).run(1_000);
    world.tell({ type: 'setPassword', newPassword: 'a new secret' });
    // What north has written is known at south.
    world.south.password = 'a new secret';
    world.cut('north', 'down').run(60_000);
    expect(world.north.password).toBe('a new secret');
    world.heal('north').run(60_000);
    expect(world.view?.isPasswordExpired).toBe(false);
    expect(world.view?.notice ?? '').not.toContain('stays as it is');
    const link = world.view?.links.find(({ kind }) => kind === 'configuration');
    expect(link?.state).toBe('on');
  });
});
