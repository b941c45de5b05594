/**
 * One end of a call turns the other to somebody else: a phone by REFER (RFC 3515, RFC 5589), a client by a request of its own.
 * What comes of it is the centre's decision; here it is turned into SIP.
 *
 *     REFER ──▶ 202, NOTIFY 100 ──▶ `transfer` ─▶ [ centre ] ─▶ `park`          the end that transfers is kept apart
 *                                                             ─▶ `ring` …       the target is called for who remains
 *                         NOTIFY 200, BYE ◀── `transferred` ◀─┤
 *       NOTIFY 4xx, and who remains is turned back ◀── `transferFailed`
 *
 * Who remains is the origin of the call from then on, whoever has called whom, so that all that is known of a caller who waits,
 * is rung for and is turned to somebody holds for it. Two calls of one phone (Replaces) are joined in the same way.
 */
import type { CentreEffect, CentreInput } from '@holdfast/centre';
import { encodeUtf8, type Millis } from '@holdfast/kernel';
import { type HeaderLines, type LegId, reasonPhrase, type SipRequest, type SipUri } from '@holdfast/sip';
import type { Asker } from './answers.ts';
import type { CallLegs } from './call-legs.ts';
import type { CallPorts } from './call-ports.ts';
import type { CallRecord, Party } from './call-record.ts';
import type { CallSound } from './call-sound.ts';
import { type ReferRequest, type Replaces, readRefer } from './refer-request.ts';
import { unrestricted } from './sdp.ts';

/** How long a phone is to believe that it will hear more, s: longer than anybody lets a phone ring. */
const SUBSCRIPTION_S = 600;
/** To an end that is not told in the call any more, RFC 3261 §21.4.20. */
const GONE_STATUS = 487;

export type TransferEffect = Extract<
  CentreEffect,
  { type: 'park' | 'transferred' | 'transferFailed' | 'join' }
>;
/** Why a client may not transfer a call, or consult somebody about it. */
export type NoTransfer = 'no-call' | 'busy' | 'not-established' | 'consult-not-established';
export type TransferAsked = Extract<CentreInput, { type: 'transfer' | 'completeTransfer' }>;

type Way = Pick<Extract<TransferAsked, { type: 'transfer' }>, 'to' | 'trunk' | 'isEmergency'>;

/** An end of the call transfers the other. */
export interface Transferring {
  readonly leg: LegId;
  readonly dn: string;
  /** The REFER by which it has asked; undefined where a client has. `id` is absent for the first in a dialog. */
  readonly refer: { readonly id: number | undefined; readonly isSilent: boolean } | undefined;
  readonly client: Asker | undefined;
  /** What the centre has not been told yet: an offer of one end is still on its way to the other. */
  asked: TransferAsked | undefined;
  /** That end, while somebody else is called. */
  parked: Party | undefined;
}

export interface TransferParts {
  readonly calls: Map<string, CallRecord>;
  readonly legs: CallLegs;
  readonly sound: CallSound;
  /** The trunk for a number that is called, as for one that is dialled. */
  trunkFor(number: string): string | undefined;
  isEmergencyNumber(number: string): boolean;
  /** What the phone of this DN means by it: where we are, or the gateway of a trunk; undefined where it is neither. */
  whereIs(place: Pick<SipUri, 'host' | 'port'>, dn: string): 'here' | { readonly trunk: string } | undefined;
  changed(connId: string): void;
  giveUp(now: Millis, legs: Iterable<LegId>): void;
  hangUp(now: Millis, leg: LegId): void;
}

export class CallTransfers {
  readonly #ports: CallPorts;
  readonly #parts: TransferParts;
  /** ConnIDs of calls whose transfer the centre has not been told. */
  readonly #waiting = new Set<string>();

  constructor(ports: CallPorts, parts: TransferParts) {
    this.#ports = ports;
    this.#parts = parts;
  }

  get size(): number {
    return this.#waiting.size;
  }

  // ── asked by a phone ───────────────────────────────────────────────────────────────────────────────────────────

