import { describe, expect, it } from 'vitest';
import { deskSiteDeadline, startDeskSite, stepDeskSite } from './desk-site.ts';
import type {
  Decision,
  DeskSite,
  DeskSiteEffect,
  DeskSiteEvent,
  DeskSitePolicy,
  LogoutReason,
  SiteTimeouts,
} from './desk-site-types.ts';
import { reportOf } from './desk-site-wait.ts';
import type { LoginEpoch } from './login-lease.ts';

const by = (name: string, value: unknown) => ({ name, value: String(value), source: 'test' });
function timeouts(changes: Partial<SiteTimeouts> = {}): DeskSitePolicy['timeouts'] {
  const both: SiteTimeouts = {
    siteTimeoutMs: { value: 60_000, option: by('disaster-recovery.timeout', 60) },
    phoneTimeoutMs: { value: 30_000, option: by('disaster-recovery.wait-for-sipphone-timeout', 30) },
    ...changes,
  };
  return { north: both, south: both };
}
const POLICY: DeskSitePolicy = {
  enabled: { value: true, option: by('disaster-recovery.enabled', true) },
  preferredSite: 'north',
  peerSite: 'south',
  timeouts: timeouts(),
  autoRestore: { value: true, option: by('disaster-recovery.auto-restore', true) },
  loginAnswerMaxMs: 3_000,
  refusedPauseMs: 1_000,
};
const LENGTH = 8_000;
const WALL = 1_000_000;
const NEVER = { value: 'never', option: by('time-out', 'never') } as const;

/** One desk and what two sites say to it, in virtual time: `at` runs every deadline up to that instant. */
class Scene {
  desk: DeskSite;
  now = 0;
  readonly effects: (DeskSiteEffect & { at: number })[] = [];
  #stamps = 0;
  #epochs: Record<string, number> = { north: 1, south: 1 };

  constructor(policy: Partial<DeskSitePolicy> = {}, firstLogin: 'wait' | 'nothingBefore' = 'nothingBefore') {
    const start = {
      policy: { ...POLICY, ...policy },
      desk: 'd1',
      wallOffsetMs: WALL,
      epochHighest: 0,
      firstLogin,
    };
    this.desk = startDeskSite(start, 0);
  }

  tell(event: DeskSiteEvent): this {
    const { state, effects } = stepDeskSite(this.desk, event, this.now);
    this.desk = state;
    this.effects.push(...effects.map((effect) => ({ ...effect, at: this.now })));
    return this;
  }

  at(now: number): this {
    for (
      let due = deskSiteDeadline(this.desk);
      due !== undefined && due <= now;
      due = deskSiteDeadline(this.desk)
    ) {
      expect(due).toBeGreaterThanOrEqual(this.now);
      this.now = due;
      this.tell({ type: 'expire' });
    }
    this.now = now;
    return this;
  }

  on(site: string, phoneInService = true, held?: LoginEpoch, isLive = true): this {
    const pairEpoch = this.#epochs[site] ?? 1;
    const login = held && { epoch: held, isLive };
    this.tell({ type: 'telephonyOn', site, pairEpoch, leaseLengthMs: LENGTH, phoneInService, login });
    return this.stamp(site);
  }

  off(site: string): this {
    return this.tell({ type: 'telephonyOff', site, since: this.now });
  }

  /** The site has lost its memory: its next connection is of a new pair epoch. */
  restart(site: string): this {
    this.#epochs[site] = (this.#epochs[site] ?? 1) + 1;
    return this;
  }

