import type { ConfigObject } from '@holdfast/protocol';
import { type LiveLab, SITES } from '../live-lab.ts';
import type { Robot } from '../robot.ts';
import { SiteOperator } from '../site-operator.ts';
import { decidedBecause, decisionsOf, inWords } from './reasons.ts';
import {
  allReady,
  allWorkAt,
  callsAreAnswered,
  describe,
  home,
  MOVES,
  moveMax,
  SLACK_MS,
  stayed,
} from './scenario.ts';

/** A reason that third-party desktops are told to take for a supervisor's (`supervisor-logout-codes`); Workspace knows it not. */
const TEAM_LEAD = 'team_lead';
const NOBODY_KNOWS = 'end_of_season';

export function withSupervisorCodes(object: ConfigObject): ConfigObject {
  if (object.objectType !== 'Application' || object.type !== 'ThirdPartyApplication') return object;
  const holdfast = {
    ...object.options.holdfast,
    'supervisor-logout-codes': `supervisor_logout,${TEAM_LEAD}`,
  };
  return { ...object, options: { ...object.options, holdfast } };
}

/** A tenth of the agents each 2 s. */
const WAVES_MS = 20_000;

/** What each desk must take the logout for, by the words of its decision. */
const SAYS = {
  agent: /^The agent has logged out/,
  supervisor: /^A supervisor has logged the agent out/,
  unknown: /a reason that is not known/,
};
type Stays = keyof typeof SAYS;

/**
 * Five ways to be logged out, in both families: by the agent, by a supervisor and for an unknown reason the desk stays
 * out and says so (DS12); by the phone it goes where the phone is, after the time-out (DS8b); by a graceful shutdown at
 * once, where the phone is at the other site too, and else it waits for the phone (DS8c, DS9).
 */
export async function logoutCauses(lab: LiveLab): Promise<void> {
  const operators = new Map<string, SiteOperator>();
  try {
    for (const site of SITES)
      operators.set(site, await SiteOperator.logIn(lab.clientAddress(site), lab.administratorAccess()));
    const operatorOf = (robot: Robot) => operators.get(home(robot)) as SiteOperator;
    const pairs = twoOfEach(lab);
    if (pairs === undefined) return lab.check('enough-desks', false, 'four desks of each family are needed');
    const since = lab.now();
    const answers = await logOut(pairs, operatorOf);
    for (const robot of pairs.phone) lab.losePhone(robot, 'north');
    await lab.until(moveMax(lab), () => pairs.phone.every((robot) => lab.worksAt(robot, 'south')));
    const refused = answers.filter((answer) => answer !== 'done');
    lab.check(
      'logouts-taken',
      answers.length === 4 && refused.length === 0,
      refused.join('; ') || '4 by operators',
    );
    for (const cause of ['agent', 'supervisor', 'unknown'] as const)
      staysOut(lab, cause, pairs[cause], since);
    const moved = pairs.phone.filter((robot) => lab.worksAt(robot, 'south'));
    lab.check('phone-moved', moved.length === 2, pairs.phone.map(describe).join('; '));
    decidedBecause(
      lab,
      'phone-moved-by-timeout',
      { robots: pairs.phone, since, at: 'north' },
      { what: 'leave', rule: 'DS8b', wait: 'phone' },
    );
    const out = [...pairs.agent, ...pairs.supervisor, ...pairs.unknown];
    const others = lab.robots.filter((robot) => !out.includes(robot) && !pairs.phone.includes(robot));
    stayed(lab, 'nobody-else-moved', { robots: others, since });
    allReady(lab, pairs.phone.length);
    await logInAgain(lab, out);
    await gracefulShutdown(lab, operators.get('north') as SiteOperator, pairs.phone);
    await callsAreAnswered(lab, 4);
  } finally {
    for (const operator of operators.values()) operator.close();
  }
}

type Pairs = Readonly<Record<Stays | 'phone', readonly Robot[]>>;

/** One desk of each family for each cause; those that lose their phones are of north. */
function twoOfEach(lab: LiveLab): Pairs | undefined {
  const families = (['interaction-workspace', 'agent-desktop'] as const).map((family) => {
    const all = lab.robots.filter(({ options }) => options.family === family);
    const phone = all.find((robot) => home(robot) === 'north');
    return { phone, rest: all.filter((robot) => robot !== phone) };
  });
  if (families.some(({ phone, rest }) => phone === undefined || rest.length < 3)) return undefined;
  const pick = (index: number) => families.map(({ rest }) => rest[index] as Robot);
  return {
    agent: pick(0),
    supervisor: pick(1),
    unknown: pick(2),
    phone: families.map(({ phone }) => phone as Robot),
  };
}

