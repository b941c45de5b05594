import { SALES_QUEUE } from '@holdfast/centre';
import { percentiles } from '../../src/ledger.ts';
import type { LiveLab } from '../live-lab.ts';
import { callsAreAnswered, movedExactly, SLACK_MS } from './scenario.ts';

/** Of the run with all agents; fewer agents have fewer callers. */
const CALLS_PER_S = 20;
const AGENTS_WITH_ALL_CALLS = 500;
/** Callers come by chance: so many standard deviations below what their rate gives are still that rate. */
const DEVIATIONS_MAX = 4;
/** A storm is that of the desks that had to move this share asks within this time. */
const STORM_SHARE = 0.9;
const STORM_MAX_MS = 2_000;
/**
 * From the end of the site time-out, and of the pace, until 95 % are Ready: more than twice what 501 desks take when they share two
 * processors with four times as much work as these can do.
 */
const READY_95_MAX_MS = 10_000;
/** `login-rate` where nobody has set it. */
const LOGIN_RATE = 500;

/**
 * The site of nearly all agents dies, and all of them log in at the other one while callers go on calling there (SS80). Figures
 * are taken, with the pace of the servers or with another one (`--set holdfast/login-rate=10000`): how long until 95 % are
 * Ready again, how long callers wait for a sign, and how many are lost.
 */
export async function reloginStorm(lab: LiveLab): Promise<void> {
  const movers = lab.robots.filter((robot) => robot.options.home === 'north');
  const perSecond = Math.min(CALLS_PER_S, (CALLS_PER_S * lab.robots.length) / AGENTS_WITH_ALL_CALLS);
  // Whoever calls a dead site measures how long a gateway waits for it.
  lab.callers.stream(perSecond, [SALES_QUEUE], [{ site: 'south' }]);
  const lostBefore = lostSoFar(lab);
  const since = lab.now();
  lab.kill('north');
  await movedExactly(lab, { from: 'north', to: 'south', since });
  const askedWithinMs = shortestSpan(firstAskedAt(lab, { movers, since }), STORM_SHARE * movers.length);
  const rows = lab.ledger.rows.filter(({ lastAbleAt }) => lastAbleAt >= since);
  const readyAfter = percentiles(rows.map(({ readyAt }) => (readyAt ?? lab.now()) - since));
  const loggedInAt = rows.map((row) => row.loggedInAt ?? row.readyAt ?? lab.now());
  const firstAt = Math.min(...loggedInAt);
  const dialled = perSecond * ((readyAfter?.max ?? 0) / 1000);
  const endAt = since + (readyAfter?.max ?? 0);
  await callsAreAnswered(lab, 4);
  lab.callers.stop();
  await lab.until(SLACK_MS, () => lab.calls.withoutSign === 0);
  const asked = lab.calls.signsSince(since).filter(({ offeredAt }) => offeredAt <= endAt);
  const signs = asked.map(({ afterMs }) => afterMs);
  const lost = lostSoFar(lab) - lostBefore;
  const inviteMs = percentiles(signs);
  const loginRate = Number(lab.options.serverOptions?.holdfast?.['login-rate'] ?? LOGIN_RATE);
  lab.measures = {
    ...lab.measures,
    storm: {
      desks: rows.length,
      login_rate: loginRate,
      calls_per_second: perSecond,
      asked_90_ms: askedWithinMs ?? null,
      ready_95_ms: readyAfter?.p95 ?? null,
      ready_all_ms: readyAfter?.max ?? null,
      logged_in_95_ms: percentiles(loggedInAt.map((at) => at - firstAt))?.p95 ?? null,
      invite_ms: inviteMs,
      calls_lost: lost,
    },
  };
  lab.check(
    'storm-of-all',
    rows.length === movers.length && movers.length > 0,
    `${rows.length} desks of ${movers.length} had to log in anew`,
  );
  lab.check(
    'all-ask-at-once',
    askedWithinMs !== undefined && askedWithinMs <= STORM_MAX_MS,
    `${100 * STORM_SHARE} % of them asked within ${Math.round(askedWithinMs ?? Number.NaN)} ms, ${STORM_MAX_MS} at the most`,
  );
  const readyMax =
    1000 * lab.options.times.siteTimeoutS + (1000 * movers.length) / loginRate + READY_95_MAX_MS;
  lab.check(
    'ready-in-time',
    (readyAfter?.p95 ?? Number.POSITIVE_INFINITY) <= readyMax,
    `95 % were Ready ${Math.round(readyAfter?.p95 ?? Number.NaN)} ms after the fault, ${Math.round(readyMax)} at the most`,
  );
  lab.check(
    'callers-served-in-the-storm',
    signs.length >= dialled - DEVIATIONS_MAX * Math.sqrt(dialled) && signs.length > 0 && lost === 0,
    `${signs.length} callers at ${perSecond.toFixed(1)} a second had a sign, p99 after ${Math.round(inviteMs?.p99 ?? 0)} ms; ${lost} were lost`,
  );
}

/** When the desk of each of them asked the other site for a login for the first time. */
function firstAskedAt(
  { watch }: LiveLab,
  who: { readonly movers: LiveLab['robots']; readonly since: number },
): number[] {
  const asked = watch.logInsAsked.filter(({ at, site }) => at >= who.since && site === 'south');
  return who.movers.flatMap(({ name }) => asked.find(({ agent }) => agent === name)?.at ?? []);
}

/** The shortest time that holds so many of these instants; undefined where there are fewer. */
export function shortestSpan(instants: readonly number[], share: number): number | undefined {
  const count = Math.max(1, Math.ceil(share));
  const sorted = [...instants].sort((a, b) => a - b);
  const spans = sorted.slice(count - 1).map((last, first) => last - (sorted[first] ?? last));
  return spans.length === 0 ? undefined : Math.min(...spans);
}

/** Callers to whom nobody has said anything, until they gave up, or whom a site has refused or forgotten. */
function lostSoFar({ calls }: LiveLab): number {
  const { refused, noSign, lostInLine } = calls.figures().ended;
  return refused + (noSign - calls.withoutSign) + lostInLine;
}
