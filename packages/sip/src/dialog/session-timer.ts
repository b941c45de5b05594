/**
 * Session timers (RFC 4028): a call that stands is refreshed before its interval is over, by whichever side both have
 * agreed on, so that a leg whose other end has vanished ends by itself, whoever looks after it by then.
 *
 *     2xx ──half the interval──▶ refresh ──2xx──▶ …          refresher 'us'
 *      └──── shortly before its end, unrefreshed ──▶ BYE     either
 *
 * A side that knows no session timers is refreshed by us: any answer of it that is not 481 or 408 shows that its call stands.
 * All instants stand in the leg, so that a server that goes on with it goes on with them.
 */
import type { Millis } from '@holdfast/kernel';
import type { HeaderLines } from '../message/build-message.ts';
import { headerValue, numberOf, tokensOf } from '../message/headers.ts';
import type { SipMessage, SipRequest, SipResponse } from '../message/message.ts';
import type { Leg, Surroundings } from './leg.ts';

export interface SessionTimerOptions {
  /** Session-Expires that we propose, s. */
  readonly intervalS: number;
  /** Min-SE: what is shorter is refused with 422, s. RFC 4028 §4 wants 90 or more. */
  readonly minS: number;
}

export interface SessionTimer {
  /** Session-Expires as it was agreed, s. */
  readonly intervalS: number;
  readonly minS: number;
  readonly refresher: 'us' | 'them';
  /** The other side knows session timers. */
  readonly isAgreed: boolean;
  /** Undefined while they refresh, and while a refresh of ours is on its way. */
  refreshAt: Millis | undefined;
  hangUpAt: Millis;
}

export const TIMER = 'timer';
/** A day: a Min-SE beyond that is a no. Instants stay far from where numbers lose their milliseconds. */
export const SESSION_MAX_S = 86_400;
/** RFC 4028 §10: BYE comes this long before the end, or a third of the interval if that is less. */
const EARLY_BYE_MS = 32_000;
/** A refresh that was refused is tried again after this share of the interval: some four times before the end. */
const RETRY_SHARE = 1 / 10;

/** For an INVITE or UPDATE of ours; empty where session timers are off. */
export function askedSession(session: SessionTimer | undefined, s: Surroundings): HeaderLines {
  const options = session ?? s.sessionTimer;
  if (options === undefined) return [];
  const role = session === undefined ? '' : `;refresher=${session.refresher === 'us' ? 'uac' : 'uas'}`;
  return [
    ['Session-Expires', `${options.intervalS}${role}`],
    ['Min-SE', String(options.minS)],
  ];
}

/** Min-SE for the 422 that a request gets whose interval is too short (§9); undefined where there is nothing against it. */
export function tooShort(request: SipRequest, options: SessionTimerOptions | undefined): number | undefined {
  if (options === undefined || (request.method !== 'INVITE' && request.method !== 'UPDATE')) return undefined;
  const asked = secondsIn(request, 'session-expires');
  // Who does not know the extension could not obey: then a proxy has written it.
  if (asked === undefined || asked >= options.minS || !supportsTimer(request)) return undefined;
  return options.minS;
}

/** Our 2xx to an INVITE or UPDATE of theirs begins the interval anew; what the 2xx has to say about it (§9). */
export function answerSession(leg: Leg, request: SipRequest, s: Surroundings): HeaderLines {
  const own = s.sessionTimer ?? leg.session;
  if (own === undefined) return [];
  const isAgreed = supportsTimer(request);
  const asked = secondsIn(request, 'session-expires');
  const minS = Math.max(own.minS, Math.min(secondsIn(request, 'min-se') ?? 0, SESSION_MAX_S));
  // A proxy wants less than we can do, for a phone that knows nothing of it: that we refresh by our own measure is all.
  const isRefused = asked !== undefined && asked < own.minS;
  const intervalS =
    asked === undefined || isRefused
      ? Math.max(own.intervalS, minS)
      : Math.min(asked, Math.max(own.intervalS, minS));
  const refresher = isAgreed ? refresherFor(leg, request) : 'us';
  leg.session = begun({ intervalS, minS: own.minS, refresher, isAgreed }, s.now);
  if (isRefused) return [];
  const expires = `${intervalS};refresher=${refresher === 'us' ? 'uas' : 'uac'}`;
  return [['Session-Expires', expires], ...(isAgreed ? [['Require', TIMER] as const] : [])];
}

