/**
 * What the SIP side reports about calls, and what clients ask of them. A fact about a call that is over, or
 * about a party that is no longer in it, has crossed our own decision on the way and changes nothing.
 */
import { assert, type Millis } from '@holdfast/kernel';
import type { CallType } from '@holdfast/protocol';
import { callAt } from './attached-data.ts';
import { type Call, partyOf } from './call.ts';
import { changeCall } from './call-changes.ts';
import { DEADLINE, log, type Turn } from './centre-state.ts';
import type { CentreInput, PartyRelease } from './centre-types.ts';
import { NOBODY, refuse, tellTreatment } from './events.ts';
import { goOn, keepPlace, placeKept } from './lost-places.ts';
import { ringReserved } from './pool-agents.ts';
import { crossingFailed, crossingRings } from './pool-callers.ts';
import { countTicket } from './queue.ts';
import { end, leaveLine, offerFailed, place, takeBackOffer } from './queueing.ts';
import { leaveTransfer } from './transfers.ts';

type Input<Type extends CentreInput['type']> = Extract<CentreInput, { type: Type }>;

export function callStarted(turn: Turn, input: Input<'callStarted'>): void {
  assert(!turn.state.calls.has(input.connId), `ConnID ${input.connId} is in use`);
  const { from } = input;
  const origin = 'dn' in from ? from.dn : undefined;
  const call: Call = {
    connId: input.connId,
    callType: callTypeOf(origin, input),
    ani: 'dn' in from ? from.dn : from.ani,
    dnis: input.to,
    origin: { dn: origin, heldAt: undefined },
    startedAt: turn.now,
    userData: input.userData,
    hops: 0,
    isRedirected: false,
    isEmergency: input.isEmergency === true,
    isAdopted: false,
    isTransferred: false,
    transfer: undefined,
    consultOf: input.consultOf,
    waitingSince: waitingSinceOf(turn, input),
    treatedBy: undefined,
    phase: { name: 'new' },
  };
  turn.state.calls.set(call.connId, call);
  if (origin !== undefined) leaveOffer(turn, origin);
  const started = changeCall(turn, call, { type: 'started' });
  if (!turn.state.configured)
    return end(turn, started, { status: 503, why: 'the centre has no configuration yet' });
  if (input.reservation !== undefined) return ringReserved(turn, started, input.reservation);
  if (input.trunk === undefined) return place(turn, started, input.to);
  changeCall(turn, started, { type: 'alert', dn: input.to, trunk: input.trunk });
}

function callTypeOf(origin: string | undefined, { trunk, consultOf }: Input<'callStarted'>): CallType {
  if (consultOf !== undefined) return 'Consult';
  if (origin === undefined) return 'Inbound';
  return trunk === undefined ? 'Internal' : 'Outbound';
}

/** AD7: whoever was lost in line, here or at the other site, goes on with the time waited. */
function waitingSinceOf(
  turn: Turn,
  { connId, from, to, waitedMs, reservation }: Input<'callStarted'>,
): Millis | undefined {
  // What crosses for a reserved agent is the other site's own caller.
  if ('dn' in from || reservation !== undefined) return undefined;
  const kept = placeKept(turn, { connId, ani: from.ani, dnis: to });
  return kept ?? (waitedMs === undefined ? undefined : goOn(turn, connId, waitedMs));
}

/** Whoever talks or dials is on a call: what a queue rings there meanwhile goes back into line (QU3). */
function leaveOffer(turn: Turn, number: string): void {
  const dn = turn.state.dns.get(number);
  if (dn !== undefined) takeBackOffer(turn, dn, 'not-ready');
}

export function partyRinging(turn: Turn, input: Input<'partyRinging'>): void {
  const call = turn.state.calls.get(input.connId);
  if (call !== undefined) crossingRings(turn, changeCall(turn, call, { type: 'ringing', dn: input.dn }));
}

