import { describe, expect, it } from 'vitest';
import type { DeskSitePolicy } from './desk-site-types.ts';
import { leaseWithMargin } from './login-lease.ts';
import { by, LENGTH, moved, NEVER, POLICY, type Scene, timeouts, working } from './test-desk-site.ts';

const FREE = { calls: 0, afterCallWork: false, openWindows: 0 };
const TALKING = { ...FREE, calls: 1 };
const NO_RETURN = { autoRestore: { value: false, option: by('disaster-recovery.auto-restore', false) } };

function configure(scene: Scene, change: Partial<DeskSitePolicy>): Scene {
  return scene.tell({ type: 'policy', policy: { ...scene.desk.policy, ...change } });
}

const siteTimeout = (seconds: number) =>
  timeouts({ siteTimeoutMs: { value: 1000 * seconds, option: by('disaster-recovery.timeout', seconds) } });

const toSouth = {
  preferredSite: 'south',
  peerSite: 'north',
  preference: by('disaster-recovery.preferred-site', 'south'),
};

describe('[DS24] other options while the desk works', () => {
  it('what is waited for ends by the new time-out, and the decision says by which', () => {
    const scene = working().off('north').at(10_000);
    configure(scene, { timeouts: siteTimeout(20) });
    expect(scene.decisions('judgeAnew')).toMatchObject([
      {
        site: 'north',
        because: {
          rule: 'DS24',
          text: 'The wait at site north: now 20 (disaster-recovery.timeout), before 60 (disaster-recovery.timeout).',
          option: { name: 'disaster-recovery.timeout', value: '20' },
        },
      },
    ]);
    expect(scene.at(19_999).stands).toBe('waiting north');
    expect(scene.at(20_000).admit().stands).toBe('serving south');
  });

  it('a time-out that has passed already decides at once; one that is longer is waited for', () => {
    const scene = configure(working().off('north').at(10_000), { timeouts: siteTimeout(5) });
    expect(scene.decisions('leave')).toMatchObject([{ at: 10_000, because: { rule: 'DS8a' } }]);
    const patient = configure(working().off('north').at(10_000), { timeouts: siteTimeout(100) });
    expect(patient.at(99_999).stands).toBe('waiting north');
    expect(patient.at(100_000).admit().stands).toBe('serving south');
  });

  it('never, while it runs, is no end; and from never it runs from the loss on', () => {
    const never = timeouts({ siteTimeoutMs: NEVER });
    const scene = configure(working().off('north').at(10_000), { timeouts: never });
    expect(scene.decisions('judgeAnew')).toMatchObject([
      { because: { text: expect.stringContaining('now never (time-out), before 60'), option: NEVER.option } },
    ]);
    expect(scene.at(1e6).stands).toBe('waiting north');
    expect(configure(scene, { timeouts: siteTimeout(20) }).admit().stands).toBe('serving south');
    const text = 'The wait at site north: now 20 (disaster-recovery.timeout), before without an end.';
    expect(scene.decisions('judgeAnew').at(-1)).toMatchObject({ because: { text } });
  });

  it('nothing is told where nothing is waited for', () => {
    const scene = configure(working(), { timeouts: siteTimeout(20) });
    expect(scene.effects.filter(({ type }) => type === 'decide')).toHaveLength(1);
    expect(configure(scene.off('north').at(1_000), {}).decisions('judgeAnew')).toEqual([]);
  });

  it('with auto-restore switched on, an agent who works away returns', () => {
    const scene = moved(NO_RETURN).restart('north').on('north').at(200_000);
    expect(scene.stands).toBe('serving south');
    expect(configure(scene.stamp('south'), { autoRestore: POLICY.autoRestore }).stands).toBe('withdrawing');
  });

  it('a second site that comes to be known can be gone to', () => {
    const enabled = { value: false, option: by('disaster-recovery.enabled', false) };
    const scene = working({ enabled }, false);
    expect(Object.keys(scene.desk.sites)).toEqual(['north']);
    configure(scene.at(1_000), { enabled: POLICY.enabled });
    scene.on('south').off('north').at(61_000);
    expect(scene.admit().stands).toBe('serving south');
  });

  it('[LL4] a site that is none any more is remembered until its lease is in nobody’s way', () => {
    const enabled = { value: false, option: by('disaster-recovery.enabled', false) };
    const scene = moved().at(100_000).stamp('south').at(100_500).restart('north').on('north', false);
    configure(scene, { enabled });
    expect(scene.decisions('rehome')).toMatchObject([{ site: 'north', because: { rule: 'DS25' } }]);
    expect(Object.keys(scene.desk.sites)).toEqual(['north', 'south']);
    scene.at(101_000).stamp('south').phone('north', true);
    expect(scene.stands).toBe('withdrawing');
    // South does not answer the logout: what it was promised bars the log-in at north.
    expect(scene.at(101_000 + leaseWithMargin(LENGTH) - 1).stands).toBe('withdrawing');
    scene.at(101_000 + leaseWithMargin(LENGTH)).admit();
    expect(scene.stands).toBe('serving north');
    expect(Object.keys(scene.desk.sites)).toEqual(['north']);
  });
});

