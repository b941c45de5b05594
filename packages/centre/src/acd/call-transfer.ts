/**
 * One end of a call turns the other to somebody else (CA17 to CA20).
 *
 *   talking ──parked──▶ new ─▶ alerting ──answered──▶ talking      the end that transfers is released
 *      ▲                           │      └─ in a queue it is released at once
 *      └──────── failed ◀──────────┘                                the call is as before
 *
 * Who remains is the origin of the call from then on, whoever has started it: to whoever is called next it is the caller.
 * Two calls of one end become one in the same way, without anybody being called.
 */
import { assert, type Millis, type Transition } from '@holdfast/kernel';
import type { EventName } from '@holdfast/protocol';
import type { Call, CallChange, CallEvent, CallPhase, CallState } from './call.ts';
import type { Request } from './centre-types.ts';

type Talking = Extract<CallPhase, { name: 'talking' }>;
type Answer = Transition<Call, CallChange>;

/** Of a call that is on its way to somebody else. */
export interface Transfer {
  /** The DN that transfers; it stays in the call until somebody has answered. */
  readonly by: string;
  /** What it was in the call before. */
  readonly role: 'origin' | 'party';
  /** The call as it stands with that end. */
  readonly parked: Talking;
  /** As it is when nobody takes it. */
  readonly wasEmergency: boolean;
  /** Who has asked for it, where a client did. */
  readonly request: Request;
}

/** An end of a call as another call gets it. */
export interface JoinedEnd {
  readonly dn: string;
  /** Somebody outside. */
  readonly trunk: string | undefined;
  readonly queue: string | undefined;
  readonly heldAt: Millis | undefined;
}

/** Of an end that called from outside: which trunk that was does not matter any more. */
const OUTSIDE = 'outside';

/** The two ends of this call talk, and the DN is one of them. */
export function isEndOf(call: Call | undefined, dn: string): call is Call & { readonly phase: Talking } {
  if (call?.phase.name !== 'talking' || call.transfer !== undefined) return false;
  return call.origin.dn === dn || (call.phase.dn === dn && call.phase.trunk === undefined);
}

/** The call as it stands with whoever transfers it; to everybody else as it is. */
export function standingWith(call: Call, dn: string): Call {
  return call.transfer?.by === dn ? { ...call, phase: call.transfer.parked } : call;
}

/** As it was before somebody began to transfer it. */
export function beforeTransfer(call: Call): Call {
  if (call.transfer === undefined) return call;
  const { parked: phase, wasEmergency: isEmergency } = call.transfer;
  return { ...call, phase, isEmergency, transfer: undefined };
}

/** Who remains is the origin, and `by` the other end. */
function turnedFrom(call: Call, by: string): Call & { readonly phase: Talking } {
  const { phase, origin } = call;
  assert(phase.name === 'talking', 'only a call that stands is transferred');
  if (origin.dn !== by) return { ...call, phase };
  const { dn, trunk, since, heldAt } = phase;
  return {
    ...call,
    ani: dn,
    origin: { dn: trunk === undefined ? dn : undefined, heldAt },
    phase: { name: 'talking', dn: by, trunk: undefined, queue: undefined, since, heldAt: origin.heldAt },
  };
}

export function stepParked(
  call: Call,
  { by, isEmergency, request }: { by: string; isEmergency: boolean; request: Request },
): Answer {
  const turned = turnedFrom(call, by);
  const role = call.origin.dn === by ? 'origin' : 'party';
  return {
    state: {
      ...turned,
      phase: { name: 'new' },
      transfer: { by, role, parked: turned.phase, wasEmergency: call.isEmergency, request },
      isEmergency: call.isEmergency || isEmergency,
      // Somebody has served the caller: what comes now is a new way through the switch.
      ...{ hops: 0, isRedirected: false, waitingSince: undefined },
    },
    effects: [{ type: 'park', dn: by }],
  };
}