async function logOut(pairs: Pairs, operatorOf: (robot: Robot) => SiteOperator): Promise<string[]> {
  for (const robot of pairs.agent) robot.command({ type: 'logout' });
  const byOperator = (robot: Robot, reason?: string) =>
    operatorOf(robot).ask({
      type: 'AgentLogout',
      dn: robot.options.dn,
      ...(reason === undefined ? {} : { reasons: { LogoutReason: reason } }),
    });
  const isThirdParty = ({ options }: Robot) => options.family === 'agent-desktop';
  return Promise.all([
    ...pairs.supervisor.map((robot) => byOperator(robot, isThirdParty(robot) ? TEAM_LEAD : undefined)),
    ...pairs.unknown.map((robot) => byOperator(robot, isThirdParty(robot) ? NOBODY_KNOWS : TEAM_LEAD)),
  ]);
}

/** DS12: neither time-out brings the desk back, and it says by whom it was logged out. */
function staysOut(lab: LiveLab, cause: Stays, robots: readonly Robot[], since: number): void {
  const wrong = robots.filter((robot) => {
    const made = decisionsOf(lab, robot, since);
    const said = made.some(
      ({ what, because }) =>
        what === 'loggedOut' && because.rule === 'DS12' && SAYS[cause].test(because.text),
    );
    return robot.view?.site !== null || robot.view.banner === '' || !said || made.length !== 1;
  });
  lab.check(
    `${cause}-stays-out`,
    robots.length === 2 && wrong.length === 0,
    wrong.length === 0
      ? `both families: "${robots[0]?.view?.banner}"`
      : wrong
          .map((robot) => `${describe(robot)} ${decisionsOf(lab, robot, since).map(inWords).join('; ')}`)
          .join('; '),
  );
}

async function logInAgain(lab: LiveLab, robots: readonly Robot[]): Promise<void> {
  for (const robot of robots) robot.command({ type: 'login' });
  await lab.until(SLACK_MS, () => robots.every((robot) => robot.view?.site === home(robot)));
  for (const robot of robots) robot.command({ type: 'ready' });
  await lab.until(SLACK_MS, () => robots.every((robot) => lab.worksAt(robot, home(robot))));
  const out = robots.filter((robot) => !lab.worksAt(robot, home(robot)));
  lab.check(
    'log-in-again',
    robots.length > 0 && out.length === 0,
    out.map(describe).join('; ') || `${robots.length} at home, when they asked`,
  );
}

/**
 * Who has a phone at both sites goes at once; the others wait for theirs, which are sent to the other site (PQ5). Taken back,
 * phones and desks return.
 */
async function gracefulShutdown(lab: LiveLab, operator: SiteOperator, away: readonly Robot[]): Promise<void> {
  const atNorth = lab.robots.filter((robot) => home(robot) === 'north' && !away.includes(robot));
  const goes = atNorth.filter(({ options }) => options.scheme === 'dual');
  const waits = atNorth.filter((robot) => !goes.includes(robot));
  const since = lab.now();
  const answer = await operator.ask({ type: 'GracefulShutdown', on: true });
  const hasGone = (robot: Robot) => lab.worksAt(robot, 'south');
  await lab.until(moveMax(lab) + WAVES_MS, () => atNorth.every(hasGone));
  const wrong = atNorth.filter((robot) => !hasGone(robot));
  lab.check(
    'shutdown-lets-all-go',
    answer === 'done' && goes.length > 0 && waits.length > 0 && wrong.length === 0,
    wrong.length === 0
      ? `${goes.length} work at south, ${waits.length} after their phones have registered there`
      : `${answer}; ${wrong.map(describe).join('; ')}`,
  );
  const who = { robots: atNorth, since, at: 'north' };
  decidedBecause(lab, 'because-of-the-shutdown', who, { what: 'leave', rule: 'DS8c' });
  decidedBecause(
    lab,
    'waits-for-the-phone',
    { ...who, robots: waits },
    { what: 'waitForPhone', rule: 'DS9' },
  );
  const others = lab.robots.filter((robot) => !atNorth.includes(robot));
  const moved = others.filter((robot) => decisionsOf(lab, robot, since).some(({ what }) => MOVES.has(what)));
  lab.check(
    'shutdown-concerns-nobody-else',
    others.length > 0 && moved.length === 0,
    moved.map(describe).join('; ') || `${others.length} at south work on`,
  );
  const takenBack = await operator.ask({ type: 'GracefulShutdown', on: false });
  lab.check('shutdown-taken-back', takenBack === 'done', takenBack);
  // Third-party desktops do not return by themselves (DS15).
  const staysAtSouth = (robot: Robot) =>
    away.includes(robot) || (goes.includes(robot) && robot.options.family === 'agent-desktop');
  await allWorkAt(lab, 'all-at-work-again', (robot) => (staysAtSouth(robot) ? 'south' : home(robot)));
}
