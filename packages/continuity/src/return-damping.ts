/**
 * When a desk that could return to its preferred site does so (DS15): not at the first sign of life, not while the site
 * comes and goes, and not in the same instant as all others.
 *
 *     losses   2 ┤      ╷╲╷╲                each loss counts one more; the sum halves with each half-life
 *              1 ┤    ╷╲│ ╲│ ╲·········     above `return-losses-max` nobody returns (RD2)
 *                └────┴─┴──┴───┴──────────▶ then steady for a while, and a random part of the site's window (RD1)
 *
 * It is like a guest whose host has twice been called away from the door: after the second time he does not get up
 * at the first ring, and after the fourth he waits until it has been quiet for long.
 */
import { assert, type Because, type Millis } from '@holdfast/kernel';
import type { Governed, GoverningOption } from './governed.ts';

export interface ReturnDampingPolicy {
  /** RD1: the preferred site has been ready without a break for so long. */
  readonly steadyMs: Governed<Millis>;
  /** RD2: the sum of losses halves with each; 0 forgets them at once. */
  readonly halfLifeMs: Governed<Millis>;
  /** RD2: while the sum is above, the desk does not return; at least 1. */
  readonly lossesMax: Governed<number>;
}

/** What the desk sees of its preferred site: not at all, connected, or a place at which it could work. */
export type SiteHealth = 'away' | 'reachable' | 'ready';

export interface ReturnDamping {
  readonly health: SiteHealth;
  /** Since when in this health. */
  readonly since: Millis;
  /** It is on its way down: what is lost together, first the phone and then the link, counts once. */
  readonly isFalling: boolean;
  /** The sum as it was at `countedAt`. */
  readonly losses: number;
  readonly countedAt: Millis;
  /** This desk's part of the window that the site has given. */
  readonly slotMs: Millis;
}

/** A sum above this would say no more: at this one the desk waits for four half-lives (with a limit of 1). */
export const LOSSES_COUNTED_MAX = 16;

export const NO_LOSSES: ReturnDamping = {
  health: 'away',
  since: 0,
  isFalling: false,
  losses: 0,
  countedAt: 0,
  slotMs: 0,
};

const RANK: Readonly<Record<SiteHealth, number>> = { away: 0, reachable: 1, ready: 2 };

/** The same object when nothing has changed. */
export function stepReturnDamping(
  before: ReturnDamping,
  event: { readonly health: SiteHealth; readonly slotMs: Millis },
  now: Millis,
  policy: ReturnDampingPolicy,
): ReturnDamping {
  const { health, slotMs } = event;
  if (health === before.health) return slotMs === before.slotMs ? before : { ...before, slotMs };
  const isFalling = RANK[health] < RANK[before.health];
  const next = { ...before, health, since: now, isFalling, slotMs };
  if (!isFalling || before.isFalling) return next;
  const losses = Math.min(lossesAt(before, now, policy) + 1, LOSSES_COUNTED_MAX);
  return { ...next, losses, countedAt: now };
}

/** When the desk may return if nothing changes; infinity while the site is not ready. */
export function returnAt(damping: ReturnDamping, policy: ReturnDampingPolicy): Millis {
  if (damping.health !== 'ready') return Number.POSITIVE_INFINITY;
  const steadyAt = damping.since + policy.steadyMs.value;
  return Math.max(steadyAt, calmAt(damping, policy)) + damping.slotMs;
}

/** What holds the desk back at a site that is ready. */
export interface ReturnWait {
  readonly from: Millis;
  readonly until: Millis;
  readonly option: GoverningOption;
  readonly because: Because;
}

export function returnWait(
  damping: ReturnDamping,
  policy: ReturnDampingPolicy,
  site: string,
): ReturnWait | undefined {
  if (damping.health !== 'ready') return undefined;
  const { steadyMs, halfLifeMs } = policy;
  const until = returnAt(damping, policy);
  const isFlapping = calmAt(damping, policy) > damping.since + steadyMs.value;
  const { option } = isFlapping ? halfLifeMs : steadyMs;
  const because = isFlapping ? comesAndGoes(site, option) : notYetSteady(site, option);
  return { from: damping.since, until, option, because };
}

/** RD2: the site has been lost so often that the desk does not return to it yet. */
export function isFlapping(damping: ReturnDamping, now: Millis, policy: ReturnDampingPolicy): boolean {
  return now < calmAt(damping, policy);
}

export function comesAndGoes(site: string, option: GoverningOption): Because {
  const text = `The preferred site ${site} is there again, but has been lost too often of late.`;
  return { rule: 'RD2', text, option };
}

function notYetSteady(site: string, option: GoverningOption): Because {
  const text = `The preferred site ${site} is there again; it has to stay for a while.`;
  return { rule: 'RD1', text, option };
}

function lossesAt({ losses, countedAt }: ReturnDamping, now: Millis, policy: ReturnDampingPolicy): number {
  const { value: halfLifeMs } = policy.halfLifeMs;
  return halfLifeMs === 0 ? 0 : losses * 2 ** ((countedAt - now) / halfLifeMs);
}

/** When the sum has come down to the limit. */
function calmAt({ losses, countedAt }: ReturnDamping, policy: ReturnDampingPolicy): Millis {
  const { value: limit } = policy.lossesMax;
  assert(limit >= 1, 'a single loss holds nobody back');
  if (losses <= limit) return countedAt;
  return countedAt + Math.ceil(policy.halfLifeMs.value * Math.log2(losses / limit));
}
