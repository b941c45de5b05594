import { SALES_QUEUE } from '@holdfast/centre';
import { DoubleWatch } from '../double-watch.ts';
import type { LiveLab, SiteName } from '../live-lab.ts';
import { SITES } from '../live-lab.ts';
import type { Robot } from '../robot.ts';
import { siteLog } from '../site-log.ts';
import { allWorkAt, callsAreAnswered, describe, home, moveMax, SLACK_MS, stayed } from './scenario.ts';

/** A link that says nothing is given up by then: asked after one time-out of 3 s, lost after the same again. */
const REPORTED_MAX_MS = 10_000;

/**
 * The link between the sites is cut, and an outlying office no longer reaches the north: neither its desks nor its phones. Both
 * sites live, and neither can know it of the other. Each serves its own; the office's agents of north go to the south,
 * which cannot ask north for them, so that only the lease keeps them from being routable twice (LL1, LL4). Then all is mended.
 */
export async function sitesPartitioned(lab: LiveLab): Promise<void> {
  const watch = new DoubleWatch(lab.supervisorAccess());
  await watch.start();
  try {
    await callsAreAnswered(lab, 4);
    await reported(lab, 'sites-hear-each-other', [0, 0], ['other site answers']);
    const linesBefore = lines(lab);
    const since = lab.now();
    const office = lab.partition('north');
    const movers = office.filter((robot) => home(robot) === 'north');
    const others = lab.robots.filter((robot) => !movers.includes(robot));
    await movedToSouth(lab, movers);
    await reported(lab, 'partition-reported', linesBefore, ['other site silent', 'other site lost']);
    for (const site of SITES) await serves(lab, site);
    stayed(lab, 'others-stay-in-the-partition', { robots: others, since });
    const linesCut = lines(lab);
    lab.heal('north');
    await reported(lab, 'heal-reported', linesCut, ['other site answers']);
    // Nothing brings a third-party desktop back whose phone is registered at both sites (DS15).
    const stays = (robot: Robot) =>
      robot.options.family === 'agent-desktop' && robot.options.scheme === 'dual' && movers.includes(robot);
    await allWorkAt(lab, 'each-where-its-family-says', (robot) => (stays(robot) ? 'south' : home(robot)));
    stayed(lab, 'healed-without-an-outage', { robots: others, since });
    const anew = lab.watch.logins.filter(
      ({ at, agent }) => at >= since && others.some(({ name }) => name === agent),
    );
    lab.check(
      'no-login-ended',
      anew.length === 0,
      anew.map(({ agent, site }) => `${agent} at ${site}`).join(', ') ||
        `${others.length} logins stood throughout`,
    );
    await callsAreAnswered(lab, 4);
    const doubles = new Set(watch.doubles);
    lab.check(
      'nobody-routable-twice',
      doubles.size === 0 && watch.rounds > 20,
      doubles.size === 0 ? `${watch.rounds} looks at both sites` : [...doubles].join(', '),
    );
  } finally {
    watch.stop();
  }
}

async function movedToSouth(lab: LiveLab, movers: readonly Robot[]): Promise<void> {
  const isThere = (robot: Robot) => lab.worksAt(robot, 'south');
  await lab.until(moveMax(lab), () => movers.every(isThere));
  const late = movers.filter((robot) => !isThere(robot));
  lab.check(
    'office-moved',
    movers.length > 0 && late.length === 0,
    late.map(describe).join('; ') || `${movers.length} of the office work at south`,
  );
}

/** How much each site has logged so far. */
function lines(lab: LiveLab): number[] {
  return SITES.map((site) => siteLog(lab.folder, site).length);
}

/** Both SIP Servers say so in their logs, each of the other, after so many lines. */
async function reported(
  lab: LiveLab,
  name: string,
  after: readonly number[],
  words: readonly string[],
): Promise<void> {
  const found = () =>
    SITES.map((site, index) => {
      const said = siteLog(lab.folder, site).slice(after[index]);
      return words.filter((what) => said.some((line) => line.what === what));
    });
  await lab.until(REPORTED_MAX_MS, () => found().every((said) => said.length === words.length));
  const said = found();
  lab.check(
    name,
    said.every((one) => one.length === words.length),
    SITES.map((site, index) => `${site}: ${said[index]?.join(', ') || 'nothing'}`).join('; '),
  );
}

/** Somebody calls there, and an agent of that site answers. */
async function serves(lab: LiveLab, site: SiteName): Promise<void> {
  const from = lab.now();
  let by: string | undefined;
  lab.calls.onAnswered = (_at, { agent, offeredAt }) => {
    if (offeredAt >= from && lab.robot(agent).view?.site === site) by ??= agent;
  };
  lab.callers.call(SALES_QUEUE, site);
  await lab.until(SLACK_MS + 1.5 * lab.options.times.talkMs, () => by !== undefined);
  lab.check(
    `${site}-serves-its-own`,
    by !== undefined,
    by === undefined ? 'nobody answers' : `${by} answers`,
  );
}
