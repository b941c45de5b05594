/**
 * The way of a call through the switch: from the number that was dialled over routing points and queues to
 * somebody's phone, and back into line when nobody answers there.
 *
 * A place in line is a ticket, made once for each queue. An offer that fails gives the call back with the same
 * ticket, so that nobody who came later is served first (LL3, QU5). Every way out of a queue is counted.
 */

import { changeAgent } from './agent-changes.ts';
import type { Call, CallState, Ticket } from './call.ts';
import { changeCall } from './call-changes.ts';
import { DEADLINE, type DN, log, type Turn, touchDN } from './centre-state.ts';
import type { CentreEffect, PartyRelease, Request } from './centre-types.ts';
import { attributesOf, NOBODY, tell, tellTreatment } from './events.ts';
import { count, countTicket, overflowAt, priorityOf, type Queue } from './queue.ts';

/** More queues, routing points and overflows than this in one call are a ring in the configuration (D14). */
export const HOPS_MAX = 10;

/** A phone that refuses a call at once would otherwise be rung again at the speed of the network (QU9). */
export const PASSED_OVER_MS = 5_000;

/** Sends a call that is nowhere to a number of this site. */
export function place(turn: Turn, call: Call, to: string): void {
  const dn = turn.state.dns.get(to);
  if (dn === undefined) return end(turn, call, { status: 404, why: `no DN ${to} at this site` });
  if (call.origin.dn === to || call.transfer?.by === to)
    return end(turn, call, { status: 486, why: 'a call to itself' });
  if (call.hops >= HOPS_MAX)
    return end(turn, call, {
      status: 482,
      why: `more than ${HOPS_MAX} queues and routing points in one call, at ${to}`,
    });
  switch (dn.configuration.type) {
    case 'Extension':
      if (!dn.phone.inService)
        return end(turn, call, { status: 480, why: `the phone of ${to} is out of service` });
      changeCall(turn, call, { type: 'alert', dn: to, trunk: undefined });
      return;
    case 'CallProcessingPort':
      changeCall(turn, call, { type: 'alert', dn: to, trunk: undefined });
      return;
    case 'ACDQueue':
      return enterQueue(turn, hop(turn, call), to);
    case 'RoutingPoint':
      return route(turn, hop(turn, call), dn);
    case 'Trunk':
      return end(turn, call, { status: 404, why: `${to} is a trunk, nobody answers there` });
  }
}

function hop(turn: Turn, call: Call): Call {
  const next = { ...call, hops: call.hops + 1 };
  turn.state.calls.set(call.connId, next);
  return next;
}

/** Ends a call that has nowhere to go. */
export function end(turn: Turn, call: Call, because: { status: number; why: string }): void {
  log(turn, {
    level: 'info',
    what: 'call refused',
    call: call.connId,
    because: because.why,
    detail: { status: because.status },
  });
  changeCall(turn, call, { type: 'ended', ...because });
}

/** Routing points send every call to one target; a strategy that chooses would stand here. */
function route(turn: Turn, call: Call, dn: DN): void {
  const otherDN = call.origin.dn ?? call.ani;
  const attributes = {
    ...attributesOf(call, dn.number),
    ...(otherDN === undefined ? {} : { OtherDN: otherDN, OtherDNRole: 'RoleOrigination' as const }),
  };
  const { routeTo } = dn.configuration;
  tell(turn, 'EventQueued', attributes);
  tell(turn, 'EventRouteRequest', attributes);
  if (routeTo !== undefined) tell(turn, 'EventRouteUsed', { ...attributes, OtherDN: routeTo });
  tell(turn, 'EventDiverted', routeTo === undefined ? attributes : { ...attributes, OtherDN: routeTo });
  if (routeTo === undefined)
    return end(turn, call, { status: 480, why: `routing point ${dn.number} has no target` });
  place(turn, call, routeTo);
}

