import type { LiveLab } from '../live-lab.ts';
import { allReady, callsAreAnswered, describe, moveMax, nobodyMoved } from './scenario.ts';

/** The site comes back within the time-out: everybody logs in there again, nobody has moved ([D7]). */
export async function shortOutage(lab: LiveLab): Promise<void> {
  const since = lab.now();
  lab.kill('north');
  await lab.restore('north');
  const awayMs = lab.now() - since;
  lab.check(
    'outage-is-short',
    awayMs < 1000 * lab.options.times.siteTimeoutS,
    `the site was away for ${Math.round(awayMs)} ms`,
  );
  const isHome = (robot: LiveLab['robots'][number]) => lab.worksAt(robot, robot.options.home);
  await lab.until(moveMax(lab), () => lab.ledger.waiting === 0 && lab.robots.every(isHome));
  const away = lab.robots.filter((robot) => !isHome(robot));
  lab.check(
    'all-at-home-again',
    away.length === 0,
    away.length === 0 ? `${lab.robots.length} at home` : away.map(describe).join('; '),
  );
  nobodyMoved(lab, since);
  allReady(lab);
  await callsAreAnswered(lab, 4);
}
