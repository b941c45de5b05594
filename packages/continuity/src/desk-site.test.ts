import { describe, expect, it } from 'vitest';
import type { DeskSitePolicy } from './desk-site-types.ts';
import { reportOf } from './desk-site-wait.ts';
import { by, moved, NEVER, Scene, timeouts, WALL, working } from './test-desk-site.ts';

describe('the first log-in', () => {
  it('[DS5] at the preferred site as soon as its phone is in service there', () => {
    const scene = new Scene().tell({ type: 'logIn' }).on('south').on('north', false).at(5_000);
    expect(scene.logins()).toEqual([]);
    scene.phone('north', true);
    expect(scene.logins()).toMatchObject([{ site: 'north', epoch: { number: WALL + 5_000, desk: 'd1' } }]);
  });

  it('[DS6] a link that never stood is lost from its first failed attempt', () => {
    const scene = new Scene().tell({ type: 'logIn' }).on('south').at(1_000).off('north');
    scene.at(60_999);
    expect(scene.logins()).toEqual([]);
    scene.at(61_000);
    expect(scene.logins()).toMatchObject([{ site: 'south', at: 61_000 }]);
  });

  it('[DS6] with the time-out "never" it stays logged out', () => {
    const scene = new Scene({ timeouts: timeouts({ siteTimeoutMs: NEVER }) })
      .tell({ type: 'logIn' })
      .on('south')
      .off('north')
      .at(9e6);
    expect(scene.logins()).toEqual([]);
    expect(reportOf(scene.desk).missing).toMatchObject({ name: 'site', site: 'north' });
  });

  it('[LL8] a fresh desk waits one lease and margin from its start and is marked unconfirmed', () => {
    const scene = new Scene({}, 'wait').tell({ type: 'logIn' }).at(3_000).on('north').on('south').at(8_399);
    expect(scene.logins()).toEqual([]);
    expect(reportOf(scene.desk).wait).toMatchObject({ until: 8_400, option: { name: 'lease-length' } });
    scene.at(8_400);
    expect(scene.logins()).toHaveLength(1);
    expect(scene.desk.isUnconfirmed).toBe(true);
  });

  it('[LL8] a fresh desk asks at once where the site puts log-ins to the other one, and its word confirms the login', () => {
    const scene = new Scene({}, 'wait').tell({ type: 'logIn' }).at(1_000);
    scene.asking.add('north');
    scene.on('north').on('south');
    expect(scene.logins()).toMatchObject([{ site: 'north', at: 1_000, needsPeer: true }]);
    scene.admit(true);
    expect(scene.desk.isUnconfirmed).toBe(false);
    // Nothing is left to wait for, should it move within the lease.
    scene.tell({ type: 'move', to: 'south', because: { rule: 'DS17', text: 'asked' } });
    scene.loggedOut('north', 'agent');
    expect(scene.logins().at(-1)).toMatchObject({ site: 'south', at: 1_000, needsPeer: false });
  });

  it('[LL8] where the other site has not answered, it waits as if there were no link between them', () => {
    const scene = new Scene({}, 'wait').tell({ type: 'logIn' }).at(1_000);
    scene.asking.add('north');
    scene.on('north').on('south').refuse({ name: 'peerSilent' }).at(8_399);
    expect(scene.logins()).toHaveLength(1);
    scene.at(8_400);
    expect(scene.logins().at(-1)).toMatchObject({ site: 'north', at: 8_400, needsPeer: false });
    scene.admit();
    expect(scene.desk.isUnconfirmed).toBe(true);
  });

  it('[LL8] a desk that has answered stamps goes by its wait, also where the site asks (LL4)', () => {
    const scene = working().at(5_000).stamp('north');
    scene.asking.add('south');
    scene
      .off('north')
      .on('south')
      .tell({ type: 'move', to: 'south', because: { rule: 'DS17', text: 'asked' } });
    scene.at(13_399);
    expect(scene.logins()).toHaveLength(1);
    scene.at(13_400);
    expect(scene.logins().at(-1)).toMatchObject({ site: 'south', at: 13_400, needsPeer: false });
  });

  it('[LL8] no wait where nothing lived before, nor without another site', () => {
    expect(working().desk.isUnconfirmed).toBe(false);
    const alone = new Scene({ peerSite: undefined }, 'wait').tell({ type: 'logIn' }).on('north');
    expect(alone.logins()).toHaveLength(1);
    expect(alone.desk.isUnconfirmed).toBe(false);
  });
});

