/**
 * The centre as others may see it, at one instant. Durations, not instants, because they cross processes (LG5).
 */
import type { Millis } from '@holdfast/kernel';
import type { CallOnDN, DNSnapshot, QueueSnapshot } from '@holdfast/protocol';
import { standingOf } from './agent.ts';
import { type Call, partyOf } from './call.ts';
import { standingWith } from './call-transfer.ts';
import type { CentreState, DN } from './centre-state.ts';
import type { AgentView, QueueCounters } from './centre-types.ts';

export function snapshotOfDN(state: CentreState, dn: DN, now: Millis): DNSnapshot {
  const snapshot: DNSnapshot = { dn: dn.number, inService: dn.phone.inService, calls: [] };
  for (const connId of dn.calls) {
    const call = state.calls.get(connId);
    if (call !== undefined) snapshot.calls.push(callOnDN(call, dn.number, now));
  }
  for (const ticket of state.queues.get(dn.number)?.waiting.items() ?? []) {
    const call = state.calls.get(ticket.connId);
    if (call !== undefined) snapshot.calls.push(callOnDN(call, dn.number, now));
  }
  const { agent } = dn;
  const standing = agent && standingOf(agent.state);
  if (agent === undefined || standing === undefined || agent.state.name === 'LoggedOut') return snapshot;
  snapshot.agent = {
    AgentID: agent.agentId,
    person: agent.person,
    epoch: agent.epoch,
    state: standing.name,
    workMode: standing.workMode,
    reasons: standing.reasons,
    queues: [...agent.queues],
    routable: agent.routable,
    sinceMs: now - agent.state.since,
  };
  return snapshot;
}

function callOnDN(known: Call, dn: string, now: Millis): CallOnDN {
  const call = standingWith(known, dn);
  const { phase } = call;
  const isOrigin = call.origin.dn === dn;
  const { state, since } = stateOn(call, isOrigin);
  const view: CallOnDN = {
    ConnID: call.connId,
    CallType: call.callType,
    state,
    UserData: call.userData,
    sinceMs: now - since,
  };
  const otherDN = isOrigin ? (partyOf(call) ?? call.dnis) : (call.origin.dn ?? call.ani);
  if (otherDN !== undefined) view.OtherDN = otherDN;
  if (call.ani !== undefined) view.ANI = call.ani;
  const queue =
    phase.name === 'waiting' || phase.name === 'offered'
      ? phase.ticket.queue
      : phase.name === 'talking'
        ? phase.queue
        : undefined;
  if (queue !== undefined && !isOrigin) view.ThisQueue = queue;
  return view;
}

function stateOn(call: Call, isOrigin: boolean): { state: CallOnDN['state']; since: Millis } {
  const { phase } = call;
  if (phase.name === 'talking') {
    const heldAt = isOrigin ? call.origin.heldAt : phase.heldAt;
    return heldAt === undefined
      ? { state: 'Established', since: phase.since }
      : { state: 'Held', since: heldAt };
  }
  if (isOrigin && (call.isTransferred || call.transfer !== undefined)) {
    const { heldAt } = call.origin;
    const since = call.transfer?.parked.since ?? ('since' in phase ? phase.since : call.startedAt);
    return heldAt === undefined ? { state: 'Established', since } : { state: 'Held', since: heldAt };
  }
  if (isOrigin) return { state: 'Dialing', since: call.startedAt };
  if (phase.name === 'waiting') return { state: 'Queued', since: phase.since };
  return {
    state: 'Ringing',
    since: phase.name === 'offered' || phase.name === 'alerting' ? phase.since : call.startedAt,
  };
}

export function snapshotsOfQueues(state: CentreState, now: Millis): QueueSnapshot[] {
  const loggedIn = new Map<string, number>();
  const ready = new Map<string, number>();
  for (const number of state.agentDNs.values()) {
    const agent = state.dns.get(number)?.agent;
    for (const queue of agent?.queues ?? []) {
      loggedIn.set(queue, (loggedIn.get(queue) ?? 0) + 1);
      if (agent?.state.name === 'Ready') ready.set(queue, (ready.get(queue) ?? 0) + 1);
    }
  }
  return [...state.queues.values()].map((queue) => ({
    dn: queue.dn,
    waiting: queue.waiting.items().map((ticket) => {
      const ani = state.calls.get(ticket.connId)?.ani;
      const view = { ConnID: ticket.connId, priority: ticket.priority, waitedMs: now - ticket.waitingSince };
      return ani === undefined ? view : { ...view, ANI: ani };
    }),
    agentsLoggedIn: loggedIn.get(queue.dn) ?? 0,
    agentsReady: ready.get(queue.dn) ?? 0,
  }));
}

export function agentViews(state: CentreState): AgentView[] {
  return [...state.agentDNs.values()].flatMap((number) => {
    const dn = state.dns.get(number);
    return (dn && agentViewOf(dn)) ?? [];
  });
}

export function agentViewOf({ number, agent }: DN): AgentView | undefined {
  const standing = agent && standingOf(agent.state);
  if (agent === undefined || standing === undefined || agent.state.name === 'LoggedOut') return undefined;
  return {
    dn: number,
    agentId: agent.agentId,
    person: agent.person,
    place: agent.place,
    epoch: agent.epoch,
    tokenIssuedWall: agent.tokenIssuedWall,
    state: standing.name,
    workMode: standing.workMode,
    reasons: standing.reasons,
    queues: agent.queues,
    routable: agent.routable,
    since: agent.state.since,
  };
}

export function countersOf(state: CentreState): QueueCounters[] {
  return [...state.queues.values()].map((queue) => ({ dn: queue.dn, ...queue.counters }));
}
