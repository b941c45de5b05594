import type { LiveLab } from '../live-lab.ts';
import { allWorkAt, callsAreAnswered, describe, home, movedExactly, rest, stayed } from './scenario.ts';
import { eachFamilyAsItShould, settled } from './site-is-back.ts';

/**
 * DS15: Workspace returns by auto-restore, once the phone is in service at home again; a third-party desktop that the
 * phone does not take along stays, and is at home after its next start.
 */
export async function siteReturn(lab: LiveLab): Promise<void> {
  const since = lab.now();
  lab.kill('north');
  await movedExactly(lab, { from: 'north', to: 'south', since });
  const restoredAt = lab.now();
  await lab.restore('north');
  await eachFamilyAsItShould(lab, { site: 'north', from: 'south', at: restoredAt });
  returnedByRule(lab, restoredAt);
  const stayers = lab.robots.filter((robot) => robot.options.home !== 'north');
  stayed(lab, 'others-stayed-throughout', { robots: stayers, since });
  await callsAreAnswered(lab, 4);
  const stays = settled(lab, 'north');
  await rest(lab, stays);
  await lab.startAgain(stays);
  await allWorkAt(lab, 'third-party-at-home-after-next-start', home);
}

/**
 * Each Workspace desk that had moved comes back by auto-restore, or behind a phone that went back by itself: during a call the desk does
 * not return (DS15), the phone does, and then its absence is the cause (DS8b).
 */
function returnedByRule(lab: LiveLab, restoredAt: number): void {
  const movers = lab.robots.filter(
    (robot) => home(robot) === 'north' && robot.options.family === 'interaction-workspace',
  );
  const decisionsOf = (name: string) =>
    lab.watch.decisions.filter(({ at, agent }) => at >= restoredAt && agent === name);
  const returned = (rule: string) =>
    movers.filter(({ name }) => decisionsOf(name).some(({ because }) => because.rule.startsWith(rule)));
  const [byDesk, behindPhone] = [returned('DS15'), returned('DS8b')];
  const without = movers.filter((robot) => !byDesk.includes(robot) && !behindPhone.includes(robot));
  const told = (robot: LiveLab['robots'][number]) =>
    decisionsOf(robot.name).map(({ what, because }) => `${what} by ${because.rule}: ${because.text}`);
  lab.check(
    'returned-by-rule',
    byDesk.length > 0 && without.length === 0,
    without.length === 0
      ? `${byDesk.length} by DS15, ${behindPhone.filter((robot) => !byDesk.includes(robot)).length} by DS8b`
      : without.map((robot) => `${describe(robot)}: ${told(robot).join(', ') || 'no decision'}`).join('; '),
  );
}
