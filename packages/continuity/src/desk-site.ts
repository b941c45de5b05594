/**
 * Where one agent's desk is logged in, and when it goes elsewhere: the decision for which everything else is
 * there (rules DS5–DS15, DS19; LL4, LL7, LL8).
 *
 *            logIn                 telephony on, phone in service, no lease in the way
 *     out ──────────▶ waiting ───────────────────────────────▶ entering ──────▶ serving
 *      ▲                 │ ▲    telephony lost, phone lost         ▲               │ │
 *      │                 │ └───────────────────────────────────────┼───────────────┘ │
 *      │        cause    │ (DS8)                                   │ DS9             │ DS15, DS17
 *      │        complete ▼                                         │                 ▼
 *      └──────────── seeking ──────────────────────────────────────┴◀───────── withdrawing
 *
 * It is like a commuter with two stations. Waiting on the platform of one, he gives a late train its time. When
 * that has passed he does not run blindly: he looks at which station a train stands with the doors open (the
 * phone in service there), and boards only when the ticket of the other has certainly lapsed (the lease).
 *
 * `step` first learns the fact that the event brings, then decides as long as there is something to decide.
 * No timer is kept: an absence has a beginning among the facts, and the policy says how long it may last. So
 * each time-out starts with its own cause and ends with it, and the first to be complete decides (DS10).
 */
import type { Because, Millis, Transition } from '@holdfast/kernel';
import { assert, must, unreachable } from '@holdfast/kernel';
import { causeEnded, loggedOutBy, returning, sitesWithPhone, unanswered, waitsForPhone } from './causes.ts';
import {
  completeCause,
  factsOf,
  healthOf,
  isReady,
  leaseBarAt,
  leaveAt,
  mayEnter,
  mayReturn,
  needsPeerAt,
  sitesOf,
  stands,
} from './desk-site-judge.ts';
import { cameIntoService, learn, learnTelephonyOff, seekAfter, withdraw } from './desk-site-learn.ts';
import { forgetFormer, freshFacts, NOTHING_PROMISED } from './desk-site-policy.ts';
import type {
  Cause,
  DeskSite,
  DeskSiteEffect,
  DeskSiteEvent,
  DeskSitePolicy,
  Situation,
} from './desk-site-types.ts';
import { nextEpoch, promiseStamp } from './login-lease.ts';
import { comesAndGoes, isFlapping, NO_LOSSES, returnAt, stepReturnDamping } from './return-damping.ts';

export interface DeskSiteStart {
  readonly policy: DeskSitePolicy;
  readonly desk: string;
  readonly wallOffsetMs: Millis;
  /** The highest epoch number that the desk's storage remembers; 0 when it remembers none. */
  readonly epochHighest: number;
  /**
   * LL8. `wait`: whatever this desk may have done before its start, the other site may still hold its lease, so
   * that its first log-in waits one lease. `nothingBefore`: whoever starts it vouches that no desk of this
   * agent lived within the last lease (both sites have just been started, too).
   */
  readonly firstLogin: 'wait' | 'nothingBefore';
}

export function startDeskSite(start: DeskSiteStart, now: Millis): DeskSite {
  const fresh = freshFacts(
    start.firstLogin === 'wait' ? { name: 'unknown', startedAt: now } : NOTHING_PROMISED,
  );
  const { preferredSite } = start.policy;
  const names = sitesOf(start.policy);
  const why = { name: 'notAsked' } as const;
  return {
    policy: start.policy,
    desk: start.desk,
    epochHighest: start.epochHighest,
    wallOffsetMs: start.wallOffsetMs,
    sites: Object.fromEntries(names.map((name) => [name, fresh])),
    busy: { calls: 0, afterCallWork: false, openWindows: 0 },
    situation: { name: 'out', why, because: loggedOutBy(why, preferredSite) },
    isAskedByAgent: false,
    isKeptAway: false,
    rehoming: undefined,
    formerSites: [],
    damping: NO_LOSSES,
    isUnconfirmed: false,
    seenAt: now,
  };
}

/** One decision may open the way to the next (cause, then log-in); more than this would be a circle. */
const DECISIONS_MAX = 8;