describe('causes to leave', () => {
  it('[DS8a] telephony off for the whole site time-out, named with its option', () => {
    const scene = working().at(1_000).stamp('north').at(5_000).off('north').at(64_999);
    expect(scene.decisions('leave')).toEqual([]);
    scene.at(65_000);
    const [leave] = scene.decisions('leave');
    expect(leave).toMatchObject({
      because: { rule: 'DS8a', option: { name: 'disaster-recovery.timeout', value: '60' } },
    });
    expect(scene.logins().at(-1)).toMatchObject({ site: 'south', at: 65_000 });
    expect(scene.admit().stands).toBe('serving south');
  });

  it('[D7] [C37] [DS8a] an outage below the time-out moves nobody', () => {
    const scene = working().at(5_000).off('north').at(64_000);
    const [login] = scene.logins();
    scene.on('north', true, login?.epoch).at(500_000);
    expect(scene.stands).toBe('serving north');
    expect(scene.logins()).toHaveLength(1);
    expect(scene.decisions('leave')).toEqual([]);
  });

  it('[D4] two flaps inside one time-out move nobody; each starts the time anew', () => {
    const scene = working();
    const epoch = scene.logins()[0]?.epoch;
    scene.at(1_000).off('north').at(41_000).on('north', true, epoch).at(42_000).off('north').at(101_999);
    expect(scene.decisions('leave')).toEqual([]);
    scene.on('north', true, epoch).at(300_000);
    expect(scene.stands).toBe('serving north');
  });

  it('[DS8b] logged out by the phone and not back in time', () => {
    const scene = working().at(1_000).phone('north', false).loggedOut('north', 'phone').at(30_999);
    expect(scene.logins()).toHaveLength(1);
    expect(reportOf(scene.desk).wait).toMatchObject({ from: 1_000, until: 31_000 });
    scene.at(31_000);
    expect(scene.decisions('leave')).toMatchObject([{ because: { rule: 'DS8b' } }]);
    expect(scene.logins().at(-1)).toMatchObject({ site: 'south', at: 31_000 });
  });

  it('[DS11] the phone is back in time: same site, no move', () => {
    const scene = working().at(1_000).phone('north', false).loggedOut('north', 'phone').at(20_000);
    scene.phone('north', true).admit().at(300_000);
    expect(scene.logins().map((login) => login.site)).toEqual(['north', 'north']);
    expect(scene.logins().at(-1)?.because.rule).toBe('DS11');
    expect(scene.decisions('leave')).toEqual([]);
    expect(scene.stands).toBe('serving north');
  });

  it('[DS8c] graceful shutdown: at once, without waiting for a lease', () => {
    const scene = working().at(1_000).stamp('north').loggedOut('north', 'shutdown');
    expect(scene.logins().at(-1)).toMatchObject({ site: 'south', at: 1_000, because: { rule: 'DS9' } });
    // It does not come back to a site that sends its agents away, though the phone is still there.
    scene.admit().at(600_000);
    expect(scene.stands).toBe('serving south');
    scene.stamp('south').off('north').restart('north').on('north');
    expect(scene.stands).toBe('withdrawing');
  });

  it('[DS8c] a graceful shutdown that is taken back lets the desk come back, a lost connection does not', () => {
    const scene = working().at(1_000).stamp('north').loggedOut('north', 'shutdown').admit();
    scene.closing.add('north');
    scene.at(10_000).stamp('south').off('north').at(12_000).on('north').stamp('south').at(600_000);
    expect(scene.stands).toBe('serving south');
    scene.stamp('south').tell({ type: 'closing', site: 'north', isClosing: false });
    expect(scene.stands).toBe('withdrawing');
  });

  it('[DS8c] a shutdown that is only announced moves nobody who is logged in there, also over a lost connection', () => {
    const scene = working().at(1_000).stamp('north');
    const epoch = scene.logins()[0]?.epoch;
    scene.closing.add('north');
    scene.tell({ type: 'closing', site: 'north', isClosing: true }).at(2_000);
    scene.off('north').at(3_000).on('north', true, epoch).at(5_000);
    expect(scene.stands).toBe('serving north');
    expect(scene.logins()).toHaveLength(1);
    scene.loggedOut('north', 'shutdown');
    expect(scene.logins().at(-1)).toMatchObject({ site: 'south', at: 5_000 });
  });

  it('[DS8c] a shutdown of which the standby knows nothing is over when it has taken over, also for a link that was never off', () => {
    const scene = new Scene().on('north').tell({ type: 'logIn' }).admit().at(1_000).stamp('north');
    const epoch = scene.logins()[0]?.epoch;
    scene.loggedOut('north', 'shutdown').at(2_000);
    scene.restart('north').on('north', true, epoch);
    expect(scene.logins()).toMatchObject([
      { site: 'north', at: 0 },
      { site: 'north', at: 2_000 },
    ]);
    expect(scene.stands).toBe('entering north');
  });

  it('[DS8c] a desk that starts while its site shuts down goes to the other at once', () => {
    const scene = new Scene().tell({ type: 'logIn' });
    scene.closing.add('north');
    scene.on('north').on('south');
    expect(scene.logins()).toMatchObject([{ site: 'south', at: 0 }]);
  });

  it.each(['agent', 'supervisor', 'unknown'] as const)('[DS12] logout by %s: nothing but words', (reason) => {
    const scene = working().at(1_000).loggedOut('north', reason).at(1e6);
    expect(scene.stands).toBe('out');
    expect(scene.logins()).toHaveLength(1);
    expect(scene.decisions('loggedOut')).toMatchObject([{ because: { rule: 'DS12' } }]);
    expect(reportOf(scene.desk).because?.text).toContain('does nothing by itself');
  });

  it('[DS12] the own logout stays out though the site goes and comes back with the login', () => {
    const scene = working();
    const epoch = scene.logins()[0]?.epoch;
    scene.off('north').tell({ type: 'logOut' }).at(100_000).on('north', true, epoch);
    expect(scene.effects.at(-1)).toMatchObject({ type: 'logOut', site: 'north' });
    expect(scene.stands).toBe('out');
    expect(scene.tell({ type: 'logIn' }).logins()).toHaveLength(2);
  });

  it('[DS7] what happens at the other site alone moves nothing', () => {
    const scene = working().off('south').at(100_000).on('south', false).phone('south', true).at(200_000);
    expect(scene.logins()).toHaveLength(1);
    expect(scene.stands).toBe('serving north');
  });

  it('[DS2] disabled: no link leaves its site', () => {
    const enabled = { value: false, option: by('disaster-recovery.enabled', false) };
    const scene = new Scene({ enabled })
      .on('north')
      .tell({ type: 'logIn' })
      .admit()
      .on('south')
      .off('north')
      .at(1e6);
    expect(scene.logins()).toHaveLength(1);
    expect(scene.stands).toBe('waiting north');
  });

  it('[DS2] "never" is not at once: the third-party family without time-outs waits for ever', () => {
    const scene = working({ timeouts: timeouts({ siteTimeoutMs: NEVER, phoneTimeoutMs: NEVER }) });
    scene.off('north').at(1e6);
    expect(scene.stands).toBe('waiting north');
    scene.restart('north').on('north', false).at(2e6);
    expect(scene.stands).toBe('waiting north');
    scene.phone('north', true);
    expect(scene.logins().map((login) => login.site)).toEqual(['north', 'north']);
  });
});

