/** Legs of the other site as its records hold them, made ready to be gone on with here (AD4, AD5). */
import type { Call } from '@holdfast/centre';
import { fromRecord, type HeldRecord } from '@holdfast/kernel';
import {
  type LegId,
  type LegRecord,
  legRecordFrom,
  movedLeg,
  parseUri,
  type SipUserAgent,
} from '@holdfast/sip';
import { type Contact, SIP_PORT } from './gateway-contact.ts';

/** What is held of the other site. */
export interface PeerRecords {
  get(key: string): HeldRecord | undefined;
  keys(): Iterable<string>;
}

/** Every call of the other site, as its centre has it. */
export function callsIn(records: PeerRecords): Call[] {
  const calls: Call[] = [];
  for (const key of records.keys()) {
    const held = key.startsWith('call/') ? records.get(key) : undefined;
    if (held !== undefined) calls.push(fromRecord<Call>(held.value, held.heldAt));
  }
  return calls;
}

export interface PeerLegPorts {
  readonly userAgent: SipUserAgent;
  /** Where the phone of this DN is registered here. */
  phoneAt(dn: string): Contact | undefined;
}

/** Why a call of the other site does not go on here; each is counted (LG4). */
export type NotAdopted =
  | 'leg-unknown'
  | 'leg-unreadable'
  | 'leg-ringing'
  | 'caller-unanswered'
  | 'leg-ending'
  | 'other-end-ours'
  | 'too-few-legs';

/** The leg, or why there is none. */
export function peerLeg(
  records: PeerRecords,
  id: LegId,
): LegRecord | { readonly cause: NotAdopted; readonly because: string } {
  const held = records.get(`leg/${id}`);
  if (held === undefined) return { cause: 'leg-unknown', because: 'a leg of it is not known here' };
  const record = legRecordFrom(fromRecord(held.value, held.heldAt));
  return typeof record === 'string' ? { cause: 'leg-unreadable', because: record } : record;
}

/** Its other end is a leg of our own, of a call that has crossed (PQ1, PH3): gone on with here it would lead from us to us. */
export function isWithUs(
  { leg: { state } }: LegRecord,
  { userAgent }: Pick<PeerLegPorts, 'userAgent'>,
): boolean {
  if (state.name !== 'established') return false;
  const [own, other] = [userAgent.contactFor('UDP'), state.dialog.remoteTarget].map((uri) => parseUri(uri));
  return own !== undefined && own.host === other?.host && (own.port ?? SIP_PORT) === (other.port ?? SIP_PORT);
}

export function legHere(record: LegRecord, dn: string | undefined, ports: PeerLegPorts): LegRecord {
  const at = dn === undefined ? undefined : ports.phoneAt(dn);
  const transport = at?.transport ?? record.source?.transport ?? 'UDP';
  return movedLeg(record, { contact: ports.userAgent.contactFor(transport), at: at?.destination });
}
