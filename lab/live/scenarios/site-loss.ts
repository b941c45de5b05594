import type { LiveLab } from '../live-lab.ts';
import { callsAreAnswered, lineIsServedInOrder, movedExactly } from './scenario.ts';

export async function siteLoss(lab: LiveLab): Promise<void> {
  const since = lab.now();
  lab.kill('north');
  await movedExactly(lab, { from: 'north', to: 'south', since });
  await callsAreAnswered(lab, 4);
  await lineIsServedInOrder(lab, 'south');
}
