import { describe, expect, it } from 'vitest';
import { isReturnHeldUp } from './desk-site-wait.ts';
import { leaseWithMargin } from './login-lease.ts';
import { by, LENGTH, moved, NEVER, timeouts, working } from './test-desk-site.ts';

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
    expect(isReturnHeldUp(scene.desk)).toBe(true);
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

  it('[DS17] [LL4] asked for while it waits at a lost site: it goes as soon as the lease there has ended', () => {
    const because = { rule: 'DS17', text: 'The agent asked for the move.' };
    const never = timeouts({ siteTimeoutMs: NEVER, phoneTimeoutMs: NEVER });
    const scene = working({ timeouts: never }).at(1_000).stamp('north').off('north').at(2_000).stamp('south');
    expect(scene.tell({ type: 'move', to: 'north', because }).stands).toBe('waiting north');
    expect(scene.tell({ type: 'move', to: 'east', because }).stands).toBe('waiting north');
    expect(scene.tell({ type: 'move', to: 'south', because }).stands).toBe('seeking');
    expect(scene.decisions('move')).toMatchObject([{ site: 'south', because }]);
    expect(scene.at(1_000 + leaseWithMargin(LENGTH) - 1).stands).toBe('seeking');
    expect(scene.at(1_000 + leaseWithMargin(LENGTH)).admit().stands).toBe('serving south');
  });

  it('[DS17] who has moved on request stays, until the preferred site has been away and is back', () => {
    const because = { rule: 'DS17', text: 'The agent asked for the move.' };
    const scene = working().at(1_000);
    scene.tell({ type: 'move', to: 'south', because }).loggedOut('north', 'agent').admit();
    expect(scene.at(500_000).stands).toBe('serving south');
    scene.phone('north', false).at(510_000).stamp('south').phone('north', true);
    expect(scene.stands).toBe('withdrawing');
    expect(scene.decisions('return')).toMatchObject([{ because: { rule: 'DS15' } }]);
  });
});