  referred(now: Millis, leg: LegId, transaction: string, request: SipRequest): void {
    const refusal = this.#refusal(leg);
    const by = this.#parts.legs.get(leg)?.dn ?? '';
    const read = refusal === undefined ? readRefer(request) : undefined;
    const refer = read !== undefined && 'to' in read ? this.#resolved(read, by) : undefined;
    if (read === undefined || refer === undefined || 'status' in read) {
      const known = read !== undefined && 'status' in read ? read : undefined;
      const status = refusal ?? known?.status ?? FOREIGN_STATUS;
      const because =
        known?.because ??
        'Refer-To leads neither to us, by any name under which this phone has registered, nor to a gateway of ours';
      const headers = refusal === undefined ? [warning(because)] : [];
      return this.#ports.run(this.#ports.userAgent.respond(now, transaction, status, { headers }));
    }
    const role = this.#parts.legs.get(leg);
    if (role?.dn === undefined) return;
    const { call, dn } = role;
    const { isSilent, id, replaces } = read;
    const headers: HeaderLines = isSilent ? [['Refer-Sub', 'false']] : [];
    this.#ports.run(this.#ports.userAgent.respond(now, transaction, 202, { headers }));
    const { connId } = call;
    const asked: TransferAsked | undefined =
      replaces === undefined
        ? { type: 'transfer', connId, dn, ...refer }
        : this.#joining(connId, dn, replaces);
    const refersAgain = role.hasReferred === true;
    role.hasReferred = true;
    call.transfer = {
      ...{ leg, dn, client: undefined, asked, parked: undefined },
      refer: { isSilent, id: refersAgain ? id : undefined },
    };
    this.#parts.changed(connId);
    this.#notify(now, call.transfer, 100);
    // Replaces names no call of this phone (RFC 3891 §3).
    if (asked === undefined) return this.#failed(now, call, 481);
    this.#waiting.add(connId);
    this.goOn();
  }

  /** Who may not, or not now: an end outside, one that talks with nobody, one whose other end cannot be reached. */
  #refusal(leg: LegId): number | undefined {
    const role = this.#parts.legs.get(leg);
    if (role === undefined) return 481;
    const { call, dn, over } = role;
    if (dn === undefined || over !== undefined || this.#ports.contactsOf(dn).length === 0) return 603;
    if (call.transfer !== undefined) return 491;
    const isEnd = leg === call.origin.leg || leg === call.party?.leg;
    if (call.over || call.party === undefined || !call.origin.answered || !isEnd) return 603;
    const other = leg === call.origin.leg ? call.party.leg : call.origin.leg;
    return this.#ports.userAgent.legInfo(other) === undefined ? 480 : undefined;
  }

