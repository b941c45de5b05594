/** Each option of a desk, in either family: changing it changes what the desk decides or says. */
import type { LinkServers } from '@holdfast/protocol';
import { describe, expect, it } from 'vitest';
import { Link } from './link.ts';
import { targetOf } from './link-target.ts';
import { readPolicy } from './policy.ts';
import { bootstrapOf, type ConfigurationOptions, deskConfiguration } from './test-configuration.ts';
import { World, type WorldOptions } from './test-world.ts';

/** Ready at north with these options of the Workspace family. */
function workspace(options: Record<string, string> = {}): World {
  return ready({ options });
}

/** The same of the third-party family: of both Applications, beside what the tests set. */
function thirdParty(options: Record<string, string>): World {
  const usual = { 'site-timeout': '5', 'site-sip-register-timeout': '3' };
  return ready({ family: 'agent-desktop', options: { ...usual, ...options } });
}

function ready(options: WorldOptions): World {
  const world = new World(options).tell({ type: 'ready' }).run(1_000);
  expect(world.view).toMatchObject({ state: 'Ready', site: 'north' });
  return world;
}

/** Where the agent works when north has been dead for so long. */
const afterLoss = (world: World, ms: number) => world.kill('north').run(ms).view?.site;
/** The same when north has lost the phone, which stays at south. */
function afterPhone(world: World, ms: number): string | null | undefined {
  world.north.setPhone(false);
  return world.run(ms).view?.site;
}

/** Where the agent works so long after north, lost so many times before, is back. */
function afterReturn(options: Record<string, string>, losses: number, ms: number) {
  const world = workspace(options);
  expect(afterLoss(world, 70_000)).toBe('south');
  for (let n = 1; n < losses; n++) world.start('north').run(1_000).kill('north').run(1_000);
  return world.start('north').run(ms).view?.site;
}

describe('the return of Workspace', () => {
  it('[option holdfast/return-steady-time] waits until the site has been there for so long', () => {
    expect(afterReturn({}, 1, 30_000)).toBe('north');
    expect(afterReturn({ 'return-steady-time': '60' }, 1, 59_000)).toBe('south');
    expect(afterReturn({ 'return-steady-time': '60' }, 1, 80_000)).toBe('north');
  });

  it('[option holdfast/return-half-life] waits until losses are forgotten', () => {
    expect(afterReturn({}, 3, 240_000)).toBe('south');
    expect(afterReturn({ 'return-half-life': '10' }, 3, 60_000)).toBe('north');
    expect(afterReturn({ 'return-half-life': '0' }, 3, 30_000)).toBe('north');
  });

  it('[option holdfast/return-losses-max] minds only so many losses', () => {
    expect(afterReturn({ 'return-losses-max': '3' }, 3, 30_000)).toBe('north');
    expect(afterReturn({ 'return-losses-max': '2' }, 3, 30_000)).toBe('south');
  });
});

describe('Workspace', () => {
  it('[option interaction-workspace/disaster-recovery.enabled] the desk moves, or stays for ever', () => {
    expect(afterLoss(workspace(), 600_000)).toBe('south');
    expect(afterLoss(workspace({ 'disaster-recovery.enabled': 'false' }), 600_000)).toBeNull();
  });

  it('[option interaction-workspace/disaster-recovery.timeout] the desk moves that long after the loss', () => {
    expect(afterLoss(workspace({ 'disaster-recovery.timeout': '20' }), 19_000)).toBeNull();
    expect(afterLoss(workspace({ 'disaster-recovery.timeout': '20' }), 21_000)).toBe('south');
    expect(afterLoss(workspace({ 'disaster-recovery.timeout': '10' }), 11_000)).toBe('south');
  });

  it('[option interaction-workspace/disaster-recovery.wait-for-sipphone-timeout] the phone is waited for that long', () => {
    const wait = (seconds: string) => workspace({ 'disaster-recovery.wait-for-sipphone-timeout': seconds });
    expect(afterPhone(wait('20'), 19_000)).toBeNull();
    expect(afterPhone(wait('20'), 22_000)).toBe('south');
    expect(afterPhone(wait('10'), 12_000)).toBe('south');
  });

  it('[option interaction-workspace/disaster-recovery.auto-restore] the desk returns by itself, or stays', () => {
    const backAgain = (autoRestore: string) => {
      const world = workspace({ 'disaster-recovery.auto-restore': autoRestore });
      expect(afterLoss(world, 10_000)).toBe('south');
      return world.start('north').run(60_000).view?.site;
    };
    expect(backAgain('true')).toBe('north');
    expect(backAgain('false')).toBe('south');
  });

  it('[option interaction-workspace/disaster-recovery.restore-agent-state] Ready is put back, or not', () => {
    const state = (restore: string) => {
      const world = workspace({ 'disaster-recovery.restore-agent-state': restore });
      expect(afterLoss(world, 10_000)).toBe('south');
      return world.view?.state;
    };
    expect(state('true')).toBe('Ready');
    expect(state('false')).toBe('NotReady');
  });

  it('[option interaction-workspace/warm-standby.reconnection-random-delay-range] bounds the first wait after a loss', () => {
    const firstWait = (range: string) => {
      const options = { options: { 'warm-standby.reconnection-random-delay-range': range } };
      const { link } = linkWith(options, { reconnectPauseMs: 60_000 }, () => 0.5);
      link.start(0);
      link.established(0);
      link.broken(1_000, 'reset by peer');
      return (link.nextDeadline() ?? 0) - 1_000;
    };
    expect(firstWait('2')).toBe(1_000);
    expect(firstWait('20')).toBe(10_000);
  });

  it.each([
    ['[option interaction-workspace/sipendpoint.proxies.proxy0.reg_timeout]', 'proxy0', 'north'],
    ['[option interaction-workspace/sipendpoint.proxies.proxy1.reg_timeout]', 'proxy1', 'south'],
  ] as const)('%s an embedded endpoint takes its period of %s for %s', (_, proxy, site) => {
    const everyMs = (options: Record<string, string>) =>
      ready({ options, bootstrap: { embeddedEndpoint: true } })
        .effectsOf('phoneSettings')
        .flatMap(({ registration }) => registration.filter((one) => one.site === site))
        .map((one) => one.everyMs);
    expect(everyMs({})).toEqual([3_600_000]);
    expect(everyMs({ [`sipendpoint.proxies.${proxy}.reg_timeout`]: '45' })).toEqual([45_000]);
  });
});

