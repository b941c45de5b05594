/**
 * What the members say to each other. To confirm is a promise: not to ask for the role for a lease and a margin from
 * now (PR2). So who may be about to act, or may have the role already, confirms nobody (PR4).
 */
import type { Millis } from '@holdfast/kernel';
import { unreachable } from '@holdfast/kernel';
import { takeBack } from './pair-role-ask.ts';
import { hearConfirmed, lose } from './pair-role-primary.ts';
import type { PairMessage, PairRole, PairRoleEffect } from './pair-role-types.ts';

type Confirm = Extract<PairMessage, { type: 'confirm' }>;

export function hearMate(
  pair: PairRole,
  message: PairMessage,
  now: Millis,
  effects: PairRoleEffect[],
): PairRole {
  const learnt = learnEpoch(pair, message.epoch, effects);
  switch (message.type) {
    case 'confirm':
      return confirm(learnt, message, now, effects);
    case 'confirmed':
      return hearConfirmed(learnt, message);
    case 'refused':
      return learnt;
    default:
      return unreachable(message);
  }
}

/** PR3: only a higher epoch ends the role. */
function learnEpoch(pair: PairRole, epoch: number, effects: PairRoleEffect[]): PairRole {
  if (epoch <= pair.highest) return pair;
  const learnt = { ...pair, highest: epoch };
  const { role } = pair;
  if (role.name !== 'primary') return learnt;
  return lose(
    learnt,
    { rule: 'PR3', text: `The mate knows of epoch ${epoch}, above ${role.epoch}.` },
    effects,
  );
}

function confirm(pair: PairRole, request: Confirm, now: Millis, effects: PairRoleEffect[]): PairRole {
  const refuse = (why: Extract<PairMessage, { type: 'refused' }>['why'], refusing = pair) => {
    effects.push({
      type: 'sendToMate',
      message: { type: 'refused', epoch: refusing.highest, n: request.n, why },
    });
    return refusing;
  };
  // PR6. Two primaries of one epoch there can only be by the operator's word: neither confirms the other.
  if (request.epoch < pair.highest || pair.role.name === 'primary') return refuse('lower-epoch');
  if (pair.role.name === 'starting') return refuse('starting');
  if (pair.role.name === 'asking') {
    if (now < pair.role.takeBackAt) return refuse('asking');
    return promise(takeBack(pair, pair.role, effects), request, now, effects);
  }
  return promise(request.yields ? invited(pair, now) : pair, request, now, effects);
}

/** PR2: counted from now, the instant at which the confirmation leaves, read after the request was. */
function promise(pair: PairRole, request: Confirm, now: Millis, effects: PairRoleEffect[]): PairRole {
  effects.push({ type: 'sendToMate', message: { type: 'confirmed', epoch: request.epoch, n: request.n } });
  const lengthMs = Math.max(pair.options.leaseMs, request.lengthMs);
  return { ...pair, confirmed: { at: now, lengthMs, process: request.process } };
}

/** The operator has told the primary to be demoted: its mate takes the role first, as if it had been promoted. */
function invited(pair: PairRole, now: Millis): PairRole {
  const { role, options } = pair;
  // Its silence would cost the primary its lease where the arbiter cannot grant anything.
  if (role.name !== 'standby' || pair.isArbiterHeard !== true) return pair;
  return { ...pair, role: { ...role, promotedUntil: now + options.leaseMs } };
}