/** Whoever transfers has left, or is no longer needed: the call is with `to`, where it rings, waits or talks. */
export function stepFreed(call: Call, to: string): Answer {
  const { transfer } = call;
  if (transfer === undefined) return { state: call, effects: [] };
  return {
    state: { ...call, transfer: undefined, isTransferred: true },
    effects: [
      ...tellTurned(call, to, transfer.by),
      ...tellTransferor(call, { name: 'EventReleased', callState: 'Transferred', thirdPartyDN: to }),
      { type: 'transferred', dn: transfer.by },
    ],
  };
}

/** Nobody has taken it: the call is as before. `told` comes first. */
export function stepFailed(call: Call, told: readonly CallChange[], status: number): Answer {
  const { transfer } = call;
  assert(transfer !== undefined, 'only a transfer fails');
  return {
    state: beforeTransfer(call),
    effects: [...told, { type: 'transferFailed', dn: transfer.by, status }],
  };
}

/** To who remains: the other end is somebody else now. */
export function tellTurned(call: Call, to: string, thirdPartyDN?: string): CallChange[] {
  const { dn } = call.origin;
  if (dn === undefined) return [];
  const name = 'EventPartyChanged';
  const tell = { type: 'tell', to: 'origin', dn, name, otherDN: to, queue: undefined } as const;
  return [{ ...tell, callState: 'Transferred', ...(thirdPartyDN !== undefined && { thirdPartyDN }) }];
}

/** To whoever transfers. */
export function tellTransferor(
  call: Call,
  what: { name: EventName; callState: CallState; thirdPartyDN?: string },
): CallChange[] {
  const { transfer, origin } = call;
  if (transfer === undefined) return [];
  const { by, role, parked } = transfer;
  const queue = parked.queue;
  return [{ type: 'tell', to: role, dn: by, otherDN: origin.dn ?? call.ani, queue, ...what }];
}

/** The end of a second call that is not `by`. */
export function farEndOf(call: Call, by: string): JoinedEnd {
  const { phase, origin } = call;
  assert(phase.name === 'talking', 'only a call that stands is joined');
  if (origin.dn === by) return phase;
  const isOutside = origin.dn === undefined;
  const dn = origin.dn ?? call.ani ?? OUTSIDE;
  return { dn, trunk: isOutside ? OUTSIDE : undefined, queue: undefined, heldAt: origin.heldAt };
}

/** The first of two calls gets the far end of the second in place of `by`; its ConnID and its data stay. */
export function stepJoined(
  call: Call,
  event: Pick<Extract<CallEvent, { type: 'joined' }>, 'by' | 'consult' | 'isEmergency' | 'end'>,
  now: Millis,
): Answer {
  const { by, consult, isEmergency, end } = event;
  const turned = turnedFrom(call, by);
  const { dn, trunk, queue, heldAt } = end;
  const remains = turned.origin.dn ?? turned.ani;
  const role = call.origin.dn === by ? 'origin' : 'party';
  const tell = { type: 'tell', callState: 'Transferred' } as const;
  const name = 'EventPartyChanged';
  const toEnd = { ...tell, to: 'party', dn, name, otherDN: remains, queue, thirdPartyDN: by } as const;
  const released = { name: 'EventReleased', otherDN: remains, queue: turned.phase.queue } as const;
  return {
    state: {
      ...turned,
      isTransferred: true,
      isEmergency: call.isEmergency || isEmergency,
      phase: { name: 'talking', dn, trunk, queue, since: now, heldAt },
    },
    effects: [
      ...tellTurned(turned, dn, by),
      ...(trunk === undefined ? [{ ...toEnd, previousConnId: consult }] : []),
      { ...tell, to: role, dn: by, thirdPartyDN: dn, ...released },
      { type: 'join', consult, dn: by },
    ],
  };
}

/** The second call is a part of the first. */
export function stepMerged(call: Call, { by, with: remains }: { by: string; with: string }): Answer {
  const far = farEndOf(call, by);
  const to = call.origin.dn === by ? 'origin' : 'party';
  const tell = {
    type: 'tell',
    to,
    dn: by,
    name: 'EventReleased',
    otherDN: far.dn,
    queue: undefined,
  } as const;
  return {
    state: { ...call, phase: { name: 'over' } },
    effects: [
      { ...tell, callState: 'Transferred', thirdPartyDN: remains },
      { type: 'release', status: 200, why: 'it is a part of another call now' },
    ],
  };
}
