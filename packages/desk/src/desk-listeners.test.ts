/** The listeners of S4 for telephony and for the agent's DN, in both families; moves on request; the phone. */
import { describe, expect, it } from 'vitest';
import type { MoveAsker } from './desk-types.ts';
import { World, type WorldOptions } from './test-world.ts';

const FAMILIES = ['interaction-workspace', 'agent-desktop'] as const;
/** The options of either family for one thing. */
const NAMES = {
  'interaction-workspace': ['disaster-recovery.timeout', 'disaster-recovery.wait-for-sipphone-timeout'],
  'agent-desktop': ['site-timeout', 'site-sip-register-timeout'],
} as const;
const THIRD = { family: 'agent-desktop' } as const;

function ready(options: WorldOptions = {}): World {
  const world = new World(options).tell({ type: 'ready' }).run(1_000);
  expect(world.view).toMatchObject({ state: 'Ready', site: 'north', banner: '', wait: null });
  return world;
}

describe.each(FAMILIES)('telephony and the DN, %s', (family) => {
  const [siteTimeout, phoneTimeout] = NAMES[family];

  it('[DS8a] telephony off for the whole time-out: to the other site, with the option that governs', () => {
    const world = ready({ family });
    const source = family === 'agent-desktop' ? 'Application/Desktop-north' : 'Application Workspace';
    const governing = { name: siteTimeout, value: '5 s', source, site: 'north' };
    expect(world.view?.governing).toMatchObject({ ...governing, from: null, until: null });
    world.kill('north').run(2_000);
    expect(world.view?.governing).toMatchObject({ ...governing, from: 1_001, until: 6_001 });
    expect(world.view?.banner).toBe(
      `Site north does not answer. If it is not back after 5 s, you go to site south (${siteTimeout} is 5 s).`,
    );
    expect(world.run(4_000).view).toMatchObject({ state: 'Ready', site: 'south' });
    expect(world.decisions('leave')).toMatchObject([
      { because: { rule: 'DS8a', option: { name: siteTimeout } } },
    ]);
  });

  it('[DS8a] telephony back in time: nobody moves', () => {
    const world = ready({ family }).kill('north', 'sip').run(3_000).start('north', 'sip').run(20_000);
    expect(world.view).toMatchObject({ state: 'Ready', site: 'north' });
    expect(world.decisions('leave')).toEqual([]);
  });

  it('[DS8b] the phone is not back in time: to the other site, with the option that governs', () => {
    const world = ready({ family });
    world.north.setPhone(false);
    world.run(1_000);
    expect(world.view?.governing).toMatchObject({ name: phoneTimeout, value: '3 s', until: 4_001 });
    expect(world.view?.banner).toContain(
      'Your phone is not registered at site north. If it is not back after 3 s',
    );
    expect(world.run(2_500).view).toMatchObject({ state: 'Ready', site: 'south' });
    expect(world.decisions('leave')).toMatchObject([
      { because: { rule: 'DS8b', option: { name: phoneTimeout } } },
    ]);
  });

  it('[DS11] the phone is back in time: the same site, the same queues', () => {
    const world = ready({ family });
    world.north.setPhone(false);
    world.run(2_000);
    world.north.setPhone(true);
    expect(world.run(20_000).view).toMatchObject({ state: 'Ready', site: 'north' });
    expect(world.decisions('leave')).toEqual([]);
  });

  it('[DS8c] a graceful shutdown: at once', () => {
    const world = ready({ family });
    world.north.logOut('graceful_shutdown_logout');
    expect(world.run(50).view).toMatchObject({ state: 'Ready', site: 'south' });
  });

  it.each([
    [undefined, 'You have logged out.'],
    ['supervisor_logout', 'A supervisor has logged you out'],
    ['lunch', 'the reason "lunch" is not known here'],
  ])('[DS12] logged out by %s: the desk says so and does nothing', (reason, words) => {
    const world = ready({ family });
    world.north.logOut(reason);
    world.run(600_000);
    expect(world.view).toMatchObject({ state: 'LoggedOut', site: null, governing: null });
    expect(world.view?.banner).toContain(words);
    expect([...world.north.requests('AgentLogin'), ...world.south.requests('AgentLogin')]).toHaveLength(1);
  });

  it('[DS17] after a switchover nothing of the old site moves the desk', () => {
    const world = ready({ family, options: settings(family) })
      .kill('north')
      .run(7_000);
    expect(world.view).toMatchObject({ state: 'Ready', site: 'south' });
    const before = world.decisions().length;
    world.start('north').run(5_000);
    // The phone comes and goes there, and what that site says of the agent concerns nobody.
    world.north.setPhone(false);
    world.run(5_000).north.logOut('graceful_shutdown_logout');
    world.run(5_000).north.setPhone(true);
    world.run(5_000).kill('north').run(60_000);
    expect(world.view).toMatchObject({ state: 'Ready', site: 'south' });
    expect(
      world
        .decisions()
        .slice(before)
        .map(({ what }) => what),
    ).toEqual([]);
  });

  it('[DS17] after a switchover the listeners attend to the new site, and nothing of the old one is heard', () => {
    const world = ready({ family, options: settings(family) });
    const heard = () => [
      ...world.effectsOf('dn').map(({ at, site, event }) => ({ at, site, what: event.name as string })),
      ...world
        .effectsOf('link')
        .filter(({ link }) => link.kind === 'telephony')
        .map(({ at, link }) => ({ at, site: link.site, what: link.state as string })),
    ];
    world.south.setPhone(false);
    world.run(100).south.setPhone(true);
    expect(
      new Set(
        world
          .run(100)
          .effectsOf('dn')
          .map((call) => call.site),
      ),
    ).toEqual(new Set(['north']));
    world.kill('north').run(7_000);
    expect(world.view).toMatchObject({ site: 'south' });
    const logIn = world.effectsOf('dn').find(({ site }) => site === 'south');
    expect(logIn?.event).toMatchObject({ name: 'EventAgentLogin', attributes: { ThisDN: '1001' } });
    const moved = world.now;
    world.start('north').run(5_000);
    world.north.setPhone(false);
    world.north.callEvent('EventRinging', 'c9');
    world.run(1_000).kill('north').run(5_000).south.setPhone(false);
    world.run(100);
    expect(heard().filter(({ at, site }) => at > moved && site === 'north')).toEqual([]);
    expect(heard().filter(({ at }) => at > moved)).toMatchObject([
      { site: 'south', what: 'EventDNOutOfService' },
      { site: 'south', what: 'EventAgentLogout' },
    ]);
    // What the new listener was told first, and what the old one was told last.
    const telephony = world.effectsOf('link').filter(({ link }) => link.kind === 'telephony');
    expect(telephony.slice(-2).map(({ link }) => [link.site, link.state, link.isBasic])).toEqual([
      ['north', 'off', false],
      ['south', 'on', false],
    ]);
    expect(world.view?.links.filter(({ isBasic }) => isBasic)).toMatchObject([
      { site: 'north', state: 'off' },
    ]);
  });

  it('[DS7] a program is told in the words of T-Library that its session stands, is lost, and stands again', () => {
    const world = ready({ family, options: settings(family) });
    const told = () => world.effectsOf('session').map(({ name, site }) => `${name} ${site}`);
    expect(told()).toEqual(['EventLinkConnected north']);
    // Its SIP Server is back before anybody has called the link off, as its mate would be.
    world.kill('north', 'sip').run(1_000).start('north', 'sip').run(5_000);
    expect(world.view).toMatchObject({ state: 'Ready', site: 'north' });
    expect(told().slice(1)).toEqual(['EventLinkDisconnected north', 'EventLinkConnected north']);
    // That of the basic connection is no news.
    world.kill('south').run(2_000).start('south').run(5_000);
    expect(told()).toHaveLength(3);
    world.kill('north').run(8_000);
    expect(world.view).toMatchObject({ site: 'south' });
    expect(told().slice(3)).toEqual(['EventLinkDisconnected north', 'EventLinkConnected south']);
    world.start('north').run(5_000).tell({ type: 'move', to: 'north', by: 'agent' }).run(10_000);
    expect(world.view).toMatchObject({ site: 'north' });
    // The session with south stands on; the desk works with north now.
    expect(told().slice(5)).toEqual(['EventLinkConnected north']);
  });

  it.each<MoveAsker>(['agent', 'administrator', 'program'])('[DS17] the %s asks for a move', (by) => {
    const world = ready({ family }).tell({ type: 'move', to: 'south', by }).run(10_000);
    expect(world.view).toMatchObject({ state: 'Ready', site: 'south' });
    expect(world.decisions('move')).toMatchObject([
      { because: { rule: 'DS17', text: `The ${by} asked for the move.` } },
    ]);
    expect(world.tell({ type: 'move', to: 'north', by }).run(10_000).view).toMatchObject({ site: 'north' });
  });

  it('[DS17] a supervisor asks through the site of the login', () => {
    const world = ready({ family });
    world.south.askToMove('south', 'sue');
    expect(world.run(1_000).view?.site).toBe('north');
    expect(world.south.requests('MoveAnswer')).toMatchObject([
      { ask: 1, dn: '1001', outcome: 'declined', text: 'ada works at site north. Ask there.' },
    ]);
    world.north.askToMove('south', 'sue');
    expect(world.run(1_000).view).toMatchObject({ state: 'Ready', site: 'south' });
    expect(world.decisions('move')).toMatchObject([{ because: { text: 'sue asked for the move.' } }]);
    expect(world.north.requests('MoveAnswer')).toMatchObject([
      { ask: 1, outcome: 'accepted', text: 'ada moves to site south.' },
    ]);
  });

  it('[DS17] who asks in vain is told why: a busy desk declines, and so does one whose agent has logged out', () => {
    const world = ready({ family });
    world.north.callEvent('EventEstablished', 'c1');
    world.run(10).north.askToMove('south', 'sue');
    world.run(10).north.askToMove('east', 'sue');
    world.run(10).tell({ type: 'logout' }).run(10).north.askToMove('south', 'sue');
    expect(world.run(1_000).view?.site).toBeNull();
    expect(world.north.requests('MoveAnswer').map(({ outcome, text }) => [outcome, text])).toEqual([
      ['declined', 'No move to site south now: ada has to finish the call first. Ask again then.'],
      ['declined', 'There is no site east for ada; there are north and south.'],
      ['not-logged-in', 'No move to site south now: ada is not logged in.'],
    ]);
  });

  it('[DS17] a desk that waits at a dead site goes when asked to, also through the other site', () => {
    const world = ready({ family }).kill('north').run(3_000);
    expect(world.view).toMatchObject({ site: null, wait: { for: 'site' } });
    world.south.askToMove('south', 'sue');
    expect(world.run(50).view).toMatchObject({ site: 'south' });
    expect(world.south.requests('MoveAnswer')).toMatchObject([{ outcome: 'accepted' }]);
    expect(world.decisions('leave')).toEqual([]);
  });

  it('[DS17] never during a call, and the agent is told what to finish', () => {
    const world = ready({ family });
    world.north.callEvent('EventEstablished', 'c1');
    world.run(10).tell({ type: 'windowOpen', window: 'w1' }).tell({ type: 'move', to: 'south', by: 'agent' });
    expect(world.view?.notice).toBe(
      'No move to site south now: finish the call and the work in open windows first, then ask again.',
    );
    expect(world.run(10_000).view?.site).toBe('north');
    expect(world.decisions('stay')).toHaveLength(1);
  });

  it.each([
    ['north', 'You work at site north already.'],
    ['east', 'There is no site east for you; there are north and south.'],
  ])('[DS17] a move to %s comes to nothing, and says why', (to, notice) => {
    expect(ready({ family }).tell({ type: 'move', to, by: 'agent' }).view?.notice).toBe(notice);
  });
});

