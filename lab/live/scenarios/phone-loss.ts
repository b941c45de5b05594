import type { LiveLab } from '../live-lab.ts';
import { allReady, callsAreAnswered, describe, moveMax, stayed } from './scenario.ts';

/**
 * One agent's phone gives up its registration at home and registers at the other site only (its cable to the
 * first is cut, say). The desk is logged out with dr-force_logout and goes where the phone is (DS8b, DS9). A second
 * phone comes back in time: its agent stays (DS11).
 */
export async function phoneLoss(lab: LiveLab): Promise<void> {
  const [mover, stayer] = lab.robots.filter(
    (robot) => robot.options.home === 'north' && robot.options.scheme === 'active-backup',
  );
  if (mover === undefined || stayer === undefined)
    return lab.check('two-phones', false, 'two agents of north with active-backup phones are needed');
  const since = lab.now();
  lab.losePhone(mover, 'north');
  lab.losePhone(stayer, 'north');
  await lab.until(moveMax(lab), () => stayer.view?.site === null);
  await lab.until(500, () => false);
  lab.findPhone(stayer, 'north');
  await lab.until(moveMax(lab), () => lab.worksAt(mover, 'south') && lab.worksAt(stayer, 'north'));
  lab.check('moved-with-phone', lab.worksAt(mover, 'south'), describe(mover));
  const decided = lab.watch.decisions.filter(
    ({ at, agent, what }) => at >= since && agent === mover.name && what === 'leave',
  );
  lab.check(
    'because-of-phone',
    decided.some(({ because }) => because.rule.startsWith('DS8b')),
    decided.map(({ because }) => `${because.rule}: ${because.text}`).join('; ') || 'no decision',
  );
  lab.check('phone-back-in-time-stays', lab.worksAt(stayer, 'north'), describe(stayer));
  const others = lab.robots.filter((robot) => robot !== mover && robot !== stayer);
  stayed(lab, 'nobody-else-moved', { robots: others, since });
  allReady(lab, 2);
  await callsAreAnswered(lab, 4);
}
