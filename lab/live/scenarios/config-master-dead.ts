import type { ConfigObject } from '@holdfast/protocol';
import { ConfigOperator } from '../config-operator.ts';
import type { LiveLab } from '../live-lab.ts';
import { SITES } from '../live-lab.ts';
import type { Robot } from '../robot.ts';
import { siteLog } from '../site-log.ts';
import {
  administratorAt,
  allAlike,
  editedWithin,
  inWords,
  proxiesOf,
  refusedWithAge,
  renaming,
  serverOf,
  WRITER_MAX_MS,
} from './configuration-entries.ts';
import { allWorkAt, callsAreAnswered, describe, home, SLACK_MS, stayed } from './scenario.ts';

/** What is killed twice in a row is given up, so that the dead stay dead; all else is started again. */
export function withFewRestarts(object: ConfigObject): ConfigObject {
  if (object.objectType !== 'Application' || object.type !== 'Supervisor') return object;
  const holdfast = { ...object.options.holdfast, 'restarts-max': '1' };
  return { ...object, options: { ...object.options, holdfast } };
}

/**
 * The Configuration Server that writes, the one of the other site, and the database with its standby die and stay away. The proxies of both
 * sites serve on: agents who come to work log in by password at either site, tokens are good at the other, servers that are
 * started anew read there what they are, calls go on, and nobody moves. An edit is refused with the age of what is served (CX1, CX4).
 */
export async function configMasterDead(lab: LiveLab): Promise<void> {
  const proxies = SITES.flatMap((site) => proxiesOf(lab, site));
  const [robot] = lab.robots as [Robot];
  const before = await administratorAt(lab, proxies[0] as (typeof proxies)[0]);
  const edited = await editedWithin(lab, WRITER_MAX_MS, () => before.edit(renaming(robot.name, 'Kim')));
  before.close();
  lab.check('edited-before', edited.type === 'Edited', inWords(edited));
  const revision = edited.type === 'Edited' ? edited.revision : '';
  await allAlike(
    lab,
    'everybody-has-it',
    [...proxies, ...SITES.map((site) => serverOf(lab, site))],
    revision,
  );

  const since = lab.now();
  lab.calls.fault();
  await lab.database.kill();
  await Promise.all(SITES.map((site) => lab.sites[site].killForGood(`config-${site}`)));
  const alive = SITES.flatMap((site) => lab.sites[site].processes()).filter(
    ({ application, pid }) => application.startsWith('config-') && pid !== undefined,
  );
  lab.check(
    'nobody-writes',
    alive.length === 0,
    alive.map(({ application }) => application).join(', ') ||
      'both Configuration Servers and both databases are dead',
  );
  await allAlike(lab, 'proxies-serve-on', proxies, revision);
  await refusedWithAge(lab, 'edits-refused-with-age', proxies, { user: robot.name, ageMinMs: 1 });
  await tokensAreGood(lab);
  await proxiesDie(lab);
  await comeToWorkAnew(lab);
  await serversStartAnew(lab);
  await callsAreAnswered(lab, 4);
  await allWorkAt(lab, 'all-at-home', home);
  stayed(lab, 'nobody-moved', { robots: lab.robots.filter((one) => !isNew(one)), since });

  function isNew({ name }: Robot): boolean {
    return lab.watch.logins.some(({ agent, at }) => agent === name && at >= since);
  }
}

/** Of either site, at every proxy of the other one. */
async function tokensAreGood(lab: LiveLab): Promise<void> {
  const said: string[] = [];
  for (const [from, to] of [
    ['north', 'south'],
    ['south', 'north'],
  ] as const) {
    const user = lab.robots.find((robot) => home(robot) === from)?.name ?? '';
    const { password } = lab.administratorAccess();
    for (const [own, other] of proxiesOf(lab, from).map((one, i) => [one, proxiesOf(lab, to)[i]] as const)) {
      if (other === undefined) continue;
      try {
        const at = await ConfigOperator.enter({ port: own.port, user, password });
        const moved = await ConfigOperator.enter({ port: other.port, user, token: at.token });
        moved.close();
        at.close();
        said.push(`${user} by password at ${own.name}, by its token at ${other.name}`);
      } catch (error) {
        lab.check('token-of-one-site-at-the-other', false, (error as Error).message);
        return;
      }
    }
  }
  lab.check('token-of-one-site-at-the-other', said.length === 4, said.join('; '));
}

