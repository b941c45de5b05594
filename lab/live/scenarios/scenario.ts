/**
 * A scenario begins with everybody Ready at home and callers who are answered, a share of the agents with third-party
 * desktops (both families do the same unless a check says otherwise); it breaks one thing on purpose and says
 * what must hold: who must move, who must not, where each ends, and how many (ME3). The checks below are those that
 * nearly all share.
 */
import { SALES_QUEUE } from '@holdfast/centre';
import { type LineFigures, serviceOfLine } from '../line-account.ts';
import { type LiveLab, SITES, type SiteName } from '../live-lab.ts';
import type { LiveLabOptions } from '../live-lab-options.ts';
import { type LabTimes, registrationMaxMs } from '../times.ts';

export interface Scenario {
  readonly name: string;
  readonly about: string;
  /** Unless told otherwise. */
  readonly agents: number;
  /** With fewer there is nothing to see, and why. */
  readonly agentsMin: { readonly count: number; readonly because: string };
  readonly times: LabTimes;
  /** The share of the agents whom the stream of callers keeps at work; the rate of calls follows from it. */
  readonly occupancy: number;
  /** Supervisors start a server again that has died; off where it has to stay away. */
  readonly restarts: boolean;
  /** Each SIP Server has a standby; else there is one at each site. */
  readonly pairs?: boolean;
  /** The configuration is in a database, and there are proxies. */
  readonly hasDatabase?: boolean;
  readonly homes?: NonNullable<LiveLabOptions['homes']>;
  readonly hasOutlyingOffice?: boolean;
  readonly hotSeating?: NonNullable<LiveLabOptions['hotSeating']>;
  readonly placeAt?: NonNullable<LiveLabOptions['placeAt']>;
  readonly configure?: NonNullable<LiveLabOptions['configure']>;
  /** Whether everybody is at work at home and callers come before it runs; else nothing runs yet, and it begins itself. */
  readonly begins: 'at-work' | 'dark';
  run(lab: LiveLab): Promise<void>;
}

/** Slack on top of the waits that options set: pacing, jitter, a busy machine. */
export const SLACK_MS = 6_000;

/** How long agents may take to move, all configured waits included. */
export function moveMax(lab: LiveLab): number {
  const { times } = lab.options;
  const { siteTimeoutS, phoneTimeoutS, addpMs, talkMs, wrapUpS } = times;
  const waits = 1000 * (siteTimeoutS + phoneTimeoutS + wrapUpS) + registrationMaxMs(times);
  return waits + 2 * addpMs + 1.5 * talkMs + SLACK_MS;
}

/** Log-ins by password a second that both sites together manage on a busy machine; each costs 11 ms and more on purpose. */
const LOG_INS_PER_S = 10;

/** Fewest agents of any scenario. */
export const ALL_SCHEMES_AT_BOTH_SITES = {
  count: 6,
  because: 'one of each of the three registration schemes at each site',
};

/** Before each scenario: everybody at home and able, or it has nothing to break and ends there. */
export async function everybodyAtHome(lab: LiveLab): Promise<boolean> {
  const isHome = (robot: LiveLab['robots'][number]) => lab.worksAt(robot, robot.options.home);
  const patienceMs = 30_000 + (1000 * lab.robots.length) / LOG_INS_PER_S;
  await lab.until(patienceMs, () => lab.robots.every(isHome));
  const away = lab.robots.filter((robot) => !isHome(robot));
  const perSite = SITES.map(
    (site) => `${lab.robots.filter((robot) => robot.options.home === site).length} ${site}`,
  );
  const ok = lab.robots.length >= ALL_SCHEMES_AT_BOTH_SITES.count && away.length === 0;
  lab.check('everybody-at-home', ok, away.length === 0 ? perSite.join(', ') : away.map(describe).join('; '));
  return ok;
}

function reasonOf(view: LiveLab['robots'][number]['view']): string {
  const reasons = Object.values(view?.reasons ?? {});
  return reasons.length === 0 ? '' : ` (${reasons.join(', ')})`;
}

export function describe(robot: LiveLab['robots'][number]): string {
  const { view } = robot;
  return `${robot.name} (${robot.options.scheme}): ${view?.state ?? 'no view'}${reasonOf(view)} at ${view?.site ?? 'no site'}${view?.banner === '' ? '' : `, ${view?.banner}`}${view?.notice == null ? '' : ` [${view.notice}]`}`;
}

/** Where each ends: waits until all work where they have to, and says how many do where. */
export async function allWorkAt(
  lab: LiveLab,
  name: string,
  siteOf: (robot: LiveLab['robots'][number]) => string,
): Promise<void> {
  const isThere = (robot: LiveLab['robots'][number]) => lab.worksAt(robot, siteOf(robot));
  await lab.until(moveMax(lab), () => lab.robots.every(isThere) && lab.ledger.waiting === 0);
  const away = lab.robots.filter((robot) => !isThere(robot));
  const perSite = SITES.map(
    (site) => `${lab.robots.filter((robot) => siteOf(robot) === site).length} ${site}`,
  );
  lab.check(
    name,
    lab.robots.length > 0 && away.length === 0,
    away.length === 0 ? perSite.join(', ') : away.map(describe).join('; '),
  );
}

export const home = (robot: LiveLab['robots'][number]): string => robot.options.home;

/** Who must not move: none of these decided to leave, move or return since then, and each works at home. */
export function stayed(
  lab: LiveLab,
  name: string,
  who: { readonly robots: readonly LiveLab['robots'][number][]; readonly since: number },
): void {
  const left = new Map(
    lab.watch.decisions
      .filter(({ at, what }) => at >= who.since && MOVES.has(what))
      .map(({ agent, because }) => [agent, because.text]),
  );
  const wrongly = who.robots.filter((robot) => left.has(robot.name) || !lab.worksAt(robot, home(robot)));
  lab.check(
    name,
    who.robots.length > 0 && wrongly.length === 0,
    wrongly.length === 0
      ? `${who.robots.length} stayed at home`
      : wrongly.map((robot) => `${describe(robot)} ${left.get(robot.name) ?? ''}`).join('; '),
  );
}

