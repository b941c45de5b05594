import type { LiveLab } from '../live-lab.ts';
import { decidedBecause } from './reasons.ts';
import { allReady, allWorkAt, callsAreAnswered, movedExactly } from './scenario.ts';

/**
 * Agents who have moved to the other site lose that one too, when the first is back: all of them go to the first, in
 * either family, by the time-out as it stands at the site that they lose (DS1, DS8a).
 */
export async function peerDiesLater(lab: LiveLab): Promise<void> {
  const since = lab.now();
  lab.kill('north');
  await movedExactly(lab, { from: 'north', to: 'south', since });
  await lab.restore('north');
  const before = lab.ledger.rows.length;
  const later = lab.now();
  const atSouth = lab.robots.filter((robot) => robot.view?.site === 'south');
  lab.kill('south');
  await allWorkAt(lab, 'all-at-north', () => 'north');
  decidedBecause(
    lab,
    'south-left-by-site-timeout',
    { robots: atSouth, since: later, at: 'south' },
    { what: 'leave', rule: 'DS8a', wait: 'site' },
    // Registered at one site at a time, it may have gone home in the moment between the return of the one and the loss.
    ({ options }) => (options.scheme === 'dual' ? undefined : { what: 'leave', rule: 'DS8b', wait: 'phone' }),
  );
  allReady(lab, before + atSouth.length);
  await callsAreAnswered(lab, 4);
}
