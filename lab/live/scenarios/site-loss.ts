import type { LiveLab } from '../live-lab.ts';
import { decidedBecause } from './reasons.ts';
import { callsAreAnswered, home, lineIsServedInOrder, movedExactly } from './scenario.ts';

export async function siteLoss(lab: LiveLab): Promise<void> {
  const since = lab.now();
  lab.kill('north');
  await movedExactly(lab, { from: 'north', to: 'south', since });
  const movers = lab.robots.filter((robot) => home(robot) === 'north');
  decidedBecause(
    lab,
    'left-by-site-timeout',
    { robots: movers, since, at: 'north' },
    { what: 'leave', rule: 'DS8a', wait: 'site' },
  );
  await callsAreAnswered(lab, 4);
  await lineIsServedInOrder(lab, 'south');
}
