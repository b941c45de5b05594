import { describe, expect, it } from 'vitest';
import { attributesOf, centreWorld } from './testing/centre-world.ts';
import { Desk } from './testing/desk.ts';
import { configurationOf, WALL } from './testing/server-site.ts';

/** A registered phone for each of the three, and a desk for ada that is not logged in. */
function ready() {
  const centre = centreWorld();
  for (const number of ['7001', '7002', '7003']) centre.phone(number);
  const desk = new Desk(centre.site, 'ada');
  desk.register();
  desk.ask({ type: 'RegisterAddress', dn: '7001' });
  centre.board.news();
  return { ...centre, desk };
}

describe('a log-in', () => {
  it('[SS12] is answered by EventAgentLogin with the number of the request, and the board sees it without', () => {
    const { board, desk } = ready();
    expect(desk.login('7001')).toBe('EventAgentLogin');
    expect(attributesOf(desk.events, 'EventAgentLogin', '7001')).toMatchObject({
      AgentID: '1001',
      ThisQueue: '8000',
      WorkMode: 'AutoIn',
      Extensions: { Person: 'ada', Place: 'place 7001' },
    });
    expect(board.events.map(({ attributes }) => attributes.ReferenceID)).toEqual([undefined, undefined]);
    expect(board.news()).toEqual(['EventAgentLogin 7001', 'EventAgentReady 7001']);
  });

  it('[SS12] answers who asked, also one that has not registered for the DN', () => {
    const { desk } = ready();
    desk.ask({ type: 'UnregisterAddress', dn: '7001' });
    expect(desk.login('7001')).toBe('EventAgentLogin');
    expect(desk.events).toHaveLength(1);
  });

  it('[SS12] is refused with the code of what is wrong, and changes nothing', () => {
    const { world, site, board, desk } = ready();
    const epoch = { number: WALL, desk: 'd' };
    expect(desk.login('7777')).toBe('unknown-dn');
    expect(desk.login('8000', { AgentID: '1001' })).toBe('not-an-extension');
    expect(desk.login('7001', { AgentID: '9999' })).toBe('unknown-agent-login');
    expect(desk.login('7001', { AgentID: '1002' })).toBe('not-allowed');
    expect(desk.login('7001', { queues: ['8000', '8555'] })).toBe('unknown-queue');
    expect(desk.login('7001', { token: 'expired ada' })).toBe('token-expired');
    expect(desk.login('7001', { token: 'rubbish' })).toBe('token-invalid');
    expect(desk.login('7001', { token: 'token bob' })).toBe('token-invalid');
    expect(desk.login('7001', { token: 'token eve' })).toBe('account-disabled');
    expect(desk.login('7004', { AgentID: '1001' })).toBe('phone-out-of-service');
    expect(desk.login('7001', { stamp: { pairEpoch: 1, number: 1, at: 0 }, epoch })).toBe('stale-stamp');
    const old = desk.newestStamp;
    world.run(9_000);
    expect(desk.login('7001', { stamp: old })).toBe('stale-stamp');
    expect(desk.login('7001', { stamp: { ...desk.newestStamp, number: 10_000 } })).toBe('stale-stamp');
    expect(board.news()).toEqual([]);
    expect(site.node.parts.centre.agents()).toEqual([]);
    for (const reply of desk.replies) {
      // What is wrong, then what to do.
      if (reply.type === 'Error') expect(reply.text).toMatch(/^[^.;]+[.;] [^.]+\.$/);
    }
    expect(desk.login('7001')).toBe('EventAgentLogin');
  });

  it('[SS12] is refused where another agent is, and where this one is already', () => {
    const { site, desk } = ready();
    expect(desk.login('7001', { number: 50 })).toBe('EventAgentLogin');
    const bob = new Desk(site, 'bob');
    bob.register();
    expect(bob.login('7001', { AgentID: '1002' })).toBe('already-logged-in');
    // Once more at the same place: the epoch has been used.
    expect(desk.login('7001', { number: 50 })).toBe('epoch-too-low');
    expect(desk.replies.at(-1)).toMatchObject({ epoch: { number: 50 } });
    expect(desk.login('7002', { AgentID: '1001', number: 50 })).toBe('agent-elsewhere');
    const text = expect.stringMatching(/logged in on DN 7001 .*\. Log out there, or/);
    expect(desk.replies.at(-1)).toMatchObject({ epoch: { number: 50 }, text });
    // At the same place, and from another desk: who works there is not put out by an older log-in.
    const twin = new Desk(site, 'ada', 'session-twin');
    twin.register();
    expect(twin.login('7001', { number: 49 })).toBe('agent-elsewhere');
    // The higher epoch wins, and the former login is ended where it was.
    desk.news();
    desk.ask({ type: 'RegisterAddress', dn: '7002' });
    expect(desk.login('7002', { AgentID: '1001', number: 51 })).toBe('EventAgentLogin');
    const gone = attributesOf(desk.events, 'EventAgentLogout', '7001');
    expect(gone?.Reasons).toEqual({ LogoutReason: 'login-superseded' });
    expect(site.node.parts.centre.agents().map(({ dn }) => dn)).toEqual(['7002']);
  });

  it('[SS12] with a lower epoch than one that has ended is refused', () => {
    const { desk } = ready();
    desk.login('7001', { number: 50 });
    expect(desk.outcome({ type: 'AgentLogout', dn: '7001' })).toBe('EventAgentLogout');
    expect(desk.login('7001', { number: 49 })).toBe('epoch-too-low');
    expect(desk.login('7001', { number: 51 })).toBe('EventAgentLogin');
  });

  it('[SS13] of an epoch that was told NotLoggedIn is never admitted', () => {
    const { world, desk } = ready();
    const epoch = { number: 70, desk: 'd' };
    desk.send({ type: 'StampAnswer', dn: '7001', epoch, stamp: desk.newestStamp });
    world.run(10);
    expect(desk.replies.at(-1)).toEqual({ type: 'NotLoggedIn', dn: '7001', epoch });
    expect(desk.login('7001', { epoch })).toBe('epoch-too-low');
    expect(desk.login('7001', { epoch: { number: 69, desk: 'x' } })).toBe('epoch-too-low');
    expect(desk.replies.at(-1)).toMatchObject({ epoch });
    expect(desk.login('7001', { epoch: { number: 71, desk: 'd' } })).toBe('EventAgentLogin');
  });

  it('[SS13] is not hindered by what another person was told', () => {
    const { world, site, desk } = ready();
    const bob = new Desk(site, 'bob');
    bob.register();
    const epoch = { number: 9e12, desk: 'd' };
    bob.send({ type: 'StampAnswer', dn: '7001', epoch, stamp: bob.newestStamp });
    world.run(10);
    expect(bob.replies.at(-1)?.type).toBe('NotLoggedIn');
    expect(desk.login('7001', { number: 5 })).toBe('EventAgentLogin');
  });
});

