import type { LiveLab } from '../live-lab.ts';
import { callsAreAnswered, describe, movedExactly, moveMax } from './scenario.ts';

/** DS15: with auto-restore, and once the phone is in service at home again. */
export async function siteReturn(lab: LiveLab): Promise<void> {
  const since = lab.now();
  lab.kill('north');
  await movedExactly(lab, { from: 'north', to: 'south', since });
  await lab.restore('north');
  const isHome = (robot: LiveLab['robots'][number]) => lab.worksAt(robot, robot.options.home);
  await lab.until(moveMax(lab), () => lab.robots.every(isHome));
  const away = lab.robots.filter((robot) => !isHome(robot));
  lab.check(
    'all-returned',
    away.length === 0,
    away.length === 0 ? `${lab.robots.length} at home` : away.map(describe).join('; '),
  );
  const returned = new Set(
    lab.watch.decisions.filter(({ because }) => because.rule.startsWith('DS15')).map(({ agent }) => agent),
  );
  const movers = lab.robots.filter((robot) => robot.options.home === 'north');
  const withoutReason = movers.filter((robot) => !returned.has(robot.name));
  lab.check(
    'returned-by-rule',
    withoutReason.length === 0,
    withoutReason.length === 0
      ? `${movers.length} by DS15`
      : withoutReason.map((robot) => robot.name).join(', '),
  );
  await callsAreAnswered(lab, 4);
}
