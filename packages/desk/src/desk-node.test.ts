import { describe, expect, it } from 'vitest';
import { World, type WorldOptions } from './test-world.ts';

const CALL = { ConnID: 'c1', CallType: 'Inbound', state: 'Established', UserData: {}, sinceMs: 0 } as const;

/** Ready at north, connected to south. */
function ready(options: WorldOptions = {}): World {
  const world = new World(options).tell({ type: 'ready' }).run(1_000);
  expect(world.view).toMatchObject({ state: 'Ready', site: 'north', banner: '', wait: null });
  return world;
}

/** Ready at south after the loss of north. */
function moved(options: WorldOptions = {}): World {
  const world = ready(options).kill('north').run(8_000);
  expect(world.view).toMatchObject({ state: 'Ready', site: 'south' });
  return world;
}

describe('starting', () => {
  it('[DS7] one login, a basic connection with the DN registered at the other site', () => {
    const world = ready();
    expect(world.north.agent).toMatchObject({ queues: ['6001'], state: 'Ready' });
    expect(world.south.agent).toBeUndefined();
    expect(world.south.requests('RegisterAddress')).toHaveLength(1);
    expect(world.south.requests('AgentLogin')).toEqual([]);
    expect(world.south.requests('StampAnswer')).toEqual([]);
    expect(world.view?.phoneAt).toEqual(['north', 'south']);
  });

  it('[DS5] the preferred Configuration Server once, then the peer, without a pause', () => {
    const world = new World();
    world.kill('north').run(20);
    expect(world.effects.filter((effect) => effect.type === 'connect').slice(0, 2)).toMatchObject([
      { kind: 'configuration', port: 1 },
      { kind: 'configuration', port: 2 },
    ]);
    expect(world.south.requests('LogIn')).toHaveLength(1);
    // The preferred site never stood: it is lost from its first failed attempt (DS6).
    world.tell({ type: 'ready' }).run(4_900);
    expect(world.south.agent).toBeUndefined();
    expect(world.run(300).view).toMatchObject({ state: 'Ready', site: 'south' });
  });

  it('[LL7] the epoch is stored before the log-in is sent', () => {
    const world = ready();
    const order = world.effects.filter(
      (effect) =>
        effect.type === 'persist' || (effect.type === 'send' && effect.message.type === 'AgentLogin'),
    );
    expect(order.map((effect) => effect.type)).toEqual(['persist', 'send']);
    expect(order[0]).toMatchObject({ site: 'north', epoch: world.north.agent?.epoch });
  });

  it('[LL8] a fresh desk waits one lease and margin from its start, and says so', () => {
    const world = new World({ firstLogin: 'wait' }).run(2_000);
    expect(world.north.requests('AgentLogin')).toEqual([]);
    expect(world.view?.wait).toMatchObject({ until: 2_100, option: { name: 'lease-length' } });
    world.run(200);
    expect(world.view).toMatchObject({ site: 'north', isUnconfirmed: true });
  });

  it('[DS5] a wrong password is said once and not repeated', () => {
    const world = new World({ password: 'wrong' }).run(60_000);
    expect(world.north.requests('LogIn')).toHaveLength(1);
    expect(world.south.requests('LogIn')).toEqual([]);
    expect(world.view).toMatchObject({
      state: 'LoggedOut',
      banner: 'You are not let in: refused: wrong-password',
    });
  });
});