/** Decisions of a desk that take its voice to another site. */
export const MOVES: ReadonlySet<string> = new Set(['leave', 'move', 'return']);

/** Those who had to move are able at `to`; those who had not to, never made a decision to leave. */
export async function movedExactly(
  lab: LiveLab,
  who: { readonly from: SiteName; readonly to: SiteName; readonly since: number },
): Promise<void> {
  const movers = lab.robots.filter((robot) => robot.options.home === who.from);
  const stayers = lab.robots.filter((robot) => robot.options.home !== who.from);
  const isThere = (robot: LiveLab['robots'][number]) => lab.worksAt(robot, who.to);
  await lab.until(moveMax(lab), () => movers.every(isThere) && lab.ledger.waiting === 0);
  // By the ledger too: its seconds are those until Ready at that site and no other.
  const endedAt = new Map(
    lab.ledger.rows
      .filter(({ from, lastAbleAt }) => from === who.from && lastAbleAt >= who.since)
      .map(({ agent, to }) => [agent, to]),
  );
  const late = movers.filter((robot) => !isThere(robot) || endedAt.get(robot.name) !== who.to);
  lab.check(
    'all-moved',
    movers.length > 0 && late.length === 0,
    late.length === 0
      ? `${movers.length} of ${movers.length} work at ${who.to}`
      : late
          .map((robot) => `${describe(robot)}, in the ledger at ${endedAt.get(robot.name) ?? 'no site'}`)
          .join('; '),
  );
  stayed(lab, 'nobody-else-moved', { robots: stayers, since: who.since });
  allReady(lab, movers.length);
}

/** ME1: one who is never Ready again fails this check; so does a fault that concerned others than it had to. */
export function allReady(lab: LiveLab, concerned: number): void {
  const { rows } = lab.ledger;
  const never = rows.filter((row) => row.readyAt === null);
  lab.check(
    'all-ready',
    never.length === 0 && rows.length === concerned && concerned > 0,
    never.length === 0
      ? `${rows.length} of ${concerned} concerned, all Ready again`
      : `never Ready again: ${never.map((row) => row.agent).join(', ')}`,
  );
}

/** A stream of calls that keeps this share of the agents at work. */
export function callersCome(lab: LiveLab, occupancy: number): void {
  const { agents, times } = lab.options;
  lab.callers.stream((occupancy * agents) / (times.talkMs / 1000 + times.wrapUpS));
}

/** Calls go on being answered: the number grows by so many within the time. */
export async function callsAreAnswered(lab: LiveLab, more: number): Promise<void> {
  const before = lab.calls.figures().answered;
  const patienceMs = 10_000 + (4000 * more) / lab.callers.perSecond;
  const ok = await lab.until(patienceMs, () => lab.calls.figures().answered >= before + more);
  lab.check('calls-answered', ok, `${lab.calls.figures().answered - before} more calls answered`);
}

/** How long until everybody who is in a call, or in after-call work, is not any more. */
export function restMax({ options: { times } }: LiveLab): number {
  return 1.5 * times.talkMs + 1000 * times.wrapUpS + SLACK_MS;
}

/** Each finishes the call that stands, and takes none after it. */
export async function rest(lab: LiveLab, robots: readonly LiveLab['robots'][number][]): Promise<void> {
  const isResting = ({ view }: LiveLab['robots'][number]) =>
    view?.state === 'NotReady' && view.workMode !== 'AfterCallWork' && view.calls.length === 0;
  const giveUpAt = lab.now() + restMax(lab);
  while (!robots.every(isResting) && lab.now() < giveUpAt) {
    for (const robot of robots) if (robot.view?.state === 'Ready') robot.command({ type: 'notReady' });
    await lab.until(200, () => robots.every(isResting));
  }
}

/** Agents who serve the line, and callers who stand in it. */
const SERVING = 3;
const IN_LINE = 6;
/** Between two callers; far enough apart that their order is beyond doubt. */
const ARRIVAL_MS = 150;

/**
 * Everybody at that site takes a rest, callers come, three agents go to work again: those who came first are served
 * first, and nobody vanishes. Last in a scenario, because no more calls come by themselves then.
 */
export async function lineIsServedInOrder(lab: LiveLab, site: SiteName): Promise<void> {
  lab.callers.stop();
  const atSite = lab.robots.filter((robot) => robot.view?.site === site);
  await rest(lab, atSite);
  const line = (): LineFigures => lab.calls.line(lab.now());
  // Who has dialled a dead site stands in a line only after the next site's first sign.
  await lab.until(SLACK_MS, () => lab.calls.withoutSign === 0);
  const before = line();
  for (let caller = 0; caller < IN_LINE; caller++) {
    lab.callers.call(SALES_QUEUE, site);
    await lab.until(ARRIVAL_MS, () => false);
  }
  await lab.until(SLACK_MS, () => lab.calls.withoutSign === 0);
  const stood = line();
  // The first agents of a generated world serve this queue.
  for (const robot of atSite.slice(0, SERVING)) robot.command({ type: 'ready' });
  const rounds = Math.ceil((before.waiting + IN_LINE) / SERVING);
  await lab.until(rounds * restMax(lab), () => line().waiting === 0 && lab.calls.withoutSign === 0);
  const { ok, detail } = serviceOfLine({ before, stood, after: line() }, IN_LINE);
  lab.check('line-served-in-order', ok, `at ${site}: ${detail}`);
}
