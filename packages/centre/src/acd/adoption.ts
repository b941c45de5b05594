/**
 * A call of the other site goes on here (AD1), or the end that it had of a call of ours (AD11). Its parties hear of it as of
 * any call, in one breath: that it rings and that it stands, and for how long it has stood; whoever had put it on hold, that too.
 */
import type { EventAttributes, EventName } from '@holdfast/protocol';
import { sizeOf, USER_DATA_MAX } from './attached-data.ts';
import type { Call } from './call.ts';
import { type DN, type Turn, touchDN } from './centre-state.ts';
import { tellCall } from './events.ts';
import { takeBackOffer } from './queueing.ts';

export function adopt(turn: Turn, call: Call): void {
  const { state } = turn;
  const { phase, origin } = call;
  if (phase.name !== 'talking' || state.calls.has(call.connId)) return;
  state.calls.set(call.connId, { ...call, isAdopted: true });
  const party = phase.trunk === undefined ? state.dns.get(phase.dn) : undefined;
  const caller = origin.dn === undefined ? undefined : state.dns.get(origin.dn);
  if (caller !== undefined) tellAdopted(turn, call, { dn: caller, to: 'origin' });
  if (party !== undefined) tellAdopted(turn, call, { dn: party, to: 'party' });
}

export interface Rejoined {
  readonly connId: string;
  /** The other site's half of our call. */
  readonly theirs: Call;
  /** Which end of our call was there. */
  readonly end: 'origin' | 'party';
}

/** False: one of the two does not stand, and nothing has changed. */
export function rejoin(turn: Turn, { connId, theirs, end }: Rejoined): boolean {
  const { state } = turn;
  const call = state.calls.get(connId);
  if (call?.phase.name !== 'talking' || theirs.phase.name !== 'talking') return false;
  const { queue, since } = call.phase;
  const isParty = end === 'party';
  // What was attached there comes last, since the agent was there.
  const both = { ...call.userData, ...theirs.userData };
  const joined: Call = {
    ...call,
    isAdopted: true,
    userData: sizeOf(both) > USER_DATA_MAX ? call.userData : both,
    phase: isParty ? { ...theirs.phase, queue: theirs.phase.queue ?? queue, since } : call.phase,
    origin: isParty ? call.origin : { ...call.origin, heldAt: theirs.origin.heldAt },
  };
  state.calls.set(connId, joined);
  const isHere = isParty && theirs.phase.trunk === undefined;
  const party = isHere ? state.dns.get(theirs.phase.dn) : undefined;
  if (party !== undefined) tellAdopted(turn, joined, { dn: party, to: 'party' });
  return true;
}

function tellAdopted(
  turn: Turn,
  call: Call,
  { dn, to }: { readonly dn: DN; readonly to: 'origin' | 'party' },
): void {
  const { phase } = call;
  if (phase.name !== 'talking') return;
  // Whoever talks is not rung by a queue (QU3).
  takeBackOffer(turn, dn, 'not-ready');
  dn.calls = [...dn.calls, call.connId];
  touchDN(turn.state, dn.number);
  const otherDN = to === 'origin' ? phase.dn : (call.origin.dn ?? call.ani);
  const tell = (name: EventName, more: EventAttributes['Extensions']) =>
    tellCall(
      turn,
      call,
      { type: 'tell', to, dn: dn.number, name, otherDN, queue: phase.queue, callState: 'Ok' },
      { extensions: { Adopted: true, ...more } },
    );
  const stood = { EstablishedMs: Math.round(turn.now - phase.since) };
  tell(to === 'origin' ? 'EventDialing' : 'EventRinging', stood);
  tell('EventEstablished', stood);
  const { heldAt } = to === 'origin' ? call.origin : phase;
  if (heldAt !== undefined) tell('EventHeld', { HeldMs: Math.round(turn.now - heldAt) });
}
