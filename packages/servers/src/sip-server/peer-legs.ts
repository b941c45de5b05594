/** Legs of the other site as its records hold them, made ready to be gone on with here (AD4, AD5). */
import { beforeTransfer, type Call } from '@holdfast/centre';
import { fromRecord, type HeldRecord } from '@holdfast/kernel';
import {
  isReliable,
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
    if (held !== undefined) calls.push(beforeTransfer(fromRecord<Call>(held.value, held.heldAt)));
  }
  return calls;
}

export interface PeerLegPorts {
  readonly userAgent: SipUserAgent;
  /** Where the phones of this DN are registered here, the most wanted first. */
  phonesAt(dn: string): readonly Contact[];
  /** AD14: the DN on which whoever worked there on that one is logged in here; else the same. */
  numberHere(dn: string): string;
  /** AD14: here somebody else is logged in on this number than there. */
  isOthers(dn: string): boolean;
}

/** Why a call of the other site does not go on here; each is counted (LG4). */
export const NOT_ADOPTED = [
  'leg-unknown',
  'leg-unreadable',
  'leg-ringing',
  'caller-unanswered',
  'leg-ending',
  'too-few-legs',
  /** It was being set up: nobody had answered, and its caller stands in no line. */
  'not-answered',
  /** It had crossed, and our own part of it is over (AD11). */
  'other-end-gone',
  /** A leg leads through the dead site itself (AD4). */
  'route-dead',
  /** A phone can be reached over a registration alone, and has not come in time (AD5). */
  'phone-absent',
  /** It had crossed, and its agent has not come in time (AD11). */
  'agent-absent',
  // Found out by asking the ends.
  'end-gone',
  'end-silent',
  'end-unreachable',
  /** One end has hung up before the other was heard. */
  'hung-up',
] as const;
export type NotAdopted = (typeof NOT_ADOPTED)[number];

/** Why a call, or a leg of it, cannot be taken over. */
export interface Obstacle {
  readonly cause: NotAdopted;
  readonly because: string;
}

/** The leg, or why there is none. */
export function peerLeg(records: PeerRecords, id: LegId): LegRecord | Obstacle {
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

/**
 * Where requests in the dialog go from here: to the phone where it is registered here, else to the remote target. Through
 * proxies they go as they went (AD4): past one that is dead the phone's own requests would not come to us.
 */
export function legHere(record: LegRecord, dn: string | undefined, ports: PeerLegPorts): LegRecord {
  const at = phoneOf(record, dn, ports);
  const transport = at?.transport ?? record.source?.transport ?? 'UDP';
  const isRouted = routesOf(record).length > 0;
  return movedLeg(record, {
    contact: ports.userAgent.contactFor(transport),
    at: isRouted ? undefined : at?.destination,
  });
}

/** AD4: the dead site is itself on the way, as an element that has put itself there. */
export function leadsThroughDeadSite(record: LegRecord): boolean {
  const dead = parseUri(record.leg.contact);
  return routesOf(record).some((route) => {
    const uri = parseUri(route);
    return uri?.host === dead?.host && (uri?.port ?? SIP_PORT) === (dead?.port ?? SIP_PORT);
  });
}

function routesOf({ leg: { state } }: LegRecord): readonly string[] {
  return state.name === 'established' ? state.dialog.routeSet : [];
}

/**
 * AD5: whether anything that we send gets there. A gateway listens at its address; a phone that is not registered here
 * only if it spoke from the address that it has named, and not over a connection of its own.
 */
export function isReachable(record: LegRecord, dn: string | undefined, ports: PeerLegPorts): boolean {
  const { leg, source } = record;
  if (dn === undefined || source === undefined || leg.state.name !== 'established') return true;
  return isDirect(record) || phoneOf(record, dn, ports) !== undefined;
}

function isDirect({ leg: { state }, source }: LegRecord): boolean {
  if (source === undefined || state.name !== 'established' || isReliable(source.transport)) return false;
  const uri = parseUri(state.dialog.remoteTarget);
  return uri?.host === source.host && (uri?.port ?? SIP_PORT) === source.port;
}

/**
 * Where the phone that has this leg is registered here: under the number of its agent's seat here, or under its own
 * (AD14). It has to be that phone: another of the same number knows nothing of the call, and would say so (481).
 */
function phoneOf(record: LegRecord, dn: string | undefined, ports: PeerLegPorts): Contact | undefined {
  if (dn === undefined) return undefined;
  const here = ports.numberHere(dn);
  const phones = [...new Set([here, dn])].flatMap((each) => ports.phonesAt(each));
  const same = phones.find((at) => hasLeg(at, record));
  if (same !== undefined || here !== dn || ports.isOthers(dn) || isDirect(record)) return same;
  // One that is known by no address, such as a browser's, is taken for the phone of its number.
  const { source } = record;
  return phones.find(({ transport }) => source === undefined || transport === source.transport);
}

/** By the address that a phone names, which is its own also behind NAT; over a connection its port may be any. */
function hasLeg({ uri, transport }: Contact, { leg: { state } }: LegRecord): boolean {
  if (state.name !== 'established') return false;
  const [one, other] = [uri, state.dialog.remoteTarget].map((each) => parseUri(each));
  if (one === undefined || one.host !== other?.host) return false;
  return isReliable(transport) || (one.port ?? SIP_PORT) === (other.port ?? SIP_PORT);
}
