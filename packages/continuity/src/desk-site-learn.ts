/**
 * Learning: what an event says about the sites, and where that leaves the desk. Nothing is begun here but what
 * the event itself asks for; whether the desk moves is decided afterwards, in `desk-site.ts`.
 */
import { type Because, type Millis, unreachable } from '@holdfast/kernel';
import { loggedOutBy, loginForgotten, notFree, phoneBack, putOff, started, superseded } from './causes.ts';
import { factsOf, isFree, phoneFact, sitesOf, withFacts } from './desk-site-judge.ts';
import { learnPolicy, NOTHING_PROMISED } from './desk-site-policy.ts';
import type {
  Cause,
  DeskSite,
  DeskSiteEffect,
  DeskSiteEvent,
  LoginRefusal,
  OutReason,
  SiteFacts,
  Situation,
} from './desk-site-types.ts';
import {
  compareEpochs,
  compareStamps,
  isWorthAnswering,
  promiseStamp,
  releasePromise,
  type Stamp,
} from './login-lease.ts';

export function learn(
  desk: DeskSite,
  event: DeskSiteEvent,
  now: Millis,
  effects: DeskSiteEffect[],
): DeskSite {
  switch (event.type) {
    case 'logIn': {
      if (desk.situation.name !== 'out') return desk;
      const site = desk.policy.preferredSite;
      // LL7: an epoch that was logged out never works again, though a site may not have heard of it yet.
      const sites = Object.entries(desk.sites).map(([name, facts]) => [name, { ...facts, login: undefined }]);
      return {
        ...desk,
        sites: Object.fromEntries(sites),
        isAskedByAgent: true,
        isKeptAway: false,
        rehoming: undefined,
        situation: { name: 'waiting', site, because: started(site) },
      };
    }
    case 'logOut':
      return learnLogOut(desk, effects);
    case 'move':
      return learnMove(desk, event.to, event.because, effects);
    case 'telephonyOn':
      return learnTelephonyOn(desk, event, now, effects);
    case 'telephonyOff':
      return learnTelephonyOff(desk, event.site, event.since);
    case 'phone':
      return withFacts(desk, event.site, {
        phone: phoneFact(factsOf(desk, event.site), event.inService, now),
      });
    case 'stamp':
      return learnStamp(desk, event.site, event.stamp, now, effects);
    case 'loggedIn':
      return learnLoggedIn(desk, event);
    case 'loginRefused':
      return learnRefusal(desk, event, now, effects);
    case 'closing': {
      const { login } = factsOf(desk, event.site);
      return withFacts(desk, event.site, { isClosing: event.isClosing && login === undefined });
    }
    case 'loggedOut':
      return learnLoggedOut(desk, event, now, effects);
    case 'notLoggedIn':
      return learnNotLoggedIn(desk, event);
    case 'logoutRefused': {
      const { situation } = desk;
      if (situation.name !== 'withdrawing' || situation.from !== event.site) return desk;
      effects.push({ type: 'decide', what: 'stay', site: event.site, because: notFree(event.text) });
      return cameIntoService(desk, event.site);
    }
    case 'busy':
      return { ...desk, busy: event.busy };
    case 'policy':
      return learnPolicy(desk, event.policy, now, effects);
    case 'clock':
      return { ...desk, wallOffsetMs: event.wallOffsetMs };
    case 'expire':
      return desk;
    default:
      return unreachable(event);
  }
}

function learnLogOut(desk: DeskSite, effects: DeskSiteEffect[]): DeskSite {
  if (desk.situation.name === 'out') return desk;
  for (const [site, facts] of Object.entries(desk.sites)) logOutAt(site, facts, effects);
  return leaveIt(desk, desk.policy.preferredSite, { name: 'agent' }, effects);
}

function leaveIt(desk: DeskSite, site: string, why: OutReason, effects: DeskSiteEffect[]): DeskSite {
  const because = why.name === 'superseded' ? superseded(site) : loggedOutBy(why, site);
  effects.push({ type: 'decide', what: 'loggedOut', site, because });
  return { ...desk, situation: { name: 'out', why, because }, isAskedByAgent: false };
}

