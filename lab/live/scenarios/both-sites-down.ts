import type { LiveLab } from '../live-lab.ts';
import { allReady, callsAreAnswered, describe, moveMax } from './scenario.ts';

/** DS19, [D1]: south comes back first and gets everybody, north's agents too; later north gets its own back. */
export async function bothSitesDown(lab: LiveLab): Promise<void> {
  lab.kill('north');
  lab.kill('south');
  const wholly = 1000 * lab.options.times.siteTimeoutS + 1000;
  await lab.until(wholly, () => false);
  const working = lab.robots.filter((robot) => robot.view?.site !== null);
  lab.check(
    'nobody-pretends',
    working.length === 0,
    working.length === 0 ? 'nobody is shown as logged in' : working.map(describe).join('; '),
  );
  await lab.restore('south');
  await lab.until(moveMax(lab), () => lab.robots.every((robot) => lab.worksAt(robot, 'south')));
  const missing = lab.robots.filter((robot) => !lab.worksAt(robot, 'south'));
  lab.check(
    'all-at-first-site-back',
    missing.length === 0,
    missing.length === 0 ? `${lab.robots.length} at south` : missing.map(describe).join('; '),
  );
  await callsAreAnswered(lab, 4);
  await lab.restore('north');
  const isHome = (robot: LiveLab['robots'][number]) => lab.worksAt(robot, robot.options.home);
  await lab.until(moveMax(lab), () => lab.robots.every(isHome));
  const away = lab.robots.filter((robot) => !isHome(robot));
  lab.check(
    'all-at-home-again',
    away.length === 0,
    away.length === 0 ? `${lab.robots.length} at home` : away.map(describe).join('; '),
  );
  allReady(lab);
}
