import { DoubleWatch } from '../double-watch.ts';
import type { LiveLab } from '../live-lab.ts';
import { CLOCK_BASIS, checkHistory } from '../routable-history.ts';
import { SiteFollower } from '../site-follower.ts';
import { logInForToken } from '../site-observer.ts';
import { allReady, callsAreAnswered, home, movedExactly } from './scenario.ts';
import { eachFamilyAsItShould } from './site-is-back.ts';

/** How long the followers may take to have read everything at the end. */
const CATCH_UP_MAX_MS = 5000;

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
    await lab.until(3000, () => false);
    await eachFamilyAsItShould(lab, { site: 'north', from: 'south', at: resumedAt });
    allReady(lab, lab.robots.filter((robot) => home(robot) === 'north').length);
    await callsAreAnswered(lab, 4);
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