  stamp(site: string): this {
    const stamp = { pairEpoch: this.#epochs[site] ?? 1, number: ++this.#stamps, at: 0 };
    return this.tell({ type: 'stamp', site, stamp });
  }

  phone(site: string, inService: boolean): this {
    return this.tell({ type: 'phone', site, inService });
  }

  /** The site admits the log-in that was sent last. */
  admit(): this {
    const login = this.logins().at(-1);
    if (login === undefined) throw new Error('no log-in was sent');
    return this.tell({ type: 'loggedIn', site: login.site, epoch: login.epoch });
  }

  loggedOut(site: string, reason: LogoutReason, pairEpoch = this.#epochs[site] ?? 1): this {
    return this.tell({ type: 'loggedOut', site, pairEpoch, reason, text: reason });
  }

  refuse(refusal: Extract<DeskSiteEvent, { type: 'loginRefused' }>['refusal']): this {
    const login = this.logins().at(-1);
    if (login === undefined) throw new Error('no log-in was sent');
    return this.tell({ type: 'loginRefused', site: login.site, epoch: login.epoch, refusal });
  }

  logins() {
    return this.effects.filter((effect) => effect.type === 'logIn');
  }

  decisions(what?: Decision) {
    const all = this.effects.filter((effect) => effect.type === 'decide');
    return what === undefined ? all : all.filter((effect) => effect.what === what);
  }

  answers(site: string) {
    return this.effects.filter((effect) => effect.type === 'answerStamp' && effect.site === site).length;
  }

  get stands(): string {
    const { situation } = this.desk;
    return 'site' in situation ? `${situation.name} ${situation.site}` : situation.name;
  }
}

/** Working at north; south is connected, with or without the phone. */
function working(policy: Partial<DeskSitePolicy> = {}, phoneAtSouth = true): Scene {
  const scene = new Scene(policy).on('north').on('south', phoneAtSouth).tell({ type: 'logIn' }).admit();
  expect(scene.stands).toBe('serving north');
  return scene;
}

/** Working at south after the loss of north. */
function moved(policy: Partial<DeskSitePolicy> = {}): Scene {
  const scene = working(policy).off('north').at(60_000).admit();
  expect(scene.stands).toBe('serving south');
  return scene;
}

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
    expect(reportOf(scene.desk).banner).toContain('north cannot be reached');
  });

  it('[LL8] a fresh desk waits one lease and margin from its start and is marked unconfirmed', () => {
    const scene = new Scene({}, 'wait').tell({ type: 'logIn' }).at(3_000).on('north').on('south').at(8_399);
    expect(scene.logins()).toEqual([]);
    expect(reportOf(scene.desk).wait).toMatchObject({ until: 8_400, option: { name: 'lease-length' } });
    scene.at(8_400);
    expect(scene.logins()).toHaveLength(1);
    expect(scene.desk.isUnconfirmed).toBe(true);
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

  it.each(['agent', 'supervisor', 'unknown'] as const)('[DS12] logout by %s: nothing but words', (reason) => {
    const scene = working().at(1_000).loggedOut('north', reason).at(1e6);
    expect(scene.stands).toBe('out');
    expect(scene.logins()).toHaveLength(1);
    expect(scene.decisions('loggedOut')).toMatchObject([{ because: { rule: 'DS12' } }]);
    expect(reportOf(scene.desk).banner).toContain('does nothing by itself');
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

describe('the lease', () => {
  it('[LL4] the other site waits until the lease has ended, though the cause is complete', () => {
    const scene = working({ timeouts: timeouts({ siteTimeoutMs: { value: 1_000, option: by('t', 1) } }) })
      .at(4_000)
      .stamp('north');
    scene.at(4_100).off('north').at(5_100);
    expect(scene.decisions('leave')).toHaveLength(1);
    expect(scene.logins()).toHaveLength(1);
    expect(reportOf(scene.desk).wait).toMatchObject({ until: 4_000 + 8_400 });
    scene.at(12_399);
    expect(scene.logins()).toHaveLength(1);
    scene.at(12_400);
    expect(scene.logins().at(-1)).toMatchObject({ site: 'south', at: 12_400 });
  });

  it('[LL4] no stamp is answered while there is a cause to leave; when it has ended the desk stays', () => {
    const scene = working({}, false);
    const epoch = scene.logins()[0]?.epoch;
    scene.stamp('north').off('north').at(100_000);
    expect(scene.answers('north')).toBe(1);
    scene.stamp('north').stamp('north');
    expect(scene.answers('north')).toBe(1);
    scene.on('north', true, epoch);
    expect(scene.decisions('stay')).toMatchObject([{ because: { rule: 'LL4' } }]);
    expect(scene.stands).toBe('serving north');
    expect(scene.answers('north')).toBe(2);
  });

  it('[LL4] a word of an older primary releases nothing', () => {
    const scene = working({ timeouts: timeouts({ siteTimeoutMs: { value: 1_000, option: by('t', 1) } }) });
    scene.restart('north').stamp('north').at(2_000).loggedOut('north', 'shutdown', 1);
    expect(scene.logins()).toHaveLength(1);
    scene.at(8_400);
    expect(scene.logins().at(-1)?.site).toBe('south');
  });

  it('[LL4] a log-in that was never confirmed is released by nobody: the site may yet read it', () => {
    const scene = new Scene().on('south').tell({ type: 'logIn' }).at(1_000).on('north');
    expect(scene.logins()).toMatchObject([{ site: 'north', at: 1_000 }]);
    // The answer is lost with the connection, and the new connection shows no login.
    scene.at(1_100).off('north').at(1_200).on('north', false).at(1_300).phone('north', false);
    scene.tell({ type: 'move', to: 'south', because: { rule: 'DS17', text: 'test' } });
    scene.tell({
      type: 'loginRefused',
      site: 'north',
      epoch: { number: 1, desk: 'd1' },
      refusal: { name: 'shuttingDown' },
    });
    expect(scene.desk.sites.north?.promised).toMatchObject({ name: 'stamp', held: { receivedAt: 1_000 } });
  });

  it('[LL1] stamps of the basic connection are held, not answered', () => {
    const scene = working().stamp('south').stamp('south');
    expect(scene.answers('south')).toBe(0);
    expect(scene.stamp('north').answers('north')).toBe(1);
  });

  it('[LL1] a stale stamp: the log-in waits for the next one', () => {
    const scene = new Scene().on('north').tell({ type: 'logIn' }).refuse({ name: 'staleStamp' });
    expect(scene.logins()).toHaveLength(1);
    scene.stamp('north');
    expect(scene.logins()).toHaveLength(2);
  });

  it('[LL3] a site that has forgotten the login gets another with a higher epoch', () => {
    const scene = working();
    const [first] = scene.logins();
    scene.off('north').at(5_000).restart('north').on('north');
    expect(scene.logins()).toHaveLength(2);
    const [, second] = scene.logins();
    expect(second?.site).toBe('north');
    expect(second?.epoch.number).toBeGreaterThan(first?.epoch.number ?? 0);
    scene.admit().tell({
      type: 'notLoggedIn',
      site: 'north',
      pairEpoch: 2,
      epoch: second?.epoch ?? { number: 0, desk: '' },
    });
    expect(scene.logins()).toHaveLength(3);
    scene.tell({ type: 'notLoggedIn', site: 'north', pairEpoch: 2, epoch: { number: 1, desk: 'other' } });
    expect(scene.logins()).toHaveLength(3);
  });

  it('[LL7] ended by another desk: stays out', () => {
    const scene = working().loggedOut('north', 'superseded').at(1e6);
    expect(scene.stands).toBe('out');
    expect(scene.decisions('loggedOut')).toMatchObject([{ because: { rule: 'LL7' } }]);
  });

  it('[LL7] a higher epoch of another desk stops a desk that acts by itself', () => {
    const scene = working().off('north').at(60_000);
    scene.refuse({ name: 'epochTooLow', epoch: { number: 9e9, desk: 'd2' }, isLive: true }).at(1e6);
    expect(scene.stands).toBe('out');
    const found = working().off('north').at(30_000).on('north', true, { number: 9e9, desk: 'd2' });
    expect(found.stands).toBe('out');
  });

  it('[LL7] a higher epoch under which nobody works is outbid: it may be of a former run of this desk', () => {
    const scene = working().off('north').at(60_000);
    scene.refuse({ name: 'epochTooLow', epoch: { number: 9e9, desk: 'former run' }, isLive: false });
    expect(scene.logins().at(-1)).toMatchObject({ site: 'south', epoch: { number: 9e9 + 1, desk: 'd1' } });
    expect(scene.admit().stands).toBe('serving south');
    const found = working().off('north').at(30_000).on('north', true, { number: 9e9, desk: 'd2' }, false);
    expect(found.logins().at(-1)?.epoch).toEqual({ number: 9e9 + 1, desk: 'd1' });
  });

  it('[LL7] a log-in that the agent asked for outbids another desk', () => {
    const scene = new Scene().on('north').tell({ type: 'logIn' });
    scene.refuse({ name: 'epochTooLow', epoch: { number: 9e9, desk: 'd2' }, isLive: true });
    expect(scene.logins().at(-1)?.epoch).toEqual({ number: 9e9 + 1, desk: 'd1' });
    expect(scene.admit().stands).toBe('serving north');
  });
});

describe('return and moves', () => {
  it('[DS15] logs out, and logs in at the preferred site when that is confirmed', () => {
    const scene = moved()
      .at(100_000)
      .restart('north')
      .on('north', false)
      .at(110_000)
      .stamp('south')
      .phone('north', true);
    expect(scene.stands).toBe('withdrawing');
    expect(scene.decisions('return')).toMatchObject([
      { because: { rule: 'DS15', option: { name: 'disaster-recovery.auto-restore' } } },
    ]);
    scene.at(110_050).loggedOut('south', 'agent');
    expect(scene.logins().at(-1)).toMatchObject({ site: 'north', at: 110_050 });
    expect(scene.admit().at(1e6).stands).toBe('serving north');
  });

  it.each([
    { calls: 1, afterCallWork: false, openWindows: 0 },
    { calls: 0, afterCallWork: true, openWindows: 0 },
    { calls: 0, afterCallWork: false, openWindows: 2 },
  ])('[DS15] not while the agent is busy: %o', (busy) => {
    const scene = moved().tell({ type: 'busy', busy }).restart('north').on('north').at(500_000);
    expect(scene.stands).toBe('serving south');
    expect(reportOf(scene.desk).banner).toContain('is back');
    scene.stamp('south').tell({ type: 'busy', busy: { calls: 0, afterCallWork: false, openWindows: 0 } });
    expect(scene.stands).toBe('withdrawing');
  });

  it('[DS15] auto-restore false: stays, but follows a phone that moves back by itself', () => {
    const autoRestore = { value: false, option: by('disaster-recovery.auto-restore', false) };
    const scene = moved({ autoRestore }).restart('north').on('north').at(500_000);
    expect(scene.stands).toBe('serving south');
    scene.phone('south', false).loggedOut('south', 'phone').at(530_000);
    expect(scene.decisions('leave').at(-1)).toMatchObject({ because: { rule: 'DS8b' }, at: 530_000 });
    expect(scene.logins().at(-1)?.site).toBe('north');
  });

  it('[DS15] [D2] a phone that leaves the peer for the preferred site takes its desk along at once', () => {
    const scene = moved()
      .phone('south', false)
      .loggedOut('south', 'phone')
      .at(70_000)
      .restart('north')
      .on('north');
    expect(scene.logins().at(-1)).toMatchObject({ site: 'north', at: 70_000 });
  });

  it('[DS15] a peer that does not answer the logout is left when its lease has ended', () => {
    const scene = moved().at(100_000).stamp('south').at(101_000).restart('north').on('north').at(108_399);
    expect(scene.stands).toBe('withdrawing');
    expect(scene.stamp('south').answers('south')).toBe(1);
    scene.at(108_400);
    expect(scene.logins().at(-1)).toMatchObject({ site: 'north', at: 108_400 });
  });

  it('[DS15] a refused logout leaves the agent where he is', () => {
    const scene = moved()
      .stamp('south')
      .restart('north')
      .on('north')
      .tell({ type: 'busy', busy: { calls: 1, afterCallWork: false, openWindows: 0 } });
    scene.tell({ type: 'logoutRefused', site: 'south', text: 'a call rings' });
    expect(scene.stands).toBe('serving south');
  });

  it('[DS17] a move that is asked for waits for no time-out, and not for a busy agent', () => {
    const autoRestore = { value: false, option: by('disaster-recovery.auto-restore', false) };
    const because = { rule: 'DS17', text: 'The administrator asked for the move.' };
    const scene = working({ autoRestore }).at(1_000);
    scene.tell({ type: 'busy', busy: { calls: 1, afterCallWork: false, openWindows: 0 } });
    expect(scene.tell({ type: 'move', to: 'south', because }).stands).toBe('serving north');
    scene.tell({ type: 'busy', busy: { calls: 0, afterCallWork: false, openWindows: 0 } });
    scene.tell({ type: 'move', to: 'south', because }).loggedOut('north', 'agent').admit();
    expect(scene.at(1e6).stands).toBe('serving south');
  });
});

describe('log-ins that come to nothing', () => {
  it('[DS5] a site that does not answer the log-in is distrusted', () => {
    const scene = new Scene().on('north').tell({ type: 'logIn' }).at(3_000);
    expect(scene.effects.at(-1)).toMatchObject({ type: 'distrust', site: 'north' });
    expect(scene.stands).toBe('waiting north');
    // The log-in may have been admitted all the same.
    scene.at(4_000).on('north', true, scene.logins()[0]?.epoch);
    expect(scene.stands).toBe('serving north');
  });

  it('[LL4] an unanswered log-in keeps the other site waiting for its lease', () => {
    const scene = working().off('north').at(59_000).stamp('south').at(60_000);
    expect(scene.logins().at(-1)?.site).toBe('south');
    scene.at(61_000).off('south').restart('north').on('north').at(67_399);
    expect(scene.logins()).toHaveLength(2);
    scene.at(67_400);
    expect(scene.logins().at(-1)).toMatchObject({ site: 'north', at: 67_400 });
  });

  it('[D9] a refusal is no loss: the desk stays and asks again after a growing pause', () => {
    const scene = new Scene().on('north').on('south').tell({ type: 'logIn' });
    scene.refuse({ name: 'later', text: 'overloaded' }).at(999);
    expect(scene.logins()).toHaveLength(1);
    scene.at(1_000).refuse({ name: 'later', text: 'overloaded', retryAfterMs: 5_000 }).at(5_999);
    expect(scene.logins()).toHaveLength(2);
    scene.at(6_000).admit();
    expect(scene.logins().every((login) => login.site === 'north')).toBe(true);
    expect(scene.decisions('leave')).toEqual([]);
  });

  it('[DS9] a log-in refused for the phone waits for it', () => {
    const scene = new Scene()
      .on('north')
      .tell({ type: 'logIn' })
      .refuse({ name: 'phoneOutOfService' })
      .at(1_000);
    expect(scene.logins()).toHaveLength(1);
    expect(scene.phone('north', true).logins()).toHaveLength(2);
  });

  it('[DS8c] a log-in refused by a closing site goes to the other', () => {
    const scene = new Scene()
      .on('north')
      .on('south')
      .tell({ type: 'logIn' })
      .refuse({ name: 'shuttingDown' });
    expect(scene.logins().map((login) => login.site)).toEqual(['north', 'south']);
  });

  it('[DS12] words about a site or an epoch that is not ours change nothing', () => {
    const scene = working();
    const before = scene.desk;
    scene.tell({ type: 'loggedIn', site: 'north', epoch: { number: 1, desk: 'x' } });
    scene.tell({ type: 'phone', site: 'west', inService: false });
    scene.tell({
      type: 'loginRefused',
      site: 'north',
      epoch: { number: 1, desk: 'x' },
      refusal: { name: 'staleStamp' },
    });
    scene.loggedOut('south', 'supervisor');
    scene.tell({ type: 'expire' });
    expect(scene.desk).toEqual(before);
  });
});
