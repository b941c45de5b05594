import type { LinkKind } from '@holdfast/desk';
import type { LiveLab, SiteName } from '../live-lab.ts';
import type { Robot } from '../robot.ts';
import { SiteOperator } from '../site-operator.ts';
import { decidedBecause, decisionsOf } from './reasons.ts';
import { callsAreAnswered, describe, home, SLACK_MS, stayed } from './scenario.ts';

type LesserLink = Exclude<LinkKind, 'telephony'>;
const SERVER = { configuration: 'config', statistics: 'stat' } as const;

export const configLinkLoss = (lab: LiveLab) => linkLoss(lab, 'configuration');
export const statLinkLoss = (lab: LiveLab) => linkLoss(lab, 'statistics');

/**
 * DS16: only the Configuration Server, or the Stat Server, of north dies and stays away. Third-party desktops warn, raise
 * an alarm and stay; Workspace moves that link alone after the time-out. Voice stays throughout. The server comes back:
 * third-party desktops find it again, Workspace stays where it went, until that one dies too (DS15).
 */
async function linkLoss(lab: LiveLab, kind: LesserLink): Promise<void> {
  const ofNorth = lab.robots.filter((robot) => home(robot) === 'north');
  const ofSouth = lab.robots.filter((robot) => home(robot) === 'south');
  const workspace = ofNorth.filter(({ options }) => options.family === 'interaction-workspace');
  const thirdParty = ofNorth.filter(({ options }) => options.family === 'agent-desktop');
  await linksStand(lab, 'links-at-home', kind, lab.robots, home);

  const watcher = await SiteOperator.logIn(lab.clientAddress('north'), lab.supervisorAccess());
  try {
    await loseAndFind(lab, kind, watcher, { workspace, thirdParty, ofSouth });
  } finally {
    watcher.close();
  }
}

async function loseAndFind(
  lab: LiveLab,
  kind: LesserLink,
  watcher: SiteOperator,
  {
    workspace,
    thirdParty,
    ofSouth,
  }: Readonly<Record<'workspace' | 'thirdParty' | 'ofSouth', readonly Robot[]>>,
): Promise<void> {
  const since = lab.now();
  const before = restOfSite(lab, 'north', kind);
  lab.killForLong('north', SERVER[kind]);
  await warnAndStay(lab, 'third-party-warns', kind, thirdParty);
  await toldUpstream(lab, 'alarm-told-upstream', kind, watcher, { robots: thirdParty, isRaised: true });
  await linksStand(lab, 'workspace-link-moved', kind, workspace, () => 'south');
  notBefore(lab, kind, workspace, since);
  decidedBecause(
    lab,
    'because-of-the-timeout',
    { robots: workspace, since, at: 'north' },
    { what: `move the ${kind} link`, rule: 'DS16', wait: 'site' },
  );
  // As long again: whoever had still to move would.
  await lab.until(1000 * lab.options.times.siteTimeoutS, () => false);
  await warnAndStay(lab, 'third-party-stays', kind, thirdParty);
  onlyThisLink(lab, 'only-that-link', kind, { since, moved: workspace });
  await linksStand(lab, 'others-untouched', kind, ofSouth, home);
  noAlarm(lab, 'no-alarm-elsewhere', [...workspace, ...ofSouth], ofSouth, since);
  await callsAreAnswered(lab, 4);
  const after = restOfSite(lab, 'north', kind);
  lab.check(
    'rest-of-site-lives',
    before.length >= 2 && before.every((process) => after.includes(process)),
    after.join(', '),
  );

  const backAt = lab.now();
  await lab.bringBack('north', SERVER[kind]);
  await linksStand(lab, 'third-party-found-it-again', kind, thirdParty, home);
  noAlarm(lab, 'alarms-cleared', lab.robots, [], since);
  await toldUpstream(lab, 'end-told-upstream', kind, watcher, { robots: thirdParty, isRaised: false });
  await linksStand(lab, 'workspace-stays', kind, workspace, () => 'south');
  const returned = workspace.filter((robot) => decisionsOf(lab, robot, backAt).length > 0);
  lab.check(
    'nothing-returns-by-itself',
    workspace.length > 0 && returned.length === 0,
    returned.map(describe).join('; ') || `${workspace.length} links stay at south`,
  );
  lab.killForLong('south', SERVER[kind]);
  const workspaceAtSouth = ofSouth.filter(({ options }) => options.family === 'interaction-workspace');
  await linksStand(lab, 'workspace-all-at-north', kind, [...workspace, ...workspaceAtSouth], () => 'north');
  stayed(lab, 'voice-stays', { robots: lab.robots, since });
  await callsAreAnswered(lab, 4);
}

function linkOf(robot: Robot, kind: LinkKind) {
  return robot.view?.links.find((link) => link.kind === kind);
}

function linkInWords(robot: Robot, kind: LinkKind): string {
  const link = linkOf(robot, kind);
  return `${robot.name} (${robot.options.family}): ${kind} ${link?.state ?? 'without a link'} at ${link?.site ?? 'no site'}`;
}

/** The link of each stands at that site. */
async function linksStand(
  lab: LiveLab,
  name: string,
  kind: LesserLink,
  robots: readonly Robot[],
  siteOf: (robot: Robot) => string,
): Promise<void> {
  const stands = (robot: Robot) => {
    const link = linkOf(robot, kind);
    return link?.state === 'on' && link.site === siteOf(robot);
  };
  await lab.until(1000 * lab.options.times.siteTimeoutS + SLACK_MS, () => robots.every(stands));
  const wrong = robots.filter((robot) => !stands(robot));
  lab.check(
    name,
    robots.length > 0 && wrong.length === 0,
    wrong.length === 0
      ? `${robots.length} ${kind} links stand`
      : wrong.map((robot) => linkInWords(robot, kind)).join('; '),
  );
}

