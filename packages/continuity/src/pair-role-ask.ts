/**
 * From standby to primary: when a member may ask for the role (PR3), and what becomes of the ask (PR4).
 *
 * The ask goes out once as a decision and many times as a message. Until its result is known it may have been granted,
 * and the member may be the holder without knowing: so it confirms nobody. It ends by the grant, by a higher revision
 * (then it can never be granted), or by being taken back: then it may still be granted, and the grant is of no use to
 * anybody, since it belongs to that number.
 */
import type { Because, Millis } from '@holdfast/kernel';
import { type ArbiterAnswer, compareRevisions, type RoleKey } from './arbiter-key.ts';
import type {
  AskingRole,
  OpenRequest,
  PairRole,
  PairRoleEffect,
  SeenKey,
  StandbyRole,
} from './pair-role-types.ts';

/** PR3: when nobody can count on a confirmation of this member's any more. */
export function mateWaitEndsAt({ confirmed, mateEnded, options }: PairRole): Millis {
  // PR11: a process that has ended counts on nothing.
  if (confirmed.process !== undefined && confirmed.process === mateEnded) return Number.NEGATIVE_INFINITY;
  return confirmed.at + confirmed.lengthMs * (1 + options.marginShare);
}

/** PR3, PR5: when nobody can count on this revision of the key any more. */
export function keyWaitEndsAt({ mateEnded, options }: PairRole, seen: SeenKey): Millis {
  // Nobody has ever held the role, or who held it has ended for certain (PR11).
  if (seen.key === undefined || seen.key.process === mateEnded) return Number.NEGATIVE_INFINITY;
  return seen.sinceAt + seen.key.lengthMs * (1 + options.marginShare);
}

export function askIfDue(pair: PairRole, now: Millis, effects: PairRoleEffect[]): PairRole {
  const { role, seen } = pair;
  if (role.name !== 'standby' || seen === undefined || now < role.askNotBefore) return pair;
  const freeAt = Math.max(mateWaitEndsAt(pair), keyWaitEndsAt(pair, seen));
  const isPromoted =
    role.promotedUntil !== undefined && now < role.promotedUntil && pair.isArbiterHeard === true;
  if (now < freeAt && !isPromoted) return pair;
  return ask(
    pair,
    seen,
    { freeAt, promotedUntil: isPromoted ? role.promotedUntil : undefined },
    now,
    effects,
  );
}

function ask(
  pair: PairRole,
  seen: SeenKey,
  { freeAt, promotedUntil }: { readonly freeAt: Millis; readonly promotedUntil: Millis | undefined },
  now: Millis,
  effects: PairRoleEffect[],
): PairRole {
  const { member, options } = pair;
  const isPromoted = promotedUntil !== undefined;
  const number = pair.asks + 1;
  const epoch = epochToTake(pair);
  const key: RoleKey = {
    holder: member.name,
    process: member.process,
    epoch,
    ask: number,
    lengthMs: options.leaseMs,
  };
  const because = becauseOfAsk(pair, isPromoted, now);
  effects.push({
    type: 'log',
    line: { level: 'info', what: 'asks for the role', because: `${because.rule}: ${because.text}`, epoch },
  });
  const role: AskingRole = {
    name: 'asking',
    because,
    key,
    ifRevision: seen.revision,
    askedAt: now,
    counts: true,
    // A word of the operator must not cost the primary its lease where the arbiter does not answer.
    takeBackAt: now + (isPromoted ? options.leaseMs / 2 : options.takeBackAfterMs),
    promotedUntil,
    heldUntil: freeAt,
  };
  return { ...pair, role, asks: number, open: undefined, nextRequestAt: now };
}

/** LL7's way: above whatever was seen, and not below the wall clock at the start. */
export function epochToTake({ highest, member }: PairRole): number {
  return Math.max(highest + 1, member.epochLeast);
}

