/**
 * Which event of a call which DN gets, as the steps of call.ts put it down; with which attributes is in events.ts.
 */
import type { EventName } from '@holdfast/protocol';
import type { Call, CallChange, CallState } from './call.ts';

export function tellQueue(
  call: Call,
  queue: string,
  name: EventName,
  callState: CallState = 'Ok',
): Extract<CallChange, { type: 'tell' }> {
  return {
    type: 'tell',
    to: 'queue',
    dn: queue,
    name,
    otherDN: call.origin.dn ?? call.ani,
    queue,
    callState,
  };
}

export function tellParty(
  call: Call,
  party: { dn: string; queue: string | undefined },
  name: EventName,
  callState: CallState = 'Ok',
): CallChange {
  return {
    type: 'tell',
    to: 'party',
    dn: party.dn,
    name,
    otherDN: call.origin.dn ?? call.ani,
    queue: party.queue,
    callState,
  };
}

/** The last event of the called DN, if there is one and it is of this site. */
export function tellPartyOver(call: Call, name: EventName, callState: CallState): CallChange[] {
  const { phase } = call;
  switch (phase.name) {
    case 'offered':
      return phase.crossing === undefined
        ? [tellParty(call, { dn: phase.dn, queue: phase.ticket.queue }, name, callState)]
        : [];
    case 'alerting':
      return phase.trunk === undefined
        ? [tellParty(call, { dn: phase.dn, queue: undefined }, name, callState)]
        : [];
    case 'talking':
      return phase.trunk === undefined ? [tellParty(call, phase, name, callState)] : [];
    default:
      return [];
  }
}

/** CA4: whoever dialled learns that it was busy before the call is over, whether a phone says so or we do. */
export function tellBusy(call: Call, callState: CallState, more: { otherDN?: string } = {}): CallChange[] {
  return callState === 'Busy' ? tellOrigin(call, 'EventDestinationBusy', { callState, ...more }) : [];
}

/** Nothing for a caller from a trunk, who is no DN of this site. */
export function tellOrigin(
  call: Call,
  name: EventName,
  more: { otherDN?: string; callState?: CallState } = {},
): CallChange[] {
  const { dn } = call.origin;
  if (dn === undefined) return [];
  return [
    {
      type: 'tell',
      to: 'origin',
      dn,
      name,
      otherDN: more.otherDN ?? call.dnis,
      queue: undefined,
      callState: more.callState ?? 'Ok',
    },
  ];
}
