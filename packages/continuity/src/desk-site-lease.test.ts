import { describe, expect, it } from 'vitest';
import { reportOf } from './desk-site-wait.ts';
import { by, Scene, timeouts, working } from './test-desk-site.ts';

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
    scene.tell({ type: 'loggedIn', site: 'north', epoch: { number: 1, desk: 'x' }, isConfirmed: false });
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
