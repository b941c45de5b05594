import type { LiveLab } from '../live-lab.ts';
import { allReady, allWorkAt, callsAreAnswered, describe, home } from './scenario.ts';

/** DS19, [D1]: south comes back first and gets everybody, north's agents too; later north gets its own back. */
export async function bothSitesDown(lab: LiveLab): Promise<void> {
  lab.kill('north');
  lab.kill('south');
  const wholly = 1000 * lab.options.times.siteTimeoutS + 1000;
  await lab.until(wholly, () => false);
  const working = lab.robots.filter((robot) => robot.view?.site !== null);
  lab.check(
    'nobody-pretends',
    lab.robots.length > 0 && working.length === 0,
    working.length === 0
      ? `none of ${lab.robots.length} is shown as logged in`
      : working.map(describe).join('; '),
  );
  await lab.restore('south');
  await allWorkAt(lab, 'all-at-first-site-back', () => 'south');
  await callsAreAnswered(lab, 4);
  await lab.restore('north');
  await allWorkAt(lab, 'all-at-home-again', home);
  allReady(lab, lab.robots.length);
}