  #resolved({ to, place, replaces }: ReferRequest, by: string): Way | undefined {
    const where = place === undefined || replaces !== undefined ? 'here' : this.#parts.whereIs(place, by);
    if (where === undefined) return undefined;
    return where === 'here' ? this.#way(to) : { ...this.#way(to), trunk: where.trunk };
  }

  /** Their name for our end of that dialog is our name of the leg. */
  #joining(connId: string, dn: string, replaces: Replaces): TransferAsked | undefined {
    const second = this.#parts.legs.get(replaces.toTag);
    const dialog = this.#ports.userAgent.legInfo(replaces.toTag)?.dialog;
    const isThat = dialog?.callId === replaces.callId && dialog.remoteTag === replaces.fromTag;
    if (second === undefined || !isThat || second.dn !== dn) return undefined;
    return { type: 'completeTransfer', connId, consult: second.call.connId, dn };
  }

  // ── asked by a client ──────────────────────────────────────────────────────────────────────────────────────────

  /** The trunk is found here. */
  ask(asked: TransferAsked): 'begun' | NoTransfer {
    const { connId, dn, client } = asked;
    const call = this.#parts.calls.get(connId);
    const leg = call && endOf(call, dn)?.leg;
    // LG3: repeated while it goes on; the answer comes when it is decided.
    if (call?.transfer !== undefined) return call.transfer.client === client ? 'begun' : 'busy';
    if (call === undefined || leg === undefined) return 'no-call';
    // Whoever still rings or waits may do so for long, and would be sent on in the moment of the answer (CA18).
    if (!isEstablished(call)) return 'not-established';
    const whole = asked.type === 'transfer' ? { ...asked, ...this.#way(asked.to) } : asked;
    const second = asked.type === 'completeTransfer' ? this.#parts.calls.get(asked.consult) : undefined;
    if (second !== undefined && !isEstablished(second)) return 'consult-not-established';
    call.transfer = { ...{ leg, dn, client, parked: undefined, refer: undefined }, asked: whole };
    this.#parts.changed(connId);
    this.#waiting.add(connId);
    this.goOn();
    return 'begun';
  }

  /** Whether the DN has an end of this call, which nobody is transferring: then it may consult somebody about it. */
  standsAt(connId: string, dn: string): 'stands' | NoTransfer {
    const call = this.#parts.calls.get(connId);
    if (call === undefined || endOf(call, dn) === undefined) return 'no-call';
    if (call.transfer !== undefined) return 'busy';
    return isEstablished(call) ? 'stands' : 'not-established';
  }

  /** As for a number that is dialled. */
  #way(to: string): Way {
    const trunk = this.#parts.trunkFor(to);
    return { to, isEmergency: this.#parts.isEmergencyNumber(to), ...(trunk !== undefined && { trunk }) };
  }

  /** Tells the centre of those whose calls have come to rest. */
  goOn(): void {
    for (const connId of this.#waiting) {
      const call = this.#parts.calls.get(connId);
      const asked = call?.transfer?.asked;
      if (call?.transfer === undefined || asked === undefined) {
        this.#waiting.delete(connId);
        continue;
      }
      const second = asked.type === 'completeTransfer' ? this.#parts.calls.get(asked.consult) : undefined;
      if (!this.#isReady(call) || (second !== undefined && !this.#isReady(second))) continue;
      this.#waiting.delete(connId);
      call.transfer.asked = undefined;
      this.#parts.changed(connId);
      this.#ports.tell(asked);
    }
  }

  /** The call is over, or was never begun: who has asked is answered all the same. */
  over({ connId, transfer }: CallRecord): void {
    this.#waiting.delete(connId);
    if (transfer?.asked !== undefined) this.#ports.tell(transfer.asked);
  }

  /** Of another server: what it had not told its centre is told here. */
  restored({ connId, transfer }: CallRecord): void {
    if (transfer?.asked !== undefined) this.#waiting.add(connId);
  }

  /** One that is not established, or is no longer, is the centre's to refuse: nobody waits until somebody answers. */
  #isReady(call: CallRecord): boolean {
    return !isEstablished(call) || this.#rests(call);
  }

  /** Both ends stand, and nothing is on its way from one to the other. */
  #rests({ origin, party, relay, turns, offeredInAnswer }: CallRecord): boolean {
    if (party === undefined || party.awaitsAnswer || party.awaitsOffer === true) return false;
    if (relay !== undefined || turns.length > 0 || offeredInAnswer !== undefined) return false;
    const { userAgent } = this.#ports;
    const stands = (leg: LegId) => userAgent.legInfo(leg)?.state === 'established';
    return origin.sdp !== undefined && stands(origin.leg) && stands(party.leg);
  }

  // ── decided by the centre ──────────────────────────────────────────────────────────────────────────────────────

  perform(now: Millis, effect: TransferEffect): void {
    const call = this.#parts.calls.get(effect.connId);
    if (call === undefined || call.over) return;
    this.#parts.changed(effect.connId);
    switch (effect.type) {
      case 'park':
        return this.#park(call, effect.dn);
      case 'transferred':
        return this.#freed(now, call);
      case 'transferFailed':
        return this.#failed(now, call, effect.status);
      case 'join':
        return this.#join(now, call, effect);
    }
  }

  #park(call: CallRecord, dn: string): void {
    this.#turnRound(call, dn);
    const { transfer, party } = call;
    if (transfer !== undefined && party !== undefined) transfer.parked = party;
    call.party = undefined;
    call.early = undefined;
    const { sdp } = call.origin;
    // That it was put on hold concerns nobody else.
    if (sdp !== undefined) call.origin.sdp = unrestricted(sdp);
  }

  /** Who remains becomes the origin, whoever has called whom. */
  #turnRound(call: CallRecord, dn: string): void {
    const { origin, party } = call;
    const { legs } = this.#parts;
    if (origin.dn !== dn || party === undefined || origin.sdp === undefined) return;
    const [near, far] = [legs.get(origin.leg), legs.get(party.leg)];
    if (far === undefined) return;
    const remains = far.over === undefined ? far.dn : undefined;
    call.origin = {
      ...{ leg: party.leg, dn: remains, ani: party.dn, answered: true },
      ...{ sdp: party.sdp, told: party.told, maxForwards: origin.maxForwards },
    };
    const { leg, sdp, told } = origin;
    call.party = { dn, leg, sdp, told, awaitsAnswer: false };
    legs.add(party.leg, { ...far, role: 'origin', dn: remains, over: undefined });
    if (near !== undefined) legs.add(leg, { ...near, role: 'party', dn });
  }

  /** Its leg is no longer needed. */
  #freed(now: Millis, call: CallRecord): void {
    const { transfer } = call;
    if (transfer === undefined) return;
    call.transfer = undefined;
    this.#notify(now, transfer, 200);
    if (this.#parts.legs.has(transfer.leg)) this.#parts.hangUp(now, transfer.leg);
  }

  #failed(now: Millis, call: CallRecord, status: number): void {
    const { transfer } = call;
    if (transfer === undefined) return;
    call.transfer = undefined;
    this.#notify(now, transfer, status);
    if (transfer.parked === undefined) return;
    for (const { legs } of call.ringing.values()) this.#parts.giveUp(now, legs);
    call.ringing.clear();
    this.putBack(now, call, transfer.parked);
  }

  /** The end that wanted to transfer is the party again; who has heard something else meanwhile is turned to it. */
  putBack(now: Millis, call: CallRecord, parked: Party): void {
    call.party = parked;
    const isTurned = call.treatment?.sdp !== undefined;
    if (isTurned) this.#parts.sound.connect(now, call, parked);
    else this.#parts.sound.stop(call);
  }

  /** The far end of the second call takes the place of the one that both have in common. */
  #join(now: Millis, first: CallRecord, { consult, dn }: Extract<TransferEffect, { type: 'join' }>): void {
    const second = this.#parts.calls.get(consult);
    const far = second && farEndOf(second, dn);
    const near = second && endOf(second, dn);
    const role = far && this.#parts.legs.get(far.leg);
    const { transfer } = first;
    this.#turnRound(first, dn);
    const leg = first.party?.leg;
    if (second === undefined || far === undefined || near === undefined || role === undefined)
      return this.#notJoined(now, first, consult);
    this.#parts.changed(consult);
    this.#parts.sound.stop(second);
    // Of what was asked of it nothing can come any more.
    this.over(second);
    second.transfer = undefined;
    second.over = true;
    second.party = undefined;
    first.transfer = undefined;
    first.party = far;
    const over = role.over ?? (role.dn === undefined ? OUTSIDE : undefined);
    this.#parts.legs.add(far.leg, { ...role, call: first, role: 'party', dn: far.dn, over });
    if (transfer !== undefined) this.#notify(now, transfer, 200);
    if (leg !== undefined) this.#parts.hangUp(now, leg);
    this.#parts.hangUp(now, near.leg);
    this.#parts.sound.connect(now, first, far);
  }

  /** What the centre believes to be joined is not there: the call ends as if that end had hung up in this moment. */
  #notJoined(now: Millis, first: CallRecord, consult: string): void {
    const { connId } = first;
    const because = `an end of call ${consult} is not there`;
    const line = { level: 'warn', what: 'calls not joined', call: connId, because } as const;
    this.#ports.emit({ type: 'log', line });
    this.#failed(now, first, 481);
    const { dn } = first.origin;
    this.#ports.tell({ type: 'partyGone', connId, ...(dn !== undefined && { dn }), why: 'lost' });
  }

  // ── told to the phone ──────────────────────────────────────────────────────────────────────────────────────────

  /** The end that transfers has gone: the rest is done without it. */
  left(call: CallRecord, leg: LegId): boolean {
    if (call.transfer?.leg !== leg || call.transfer.parked === undefined) return false;
    call.transfer = undefined;
    return true;
  }

  /** The call ends: so does what a phone has asked of it. */
  ended(now: Millis, call: CallRecord): void {
    const { transfer } = call;
    if (transfer === undefined) return;
    this.over(call);
    call.transfer = undefined;
    this.#notify(now, transfer, GONE_STATUS);
    if (transfer.parked !== undefined) this.#parts.hangUp(now, transfer.leg);
  }

  #notify(now: Millis, { leg, refer }: Transferring, status: number): void {
    if (refer === undefined || refer.isSilent || !this.#parts.legs.has(leg)) return;
    const headers: HeaderLines = [
      ['Event', refer.id === undefined ? 'refer' : `refer;id=${refer.id}`],
      [
        'Subscription-State',
        status < 200 ? `active;expires=${SUBSCRIPTION_S}` : 'terminated;reason=noresource',
      ],
      ['Content-Type', 'message/sipfrag;version=2.0'],
    ];
    const body = encodeUtf8(`SIP/2.0 ${status} ${reasonPhrase(status)}\r\n`);
    this.#ports.run(this.#ports.userAgent.sendInDialog(now, leg, 'NOTIFY', { headers, body }));
  }
}