function learnMove(desk: DeskSite, to: string, because: Because, effects: DeskSiteEffect[]): DeskSite {
  const { situation } = desk;
  const isSettled = situation.name === 'serving' || situation.name === 'waiting';
  if (!isSettled || situation.site === to || !sitesOf(desk.policy).includes(to)) return desk;
  if (!isFree(desk)) {
    const text = 'The move was asked for during a call, after-call work or with open windows.';
    effects.push({ type: 'decide', what: 'stay', site: situation.site, because: notFree(text) });
    return desk;
  }
  const stay = { ...desk, isKeptAway: to !== desk.policy.preferredSite, rehoming: undefined };
  const { site: from } = situation;
  const cause = { name: 'asked', because } as const;
  if (situation.name === 'serving') return withdraw(stay, from, to, cause, effects);
  // DS2: whom no time-out takes away from a site that is lost, goes when asked to.
  effects.push({ type: 'decide', what: 'move', site: to, because });
  return { ...stay, situation: { name: 'seeking', from, aim: to, cause } };
}

function learnTelephonyOn(
  desk: DeskSite,
  event: Extract<DeskSiteEvent, { type: 'telephonyOn' }>,
  now: Millis,
  effects: DeskSiteEffect[],
): DeskSite {
  const { site, login: found, pairEpoch } = event;
  const facts = factsOf(desk, site);
  const isOurs =
    found !== undefined && facts.login !== undefined && compareEpochs(found.epoch, facts.login.epoch) === 0;
  // What the site no longer holds it has ended; of a log-in that it never confirmed it may yet read the request.
  const isReleased = !isOurs && facts.login?.confirmed === true;
  const next = withFacts(
    { ...desk, epochHighest: Math.max(desk.epochHighest, found?.epoch.number ?? 0) },
    site,
    {
      telephony: { name: 'on', pairEpoch },
      phone: phoneFact(facts, event.phoneInService, now),
      login: isOurs ? { epoch: found.epoch, confirmed: true } : undefined,
      promised: isReleased ? releasePromise(facts.promised, pairEpoch) : facts.promised,
      // A stamp of an earlier primary is stale; the present one sends its own.
      heard: (facts.heard?.stamp.pairEpoch ?? pairEpoch) < pairEpoch ? undefined : facts.heard,
      leaseLengthMs: event.leaseLengthMs,
      leaseSource: event.leaseSource,
      peerAsked: event.peerAsked,
      returnSlotMs: event.returnSlotMs,
      // Whoever works there goes on until the logout comes. A mate that has taken over may not know of the shutdown.
      isClosing: event.isClosing && !isOurs,
    },
  );
  if (desk.situation.name === 'out') {
    logOutAt(site, factsOf(next, site), effects);
    return next;
  }
  const ours = { number: desk.epochHighest, desk: desk.desk };
  // What a former run has left behind, or a desk that works there no more, ends nobody (LL7).
  const isOutbid =
    found?.isLive === true && found.epoch.desk !== desk.desk && compareEpochs(found.epoch, ours) > 0;
  if (isOutbid && !desk.isAskedByAgent) return leaveIt(next, site, { name: 'superseded' }, effects);
  const { situation } = desk;
  if (situation.name === 'serving' && situation.site === site && !isOurs) {
    return { ...next, situation: { name: 'waiting', site, because: loginForgotten(site) } };
  }
  return next;
}

export function learnTelephonyOff(desk: DeskSite, site: string, since: Millis): DeskSite {
  const { situation } = desk;
  if (factsOf(desk, site).telephony.name === 'off') return desk;
  const next = withFacts(desk, site, { telephony: { name: 'off', since } });
  if (situation.name === 'serving' && situation.site === site) {
    return { ...next, situation: { name: 'waiting', site, because: loginForgotten(site) } };
  }
  if (situation.name === 'entering' && situation.site === site)
    return { ...next, situation: situation.origin };
  if (situation.name === 'withdrawing' && situation.from === site)
    return { ...next, situation: seekAfter(situation) };
  return next;
}