/** S4: the agent is told, whoever watches over the system too, and the link stays where it is. */
async function warnAndStay(
  lab: LiveLab,
  name: string,
  kind: LesserLink,
  robots: readonly Robot[],
): Promise<void> {
  const alarm = `${kind}-link-lost`;
  const warns = ({ name: agent, view }: Robot) =>
    view?.alarms.some((one) => one.name === alarm && one.because.rule === 'DS16') === true &&
    view.warnings.length > 0 &&
    lab.watch.alarms.some((one) => one.agent === agent && one.name === alarm && one.isRaised);
  const stays = (robot: Robot) => {
    const link = linkOf(robot, kind);
    return link?.site === home(robot) && link.state !== 'on' && lab.worksAt(robot, home(robot));
  };
  await lab.until(SLACK_MS, () => robots.every((robot) => warns(robot) && stays(robot)));
  const wrong = robots.filter((robot) => !warns(robot) || !stays(robot));
  lab.check(
    name,
    robots.length > 0 && wrong.length === 0,
    wrong.length === 0
      ? `${robots.length}: "${robots[0]?.view?.warnings.at(-1)}"`
      : wrong
          .map((robot) => `${linkInWords(robot, kind)}, alarms ${JSON.stringify(robot.view?.alarms)}`)
          .join('; '),
  );
}

/** DS16: whoever watches over the SIP Server of the login hears of it, and of its end, from each desk. */
async function toldUpstream(
  lab: LiveLab,
  name: string,
  kind: LesserLink,
  watcher: SiteOperator,
  { robots, isRaised }: { readonly robots: readonly Robot[]; readonly isRaised: boolean },
): Promise<void> {
  const isTold = (robot: Robot) => {
    const last = watcher.alarms.filter(({ person }) => person === robot.name).at(-1);
    return last?.name === `${kind}-link-lost` && last.isRaised === isRaised;
  };
  await lab.until(SLACK_MS, () => robots.every(isTold));
  const silent = robots.filter((robot) => !isTold(robot));
  lab.check(
    name,
    robots.length > 0 && silent.length === 0,
    silent.map(describe).join('; ') ||
      `the SIP Server has passed on ${watcher.alarms.length} alarms and ends`,
  );
}

/** Nobody is hasty: the wait is counted from the loss. */
function notBefore(lab: LiveLab, kind: LesserLink, robots: readonly Robot[], since: number): void {
  const what = `move the ${kind} link`;
  const waits = robots.flatMap((robot) =>
    decisionsOf(lab, robot, since)
      .filter((decision) => decision.what === what)
      .map(({ at }) => at - since),
  );
  const leastMs = 1000 * lab.options.times.siteTimeoutS;
  lab.check(
    'not-before-the-timeout',
    waits.length === robots.length && waits.every((ms) => ms >= leastMs),
    `${waits.length} moves of ${robots.length} links, ${Math.round(Math.min(...waits))} to ${Math.round(Math.max(...waits))} ms after the loss`,
  );
}

/** Telephony stands at both sites, the other lesser link at home, and nobody else decided to move a link. */
function onlyThisLink(
  lab: LiveLab,
  name: string,
  kind: LesserLink,
  who: { readonly since: number; readonly moved: readonly Robot[] },
): void {
  const other = kind === 'configuration' ? 'statistics' : 'configuration';
  const wrong = lab.robots.filter((robot) => {
    const voice = robot.view?.links.filter((link) => link.kind === 'telephony') ?? [];
    const own = linkOf(robot, other);
    const moves = decisionsOf(lab, robot, who.since).filter(({ what }) => what.startsWith('move'));
    return (
      voice.length !== 2 ||
      voice.some(({ state }) => state !== 'on') ||
      own?.state !== 'on' ||
      own.site !== home(robot) ||
      moves.length !== (who.moved.includes(robot) ? 1 : 0)
    );
  });
  lab.check(
    name,
    lab.robots.length > 0 && wrong.length === 0,
    wrong.length === 0
      ? `all other links of ${lab.robots.length} stand at home`
      : wrong.map((robot) => `${robot.name}: ${JSON.stringify(robot.view?.links)}`).join('; '),
  );
}

/** None has an alarm now, and those of `never` had none since then. */
function noAlarm(
  lab: LiveLab,
  name: string,
  now: readonly Robot[],
  never: readonly Robot[],
  since: number,
): void {
  const raised = now.filter(({ view }) => view === undefined || view.alarms.length > 0);
  const had = never.filter((robot) =>
    lab.watch.alarms.some(({ at, agent, isRaised }) => isRaised && at >= since && agent === robot.name),
  );
  const wrong = [...raised, ...had];
  lab.check(
    name,
    now.length > 0 && wrong.length === 0,
    wrong.length === 0
      ? `${now.length} without an alarm`
      : wrong.map((robot) => `${robot.name}: ${JSON.stringify(robot.view?.alarms)}`).join('; '),
  );
}

/** All other processes of the site, with their ids. */
function restOfSite(lab: LiveLab, site: SiteName, kind: LesserLink): string[] {
  return lab.sites[site]
    .processes()
    .filter(({ application, pid }) => pid !== undefined && application !== `${SERVER[kind]}-${site}`)
    .map(({ application, pid }) => `${application} ${pid}`);
}
