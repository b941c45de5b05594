/**
 * Which agent gets which call. An agent can take a call from a queue while every one of these holds: logged in
 * and Ready, the login lease live, the phone in service, no call on the DN, not passed over after a refusal.
 *
 * Whoever becomes able, or begins to wait, is touched; at the end of the turn `match` looks at those alone. So
 * nothing is matched on half-changed state, and a turn costs what it changed, not what the centre holds.
 *
 * The assignment is one compare-and-set (C52): `claim` looks once more at both sides in the moment in which it
 * binds them, and binds both or neither. There is no gap in which the chosen agent could be gone.
 *
 * Where a queue is pooled, the first callers of the other site's line stand beside our own. One of them who ranks first
 * gets the agent reserved, since the caller is not ours to bind (PQ1).
 */
import { must } from '@holdfast/kernel';
import type { Ticket } from './call.ts';
import { changeCall } from './call-changes.ts';
import { type Agent, DEADLINE, type DN, type Turn } from './centre-state.ts';
import { endReservationOf, firstElsewhere, reserve } from './pool-agents.ts';
import { compareIdleAgents, compareTickets, type IdleAgent } from './queue.ts';

/** The agent who can take a queue's call on this DN now, if there is one. */
export function ableAgent(dn: DN, now: number): Agent | undefined {
  return dn.reservedFor === undefined ? ableIfFree(dn, now) : undefined;
}

/** Reserved or not. */
function ableIfFree(dn: DN, now: number): Agent | undefined {
  const { agent } = dn;
  if (agent === undefined || agent.state.name !== 'Ready' || !agent.routable) return undefined;
  if (!dn.phone.inService || dn.calls.length > 0 || dn.offer !== undefined) return undefined;
  if (dn.passedOverUntil !== undefined && now < dn.passedOverUntil) return undefined;
  return agent;
}

/** Brings idle and waiting together, after every change of either. */
export function match(turn: Turn): void {
  const { touchedDNs, touchedQueues, dns } = turn.state;
  // First every idle line is put right, so that whoever has just become able takes nothing from one idle longer.
  for (const number of touchedDNs) {
    const dn = dns.get(number);
    if (dn === undefined) continue;
    if (dn.reservedFor !== undefined && ableIfFree(dn, turn.now) === undefined) endReservationOf(turn, dn);
    if (!refreshIdle(turn, dn)) continue;
    for (const queue of dn.agent?.queues ?? []) touchedQueues.add(queue);
  }
  touchedDNs.clear();
  for (let idle = longestIdle(turn); idle !== undefined; idle = longestIdle(turn)) {
    if (!serve(turn, must(dns.get(idle.dn), 'an idle agent has a DN'))) break;
  }
  touchedQueues.clear();
  // The claims have touched the DNs that they bound; those stand in no idle line already.
  touchedDNs.clear();
}

/**
 * Of all agents for whom a caller waits, the one who has been idle longest (QU2). Queues whose lines have not
 * changed need no look: one of their two lines was empty before this turn and still is.
 */
function longestIdle(turn: Turn): IdleAgent | undefined {
  const { touchedQueues, queues } = turn.state;
  let longest: IdleAgent | undefined;
  for (const number of touchedQueues) {
    const queue = queues.get(number);
    const idle = queue?.idle.first();
    const isWantedFor = queue !== undefined && (queue.waiting.size > 0 || hasElsewhere(turn, number));
    if (idle === undefined || !isWantedFor) touchedQueues.delete(number);
    else if (longest === undefined || compareIdleAgents(idle, longest) < 0) longest = idle;
  }
  return longest;
}

function hasElsewhere(turn: Turn, queue: string): boolean {
  return firstElsewhere(turn, [queue]) !== undefined;
}

/** Takes the agent out of every idle line: the first step of whatever makes him unable, changes his queues or ends his login. */
export function leaveIdle(turn: Turn, dn: DN): void {
  if (dn.idle === undefined) return;
  for (const queue of dn.agent?.queues ?? []) turn.state.queues.get(queue)?.idle.remove(dn.idle);
  dn.idle = undefined;
}

/** Puts the agent where he belongs now; true when he is able. */
function refreshIdle(turn: Turn, dn: DN): boolean {
  const agent = ableAgent(dn, turn.now);
  if (agent === undefined) {
    leaveIdle(turn, dn);
    return false;
  }
  const idleSince = agent.idleSince ?? turn.now;
  if (dn.idle?.idleSince === idleSince) return true;
  leaveIdle(turn, dn);
  dn.idle = { dn: dn.number, idleSince };
  for (const queue of agent.queues) turn.state.queues.get(queue)?.idle.add(dn.idle);
  return true;
}

/** The best call of all the agent's queues (QU12): highest priority, then longest wait (QU1). */
function serve(turn: Turn, dn: DN): boolean {
  let best: Ticket | undefined;
  for (const number of dn.agent?.queues ?? []) {
    const head = turn.state.queues.get(number)?.waiting.first();
    if (head !== undefined && (best === undefined || compareTickets(head, best) < 0)) best = head;
  }
  const elsewhere = firstElsewhere(turn, dn.agent?.queues ?? []);
  if (elsewhere !== undefined && (best === undefined || compareTickets(elsewhere, best) < 0)) {
    leaveIdle(turn, dn);
    reserve(turn, dn, elsewhere);
    return true;
  }
  return best !== undefined && claim(turn, best, dn);
}

/** The compare-and-set: the waiting call and the able agent are bound to each other, or nothing changes. */
function claim(turn: Turn, ticket: Ticket, dn: DN): boolean {
  const { state, now } = turn;
  const call = state.calls.get(ticket.connId);
  const queue = state.queues.get(ticket.queue);
  if (call?.phase.name !== 'waiting' || call.phase.ticket !== ticket || queue === undefined) return false;
  if (ableAgent(dn, now) === undefined || dn.idle === undefined) return false;
  queue.waiting.remove(ticket);
  state.touchedLines.add(queue.dn);
  leaveIdle(turn, dn);
  dn.offer = call.connId;
  state.changed.dns.add(dn.number);
  state.deadlines.clear(DEADLINE.overflow(call.connId));
  state.deadlines.set(DEADLINE.noAnswer(call.connId), now + queue.configuration.noAnswerMs);
  changeCall(turn, call, { type: 'offered', dn: dn.number });
  return true;
}
