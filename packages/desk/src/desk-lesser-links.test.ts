/** The links to configuration and statistics, lost alone and together with the voice. */
import { describe, expect, it } from 'vitest';
import { type Part, World, type WorldOptions } from './test-world.ts';

function ready(options: WorldOptions = {}): World {
  const world = new World(options).tell({ type: 'ready' }).run(1_000);
  expect(world.view).toMatchObject({ state: 'Ready', site: 'north', alarms: [], warnings: [] });
  return world;
}

const LINKS = [
  ['configuration', 'config'],
  ['statistics', 'stat'],
] as const satisfies readonly (readonly [string, Part])[];

describe.each(LINKS)('the link to %s is lost alone', (kind, part) => {
  const alarm = `${kind}-link-lost` as const;

  it('[DS16] Workspace: it goes to the other site after the time-out, alone', () => {
    const world = ready().kill('north', part).run(4_900);
    expect(world.link(kind)).toMatchObject({ site: 'north', state: 'off', health: 'red', since: 1_001 });
    const option = { name: 'disaster-recovery.timeout', value: '5 s', source: 'Application Workspace' };
    expect(world.link(kind)?.move).toEqual({ to: 'south', from: 1_001, until: 6_001, option });
    expect(world.view?.warnings).toMatchObject([expect.stringContaining('disaster-recovery.timeout is 5 s')]);
    world.run(400);
    expect(world.link(kind)).toMatchObject({ site: 'south', state: 'on', move: null });
    expect(world.view).toMatchObject({ state: 'Ready', site: 'north', warnings: [], alarms: [] });
    expect(world.north.requests('AgentLogin')).toHaveLength(1);
    expect(world.decisions(`move the ${kind} link`)).toMatchObject([
      { because: { rule: 'DS16', option: { name: 'disaster-recovery.timeout', value: '5 s' } } },
    ]);
  });

  it('[DS16] Workspace: it stays there until the voice returns, or that site is lost in turn', () => {
    const world = ready().kill('north', part).run(6_000).start('north', part).run(20_000);
    expect(world.link(kind)).toMatchObject({ site: 'south', state: 'on' });
    expect(world.kill('south', part).run(6_000).link(kind)).toMatchObject({ site: 'north', state: 'on' });
  });

  it('[DS16] Workspace: back in time, nothing moves', () => {
    const world = ready().kill('north', part).run(3_000).start('north', part).run(3_000);
    expect(world.link(kind)).toMatchObject({ site: 'north', state: 'on' });
    expect(world.decisions(`move the ${kind} link`)).toEqual([]);
  });

  it('[DS16] third-party: warns, raises an alarm and stays, however long it lasts', () => {
    const world = ready({ family: 'agent-desktop' }).kill('north', part).run(600_000);
    expect(world.link(kind)).toMatchObject({ site: 'north', state: 'off', move: null });
    expect(world.view).toMatchObject({
      state: 'Ready',
      site: 'north',
      alarms: [{ name: alarm, since: 1_001 }],
    });
    expect(world.view?.warnings).toHaveLength(1);
    expect(world.effectsOf('alarm')).toMatchObject([
      { name: alarm, isRaised: true, because: { rule: 'DS16' } },
    ]);
    expect(world.north.requests('ReportAlarm')).toMatchObject([{ dn: '1001', name: alarm, isRaised: true }]);
    expect(world.decisions('leave')).toEqual([]);
    world.start('north', part).run(2_000);
    expect(world.link(kind)).toMatchObject({ site: 'north', state: 'on' });
    expect(world.view).toMatchObject({ alarms: [], warnings: [] });
    expect(world.north.requests('ReportAlarm').map(({ isRaised }) => isRaised)).toEqual([true, false]);
  });

  it('[DS2] with disaster recovery off it stays, too', () => {
    const options = { 'disaster-recovery.enabled': 'false' };
    const world = ready({ options }).kill('north', part).run(600_000);
    expect(world.link(kind)).toMatchObject({ site: 'north', state: 'off' });
  });

  it('[DS15] Workspace: follows the voice back', () => {
    const world = ready().kill('north').run(15_000);
    expect(world.view).toMatchObject({ state: 'Ready', site: 'south' });
    expect(world.link(kind)).toMatchObject({ site: 'south', state: 'on' });
    world.start('north').run(10_000);
    expect(world.view).toMatchObject({ state: 'Ready', site: 'north' });
    expect(world.link(kind)).toMatchObject({ site: 'north', state: 'on' });
  });

  it('[DS15] Workspace: returns with the voice only when it answers there', () => {
    const world = ready().kill('north').run(15_000);
    world.kill('north', part).start('north').run(10_000);
    expect(world.view).toMatchObject({ state: 'Ready', site: 'north', alarms: [] });
    expect(world.link(kind)).toMatchObject({ site: 'south', state: 'on' });
  });

  it('[DS17] third-party: goes along with a switchover at once', () => {
    const world = ready({ family: 'agent-desktop' }).kill('north').run(5_500);
    expect(world.view).toMatchObject({ state: 'Ready', site: 'south', alarms: [] });
    expect(world.link(kind)).toMatchObject({ site: 'south', state: 'on' });
    expect(world.decisions(`move the ${kind} link`)).toMatchObject([{ because: { rule: 'DS17' } }]);
  });
});

