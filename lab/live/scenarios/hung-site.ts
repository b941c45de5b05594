import { DoubleWatch } from '../double-watch.ts';
import type { LiveLab } from '../live-lab.ts';
import type { Robot } from '../robot.ts';
import { CLOCK_BASIS, checkHistory } from '../routable-history.ts';
import { SiteFollower } from '../site-follower.ts';
import { logInForToken } from '../site-observer.ts';
import { underControl } from './calls-survive-site.ts';
import {
  allReady,
  callersCome,
  callsAreAnswered,
  describe,
  home,
  movedExactly,
  moveMax,
  restMax,
} from './scenario.ts';
import { eachFamilyAsItShould } from './site-is-back.ts';

/** How long the followers may take to have read everything at the end. */
const CATCH_UP_MAX_MS = 5000;
/** What lay in the buffers of a site that goes on is read by then, and the sites have told each other who has which call. */
const RESUMED_MS = 3000;
/** So many calls are under way when the site hangs again, where its agents are as many. */
const TALKING_MIN = 3;
/** The other site follows a moment behind (LG4). */
const FOLLOWED_MS = 2000;
const OCCUPANCY_AFTER = 0.2;

/**
 * The site accepts nothing and says nothing, then goes on as if nothing had been: its buffers are full of old
 * answers to its stamps, and none of them may make an agent routable there again (LL1).
 */
export async function hungSite(lab: LiveLab): Promise<void> {
  const access = lab.supervisorAccess();
  const watch = new DoubleWatch(access);
  await watch.start();
  const token = await logInForToken(access);
  const followers = access.sites.map((site) => new SiteFollower({ ...site, token }));
  try {
    await lab.until(CATCH_UP_MAX_MS, () => followers.every(({ first }) => first !== undefined));
    const from = lab.now();
    await callsAreAnswered(lab, 4);
    const since = lab.now();
    lab.hang('north');
    await movedExactly(lab, { from: 'north', to: 'south', since });
    const resumedAt = lab.now();
    lab.resume('north');
    // What lay in its buffers is read first; only then it shows whether anybody believed it.
    await lab.until(RESUMED_MS, () => false);
    await eachFamilyAsItShould(lab, { site: 'north', from: 'south', at: resumedAt });
    allReady(lab, lab.robots.filter((robot) => home(robot) === 'north').length);
    await callsAreAnswered(lab, 4);
    await adoptedCallsStay(lab);
    const doubles = new Set(watch.doubles);
    lab.check(
      'nobody-routable-twice',
      doubles.size === 0 && watch.rounds > 20,
      doubles.size === 0 ? `${watch.rounds} looks at both sites` : [...doubles].join(', '),
    );
    await nobodyTwiceInTheLogs(lab, followers, from);
  } finally {
    watch.stop();
    for (const follower of followers) follower.stop();
  }
}

/**
 * It hangs once more, under calls in which nobody hangs up, and goes on when the other site has taken them over: what was
 * adopted stays with its adopter (AD3), and ends as any call does when one of the two people hangs up.
 */
async function adoptedCallsStay(lab: LiveLab): Promise<void> {
  const { siteTimeoutS, phoneTimeoutS, talkMs } = lab.options.times;
  lab.nobodyHangsUp = true;
  const own = lab.robots.filter(({ view }) => view?.site === 'north');
  const names = new Set(own.map(({ name }) => name));
  const wanted = Math.min(TALKING_MIN, own.length);
  await lab.until(2 * restMax(lab), () => lab.calls.talkingOf(names) >= wanted);
  lab.callers.stop();
  await lab.until(FOLLOWED_MS, () => false);
  const talking = own.filter(({ name }) => lab.watch.callsOf(name).length > 0);
  const before = lab.calls.figures();
  lab.hang('north');
  const adopted = await underControl(lab, talking, 1000 * (siteTimeoutS + phoneTimeoutS) + moveMax(lab));
  lab.resume('north');
  await lab.until(RESUMED_MS, () => false);
  // A phone that goes home by itself takes its desk along (DS8b), and the two people talk on.
  const isKept = ({ name, view }: Robot) =>
    lab.calls.talkingOf(new Set([name])) === 1 &&
    (view?.site === 'south' ? view.calls.length > 0 : view?.site !== 'north' || view.calls.length === 0);
  const atSouth = talking.filter(({ view }) => view?.site === 'south' && view.calls.length > 0);
  const gone = [...adopted.keys()].filter((robot) => !isKept(robot));
  lab.check(
    'adopted-calls-stay',
    adopted.size > 0 && adopted.size === talking.length && gone.length === 0,
    `${talking.length} talked when the site hung, ${adopted.size} calls were adopted, ${adopted.size - gone.length} go on and are not at north again ${RESUMED_MS} ms after it went on, ${atSouth.length} of them with their desk at south${gone.map((robot) => `; ${describe(robot)}`).join('')}`,
  );
  lab.nobodyHangsUp = false;
  await lab.until(4 * talkMs, () => lab.calls.openSinceFault === 0);
  const { kept, lost, lostBy } = lab.calls.figures();
  const [keptNow, lostNow] = [(kept ?? 0) - (before.kept ?? 0), (lost ?? 0) - (before.lost ?? 0)];
  lab.check(
    'adopted-calls-end-normally',
    lab.calls.openSinceFault === 0 && lostNow === 0 && keptNow >= adopted.size,
    `of the calls at the second hang ${keptNow} were kept to their end, ${lostNow} lost ${JSON.stringify(lostBy)}`,
  );
  callersCome(lab, OCCUPANCY_AFTER);
  await lab.until(moveMax(lab), () => lab.ledger.waiting === 0);
  await callsAreAnswered(lab, 2);
}

async function nobodyTwiceInTheLogs(
  lab: LiveLab,
  followers: readonly SiteFollower[],
  from: number,
): Promise<void> {
  const complete = await Promise.all(followers.map((follower) => follower.caughtUp(CATCH_UP_MAX_MS)));
  const gaps = followers.map(({ site, gap }, index) =>
    complete[index] === true ? gap : (gap ?? `${site} does not tell the rest of its log`),
  );
  const { logins, rings, violations } = checkHistory({
    logs: followers.map(({ site, first, entries }) => ({
      site,
      loggedIn: first?.dns.filter(({ agent }) => agent !== undefined).map(({ dn }) => dn) ?? [],
      entries,
    })),
    from,
    until: lab.now(),
    atOf: (time) => lab.atOf(time),
    leases: (dn, site) => lab.watch.leases.of(dn, site),
  });
  const wrong = [...gaps.filter((gap) => gap !== undefined), ...violations];
  // Everybody was logged in at the start, and those of north once more at south.
  const loginsMin = lab.robots.length + lab.robots.filter((robot) => home(robot) === 'north').length;
  lab.check(
    'nobody-routable-twice-in-the-logs',
    wrong.length === 0 && logins >= loginsMin && rings > 0,
    wrong.length === 0
      ? `${logins} log-ins and ${rings} calls sent to agents in both logs, without a gap (${CLOCK_BASIS})`
      : wrong.join('; '),
  );
}
