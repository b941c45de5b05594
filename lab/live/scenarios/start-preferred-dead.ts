import type { GeneratedAgent } from '@holdfast/centre';
import type { LiveLab } from '../live-lab.ts';
import type { Robot } from '../robot.ts';
import { decidedBecause } from './reasons.ts';
import { allWorkAt, callersCome, callsAreAnswered, describe, home, stayed } from './scenario.ts';

/**
 * Everybody comes to work twice, one half at the own places, the other half at places of agents who mostly prefer the
 * other site, where the place is asked for (S4): while both sites are dead, of which one comes up then; and, with the
 * halves exchanged, while only south lives, which is the peer site of one half and the preferred site of the other. At
 * last north is up too: Workspace returns, third-party desktops stay, and phones take theirs along (DS5, DS6, DS15, DS19).
 */
export async function startPreferredDead(lab: LiveLab): Promise<void> {
  const half = lab.agents.length >> 1;
  const [lower, upper] = [lab.agents.slice(0, half), lab.agents.slice(half)];

  const first = seatsOf(upper);
  await lab.startRobots(first);
  await lab.until(1000 * lab.options.times.siteTimeoutS + 1000, () => false);
  nobodyPretends(lab);
  await lab.restore('south');
  await allWorkAt(lab, 'all-at-first-site-up', () => 'south');
  eachAtTheSeat(lab, 'both-dead', first);

  await lab.endRobots();
  const since = lab.now();
  const second = seatsOf(lower);
  await lab.startRobots(second);
  await allWorkAt(lab, 'all-at-living-site', () => 'south');
  eachAtTheSeat(lab, 'one-dead', second);
  const servedAt = lab.now();
  const ofNorth = lab.robots.filter((robot) => home(robot) === 'north');
  const ofSouth = lab.robots.filter((robot) => home(robot) === 'south');
  decidedBecause(
    lab,
    'preferred-dead-left-by-timeout',
    { robots: ofNorth, since, at: 'north' },
    { what: 'leave', rule: 'DS8a', wait: 'site' },
  );
  stayed(lab, 'peer-dead-moves-nobody', { robots: ofSouth, since });

  callersCome(lab, 0.2);
  const northAt = lab.now();
  await lab.restore('north');
  const phoneIsAt = new Map(lab.agents.map((agent) => [agent.user, second(agent).home]));
  // A phone that is not at both sites goes to the one that its seat is of.
  const worksAt = (robot: Robot) => {
    if (robot.options.scheme !== 'dual') return phoneIsAt.get(robot.name) ?? '';
    return robot.options.family === 'interaction-workspace' ? home(robot) : 'south';
  };
  await allWorkAt(lab, 'workspace-returned', worksAt);
  stayed(lab, 'south-stayed', {
    robots: ofSouth.filter((robot) => worksAt(robot) === 'south'),
    since: northAt,
  });
  await callsAreAnswered(lab, 4);
  phonesStayedRegistered(lab, { since: servedAt });
}

/** A phone whose site has gone, or that goes along with its desk, is out of service for no longer. */
const OUTAGE_MAX_MS = 3_000;

/** Since all worked at the living site: the waits of the run are long enough that a desk would not leave for it. */
function phonesStayedRegistered(lab: LiveLab, { since }: { readonly since: number }): void {
  const outages = lab.watch.outages.since(since);
  const lengthOf = ({ from, until }: (typeof outages)[number]) => Math.min(until, lab.now()) - from;
  const long = outages.filter((outage) => lengthOf(outage) > OUTAGE_MAX_MS);
  const longest = Math.round(Math.max(0, ...outages.map(lengthOf)));
  lab.check(
    'phones-stayed-registered',
    long.length === 0,
    long.map((outage) => `${outage.agent} nowhere for ${Math.round(lengthOf(outage))} ms`).join('; ') ||
      `${outages.length} times a phone was registered nowhere, for ${longest} ms at the most`,
  );
}

type SeatOf = (agent: GeneratedAgent) => GeneratedAgent;

/** These sit one place further on among themselves, everybody else at the own place. */
function seatsOf(visitors: readonly GeneratedAgent[]): SeatOf {
  const seats = new Map(
    visitors.map((agent, i) => [agent.user, visitors[(i + 1) % visitors.length] ?? agent]),
  );
  return (agent) => seats.get(agent.user) ?? agent;
}

function nobodyPretends(lab: LiveLab): void {
  const wrong = lab.robots.filter(
    ({ view }) => view === undefined || view.site !== null || view.banner === '',
  );
  lab.check(
    'nobody-pretends',
    lab.robots.length > 0 && wrong.length === 0,
    wrong.length === 0
      ? `none of ${lab.robots.length} is shown as logged in: "${lab.robots[0]?.view?.banner}"`
      : wrong.map(describe).join('; '),
  );
}

/** Who came to the own place is there, who came to another's too, and both families are in either group. */
function eachAtTheSeat(lab: LiveLab, name: string, seatOf: SeatOf): void {
  const seats = new Map(lab.agents.map((agent) => [agent.user, seatOf(agent)]));
  const groups = new Map<string, number>();
  const wrong = lab.robots.filter((robot) => {
    const seat = seats.get(robot.name);
    const group = `${robot.options.family} at ${seat?.user === robot.name ? 'the own' : "another's"} place`;
    groups.set(group, (groups.get(group) ?? 0) + 1);
    return robot.view?.place !== seat?.place;
  });
  lab.check(
    `${name}-each-at-the-seat`,
    groups.size === 4 && wrong.length === 0,
    wrong.map((robot) => `${describe(robot)} at ${robot.view?.place}`).join('; ') ||
      [...groups].map(([group, count]) => `${count} ${group}`).join(', '),
  );
}
