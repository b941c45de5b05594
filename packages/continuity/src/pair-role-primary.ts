/**
 * A primary's two leases: one from its mate, one from the arbiter; either lets it act (PR1). Each counts from when the
 * request was sent (PR2), so that whoever confirmed began to wait later than it began to count.
 */
import type { Because, Millis } from '@holdfast/kernel';
import type { ArbiterAnswer, RoleKey } from './arbiter-key.ts';
import { toStandby } from './pair-role-ask.ts';
import type { OpenRequest, PairMessage, PairRole, PairRoleEffect, PrimaryRole } from './pair-role-types.ts';

/** Requests for confirmation that may still be answered; at the defaults four are younger than a lease. */
const CONFIRMS_OPEN_MAX = 16;
/** PR5. */
const LEASES_WITHOUT_MATE = 3;

export function isConfirmed({ mateUntil, arbiterUntil, isAlone }: PrimaryRole, now: Millis): boolean {
  return isAlone || now < Math.max(mateUntil, arbiterUntil);
}

/** Asks the mate, whether it was confirmed or not; a paused primary goes on in its epoch if it is confirmed (PR6). */
export function confirmIfDue(pair: PairRole, now: Millis, effects: PairRoleEffect[]): PairRole {
  const { role, options, member } = pair;
  if (role.name !== 'primary' || now < role.nextConfirmAt) return pair;
  const n = role.confirms + 1;
  const { epoch } = role;
  const yields = role.yieldsUntil !== undefined && now < role.yieldsUntil;
  if (role.yieldsUntil !== undefined && !yields)
    effects.push({
      type: 'log',
      line: {
        level: 'warn',
        what: 'stays primary',
        because:
          'PR11: the mate has not taken the role in time; see whether it runs and reaches the arbiter.',
        epoch,
      },
    });
  effects.push({
    type: 'sendToMate',
    message: { type: 'confirm', epoch, n, process: member.process, lengthMs: options.leaseMs, yields },
  });
  const young = role.sent.filter(({ at }) => now < at + options.leaseMs).slice(1 - CONFIRMS_OPEN_MAX);
  return {
    ...pair,
    role: {
      ...role,
      confirms: n,
      sent: [...young, { n, at: now }],
      nextConfirmAt: now + options.renewEveryMs,
      yieldsUntil: yields ? role.yieldsUntil : undefined,
    },
  };
}

export function hearConfirmed(
  pair: PairRole,
  { epoch, n }: Extract<PairMessage, { type: 'confirmed' }>,
): PairRole {
  const { role, options } = pair;
  if (role.name !== 'primary' || role.epoch !== epoch) return pair;
  const request = role.sent.find((one) => one.n === n);
  if (request === undefined) return pair;
  return {
    ...pair,
    role: {
      ...role,
      mateUntil: Math.max(role.mateUntil, request.at + options.leaseMs),
      mateSince: Math.max(role.mateSince, request.at),
      sent: role.sent.filter((one) => one.n > n),
      // Who confirms this epoch acts in no lower one.
      heldUntil: Number.NEGATIVE_INFINITY,
      isAlone: false,
    },
  };
}

/** PR1: renewed also while the mate confirms. PR5: a long lease while the mate is away. */
export function keyToWrite({ member, options }: PairRole, role: PrimaryRole, now: Millis): RoleKey {
  const isMateAway = now >= role.mateSince + LEASES_WITHOUT_MATE * options.leaseMs;
  // Never shorter than the mate's lease, whatever was set.
  const longMs = Math.max(options.longLeaseMs, options.leaseMs);
  return {
    holder: member.name,
    process: member.process,
    epoch: role.epoch,
    ask: role.ask,
    lengthMs: isMateAway ? longMs : options.leaseMs,
  };
}

export function hearRenewal(
  pair: PairRole,
  answer: Exclude<ArbiterAnswer, { type: 'unknown' }>,
  open: OpenRequest,
  effects: PairRoleEffect[],
): PairRole {
  const { role } = pair;
  if (role.name !== 'primary') return pair;
  if (answer.type !== 'swapped') return loseIfOverruled(pair, role, effects);
  const { counts, sentAt } = open;
  const key = open.swap?.key;
  if (!counts || key === undefined || key.epoch !== role.epoch || key.ask !== role.ask) return pair;
  const arbiterUntil = Math.max(role.arbiterUntil, sentAt + key.lengthMs);
  return { ...pair, role: { ...role, arbiterUntil, isAlone: false } };
}

/** PR3: a failed renewal alone ends nothing; a key of a higher epoch does. */
export function loseIfOverruled(pair: PairRole, role: PrimaryRole, effects: PairRoleEffect[]): PairRole {
  const key = pair.seen?.key;
  if (key === undefined || key.epoch < role.epoch) return pair;
  if (key.epoch === role.epoch && key.process === pair.member.process) return pair;
  return lose(pair, { rule: 'PR3', text: `The key names ${key.holder} in epoch ${key.epoch}.` }, effects);
}

export function lose(pair: PairRole, because: Because, effects: PairRoleEffect[]): PairRole {
  return toStandby(pair, because, effects);
}

/** PR6: after a jump of the clocks every lease has ended, and no answer to what was sent before starts one. */
export function voidLeases(pair: PairRole): PairRole {
  const { open, role } = pair;
  const voided = { ...pair, open: open === undefined ? undefined : { ...open, counts: false } };
  if (role.name === 'asking') return { ...voided, role: { ...role, counts: false } };
  if (role.name !== 'primary') return voided;
  const ended = Number.NEGATIVE_INFINITY;
  return { ...voided, role: { ...role, mateUntil: ended, arbiterUntil: ended, sent: [] } };
}
