import type { LiveLab } from '../live-lab.ts';
import type { Robot } from '../robot.ts';
import { decidedBecause } from './reasons.ts';
import { allWorkAt, callersCome, callsAreAnswered, describe, home, stayed } from './scenario.ts';

/**
 * Everybody comes to work three times: while both sites are dead, of which one comes up then; while only south lives,
 * which is the peer site of one half and the preferred site of the other. At last north is up too: Workspace returns, third-party desktops stay (DS5, DS6, DS15, DS19).
 */
export async function startPreferredDead(lab: LiveLab): Promise<void> {
  const ofNorth = () => lab.robots.filter((robot) => home(robot) === 'north');
  const ofSouth = () => lab.robots.filter((robot) => home(robot) === 'south');

  await lab.startRobots();
  await lab.until(1000 * lab.options.times.siteTimeoutS + 1000, () => false);
  nobodyPretends(lab);
  await lab.restore('south');
  await allWorkAt(lab, 'all-at-first-site-up', () => 'south');

  await lab.endRobots();
  const since = lab.now();
  await lab.startRobots();
  await allWorkAt(lab, 'all-at-living-site', () => 'south');
  decidedBecause(
    lab,
    'preferred-dead-left-by-timeout',
    { robots: ofNorth(), since, at: 'north' },
    { what: 'leave', rule: 'DS8a', wait: 'site' },
  );
  stayed(lab, 'peer-dead-moves-nobody', { robots: ofSouth(), since });

  callersCome(lab, 0.2);
  const northAt = lab.now();
  await lab.restore('north');
  const returns = (robot: Robot) => robot.options.family === 'interaction-workspace';
  await allWorkAt(lab, 'workspace-returned', (robot) =>
    returns(robot) || home(robot) === 'south' || robot.options.scheme !== 'dual' ? home(robot) : 'south',
  );
  stayed(lab, 'south-stayed', { robots: ofSouth(), since: northAt });
  await callsAreAnswered(lab, 4);
}

function nobodyPretends(lab: LiveLab): void {
  const wrong = lab.robots.filter(
    ({ view }) => view === undefined || view.site !== null || view.banner === '',
  );
  lab.check(
    'nobody-pretends',
    lab.robots.length > 0 && wrong.length === 0,
    wrong.length === 0
      ? `none of ${lab.robots.length} is shown as logged in: "${lab.robots[0]?.view?.banner}"`
      : wrong.map(describe).join('; '),
  );
}
