/**
 * The agents' side of a pooled queue (PQ1): an agent of ours is kept for a caller who waits at the other site.
 *
 *     idle ──granted──▶ reserved ──the call comes──▶ rung, as by our own queue
 *       ▲                  │ declined, 500 ms, link lost, no longer able
 *       └──────────────────┘
 *
 * Only this site assigns its agents. The first callers of the line there stand beside our own; whoever ranks first gets
 * the agent (routing.ts), and an agent who is reserved is offered nothing else.
 */
import { POOL_CALLERS_MAX } from '@holdfast/protocol';
import { changeUserData, sizeOf, USER_DATA_MAX } from './attached-data.ts';
import type { Call, Ticket } from './call.ts';
import { changeCall } from './call-changes.ts';
import { DEADLINE, type DN, log, type Turn, touchDN } from './centre-state.ts';
import type { CentreInput } from './centre-types.ts';
import { NOBODY } from './events.ts';
import { RESERVATION_LAPSES_MS, type RemoteCaller, type Reservation } from './pool-state.ts';
import { compareTickets } from './queue.ts';
import { end, takeBack } from './queueing.ts';

type Input<Type extends CentreInput['type']> = Extract<CentreInput, { type: Type }>;

/** Who waits first in a queue of the other site; what was known of that line is replaced. */
export function waitElsewhere(turn: Turn, { queue: number, callers }: Input<'waitElsewhere'>): void {
  const { state, now } = turn;
  const queue = state.queues.get(number);
  if (queue?.configuration.isPooled !== true) {
    if (callers.length > 0) refuse(turn, number, `Queue ${number} is not pooled at ${state.site}.`);
    return;
  }
  const { reservations } = state.pool;
  queue.elsewhere = callers
    .slice(0, POOL_CALLERS_MAX)
    // Told before the other site had read of the agent.
    .filter(({ connId }) => !reservations.has(connId))
    .map(({ connId, priority, waitedMs }): RemoteCaller => {
      return { connId, queue: number, priority, waitingSince: now - waitedMs, order: state.arrivals++ };
    })
    .sort(compareTickets);
  if (state.shutdown !== undefined && callers.length > 0)
    return refuse(turn, number, `${state.site} is shutting down and serves its own line.`);
  state.touchedQueues.add(number);
}

function refuse(turn: Turn, queue: string, because: string): void {
  turn.effects.push({ type: 'poolRefuse', queue, because });
}

/** Nothing is heard of the other site's callers: what was granted lapses, and who rings for them rings no longer. */
export function elsewhereLost(turn: Turn): void {
  const { state } = turn;
  for (const queue of state.queues.values()) queue.elsewhere = [];
  for (const reservation of [...state.pool.reservations.values()]) {
    const call = reservation.rungBy === undefined ? undefined : state.calls.get(reservation.rungBy);
    if (call === undefined) endReservation(turn, reservation, 'the link between the sites is lost');
    else takeBack(turn, call, { why: 'released', callState: 'Redirected' });
  }
}

/** The caller who ranks first among all who wait for this agent elsewhere; none while a graceful shutdown goes on. */
export function firstElsewhere({ state }: Turn, queues: readonly string[]): RemoteCaller | undefined {
  if (state.shutdown !== undefined) return undefined;
  let first: RemoteCaller | undefined;
  for (const number of queues) {
    const [head] = state.queues.get(number)?.elsewhere ?? [];
    if (head !== undefined && (first === undefined || compareTickets(head, first) < 0)) first = head;
  }
  return first;
}

/** The agent, who stands in no idle line any more, is kept for that caller. */
export function reserve(turn: Turn, dn: DN, caller: RemoteCaller): void {
  const { state, now } = turn;
  const { connId, queue: number } = caller;
  const queue = state.queues.get(number);
  if (queue !== undefined) queue.elsewhere = queue.elsewhere.filter((one) => one !== caller);
  const reservation = ++state.pool.granted;
  state.pool.reservations.set(connId, {
    ...{ number: reservation, caller, dn: dn.number },
    ...{ userData: undefined, rungBy: undefined },
  });
  dn.reservedFor = connId;
  state.deadlines.set(DEADLINE.reservationLapses(connId), now + RESERVATION_LAPSES_MS);
  turn.effects.push({ type: 'poolGrant', queue: number, connId, reservation, dn: dn.number });
}

