import { DoubleWatch } from '../double-watch.ts';
import type { LiveLab } from '../live-lab.ts';
import { callsAreAnswered, describe, movedExactly, moveMax } from './scenario.ts';

/**
 * The site accepts nothing and says nothing, then goes on as if nothing had been: its buffers are full of old
 * answers to its stamps, and none of them may make an agent routable there again (LL1).
 */
export async function hungSite(lab: LiveLab): Promise<void> {
  const watch = new DoubleWatch(lab.supervisorAccess());
  await watch.start();
  try {
    await callsAreAnswered(lab, 4);
    const since = lab.now();
    lab.hang('north');
    await movedExactly(lab, { from: 'north', to: 'south', since });
    lab.resume('north');
    await lab.until(3000, () => false);
    const isSomewhere = (robot: LiveLab['robots'][number]) =>
      lab.worksAt(robot, 'south') || lab.worksAt(robot, robot.options.home);
    await lab.until(moveMax(lab), () => lab.robots.every(isSomewhere));
    const lost = lab.robots.filter((robot) => !isSomewhere(robot));
    lab.check(
      'all-work-after-it-goes-on',
      lost.length === 0,
      lost.length === 0 ? `${lab.robots.length} work` : lost.map(describe).join('; '),
    );
    await callsAreAnswered(lab, 4);
    const doubles = new Set(watch.doubles);
    lab.check(
      'nobody-routable-twice',
      doubles.size === 0 && watch.rounds > 20,
      doubles.size === 0 ? `${watch.rounds} looks at both sites` : [...doubles].join(', '),
    );
  } finally {
    watch.stop();
  }
}
