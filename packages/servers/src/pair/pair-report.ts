/**
 * Whether a member of a pair is ready, and for what (HR1 to HR3), from what it knows of itself and of its mate; and its
 * figures.
 */
import {
  type Fitness,
  failingProbes,
  mayAct,
  type PairRole,
  PROBES,
  pairRoleName,
  unfitness,
} from '@holdfast/continuity';
import type { Millis } from '@holdfast/kernel';
import { followingMetrics, leadingMetrics } from '../health/mirror-metrics.ts';
import {
  counters,
  type Figure,
  gauge,
  type Metric,
  notReady,
  oneOf,
  READY,
  type Readiness,
  type ServerReport,
} from '../health/server-report.ts';
import { siteMetrics } from '../health/site-metrics.ts';
import type { Following } from '../mirror/following.ts';
import { type Leading, MATE } from '../mirror/leading.ts';
import { PAUSED_SORTS, type PausedSort } from './paused-inputs.ts';

export interface MemberState {
  readonly pair: PairRole;
  readonly leading: Leading | undefined;
  readonly following: Following;
  /** SS54: the other site, while this member is standby. */
  readonly followingPeer: Following;
  readonly fitness: Fitness;
  readonly isMateLinked: boolean;
  /** PR12. */
  readonly pausedDropped: Readonly<Record<PausedSort, number>>;
  /** What the mate has said of itself as a standby on this link; undefined before it has. */
  readonly mate: MateStanding | undefined;
}

export interface MateStanding {
  readonly isReady: boolean;
  readonly because?: string | undefined;
}

/** What the message of a standing takes. */
const STANDING_MAX = 1_000;

/** What counts down is told once, and not each second. */
export function withoutFigures(text: string): string {
  return text.replaceAll(/\d+ s more/g, 'a while').slice(0, STANDING_MAX);
}

export function reportOf(member: MemberState, now: Millis): ServerReport {
  return {
    primary: primaryReadiness(member, now),
    standby: standbyReadiness(member, now),
    upgrade: upgradeReadiness(member, now),
    metrics: metricsOf(member, now),
  };
}

/** HR1. */
export function primaryReadiness({ pair, leading, fitness }: MemberState, now: Millis): Readiness {
  const name = pairRoleName(pair, now);
  if (leading === undefined || !mayAct(pair, now))
    return notReady(`It is ${name}, not the primary that acts.`);
  if (leading.server.parts.centre.isShuttingDown) return notReady('A graceful shutdown goes on.');
  return ofFitness(fitness, now);
}

/** HR2. */
export function standbyReadiness(member: MemberState, now: Millis): Readiness {
  const { pair, leading, following, isMateLinked, fitness } = member;
  const { name } = pair.role;
  if (leading !== undefined || name !== 'standby')
    return notReady(`It is ${pairRoleName(pair, now)}, not standby.`);
  if (!isMateLinked) return notReady('It has no link to its mate.');
  if (!following.store.isComplete) return notReady('It has not been told everything yet.');
  if (!following.isProven)
    return notReady('What it holds has not been compared with what its primary holds yet.');
  if (pair.isArbiterHeard !== true)
    return notReady('The arbiter does not answer, which has to grant it the role.');
  return ofFitness(fitness, now);
}

/** HR3: the one acts and the other could; each says so as far as it knows. */
function upgradeReadiness(member: MemberState, now: Millis): Readiness {
  const { leading, pair, mate } = member;
  if (leading === undefined) return standbyReadiness(member, now);
  if (!mayAct(pair, now)) return notReady(`It is ${pairRoleName(pair, now)}, not the primary that acts.`);
  return mateReadiness(member, mate, leading);
}

/** Whether the mate could have the role now, as its primary knows it. */
export function mateReadiness(
  { isMateLinked }: Pick<MemberState, 'isMateLinked'>,
  mate: MateStanding | undefined,
  leading: Leading,
): Readiness {
  if (!isMateLinked) return notReady('There is no link to the mate.');
  const state = leading.stateOf(MATE);
  if (state !== 'in-step') return notReady(`The mate is ${state}, not in step.`);
  if (mate === undefined) return notReady('The mate has not said yet that it is ready.');
  return mate.isReady ? READY : notReady(`The mate says: ${mate.because ?? 'it is not ready.'}`);
}

/** GF6, HR1. */
export function ofFitness(fitness: Fitness, now: Millis): Readiness {
  const unfit = unfitness(fitness, now);
  return unfit === undefined ? READY : notReady(`${unfit.rule}: ${unfit.text}`);
}

const ROLES = ['starting', 'standby', 'asking', 'primary', 'paused'];

function metricsOf(member: MemberState, now: Millis): Metric[] {
  const { pair, leading, following, fitness } = member;
  const ready = (readiness: Readiness) => (readiness.ok ? 1 : 0);
  return [
    oneOf('holdfast_role', 'The role of this member of the pair.', ROLES, pairRoleName(pair, now)),
    gauge('holdfast_acts', 'Whether this process decides and sends.', mayAct(pair, now) ? 1 : 0),
    gauge('holdfast_epoch', 'Its own epoch, or the highest that it has seen.', epochOf(pair)),
    gauge(
      'holdfast_arbiter_heard',
      'Whether the arbiter answered last.',
      pair.isArbiterHeard === true ? 1 : 0,
    ),
    gauge('holdfast_mate_linked', 'Whether the link to the mate stands.', member.isMateLinked ? 1 : 0),
    gauge('holdfast_ready_standby', 'As /ready/standby answers.', ready(standbyReadiness(member, now))),
    gauge('holdfast_ready_upgrade', 'As /ready/upgrade answers.', ready(upgradeReadiness(member, now))),
    unfitMetric(fitness),
    counters(
      'holdfast_paused_dropped_total',
      'Inputs that came while this member was primary and might not act, and for which there was no room (PR12).',
      'sort',
      PAUSED_SORTS.map((sort) => [sort, member.pausedDropped[sort]] as const),
    ),
    ...leadingMetrics(leading, now),
    followingMetrics(following, 'mate'),
    ...siteMetrics(leading?.server, member.followingPeer),
  ];
}

export function unfitMetric(fitness: Fitness): Metric {
  const failing = new Set(failingProbes(fitness));
  const figures: Figure[] = PROBES.map((probe) => ({ value: failing.has(probe) ? 1 : 0, labels: { probe } }));
  return {
    name: 'holdfast_unfit',
    type: 'gauge',
    help: 'Probes that fail again and again (FT1).',
    figures,
  };
}

function epochOf({ role, highest }: PairRole): number {
  return role.name === 'primary' ? role.epoch : highest;
}