export function reservationLapses(turn: Turn, connId: string): void {
  const reservation = turn.state.pool.reservations.get(connId);
  if (reservation !== undefined)
    endReservation(turn, reservation, `nothing was heard of the caller within ${RESERVATION_LAPSES_MS} ms`);
}

/** The caller does not need the agent any more. */
export function declined(turn: Turn, { connId, reservation: number, because }: Input<'poolDeclined'>): void {
  const reservation = turn.state.pool.reservations.get(connId);
  if (reservation?.number === number && reservation.rungBy === undefined)
    endReservation(turn, reservation, because);
}

/** The caller comes, with this data; the call itself may have been faster. */
export function taken(turn: Turn, { connId, reservation: number, userData }: Input<'poolTaken'>): void {
  const reservation = turn.state.pool.reservations.get(connId);
  if (reservation?.number !== number || sizeOf(userData) > USER_DATA_MAX) return;
  reservation.userData = userData;
  const call = reservation.rungBy === undefined ? undefined : turn.state.calls.get(reservation.rungBy);
  if (call !== undefined)
    changeUserData(turn, call, { userData: { ...call.userData, ...userData }, request: NOBODY });
}

/** A call from the other site that says for which reservation it comes. */
export function ringReserved(
  turn: Turn,
  call: Call,
  asked: { readonly connId: string; readonly number: number },
): void {
  const { state, now } = turn;
  const reservation = state.pool.reservations.get(asked.connId);
  const dn = reservation === undefined ? undefined : state.dns.get(reservation.dn);
  const queue = reservation === undefined ? undefined : state.queues.get(reservation.caller.queue);
  if (
    reservation?.number !== asked.number ||
    reservation.rungBy !== undefined ||
    dn?.reservedFor !== asked.connId ||
    queue === undefined
  )
    return end(turn, call, { status: 480, why: 'PQ1: no agent is reserved for it any more' });
  const { caller, userData } = reservation;
  release(turn, reservation);
  reservation.rungBy = call.connId;
  state.pool.reservations.set(asked.connId, reservation);
  dn.offer = call.connId;
  state.changed.dns.add(dn.number);
  state.deadlines.set(DEADLINE.noAnswer(call.connId), now + queue.configuration.noAnswerMs);
  const ticket: Ticket = {
    ...{ connId: call.connId, queue: queue.dn, priority: caller.priority, order: caller.order },
    ...{ waitingSince: caller.waitingSince, enteredAt: now, reservation: reservation.number },
  };
  const known = { ...call, waitingSince: caller.waitingSince, userData: userData ?? call.userData };
  changeCall(turn, known, { type: 'reserved', ticket, dn: dn.number });
}

/** The agent can take nothing any more: nor the caller for whom he was kept. */
export function endReservationOf(turn: Turn, dn: DN): void {
  const reservation =
    dn.reservedFor === undefined ? undefined : turn.state.pool.reservations.get(dn.reservedFor);
  if (reservation !== undefined) endReservation(turn, reservation, 'the agent can take no call any more');
}

function endReservation(turn: Turn, reservation: Reservation, because: string): void {
  const { dn, number } = reservation;
  release(turn, reservation);
  touchDN(turn.state, dn);
  log(turn, { level: 'info', what: 'reservation ended', dn, because, detail: { reservation: number } });
}

/** The agent is kept for nobody. */
function release({ state }: Turn, { caller: { connId }, dn: number }: Reservation): void {
  state.pool.reservations.delete(connId);
  state.deadlines.clear(DEADLINE.reservationLapses(connId));
  const dn = state.dns.get(number);
  if (dn?.reservedFor === connId) dn.reservedFor = undefined;
}