describe('a third-party desktop', () => {
  it('[option agent-desktop/site-timeout] moves that long after the loss, or never', () => {
    expect(afterLoss(thirdParty({ 'site-timeout': '20' }), 19_000)).toBeNull();
    expect(afterLoss(thirdParty({ 'site-timeout': '20' }), 21_000)).toBe('south');
    expect(afterLoss(thirdParty({ 'site-timeout': '0' }), 600_000)).toBeNull();
  });

  it('[option agent-desktop/site-sip-register-timeout] waits for its phone that long, or for ever', () => {
    expect(afterPhone(thirdParty({ 'site-sip-register-timeout': '20' }), 19_000)).toBeNull();
    expect(afterPhone(thirdParty({ 'site-sip-register-timeout': '20' }), 22_000)).toBe('south');
    expect(afterPhone(thirdParty({ 'site-sip-register-timeout': '0' }), 600_000)).toBeNull();
  });

  it('[option holdfast/restore-agent-state] puts Ready back, or not', () => {
    const state = (restore: string) => {
      const world = thirdParty({ 'restore-agent-state': restore });
      expect(afterLoss(world, 10_000)).toBe('south');
      return world.view?.state;
    };
    expect(state('true')).toBe('Ready');
    expect(state('false')).toBe('NotReady');
  });

  it('[option holdfast/supervisor-logout-codes] tells the agent that a supervisor did it, or that nobody knows', () => {
    const said = (options: Record<string, string>) => {
      const world = thirdParty(options);
      world.north.logOut('shift-over');
      return world.run(1_000).view?.banner ?? '';
    };
    expect(said({})).toContain('the reason "shift-over" is not known');
    expect(said({ 'supervisor-logout-codes': 'shift-over,other' })).toContain(
      'A supervisor has logged you out',
    );
  });
});

it.each(['interaction-workspace', 'agent-desktop'] as const)(
  '[DS12] %s: who was logged out for doing nothing is told so, and stays',
  (family) => {
    const world = ready({ family });
    world.north.logOut('auto_logout');
    expect(world.run(60_000).view).toMatchObject({
      site: null,
      banner: expect.stringContaining('nothing was done here for a while'),
    });
  },
);

describe('a connection', () => {
  it('tells the server the remote time-out, where there is one, and asks by its own', () => {
    const { link: plain } = linkWith({}, {});
    const { link, target } = linkWith({}, { addpRemoteTimeoutMs: 900 });
    expect([plain.addpTimeoutMs, link.addpTimeoutMs]).toEqual([500, 900]);
    expect(target.health.timeoutMs.value).toBe(500);
  });
});

/** The telephony link to north, its servers changed. */
function linkWith(options: ConfigurationOptions, change: Partial<LinkServers>, random = () => 0) {
  const configuration = deskConfiguration(options);
  const reading = readPolicy(configuration, bootstrapOf(options));
  const [site] = configuration.sites;
  if (!reading.ok || site === undefined) throw new Error('no policy');
  const target = targetOf({ ...site.telephony, ...change }, site.site, reading.policy);
  const none = () => {};
  const ports = { connect: none, close: none, ping: none, off: none };
  return { target, link: new Link({ name: 't', random }, target, ports) };
}
