/**
 * The site at which a desk keeps one of its two lesser links: to configuration, or to statistics. The voice link
 * has its own, greater decision (`desk-site`); these two carry no login, so that nothing is at risk in a move.
 *
 *     Workspace      a link that is off for `disaster-recovery.timeout` goes to the other site, alone, and follows
 *                    the voice when that returns (S0; DS15, DS16)
 *     third-party    a link that is off is warned of and raises an alarm, and stays; a switchover of the voice
 *                    takes both links along (S4; DS16, DS17)
 *
 * A site that is tried on the way (at the start, or following the voice) is given up at once when it does not
 * answer and the link can stand elsewhere; only a loss is waited for.
 */
import { type Because, type Millis, type Transition, unreachable } from '@holdfast/kernel';
import { inSeconds } from './causes.ts';
import type { Governed, GoverningOption } from './governed.ts';

export interface LinkSitePolicy {
  readonly link: 'configuration' | 'statistics';
  /** Sites that have servers of this kind, the preferred one first; at least one. */
  readonly sites: readonly string[];
  /** Off for so long without a break: to the other site. `never` in the third-party family. */
  readonly moveAfterMs: Governed<Millis | 'never'>;
  /** Which moves of the voice the link goes along with. */
  readonly follows: 'everyMove' | 'returns';
}

export interface LinkSite {
  readonly policy: LinkSitePolicy;
  readonly site: string;
  readonly isOn: boolean;
  /** Since when every server of the site has failed; undefined while it stands or is being tried. */
  readonly offSince: Millis | undefined;
  /** Where to go at once if `site` does not answer, in this order; empty once the link has stood there. */
  readonly fallbacks: readonly string[];
  /** The loss has been told and its end has not. */
  readonly isWarned: boolean;
}

export type LinkSiteEvent =
  /** The link stands, with a server of this site. */
  | { readonly type: 'on'; readonly site: string }
  /** Every server of the site has failed; `since` is when the last connection was lost (DS5, DS6). */
  | { readonly type: 'off'; readonly since: Millis }
  /** The agent has been logged in at `site`; `isReturn` when that is the preferred one again (DS15). */
  | { readonly type: 'voice'; readonly site: string; readonly isReturn: boolean }
  /** DS24: the options are others now. */
  | { readonly type: 'policy'; readonly policy: LinkSitePolicy }
  | { readonly type: 'expire' };

export type LinkSiteEffect =
  /** Close what stands and connect to the servers of `site`. */
  | { readonly type: 'moveTo'; readonly site: string; readonly because: Because }
  /** Tell the agent, and whoever watches over the system (S4). */
  | { readonly type: 'warn'; readonly because: Because }
  /** What was warned of is over. */
  | { readonly type: 'endWarning'; readonly because: Because };

type Next = Transition<LinkSite, LinkSiteEffect>;

/**
 * `standsAt` is where the link has come to stand before the agent's sites were known (the start-up of S4): then
 * it goes to the preferred site, if that answers. Undefined: it has not been tried yet.
 */
export function startLinkSite(policy: LinkSitePolicy, standsAt: string | undefined): Next {
  const [preferred = '', ...others] = policy.sites;
  const state: LinkSite = {
    policy,
    site: standsAt ?? preferred,
    isOn: standsAt !== undefined,
    offSince: undefined,
    fallbacks: standsAt === undefined ? others : [],
    isWarned: false,
  };
  if (standsAt === undefined || standsAt === preferred || preferred === '') return { state, effects: [] };
  const text = `The preferred site is ${preferred}; the ${policy.link} link goes there from site ${standsAt}.`;
  return move(state, preferred, { rule: 'DS5', text }, [standsAt]);
}

/** DS16: the link's own move, while its time is running. */
export interface LinkMove {
  readonly to: string;
  readonly from: Millis;
  readonly until: Millis;
  readonly option: GoverningOption;
}

export function linkSiteMove({ policy, site, offSince: from }: LinkSite): LinkMove | undefined {
  const { value, option } = policy.moveAfterMs;
  const to = policy.sites.find((one) => one !== site);
  if (from === undefined || value === 'never' || policy.sites.length < 2 || to === undefined)
    return undefined;
  return { to, from, until: from + value, option };
}

/** When a link that is off has waited long enough. */
export function linkSiteDeadline(link: LinkSite): Millis | undefined {
  return linkSiteMove(link)?.until;
}