export function stepDeskSite(
  before: DeskSite,
  event: DeskSiteEvent,
  now: Millis,
): Transition<DeskSite, DeskSiteEffect> {
  const effects: DeskSiteEffect[] = [];
  // A site of which the policy does not know concerns nobody here.
  if ('site' in event && before.sites[event.site] === undefined) return { state: before, effects };
  const learnt = endStay(damp(learn(before, event, now, effects), now, effects), now);
  let desk = learnt.seenAt === now ? learnt : { ...learnt, seenAt: now };
  for (let decisions = 0; ; decisions++) {
    assert(decisions < DECISIONS_MAX, 'a desk decides in circles');
    const next = decide(desk, now, effects);
    if (next === desk) return { state: forgetFormer(desk, now), effects };
    desk = next;
  }
}

/** RD2: what becomes of the preferred site is remembered, wherever the desk stands. */
function damp(desk: DeskSite, now: Millis, effects: DeskSiteEffect[]): DeskSite {
  const { preferredSite, damping: policy, autoRestore } = desk.policy;
  const health = healthOf(factsOf(desk, preferredSite));
  const { returnSlotMs: slotMs } = factsOf(desk, preferredSite);
  const damping = stepReturnDamping(desk.damping, { health, slotMs }, now, policy);
  if (damping === desk.damping) return desk;
  const { situation } = desk;
  const isReturning = autoRestore.value || desk.rehoming !== undefined;
  const isAway = situation.name === 'serving' && situation.site !== preferredSite && isReturning;
  if (isAway && health === 'ready' && desk.damping.health !== 'ready' && isFlapping(damping, now, policy)) {
    const because = comesAndGoes(preferredSite, policy.halfLifeMs.option);
    effects.push({ type: 'decide', what: 'stay', site: situation.site, because });
  }
  return { ...desk, damping };
}

/** DS17: a site that was away and is back is a reason to return (DS15); one that has always been there is none. */
function endStay(desk: DeskSite, now: Millis): DeskSite {
  if (!desk.isKeptAway || isReady(factsOf(desk, desk.policy.preferredSite), now)) return desk;
  return { ...desk, isKeptAway: false };
}

// ---- deciding: from the facts alone --------------------------------------------------------------------------

/** The same object when there is nothing to decide. */
function decide(desk: DeskSite, now: Millis, effects: DeskSiteEffect[]): DeskSite {
  const { situation } = desk;
  switch (situation.name) {
    case 'out':
      return desk;
    case 'waiting':
      return decideWaiting(desk, situation, now, effects);
    case 'serving': {
      const { preferredSite } = desk.policy;
      if (!mayReturn(desk, situation.site, now)) return desk;
      return withdraw(desk, situation.site, preferredSite, returning(desk), effects);
    }
    case 'seeking':
      return decideSeeking(desk, situation, now, effects);
    case 'entering': {
      if (now < situation.answerBy) return desk;
      const because = unanswered(situation.site, desk.policy.loginAnswerMaxMs);
      effects.push({ type: 'distrust', site: situation.site, because });
      return learnTelephonyOff(desk, situation.site, now);
    }
    case 'withdrawing':
      // LL4: a site that does not answer the logout is left when its lease has certainly ended.
      return now < leaseBarAt(desk, situation.to) ? desk : { ...desk, situation: seekAfter(situation) };
    default:
      return unreachable(situation);
  }
}

function decideWaiting(
  desk: DeskSite,
  situation: Extract<Situation, { name: 'waiting' }>,
  now: Millis,
  effects: DeskSiteEffect[],
): DeskSite {
  const { site } = situation;
  if (stands(factsOf(desk, site))) return cameIntoService({ ...desk, isAskedByAgent: false }, site);
  const cause = completeCause(desk, site, now);
  if (cause !== undefined) return seek(desk, site, cause, now, effects);
  if (mayEnter(desk, site, now)) return enter(desk, site, situation.because, now, effects);
  // DS15: a desk whose phone has left the peer site need not wait there for it to come back.
  if (factsOf(desk, site).telephony.name === 'on' && mayReturn(desk, site, now)) {
    const cause = returning(desk);
    effects.push({ type: 'decide', what: 'return', site: desk.policy.preferredSite, because: cause.because });
    return { ...desk, situation: { name: 'seeking', from: site, aim: desk.policy.preferredSite, cause } };
  }
  return desk;
}

function seek(desk: DeskSite, from: string, cause: Cause, now: Millis, effects: DeskSiteEffect[]): DeskSite {
  effects.push({ type: 'decide', what: 'leave', site: from, because: cause.because });
  const situation = { name: 'seeking', from, aim: desk.policy.preferredSite, cause } as const;
  const isPhoneSomewhere = Object.keys(desk.sites).some((site) => isReady(factsOf(desk, site), now));
  if (!isPhoneSomewhere) {
    effects.push({ type: 'decide', what: 'waitForPhone', site: from, because: waitsForPhone(cause) });
  }
  return { ...desk, situation };
}