describe('[DS25] another preferred site', () => {
  it('the agent goes there, with the option that says so', () => {
    const scene = configure(working(NO_RETURN).at(1_000), toSouth);
    expect(scene.decisions('rehome')).toMatchObject([{ site: 'south', because: { rule: 'DS25' } }]);
    const because = {
      rule: 'DS25',
      text: 'The preferred site is now south, and no more north: the agent goes there when it is free.',
      option: { name: 'disaster-recovery.preferred-site' },
    };
    expect(scene.stands).toBe('withdrawing');
    expect(scene.decisions('return')).toMatchObject([{ site: 'south', because }]);
    expect(scene.loggedOut('north', 'agent').admit().at(1e6).stands).toBe('serving south');
    expect(scene.desk.rehoming).toBeUndefined();
  });

  it.each([TALKING, { ...FREE, afterCallWork: true }, { ...FREE, openWindows: 1 }])(
    'not while the agent is busy: %o',
    (busy) => {
      const scene = configure(working().at(1_000).tell({ type: 'busy', busy }), toSouth).at(200_000);
      expect(scene.stands).toBe('serving north');
      expect(scene.stamp('north').tell({ type: 'busy', busy: FREE }).stands).toBe('withdrawing');
    },
  );

  it('[RD1] it has to be ready there, for the steady time and this desk’s part of the window', () => {
    const damping = { ...POLICY.damping, steadyMs: { value: 3_000, option: by('return-steady-time', 3) } };
    const scene = working({ damping }, false).at(1_000);
    scene.slots.set('south', 500);
    scene.off('south').on('south', false);
    expect(configure(scene, toSouth).at(10_000).stands).toBe('serving north');
    scene.stamp('north').phone('south', true).at(13_499);
    expect(scene.stands).toBe('serving north');
    expect(scene.at(13_500).stands).toBe('withdrawing');
  });

  it('who works at the new one by failover stays, and is at home', () => {
    const scene = configure(moved(), toSouth);
    expect(scene.decisions('rehome')).toEqual([]);
    expect(scene.restart('north').on('north').at(1e6).stands).toBe('serving south');
  });

  it('who was moved on request goes too: the administrator’s word is the younger', () => {
    const because = { rule: 'DS17', text: 'The agent asked for the move.' };
    const scene = working().at(1_000).tell({ type: 'move', to: 'south', because });
    scene.loggedOut('north', 'agent').admit();
    configure(scene, toSouth);
    expect(scene.stands).toBe('serving south');
    expect(configure(scene, { preferredSite: 'north', peerSite: 'south' }).stands).toBe('withdrawing');
  });

  it('taken back before the agent was free, nothing moves', () => {
    const scene = configure(working().at(1_000).tell({ type: 'busy', busy: TALKING }), toSouth);
    configure(scene, { preferredSite: 'north', peerSite: 'south' });
    expect(scene.tell({ type: 'busy', busy: FREE }).at(1e6).stands).toBe('serving north');
  });

  it('whose login is lost waits as its rules say, and goes when it has one again', () => {
    const scene = configure(working().off('north').at(10_000), { ...toSouth });
    expect(scene.stands).toBe('waiting north');
    expect(scene.stamp('south').at(59_999).stands).toBe('waiting north');
    expect(scene.at(60_000).admit().stands).toBe('serving south');
    expect(scene.desk.rehoming).toBeUndefined();
  });

  it('who is logged out logs in there', () => {
    const scene = configure(working().tell({ type: 'logOut' }).at(1_000), toSouth);
    expect(scene.decisions('rehome')).toEqual([]);
    expect(scene.stamp('south').at(20_000).tell({ type: 'logIn' }).logins().at(-1)?.site).toBe('south');
  });
});
