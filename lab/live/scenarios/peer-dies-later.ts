import type { LiveLab } from '../live-lab.ts';
import { callsAreAnswered, describe, movedExactly, moveMax } from './scenario.ts';

/** Agents who have moved to the other site lose that one too, when the first is back: they go home. */
export async function peerDiesLater(lab: LiveLab): Promise<void> {
  const since = lab.now();
  lab.kill('north');
  await movedExactly(lab, { from: 'north', to: 'south', since });
  await lab.restore('north');
  lab.kill('south');
  await lab.until(moveMax(lab), () => lab.robots.every((robot) => lab.worksAt(robot, 'north')));
  const missing = lab.robots.filter((robot) => !lab.worksAt(robot, 'north'));
  lab.check(
    'all-at-north',
    missing.length === 0,
    missing.length === 0 ? `${lab.robots.length} at north` : missing.map(describe).join('; '),
  );
  await callsAreAnswered(lab, 4);
}
