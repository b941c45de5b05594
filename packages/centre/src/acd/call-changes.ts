/**
 * Performs what the call's step decided: events, rings, withdrawals, the release; and keeps the indexes in
 * step with the call (which DN has which calls). The one place where a call changes.
 *
 * A business call that was answered brings its agent into after-call work when it ends: the agent's event comes
 * before EventReleased (AG7), what the agent asked for meanwhile comes after it (AG5).
 */

import type { ErrorCode } from '@holdfast/protocol';
import type { WrapUp } from './agent.ts';
import { changeAgent } from './agent-changes.ts';
import { type Call, type CallChange, type CallEvent, partyOf, stepCall } from './call.ts';
import { standingWith } from './call-transfer.ts';
import { DEADLINE, type DN, isOnCall, type Turn, touchDN, wrapUpOf } from './centre-state.ts';
import type { Request } from './centre-types.ts';
import { NOBODY, refuse, tellCall, tellTreatment } from './events.ts';
import { endRungReservation } from './pool-state.ts';

/** `request` is answered by the event on `request.dn`; whoever asked for a transfer when that is decided. */
export function changeCall(
  turn: Turn,
  call: Call,
  event: CallEvent,
  request: Request & { dn?: string } = NOBODY,
): Call {
  const { state: stepped, effects } = stepCall(call, event, turn.now);
  const next = afterTreatment(turn, stepped);
  endRungReservation(turn.state.pool, call, next);
  if (next.phase.name === 'over') turn.state.calls.delete(call.connId);
  else turn.state.calls.set(call.connId, next);
  const isOver = next.phase.name === 'over';
  const isDecided = call.transfer !== undefined && (isOver || next.transfer !== call.transfer);
  const asked: Request & { dn?: string } = isDecided
    ? { ...call.transfer.request, dn: call.transfer.by }
    : NOBODY;
  const isAsked = (dn: string) => dn === asked.dn && request.dn !== dn;
  for (const change of effects) {
    const isTransferors = change.type === 'transferFailed' || (change.type === 'tell' && isAsked(change.dn));
    perform(turn, { before: call, next }, change, isTransferors ? asked : request);
  }
  return next;
}

/** The caller talks or is gone: the treatment is over, and its queue says so before anybody else does (QU10). */
function afterTreatment(turn: Turn, call: Call): Call {
  const { treatedBy, phase } = call;
  if (treatedBy === undefined || (phase.name !== 'talking' && phase.name !== 'over')) return call;
  tellTreatment(turn, call, treatedBy, 'EventTreatmentEnd');
  return { ...call, treatedBy: undefined };
}

/** Calls from outside, and whatever a queue distributed, are business; an agent's own calls are not (AG7). */
export function isBusiness(call: Call): boolean {
  return call.callType === 'Inbound' || (call.phase.name === 'talking' && call.phase.queue !== undefined);
}

interface Change {
  readonly before: Call;
  readonly next: Call;
}

function perform(turn: Turn, calls: Change, change: CallChange, request: Request & { dn?: string }): void {
  const { connId, callType, userData } = calls.next;
  switch (change.type) {
    case 'tell':
      tellParty(turn, calls, change, change.dn === request.dn ? request : NOBODY);
      return;
    case 'ring': {
      const { dn, trunk, reservation } = change;
      turn.effects.push({
        ...{ type: 'ring', connId, dn, callType, userData },
        ...(trunk !== undefined && { trunk }),
        ...(reservation !== undefined && { reservation }),
      });
      return;
    }
    case 'withdraw':
      turn.effects.push({ type: 'withdraw', connId, dn: change.dn, why: change.why });
      return;
    case 'park':
    case 'transferred':
      turn.effects.push({ type: change.type, connId, dn: change.dn });
      return;
    case 'transferFailed': {
      const { dn, status } = change;
      turn.effects.push({ type: 'transferFailed', connId, dn, status });
      refuse(turn, request, failedTransfer(connId, status));
      return;
    }
    case 'join':
      turn.effects.push({ type: 'join', connId, consult: change.consult, dn: change.dn });
      return;
    case 'release':
      turn.state.deadlines.clear(DEADLINE.noAnswer(connId));
      turn.state.deadlines.clear(DEADLINE.overflow(connId));
      turn.effects.push({ type: 'release', connId, status: change.status, why: change.why });
      return;
  }
}

