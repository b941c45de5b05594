/** Plants one defect around the step of a simulated member: in what it is told, and in what it remembers. */
import type { AskingRole, KeySeen, PairRole, PairRoleEffect, PairRoleEvent } from '@holdfast/continuity';
import type { Millis } from '@holdfast/kernel';
import type { PairDefect } from './core-pair-messages.ts';

interface Told {
  readonly pair: PairRole;
  readonly event: PairRoleEvent;
  readonly now: Millis;
}

const LONG_AGO = Number.NEGATIVE_INFINITY;

export class PlantedPair {
  readonly #defect: PairDefect | undefined;
  /** `no-answer-is-no`: the ask that was believed to have been refused. */
  #asked: AskingRole | undefined;
  #confirms: PairRoleEffect | undefined;

  constructor(defect: PairDefect | undefined) {
    this.#defect = defect;
  }

  before(pair: PairRole, event: PairRoleEvent, now: Millis): Told {
    const told = { pair, event, now };
    switch (this.#defect) {
      case 'count-from-answer':
        return { ...told, pair: countedFromNow(pair, now) };
      case 'own-confirmations-ignored':
        return { ...told, pair: { ...pair, confirmed: { ...pair.confirmed, at: LONG_AGO } } };
      case 'start-not-counted': {
        const { confirmed } = pair;
        const isStart = confirmed.process === undefined;
        return isStart ? { ...told, pair: { ...pair, confirmed: { ...confirmed, at: LONG_AGO } } } : told;
      }
      case 'changed-key-ignored': {
        const seen = pair.seen === undefined ? undefined : { ...pair.seen, sinceAt: LONG_AGO };
        return { ...told, pair: { ...pair, seen } };
      }
      case 'written-length-ignored':
        return { ...told, event: withShortKey(event, pair.options.leaseMs) };
      case 'confirms-while-asking':
        this.#confirms = confirmation(pair, event);
        return told;
      case 'no-answer-is-no':
        return this.#actOnOldAsk(told);
      case 'arbiter-not-renewed': {
        const { role } = pair;
        const isLazy = role.name === 'primary' && now < role.mateUntil;
        if (!isLazy) return told;
        return { ...told, pair: { ...pair, nextRequestAt: role.mateUntil } };
      }
      case 'never-taken-back': {
        const { role } = pair;
        if (role.name !== 'asking') return told;
        return { ...told, pair: { ...pair, role: { ...role, takeBackAt: Number.POSITIVE_INFINITY } } };
      }
      default:
        return told;
    }
  }

  after(
    pair: PairRole,
    effects: readonly PairRoleEffect[],
    now: Millis,
  ): { readonly pair: PairRole; readonly effects: readonly PairRoleEffect[] } {
    const confirms = this.#confirms;
    this.#confirms = undefined;
    if (confirms !== undefined) return { pair, effects: [...effects, confirms] };
    const { role } = pair;
    if (this.#defect !== 'no-answer-is-no' || role.name !== 'asking') return { pair, effects };
    if (pair.isArbiterHeard !== false) return { pair, effects };
    this.#asked = role;
    const askNotBefore = now + pair.options.renewEveryMs;
    const { because } = role;
    const standby = { name: 'standby', because, promotedUntil: undefined, askNotBefore } as const;
    return { pair: { ...pair, role: standby }, effects };
  }

  #actOnOldAsk(told: Told): Told {
    const asked = this.#asked;
    const key = seenIn(told.event)?.key;
    if (asked === undefined || key?.process !== asked.key.process || key.ask !== asked.key.ask) return told;
    this.#asked = undefined;
    return { ...told, pair: { ...told.pair, role: asked } };
  }
}

function seenIn(event: PairRoleEvent): KeySeen | undefined {
  if (event.type === 'keySeen') return event.seen;
  if (event.type !== 'arbiterAnswer' || event.answer.type === 'unknown') return undefined;
  return event.answer.seen;
}

function countedFromNow(pair: PairRole, now: Millis): PairRole {
  const open = pair.open === undefined ? undefined : { ...pair.open, sentAt: now };
  const { role } = pair;
  if (role.name === 'asking') return { ...pair, open, role: { ...role, askedAt: now } };
  if (role.name !== 'primary') return { ...pair, open };
  return { ...pair, open, role: { ...role, sent: role.sent.map(({ n }) => ({ n, at: now })) } };
}

function withShortKey(event: PairRoleEvent, lengthMs: Millis): PairRoleEvent {
  const seen = seenIn(event);
  if (seen?.key === undefined) return event;
  const short = { ...seen, key: { ...seen.key, lengthMs: Math.min(lengthMs, seen.key.lengthMs) } };
  if (event.type === 'keySeen') return { ...event, seen: short };
  if (event.type !== 'arbiterAnswer' || event.answer.type === 'unknown') return event;
  return { ...event, answer: { ...event.answer, seen: short } };
}

function confirmation(pair: PairRole, event: PairRoleEvent): PairRoleEffect | undefined {
  if (pair.role.name !== 'asking' || event.type !== 'message' || event.message.type !== 'confirm')
    return undefined;
  const { epoch, n } = event.message;
  return epoch < pair.highest ? undefined : { type: 'sendToMate', message: { type: 'confirmed', epoch, n } };
}
