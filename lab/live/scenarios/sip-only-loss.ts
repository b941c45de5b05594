import type { LiveLab } from '../live-lab.ts';
import { callsAreAnswered, movedExactly } from './scenario.ts';

/** The configuration of the site lives; only telephony is gone, and that is what moves a desk (DS8a). */
export async function sipOnlyLoss(lab: LiveLab): Promise<void> {
  const since = lab.now();
  lab.killSipServer('north');
  await movedExactly(lab, { from: 'north', to: 'south', since });
  const alive = lab.sites.north
    .processes()
    .filter(({ application, pid }) => pid !== undefined && application !== 'sip-north');
  lab.check('rest-of-site-lives', alive.length === 2, alive.map(({ application }) => application).join(', '));
  await callsAreAnswered(lab, 4);
}
