import type { LiveLab } from '../live-lab.ts';
import type { Robot } from '../robot.ts';
import { logInForToken, SiteObserver } from '../site-observer.ts';
import { decidedBecause } from './reasons.ts';
import { allReady, allWorkAt, callsAreAnswered, describe, home, moveMax, stayed } from './scenario.ts';

/** So long a phone stays away once its agent has been logged out. */
const AWAY_MS = 500;

/**
 * Every phone of a site loses it and is back within the time-out: each agent is logged out with dr-force_logout and
 * logged in again at the same site by the desk, with the same queues and the same place (DS11), although most
 * phones have registered at the other site meanwhile (DS9: the phone without a cause moves nobody).
 */
export async function phoneBackInTime(lab: LiveLab): Promise<void> {
  const losers = lab.robots.filter((robot) => home(robot) === 'north');
  const before = await seatsAt(lab);
  const since = lab.now();
  const wasOut = new Set<Robot>();
  await Promise.all(
    losers.map(async (robot) => {
      lab.losePhone(robot, 'north');
      if (await lab.until(moveMax(lab), () => robot.view?.site === null)) wasOut.add(robot);
      await lab.until(AWAY_MS, () => false);
      lab.findPhone(robot, 'north');
    }),
  );
  const never = losers.filter((robot) => !wasOut.has(robot));
  lab.check(
    'all-logged-out-by-phone',
    losers.length > 0 && never.length === 0,
    never.length === 0 ? `${wasOut.size} agents of north` : never.map(describe).join('; '),
  );
  await allWorkAt(lab, 'all-at-home-again', home);
  stayed(lab, 'nobody-moved', { robots: lab.robots, since });
  decidedBecause(
    lab,
    'because-phone-is-back',
    { robots: losers, since, at: 'north' },
    { what: 'logIn', rule: 'DS11' },
  );
  const after = await seatsAt(lab);
  const changed = losers.filter((robot) => before.get(robot.name) !== after.get(robot.name));
  lab.check(
    'same-queues-same-place',
    before.size >= losers.length && changed.length === 0,
    changed.length === 0
      ? `${losers.length} agents have ${new Set(losers.map(({ name }) => after.get(name)?.split(' at ')[0])).size} different sets of queues as before`
      : changed.map(({ name }) => `${name}: ${before.get(name)}, now ${after.get(name)}`).join('; '),
  );
  allReady(lab, losers.length);
  await callsAreAnswered(lab, 4);
}

/** Queues of each agent as the SIP Server of north has them, and the place as the desk has it. */
async function seatsAt(lab: LiveLab): Promise<Map<string, string>> {
  const observer = new SiteObserver(lab.clientAddress('north'), await logInForToken(lab.supervisorAccess()));
  try {
    const snapshot = await observer.snapshot();
    return new Map(
      (snapshot?.dns ?? []).flatMap(({ dn, agent }) =>
        agent === undefined
          ? []
          : [
              [
                agent.person,
                `${agent.queues.join(', ')} at ${dn}, ${lab.viewOf(agent.person)?.place}`,
              ] as const,
            ],
      ),
    );
  } finally {
    observer.close();
  }
}
