/**
 * What the centre tells the outside, in T-Library's words: events with their attributes, and the answers to
 * requests. Every request is answered exactly once: by an event with its ReferenceID, by `done`, or by `refuse`.
 */
import { hashOf } from '@holdfast/kernel';
import type { ErrorCode, EventAttributes, EventName, LoginEpoch } from '@holdfast/protocol';
import type { Standing, WrapUp } from './agent.ts';
import type { Call, CallChange } from './call.ts';
import type { Agent, DN, Turn } from './centre-state.ts';
import type { Request } from './centre-types.ts';

/** A request of nobody, for what the centre does by itself. */
export const NOBODY: Request = {};

export function tell(
  turn: Turn,
  name: EventName,
  attributes: EventAttributes,
  request: Request = NOBODY,
): void {
  const { client, referenceId } = request;
  const answered = referenceId === undefined ? attributes : { ...attributes, ReferenceID: referenceId };
  const event = { type: 'event', dn: attributes.ThisDN, name, attributes: answered } as const;
  turn.effects.push(client === undefined ? event : { ...event, client });
}

export function refuse(
  turn: Turn,
  request: Request,
  refusal: { code: ErrorCode; text: string; epoch?: LoginEpoch },
): void {
  const { client, referenceId } = request;
  if (client === undefined || referenceId === undefined) return;
  turn.effects.push({ type: 'refuse', client, referenceId, ...refusal });
}

export function done(turn: Turn, request: Request): void {
  const { client, referenceId } = request;
  if (client === undefined || referenceId === undefined) return;
  turn.effects.push({ type: 'done', client, referenceId });
}

export function tellCall(
  turn: Turn,
  call: Call,
  change: Extract<CallChange, { type: 'tell' }>,
  more: { request?: Request; wrapUp?: WrapUp; extensions?: EventAttributes['Extensions'] } = {},
): void {
  const attributes: EventAttributes = {
    ...attributesOf(call, change.dn),
    CallState: change.callState,
    ThisDNRole: change.to === 'origin' ? 'RoleOrigination' : 'RoleDestination',
    OtherDNRole: change.to === 'origin' ? 'RoleDestination' : 'RoleOrigination',
  };
  if (change.otherDN !== undefined) attributes.OtherDN = change.otherDN;
  if (change.queue !== undefined) attributes.ThisQueue = change.queue;
  if (change.thirdPartyDN !== undefined) {
    attributes.ThirdPartyDN = change.thirdPartyDN;
    attributes.ThirdPartyDNRole = 'RoleDestination';
  }
  if (change.previousConnId !== undefined) attributes.PreviousConnID = change.previousConnId;
  const agent = turn.state.dns.get(change.dn)?.agent;
  if (agent !== undefined) attributes.AgentID = agent.agentId;
  if (more.extensions !== undefined) attributes.Extensions = more.extensions;
  if (more.wrapUp !== undefined && more.wrapUp !== 0)
    attributes.Extensions = { WrapUpTime: wrapUpTime(more.wrapUp) };
  const waitedMs = change.name === 'EventQueued' ? waitedBefore(turn, call) : 0;
  if (waitedMs > 0) attributes.Extensions = { WaitedMs: waitedMs };
  tell(turn, change.name, attributes, more.request);
}

/** Of every event of the call, whatever it says: it stands on a DN in the role of the one that is called. */
export function attributesOf(call: Call, dn: string): EventAttributes {
  const attributes: EventAttributes = {
    ThisDN: dn,
    ConnID: call.connId,
    CallID: callIdOf(call.connId),
    CallType: call.callType,
    CallState: 'Ok',
    DNIS: call.dnis,
    UserData: call.userData,
    ThisDNRole: 'RoleDestination',
  };
  if (call.ani !== undefined) attributes.ANI = call.ani;
  if (call.consultOf !== undefined) attributes.PreviousConnID = call.consultOf;
  return attributes;
}

/** Made of the ConnID, so that a call keeps it where another server goes on with it. 0 means unknown in T-Library. */
function callIdOf(connId: string): number {
  return hashOf(connId) || 1;
}

/** The queue begins or ends to let the caller hear something. */
export function tellTreatment(
  turn: Turn,
  call: Call,
  queue: string,
  name: 'EventTreatmentApplied' | 'EventTreatmentEnd',
): void {
  const otherDN = call.origin.dn ?? call.ani;
  tellCall(turn, call, { type: 'tell', to: 'queue', dn: queue, name, otherDN, queue, callState: 'Ok' });
}

/** Who comes back into line, or from another queue, has waited already (QU5, QU8); followers could not know it. */
function waitedBefore(turn: Turn, { phase }: Call): number {
  return phase.name === 'waiting' ? turn.now - phase.ticket.waitingSince : 0;
}

/** EventAgentReady or EventAgentNotReady. */
export function tellStanding(
  turn: Turn,
  agent: { dn: DN; agent: Agent },
  standing: Standing,
  more: { wrapUp: WrapUp | undefined; request?: Request },
): void {
  const attributes: EventAttributes = {
    ThisDN: agent.dn.number,
    AgentID: agent.agent.agentId,
    WorkMode: standing.workMode,
    Reasons: standing.reasons,
  };
  if (more.wrapUp !== undefined) attributes.Extensions = { WrapUpTime: wrapUpTime(more.wrapUp) };
  tell(turn, standing.name === 'Ready' ? 'EventAgentReady' : 'EventAgentNotReady', attributes, more.request);
}

/** Seconds, or the word (genesys: `WrapUpTime`). */
function wrapUpTime(wrapUp: WrapUp): number | string {
  return wrapUp === 'untimed' ? 'untimed' : Math.round(wrapUp / 100) / 10;
}