function learnStamp(
  desk: DeskSite,
  site: string,
  stamp: Stamp,
  now: Millis,
  effects: DeskSiteEffect[],
): DeskSite {
  const facts = factsOf(desk, site);
  if (facts.heard !== undefined && compareStamps(stamp, facts.heard.stamp) <= 0) return desk;
  const heard = { stamp, receivedAt: now };
  const { situation } = desk;
  // LL1, LL4: only the present login is answered for, and none that the desk has a cause to leave.
  const isPresent = situation.name === 'serving' && situation.site === site;
  let { promised } = facts;
  if (isPresent && facts.login !== undefined && isWorthAnswering(promised, stamp)) {
    effects.push({ type: 'answerStamp', site, epoch: facts.login.epoch, stamp });
    promised = promiseStamp(promised, heard, facts.leaseLengthMs);
  }
  // The event of which there are most: one copy of each record.
  return { ...desk, seenAt: now, sites: { ...desk.sites, [site]: { ...facts, heard, promised } } };
}

function learnLoggedIn(desk: DeskSite, event: Extract<DeskSiteEvent, { type: 'loggedIn' }>): DeskSite {
  const { site, epoch, isConfirmed } = event;
  const { login } = factsOf(desk, site);
  if (login === undefined || compareEpochs(login.epoch, epoch) !== 0) return desk;
  const known = isConfirmed ? nothingBefore(desk) : desk;
  const next = withFacts(known, site, { login: { epoch, confirmed: true }, refusals: 0 });
  const { situation } = desk;
  if (situation.name !== 'entering' || situation.site !== site) return next;
  return cameIntoService({ ...next, isAskedByAgent: false }, site);
}

/** The agent works there; DS25: who has come to the preferred site belongs there. */
export function cameIntoService(desk: DeskSite, site: string): DeskSite {
  const rehoming = site === desk.policy.preferredSite ? undefined : desk.rehoming;
  return { ...desk, rehoming, situation: { name: 'serving', site } };
}

/** LL8: whatever a former run of this desk may have left at the other site has ended. */
function nothingBefore(desk: DeskSite): DeskSite {
  const sites = Object.entries(desk.sites).map(([name, facts]) => {
    return [name, facts.promised.name === 'unknown' ? { ...facts, promised: NOTHING_PROMISED } : facts];
  });
  return { ...desk, isUnconfirmed: false, sites: Object.fromEntries(sites) };
}

function learnRefusal(
  desk: DeskSite,
  event: Extract<DeskSiteEvent, { type: 'loginRefused' }>,
  now: Millis,
  effects: DeskSiteEffect[],
): DeskSite {
  const { site, refusal } = event;
  const { situation } = desk;
  const facts = factsOf(desk, site);
  if (situation.name !== 'entering' || situation.site !== site) return desk;
  if (facts.login === undefined || compareEpochs(facts.login.epoch, event.epoch) !== 0) return desk;
  const refusals = facts.refusals + 1;
  const next: DeskSite = {
    ...withFacts(desk, site, {
      login: undefined,
      promised: situation.promisedBefore,
      refusals,
      ...afterRefusal(desk, facts, refusal, refusals, now),
    }),
    situation: situation.origin,
  };
  if (refusal.name === 'epochTooLow') {
    const known = { ...next, epochHighest: Math.max(desk.epochHighest, refusal.epoch.number) };
    const isAnothers = refusal.isLive && refusal.epoch.desk !== desk.desk;
    return isAnothers && !desk.isAskedByAgent ? leaveIt(known, site, { name: 'superseded' }, effects) : known;
  }
  if (refusal.name === 'later') {
    const because = putOff(site, refusal);
    effects.push({ type: 'decide', what: 'refused', site, because });
  }
  return next;
}

/** Doublings of the pause after refusals: 64 times at the most. */
const REFUSALS_COUNTED_MAX = 6;

/** So often in a row a site is believed when it says when to come again. */
const TURNS_BELIEVED_MAX = 2;

