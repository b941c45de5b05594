/**
 * Judging from the facts alone: is a cause to leave complete, may the desk log in there, may it return. Pure
 * questions, no decision: `desk-site.ts` asks them each time anything happens (LL2).
 */
import { type Millis, must } from '@holdfast/kernel';
import { phoneLost, shutdown, telephonyLost } from './causes.ts';
import type { Cause, DeskSite, DeskSitePolicy, SiteFacts, SiteTimeouts } from './desk-site-types.ts';
import { mayLogInElsewhereAt } from './login-lease.ts';
import { returnAt, type SiteHealth } from './return-damping.ts';

/** The sites of this agent, the preferred one first. DS2: with `enabled` false no link leaves its site, so that there is only one. */
export function sitesOf({ enabled, preferredSite, peerSite }: DeskSitePolicy): readonly string[] {
  return enabled.value && peerSite !== undefined ? [preferredSite, peerSite] : [preferredSite];
}

/** DS8: the cause to leave that was complete first, if any is. A desk without a second site has nowhere to go. */
export function completeCause(desk: DeskSite, site: string, now: Millis): Cause | undefined {
  if (!hasElsewhere(desk, site)) return undefined;
  if (factsOf(desk, site).isClosing) return shutdown(site);
  const { telephonyAt, phoneAt } = leaveAt(desk, site);
  if (now < Math.min(telephonyAt, phoneAt)) return undefined;
  const timeouts = timeoutsAt(desk.policy, site);
  return telephonyAt <= phoneAt ? telephonyLost(site, timeouts) : phoneLost(site, timeouts);
}

/** There is a site of this agent other than that. */
export function hasElsewhere(desk: DeskSite, site: string): boolean {
  return sitesOf(desk.policy).some((own) => own !== site);
}

/** DS10: when each cause will be complete if nothing changes; infinity while it does not run. */
export function leaveAt(
  desk: DeskSite,
  site: string,
): { readonly telephonyAt: Millis; readonly phoneAt: Millis } {
  const { telephony, phone, login } = factsOf(desk, site);
  const { siteTimeoutMs, phoneTimeoutMs } = timeoutsAt(desk.policy, site);
  const never = Number.POSITIVE_INFINITY;
  const isOff = telephony.name === 'off' && siteTimeoutMs.value !== 'never';
  const isWithoutPhone =
    phone.name === 'outOfService' && login === undefined && phoneTimeoutMs.value !== 'never';
  return {
    telephonyAt: isOff ? telephony.since + Number(siteTimeoutMs.value) : never,
    phoneAt: isWithoutPhone ? phone.since + Number(phoneTimeoutMs.value) : never,
  };
}

/** The login of this desk is known to stand there, and the site can be reached. */
export function stands(facts: SiteFacts): boolean {
  return facts.telephony.name === 'on' && facts.login?.confirmed === true;
}

/** DS9, as far as this site is concerned: telephony there, the phone in service there, and it lets agents in. */
export function isReady(facts: SiteFacts, now: Millis): boolean {
  const isReachable = facts.telephony.name === 'on' && facts.phone.name === 'inService';
  return isReachable && !facts.isClosing && now >= facts.notBefore;
}

/** LL4, LL8: from when the desk may log in there. Where the other site is asked, what came before the desk's start is no bar. */
export function leaseBarAt(desk: DeskSite, site: string): Millis {
  return latestBar(desk, site, factsOf(desk, site).peerAsked);
}

/** LL8: a former run of this desk may still be routable elsewhere, so that a log-in has to end that first. */
export function needsPeerAt(desk: DeskSite, site: string, now: Millis): boolean {
  return now < latestBar(desk, site, false);
}

/** When every other site has certainly stopped routing calls to this agent by itself. */
function latestBar(desk: DeskSite, site: string, isPeerAsked: boolean): Millis {
  const { leaseLengthMs } = factsOf(desk, site);
  let latest = Number.NEGATIVE_INFINITY;
  for (const other in desk.sites) {
    const { promised } = factsOf(desk, other);
    if (other === site || (isPeerAsked && promised.name === 'unknown')) continue;
    latest = Math.max(latest, mayLogInElsewhereAt(promised, leaseLengthMs));
  }
  return latest;
}

/** LL2: compared with now at each decision. */
export function mayEnter(desk: DeskSite, site: string, now: Millis): boolean {
  const facts = factsOf(desk, site);
  return isReady(facts, now) && facts.heard !== undefined && now >= leaseBarAt(desk, site);
}

export function mayReturn(desk: DeskSite, site: string, now: Millis): boolean {
  const { preferredSite, autoRestore } = desk.policy;
  const isWanted = desk.rehoming !== undefined || (autoRestore.value && !desk.isKeptAway);
  if (!isWanted || site === preferredSite || !isFree(desk)) return false;
  return isReady(factsOf(desk, preferredSite), now) && now >= returnsAt(desk, site);
}

/** RD1, RD2: an agent whose phone has left the present site cannot work there, so that nothing is won by waiting. */
export function returnsAt(desk: DeskSite, site: string): Millis {
  const isPhoneHere = factsOf(desk, site).phone.name === 'inService';
  return isPhoneHere ? returnAt(desk.damping, desk.policy.damping) : Number.NEGATIVE_INFINITY;
}

export function healthOf({ telephony, phone, isClosing }: SiteFacts): SiteHealth {
  if (telephony.name !== 'on') return 'away';
  return phone.name === 'inService' && !isClosing ? 'ready' : 'reachable';
}

/** DS15: never during a call, after-call work or with open windows. */
export function isFree(desk: DeskSite): boolean {
  return desk.busy.calls === 0 && !desk.busy.afterCallWork && desk.busy.openWindows === 0;
}

export function timeoutsAt(policy: DeskSitePolicy, site: string): SiteTimeouts {
  return must(policy.timeouts[site], `no time-outs for site ${site}`);
}

export function factsOf(desk: DeskSite, site: string): SiteFacts {
  return must(desk.sites[site], `unknown site ${site}`);
}

export function withFacts(desk: DeskSite, site: string, facts: Partial<SiteFacts>): DeskSite {
  return { ...desk, sites: { ...desk.sites, [site]: { ...factsOf(desk, site), ...facts } } };
}

/** An absence keeps its beginning. */
export function phoneFact(facts: SiteFacts, inService: boolean, now: Millis): SiteFacts['phone'] {
  if (inService) return { name: 'inService' };
  return facts.phone.name === 'outOfService' ? facts.phone : { name: 'outOfService', since: now };
}
