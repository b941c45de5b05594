import type { LiveLab } from '../live-lab.ts';
import { allWorkAt, callsAreAnswered, home, lineIsServedInOrder, SLACK_MS, stayed } from './scenario.ts';

/**
 * The primary of the north's pair dies while its agents talk and callers wait: its mate goes on at the same address, no
 * call and no place in line is lost, and no desk has a reason to move (SS50 to SS52).
 */
export async function primaryLoss(lab: LiveLab): Promise<void> {
  const since = lab.now();
  const dead = await lab.killPrimary('north');
  let serving = dead;
  // Until the kernel has taken it apart, the dead one's port still accepts.
  while (serving === dead && lab.now() < since + SLACK_MS)
    serving = await lab.sites.north.serving('sip-north');
  const afterMs = Math.round(lab.now() - since);
  lab.check('mate-serves', serving !== dead, `${serving} serves ${afterMs} ms after the death of ${dead}`);
  await callsAreAnswered(lab, 6);
  await allWorkAt(lab, 'all-at-home', home);
  stayed(lab, 'nobody-moved', { robots: lab.robots, since });
  await lab.until(4 * lab.options.times.talkMs, () => lab.calls.openSinceFault === 0);
  const { established, kept, lost, ended } = lab.calls.figures();
  lab.check(
    'no-call-lost',
    (established ?? 0) > 0 && lost === 0 && ended.lostInLine === 0,
    `of ${established} calls ${kept} were kept and ${lost} lost; ${ended.lostInLine} callers were lost in line`,
  );
  await lineIsServedInOrder(lab, 'north');
}