function failedTransfer(connId: string, status: number): { code: ErrorCode; text: string } {
  const text = `Nobody has taken call ${connId}: its destination answered ${status}, and it is as before.`;
  return { code: status === 404 ? 'unknown-dn' : 'wrong-state', text };
}

function tellParty(
  turn: Turn,
  calls: Change,
  change: Extract<CallChange, { type: 'tell' }>,
  request: Request,
): void {
  const dn = change.to === 'queue' ? undefined : turn.state.dns.get(change.dn);
  if (dn === undefined) {
    tellCall(turn, calls.next, change, { request });
    return;
  }
  switch (change.name) {
    case 'EventDialing':
    case 'EventRinging':
      dn.calls = [...dn.calls, calls.next.connId];
      touchDN(turn.state, dn.number);
      tellCall(turn, calls.next, change, { request });
      return;
    case 'EventEstablished':
      if (dn.offer === calls.next.connId) dn.offer = undefined;
      turn.state.changed.dns.add(dn.number);
      tellCall(turn, calls.next, change, { request, wrapUp: wrapUpAfter(turn, dn, calls.next) });
      return;
    case 'EventPartyChanged':
      dn.calls = dn.calls.map((connId) => (connId === change.previousConnId ? calls.next.connId : connId));
      touchDN(turn.state, dn.number);
      tellCall(turn, calls.next, change, { request });
      return;
    case 'EventReleased':
    case 'EventAbandoned':
      endOnDN(turn, calls, { dn, change, request });
      return;
    default:
      tellCall(turn, calls.next, change, { request });
  }
}

function endOnDN(
  turn: Turn,
  calls: Change,
  end: { dn: DN; change: Extract<CallChange, { type: 'tell' }>; request: Request },
): void {
  const { dn, change, request } = end;
  const call = standingWith(calls.before, dn.number);
  dn.calls = dn.calls.filter((connId) => connId !== call.connId);
  if (dn.offer === call.connId) dn.offer = undefined;
  touchDN(turn.state, dn.number);
  const talked = call.phase.name === 'talking';
  const wrapUp = wrapUpAfter(turn, dn, call);
  const last = !isOnCall(turn.state, dn);
  if (dn.agent !== undefined && talked && isBusinessHere(dn, call)) {
    dn.agent.idleSince = turn.now;
    if (!hasBusinessCall(turn, dn)) changeAgent(turn, dn, { type: 'callEnding', wrapUp });
  } else if (last) {
    changeAgent(turn, dn, { type: 'callEnding', wrapUp: 0 });
  }
  tellCall(turn, calls.next, change, { request });
  changeAgent(turn, dn, { type: 'callEnded', last });
}

/** Business for the agent who was called; the caller's own side never is. */
function isBusinessHere(dn: DN, call: Call): boolean {
  return partyOf(call) === dn.number && isBusiness(call);
}

function wrapUpAfter(turn: Turn, dn: DN, call: Call): WrapUp {
  const { agent } = dn;
  if (agent === undefined || !isBusinessHere(dn, call)) return 0;
  // ManualIn: after every call the agent says himself when he is Ready again.
  if (agent.state.name === 'Ready' && agent.state.workMode === 'ManualIn') return 'untimed';
  return wrapUpOf(turn.state, agent);
}

function hasBusinessCall(turn: Turn, dn: DN): boolean {
  return dn.calls.some((connId) => {
    const known = turn.state.calls.get(connId);
    const call = known && standingWith(known, dn.number);
    return call?.phase.name === 'talking' && isBusinessHere(dn, call);
  });
}
