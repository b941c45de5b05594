/**
 * What a member asks its arbiter, and what it makes of the answers. One request is open at a time; what is not
 * answered in time may have happened or not, and the next answer tells (PR4). Every answer says what stands, which is
 * the read that follows a failed compare-and-set (PR3).
 */
import type { Millis } from '@holdfast/kernel';
import { type ArbiterAnswer, type ArbiterRequest, compareRevisions, type KeySeen } from './arbiter-key.ts';
import { hearAskResult } from './pair-role-ask.ts';
import { hearRenewal, keyToWrite, loseIfOverruled } from './pair-role-primary.ts';
import type { OpenRequest, PairRole, PairRoleEffect } from './pair-role-types.ts';

/** Sends the next request when it is time for it. */
export function requestIfDue(pair: PairRole, now: Millis, effects: PairRoleEffect[]): PairRole {
  const { open, options } = pair;
  if (open !== undefined && now < open.sentAt + options.answerMaxMs) return pair;
  const waiting = open === undefined ? pair : hearSilence(pair, 'no answer in time', effects);
  return now < waiting.nextRequestAt ? waiting : sendRequest(waiting, now, effects);
}

/** Sends what the role asks for now, in place of whatever was open: a read, the ask, or a renewal. */
function sendRequest(pair: PairRole, now: Millis, effects: PairRoleEffect[]): PairRole {
  const n = pair.requests + 1;
  const { role, seen } = pair;
  let swap: OpenRequest['swap'];
  let sending = pair;
  if (role.name === 'asking') swap = { ifRevision: role.ifRevision, key: role.key };
  else if (role.name === 'primary' && seen !== undefined) {
    const key = keyToWrite(pair, role, now);
    swap = { ifRevision: seen.revision, key };
    // PR5: from asking for a shorter lease on, no more than that counts.
    sending = {
      ...pair,
      role: { ...role, arbiterUntil: Math.min(role.arbiterUntil, now + key.lengthMs) },
    };
  }
  const request: ArbiterRequest = swap === undefined ? { type: 'read', n } : { type: 'swap', n, ...swap };
  effects.push({ type: 'askArbiter', request });
  const open: OpenRequest = { n, sentAt: now, swap, counts: true };
  return { ...sending, requests: n, open, nextRequestAt: now + pair.options.renewEveryMs };
}

export function hearAnswer(
  pair: PairRole,
  answer: ArbiterAnswer,
  now: Millis,
  effects: PairRoleEffect[],
): PairRole {
  const { open } = pair;
  // Too late: whatever it says has been asked again since.
  if (open === undefined || answer.n !== open.n) return pair;
  if (answer.type === 'unknown') return hearSilence(pair, answer.because, effects);
  const heard = learnKey(noteHeard({ ...pair, open: undefined }, effects), answer.seen, now);
  if (heard.role.name === 'asking') return hearAskResult(heard, answer, open, now, effects);
  if (heard.role.name !== 'primary') return heard;
  const renewed = hearRenewal(heard, answer, open, effects);
  const isBehind =
    open.swap !== undefined &&
    answer.type === 'not-swapped' &&
    compareRevisions(answer.seen.revision, open.swap.ifRevision) > 0;
  // On a newer revision the same renewal may succeed: it need not wait for its turn.
  return isBehind || renewed.role.name !== 'primary' ? { ...renewed, nextRequestAt: now } : renewed;
}

/** The watch may show it before the answer does, or long after. */
export function hearKey(pair: PairRole, seen: KeySeen, now: Millis, effects: PairRoleEffect[]): PairRole {
  const learnt = learnKey(pair, seen, now);
  if (learnt === pair) return pair;
  if (learnt.role.name === 'asking')
    return hearAskResult(learnt, { type: 'stands', n: 0, seen }, undefined, now, effects);
  return learnt.role.name === 'primary' ? loseIfOverruled(learnt, learnt.role, effects) : learnt;
}

/** A revision counts as seen from the first time; an older one says nothing any more (PR3). */
function learnKey(pair: PairRole, seen: KeySeen, now: Millis): PairRole {
  if (pair.seen !== undefined && compareRevisions(seen.revision, pair.seen.revision) <= 0) return pair;
  const learnt = {
    ...pair,
    seen: { ...seen, sinceAt: now },
    highest: Math.max(pair.highest, seen.key?.epoch ?? 0),
  };
  if (pair.role.name !== 'starting') return learnt;
  const because = { rule: 'PR6', text: 'It has read the key.' };
  return {
    ...learnt,
    role: {
      name: 'standby',
      because,
      promotedUntil: undefined,
      askNotBefore: Number.NEGATIVE_INFINITY,
    },
  };
}

/** PR1: while both members live nothing follows from it; but the next failure would be one too many, so it is told. */
function hearSilence(pair: PairRole, because: string, effects: PairRoleEffect[]): PairRole {
  if (pair.isArbiterHeard !== false)
    effects.push({
      type: 'log',
      line: {
        level: 'warn',
        what: 'arbiter does not answer',
        because: `PR1: ${because}. The pair goes on while both members live.`,
      },
    });
  return { ...pair, open: undefined, isArbiterHeard: false };
}

function noteHeard(pair: PairRole, effects: PairRoleEffect[]): PairRole {
  if (pair.isArbiterHeard === false)
    effects.push({ type: 'log', line: { level: 'info', what: 'arbiter answers again' } });
  return pair.isArbiterHeard === true ? pair : { ...pair, isArbiterHeard: true };
}