function enterQueue(turn: Turn, call: Call, number: string): void {
  const queue = turn.state.queues.get(number);
  if (queue === undefined) return end(turn, call, { status: 480, why: `queue ${number} is gone` });
  count(turn.state, queue, 'offered');
  const ticket: Ticket = {
    connId: call.connId,
    queue: number,
    priority: priorityOf(call.userData.Priority, queue),
    // Whoever has waited in another queue keeps that time.
    waitingSince: call.waitingSince ?? turn.now,
    enteredAt: turn.now,
    order: turn.state.arrivals++,
    reservation: undefined,
  };
  const full = queue.waiting.size >= queue.configuration.waitingMax && queue.idle.size === 0;
  const waiting = standInLine(turn, { ...call, waitingSince: ticket.waitingSince }, { queue, ticket });
  if (full)
    return overflow(turn, waiting, `queue ${number} holds its ${queue.configuration.waitingMax} callers`);
  // CA17: who is in line is in good hands.
  if (waiting.transfer !== undefined) changeCall(turn, waiting, { type: 'freed', to: number });
}

/**
 * AD2: whoever waited in a queue at the other site goes on waiting in it here, at the place that the time waited gives; for
 * whom an extension rang, it rings here.
 */
export function adoptWaiting(turn: Turn, call: Call): void {
  const { state } = turn;
  const { phase } = call;
  if (phase.name === 'alerting' && phase.trunk === undefined && !state.calls.has(call.connId)) {
    const free: Call = { ...call, phase: { name: 'new' } };
    state.calls.set(call.connId, free);
    return place(turn, free, phase.dn);
  }
  if ((phase.name !== 'waiting' && phase.name !== 'offered') || state.calls.has(call.connId)) return;
  const free: Call = { ...call, phase: { name: 'new' } };
  state.calls.set(call.connId, free);
  const { queue: number } = phase.ticket;
  const queue = state.queues.get(number);
  if (queue === undefined) return end(turn, free, { status: 480, why: `queue ${number} is not known here` });
  count(state, queue, 'offered');
  standInLine(turn, free, { queue, ticket: { ...phase.ticket, order: state.arrivals++ } });
}

function standInLine(turn: Turn, call: Call, place: { queue: Queue; ticket: Ticket }): Call {
  const { queue, ticket } = place;
  const waiting = changeCall(turn, call, { type: 'queued', ticket });
  queue.waiting.add(ticket);
  turn.state.touchedLines.add(queue.dn);
  turn.state.touchedQueues.add(queue.dn);
  turn.state.touchedCalls.add(call.connId);
  const at = overflowAt(queue, ticket);
  if (at !== undefined) turn.state.deadlines.set(DEADLINE.overflow(call.connId), at);
  return waiting;
}

/** After matching: whoever found no agent is treated; whom an agent's phone is rung for at once hears it ring. */
export function treatWaiting(turn: Turn): void {
  const { state } = turn;
  if (state.touchedCalls.size === 0) return;
  for (const connId of state.touchedCalls) {
    const call = state.calls.get(connId);
    if (call?.phase.name !== 'waiting') continue;
    const queue = state.queues.get(call.phase.ticket.queue);
    if (queue === undefined || call.treatedBy === queue.dn) continue;
    const treated = { ...call, treatedBy: queue.dn };
    state.calls.set(connId, treated);
    // One treatment takes the place of the other: who hears this queue hears the one before no more.
    if (call.treatedBy !== undefined) tellTreatment(turn, treated, call.treatedBy, 'EventTreatmentEnd');
    turn.effects.push({ type: 'treat', connId, treatment: queue.configuration.treatment, dn: queue.dn });
    tellTreatment(turn, treated, queue.dn, 'EventTreatmentApplied');
  }
  state.touchedCalls.clear();
}

/** Takes the call out of the line for good; `as` says how it is counted. */
export function leaveLine(turn: Turn, call: Call, as: 'abandoned' | 'overflowed' | 'released'): void {
  const { phase } = call;
  if (phase.name !== 'waiting' && phase.name !== 'offered') return;
  const queue = turn.state.queues.get(phase.ticket.queue);
  turn.state.deadlines.clear(DEADLINE.overflow(call.connId));
  turn.state.deadlines.clear(DEADLINE.noAnswer(call.connId));
  if (queue === undefined) return;
  queue.waiting.remove(phase.ticket);
  turn.state.touchedLines.add(queue.dn);
  countTicket(turn.state, { queue, ticket: phase.ticket }, as);
}

