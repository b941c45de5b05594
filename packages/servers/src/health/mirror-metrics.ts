/** How the logs that cross the pair and the sites stand, as figures (LG2, LG4, LG6, LG7). */
import type { Millis } from '@holdfast/kernel';
import { type Following, REFUSALS } from '../mirror/following.ts';
import { type Leading, MATE } from '../mirror/leading.ts';
import type { FollowerState } from '../mirror/mirror-follower.ts';
import { counters, gauge, type Metric, oneOf } from './server-report.ts';

const STATES: readonly FollowerState[] = ['unlinked', 'joining', 'behind', 'in-step'];

/** `leading` is undefined of a member that is no primary. */
export function leadingMetrics(leading: Leading | undefined, now: Millis): Metric[] {
  const { ms, entries, timesBehind } = leading?.lagOf(MATE, now) ?? { ms: 0, entries: 0, timesBehind: 0 };
  return [
    gauge('holdfast_mirror_lag_ms', 'Age of the oldest entry that the mate has not acknowledged.', ms),
    gauge('holdfast_mirror_lag_entries', 'Entries that the mate has not acknowledged.', entries),
    {
      ...gauge('holdfast_mirror_behind_total', 'How often the mate was declared behind (LG2).', timesBehind),
      type: 'counter',
    },
    oneOf('holdfast_mirror_state', 'The mate as the primary sees it.', STATES, leading?.stateOf(MATE) ?? ''),
    ...peerLagMetrics(leading, now),
  ];
}

/** How much of this site the other one would lack if this site died now (LG4). */
export function peerLagMetrics(leading: Leading | undefined, now: Millis): Metric[] {
  const { ms, entries, followers } = leading?.peerLag(now) ?? { ms: 0, entries: 0, followers: 0 };
  return [
    gauge('holdfast_peer_followers', 'Servers of the other site that follow this log.', followers),
    gauge(
      'holdfast_peer_mirror_lag_ms',
      'Age of the oldest entry that the other site has not acknowledged; of the follower that is furthest behind.',
      ms,
    ),
    gauge(
      'holdfast_peer_mirror_lag_entries',
      'Entries that the other site has not acknowledged; of the follower that is furthest behind.',
      entries,
    ),
  ];
}

const REFUSED = {
  mate: 'holdfast_mirror_refused_total',
  site: 'holdfast_peer_log_refused_total',
} as const;

/** What came of the log of another and was not taken as it came, by kind. */
export function followingMetrics(following: Following, from: 'mate' | 'site'): Metric {
  const help = 'Messages of a log that were not taken as they came: lost, repeated, late or different ones.';
  return counters(
    REFUSED[from],
    help,
    'kind',
    REFUSALS.map((kind) => [kind, following.refused.get(kind) ?? 0] as const),
  );
}