describe('the lease of another site', () => {
  it('[LL8] is governed by the SIP Server that granted it, after a start by the one that is gone to', () => {
    const started = new World({ firstLogin: 'wait' }).run(1_000);
    const lease = { name: 'lease-length', value: '2 s', until: 2_100 };
    expect(started.view?.governing).toMatchObject({
      ...{ ...lease, site: 'north', source: 'Application/sip-north', from: 0 },
      waitsFor: 'the other site to have let you go',
    });
    const world = ready({ options: { 'disaster-recovery.timeout': '1' } })
      .kill('north')
      .run(1_500);
    expect(world.view?.governing).toMatchObject({
      ...{ name: 'lease-length', value: '2 s', site: 'north', source: 'Application/sip-north' },
    });
    expect(world.view?.wait).toMatchObject({ for: 'lease', site: 'south', optionSite: 'north' });
  });
});

describe('never', () => {
  it.each([{}, { 'site-timeout': '0', 'site-sip-register-timeout': '0' }])(
    '[DS2] third-party, %o',
    (options) => {
      const world = ready({ ...THIRD, options: { ...options, 'restore-agent-state': 'true' } })
        .kill('north')
        .run(3_600_000);
      const value = 'site-timeout' in options ? '0 (never)' : 'unset (never)';
      expect(world.view).toMatchObject({
        state: 'LoggedOut',
        wait: null,
        governing: { name: 'site-timeout', value, source: 'Application/Desktop-north', until: null },
      });
      expect(world.view?.banner).toContain(
        `You stay here and go on when it is back (site-timeout is ${value})`,
      );
      expect(world.start('north').run(5_000).view).toMatchObject({ state: 'Ready', site: 'north' });
      world.north.setPhone(false);
      expect(world.run(3_600_000).decisions('leave')).toEqual([]);
      world.north.setPhone(true);
      expect(world.run(1_000).view?.site).toBe('north');
    },
  );

  it('[DS2] third-party, started with the phone at the other site only: stays out, says why, and goes when asked to', () => {
    const world = new World({ ...THIRD, options: { 'site-sip-register-timeout': '0' } });
    world.north.setPhone(false);
    expect(world.run(3_600_000).view).toMatchObject({
      ...{ state: 'LoggedOut', site: null, wait: null, phoneAt: ['south'] },
      governing: { name: 'site-sip-register-timeout', value: '0 (never)', site: 'north' },
    });
    expect(world.view?.banner).toBe(
      'Your phone is not registered at site north. You stay here and go on when it is back (site-sip-register-timeout is 0 (never)). Your phone is at site south: ask to move there, and you can work.',
    );
    world.tell({ type: 'move', to: 'south', by: 'agent' });
    expect(world.run(100).view).toMatchObject({ site: 'south', banner: expect.stringContaining('You work') });
  });

  it('[DS1] the time-outs are those of the Application of the site where the agent is', () => {
    const world = ready({ ...THIRD, southOptions: { 'site-timeout': '20' } })
      .kill('north')
      .run(7_000);
    expect(world.view).toMatchObject({ site: 'south', governing: { name: 'site-timeout', value: '20 s' } });
    world.start('north').run(2_000).kill('south').run(19_000);
    expect(world.view?.site).toBeNull();
    expect(world.run(2_000).view?.site).toBe('north');
  });

  it('[DS15] the third-party family does not return by itself', () => {
    const world = ready(THIRD).kill('north').run(7_000).start('north').run(3_600_000);
    expect(world.view).toMatchObject({ state: 'Ready', site: 'south' });
    expect(world.view?.banner).toContain('You stay here until your next start');
  });

  it('[DS13] third-party: restore-agent-state of the Application governs, and is off by default', () => {
    const timeouts = { 'site-timeout': '5', 'site-sip-register-timeout': '3' };
    const world = ready({ ...THIRD, options: timeouts })
      .kill('north')
      .run(7_000);
    expect(world.view).toMatchObject({ state: 'NotReady', site: 'south' });
  });

  it('[DS12] third-party: the reason codes of supervisors are configured', () => {
    const world = ready({ ...THIRD, options: { 'supervisor-logout-codes': 'boss,team-lead' } });
    world.north.logOut('team-lead');
    expect(world.run(1_000).view?.banner).toContain('A supervisor has logged you out (team-lead)');
    const other = ready(THIRD);
    other.north.logOut('team-lead');
    expect(other.run(1_000).view?.banner).toContain('is not known here');
  });
});

