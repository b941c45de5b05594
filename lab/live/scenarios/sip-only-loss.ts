import type { LiveLab } from '../live-lab.ts';
import { decidedBecause } from './reasons.ts';
import { callsAreAnswered, home, movedExactly } from './scenario.ts';

/** The configuration of the site lives; only telephony is gone, and that is what moves a desk (DS8a). */
export async function sipOnlyLoss(lab: LiveLab): Promise<void> {
  const others = () =>
    lab.sites.north
      .processes()
      .filter(({ application, pid }) => pid !== undefined && application !== 'sip-north')
      .map(({ application, pid }) => `${application} ${pid}`);
  const before = others();
  const since = lab.now();
  lab.killSipServer('north');
  await movedExactly(lab, { from: 'north', to: 'south', since });
  const movers = lab.robots.filter((robot) => home(robot) === 'north');
  decidedBecause(
    lab,
    'left-by-site-timeout',
    { robots: movers, since, at: 'north' },
    { what: 'leave', rule: 'DS8a', wait: 'site' },
  );
  const after = others();
  lab.check(
    'rest-of-site-lives',
    before.length >= 2 && before.every((process) => after.includes(process)),
    `${after.length} of ${before.length} processes beside the SIP Server: ${after.join(', ')}`,
  );
  await callsAreAnswered(lab, 4);
}
