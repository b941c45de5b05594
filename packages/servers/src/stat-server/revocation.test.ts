import { expect, test } from 'vitest';
import { World } from '../sip-server/testing/server-world.ts';
import { StatDesk, StatSite, statConfiguration } from './testing/stat-world.ts';

test('[ID3] whose log-in is revoked is told so and sent away, and comes back by a newer token alone', () => {
  const world = new World();
  const stat = new StatSite(world, {});
  const [former, newer] = [new StatDesk(stat), new StatDesk(stat)];
  former.open({ token: 'token bob 5' });
  newer.open({ token: 'token bob 6' });
  const persons = new Map([['bob', { rank: 'agent', tokensNotBefore: 6 }]] as const);
  stat.input({ type: 'configuration', configuration: statConfiguration({ revision: 'r2', persons }) });
  world.run(10);
  expect(former.replies.at(-1)).toMatchObject({ type: 'Error', code: 'token-revoked' });
  expect(former.closedBecause).toContain('revoked');
  expect(newer.closedBecause).toBeUndefined();
  const again = new StatDesk(stat);
  expect(again.open({ token: 'token bob 5' })).toBe('token-revoked');
  expect(again.open({ token: 'token bob 6' })).toBe('Opened');
});

test('[ID1] an auditor sees all agents at a Stat Server', () => {
  const stat = new StatSite(new World(), {});
  const persons = new Map([['ada', { rank: 'auditor' }]] as const);
  stat.input({ type: 'configuration', configuration: statConfiguration({ revision: 'r2', persons }) });
  const auditor = new StatDesk(stat);
  auditor.open({ token: 'token ada' });
  expect(auditor.outcome({ type: 'Subscribe', objectType: 'Agent' })).toBe('Subscribed');
});
