import type { ConfigObject } from '@holdfast/protocol';
import { type LiveLab, SITES, type SiteName } from '../live-lab.ts';
import type { Robot } from '../robot.ts';
import { logInForToken } from '../site-observer.ts';
import { StatBoard } from '../stat-board.ts';
import { callsAreAnswered, describe, home, movedExactly, SLACK_MS } from './scenario.ts';
import { eachFamilyAsItShould } from './site-is-back.ts';

/** As the local data name it (S3). */
export function placeAt(place: string, site: SiteName): string {
  return `${place}-${site}`;
}

/**
 * DS21, second form: a Place for each DN in place of one with an Extension of each switch. Agents have no default one, so
 * that only the local data can say where they sit; boards and operators take part at one site.
 */
export function withPlacePerDN(object: ConfigObject): ConfigObject | readonly ConfigObject[] {
  if (object.objectType === 'Person') {
    const { defaultPlace, ...person } = object;
    if (defaultPlace === undefined || person.rank === 'agent') return person;
    return { ...person, defaultPlace: placeAt(defaultPlace, 'north') };
  }
  if (object.objectType !== 'Place') return object;
  return SITES.map((site) => ({
    ...object,
    name: placeAt(object.name, site),
    dns: object.dns.filter((dn) => dn.endsWith(`@${site}`)),
  }));
}

/**
 * Each is logged in at the place of the site where the agent is, as that site has it: at home, at the other site when the
 * own one has died, and again at home when it is back and the family returns (DS15).
 */
export async function placePerSite(lab: LiveLab): Promise<void> {
  await loggedInAtPlaces(lab, 'places-of-home', home);
  const since = lab.now();
  lab.kill('north');
  await movedExactly(lab, { from: 'north', to: 'south', since });
  await loggedInAtPlaces(lab, 'places-of-south', () => 'south', ['south']);
  const at = lab.now();
  await lab.restore('north');
  await eachFamilyAsItShould(lab, { site: 'north', from: 'south', at });
  await loggedInAtPlaces(lab, 'places-where-each-is', (robot) => robot.view?.site ?? '');
  await callsAreAnswered(lab, 4);
}

/** What the Stat Server of each living site says of the logins there, and what each agent is shown. */
async function loggedInAtPlaces(
  lab: LiveLab,
  name: string,
  siteOf: (robot: Robot) => string,
  living: readonly SiteName[] = SITES,
): Promise<void> {
  const access = lab.supervisorAccess();
  const config = { ...access.config, port: lab.ports.config[SITES.indexOf(living[0] ?? 'north')] as number };
  const token = await logInForToken({ ...access, config });
  const boards = new Map(
    living.map((site) => [
      site as string,
      new StatBoard(lab.ports.stats[SITES.indexOf(site)] as number, token),
    ]),
  );
  const own = new Map(lab.agents.map(({ user, place }) => [user, place]));
  const placeOf = (robot: Robot) => boards.get(siteOf(robot))?.agent(robot.name)?.login?.place;
  const isRight = (robot: Robot) => {
    const place = placeAt(own.get(robot.name) ?? '', siteOf(robot) as SiteName);
    return placeOf(robot) === place && robot.view?.place === place;
  };
  await lab.until(SLACK_MS, () => lab.robots.every(isRight));
  const wrong = lab.robots.filter((robot) => !isRight(robot));
  lab.check(
    name,
    lab.robots.length > 0 && wrong.length === 0,
    wrong
      .map((robot) => `${describe(robot)}: place ${placeOf(robot)}, shown ${robot.view?.place}`)
      .join('; ') ||
      `${lab.robots.length} logged in, ${lab.robots[0]?.name} at ${placeOf(lab.robots[0] as Robot)}`,
  );
  for (const board of boards.values()) board.close();
}
