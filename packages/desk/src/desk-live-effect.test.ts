/** What an edit of the configuration does at a desk that works. */
import { describe, expect, it } from 'vitest';
import type { ConfigurationOptions } from './test-configuration.ts';
import { World, type WorldOptions } from './test-world.ts';

function ready(options: WorldOptions = {}): World {
  const world = new World(options).tell({ type: 'ready' }).run(1_000);
  expect(world.view).toMatchObject({ state: 'Ready', site: 'north' });
  return world;
}

const siteTimeout = (seconds: string): ConfigurationOptions => ({
  options: { 'disaster-recovery.timeout': seconds },
});

describe('[DS24] other options', () => {
  it('what is waited for ends by the new one, and the agent reads which', () => {
    const world = ready().kill('north', 'sip').run(1_000).reconfigure(siteTimeout('20'));
    expect(world.view?.wait?.option).toMatchObject({ name: 'disaster-recovery.timeout', value: '20 s' });
    expect(world.decisions('judgeAnew')).toMatchObject([
      { site: 'north', because: { rule: 'DS24', option: { value: '20 s' } } },
    ]);
    expect(world.run(18_500).view?.site).toBeNull();
    expect(world.run(2_500).view?.site).toBe('south');
  });

  it('one that has passed already decides at once', () => {
    const world = ready(siteTimeout('60')).kill('north', 'sip').run(10_000);
    expect(world.view?.site).toBeNull();
    expect(world.reconfigure(siteTimeout('5')).run(100).view?.site).toBe('south');
  });

  it('they count for what happens later, in either family', () => {
    const world = ready().reconfigure(siteTimeout('20')).kill('north').run(18_000);
    expect(world.view?.site).toBeNull();
    expect(world.run(3_500).view?.site).toBe('south');
    const other = ready({ family: 'agent-desktop' });
    other.reconfigure({ family: 'agent-desktop', options: { 'site-timeout': '20' } });
    expect(other.kill('north').run(18_000).view?.site).toBeNull();
    expect(other.run(3_500).view).toMatchObject({ site: 'south', state: 'NotReady' });
  });

  it('a logout is read by the reasons of now', () => {
    const world = ready({ family: 'agent-desktop' });
    world.reconfigure({ family: 'agent-desktop', options: { 'supervisor-logout-codes': 'shift-over' } });
    world.north.logOut('shift-over');
    expect(world.run(1_000).view?.banner).toContain('A supervisor has logged you out');
  });

  it('a lesser link that is lost waits by the new time-out', () => {
    const world = ready().kill('north', 'stat').run(1_000).reconfigure(siteTimeout('20'));
    expect(world.run(18_000).link('statistics')).toMatchObject({ site: 'north', state: 'off' });
    expect(world.run(2_500).link('statistics')).toMatchObject({ site: 'south', state: 'on' });
  });

  it('an embedded endpoint is told what is new to it, once', () => {
    const world = ready({ bootstrap: { embeddedEndpoint: true } });
    const period = { options: { 'sipendpoint.proxies.proxy0.reg_timeout': '45' } };
    world.reconfigure(period).reconfigure({ ...period, warnings: ['a lease is long'] });
    const told = world.effectsOf('phoneSettings').map(({ registration }) => registration[0]?.everyMs);
    expect(told).toEqual([3_600_000, 45_000]);
  });

  it('warnings are those of now', () => {
    const world = ready().reconfigure({ warnings: ['Give the place an Extension at south.'] });
    expect(world.view?.problems).toEqual(['Give the place an Extension at south.']);
    expect(world.reconfigure({}).view).toMatchObject({ problems: [], warnings: [] });
  });

  it('a second site is connected to when it comes to be known, and left when it is none any more', () => {
    const voice = (world: World) =>
      world.view?.links
        .filter(({ kind }) => kind === 'telephony')
        .map(({ site, state }) => `${site} ${state}`);
    const world = ready({ hasPeer: false });
    expect(voice(world)).toEqual(['north on']);
    expect(voice(world.reconfigure({}).run(100))).toEqual(['north on', 'south on']);
    // One lease has passed, which a former run of this desk might have had there.
    world.run(5_000).reconfigure({ hasPeer: false });
    expect(voice(world.run(100))).toEqual(['north on']);
    expect(world.kill('north').run(60_000).view?.site).toBeNull();
  });

  it('Stat Servers come and go, and nothing else moves', () => {
    const world = ready({ hasStatServers: false });
    expect(world.reconfigure({}).run(100).link('statistics')).toMatchObject({ site: 'north', state: 'on' });
    expect(world.reconfigure({ hasStatServers: false }).run(100).link('statistics')).toBeUndefined();
    expect(world.north.requests('AgentLogin')).toHaveLength(1);
  });

  it('connections that stand are kept, and nobody logs in anew', () => {
    const world = ready().reconfigure(siteTimeout('20')).run(5_000);
    expect(world.effectsOf('connect')).toHaveLength(4);
    expect(world.effectsOf('close')).toEqual([]);
    expect(world.view).toMatchObject({ state: 'Ready', site: 'north' });
  });

  it('one by which the desk could not work is not taken', () => {
    const world = ready();
    world.north.reconfigure({ ...world.north.configuration, preferredSite: 'east' });
    world.run(10);
    expect(world.effectsOf('log').map(({ line }) => line)).toContainEqual(
      expect.objectContaining({ level: 'warn', what: 'the configuration is not taken' }),
    );
    expect(world.kill('north').run(7_000).view).toMatchObject({ state: 'Ready', site: 'south' });
  });
});

