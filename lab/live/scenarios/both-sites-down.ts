import type { LiveLab } from '../live-lab.ts';
import { decidedBecause } from './reasons.ts';
import { allReady, allWorkAt, callsAreAnswered, describe, home } from './scenario.ts';
import { eachFamilyAsItShould } from './site-is-back.ts';

/** DS19, [D1]: south comes back first and gets everybody, north's agents too; later north gets its own back, as DS15 says. */
export async function bothSitesDown(lab: LiveLab): Promise<void> {
  const since = lab.now();
  const ofNorth = lab.robots.filter((robot) => home(robot) === 'north');
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
  decidedBecause(
    lab,
    'north-left-by-site-timeout',
    { robots: ofNorth, since, at: 'north' },
    { what: 'leave', rule: 'DS8a', wait: 'site' },
  );
  await callsAreAnswered(lab, 4);
  const at = lab.now();
  await lab.restore('north');
  await eachFamilyAsItShould(lab, { site: 'north', from: 'south', at });
  allReady(lab, lab.robots.length);
}