function decideSeeking(
  desk: DeskSite,
  situation: Extract<Situation, { name: 'seeking' }>,
  now: Millis,
  effects: DeskSiteEffect[],
): DeskSite {
  const { from, aim, cause } = situation;
  if (stands(factsOf(desk, from)) && cause.name === 'telephony') {
    effects.push({ type: 'decide', what: 'stay', site: from, because: causeEnded(from) });
    return cameIntoService(desk, from);
  }
  const order = [aim, ...Object.keys(desk.sites).filter((site) => site !== aim)];
  const site = order.find((candidate) => mayEnter(desk, candidate, now));
  return site === undefined ? desk : enter(desk, site, sitesWithPhone(site, cause), now, effects);
}

function enter(
  desk: DeskSite,
  site: string,
  because: Because,
  now: Millis,
  effects: DeskSiteEffect[],
): DeskSite {
  const { situation } = desk;
  assert(
    situation.name === 'waiting' || situation.name === 'seeking',
    'a log-in starts from waiting or seeking',
  );
  const facts = factsOf(desk, site);
  const heard = must(facts.heard, 'a log-in carries a stamp');
  const epoch = nextEpoch(desk.desk, desk.epochHighest, now + desk.wallOffsetMs);
  const others = Object.entries(desk.sites).filter(([name]) => name !== site);
  effects.push({ type: 'decide', what: 'logIn', site, because });
  const needsPeer = needsPeerAt(desk, site, now);
  effects.push({ type: 'logIn', site, epoch, stamp: heard.stamp, needsPeer, because });
  // LL1: from here on there is no other login of this desk.
  const forgotten = Object.fromEntries(others.map(([name, other]) => [name, { ...other, login: undefined }]));
  return {
    ...desk,
    epochHighest: epoch.number,
    isUnconfirmed: !needsPeer && others.some(([, other]) => other.promised.name === 'unknown'),
    sites: {
      ...desk.sites,
      ...forgotten,
      [site]: {
        ...facts,
        login: { epoch, confirmed: false },
        promised: promiseStamp(facts.promised, heard, facts.leaseLengthMs),
      },
    },
    situation: {
      name: 'entering',
      site,
      answerBy: now + desk.policy.loginAnswerMaxMs,
      origin: situation,
      promisedBefore: facts.promised,
    },
  };
}

// ---- time and facts ------------------------------------------------------------------------------------------

/** When `expire` is wanted next: the earliest instant, not yet looked at, at which the facts decide otherwise. */
export function deskSiteDeadline(desk: DeskSite): Millis | undefined {
  const next = nextInstant(desk);
  return next < Number.POSITIVE_INFINITY ? next : undefined;
}

/** Asked after every message, so that it makes no lists. */
function nextInstant(desk: DeskSite): Millis {
  const { situation } = desk;
  switch (situation.name) {
    case 'out':
      return Number.POSITIVE_INFINITY;
    case 'waiting': {
      const { telephonyAt, phoneAt } = leaveAt(desk, situation.site);
      const leavesAt = Math.min(unseen(desk, telephonyAt), unseen(desk, phoneAt));
      return Math.min(leavesAt, nextReturn(desk), nextEntry(desk, true));
    }
    case 'serving':
      return Math.min(nextReturn(desk), nextEntry(desk, false));
    case 'seeking':
    case 'withdrawing':
      return nextEntry(desk, true);
    case 'entering':
      return unseen(desk, situation.answerBy);
    default:
      return unreachable(situation);
  }
}

function nextReturn(desk: DeskSite): Millis {
  return unseen(desk, returnAt(desk.damping, desk.policy.damping));
}

/** When a site may be entered: its pause after a refusal is over, and the leases of the others have ended. */
function nextEntry(desk: DeskSite, withLeases: boolean): Millis {
  let next = Number.POSITIVE_INFINITY;
  for (const site in desk.sites) {
    next = Math.min(next, unseen(desk, factsOf(desk, site).notBefore));
    if (withLeases) next = Math.min(next, unseen(desk, leaseBarAt(desk, site)));
  }
  return next;
}

function unseen(desk: DeskSite, at: Millis): Millis {
  return at > desk.seenAt ? at : Number.POSITIVE_INFINITY;
}
