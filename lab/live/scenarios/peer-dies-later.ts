import type { LiveLab } from '../live-lab.ts';
import { allReady, allWorkAt, callsAreAnswered, movedExactly } from './scenario.ts';

/** Agents who have moved to the other site lose that one too, when the first is back: all of them go to the first. */
export async function peerDiesLater(lab: LiveLab): Promise<void> {
  const since = lab.now();
  lab.kill('north');
  await movedExactly(lab, { from: 'north', to: 'south', since });
  await lab.restore('north');
  const before = lab.ledger.rows.length;
  const atSouth = lab.robots.filter((robot) => robot.view?.site === 'south').length;
  lab.kill('south');
  await allWorkAt(lab, 'all-at-north', () => 'north');
  allReady(lab, before + atSouth);
  await callsAreAnswered(lab, 4);
}
