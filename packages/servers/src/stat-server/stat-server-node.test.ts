import { expect, test } from 'vitest';
import { type CentreWorld, centreWorld } from '../sip-server/testing/centre-world.ts';
import { SECRET, StatDesk, StatSite } from './testing/stat-world.ts';

interface StatWorld extends CentreWorld {
  readonly stat: StatSite;
  readonly desk: StatDesk;
}

/** A SIP Server with phones and agents, a Stat Server that follows it, and a board that has subscribed to all. */
function statWorld(): StatWorld {
  const centre = centreWorld({}, { serverSecret: SECRET });
  const stat = new StatSite(centre.world, { 'sip-north': centre.site });
  centre.world.run(100);
  const desk = new StatDesk(stat);
  expect(desk.open({ token: 'token sue' })).toBe('Opened');
  expect(desk.outcome({ type: 'Subscribe', objectType: 'Agent' })).toBe('Subscribed');
  expect(desk.outcome({ type: 'Subscribe', objectType: 'Queue' })).toBe('Subscribed');
  return { ...centre, stat, desk };
}

const current = { isCurrent: true };

test('[SV1] an agent who logs in, takes a break and leaves is seen so by whoever has subscribed', () => {
  const { world, desk, phone, agent } = statWorld();
  expect(desk.agent('ada')).toMatchObject({ status: 'LoggedOut', site: 'north', source: current });
  phone('7001');
  const ada = agent('ada', '7001');
  world.run(1_000);
  expect(desk.agent('ada')).toMatchObject({
    status: 'WaitForNextCall',
    login: { AgentID: '1001', dn: '7001', place: 'place 7001', queues: ['8000', '8001'] },
  });
  expect(desk.queue('8000@switch-north')).toMatchObject({ agentsLoggedIn: 1, agentsReady: 1 });
  ada.ask({ type: 'AgentNotReady', dn: '7001', reasons: { ReasonCode: 'lunch' } });
  world.run(5_000);
  expect(desk.agent('ada')).toMatchObject({
    status: 'NotReadyForNextCall',
    reasons: { ReasonCode: 'lunch' },
  });
  expect(desk.agent('ada').sinceMs).toBeGreaterThanOrEqual(5_000);
  expect(desk.agent('ada').sinceMs).toBeLessThan(5_100);
  expect(desk.queue('8000@switch-north')).toMatchObject({ agentsLoggedIn: 1, agentsReady: 0 });
  ada.ask({ type: 'AgentLogout', dn: '7001' });
  world.run(1_000);
  expect(desk.agent('ada').status).toBe('LoggedOut');
  expect(desk.agent('ada').login).toBeUndefined();
  expect(desk.queue('8000@switch-north')).toMatchObject({ agentsLoggedIn: 0 });
});