describe('the site dies', () => {
  it('[DS8a] after the time-out the agent is Ready at the other site, by token', () => {
    const world = ready().kill('north').run(4_900);
    expect(world.view).toMatchObject({
      state: 'LoggedOut',
      site: null,
      wait: { option: { name: 'disaster-recovery.timeout' } },
    });
    world.run(200);
    expect(world.view).toMatchObject({ state: 'Ready', site: 'south' });
    expect(world.south.requests('LogIn')).toEqual([]);
    expect(world.south.requests('LogInByToken')).toHaveLength(1);
    const at = (fact: string) => world.facts(fact).at(-1)?.at;
    expect(at('detected')).toBe(1_001);
    expect(at('decided')).toBe(6_001);
    expect(world.facts('decided').at(-1)).toMatchObject({
      governedBy: 'disaster-recovery.timeout',
      site: 'north',
    });
    expect(at('loggedIn')).toBe(6_003);
    expect(at('ready')).toBe(6_005);
    expect(world.south.agent?.epoch.number).toBeGreaterThan(1_700_000_000_000);
  });

  it('[D7] [DS8a] a short outage moves nobody, and the login that still stands is used again', () => {
    const world = ready().hang('north').run(3_000).goOn('north').run(10_000);
    expect(world.north.requests('AgentLogin')).toHaveLength(1);
    expect(world.decisions('leave')).toEqual([]);
    expect(world.view).toMatchObject({ state: 'Ready', site: 'north' });
    expect(world.north.isRoutable(world.now)).toBe(true);
  });

  it('[DS8a] a site that restarts in time has forgotten the login: again there, Ready', () => {
    const world = ready().kill('north').run(2_000).start('north').run(3_000);
    expect(world.decisions('leave')).toEqual([]);
    expect(world.north.requests('AgentLogin')).toHaveLength(2);
    expect(world.view).toMatchObject({ state: 'Ready', site: 'north' });
  });

  it('[D4] two losses inside one time-out', () => {
    const world = ready();
    for (let flap = 0; flap < 2; flap++) world.kill('north').run(2_000).start('north').run(2_500);
    expect(world.run(10_000).view).toMatchObject({ state: 'Ready', site: 'north' });
    expect(world.decisions('leave')).toEqual([]);
  });

  it('[LL4] a hung site, continued later: never routable at two sites', () => {
    const world = ready().hang('north').run(30_000);
    expect(world.view).toMatchObject({ state: 'Ready', site: 'south' });
    // north still believes that the agent is there, under a lease that has long ended.
    expect(world.north.agent?.state).toBe('Ready');
    world.goOn('north').run(5);
    expect(world.north.isRoutable(world.now)).toBe(false);
    world.run(20_000);
  });

  it('[LL4] [LL2] hung and continued at every moment around the move', () => {
    for (let pause = 5_000; pause < 8_500; pause += 130) {
      const world = ready({ seed: pause }).hang('north').run(pause).goOn('north').run(15_000);
      expect(world.view).toMatchObject({ state: 'Ready', site: 'north' });
    }
  });

  it('[D9] a refusal is no loss of the site', () => {
    const world = new World();
    world.north.refuseLogin = { code: 'overloaded', retryAfterMs: 2_000 };
    world.tell({ type: 'ready' }).run(1_500);
    expect(world.view?.notice).toContain('overloaded');
    expect(world.run(2_000).view).toMatchObject({ state: 'Ready', site: 'north' });
    expect(world.decisions('leave')).toEqual([]);
  });
});

describe('the configuration link', () => {
  it('[DS16] lost alone: no call and no login is touched, and it is tried again at its site', () => {
    const world = ready();
    world.tell({ type: 'closed', connection: 'configuration#1', how: 'reset by peer' }).run(4_000);
    expect(world.view).toMatchObject({ state: 'Ready', site: 'north' });
    expect(world.view?.links.find((link) => link.kind === 'configuration')).toMatchObject({
      site: 'north',
      state: 'on',
    });
    expect(world.decisions('leave')).toEqual([]);
  });
});

describe('the phone', () => {
  it('[DS11] lost and back in time: same site', () => {
    const world = ready();
    world.north.setPhone(false);
    world.run(2_000);
    expect(world.view?.banner).toContain('Your phone is not registered');
    world.north.setPhone(true);
    expect(world.run(1_000).view).toMatchObject({ state: 'Ready', site: 'north' });
    expect(world.decisions('leave')).toEqual([]);
  });

  it('[DS8b] not back in time: the other site', () => {
    const world = ready();
    world.north.setPhone(false);
    expect(world.run(3_100).view).toMatchObject({ state: 'Ready', site: 'south' });
    expect(world.decisions('leave')).toMatchObject([
      { because: { rule: 'DS8b', option: { name: 'disaster-recovery.wait-for-sipphone-timeout' } } },
    ]);
  });

  it('[DS9] the phone without a cause: the desk stays', () => {
    const world = new World();
    world.south.setPhone(false);
    world.tell({ type: 'ready' }).run(1_000);
    world.south.setPhone(true);
    expect(world.run(20_000).view).toMatchObject({ site: 'north', phoneAt: ['north', 'south'] });
  });

  it('[DS9] a cause without the phone: waits for it, and says so', () => {
    const world = new World();
    world.south.setPhone(false);
    world.tell({ type: 'ready' }).run(1_000).kill('north').run(20_000);
    expect(world.view).toMatchObject({
      site: null,
      banner: expect.stringContaining('Waiting until a site has your phone'),
    });
    world.south.setPhone(true);
    expect(world.run(100).view).toMatchObject({ state: 'Ready', site: 'south' });
  });

  it('[C56] the agent of a lost phone is never shown as available', () => {
    const world = ready();
    world.north.setPhone(false);
    expect(world.run(10).view).toMatchObject({ state: 'LoggedOut', site: null });
  });
});

