import type { GeneratedAgent } from '@holdfast/centre';
import type { LiveLab } from '../live-lab.ts';
import type { Robot } from '../robot.ts';
import { decidedBecause } from './reasons.ts';
import { allReady, allWorkAt, callersCome, callsAreAnswered, describe, home } from './scenario.ts';

/**
 * Two days on which nobody sits at the own place: seats of the other site, phones of another scheme, a desk that
 * somebody else has left behind. The place is asked for at each start, each works by the own sites and the phone of the
 * seat, and the desk keeps nothing of who sat there (DS4, DS9, DS20). Then a site dies on the second day.
 */
export async function hotSeating(lab: LiveLab): Promise<void> {
  await Promise.all([lab.restore('north'), lab.restore('south')]);
  const yesterday = seatsShifted(lab.agents, 3);
  await lab.startRobots(yesterday);
  await aDay(lab, 'first-day', yesterday);
  followedThePhone(lab, yesterday);
  nothingKept(lab, 'first-day-nothing-kept');
  await lab.endRobots();

  const today = seatsShifted(lab.agents, 8);
  await lab.startRobots(today);
  await aDay(lab, 'second-day', today);
  inheritSeats(lab, yesterday, today);
  nothingKept(lab, 'second-day-nothing-kept');

  callersCome(lab, 0.2);
  await callsAreAnswered(lab, 4);
  const since = lab.now();
  const atNorth = lab.robots.filter((robot) => robot.view?.site === 'north');
  lab.kill('north');
  await allWorkAt(lab, 'all-at-south', () => 'south');
  decidedBecause(
    lab,
    'left-by-site-timeout',
    { robots: atNorth, since, at: 'north' },
    { what: 'leave', rule: 'DS8a', wait: 'site' },
  );
  allReady(lab, atNorth.length);
  await callsAreAnswered(lab, 4);
}

type SeatOf = (agent: GeneratedAgent) => GeneratedAgent;

/** Everybody sits so many places further on. */
function seatsShifted(agents: readonly GeneratedAgent[], by: number): SeatOf {
  const seats = new Map(agents.map((agent, i) => [agent.user, agents[(i + by) % agents.length] ?? agent]));
  return (agent) => seats.get(agent.user) ?? agent;
}

/** Each sits where said, not at the own place, and works at the own site if the phone of the seat is there, else where it is. */
async function aDay(lab: LiveLab, name: string, seatOf: SeatOf): Promise<void> {
  const seats = new Map(lab.agents.map((agent) => [agent.user, seatOf(agent)]));
  const seat = (robot: Robot) => seats.get(robot.name) as GeneratedAgent;
  await allWorkAt(lab, `${name}-all-work`, (robot) =>
    seat(robot).scheme === 'dual' ? home(robot) : seat(robot).home,
  );
  const wrong = lab.robots.filter(
    (robot) => robot.view?.place !== seat(robot).place || seat(robot).user === robot.name,
  );
  lab.check(
    `${name}-at-other-places`,
    lab.robots.length > 0 && wrong.length === 0,
    wrong.map((robot) => `${describe(robot)} at ${robot.view?.place}`).join('; ') ||
      `${lab.robots.length} at places that are not theirs`,
  );
}

/** Whose seat has its phone at the other site alone: there after the time-out, as with any phone that is not at home. */
function followedThePhone(lab: LiveLab, seatOf: SeatOf): void {
  const seats = new Map(lab.agents.map((agent) => [agent.user, seatOf(agent)]));
  const robots = lab.robots.filter(({ name, options }) => {
    const seat = seats.get(name);
    return options.home === 'north' && seat?.home === 'south' && seat.scheme !== 'dual';
  });
  const who = { robots, since: 0, at: 'north' };
  decidedBecause(lab, 'followed-the-phone-of-the-seat', who, { what: 'leave', rule: 'DS8b', wait: 'phone' });
}

/** Some sit where somebody has left a desk behind who prefers the other site. */
function inheritSeats(lab: LiveLab, yesterday: SeatOf, today: SeatOf): void {
  const heirs = lab.agents.filter((agent) => {
    const { place } = today(agent);
    const former = lab.agents.find((other) => yesterday(other).place === place);
    return former !== undefined && former.home !== agent.home;
  });
  const work = heirs.filter(({ user }) => lab.viewOf(user)?.site != null);
  lab.check(
    'seats-inherited',
    heirs.length > 0 && work.length === heirs.length,
    `${work.length} of ${heirs.length} work at a desk of somebody who prefers the other site`,
  );
}

/** DS20: what desks have stored is renewed, and still in the order of the file that came with the seat, whoever sits there. */
function nothingKept(lab: LiveLab, name: string): void {
  const stored = lab.storages.map(({ seat, storage: { bootstrap } }) => ({
    seat,
    order: [bootstrap.preferred.site, bootstrap.peer?.site],
  }));
  const wrong = stored.filter(
    ({ seat, order: [first, second] }) => first !== seat.home || second === undefined || second === first,
  );
  lab.check(
    name,
    stored.length >= lab.robots.length && wrong.length === 0,
    wrong.map(({ seat, order }) => `${seat.place}: ${order.join(', ')}`).join('; ') ||
      `${stored.length} desks know both sites in the order of their files`,
  );
}
