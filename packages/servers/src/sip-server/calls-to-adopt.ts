/**
 * What the records of the other site say about a call or a DN there, as far as it decides whether and how that goes on here
 * (AD1, AD2): questions without memory.
 */
import type { Agent, Call } from '@holdfast/centre';
import { fromRecord, type HeldRecord } from '@holdfast/kernel';
import type { LegRecord } from '@holdfast/sip';
import type { Obstacle, PeerRecords } from './peer-legs.ts';

export interface PeerDN {
  readonly number: string;
  readonly agent?: Pick<Agent, 'person' | 'epoch'>;
  readonly calls: readonly string[];
  /** A queue rings there. */
  readonly offer?: string;
}

/**
 * The agent's phone has answered; the caller may not have been answered yet, where the answer waits for a PRACK. That
 * went to the other site and comes no more, so that the answer goes out here (`resumeLeg`).
 */
export function isTalking({ state }: LegRecord['leg']): Obstacle | undefined {
  switch (state.name) {
    case 'established':
      return undefined;
    case 'incoming':
      if (state.heldAnswer !== undefined) return undefined;
      return { cause: 'caller-unanswered', because: 'its caller had no answer yet, and none was on its way' };
    case 'calling':
      return { cause: 'leg-ringing', because: 'a leg of it was calling' };
    case 'ending':
    case 'over':
      return { cause: 'leg-ending', because: `a leg of it was ${state.name}` };
  }
}

export function isWaiting(leg: LegRecord['leg']): Obstacle | undefined {
  return leg.state.name === 'incoming' ? undefined : isTalking(leg);
}

/** From outside: a colleague who waits calls again, and who came for a reserved agent stands in our own line (PQ1). */
export function isInLine({ phase, origin }: Call): boolean {
  if (phase.name !== 'waiting' && phase.name !== 'offered') return false;
  return origin.dn === undefined && phase.ticket.reservation === undefined;
}

/** From outside, at an extension: it is rung again here. */
export function isRingingDirectly({ phase, origin }: Call): boolean {
  return phase.name === 'alerting' && phase.trunk === undefined && origin.dn === undefined;
}

export function orderOf({ phase }: Call): number {
  return phase.name === 'waiting' || phase.name === 'offered' ? phase.ticket.order : 0;
}

/** AD1 waits for that agent. */
export function hasAgent(records: PeerRecords, { phase, origin }: Call): boolean {
  const dns = [origin.dn, phase.name === 'talking' && phase.trunk === undefined ? phase.dn : undefined];
  return dns.some((dn) => dn !== undefined && read(records.get(`dn/${dn}`))?.agent !== undefined);
}

/** The DN on which this person was logged in there: the same number as a rule, any other at another place (DS21). */
export function dnOf(
  records: PeerRecords,
  { dn, person }: { readonly dn: string; readonly person: string },
): PeerDN | undefined {
  const same = read(records.get(`dn/${dn}`));
  if (same?.agent?.person === person) return same;
  for (const key of records.keys()) {
    if (!key.startsWith('dn/')) continue;
    const other = read(records.get(key));
    if (other?.agent?.person === person) return other;
  }
  return undefined;
}

/** Who was logged in there on this DN. */
export function agentThere(records: PeerRecords, dn: string): PeerDN['agent'] {
  return read(records.get(`dn/${dn}`))?.agent;
}

/**
 * AD14: the call with the numbers at which its agents work here. What an agent sees and does goes by the DN of the login, and
 * where the sites number differently, that of the other site is nobody's here, or somebody else's.
 */
export function atNumbersHere(call: Call, numberHere: (dn: string) => string): Call {
  const { phase, origin } = call;
  const isHere = phase.name === 'talking' && phase.trunk === undefined;
  return {
    ...call,
    origin: { ...origin, dn: origin.dn === undefined ? undefined : numberHere(origin.dn) },
    phase: isHere ? { ...phase, dn: numberHere(phase.dn) } : phase,
  };
}

function read(held: HeldRecord | undefined): PeerDN | undefined {
  return held && fromRecord<PeerDN>(held.value, held.heldAt);
}