describe('both sites down', () => {
  it.each(['north', 'south'] as const)(
    '[DS19] [D1] [C21] %s comes back first and gets the agent',
    (first) => {
      const world = ready().kill('north').kill('south').run(60_000);
      expect(world.view?.state).toBe('LoggedOut');
      world.start(first).run(5_000);
      expect(world.view).toMatchObject({ state: 'Ready', site: first });
    },
  );
});

describe('return', () => {
  it('[DS15] with auto-restore, when the site is back', () => {
    const world = moved().start('north').run(5_000);
    expect(world.view).toMatchObject({ state: 'Ready', site: 'north' });
    expect(world.decisions('return')).toMatchObject([{ because: { rule: 'DS15' } }]);
    expect(world.south.agent).toBeUndefined();
  });

  it('[DS15] not during a call; afterwards at once', () => {
    const world = moved();
    world.south.callEvent('EventRinging', 'c9');
    world.south.callEvent('EventEstablished', 'c9');
    world.start('north').run(10_000);
    expect(world.view).toMatchObject({
      site: 'south',
      calls: [{ ConnID: 'c9', state: 'Established', UserData: { topic: 'roof' } }],
    });
    expect(world.view?.banner).toContain('is back');
    world.south.callEvent('EventReleased', 'c9');
    expect(world.run(1_000).view).toMatchObject({ site: 'north', calls: [] });
  });

  it('[DS15] without auto-restore the desk stays', () => {
    const world = moved({ options: { 'disaster-recovery.auto-restore': 'false' } })
      .start('north')
      .run(60_000);
    expect(world.view).toMatchObject({ state: 'Ready', site: 'south' });
  });

  it('[D6] after a long stay at the peer', () => {
    const world = moved().run(600_000).start('north').run(10_000);
    expect(world.view).toMatchObject({ state: 'Ready', site: 'north' });
  });
});

describe('the state', () => {
  it('[D36] [DS13] NotReady with its reason comes back as it was', () => {
    const world = ready()
      .tell({ type: 'notReady', reason: 'lunch', workMode: 'AuxWork' })
      .run(100)
      .kill('north')
      .run(6_000);
    expect(world.view).toMatchObject({
      site: 'south',
      state: 'NotReady',
      workMode: 'AuxWork',
      reasons: { ReasonCode: 'lunch' },
    });
  });

  it('[DS13] restore-agent-state false: NotReady', () => {
    const world = ready({ options: { 'disaster-recovery.restore-agent-state': 'false' } })
      .kill('north')
      .run(8_000);
    expect(world.view).toMatchObject({ site: 'south', state: 'NotReady' });
  });

  it('[C62] [DS13] Ready is held back until the window is closed', () => {
    const world = ready().tell({ type: 'windowOpen', window: 'w1' }).kill('north').run(8_000);
    expect(world.view).toMatchObject({ site: 'south', state: 'NotReady', isStateHeldBack: true });
    expect(world.tell({ type: 'windowClosed', window: 'w1' }).run(100).view).toMatchObject({
      state: 'Ready',
      isStateHeldBack: false,
    });
  });

  it('[D37] a choice made while there is no login wins', () => {
    const world = ready().kill('north').run(1_000).tell({ type: 'notReady', reason: 'home' }).run(7_000);
    expect(world.view).toMatchObject({ site: 'south', state: 'NotReady', reasons: { ReasonCode: 'home' } });
  });

  it('[DS14] a call at the lost site: NotReady until it is over [D32]', () => {
    const world = ready();
    world.north.calls = [CALL];
    world.north.callEvent('EventRinging', 'c1');
    world.north.callEvent('EventEstablished', 'c1');
    world.run(100).kill('north').run(8_000);
    expect(world.view).toMatchObject({
      site: 'south',
      state: 'NotReady',
      reasons: { ReasonCode: 'call-at-lost-site' },
      calls: [],
    });
    expect(world.south.requests('AgentLogin')).toMatchObject([{ hasCall: true }]);
    expect(world.tell({ type: 'callOver' }).run(100).view).toMatchObject({ state: 'Ready' });
  });

  it('[DS14] a call that the other site has taken over is shown with its time, and holds nothing back (AD1)', () => {
    const world = ready();
    world.north.calls = [CALL];
    world.north.callEvent('EventRinging', 'c1');
    world.north.callEvent('EventEstablished', 'c1');
    world.run(100).kill('north').run(8_000);
    const asked = world.south.requests('AgentReady').length;
    world.south.callEvent('EventEstablished', 'c1', { Adopted: true, EstablishedMs: 60_000 });
    world.run(100);
    expect(world.south.requests('AgentReady')).toHaveLength(asked + 1);
    const call = world.view?.calls[0];
    expect(call).toMatchObject({ ConnID: 'c1', state: 'Established', site: 'south' });
    expect(world.now - (call?.since ?? 0)).toBeGreaterThanOrEqual(60_000);
  });

  it('[DS14] a call that is over before the loss is noticed holds nothing back', () => {
    const world = ready();
    world.north.calls = [CALL];
    world.north.callEvent('EventRinging', 'c1');
    world.north.callEvent('EventEstablished', 'c1');
    world.run(100).hang('north').run(50).tell({ type: 'callOver' }).run(30_000);
    expect(world.view).toMatchObject({ site: 'south', state: 'Ready', isStateHeldBack: false });
  });

  it('[DS14] a call that is over before the desk is logged in again holds nothing back', () => {
    const world = ready();
    world.north.calls = [CALL];
    world.north.callEvent('EventRinging', 'c1');
    world.north.callEvent('EventEstablished', 'c1');
    world.run(100).kill('north').run(1_000).tell({ type: 'callOver' }).run(8_000);
    expect(world.view).toMatchObject({ site: 'south', state: 'Ready', isStateHeldBack: false });
  });
});