function becauseOfAsk(pair: PairRole, isPromoted: boolean, now: Millis): Because {
  if (isPromoted)
    return { rule: 'PR11', text: 'An operator or its primary wants it so: promote first, demote second.' };
  const { seen, mateEnded } = pair;
  if (seen?.key !== undefined && seen.key.process === mateEnded)
    return { rule: 'PR11', text: `The process ${mateEnded} of the mate has ended.` };
  const silentMs = Math.round(now - pair.confirmed.at);
  const unchanged =
    seen?.key === undefined
      ? 'nobody has ever held the role'
      : `the key has been unchanged for ${Math.round(now - seen.sinceAt)} ms (it says ${seen.key.lengthMs} ms)`;
  return { rule: 'PR3', text: `It has confirmed nobody for ${silentMs} ms, and ${unchanged}.` };
}

/** `open` is the request that was answered, if it was one of the ask. */
export function hearAskResult(
  pair: PairRole,
  answer: Exclude<ArbiterAnswer, { type: 'unknown' }>,
  open: OpenRequest | undefined,
  now: Millis,
  effects: PairRoleEffect[],
): PairRole {
  const { role } = pair;
  if (role.name !== 'asking') return pair;
  const { key, revision } = answer.seen;
  // PR4: the grant belongs to this process and to this number.
  if (key !== undefined && key.process === role.key.process && key.ask === role.key.ask) {
    // Which of the repetitions wrote it is known only when that one is answered with it.
    const isByThis = answer.type === 'swapped' && open?.swap?.key.ask === key.ask;
    const { counts, sentAt } = isByThis ? open : { counts: role.counts, sentAt: role.askedAt };
    return grant(pair, role, counts ? sentAt : Number.NEGATIVE_INFINITY, now, effects);
  }
  // PR4: an unchanged revision is no result.
  if (compareRevisions(revision, role.ifRevision) <= 0) return pair;
  const holder = key === undefined ? 'nobody' : `${key.holder} in epoch ${key.epoch}`;
  const refused = { rule: 'PR4', text: `The ask was refused: the key names ${holder}.` };
  return toStandby(pair, refused, effects, { promotedUntil: role.promotedUntil });
}

function grant(
  pair: PairRole,
  role: AskingRole,
  countedFrom: Millis,
  now: Millis,
  effects: PairRoleEffect[],
): PairRole {
  const { epoch, ask: number, lengthMs } = role.key;
  effects.push({ type: 'writeEpoch', epoch });
  return {
    ...pair,
    highest: Math.max(pair.highest, epoch),
    role: {
      name: 'primary',
      epoch,
      ask: number,
      mateUntil: Number.NEGATIVE_INFINITY,
      arbiterUntil: countedFrom + lengthMs,
      mateSince: now,
      sent: [],
      confirms: 0,
      nextConfirmAt: now,
      heldUntil: role.heldUntil,
      isAlone: false,
      yieldsUntil: undefined,
    },
  };
}

/** PR4: it may confirm again, and no grant of that number is ever acted on. */
export function takeBack(pair: PairRole, role: AskingRole, effects: PairRoleEffect[]): PairRole {
  const text = `Ask ${role.key.ask} had no result and a primary wants to be confirmed: it is taken back.`;
  return toStandby(pair, { rule: 'PR4', text }, effects);
}

export function toStandby(
  pair: PairRole,
  because: Because,
  effects: PairRoleEffect[],
  {
    promotedUntil,
    askNotBefore = Number.NEGATIVE_INFINITY,
  }: { readonly promotedUntil?: Millis | undefined; readonly askNotBefore?: Millis } = {},
): PairRole {
  effects.push({
    type: 'log',
    line: {
      level: 'info',
      what: 'is standby',
      because: `${because.rule}: ${because.text}`,
      epoch: pair.highest,
    },
  });
  const role: StandbyRole = { name: 'standby', because, promotedUntil, askNotBefore };
  return { ...pair, role };
}