export function partyAnswered(turn: Turn, input: Input<'partyAnswered'>): void {
  const call = turn.state.calls.get(input.connId);
  if (call === undefined) return;
  const { phase } = call;
  if (
    (phase.name === 'offered' || phase.name === 'alerting' || phase.name === 'talking') &&
    phase.dn === input.dn
  ) {
    if (phase.name === 'offered') {
      const queue = turn.state.queues.get(phase.ticket.queue);
      if (queue !== undefined) countTicket(turn.state, { queue, ticket: phase.ticket }, 'answered');
      turn.state.deadlines.clear(DEADLINE.noAnswer(call.connId));
    }
    changeCall(turn, call, { type: 'answered', dn: input.dn });
    leaveOffer(turn, input.dn);
    return;
  }
  if (input.dn === call.origin.dn) return;
  // The answer has crossed a withdrawal: the leg must go again, or it would be a call with one side.
  turn.effects.push({ type: 'withdraw', connId: call.connId, dn: input.dn, why: 'released' });
  // For that moment the caller was taken from the treatment.
  if (call.treatedBy !== undefined) tellTreatment(turn, call, call.treatedBy, 'EventTreatmentEnd');
  turn.state.calls.set(call.connId, { ...call, treatedBy: undefined });
  turn.state.touchedCalls.add(call.connId);
}

export function partyFailed(turn: Turn, input: Input<'partyFailed'>): void {
  const call = turn.state.calls.get(input.connId);
  if (call !== undefined && partyOf(call) === input.dn)
    partyLeaves(turn, call, { dn: input.dn, why: input.why });
}

/** CA15: once in a call, and not where a queue distributes: a caller in line keeps the place, and the next agent rings. */
export function partyRedirected(turn: Turn, input: Input<'partyRedirected'>): void {
  const call = turn.state.calls.get(input.connId);
  if (call === undefined || partyOf(call) !== input.dn) return;
  const { dn, to, trunk, isEmergency = false } = input;
  if (call.phase.name === 'offered') return partyLeaves(turn, call, { dn, why: 'rejected' });
  if (call.phase.name !== 'alerting' || call.isRedirected)
    return partyLeaves(turn, call, { dn, why: 'unreachable' });
  const because = `the phone of ${dn} sends its callers to ${to}`;
  log(turn, { level: 'info', what: 'call redirected', call: call.connId, dn, because });
  const free = changeCall(turn, call, { type: 'redirected', isEmergency });
  if (trunk === undefined) return place(turn, free, to);
  changeCall(turn, free, { type: 'alert', dn: to, trunk });
}

export function partyGone(turn: Turn, input: Input<'partyGone'>): void {
  const call = turn.state.calls.get(input.connId);
  if (call === undefined) return;
  if (input.dn !== undefined && input.dn === call.transfer?.by) leaveTransfer(turn, call, NOBODY);
  else if (input.dn === undefined || input.dn === call.origin.dn)
    originLeaves(turn, call, { why: input.why });
  else if (partyOf(call) === input.dn) partyLeaves(turn, call, { dn: input.dn, why: input.why });
}

export function partyHeld(turn: Turn, input: Input<'partyHeld'>): void {
  const call = turn.state.calls.get(input.connId);
  if (call !== undefined) changeCall(turn, call, { type: 'held', dn: input.dn, held: input.held });
}

export function releaseCall(turn: Turn, input: Input<'releaseCall'>): void {
  const call = callAt(turn, input);
  if (call === undefined) return;
  if (call.transfer?.by === input.dn) return leaveTransfer(turn, call, input);
  if (call.origin.dn === input.dn) return originLeaves(turn, call, { why: 'normal', request: input });
  const { phase } = call;
  if (phase.name === 'waiting') {
    return refuse(turn, input, {
      code: 'wrong-state',
      text: `Call ${input.connId} waits in queue ${input.dn}; only its caller can end it.`,
    });
  }
  partyLeaves(turn, call, {
    dn: input.dn,
    why: phase.name === 'talking' ? 'normal' : 'rejected',
    request: input,
  });
}

function originLeaves(
  turn: Turn,
  call: Call,
  gone: { why: PartyRelease; request?: Input<'releaseCall'> },
): void {
  if (gone.why === 'lost') keepPlace(turn, call);
  leaveLine(turn, call, 'abandoned');
  changeCall(turn, call, { type: 'originGone', why: gone.why }, gone.request);
}

function partyLeaves(
  turn: Turn,
  call: Call,
  gone: { dn: string; why: PartyRelease; request?: Input<'releaseCall'> },
): void {
  if (call.phase.name === 'offered') {
    crossingFailed(turn, call);
    offerFailed(turn, call, gone.why, gone.request);
    return;
  }
  changeCall(turn, call, { type: 'partyGone', dn: gone.dn, why: gone.why }, gone.request);
}
