/**
 * A call of the other site goes on here (AD1). Its parties hear of it as of any call, in one breath: that it rings and
 * that it stands, and for how long it has stood.
 */
import type { EventName } from '@holdfast/protocol';
import type { Call } from './call.ts';
import { type DN, type Turn, touchDN } from './centre-state.ts';
import { tellCall } from './events.ts';
import { takeBackOffer } from './queueing.ts';

export function adopt(turn: Turn, call: Call): void {
  const { state } = turn;
  const { phase, origin } = call;
  if (phase.name !== 'talking' || state.calls.has(call.connId)) return;
  state.calls.set(call.connId, call);
  const party = phase.trunk === undefined ? state.dns.get(phase.dn) : undefined;
  const caller = origin.dn === undefined ? undefined : state.dns.get(origin.dn);
  if (caller !== undefined) tellAdopted(turn, call, { dn: caller, to: 'origin' });
  if (party !== undefined) tellAdopted(turn, call, { dn: party, to: 'party' });
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
  const extensions = { Adopted: true, EstablishedMs: Math.round(turn.now - phase.since) };
  const names: readonly EventName[] =
    to === 'origin' ? ['EventDialing', 'EventEstablished'] : ['EventRinging', 'EventEstablished'];
  for (const name of names) {
    tellCall(
      turn,
      call,
      { type: 'tell', to, dn: dn.number, name, otherDN, queue: phase.queue, callState: 'Ok' },
      { extensions },
    );
  }
}
