/**
 * The callers' side of a pooled queue (PQ1): who waits here is served by an agent of the other site.
 *
 *     waiting ──announced──▶ granted an agent ──taken──▶ offered, over the trunk between the sites ──▶ talking
 *        ▲                        │ declined                 │ no sign within 500 ms, no answer, link lost
 *        └────────────────────────┴──────────────────────────┘ at the same place in line
 *
 * The caller belongs to this site all the time: here it is decided to whom the call is offered, so that it is offered to
 * one agent at a time, whatever the other site grants.
 */
import type { Millis } from '@holdfast/kernel';
import { POOL_CALLERS_MAX } from '@holdfast/protocol';
import type { Call } from './call.ts';
import { changeCall } from './call-changes.ts';
import { DEADLINE, log, type Turn } from './centre-state.ts';
import type { CentreInput } from './centre-types.ts';
import {
  type AnnouncedCaller,
  CROSSING_RINGS_ON_MS,
  POOL_PAUSE_MS,
  type PoolState,
  RESERVATION_LAPSES_MS,
} from './pool-state.ts';
import type { Queue } from './queue.ts';
import { takeBack } from './queueing.ts';

type Input<Type extends CentreInput['type']> = Extract<CentreInput, { type: Type }>;

/** The other site can be asked, or not; `isLost` says that nothing more is heard of what is on its way. */
export function poolLinked(turn: Turn, { trunk, isLost }: Input<'poolLink'>): void {
  const { state } = turn;
  const { pool } = state;
  if (isLost) for (const call of [...state.calls.values()]) if (isCrossing(call)) back(turn, call);
  if (pool.trunk === trunk) return;
  pool.trunk = trunk;
  // What was told over the former link is not known to be held.
  if (trunk !== undefined || isLost) pool.announced.clear();
  lookAgain(turn);
}

/** At the end of a turn: what the other site is to know of the lines that have changed. */
export function announce(turn: Turn): void {
  const { state, now } = turn;
  if (state.touchedLines.size === 0) return;
  const { pool } = state;
  for (const number of state.touchedLines) {
    const callers = announcedOf(pool, state.queues.get(number), now);
    const told = callers.map(({ connId, priority }) => `${connId} ${priority}`).join(',');
    if (told === (pool.announced.get(number) ?? '')) continue;
    if (told === '') pool.announced.delete(number);
    else pool.announced.set(number, told);
    turn.effects.push({ type: 'poolWaiting', queue: number, callers });
  }
  state.touchedLines.clear();
}

function announcedOf(
  { trunk, isPaused }: PoolState,
  queue: Queue | undefined,
  now: Millis,
): readonly AnnouncedCaller[] {
  if (queue?.configuration.isPooled !== true || trunk === undefined || isPaused) return [];
  return queue.waiting
    .items()
    .slice(0, POOL_CALLERS_MAX)
    .map(({ connId, priority, waitingSince }) => ({ connId, priority, waitedMs: now - waitingSince }));
}

/** Every pooled line is compared with what was told of it. */
export function lookAgain({ state }: Turn): void {
  for (const number of state.pool.announced.keys()) state.touchedLines.add(number);
  for (const { dn, configuration } of state.queues.values())
    if (configuration.isPooled) state.touchedLines.add(dn);
}

/** An agent of the other site is kept for a caller of ours. */
export function granted(turn: Turn, input: Input<'poolGranted'>): void {
  const { state, now } = turn;
  const { connId, queue: number, reservation, dn } = input;
  const { trunk, isPaused } = state.pool;
  const call = state.calls.get(connId);
  const queue = state.queues.get(number);
  const decline = (because: string) =>
    void turn.effects.push({ type: 'poolDecline', connId, reservation, because });
  if (call?.phase.name !== 'waiting' || call.phase.ticket.queue !== number || queue === undefined)
    return decline('the caller does not wait any more');
  if (trunk === undefined || isPaused) return decline('the other site cannot be reached at the moment');
  queue.waiting.remove(call.phase.ticket);
  state.pool.refused.delete(number);
  state.touchedLines.add(number);
  state.deadlines.clear(DEADLINE.overflow(connId));
  state.deadlines.set(DEADLINE.noAnswer(connId), now + RESERVATION_LAPSES_MS);
  turn.effects.push({ type: 'poolTake', connId, reservation, userData: call.userData });
  changeCall(turn, call, { type: 'crossing', trunk, reservation, agentDN: dn });
}

/** Of a call that is offered to an agent of the other site: it rings there. */
export function crossingRings({ state, now }: Turn, call: Call): void {
  if (call.phase.name !== 'offered' || call.phase.crossing === undefined) return;
  const ringsMs = state.queues.get(call.phase.ticket.queue)?.configuration.noAnswerMs ?? 0;
  state.deadlines.set(DEADLINE.noAnswer(call.connId), now + ringsMs + CROSSING_RINGS_ON_MS);
}

/** It has come back before it rang: whatever is wrong, the next one would fare no better. */
export function crossingFailed(turn: Turn, { connId, phase }: Call): void {
  const { pool, deadlines } = turn.state;
  if (phase.name !== 'offered' || phase.crossing === undefined || phase.crossing.hasRung) return;
  if (pool.trunk === undefined) return;
  pool.isPaused = true;
  deadlines.set(DEADLINE.poolGoesOn, turn.now + POOL_PAUSE_MS);
  lookAgain(turn);
  const because = `PQ1: the call did not reach the reserved agent; no agent of the other site is asked for within ${POOL_PAUSE_MS} ms`;
  log(turn, { level: 'warn', what: 'pool paused', call: connId, dn: phase.ticket.queue, because });
}

export function poolGoesOn(turn: Turn): void {
  turn.state.pool.isPaused = false;
  lookAgain(turn);
}

/** The other site does not grant agents to this line, and says why. */
export function refused(turn: Turn, { queue, because }: Input<'poolRefused'>): void {
  const { state, now } = turn;
  const { pool } = state;
  if (!state.queues.has(queue)) return;
  if (pool.refused.get(queue) !== because)
    log(turn, { level: 'warn', what: 'pool refused', dn: queue, because: `PQ1: ${because}` });
  pool.refused.set(queue, because);
  // It may hold other things soon: told again after a pause, also where the line does not change.
  pool.announced.delete(queue);
  if (state.deadlines.get(DEADLINE.lineTold(queue)) === undefined)
    state.deadlines.set(DEADLINE.lineTold(queue), now + POOL_PAUSE_MS);
}

export function isCrossing({ phase }: Call): boolean {
  return phase.name === 'offered' && phase.crossing !== undefined;
}

function back(turn: Turn, call: Call): void {
  takeBack(turn, call, { why: 'released', callState: 'Redirected' });
}