/** RFC 3515 §2.4.2: nobody sends a caller to an address that the configuration does not name (as SS33). */
const FOREIGN_STATUS = 403;
/** At the other end of what called from outside is no phone of ours. */
const OUTSIDE = { trunk: 'outside', left: [] } as const;

function warning(because: string): readonly [string, string] {
  return ['Warning', `399 holdfast "${because}"`];
}

/** Somebody has answered, and nobody waits in a queue or is called. */
function isEstablished({ origin, party }: CallRecord): boolean {
  return party !== undefined && origin.answered;
}

function endOf(call: CallRecord, dn: string): { readonly leg: LegId } | undefined {
  if (call.origin.dn === dn) return call.origin;
  return call.party?.dn === dn ? call.party : undefined;
}

/** The other end of a call, as the party of another one, which is offered what that one's origin has. */
function farEndOf({ origin, party }: CallRecord, dn: string): Party | undefined {
  if (origin.dn === dn) return party && { ...party, sdp: unrestricted(party.sdp), awaitsOffer: true };
  const { leg, ani, sdp, told } = origin;
  if (party?.dn !== dn || sdp === undefined) return undefined;
  return { dn: origin.dn ?? ani, leg, sdp: unrestricted(sdp), told, awaitsAnswer: false, awaitsOffer: true };
}