export function stepLinkSite(link: LinkSite, event: LinkSiteEvent, now: Millis): Next {
  switch (event.type) {
    case 'on':
      return stand(link, event.site);
    case 'off':
      return fail(link, event.since);
    case 'voice':
      return follow(link, event.site, event.isReturn);
    case 'policy':
      return learnPolicy(link, event.policy, now);
    case 'expire':
      return giveUp(link, now);
    default:
      return unreachable(event);
  }
}

function stand(link: LinkSite, site: string): Next {
  const state: LinkSite = { ...link, site, isOn: true, offSince: undefined, fallbacks: [], isWarned: false };
  if (!link.isWarned) return { state, effects: [] };
  const text = `The ${link.policy.link} link stands again, at site ${site}.`;
  return { state, effects: [{ type: 'endWarning', because: { rule: 'DS16', text } }] };
}

function fail(link: LinkSite, since: Millis): Next {
  const [next, ...rest] = link.fallbacks;
  if (next !== undefined && next !== link.site) {
    const text = `No server for ${link.policy.link} answers at site ${link.site}; trying site ${next}.`;
    return move(link, next, { rule: 'DS5', text }, rest);
  }
  const [home] = link.policy.sites;
  if (home !== undefined && !link.policy.sites.includes(link.site)) {
    // Where it only came in at the start: no link of this desk belongs there.
    const text = `Site ${link.site} is none of this agent's; the ${link.policy.link} link goes to site ${home}.`;
    return move(link, home, { rule: 'DS2', text }, []);
  }
  const state: LinkSite = {
    ...link,
    isOn: false,
    offSince: link.offSince ?? since,
    fallbacks: [],
    isWarned: true,
  };
  if (link.isWarned) return { state, effects: [] };
  return { state, effects: [{ type: 'warn', because: lost(link) }] };
}

function lost({ policy, site }: LinkSite): Because {
  const { value, option } = policy.moveAfterMs;
  const what = `No server for ${policy.link} can be reached at site ${site}.`;
  if (value === 'never' || policy.sites.length < 2)
    return { rule: 'DS16', text: `${what} Calls do not need it; nothing moves because of it.`, option };
  return {
    rule: 'DS16',
    text: `${what} Calls do not need it; this link goes to the other site after ${inSeconds(value)}.`,
    option,
  };
}

function follow(link: LinkSite, site: string, isReturn: boolean): Next {
  const { follows, sites, link: name } = link.policy;
  if (site === link.site || !sites.includes(site)) return { state: link, effects: [] };
  if (follows === 'returns' && !isReturn) return { state: link, effects: [] };
  const rule = follows === 'returns' ? 'DS15' : 'DS17';
  // A link that stands is not given up for a site whose servers do not answer.
  const fallbacks = link.isOn ? [link.site] : [];
  return move(
    link,
    site,
    { rule, text: `The ${name} link follows the voice link to site ${site}.` },
    fallbacks,
  );
}

/** From a site that is none of the agent's any more to the first; what is waited for ends by the new time-out, now if that has passed. */
function learnPolicy(before: LinkSite, policy: LinkSitePolicy, now: Millis): Next {
  const { sites, link: name } = policy;
  const [home] = sites;
  const fallbacks = before.fallbacks.filter((site) => sites.includes(site));
  const link = { ...before, policy, fallbacks };
  const isLeft = before.policy.sites.includes(link.site) && !sites.includes(link.site);
  if (home === undefined || !isLeft) return giveUp(link, now);
  const text = `Site ${link.site} is this agent's no more; the ${name} link goes to site ${home}.`;
  return move(link, home, { rule: 'DS24', text }, fallbacks);
}

function giveUp(link: LinkSite, now: Millis): Next {
  const due = linkSiteMove(link);
  if (due === undefined || now < due.until) return { state: link, effects: [] };
  const { policy, site } = link;
  const { to, from, until, option } = due;
  const text = `No server for ${policy.link} could be reached at site ${site} for ${inSeconds(until - from)}; the link goes to site ${to}.`;
  return move(link, to, { rule: 'DS16', text, option }, []);
}

function move(link: LinkSite, site: string, because: Because, fallbacks: readonly string[]): Next {
  const state: LinkSite = { ...link, site, isOn: false, offSince: undefined, fallbacks };
  return { state, effects: [{ type: 'moveTo', site, because }] };
}