describe('logged out', () => {
  it.each([
    [undefined, 'You have logged out.'],
    ['supervisor_logout', 'A supervisor has logged you out (supervisor_logout).'],
    ['configuration', 'the reason "configuration" is not known here'],
  ])('[DS12] by %s: the desk does nothing but say so', (reason, words) => {
    const world = ready();
    world.north.logOut(reason);
    world.run(60_000);
    expect(world.north.requests('AgentLogin')).toHaveLength(1);
    expect(world.view).toMatchObject({
      state: 'LoggedOut',
      banner: expect.stringContaining(words),
    });
    expect(world.tell({ type: 'login' }).run(1_000).view).toMatchObject({ site: 'north' });
  });

  it('[DS8c] by a graceful shutdown: at once at the other site', () => {
    const world = ready();
    world.north.logOut('graceful_shutdown_logout');
    expect(world.run(20).view).toMatchObject({ state: 'Ready', site: 'south' });
  });

  it('[DS8c] by a graceful shutdown: not back before it is taken back, also when the connection was lost meanwhile', () => {
    const world = ready();
    world.north.shutDown(true);
    expect(world.run(20).view).toMatchObject({ state: 'Ready', site: 'south' });
    world.run(10_000).cut('north', 'down').run(10_000).heal('north').run(60_000);
    expect(world.view).toMatchObject({ state: 'Ready', site: 'south' });
    expect(world.north.requests('AgentLogin')).toHaveLength(1);
    expect(world.south.requests('AgentLogout')).toEqual([]);
    world.north.shutDown(false);
    expect(world.run(5_000).view).toMatchObject({ state: 'Ready', site: 'north' });
  });

  it('[DS12] by the agent, also while the link is lost', () => {
    const world = ready()
      .hang('north')
      .run(3_000)
      .tell({ type: 'logout' })
      .run(1_000)
      .goOn('north')
      .run(5_000);
    expect(world.view).toMatchObject({ state: 'LoggedOut', site: null });
    expect(world.north.agent).toBeUndefined();
    expect(world.south.requests('AgentLogin')).toEqual([]);
  });

  it('[LL7] by another desk with a higher epoch: stays out', () => {
    const world = ready();
    world.north.logOut('login-superseded');
    world.run(60_000);
    expect(world.north.requests('AgentLogin')).toHaveLength(1);
    expect(world.view?.banner).toContain('Another desk');
  });
});