describe('where to', () => {
  it('[DS9] [C79] a cause without the phone waits, and takes the other site when the phone comes', () => {
    const scene = working({}, false).off('north').at(100_000);
    expect(scene.decisions('waitForPhone')).toHaveLength(1);
    expect(scene.logins()).toHaveLength(1);
    scene.phone('south', true);
    expect(scene.logins().at(-1)).toMatchObject({ site: 'south', at: 100_000 });
  });

  it('[DS9] the first site gets the agent back when its phone is first', () => {
    const scene = working({}, false).off('north').at(100_000).restart('north').on('north', false).at(101_000);
    expect(scene.logins()).toHaveLength(1);
    scene.phone('north', true);
    expect(scene.logins().at(-1)).toMatchObject({ site: 'north' });
  });

  it('[DS9] the phone without a cause: the desk stays', () => {
    const scene = working({}, false).at(1_000).phone('south', true).at(500_000);
    expect(scene.logins()).toHaveLength(1);
  });

  it('[DS10] two causes at once: the first complete decides, and there is one switchover', () => {
    const scene = working()
      .at(1_000)
      .phone('north', false)
      .loggedOut('north', 'phone')
      .at(11_000)
      .off('north')
      .at(31_000);
    expect(scene.decisions('leave')).toMatchObject([{ because: { rule: 'DS8b' }, at: 31_000 }]);
    scene.admit().at(200_000);
    expect(scene.decisions('leave')).toHaveLength(1);
    expect(scene.logins()).toHaveLength(2);
  });

  it('[DS10] one cause that ends does not stop the other', () => {
    const scene = working()
      .at(1_000)
      .phone('north', false)
      .loggedOut('north', 'phone')
      .at(5_000)
      .off('north');
    scene.at(20_000).on('north', false).at(31_000);
    expect(scene.decisions('leave')).toMatchObject([{ because: { rule: 'DS8b' }, at: 31_000 }]);
  });

  it('[DS19] [D1] both sites down: the peer back first gets the agent', () => {
    const scene = working().off('north').off('south').at(200_000).restart('south').on('south', false);
    scene.at(201_000).phone('south', true).admit();
    expect(scene.stands).toBe('serving south');
  });

  it('[DS19] [C21] both sites down: the preferred back first gets the agent', () => {
    const scene = working()
      .off('north')
      .off('south')
      .at(200_000)
      .restart('north')
      .on('north')
      .admit()
      .on('south');
    expect(scene.at(600_000).stands).toBe('serving north');
    expect(scene.logins()).toHaveLength(2);
  });

  it('[DS1] the time-outs are those of the site to which the desk belongs', () => {
    const short = { value: 2_000, option: by('site-timeout', 2) };
    const own = {
      ...timeouts(),
      south: { ...timeouts().south, siteTimeoutMs: short },
    } as DeskSitePolicy['timeouts'];
    expect(working({ timeouts: own }).off('north').at(10_000).stands).toBe('waiting north');
    const scene = moved({ timeouts: own }).on('north', false);
    const lostAt = scene.now;
    scene.off('south').at(lostAt + 1_999);
    expect(scene.stands).toBe('waiting south');
    expect(scene.at(lostAt + 2_000).stands).toBe('seeking');
  });

  it('[DS19] both at once: the preferred one', () => {
    const siteTimeoutMs = { value: 1_000, option: by('t', 1) };
    const scene = new Scene({ timeouts: timeouts({ siteTimeoutMs }) }, 'wait')
      .tell({ type: 'logIn' })
      .off('north')
      .off('south');
    scene.at(2_000).on('south').on('north').at(8_400);
    expect(scene.logins()).toMatchObject([{ site: 'north', at: 8_400 }]);
  });
});