describe.each(['interaction-workspace', 'agent-desktop'] as const)(
  '[DS25] %s: another preferred site',
  (family) => {
    const toSouth = { family, preferred: 'south' } as const;

    it('the agent goes there when it is free, and works on as before; the other links go along', () => {
      const world = ready({ family }).tell({ type: 'windowOpen', window: 'w1' }).reconfigure(toSouth);
      expect(world.run(20_000).view).toMatchObject({ state: 'Ready', site: 'north' });
      expect(world.view?.banner).toBe(
        'You work at site north. Your own site is south now: you go there by yourself when the work in open windows is finished.',
      );
      world.tell({ type: 'windowClosed', window: 'w1' }).run(2_000);
      expect(world.view).toMatchObject({ state: 'Ready', site: 'south', banner: '' });
      const name = family === 'agent-desktop' ? 'site-1' : 'disaster-recovery.preferred-site';
      const because = { rule: 'DS25', option: { name } };
      expect(world.decisions('rehome')).toMatchObject([{ site: 'south', because }]);
      expect(world.decisions('return')).toMatchObject([{ site: 'south', because }]);
      expect(world.link('configuration')).toMatchObject({ site: 'south', state: 'on' });
      expect(world.link('statistics')).toMatchObject({ site: 'south', state: 'on' });
      // It stays there: it is at home.
      expect(world.run(60_000).view).toMatchObject({ state: 'Ready', site: 'south' });
    });

    it('it waits for the phone there', () => {
      const world = ready({ family });
      world.south.setPhone(false);
      expect(world.run(10).reconfigure(toSouth).run(60_000).view?.site).toBe('north');
      expect(world.view?.banner).toContain('Your own site is south now');
      world.south.setPhone(true);
      expect(world.run(10_000).view).toMatchObject({ state: 'Ready', site: 'south' });
    });

    it('who works there after a loss is at home, and its links are there', () => {
      const world = ready({ family }).kill('north').run(15_000);
      expect(world.view).toMatchObject({ state: 'Ready', site: 'south' });
      world.reconfigure(toSouth).start('north').run(60_000);
      expect(world.view).toMatchObject({ state: 'Ready', site: 'south', banner: '' });
      expect(world.link('configuration')).toMatchObject({ site: 'south', state: 'on' });
      expect(world.decisions('rehome')).toEqual([]);
    });
  },
);
