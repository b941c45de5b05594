/**
 * What the desk waits for and why it is where it is: facts for the words that the agent reads, which are the business
 * of whoever shows them.
 */
import { type Because, type Millis, unreachable } from '@holdfast/kernel';
import { inSeconds } from './causes.ts';
import {
  factsOf,
  hasElsewhere,
  isReady,
  leaseBarAt,
  leaveAt,
  returnsAt,
  timeoutsAt,
} from './desk-site-judge.ts';
import type { DeskSite } from './desk-site-types.ts';
import type { GoverningOption } from './governed.ts';
import { leaseWithMargin, mayLogInElsewhereAt } from './login-lease.ts';
import { returnWait } from './return-damping.ts';

/** A time that runs: when it has passed the desk decides anew. */
export interface RunningWait {
  /**
   * For the site to answer, for the phone to be in service there, for the lease of another site to end, for the
   * preferred site to prove steady.
   */
  readonly for: 'site' | 'phone' | 'lease' | 'return';
  readonly site: string;
  readonly from: Millis;
  readonly until: Millis;
  /** What sets its length. */
  readonly option: GoverningOption;
  /** The site for which that option is set: of a lease the site that granted it. */
  readonly optionSite: string;
}

/** What is missing where the desk belongs, whether or not its time can ever be up. */
export type Missing =
  | { readonly name: 'nothing' }
  | { readonly name: 'site' | 'phone'; readonly site: string; readonly option: GoverningOption };

export interface DeskSiteReport {
  readonly because: Because | undefined;
  readonly wait: RunningWait | undefined;
  readonly missing: Missing;
}

const NOTHING = { name: 'nothing' } as const;

export function reportOf(desk: DeskSite): DeskSiteReport {
  const { situation } = desk;
  switch (situation.name) {
    case 'out':
      return { because: situation.because, wait: undefined, missing: NOTHING };
    case 'serving':
      return reportServing(desk, situation.site);
    case 'waiting':
      return reportWaiting(desk, situation.site);
    case 'seeking': {
      const wait = leaseWait(desk, Object.keys(desk.sites));
      return { because: situation.cause.because, wait, missing: NOTHING };
    }
    case 'entering': {
      const { origin } = situation;
      const because = origin.name === 'seeking' ? origin.cause.because : origin.because;
      return { because, wait: undefined, missing: NOTHING };
    }
    case 'withdrawing':
      return { because: situation.cause.because, wait: undefined, missing: NOTHING };
    default:
      return unreachable(situation);
  }
}

/** DS15: the preferred site could be returned to, were the agent not busy. */
export function isReturnHeldUp(desk: DeskSite): boolean {
  const { situation, seenAt } = desk;
  return wantsBack(desk) && situation.name === 'serving' && seenAt >= returnsAt(desk, situation.site);
}

/** The desk works at the peer site, and goes back as soon as nothing is in the way. */
function wantsBack(desk: DeskSite): boolean {
  const { situation, isKeptAway, rehoming } = desk;
  const { preferredSite, autoRestore } = desk.policy;
  if (situation.name !== 'serving' || situation.site === preferredSite) return false;
  const isWanted = rehoming !== undefined || (autoRestore.value && !isKeptAway);
  return isWanted && isReady(factsOf(desk, preferredSite), desk.seenAt);
}

/** RD1, RD2: the site is back, and has to prove steady. */
function reportServing(desk: DeskSite, site: string): DeskSiteReport {
  const { preferredSite, damping: policy } = desk.policy;
  const held = wantsBack(desk) ? returnWait(desk.damping, policy, preferredSite) : undefined;
  if (held === undefined || desk.seenAt >= returnsAt(desk, site))
    return { because: undefined, wait: undefined, missing: NOTHING };
  const { from, until, option, because } = held;
  const wait = {
    for: 'return',
    site: preferredSite,
    from,
    until,
    option,
    optionSite: preferredSite,
  } as const;
  return { because, wait, missing: NOTHING };
}

function reportWaiting(desk: DeskSite, site: string): DeskSiteReport {
  const facts = factsOf(desk, site);
  const { telephonyAt, phoneAt } = leaveAt(desk, site);
  const { siteTimeoutMs, phoneTimeoutMs } = timeoutsAt(desk.policy, site);
  if (facts.telephony.name === 'off' && telephonyAt <= phoneAt) {
    const { option } = siteTimeoutMs;
    const { since: from } = facts.telephony;
    const wait = { for: 'site', site, from, until: telephonyAt, option, optionSite: site } as const;
    return { because: undefined, wait: running(desk, wait), missing: { name: 'site', site, option } };
  }
  if (facts.phone.name === 'outOfService') {
    const { option } = phoneTimeoutMs;
    const { since: from } = facts.phone;
    const wait = { for: 'phone', site, from, until: phoneAt, option, optionSite: site } as const;
    return { because: undefined, wait: running(desk, wait), missing: { name: 'phone', site, option } };
  }
  return { because: undefined, wait: leaseWait(desk, [site]), missing: NOTHING };
}

/** A cause that can never be complete, or that leads nowhere, has no time that runs. */
function running(desk: DeskSite, wait: RunningWait): RunningWait | undefined {
  return hasElsewhere(desk, wait.site) && wait.until < Number.POSITIVE_INFINITY ? wait : undefined;
}

/** The wait for another site's lease to end, where that is all that is missing. */
function leaseWait(desk: DeskSite, sites: readonly string[]): RunningWait | undefined {
  const ready = sites.filter(
    (site) => isReady(factsOf(desk, site), desk.seenAt) && leaseBarAt(desk, site) > desk.seenAt,
  );
  const site = ready.sort((a, b) => leaseBarAt(desk, a) - leaseBarAt(desk, b))[0];
  if (site === undefined) return undefined;
  const until = leaseBarAt(desk, site);
  const { lengthMs, optionSite } = leaseThatBars(desk, site, until);
  const { leaseSource: source } = factsOf(desk, optionSite);
  const option = { name: 'lease-length', value: inSeconds(lengthMs), source };
  return { for: 'lease', site, from: until - leaseWithMargin(lengthMs), until, option, optionSite };
}

/** The lease of another site that ends at `until`. Of one that was never seen only the length of this site is known (LL8). */
function leaseThatBars(desk: DeskSite, site: string, until: Millis) {
  const { leaseLengthMs } = factsOf(desk, site);
  for (const [optionSite, { promised }] of Object.entries(desk.sites)) {
    if (optionSite === site || promised.name !== 'stamp') continue;
    const { lengthMs } = promised;
    if (mayLogInElsewhereAt(promised, lengthMs) === until) return { lengthMs, optionSite };
  }
  return { lengthMs: leaseLengthMs, optionSite: site };
}
