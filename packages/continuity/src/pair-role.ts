/**
 * Which of the two members of a pair acts: the decision that there is one primary, never two (rules PR).
 *
 * Of two members neither is a majority, so there are three voices: the two and an arbiter, which holds one key. A
 * primary acts while its mate *or* the arbiter has confirmed it within the lease; a standby takes over when it has
 * itself confirmed nobody for longer than that *and* has seen the key unchanged for longer than is written in it, and
 * the arbiter lets it change the key. So whichever one of the three dies, the other two go on.
 *
 *                key read        silent, key unchanged         granted
 *     starting ───────────▶ standby ───────────────▶ asking ───────────▶ primary ◀───▶ paused
 *                              ▲ ▲    refused, taken back │                 │       lease ended,
 *                              │ └────────────────────────┘                 │       confirmed again
 *                              └────────────────────────────────────────────┘
 *                                            a higher epoch
 *
 * Think of a lighthouse with two keepers and a book. Who keeps the light signs the book every hour, and has the other
 * one nod to it; either will do. The other lights the lamp only after an hour in which it nodded at nobody and saw no
 * new signature, and only if it can then sign the very line that it last saw. Each counts the hour so that it errs on
 * the safe side: the keeper from when the question was put, the other from when the answer left (PR2).
 *
 * Nothing here fires: the end of a lease is compared with `now` wherever something rests on it (`mayAct`).
 */
import type { Because, Millis, Transition } from '@holdfast/kernel';
import { unreachable } from '@holdfast/kernel';
import { hearAnswer, hearKey, requestIfDue } from './pair-role-arbiter.ts';
import { askIfDue, keyWaitEndsAt, mateWaitEndsAt } from './pair-role-ask.ts';
import { hearMate } from './pair-role-confirm.ts';
import { giveUpWrite, stepOperator } from './pair-role-operator.ts';
import { confirmIfDue, isConfirmed, voidLeases } from './pair-role-primary.ts';
import {
  PAIR_ROLE_DEFAULTS,
  type PairMember,
  type PairRole,
  type PairRoleEffect,
  type PairRoleEvent,
  type PairRoleName,
  type PairRoleOptions,
} from './pair-role-types.ts';

export interface PairRoleStart extends PairMember {
  /** The highest epoch that this member has on disk; undefined when the file is not there or cannot be read. */
  readonly written: number | undefined;
  readonly options?: Partial<PairRoleOptions>;
}

/** PR6: whatever it was before, a member comes up as standby, or, without its file, as less than that. */
export function startPairRole(start: PairRoleStart, now: Millis): Transition<PairRole, PairRoleEffect> {
  const { name, process, epochLeast, written } = start;
  const options = { ...PAIR_ROLE_DEFAULTS, ...start.options };
  const standby = {
    name: 'standby',
    because: { rule: 'PR6', text: 'It has just started.' },
    promotedUntil: undefined,
    askNotBefore: Number.NEGATIVE_INFINITY,
  } as const;
  const starting = {
    name: 'starting',
    because: {
      rule: 'PR6',
      text: 'It has no epoch on disk, and confirms nobody before it has read the key.',
    },
  } as const;
  const pair: PairRole = {
    options,
    member: { name, process, epochLeast },
    role: written === undefined ? starting : standby,
    highest: written ?? 0,
    written,
    asks: 0,
    requests: 0,
    open: undefined,
    nextRequestAt: now,
    isArbiterHeard: undefined,
    seen: undefined,
    // PR2: a former life may have confirmed the mate at this very moment.
    confirmed: { at: now, lengthMs: options.leaseMs, process: undefined },
    mateEnded: undefined,
    told: undefined,
  };
  return stepPairRole(pair, { type: 'expire' }, now);
}

export function stepPairRole(
  before: PairRole,
  event: PairRoleEvent,
  now: Millis,
): Transition<PairRole, PairRoleEffect> {
  const effects: PairRoleEffect[] = [];
  let pair = learn(before, event, now, effects);
  pair = askIfDue(pair, now, effects);
  pair = confirmIfDue(pair, now, effects);
  pair = requestIfDue(pair, now, effects);
  return { state: tell(pair, now, effects), effects };
}

/**
 * Whether this member decides as primary, now (PR1, PR6). To be asked with a fresh `now` at each decision, and once
 * more before the effects of that decision are performed; never concluded from a `role` effect.
 */
export function mayAct(pair: PairRole, now: Millis): boolean {
  const { role, written } = pair;
  if (role.name !== 'primary' || written === undefined || written < role.epoch) return false;
  return now >= role.heldUntil && isConfirmed(role, now);
}

