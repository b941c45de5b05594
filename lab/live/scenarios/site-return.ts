import type { LiveLab } from '../live-lab.ts';
import { allWorkAt, callsAreAnswered, home, movedExactly, stayed } from './scenario.ts';

/** DS15: with auto-restore, and once the phone is in service at home again. */
export async function siteReturn(lab: LiveLab): Promise<void> {
  const since = lab.now();
  lab.kill('north');
  await movedExactly(lab, { from: 'north', to: 'south', since });
  await lab.restore('north');
  await allWorkAt(lab, 'all-returned', home);
  const returned = new Set(
    lab.watch.decisions.filter(({ because }) => because.rule.startsWith('DS15')).map(({ agent }) => agent),
  );
  const movers = lab.robots.filter((robot) => robot.options.home === 'north');
  const withoutReason = movers.filter((robot) => !returned.has(robot.name));
  lab.check(
    'returned-by-rule',
    movers.length > 0 && withoutReason.length === 0,
    withoutReason.length === 0
      ? `${movers.length} by DS15`
      : withoutReason.map((robot) => robot.name).join(', '),
  );
  const stayers = lab.robots.filter((robot) => robot.options.home !== 'north');
  stayed(lab, 'others-stayed-throughout', { robots: stayers, since });
  await callsAreAnswered(lab, 4);
}
