import type { LiveLab } from '../live-lab.ts';
import { callsAreAnswered, SLACK_MS, stayed } from './scenario.ts';

/** AD8: of the calls whose two ends the other site can reach, so many are kept. */
const KEPT_MIN = 0.99;

/**
 * A site dies while most of its agents talk: each desk logs in at the other site, which takes the call over, and the two
 * people talk on until one of them hangs up (AD1, AD4). Nobody hangs up before: a call whose own people end it while nobody
 * is in control says nothing about ours. Both ends of each call are reached from the other site, because the phone of
 * whoever talks is registered there, or registers there before the desk may log in (DS9).
 */
export async function callsSurviveSite(lab: LiveLab): Promise<void> {
  const { siteTimeoutS, phoneTimeoutS, talkMs } = lab.options.times;
  const since = lab.now();
  const movers = lab.robots.filter((robot) => robot.options.home === 'north');
  lab.nobodyHangsUp = true;
  lab.kill('north');
  // In a call or not: logged in at the other site.
  const isThere = (robot: LiveLab['robots'][number]) =>
    robot.view?.site === 'south' && robot.view.state !== 'LoggedOut';
  await lab.until(1000 * (siteTimeoutS + phoneTimeoutS) + 2 * SLACK_MS, () => movers.every(isThere));
  const away = movers.filter((robot) => !isThere(robot));
  lab.check(
    'all-logged-in',
    movers.length > 0 && away.length === 0,
    `${movers.length - away.length} of ${movers.length} are logged in at south`,
  );
  lab.nobodyHangsUp = false;
  await lab.until(4 * talkMs, () => lab.calls.openSinceFault === 0 && lab.ledger.waiting === 0);
  const { established, kept, lost, lostBy } = lab.calls.figures();
  const stood = established ?? 0;
  lab.check(
    'calls-kept',
    stood > 0 && (kept ?? 0) >= KEPT_MIN * stood,
    `of ${stood} calls ${kept} were kept and ${lost} lost ${JSON.stringify(lostBy)}`,
  );
  const stayers = lab.robots.filter((robot) => robot.options.home !== 'north');
  stayed(lab, 'nobody-else-moved', { robots: stayers, since });
  await callsAreAnswered(lab, 4);
}
