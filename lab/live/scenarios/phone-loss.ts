import type { LiveLab } from '../live-lab.ts';
import type { Robot } from '../robot.ts';
import { decidedBecause } from './reasons.ts';
import { allReady, callsAreAnswered, describe, home, moveMax, stayed } from './scenario.ts';

/** Each can register at the other site when its own is lost. */
const SCHEMES = ['single', 'dual', 'active-backup'] as const;

/**
 * One phone of each scheme gives up its registration at home and registers, or stays registered, at the other site only
 * (its cable to the first is cut, say). The desks are logged out with dr-force_logout and go where their phones are,
 * after the time-out for phones as either family has it (DS8b, DS9). One more phone comes back in time: its agent
 * stays (DS11).
 */
export async function phoneLoss(lab: LiveLab): Promise<void> {
  const ofNorth = lab.robots.filter((robot) => home(robot) === 'north');
  const movers = SCHEMES.flatMap((scheme) => firstOf(ofNorth, scheme) ?? []);
  const stayer = firstOf(
    ofNorth.filter((robot) => !movers.includes(robot)),
    'active-backup',
  );
  if (movers.length < SCHEMES.length || stayer === undefined)
    return lab.check('four-phones', false, 'north needs a phone of each scheme and a second active-backup');
  const since = lab.now();
  for (const robot of [...movers, stayer]) lab.losePhone(robot, 'north');
  await lab.until(moveMax(lab), () => stayer.view?.site === null);
  await lab.until(500, () => false);
  lab.findPhone(stayer, 'north');
  const isThere = (robot: Robot) => lab.worksAt(robot, 'south');
  await lab.until(moveMax(lab), () => movers.every(isThere) && lab.worksAt(stayer, 'north'));
  lab.check('moved-with-phone', movers.every(isThere), movers.map(describe).join('; '));
  for (const mover of movers)
    decidedBecause(
      lab,
      `because-of-phone-${mover.options.scheme}`,
      { robots: [mover], since, at: 'north' },
      { what: 'leave', rule: 'DS8b', wait: 'phone' },
    );
  lab.check('phone-back-in-time-stays', lab.worksAt(stayer, 'north'), describe(stayer));
  const others = lab.robots.filter((robot) => robot !== stayer && !movers.includes(robot));
  stayed(lab, 'nobody-else-moved', { robots: others, since });
  // Who was in a call has after-call work first.
  await lab.until(moveMax(lab), () => lab.ledger.rows.every(({ readyAt }) => readyAt !== null));
  allReady(lab, SCHEMES.length + 1);
  await callsAreAnswered(lab, 4);
}

function firstOf(robots: readonly Robot[], scheme: (typeof SCHEMES)[number]): Robot | undefined {
  return robots.find((robot) => robot.options.scheme === scheme);
}