describe('a login that stands', () => {
  it('[SS14] is routable while its stamps are answered, and again after a late answer', () => {
    const { world, site, caller, desk } = ready();
    desk.login('7001');
    const routable = () => site.node.parts.centre.agentOn('7001')?.routable;
    world.run(30_000);
    expect(routable()).toBe(true);
    const { answering } = desk;
    desk.answering = undefined;
    world.run(7_000);
    expect(routable()).toBe(true);
    world.run(4_000);
    expect(routable()).toBe(false);
    caller.tell({ name: 'call', to: '8001' });
    world.run(1_000);
    expect(desk.news()).not.toContain('EventRinging 7001');
    desk.answering = answering;
    world.run(2_100);
    expect(routable()).toBe(true);
    expect(desk.news()).toEqual(['EventRinging 7001']);
  });

  it('[SS14] gives back the call that rings there when its lease ends', () => {
    const { world, site, board, caller, desk, agent } = ready();
    desk.login('7001');
    world.run(100);
    desk.answering = undefined;
    world.run(1_500);
    caller.tell({ name: 'call', to: '8001' });
    world.run(9_000);
    // Nobody else is there: back in line.
    expect(desk.news().slice(-2)).toEqual(['EventRinging 7001', 'EventReleased 7001']);
    expect(site.node.parts.centre.queueSnapshots(world.now)[1]?.waiting).toHaveLength(1);
    board.news();
    agent('bob', '7002');
    world.run(100);
    expect(site.node.parts.centre.agentOn('7002')?.state).toBe('Ready');
    expect(caller.news()).toContain('progress 180');
  });

  it('[SS14] loses its lease with a jump of the clocks, and gets it back with a fresh stamp alone', () => {
    const { world, site, desk } = ready();
    desk.login('7001');
    const before = desk.newestStamp;
    site.input({ type: 'clockJumped', wallOffsetMs: WALL + 60_000 });
    const routable = () => site.node.parts.centre.agentOn('7001')?.routable;
    expect(routable()).toBe(false);
    desk.send({
      type: 'StampAnswer',
      dn: '7001',
      epoch: desk.answering?.epoch ?? { number: 0, desk: '' },
      stamp: before,
    });
    world.run(10);
    expect(routable()).toBe(false);
    world.run(2_000);
    expect(routable()).toBe(true);
  });

  it('[SS14] is stamped at once after RegisterClient, then every 2 s, also over a connection without login', () => {
    const { world, site } = ready();
    const bob = new Desk(site, 'bob');
    bob.register();
    expect(bob.stamps).toHaveLength(1);
    world.run(10_000);
    expect(bob.stamps).toHaveLength(1);
    bob.ask({ type: 'RegisterAddress', dn: '7002' });
    world.run(10_000);
    expect(bob.stamps).toHaveLength(6);
    const info = bob.replies.find(({ type }) => type === 'ServerInfo');
    expect(info).toMatchObject({ position: { epoch: bob.newestStamp.pairEpoch } });
  });

  it('[SS15] obeys its own agent and supervisors, by the rank of now, and nobody else', () => {
    const { site, desk, board } = ready();
    desk.login('7001');
    const bob = new Desk(site, 'bob');
    bob.register();
    expect(bob.outcome({ type: 'AgentNotReady', dn: '7001' })).toBe('not-allowed');
    expect(bob.outcome({ type: 'AgentLogout', dn: '7001' })).toBe('not-allowed');
    expect(bob.outcome({ type: 'MakeCall', dn: '7001', destination: '7002' })).toBe('not-allowed');
    expect(desk.outcome({ type: 'AgentNotReady', dn: '7001' })).toBe('EventAgentNotReady');
    expect(board.outcome({ type: 'AgentReady', dn: '7001' })).toBe('EventAgentReady');
    const persons = configurationOf().persons.map((person) =>
      person.name === 'sue' ? { ...person, rank: 'agent' as const } : person,
    );
    site.input({ type: 'configuration', configuration: configurationOf({ persons }) });
    // She watches all no longer (ID3), and comes back as an agent.
    expect(board.closedBecause).toContain('supervisors only');
    const sue = new Desk(site, 'sue');
    sue.register();
    expect(sue.outcome({ type: 'AgentNotReady', dn: '7001' })).toBe('not-allowed');
  });

  it('[SS15] is ended by a supervisor with supervisor_logout, or the reason that was given', () => {
    const { desk, board } = ready();
    desk.login('7001');
    expect(board.outcome({ type: 'AgentLogout', dn: '7001' })).toBe('EventAgentLogout');
    const first = attributesOf(desk.events, 'EventAgentLogout', '7001');
    expect(first?.Reasons).toEqual({ LogoutReason: 'supervisor_logout' });
    expect(first?.ReferenceID).toBeUndefined();
    desk.news();
    desk.login('7001');
    board.ask({ type: 'AgentLogout', dn: '7001', reasons: { LogoutReason: 'end of shift' } });
    expect(attributesOf(desk.events, 'EventAgentLogout', '7001')?.Reasons).toEqual({
      LogoutReason: 'end of shift',
    });
  });

  it('[SS15] carries every reason that the supervisor gave, also codes that no desk knows (DS12)', () => {
    const { desk, board } = ready();
    const given = [{ ReasonCode: 'audit' }, { LogoutReason: 'x-unheard-of', Note: 'ask at the front desk' }];
    for (const reasons of given) {
      desk.news();
      desk.login('7001');
      expect(board.outcome({ type: 'AgentLogout', dn: '7001', reasons })).toBe('EventAgentLogout');
      expect(attributesOf(desk.events, 'EventAgentLogout', '7001')?.Reasons).toEqual({
        LogoutReason: 'supervisor_logout',
        ...reasons,
      });
    }
  });

  it('[SS15] is not ended with a reason of the server’s own, upon which the desk would move', () => {
    const { site, desk, board } = ready();
    desk.login('7001');
    for (const LogoutReason of ['dr-force_logout', 'graceful_shutdown_logout', 'login-superseded']) {
      const logout = { type: 'AgentLogout', dn: '7001', reasons: { LogoutReason } } as const;
      expect(board.outcome(logout)).toBe('bad-message');
      expect(desk.outcome(logout)).toBe('bad-message');
    }
    expect(site.node.parts.centre.agentOn('7001')?.person).toBe('ada');
  });

  it('[SS15] is not ended by a late logout of a lower epoch', () => {
    const { desk } = ready();
    desk.login('7001', { number: 60 });
    desk.login('7001', { number: 61 });
    const late = { type: 'AgentLogout', dn: '7001', epoch: { number: 60, desk: desk.session } } as const;
    expect(desk.outcome(late)).toBe('not-logged-in');
    expect(desk.outcome({ type: 'AgentReady', dn: '7001' })).toBe('EventAgentReady');
  });
});
