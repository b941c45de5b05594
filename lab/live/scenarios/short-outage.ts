import type { LiveLab } from '../live-lab.ts';
import { allReady, allWorkAt, callsAreAnswered, home, stayed } from './scenario.ts';

/** The site comes back within the time-out: everybody logs in there again, nobody has moved ([D7]). */
export async function shortOutage(lab: LiveLab): Promise<void> {
  const since = lab.now();
  const atNorth = lab.robots.filter((robot) => robot.options.home === 'north').length;
  lab.kill('north');
  await lab.restore('north');
  const awayMs = lab.now() - since;
  lab.check(
    'outage-is-short',
    awayMs < 1000 * lab.options.times.siteTimeoutS,
    `the site was away for ${Math.round(awayMs)} ms`,
  );
  await allWorkAt(lab, 'all-at-home-again', home);
  stayed(lab, 'nobody-moved', { robots: lab.robots, since });
  allReady(lab, atNorth);
  await callsAreAnswered(lab, 4);
}