/** Until a desk has gone on to the next member of its pair or cluster, and a proxy is up again from its copy. */
const FOUND_MAX_MS = 2 * SLACK_MS;

/**
 * Of the pair at north and of the cluster at south one dies: its desks go on to the other, by token, at the same site and without a
 * word to the agent. Nobody is there whom it could ask when it is started again: it has its copy.
 */
async function proxiesDie(lab: LiveLab): Promise<void> {
  const linkOf = ({ view }: Robot) => view?.links.find(({ kind }) => kind === 'configuration');
  const sinceOf = new Map(lab.robots.map((robot) => [robot, linkOf(robot)?.since]));
  const linesBefore = SITES.map((site) => siteLog(lab.folder, site).length);
  const at = lab.now();
  for (const site of SITES) lab.sites[site].killServer(`proxy-${site}`);
  const isOn = (robot: Robot) => linkOf(robot)?.state === 'on' && linkOf(robot)?.site === home(robot);
  const reconnected = (site: string) =>
    lab.robots.filter((robot) => home(robot) === site && linkOf(robot)?.since !== sinceOf.get(robot));
  const haveFound = () => lab.robots.every(isOn) && SITES.every((site) => reconnected(site).length > 0);
  await lab.until(FOUND_MAX_MS, haveFound);
  const moved = lab.watch.decisions.filter((one) => one.at >= at && one.what.startsWith('move'));
  lab.check(
    'desks-find-the-other-proxy',
    haveFound() && moved.length === 0,
    `${SITES.map((site) => `${reconnected(site).length} of ${site}`).join(', ')}; ${moved.length} links were moved`,
  );
  const served = () =>
    SITES.filter((site, i) =>
      siteLog(lab.folder, site)
        .slice(linesBefore[i])
        .some(
          ({ application, what }) =>
            application === `proxy-${site}` && what === 'the copy of the configuration is served',
        ),
    );
  await lab.until(FOUND_MAX_MS, () => served().length === SITES.length);
  lab.check('proxies-start-from-copies', served().length === SITES.length, served().join(', '));
}

/** One of each family at either site leaves, and comes to work as on another day. */
async function comeToWorkAnew(lab: LiveLab): Promise<void> {
  const chosen = SITES.flatMap((site) =>
    (['interaction-workspace', 'agent-desktop'] as const).flatMap(
      (family) => lab.robots.find((robot) => home(robot) === site && robot.options.family === family) ?? [],
    ),
  ).map(({ name }) => name);
  await lab.startAgain(lab.robots.filter(({ name }) => chosen.includes(name)));
  const areIn = () => chosen.every((name) => lab.worksAt(lab.robot(name), home(lab.robot(name))));
  await lab.until(3 * SLACK_MS, areIn);
  lab.check(
    'come-to-work-by-password',
    chosen.length === 4 && areIn(),
    chosen.map((name) => describe(lab.robot(name))).join('; '),
  );
}

/** SIGKILL to a Stat Server of each site and to a proxy: they are up again, with nobody but proxies to ask. */
async function serversStartAnew(lab: LiveLab): Promise<void> {
  const killed = ['stat-north', 'stat-south'];
  const lines = SITES.map((site) => siteLog(lab.folder, site).length);
  for (const site of SITES) lab.sites[site].killServer(`stat-${site}`);
  const wereStarted = () =>
    SITES.flatMap((site, i) =>
      siteLog(lab.folder, site)
        .slice(lines[i])
        .filter(({ application, what }) => killed.includes(application) && what === 'Stat Server ready')
        .map(({ application }) => application),
    );
  await lab.until(3 * SLACK_MS, () => wereStarted().length >= killed.length);
  lab.check(
    'servers-start-from-proxies',
    killed.every((name) => wereStarted().includes(name)),
    wereStarted().join(', '),
  );
}