describe('alarms', () => {
  it('[DS16] what could not be told upstream is told when telephony stands again', () => {
    const world = ready({ family: 'agent-desktop', options: {} }).kill('north').kill('south').run(3_000);
    expect(world.view?.alarms).toHaveLength(2);
    world.start('south', 'sip').start('south').kill('south', 'config', 'stat').run(3_000);
    expect(
      world.south
        .requests('ReportAlarm')
        .map(({ name }) => name)
        .sort(),
    ).toEqual(['configuration-link-lost', 'statistics-link-lost']);
  });
});

describe('figures', () => {
  it('[SL1] callers who wait in the queues of the agent, and the own status as the site sees it', () => {
    const world = ready();
    expect(world.north.requests('Subscribe').map(({ objectType, name }) => `${objectType} ${name}`)).toEqual([
      'Agent ada',
      'Queue 6001@north',
    ]);
    world.north.setWaiting(3);
    expect(world.run(10).view?.statistics).toEqual({
      site: 'north',
      staleSince: null,
      agent: { status: 'LoggedOut', since: null },
      queues: [
        { name: '6001@north', callsWaiting: 3, longestWaitFrom: 601, agentsLoggedIn: 1, agentsReady: 1 },
      ],
    });
  });

  it('[SL2] lost: the figures stand, and say since when they are old', () => {
    const world = ready({ family: 'agent-desktop' });
    world.north.setWaiting(3);
    world.run(10).kill('north', 'stat').run(2_000);
    expect(world.view?.statistics).toMatchObject({ staleSince: 1_011, queues: [{ callsWaiting: 3 }] });
    expect(world.start('north', 'stat').run(2_000).view?.statistics?.staleSince).toBeNull();
  });

  it('[SL2] old at the Stat Server, because it has lost its SIP Server', () => {
    const world = ready();
    world.north.setWaiting(3, { isCurrent: false, staleMs: 400 });
    expect(world.run(10).view?.statistics?.staleSince).toBe(601);
  });

  it('[SL2] figures of one site say nothing of the other', () => {
    const world = ready();
    world.north.setWaiting(3);
    world.run(10).kill('north', 'stat').run(6_000);
    expect(world.view?.statistics).toMatchObject({
      site: 'south',
      queues: [{ name: '6001@south', callsWaiting: 0 }],
    });
  });

  it('[SL3] no Stat Server in the configuration: no link, no alarm', () => {
    const world = ready({ hasStatServers: false }).run(60_000);
    expect(world.view).toMatchObject({ statistics: null, alarms: [] });
    expect(world.link('statistics')).toBeUndefined();
  });

  it('[SL1] an expired token is renewed by password, and the figures come', () => {
    const world = ready().kill('north', 'stat').run(1_000);
    world.north.token = 'token-2';
    world.south.token = 'token-2';
    world.start('north', 'stat').run(4_000);
    expect(world.link('statistics')).toMatchObject({ site: 'north', state: 'on' });
  });
});

describe('links and their options', () => {
  it('[DS5] warm-standby.reconnection-random-delay-range bounds the first wait after a loss', () => {
    const waited = (seconds: string, seed: number) => {
      const options = { 'warm-standby.reconnection-random-delay-range': seconds };
      const world = ready({ options, seed }).kill('north', 'stat').run(2_000);
      const tries = world.effectsOf('connect').filter(({ kind }) => kind === 'statistics');
      return (tries[1]?.at ?? Number.NaN) - 1_001;
    };
    const waits = [1, 2, 3, 4, 5].map((seed) => waited('1', seed));
    expect(Math.max(...waits)).toBeLessThanOrEqual(1_000);
    expect(new Set(waits).size).toBe(5);
  });

  it('[DS17] what was changed is read again when the link comes to another server, and nothing waits for it', () => {
    const world = ready();
    const { configuration } = world.south;
    const sites = configuration.sites.map((site) => ({ ...site, queues: ['6001', '6002'] }));
    world.south.configuration = { ...configuration, sites };
    world.kill('north', 'config').run(6_000);
    expect(world.south.requests('LogInByToken')).toHaveLength(1);
    expect(world.view).toMatchObject({ state: 'Ready', site: 'north' });
    expect(world.north.agent?.queues).toEqual(['6001']);
    world.kill('north').run(7_000);
    expect(world.south.agent?.queues).toEqual(['6001', '6002']);
  });

  it('[DS17] what no longer names a site of this desk changes nothing before the next start', () => {
    const world = ready();
    world.south.configuration = { ...world.south.configuration, sites: [] };
    world.kill('north', 'config').kill('north', 'stat').run(20_000);
    expect(world.view).toMatchObject({ state: 'Ready', site: 'north' });
    expect(world.kill('north').run(10_000).view).toMatchObject({ state: 'Ready', site: 'south' });
  });
});