/** From the queue to its overflow DN; without one the caller is refused. */
export function overflow(turn: Turn, call: Call, why: string): void {
  if (call.phase.name !== 'waiting') return;
  const queue = turn.state.queues.get(call.phase.ticket.queue);
  const target = queue?.configuration.overflowDN;
  leaveLine(turn, call, 'overflowed');
  if (target === undefined)
    return end(turn, call, { status: 486, why: `${why}, and there is no overflow DN` });
  log(turn, {
    level: 'info',
    what: 'call overflowed',
    call: call.connId,
    dn: call.phase.ticket.queue,
    because: why,
    detail: { to: target },
  });
  place(turn, changeCall(turn, call, { type: 'leftQueue' }), target);
}

export interface TakenBack {
  readonly why: Extract<CentreEffect, { type: 'withdraw' }>['why'];
  readonly callState: CallState;
}

/** The offered call goes back to its place in line. */
export function takeBack(
  turn: Turn,
  call: Call,
  back: TakenBack,
  request: Request & { dn?: string } = NOBODY,
): void {
  if (call.phase.name !== 'offered') return;
  const { ticket, dn } = call.phase;
  log(turn, { level: 'info', what: 'call taken back', call: call.connId, dn, because: back.why });
  turn.state.deadlines.clear(DEADLINE.noAnswer(call.connId));
  const queue = turn.state.queues.get(ticket.queue);
  const free = changeCall(turn, call, { type: 'withdrawn', ...back }, request);
  // The caller's place is in the line of the other site, which is told so by the answer (PQ1).
  if (ticket.reservation !== undefined) return end(turn, free, goesBack(back));
  if (queue === undefined) return end(turn, free, { status: 480, why: `queue ${ticket.queue} is gone` });
  count(turn.state, queue, 'redirected');
  const waiting = standInLine(turn, free, { queue, ticket });
  const at = overflowAt(queue, ticket);
  if (at !== undefined && at <= turn.now)
    overflow(turn, waiting, 'the longest wait was over while a phone rang');
}

function goesBack({ callState }: TakenBack): { status: number; why: string } {
  const why = 'PQ1: the caller goes on waiting at the other site';
  return { status: callState === 'Busy' ? 486 : 480, why };
}

/** Takes back whatever a queue rings on this DN. */
export function takeBackOffer(turn: Turn, dn: DN, why: TakenBack['why']): void {
  const call = dn.offer === undefined ? undefined : turn.state.calls.get(dn.offer);
  if (call !== undefined) takeBack(turn, call, { why, callState: 'Redirected' });
}

/** Nobody answered the offer, or the phone refused it. */
export function offerFailed(
  turn: Turn,
  call: Call,
  why: PartyRelease,
  request: Request & { dn?: string } = NOBODY,
): void {
  if (call.phase.name !== 'offered') return;
  const number = call.phase.dn;
  const dn = turn.state.dns.get(number);
  const queue = turn.state.queues.get(call.phase.ticket.queue);
  const noAnswer = why === 'no-answer';
  const callState = noAnswer ? 'NoAnswer' : why === 'busy' ? 'Busy' : 'Failed';
  takeBack(turn, call, { why: noAnswer ? 'no-answer' : 'released', callState }, request);
  if (dn?.agent === undefined) return;
  // The next call goes to somebody else first, also when the agent stays Ready.
  dn.agent.idleSince = turn.now;
  touchDN(turn.state, number);
  // A busy phone may hold a call that no server knows any more: the agent has done nothing and goes on working.
  const agentsDoing = noAnswer || why === 'rejected';
  if (agentsDoing && queue?.configuration.noAnswerNotReady === true) {
    changeAgent(turn, dn, {
      type: 'setNotReady',
      reasons: { ReasonCode: noAnswer ? 'no-answer' : 'rejected' },
    });
  }
  if (noAnswer) return;
  dn.passedOverUntil = turn.now + PASSED_OVER_MS;
  turn.state.deadlines.set(DEADLINE.rungAgain(number), dn.passedOverUntil);
}