function afterRefusal(
  desk: DeskSite,
  facts: SiteFacts,
  refusal: LoginRefusal,
  refusals: number,
  now: Millis,
): Partial<SiteFacts> {
  switch (refusal.name) {
    case 'staleStamp':
      return { heard: undefined };
    case 'phoneOutOfService':
      return { phone: phoneFact(facts, false, now) };
    case 'shuttingDown':
      return { isClosing: true };
    case 'peerSilent':
      // What is left is to wait as if there were no link between the sites.
      return { peerAsked: false };
    case 'epochTooLow':
      // A site that names no epoch above ours would be asked again for ever without a pause.
      return { notBefore: refusals > 2 ? now + desk.policy.refusedPauseMs : facts.notBefore };
    case 'later': {
      const pauseMs = desk.policy.refusedPauseMs * 2 ** Math.min(refusals - 1, REFUSALS_COUNTED_MAX);
      const { retryAfterMs } = refusal;
      // RD3: a turn that the site has given is kept to; a site that gives one again and again is not believed.
      if (retryAfterMs !== undefined && refusals <= TURNS_BELIEVED_MAX)
        return { notBefore: now + retryAfterMs };
      return { notBefore: now + Math.max(pauseMs, retryAfterMs ?? 0) };
    }
    default:
      return unreachable(refusal);
  }
}

function learnLoggedOut(
  desk: DeskSite,
  event: Extract<DeskSiteEvent, { type: 'loggedOut' }>,
  now: Millis,
  effects: DeskSiteEffect[],
): DeskSite {
  const { site, reason } = event;
  const facts = factsOf(desk, site);
  // A log-in under way ends the former one of the same agent; that is no news.
  if (facts.login?.confirmed !== true) return desk;
  const next = withFacts(desk, site, {
    login: undefined,
    promised: releasePromise(facts.promised, event.pairEpoch),
    phone: reason === 'phone' ? phoneFact(facts, false, now) : facts.phone,
    isClosing: facts.isClosing || reason === 'shutdown',
  });
  const { situation } = desk;
  if (situation.name === 'out') return next;
  if (situation.name === 'withdrawing' && situation.from === site && reason !== 'superseded') {
    return { ...next, situation: seekAfter(situation) };
  }
  if (reason === 'superseded') return leaveIt(next, site, { name: 'superseded' }, effects);
  if (reason === 'phone' || reason === 'shutdown') {
    if (situation.name !== 'serving' && situation.name !== 'waiting') return next;
    return { ...next, situation: { name: 'waiting', site, because: phoneBack(site) } };
  }
  return leaveIt(
    next,
    site,
    reason === 'agent' ? { name: 'agent' } : { name: reason, said: event.text },
    effects,
  );
}

function learnNotLoggedIn(desk: DeskSite, event: Extract<DeskSiteEvent, { type: 'notLoggedIn' }>): DeskSite {
  const { site, epoch, pairEpoch } = event;
  const facts = factsOf(desk, site);
  if (facts.login?.confirmed !== true || compareEpochs(facts.login.epoch, epoch) !== 0) return desk;
  const next = withFacts(desk, site, {
    login: undefined,
    promised: releasePromise(facts.promised, pairEpoch),
  });
  const { situation } = desk;
  if (situation.name === 'withdrawing') return { ...next, situation: seekAfter(situation) };
  if (situation.name !== 'serving') return next;
  return { ...next, situation: { name: 'waiting', site, because: loginForgotten(site) } };
}

export function withdraw(
  desk: DeskSite,
  from: string,
  to: string,
  cause: Cause,
  effects: DeskSiteEffect[],
): DeskSite {
  const what = cause.name === 'return' ? 'return' : 'move';
  effects.push({ type: 'decide', what, site: to, because: cause.because });
  logOutAt(from, factsOf(desk, from), effects);
  return { ...desk, situation: { name: 'withdrawing', from, to, cause } };
}

/** A login that stands where nobody wants it is ended when the site can hear it; else its lease ends it. */
function logOutAt(site: string, facts: SiteFacts, effects: DeskSiteEffect[]): void {
  if (facts.login !== undefined && facts.telephony.name === 'on') {
    effects.push({ type: 'logOut', site, epoch: facts.login.epoch });
  }
}

export function seekAfter(situation: Extract<Situation, { name: 'withdrawing' }>): Situation {
  return { name: 'seeking', from: situation.from, aim: situation.to, cause: situation.cause };
}
