/**
 * What people say (PR11), and the disk that fails. Promote first, demote second: the member that shall have the role
 * is granted it by the arbiter while the other still acts; the other ends when it hears of the higher epoch, and the new
 * one acts when it has heard that (or when the other's lease has certainly ended). If the arbiter does not grant it,
 * nothing has changed.
 */
import type { Millis } from '@holdfast/kernel';
import { unreachable } from '@holdfast/kernel';
import { epochToTake, mateWaitEndsAt, toStandby } from './pair-role-ask.ts';
import { isConfirmed } from './pair-role-primary.ts';
import type { PairRole, PairRoleEffect } from './pair-role-types.ts';

export function stepOperator(
  pair: PairRole,
  word: 'promote' | 'demote' | 'actAlone',
  now: Millis,
  effects: PairRoleEffect[],
): PairRole {
  const { role, options } = pair;
  const until = now + options.changeMaxMs;
  switch (word) {
    case 'promote':
      if (role.name === 'standby') return { ...pair, role: { ...role, promotedUntil: until } };
      return refuse(pair, word, 'only a standby is promoted; ask again when this member is one', effects);
    case 'demote':
      if (role.name === 'primary') return { ...pair, role: { ...role, yieldsUntil: until } };
      return refuse(pair, word, 'only a primary is demoted; name the other member', effects);
    case 'actAlone':
      return actAlone(pair, now, effects);
    default:
      return unreachable(word);
  }
}

/**
 * Undefined where the word would be taken: only the operator can know then whether the mate acts. While one of the
 * other voices is heard it is they who say so, and a second primary would be made for nothing.
 */
export function whyNotAlone(pair: PairRole, now: Millis): string | undefined {
  const { role } = pair;
  if (role.name === 'primary') return isConfirmed(role, now) ? 'it is confirmed already' : undefined;
  if (pair.isArbiterHeard !== false)
    return pair.isArbiterHeard
      ? 'the arbiter answers, and grants the role when the former primary has ended; use promote'
      : 'it has not been known for long enough whether the arbiter answers; ask again in some seconds';
  if (now < mateWaitEndsAt(pair))
    return 'its mate asked to be confirmed a moment ago and may act; end that one first, or use promote';
  return undefined;
}

/** PR11: nobody else can say that the mate is dead while the arbiter is down. A voice that is heard ends it. */
function actAlone(pair: PairRole, now: Millis, effects: PairRoleEffect[]): PairRole {
  const { role } = pair;
  const why = whyNotAlone(pair, now);
  if (why !== undefined) return refuse(pair, 'actAlone', why, effects);
  effects.push({
    type: 'log',
    line: {
      level: 'warn',
      what: 'acts without the other voices',
      because: 'PR11: the operator vouches that the mate does not act.',
      epoch: role.name === 'primary' ? role.epoch : epochToTake(pair),
    },
  });
  if (role.name === 'primary')
    return { ...pair, role: { ...role, isAlone: true, heldUntil: Number.NEGATIVE_INFINITY } };
  const epoch = epochToTake(pair);
  effects.push({ type: 'writeEpoch', epoch });
  const ended = Number.NEGATIVE_INFINITY;
  return {
    ...pair,
    highest: epoch,
    asks: pair.asks + 1,
    open: undefined,
    nextRequestAt: now,
    role: {
      name: 'primary',
      epoch,
      ask: pair.asks + 1,
      mateUntil: ended,
      arbiterUntil: ended,
      mateSince: now,
      sent: [],
      confirms: 0,
      nextConfirmAt: now,
      heldUntil: ended,
      isAlone: true,
      yieldsUntil: undefined,
    },
  };
}

/** PR6: without its epoch on disk a member never acts; its mate shall have the role before it asks again. */
export function giveUpWrite(
  pair: PairRole,
  { epoch, because }: { readonly epoch: number; readonly because: string },
  now: Millis,
  effects: PairRoleEffect[],
): PairRole {
  const { role, options } = pair;
  if (role.name !== 'primary' || role.epoch !== epoch) return pair;
  const text = `Epoch ${epoch} could not be written: ${because}. Make room on the disk, or repair it.`;
  return toStandby(pair, { rule: 'PR6', text }, effects, { askNotBefore: now + options.longLeaseMs });
}

function refuse(pair: PairRole, word: string, remedy: string, effects: PairRoleEffect[]): PairRole {
  effects.push({
    type: 'log',
    line: { level: 'warn', what: 'operator refused', because: `PR11: ${word}: ${remedy}.` },
  });
  return pair;
}
