/**
 * The calls on one DN, as the site's events tell them: a picture for the agent, not a decision.
 */
import type { Millis } from '@holdfast/kernel';
import type { CallOnDN, EventAttributes, EventMessage, EventName } from '@holdfast/protocol';
import type { CallView } from './desk-view.ts';

/** Calls that one desk shows. One more is not shown; a phone has far fewer lines. */
export const CALLS_MAX = 16;

export type Calls = ReadonlyMap<string, CallView>;

export const NO_CALLS: Calls = new Map();

export function callsOfSnapshot(site: string, calls: readonly CallOnDN[], now: Millis): Calls {
  return new Map(
    calls.slice(0, CALLS_MAX).map((call) => [call.ConnID, { ...call, site, since: now - call.sinceMs }]),
  );
}

const STATE_AFTER: Partial<Record<EventName, CallOnDN['state']>> = {
  EventDialing: 'Dialing',
  EventQueued: 'Queued',
  EventRinging: 'Ringing',
  EventEstablished: 'Established',
  EventHeld: 'Held',
  EventRetrieved: 'Established',
};

const ENDS: readonly EventName[] = [
  'EventReleased',
  'EventAbandoned',
  'EventDiverted',
  'EventDestinationBusy',
];

/** The calls after an event; the same object when it concerns none. */
export function callsAfter(calls: Calls, site: string, event: EventMessage, now: Millis): Calls {
  const { ConnID } = event.attributes;
  if (ConnID === undefined) return calls;
  const { PreviousConnID } = event.attributes;
  const former = event.name === 'EventPartyChanged' && PreviousConnID !== undefined;
  const before = (former ? calls.get(PreviousConnID) : undefined) ?? calls.get(ConnID);
  if (before !== undefined && before.ConnID !== ConnID) {
    // Two calls have become one: this one goes on under the name of the other.
    const joined = new Map(calls);
    joined.delete(before.ConnID);
    return joined.set(ConnID, { ...before, ...said(event.attributes), ConnID });
  }
  const known = before;
  if (ENDS.includes(event.name)) {
    if (known === undefined) return calls;
    const rest = new Map(calls);
    rest.delete(ConnID);
    return rest;
  }
  const state = STATE_AFTER[event.name];
  if (state === undefined && known === undefined) return calls;
  if (known === undefined && calls.size >= CALLS_MAX) return calls;
  const base = known ?? {
    ConnID,
    CallType: 'Unknown',
    state: 'Ringing',
    UserData: {},
    sinceMs: 0,
    site,
    since: now,
  };
  const next = state === undefined ? base.state : state;
  // A call that comes from the other site has stood for some time (AD1).
  const stoodMs = event.attributes.Extensions?.[state === 'Held' ? 'HeldMs' : 'EstablishedMs'];
  const began = typeof stoodMs === 'number' ? now - stoodMs : now;
  const since = next === base.state && known !== undefined ? base.since : began;
  return new Map(calls).set(ConnID, { ...base, ...said(event.attributes), state: next, since });
}

/** ConnIDs of the calls in which the agent takes part. */
export function standingCalls(calls: Calls): string[] {
  return [...calls.values()].flatMap(({ ConnID, state }) =>
    state === 'Ringing' || state === 'Queued' ? [] : [ConnID],
  );
}

function said(attributes: EventAttributes): Partial<CallView> {
  const { CallType, OtherDN, ThisQueue, ANI, UserData } = attributes;
  return {
    ...(CallType === undefined ? {} : { CallType }),
    ...(OtherDN === undefined ? {} : { OtherDN }),
    ...(ThisQueue === undefined ? {} : { ThisQueue }),
    ...(ANI === undefined ? {} : { ANI }),
    ...(UserData === undefined ? {} : { UserData }),
  };
}