/** Their wish, else what holds already, else us: a server that goes on with the leg then has something to say. */
function refresherFor(leg: Leg, request: SipRequest): SessionTimer['refresher'] {
  const wish = refresherIn(request);
  if (wish === undefined) return leg.session?.refresher ?? 'us';
  return wish === 'uac' ? 'them' : 'us';
}

/** Their 2xx to an INVITE or UPDATE of ours begins the interval anew (§7.2). */
export function sessionAgreed(leg: Leg, request: SipRequest, response: SipResponse, s: Surroundings): void {
  const asked = secondsIn(request, 'session-expires');
  if (asked === undefined || (s.sessionTimer ?? leg.session) === undefined) return;
  const minS = secondsIn(request, 'min-se') ?? asked;
  const granted = secondsIn(response, 'session-expires');
  const isAgreed = granted !== undefined;
  // A side that grants less than our Min-SE breaks the rules: it is not refreshed more often than we said.
  const intervalS = isAgreed ? Math.min(Math.max(granted, minS), SESSION_MAX_S) : asked;
  const refresher = isAgreed && refresherIn(response) === 'uas' ? 'them' : 'us';
  leg.session = begun({ intervalS, minS, refresher, isAgreed }, s.now);
}

/** An INVITE or UPDATE of ours was refused, or found no answer (`isAnswer` false), and the call stands on. */
export function sessionRefused(leg: Leg, isAnswer: boolean, s: Surroundings): void {
  const { session } = leg;
  if (session === undefined || session.refresher !== 'us') return;
  if (isAnswer && !session.isAgreed) {
    leg.session = begun(session, s.now);
    return;
  }
  session.refreshAt ??= s.now + RETRY_SHARE * 1_000 * session.intervalS;
}

/** §7.3: a 422 names what it takes at least. True if we can do that. */
export function lengthenSession(leg: Leg, response: SipResponse): boolean {
  const { session } = leg;
  const minS = secondsIn(response, 'min-se');
  if (session === undefined || minS === undefined || minS > SESSION_MAX_S) return false;
  leg.session = { ...session, minS, intervalS: Math.max(session.intervalS, minS) };
  return true;
}

/**
 * The interval may have ended while nobody looked after the leg. Then it is asked once more before it is given up: what
 * the other side sent meanwhile found no answer either.
 */
export function resumeSession(leg: Leg, s: Surroundings): void {
  const { session } = leg;
  if (session === undefined) return;
  // A refresh that was on its way is done again with the other changes.
  if (session.refresher === 'us') session.refreshAt ??= s.now;
  if (s.now < session.hangUpAt) return;
  session.refreshAt = s.now;
  session.hangUpAt = s.now + s.giveUp;
}

export function sessionDeadline({ session }: Leg): Millis | undefined {
  if (session === undefined) return undefined;
  return Math.min(session.refreshAt ?? session.hangUpAt, session.hangUpAt);
}

function begun(session: Omit<SessionTimer, 'refreshAt' | 'hangUpAt'>, now: Millis): SessionTimer {
  const { intervalS, minS, refresher, isAgreed } = session;
  const intervalMs = 1_000 * intervalS;
  return {
    ...{ intervalS, minS, refresher, isAgreed },
    refreshAt: refresher === 'us' ? now + intervalMs / 2 : undefined,
    hangUpAt: now + intervalMs - Math.min(EARLY_BYE_MS, intervalMs / 3),
  };
}

function supportsTimer(message: SipMessage): boolean {
  return ['supported', 'require'].some((key) =>
    tokensOf(message, key)?.some((tag) => tag.toLowerCase() === TIMER),
  );
}

/** Delta-seconds before the parameters; undefined when absent or malformed. */
export function secondsIn(message: SipMessage, key: 'session-expires' | 'min-se'): number | undefined {
  return numberOf(headerValue(message, key)?.split(';')[0]?.trim(), 2 ** 32 - 1);
}

function refresherIn(message: SipMessage): 'uac' | 'uas' | undefined {
  const found = /;\s*refresher\s*=\s*(uac|uas)\b/i.exec(headerValue(message, 'session-expires') ?? '');
  return found?.[1]?.toLowerCase() as 'uac' | 'uas' | undefined;
}
