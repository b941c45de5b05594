import { SALES_QUEUE } from '@holdfast/centre';
import { SAME_MOMENT_MS } from '../line-account.ts';
import { orderOfLine } from '../line-order.ts';
import type { LiveLab } from '../live-lab.ts';
import { SiteFollower } from '../site-follower.ts';
import { logInForToken } from '../site-observer.ts';
import { describe, home, rest, restMax, SLACK_MS } from './scenario.ts';
import { lineIsEmpty } from './standing-calls.ts';

/** Callers in line for each agent. */
const CALLERS_PER_AGENT = 5;
/** Between two callers, and two agents who go to work: far enough apart that their order is beyond doubt. */
const ARRIVAL_MS = SAME_MOMENT_MS + 5;

/** How long the followers may take to have read everything. */
const CATCH_UP_MAX_MS = 5_000;

/**
 * A site dies while callers wait in line there and nobody is at work: the agents' desks log in at the other site, which takes
 * the line over (AD2), each caller at the own place and with music again; then everybody goes to work, and those who came
 * first are served first. What the order is compared with is the order of coming: all callers are of one priority, so that
 * a twin without the failure would serve them in that order. The simulation runs that twin (`lab/sim/line-twin.ts`).
 */
export async function queueSurvivesSite(lab: LiveLab): Promise<void> {
  const access = lab.supervisorAccess();
  const token = await logInForToken(access);
  const [north, south] = access.sites.map((site) => new SiteFollower({ ...site, token })) as [
    SiteFollower,
    SiteFollower,
  ];
  try {
    await lab.until(CATCH_UP_MAX_MS, () => north.first !== undefined && south.first !== undefined);
    await siteOfLineDies(lab, { north, south });
  } finally {
    for (const follower of [north, south]) follower.stop();
  }
}

interface Followers {
  readonly north: SiteFollower;
  readonly south: SiteFollower;
}

async function siteOfLineDies(lab: LiveLab, { north, south }: Followers): Promise<void> {
  const { siteTimeoutS, phoneTimeoutS } = lab.options.times;
  const wanted = CALLERS_PER_AGENT * lab.robots.length;
  const line = () => lab.calls.line(lab.now());
  await lineIsEmpty(lab);
  await rest(lab, lab.robots);
  const before = line();
  const from = north.entries.length;
  for (let caller = 0; caller < wanted; caller++) {
    lab.callers.call(SALES_QUEUE, 'north');
    await lab.until(ARRIVAL_MS, () => false);
  }
  await lab.until(SLACK_MS, () => lab.calls.withoutSign === 0);
  await north.caughtUp(CATCH_UP_MAX_MS);
  const musicBefore = music(lab);
  lab.callersArePatient = true;
  lab.kill('north');
  const since = lab.now();
  const stood = line();
  lab.check(
    'callers-waited',
    stood.waiting >= wanted && musicBefore.count >= wanted,
    `${stood.waiting} callers waited at north at the fault, ${wanted} wanted; ${musicBefore.count} listened to its announcer`,
  );
  const isThere = ({ view }: LiveLab['robots'][number]) =>
    view?.site === 'south' && view.state === 'NotReady';
  const patienceMs = 1000 * (siteTimeoutS + phoneTimeoutS) + 2 * SLACK_MS;
  await lab.until(patienceMs, () => lab.robots.every(isThere));
  const away = lab.robots.filter((robot) => !isThere(robot));
  const movers = lab.robots.filter((robot) => home(robot) === 'north').length;
  lab.check(
    'all-logged-in',
    movers > 0 && away.length === 0,
    away.map(describe).join('; ') ||
      `${movers} of north, and all of south, are logged in at south, not ready`,
  );
  await musicGoesOn(lab, { wanted, since, from: musicBefore.port, patienceMs });
  for (const robot of lab.robots) {
    robot.command({ type: 'ready' });
    // A hundred phones that begin to ring in one moment are heard by one lab in any order.
    await lab.until(ARRIVAL_MS, () => false);
  }
  await lab.until((CALLERS_PER_AGENT + 1) * restMax(lab), () => line().waiting === 0);
  const isComplete = await south.caughtUp(CATCH_UP_MAX_MS);
  const { came, offered, overtaken } = orderOfLine(SALES_QUEUE, north.entries.slice(from), south.entries);
  const served = (line().served ?? 0) - (before.served ?? 0);
  const gap = north.gap ?? south.gap;
  lab.check(
    'line-served-in-order',
    isComplete &&
      gap === undefined &&
      came >= wanted &&
      offered === came &&
      overtaken === 0 &&
      served >= wanted,
    gap ??
      `by the logs of both sites ${came} came to north and ${offered} of them were offered to agents at south, ${overtaken} after somebody who had come later; ${served} were served`,
  );
  const { ended } = lab.calls.figures();
  lab.check(
    'no-caller-lost',
    ended.lostInLine === 0 && ended.gaveUp === 0 && ended.refused === 0 && ended.noSign === 0,
    `${ended.lostInLine} lost in line, ${ended.refused} refused, ${ended.gaveUp} gave up`,
  );
}

/** The announcer to whom most callers listen. */
function music(lab: LiveLab): { readonly port: number; readonly count: number } {
  const [port = 0, count = 0] = [...lab.callers.listenersAt()].sort(([, one], [, two]) => two - one)[0] ?? [];
  return { port, count };
}

async function musicGoesOn(
  lab: LiveLab,
  {
    wanted,
    since,
    from,
    patienceMs,
  }: { readonly wanted: number; readonly since: number; readonly from: number; readonly patienceMs: number },
): Promise<void> {
  const isElsewhere = () => {
    const now = music(lab);
    return now.port !== from && now.count >= wanted;
  };
  await lab.until(patienceMs, isElsewhere);
  const afterMs = Math.round(lab.now() - since);
  const { port, count } = music(lab);
  const sample = () => lab.callers.soundFrom(port);
  await lab.until(SLACK_MS, () => sample().hearing === sample().listening);
  const { listening, hearing } = sample();
  lab.check(
    'music-of-the-other-site',
    isElsewhere() && listening > 0 && hearing === listening,
    `${count} of ${wanted} callers were turned to the announcer of the other site within ${afterMs} ms of the fault; ${hearing} of ${listening} with sound hear it`,
  );
}
