import type { LiveLab } from '../live-lab.ts';
import type { Robot } from '../robot.ts';
import { decidedBecause, decisionsOf } from './reasons.ts';
import { allReady, allWorkAt, callsAreAnswered, MOVES, movedExactly } from './scenario.ts';

/**
 * Agents who have moved to the other site lose that one too, when the first is back: all of them go to the first, in
 * either family, by the time-out as it stands at the site that they lose (DS1, DS8a).
 */
export async function peerDiesLater(lab: LiveLab): Promise<void> {
  const since = lab.now();
  lab.kill('north');
  await movedExactly(lab, { from: 'north', to: 'south', since });
  const back = lab.now();
  await lab.restore('north');
  const before = lab.ledger.rows.length;
  const later = lab.now();
  const atSouth = lab.robots.filter((robot) => robot.view?.site === 'south');
  lab.kill('south');
  await allWorkAt(lab, 'all-at-north', () => 'north');
  // Of those who belong there some were on their way already, and some went because their home was back (DS15).
  const goesHome = (robot: Robot) =>
    decisionsOf(lab, robot, back).some(({ at, what }) => (at < later ? MOVES.has(what) : what === 'return'));
  const stand = atSouth.filter((robot) => !goesHome(robot));
  decidedBecause(
    lab,
    'south-left-by-site-timeout',
    { robots: stand, since: later, at: 'south' },
    { what: 'leave', rule: 'DS8a', wait: 'site' },
    // Registered at one site at a time, it may have gone home in the moment between the return of the one and the loss.
    ({ options }) => (options.scheme === 'dual' ? undefined : { what: 'leave', rule: 'DS8b', wait: 'phone' }),
  );
  allReady(lab, before + atSouth.length);
  await callsAreAnswered(lab, 4);
}