describe('the phone', () => {
  const embedded = { bootstrap: { embeddedEndpoint: true } };

  it('[DS18] an embedded endpoint is restarted once, and waited for', () => {
    const world = ready(embedded);
    world.north.setPhone(false);
    world.run(2_000);
    expect(world.effectsOf('restartPhone')).toMatchObject([{ because: { rule: 'DS18' } }]);
    world.north.setPhone(true);
    expect(world.run(1_000).view).toMatchObject({ state: 'Ready', site: 'north' });
    world.north.setPhone(false);
    world.run(100);
    expect(world.effectsOf('restartPhone')).toHaveLength(2);
  });

  it('[DS18] other phones, other logouts and the other site restart nothing', () => {
    const world = ready();
    world.north.setPhone(false);
    const other = ready(embedded);
    other.south.setPhone(false);
    other.north.logOut('supervisor_logout');
    expect([
      ...world.run(5_000).effectsOf('restartPhone'),
      ...other.run(5_000).effectsOf('restartPhone'),
    ]).toEqual([]);
  });

  it('[DS18] it takes reg_timeout of the preferred and of the peer site', () => {
    const options = { 'sipendpoint.proxies.proxy0.reg_timeout': '45' };
    expect(ready({ ...embedded, options }).effectsOf('phoneSettings')).toMatchObject([
      {
        registration: [
          { site: 'north', everyMs: 45_000, option: { name: 'sipendpoint.proxies.proxy0.reg_timeout' } },
          { site: 'south', everyMs: 3_600_000, option: { source: 'default' } },
        ],
      },
    ]);
    expect(ready({ options }).effectsOf('phoneSettings')).toEqual([]);
    expect(ready({ ...embedded, ...THIRD }).effectsOf('phoneSettings')).toEqual([]);
  });
});

/** Without a return, which would move the desk with good reason. */
function settings(family: (typeof FAMILIES)[number]): Record<string, string> {
  return family === 'agent-desktop'
    ? { 'site-timeout': '5', 'site-sip-register-timeout': '3', 'restore-agent-state': 'true' }
    : { 'disaster-recovery.auto-restore': 'false' };
}
