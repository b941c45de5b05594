/**
 * Other options while the desk works (DS24): they count from then on, also for what is being waited for. Another
 * preferred site is a reason to go there (DS25), by the ways of a return. A site that is this agent's no more is
 * remembered until nothing of this desk is left there: its lease may still be in the way of a log-in (LL4).
 */
import { type Because, type Millis, unreachable } from '@holdfast/kernel';
import { judgedAnew, noSiteAnyMore, rehomed } from './causes.ts';
import { factsOf, sitesOf } from './desk-site-judge.ts';
import type { DeskSite, DeskSiteEffect, DeskSitePolicy, SiteFacts, Situation } from './desk-site-types.ts';
import { reportOf } from './desk-site-wait.ts';
import { LEASE_LENGTH_MS, mayLogInElsewhereAt, type Promised } from './login-lease.ts';
import { NO_LOSSES } from './return-damping.ts';

export const NOTHING_PROMISED = { name: 'nothing' } as const;

/** Of a site that has not been heard yet. */
export function freshFacts(promised: Promised): SiteFacts {
  return {
    telephony: { name: 'unknown' },
    phone: { name: 'unknown' },
    login: undefined,
    heard: undefined,
    promised,
    leaseLengthMs: LEASE_LENGTH_MS,
    leaseSource: 'default',
    peerAsked: false,
    isClosing: false,
    returnSlotMs: 0,
    notBefore: 0,
    refusals: 0,
  };
}

export function learnPolicy(
  before: DeskSite,
  policy: DeskSitePolicy,
  now: Millis,
  effects: DeskSiteEffect[],
): DeskSite {
  const own = sitesOf(policy);
  const formerSites = Object.keys(before.sites).filter((site) => !own.includes(site));
  // LL8: what a former run of this desk has left at a site that is new to this one is not known.
  const fresh = freshFacts({ name: 'unknown', startedAt: now });
  const added = own.filter((site) => before.sites[site] === undefined).map((site) => [site, fresh]);
  const kept = Object.entries(before.policy.timeouts).filter(([site]) => formerSites.includes(site));
  const desk = {
    ...before,
    policy: { ...policy, timeouts: { ...Object.fromEntries(kept), ...policy.timeouts } },
    sites: { ...before.sites, ...Object.fromEntries(added) },
    formerSites,
  };
  if (policy.preferredSite !== before.policy.preferredSite) return learnPreference(before, desk, effects);
  tellWait(before, desk, effects);
  return learnForeign(before, desk, effects);
}

/** DS25: an administrator's word, which is younger than a move that was asked for. */
function learnPreference(before: DeskSite, desk: DeskSite, effects: DeskSiteEffect[]): DeskSite {
  const { preferredSite } = desk.policy;
  const { preferredSite: former } = before.policy;
  const next = {
    ...desk,
    isKeptAway: false,
    // RD2: what has become of another site says nothing of this one.
    damping: NO_LOSSES,
    situation: aimedAt(preferredSite, former, desk.situation),
  };
  const { situation } = desk;
  const belongs = situation.name === 'serving' || situation.name === 'waiting';
  const isThere = belongs && situation.site === preferredSite;
  if (situation.name === 'out' || isThere) return { ...next, rehoming: undefined };
  return rehome(next, rehomed(former, desk.policy), effects);
}

/** Works or waits at a site that is this agent's no more: there is only the preferred one to go to. */
function learnForeign(before: DeskSite, desk: DeskSite, effects: DeskSiteEffect[]): DeskSite {
  const site = 'site' in desk.situation ? desk.situation.site : undefined;
  if (site === undefined) return desk;
  const [wasForeign, isForeign] = [before, desk].map(({ formerSites }) => formerSites.includes(site));
  if (wasForeign === isForeign) return desk;
  if (!isForeign) return { ...desk, rehoming: undefined };
  return rehome(desk, noSiteAnyMore(site, desk.policy), effects);
}

function rehome(desk: DeskSite, because: Because, effects: DeskSiteEffect[]): DeskSite {
  effects.push({ type: 'decide', what: 'rehome', site: desk.policy.preferredSite, because });
  return { ...desk, rehoming: because };
}

/** DS19: who seeks a site tries the preferred one first, unless another was asked for. */
function aimedAt(site: string, former: string, situation: Situation): Situation {
  const isMeant = situation.name === 'seeking' && situation.aim === former;
  return isMeant && situation.cause.name !== 'asked' ? { ...situation, aim: site } : situation;
}

/** What is waited for ends at another time, or has no end any more. */
function tellWait(before: DeskSite, desk: DeskSite, effects: DeskSiteEffect[]): void {
  const [former, present] = [reportOf(before), reportOf(desk)];
  const wait = present.wait ?? former.wait;
  if (wait === undefined || former.wait?.until === present.wait?.until) return;
  const { missing } = present;
  const option = present.wait?.option ?? (missing.name === 'nothing' ? undefined : missing.option);
  const because = judgedAnew(wait.site, former.wait?.option, option);
  effects.push({ type: 'decide', what: 'judgeAnew', site: wait.site, because });
}

/** The same object when there is nothing to forget. */
export function forgetFormer(desk: DeskSite, now: Millis): DeskSite {
  if (desk.formerSites.length === 0) return desk;
  const formerSites = desk.formerSites.filter((site) => !isNothingLeft(desk, site, now));
  if (formerSites.length === desk.formerSites.length) return desk;
  const known = [...sitesOf(desk.policy), ...formerSites];
  const sites = Object.entries(desk.sites).filter(([site]) => known.includes(site));
  return { ...desk, sites: Object.fromEntries(sites), formerSites };
}

function isNothingLeft(desk: DeskSite, site: string, now: Millis): boolean {
  const { login, promised, leaseLengthMs } = factsOf(desk, site);
  if (login !== undefined || isNamed(desk.situation, site)) return false;
  return promised.name === 'nothing' || now >= mayLogInElsewhereAt(promised, leaseLengthMs);
}

function isNamed(situation: Situation, site: string): boolean {
  switch (situation.name) {
    case 'out':
      return false;
    case 'waiting':
    case 'serving':
      return situation.site === site;
    case 'seeking':
      return situation.from === site || situation.aim === site;
    case 'withdrawing':
      return situation.from === site || situation.to === site;
    case 'entering':
      return situation.site === site || isNamed(situation.origin, site);
    default:
      return unreachable(situation);
  }
}
