import type { ConfigObject } from '@holdfast/protocol';
import type { LiveLab } from '../live-lab.ts';
import type { Robot } from '../robot.ts';
import { registrationMaxMs } from '../times.ts';
import { decisionsOf, inWords } from './reasons.ts';
import { allReady, allWorkAt, callsAreAnswered, describe, home, SLACK_MS, stayed } from './scenario.ts';

/** Third-party: 0 at north, unset at south, both never; Workspace, where 0 is refused: switched off (DS2). */
export function withTimeoutsNever(object: ConfigObject): ConfigObject {
  if (object.objectType !== 'Application') return object;
  const { options } = object;
  switch (object.name) {
    case 'workspace': {
      const section = { ...options['interaction-workspace'], 'disaster-recovery.enabled': 'false' };
      return { ...object, options: { ...options, 'interaction-workspace': section } };
    }
    case 'desktop-north': {
      const section = { 'site-timeout': '0', 'site-sip-register-timeout': '0' };
      return { ...object, options: { ...options, 'agent-desktop': section } };
    }
    case 'desktop-south': {
      const { 'agent-desktop': _, ...rest } = options;
      return { ...object, options: rest };
    }
    default:
      return object;
  }
}

/** A site dies and phones of the other are lost: nobody moves however long, and each desk says why (DS2, DS6). */
export async function timeoutsNever(lab: LiveLab): Promise<void> {
  const since = lab.now();
  const ofNorth = lab.robots.filter((robot) => home(robot) === 'north');
  const ofSouth = lab.robots.filter((robot) => home(robot) === 'south');
  const withoutPhone = [...lastOfEachFamily(ofSouth)];
  lab.kill('north');
  for (const robot of withoutPhone) lab.losePhone(robot, 'south');
  const out = [...ofNorth, ...withoutPhone];
  // A lost site is noticed at once, a lost phone when its registration has expired.
  const { siteTimeoutS, phoneTimeoutS } = lab.options.times;
  await lab.until(registrationMaxMs(lab.options.times) + SLACK_MS, () =>
    out.every(({ view }) => view?.site === null),
  );
  // With the time-outs of the other scenarios each would have moved by now.
  await lab.until(1000 * (siteTimeoutS + phoneTimeoutS + 1), () => false);
  stayOutAndSayWhy(lab, out, since);
  const working = ofSouth.filter((robot) => !withoutPhone.includes(robot));
  stayed(lab, 'others-work-on', { robots: working, since });
  await callsAreAnswered(lab, 4);
  await lab.restore('north');
  for (const robot of withoutPhone) lab.findPhone(robot, 'south');
  await allWorkAt(lab, 'all-at-home-again', home);
  stayed(lab, 'nobody-moved', { robots: lab.robots, since });
  allReady(lab, out.length);
  await callsAreAnswered(lab, 2);
}

function lastOfEachFamily(robots: readonly Robot[]): Set<Robot> {
  // The first agents of a generated world serve the queue that is called, and go on with it.
  const families = new Map(robots.map((robot) => [robot.options.family, robot]));
  return new Set(families.values());
}

function stayOutAndSayWhy(lab: LiveLab, out: readonly Robot[], since: number): void {
  const lacks = out.flatMap((robot) => {
    const { view } = robot;
    const moves = decisionsOf(lab, robot, since).filter(({ what }) => what !== 'stay');
    if (view === undefined || view.site !== null || moves.length > 0)
      return [`${describe(robot)} ${moves.map(inWords).join('; ')}`];
    const governing = view.governing;
    const isWorkspace = robot.options.family === 'interaction-workspace';
    const isNamed = isWorkspace
      ? governing?.name === 'disaster-recovery.enabled' && governing.value === 'false'
      : governing?.value.includes('never') === true &&
        governing.source === `Application/desktop-${home(robot)}`;
    return isNamed && view.banner !== '' && governing?.until === null
      ? []
      : [`${describe(robot)}, governed by ${JSON.stringify(governing)}`];
  });
  const sayings = new Set(
    out.map(({ view }) => `"${view?.banner}" (${view?.governing?.name} = ${view?.governing?.value})`),
  );
  lab.check(
    'stay-out-and-say-why',
    out.length > 0 && lacks.length === 0,
    lacks.length === 0 ? `${out.length} wait without an end: ${[...sayings].join('; ')}` : lacks.join('; '),
  );
}
