import type { LiveLab } from '../live-lab.ts';
import { decidedBecause, decisionsOf } from './reasons.ts';
import { allReady, allWorkAt, callsAreAnswered, home, movedExactly, stayed } from './scenario.ts';

/**
 * DS15: the site is back, and no desk returns by itself. Who has a phone at both sites stays where it is; a phone that
 * goes back to its preferred site by itself takes its desk along, because of its absence (DS8b, DS9).
 */
export async function autoRestoreOff(lab: LiveLab): Promise<void> {
  const since = lab.now();
  lab.kill('north');
  await movedExactly(lab, { from: 'north', to: 'south', since });
  const movers = lab.robots.filter((robot) => home(robot) === 'north');
  decidedBecause(
    lab,
    'left-by-site-timeout',
    { robots: movers, since, at: 'north' },
    { what: 'leave', rule: 'DS8a', wait: 'site' },
  );
  const restoredAt = lab.now();
  await lab.restore('north');
  const settled = movers.filter(({ options }) => options.scheme === 'dual');
  const pulled = movers.filter((robot) => !settled.includes(robot));
  await allWorkAt(lab, 'where-the-phone-is', (robot) => (settled.includes(robot) ? 'south' : home(robot)));
  // As long as a phone may be missing, and nothing more may happen.
  await lab.until(1000 * (lab.options.times.phoneTimeoutS + 1), () => false);
  await allWorkAt(lab, 'and-stays-there', (robot) => (settled.includes(robot) ? 'south' : home(robot)));
  decidedBecause(
    lab,
    'pulled-by-their-phones',
    { robots: pulled, since: restoredAt, at: 'south' },
    { what: 'leave', rule: 'DS8b', wait: 'phone' },
  );
  const moves = settled.flatMap((robot) => decisionsOf(lab, robot, restoredAt));
  lab.check(
    'nobody-returned-by-desk',
    settled.length > 0 &&
      moves.length === 0 &&
      movers.every((robot) => decisionsOf(lab, robot, restoredAt).every(({ what }) => what !== 'return')),
    moves.length === 0
      ? `${settled.length} with phones at both sites stay at south`
      : moves.map(({ agent, what, because }) => `${agent}: ${what} by ${because.rule}`).join('; '),
  );
  stayed(lab, 'others-stayed-throughout', {
    robots: lab.robots.filter((robot) => home(robot) !== 'north'),
    since,
  });
  allReady(lab, movers.length);
  await callsAreAnswered(lab, 4);
}