/**
 * Until when the two voices let this member act, as far as it has heard of them; undefined while it may not act (PR8: its
 * host's supervisor kills it then). Alone by the operator's word it may for one lease at a time, longer once in a renewal.
 */
export function actsUntil(pair: PairRole, now: Millis): Millis | undefined {
  const { role, options } = pair;
  if (role.name !== 'primary' || !mayAct(pair, now)) return undefined;
  const { leaseMs, renewEveryMs } = options;
  if (role.isAlone) return Math.ceil(now / renewEveryMs) * renewEveryMs + leaseMs;
  return Math.max(role.mateUntil, role.arbiterUntil);
}

/** PR9: an entry of a lower epoch, also one that left late, changes no log. */
export function mayFollow(pair: PairRole, epoch: number): boolean {
  return epoch >= pair.highest;
}

export function pairRoleName(pair: PairRole, now: Millis): PairRoleName {
  const { name } = pair.role;
  return name === 'primary' && !mayAct(pair, now) ? 'paused' : name;
}

/** When `expire` is wanted next: to ask, to renew, and to tell; no safety rests on its coming in time. */
export function pairRoleDeadline(pair: PairRole, now: Millis): Millis {
  const { role, options, open } = pair;
  const givenUpAt = open === undefined ? pair.nextRequestAt : open.sentAt + options.answerMaxMs;
  const requestAt = Math.max(givenUpAt, pair.nextRequestAt);
  if (role.name === 'standby' && pair.seen !== undefined) {
    const askAt = Math.max(mateWaitEndsAt(pair), keyWaitEndsAt(pair, pair.seen), role.askNotBefore);
    return Math.min(requestAt, askAt);
  }
  if (role.name !== 'primary') return requestAt;
  const endsAt = Math.max(role.mateUntil, role.arbiterUntil);
  const next = Math.min(requestAt, role.nextConfirmAt);
  return Math.min(next, comingOr(next, endsAt, now), comingOr(next, role.heldUntil, now));
}

/** What has passed has been told already. */
function comingOr(otherwise: Millis, at: Millis, now: Millis): Millis {
  return at > now ? at : otherwise;
}

function learn(pair: PairRole, event: PairRoleEvent, now: Millis, effects: PairRoleEffect[]): PairRole {
  switch (event.type) {
    case 'message':
      return hearMate(pair, event.message, now, effects);
    case 'arbiterAnswer':
      return hearAnswer(pair, event.answer, now, effects);
    case 'keySeen':
      return hearKey(pair, event.seen, now, effects);
    case 'wroteEpoch':
      return { ...pair, written: Math.max(pair.written ?? 0, event.epoch) };
    case 'writeFailed':
      return giveUpWrite(pair, event, now, effects);
    case 'clockJumped':
      return voidLeases(pair);
    case 'mateEnded':
      return { ...pair, mateEnded: event.process };
    case 'promote':
    case 'demote':
    case 'actAlone':
      return stepOperator(pair, event.type, now, effects);
    case 'expire':
      return pair;
    default:
      return unreachable(event);
  }
}

function tell(pair: PairRole, now: Millis, effects: PairRoleEffect[]): PairRole {
  const role = pairRoleName(pair, now);
  if (role === pair.told) return pair;
  const epoch = pair.role.name === 'primary' ? pair.role.epoch : pair.highest;
  effects.push({ type: 'role', role, epoch, because: becauseOf(pair, now) });
  return { ...pair, told: role };
}

function becauseOf(pair: PairRole, now: Millis): Because {
  const { role, options } = pair;
  if (role.name !== 'primary') return role.because;
  const { epoch, isAlone } = role;
  if (pair.written === undefined || pair.written < epoch)
    return { rule: 'PR6', text: `Epoch ${epoch} is granted; it acts when that is on disk.` };
  if (now < role.heldUntil)
    return { rule: 'PR3', text: `Epoch ${epoch} is granted; the mate's lease may not have ended yet.` };
  if (!isConfirmed(role, now))
    return {
      rule: 'PR6',
      text: `Neither the mate nor the arbiter has confirmed epoch ${epoch} within ${options.leaseMs} ms.`,
    };
  if (isAlone) return { rule: 'PR11', text: 'The operator has said to act without the other two voices.' };
  const voices = [
    ...(now < role.mateUntil ? ['the mate'] : []),
    ...(now < role.arbiterUntil ? ['the arbiter'] : []),
  ];
  return { rule: 'PR1', text: `Epoch ${epoch} is confirmed by ${voices.join(' and ')}.` };
}