describe('resuming', () => {
  it('[DS12] a logout that happened while the link was lost is heard with its reason', () => {
    const world = ready().cut('north', 'down').cut('north', 'up').run(2_000);
    world.north.logOut('supervisor_logout');
    world.run(100).heal('north').run(3_000);
    expect(world.view).toMatchObject({ state: 'LoggedOut', banner: expect.stringContaining('supervisor') });
    expect(world.north.requests('RegisterClient').at(-1)?.resume).toMatchObject({ epoch: 1_000 });
    expect(world.north.requests('AgentLogin')).toHaveLength(1);
  });

  it('[LL4] an event that comes a second time changes nothing', () => {
    const world = ready();
    const before = JSON.stringify(world.view);
    const Reasons = { LogoutReason: 'supervisor_logout' };
    const attributes = { Server: 'sip-north', ThisDN: '1001', AgentID: 'A1', Reasons };
    const event = {
      type: 'Event',
      position: { epoch: 1_000, number: 1 },
      time: 0,
      name: 'EventAgentLogout',
      attributes,
    } as const;
    world.tell({ type: 'message', connection: 'telephony:north#1', message: event });
    expect(JSON.stringify(world.view)).toBe(before);
  });
});

describe('refusals and odd words', () => {
  it('[LL1] a stale stamp: again with the next', () => {
    const world = new World();
    world.north.refuseLogin = { code: 'stale-stamp' };
    world.tell({ type: 'ready' }).run(1_500);
    expect(world.north.requests('AgentLogin')).toHaveLength(2);
    expect(world.view).toMatchObject({ state: 'Ready', site: 'north' });
  });

  it('[LL3] a site that has lost the login is logged in to with a higher epoch', () => {
    const world = ready();
    world.north.agent = undefined;
    expect(world.run(2_000).view).toMatchObject({ state: 'Ready', site: 'north' });
    const [first, second] = world.north.requests('AgentLogin');
    expect(second?.epoch.number).toBeGreaterThan(first?.epoch.number ?? 0);
  });

  it('[DS5] an expired token is renewed by password, and the agent does not notice for long', () => {
    const world = ready();
    world.south.token = 'token-2';
    world.north.token = 'token-2';
    world.kill('north').run(30_000);
    expect(world.view).toMatchObject({ state: 'Ready', site: 'south' });
    expect(world.south.requests('LogIn')).toHaveLength(1);
  });

  it('[LL1] words of a closed connection, of unknown requests and for another DN change nothing', () => {
    const world = ready().run(100);
    const before = JSON.stringify(world.view);
    const connection = 'telephony:north#1';
    world.tell({
      type: 'message',
      connection: 'telephony:north#0',
      message: { type: 'Error', code: 'not-logged-in', text: '' },
    });
    world.tell({ type: 'message', connection, message: { type: 'Done', ReferenceID: 999 } });
    world.tell({
      type: 'message',
      connection,
      message: { type: 'NotLoggedIn', dn: '9', epoch: { number: 1, desk: 'x' } },
    });
    world.tell({ type: 'closed', connection: 'telephony:south#77' });
    world.tell({ type: 'windowClosed', window: 'never opened' });
    expect(world.desk.expire(world.now)).toEqual([]);
    expect(JSON.stringify(world.view)).toBe(before);
    expect(world.run(5_000).view).toMatchObject({ state: 'Ready', site: 'north' });
  });

  it('[D42] desks of a dead site come back at different times', () => {
    const returns = [1, 2, 3, 4, 5].map((seed) => {
      const world = ready({ seed }).kill('south').run(1);
      const lost = world.effects.length;
      world.run(5_000);
      return world.effects
        .slice(lost)
        .find((effect) => effect.type === 'connect' && effect.port === 2 && effect.kind === 'telephony')?.at;
    });
    expect(new Set(returns).size).toBe(5);
  });

  it('[LH4] after a sleep of the machine the links are asked at once', () => {
    const world = ready();
    const before = world.effects.length;
    world.tell({ type: 'clockJumped', wallOffset: 1_800_000_000_000 });
    const pings = world.effects
      .slice(before)
      .filter((effect) => effect.type === 'send' && effect.message.type === 'Ping');
    expect(pings).toHaveLength(4);
  });

  it('[DS17] stop logs out and closes every connection', () => {
    const world = ready().tell({ type: 'stop' }).run(10_000);
    expect(world.north.agent).toBeUndefined();
    expect(world.desk.nextDeadline()).toBeUndefined();
    expect(world.effects.filter((effect) => effect.type === 'close')).toHaveLength(4);
  });
});
