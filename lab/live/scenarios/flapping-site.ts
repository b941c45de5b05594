import type { LiveLab } from '../live-lab.ts';
import type { Robot } from '../robot.ts';
import { decisionsOf, inWords } from './reasons.ts';
import { allWorkAt, callsAreAnswered, describe, home, MOVES, movedExactly, stayed } from './scenario.ts';
import { settled } from './site-is-back.ts';

/** How often the site comes back and is lost again after its first loss. */
const FLAPS = 2;
/** A site that came back is there until its desks have seen it, on a busy machine too, and less long than steady is. */
const SEEN_MAX_MS = 10_000;
/** Until the losses are forgotten: the sum is three at the most, so that it is down to one after less than two half-lives. */
const HALF_LIVES = 2;

/**
 * RD1, RD2: a site dies, comes and goes, and stays. Whoever has phones at both sites moves once, is told why there is no
 * return yet, and returns once, when the site has been steady; a third-party desktop does not return. Where the phone
 * itself goes home, its desk follows it and no oftener.
 */
export async function flappingSite(lab: LiveLab): Promise<void> {
  const since = lab.now();
  lab.kill('north');
  await movedExactly(lab, { from: 'north', to: 'south', since });
  const dual = lab.robots.filter((robot) => home(robot) === 'north' && robot.options.scheme === 'dual');
  const returners = dual.filter((robot) => robot.options.family === 'interaction-workspace');
  const sawIt: boolean[] = [];
  let lostAt = since;
  for (let flap = 0; flap < FLAPS; flap++) {
    await lab.restore('north');
    sawIt.push(await lab.until(SEEN_MAX_MS, () => returners.every(isHeldBack)));
    lostAt = lab.now();
    lab.kill('north');
    await lab.until(1_000, () => false);
  }
  lab.check(
    'site-came-and-went',
    sawIt.every((saw) => saw),
    `${sawIt.filter((saw) => saw).length} of ${FLAPS} times each desk had seen the site come`,
  );
  stayedAway(lab, dual, since);
  await lab.restore('north');
  const { returnHalfLifeS } = lab.options.times;
  await lab.until(1000 * HALF_LIVES * returnHalfLifeS, () =>
    returners.every((robot) => isAtHome(lab, robot)),
  );
  const stays = settled(lab, 'north');
  await allWorkAt(lab, 'each-where-its-family-says', (robot) =>
    stays.includes(robot) ? 'south' : home(robot),
  );
  returnedOnce(lab, returners, { since, lostAt });
  toldWhy(lab, returners, since);
  const others = lab.robots.filter((robot) => home(robot) !== 'north');
  stayed(lab, 'others-stayed-throughout', { robots: others, since });
  await callsAreAnswered(lab, 4);
}

function isHeldBack({ view }: Robot): boolean {
  return view?.wait?.for === 'return';
}

function isAtHome(lab: LiveLab, robot: Robot): boolean {
  return lab.worksAt(robot, home(robot));
}

/** Nobody with phones at both sites has followed the site to and fro. */
function stayedAway(lab: LiveLab, dual: readonly Robot[], since: number): void {
  const wrong = dual.filter(
    (robot) => !lab.worksAt(robot, 'south') || moves(lab, robot, since).join() !== 'leave',
  );
  lab.check(
    'moved-once-while-it-flapped',
    dual.length > 0 && wrong.length === 0,
    wrong.length === 0
      ? `${dual.length} with phones at both sites`
      : wrong.map((robot) => toldOf(lab, robot, since)).join('; '),
  );
}

/** One move and one return, which came no sooner after the last loss than the site had to be steady. */
function returnedOnce(
  lab: LiveLab,
  returners: readonly Robot[],
  { since, lostAt }: { readonly since: number; readonly lostAt: number },
): void {
  const returnAt = (robot: Robot) =>
    decisionsOf(lab, robot, since).find(({ what }) => what === 'return')?.at ?? 0;
  const steadyMs = 1000 * lab.options.times.returnSteadyS;
  const wrong = returners.filter(
    (robot) =>
      !isAtHome(lab, robot) ||
      moves(lab, robot, since).join() !== 'leave,return' ||
      returnAt(robot) < lostAt + steadyMs,
  );
  const waits = returners.map((robot) => Math.round((returnAt(robot) - lostAt) / 100) / 10);
  lab.check(
    'returned-once-when-steady',
    returners.length > 0 && wrong.length === 0,
    wrong.length === 0
      ? `${returners.length}, ${Math.min(...waits)} to ${Math.max(...waits)} s after the last loss`
      : wrong.map((robot) => toldOf(lab, robot, since)).join('; '),
  );
}

/** RD2 was decided, and rests on the option that the run has set. */
function toldWhy(lab: LiveLab, returners: readonly Robot[], since: number): void {
  const value = `${lab.options.times.returnHalfLifeS} s`;
  const without = returners.filter((robot) => {
    const stays = decisionsOf(lab, robot, since).filter(({ because }) => because.rule === 'RD2');
    const isGoverned = stays.every(
      ({ because: { option } }) => option?.name === 'return-half-life' && option.value === value,
    );
    return stays.length === 0 || !isGoverned;
  });
  lab.check(
    'told-why',
    returners.length > 0 && without.length === 0,
    without.length === 0
      ? `${returners.length} by RD2, return-half-life ${value}`
      : without.map((robot) => toldOf(lab, robot, since)).join('; '),
  );
}

function moves(lab: LiveLab, robot: Robot, since: number): string[] {
  return decisionsOf(lab, robot, since)
    .filter(({ what }) => MOVES.has(what))
    .map(({ what }) => what);
}

function toldOf(lab: LiveLab, robot: Robot, since: number): string {
  return `${describe(robot)} ${decisionsOf(lab, robot, since).map(inWords).join(', ') || 'no decision'}`;
}
