/**
 * Calls that outlive a process or a site: what is written of them, and how one goes on with what another server held.
 *
 *     our mate dies  ── load ────▶ every call, its ringing phones included, at the same address (SS50)
 *     a site dies    ── adopt ───▶ one call, without the phones that rang there (AD1, AD2)
 *                    └─ rejoin ──▶ the end that it had of a call of ours (AD11)
 *     it lives after all ─ giveAway ─▶ the call is the other site's: nothing more is said to the ends that it has (AD3)
 */
import type { PartyRelease } from '@holdfast/centre';
import type { HeldRecord, Millis, Plain } from '@holdfast/kernel';
import type { LegId } from '@holdfast/sip';
import type { CallLegs } from './call-legs.ts';
import type { CallPorts } from './call-ports.ts';
import type { CallRecord, LegRole } from './call-record.ts';
import { callBeforeTransfer, callFrom, recordOfCall, rolesAtNumbersHere } from './call-records.ts';
import type { CallSound } from './call-sound.ts';
import type { CallTransfers } from './call-transfers.ts';

export interface HandoverParts {
  readonly calls: Map<string, CallRecord>;
  readonly legs: CallLegs;
  readonly sound: CallSound;
  readonly transfers: CallTransfers;
  /** It is not as it was. */
  changed(connId: string): void;
  ended(now: Millis, leg: LegId, why: PartyRelease): void;
  /** Nothing more is known of this leg. */
  drop(now: Millis, leg: LegId): void;
}

type HandoverPorts = Pick<CallPorts, 'userAgent' | 'run' | 'awaitsOtherSite'>;

/** The end that the other site had of a call of ours. */
export interface FarEnd {
  readonly leg: LegId;
  /** As that site's own call had it. */
  readonly role: LegRole;
}

export class CallHandover {
  readonly #ports: HandoverPorts;
  readonly #parts: HandoverParts;

  constructor(ports: HandoverPorts, parts: HandoverParts) {
    this.#ports = ports;
    this.#parts = parts;
  }

  /** AD3: how often the call has changed its site; undefined when it is not here. */
  movesOf(connId: string): number | undefined {
    return this.#parts.calls.get(connId)?.moves;
  }

  connIdOf(leg: LegId): string | undefined {
    return this.#parts.legs.get(leg)?.call.connId;
  }

  record(connId: string, now: Millis): Plain | undefined {
    const call = this.#parts.calls.get(connId);
    return call && recordOfCall(call, (leg) => this.#parts.legs.get(leg), now);
  }

  /**
   * AD3: the call is another site's now. It ends here without a word to the ends that the other has; whoever it does not
   * have, a phone that rings or has answered here meanwhile, is let go as at the end of any call.
   */
  giveAway(now: Millis, connId: string, isThere: (leg: LegId) => boolean): void {
    const call = this.#parts.calls.get(connId);
    if (call === undefined) return;
    this.#parts.changed(connId);
    const gone = [...this.#parts.legs.of(call)].filter(isThere);
    // Without its caller there is no call: when that is all we have of it, its other legs end with it.
    if (!gone.includes(call.origin.leg)) this.#hangUpOrigin(now, call);
    for (const leg of gone) this.#ports.userAgent.forget(leg);
    // Not lost: its caller is served there.
    for (const leg of gone) this.#parts.ended(now, leg, 'normal');
  }

  #hangUpOrigin(now: Millis, { origin }: CallRecord): void {
    if (!this.#parts.legs.has(origin.leg)) return;
    const { userAgent, run } = this.#ports;
    run(
      origin.answered
        ? userAgent.bye(now, origin.leg)
        : userAgent.reject(now, origin.leg, ORIGIN_LEFT_STATUS),
    );
    this.#parts.ended(now, origin.leg, 'normal');
  }

  /** Goes on with a call of the other site, without the phones that rang there; its legs were loaded before. */
  adopt(now: Millis, record: HeldRecord, numberHere: (dn: string) => string): void {
    const { call, roles } = rolesAtNumbersHere(callBeforeTransfer(record), numberHere);
    const { party, treatment } = call;
    call.ringing.clear();
    call.moves += 1;
    // AD12: who heard a tone while somebody was called talks with whoever wanted to transfer.
    const isTurned = party !== undefined && treatment?.sdp !== undefined;
    if (isTurned) call.treatment = undefined;
    this.#restore(
      now,
      call,
      roles.filter(([leg]) => this.#ports.userAgent.legInfo(leg) !== undefined),
    );
    if (isTurned) this.#parts.sound.connect(now, call, party);
  }

  /** AD11: our leg rang at the other site and was answered there. Whom the centre waits for; undefined when it is given up. */
  answeredThere(ours: LegId): string | undefined {
    const { call, dn } = this.#parts.legs.get(ours) ?? {};
    if (call === undefined || dn === undefined || call.over || call.party !== undefined) return undefined;
    if (call.ringing.get(dn)?.legs.has(ours) !== true) return undefined;
    // Over a trunk there is one leg at a time.
    call.ringing.delete(dn);
    return dn;
  }

  /** AD11: the end that the other site had takes the place of our leg that led there; that has been loaded before. */
  rejoin(now: Millis, ours: LegId, { leg, role }: FarEnd): void {
    const { legs, sound, changed } = this.#parts;
    const near = legs.get(ours);
    if (near === undefined) return;
    const { call } = near;
    const { userAgent, run } = this.#ports;
    changed(call.connId);
    const isUnanswered = userAgent.legInfo(ours)?.state === 'calling';
    // It stays known until its INVITE has ended, as with any that is given up.
    if (isUnanswered) run(userAgent.cancel(now, ours));
    else {
      this.#takeBack(now, call, ours);
      userAgent.forget(ours);
      this.#parts.drop(now, ours);
    }
    const { origin, party } = role.call;
    if (near.role === 'party') call.party = party && { ...party, leg };
    else {
      Object.assign(call.origin, { leg, answered: true, sdp: origin.sdp, told: origin.told });
      // What we had still to ask of it over the other site.
      call.turns.length = 0;
    }
    legs.add(leg, { ...role, role: near.role, call });
    legs.stands(now, leg);
    // Our own caller has still to be answered, or turned from the music.
    if (isUnanswered && call.party !== undefined) sound.connect(now, call, call.party);
  }

  /** What was being put to the end at the other site found no answer, and what came from there needs none. */
  #takeBack(now: Millis, call: CallRecord, ours: LegId): void {
    const { relay } = call;
    if (relay === undefined) return;
    call.relay = undefined;
    if (relay.to === ours && relay.from !== undefined)
      this.#ports.run(this.#ports.userAgent.rejectOffer(now, relay.from, OFFER_LOST_STATUS));
  }

  /** The legs of a call. */
  legsOf(connId: string): readonly LegId[] {
    const call = this.#parts.calls.get(connId);
    return call === undefined ? [] : [...this.#parts.legs.of(call)];
  }

  /** A leg of ours that led to the other site is dead for good. */
  lost(now: Millis, leg: LegId): void {
    this.#parts.ended(now, leg, 'lost');
  }

  #restore(now: Millis, call: CallRecord, roles: ReturnType<typeof callFrom>['roles']): void {
    const { calls, legs, sound, changed } = this.#parts;
    calls.set(call.connId, call);
    changed(call.connId);
    for (const [leg, role] of roles) {
      legs.add(leg, role);
      if (this.#ports.userAgent.legInfo(leg)?.state === 'established') legs.stands(now, leg);
    }
    sound.goOn(call);
    this.#parts.transfers.restored(call);
  }

  /** Goes on with the calls of another server (SS50); the user agent has loaded their legs before. */
  load(now: Millis, records: Iterable<HeldRecord>): void {
    const lost: LegId[] = [];
    for (const record of records) {
      const { call, roles } = callFrom(record);
      this.#restore(now, call, roles);
      for (const [leg] of roles) {
        if (this.#ports.userAgent.legInfo(leg) !== undefined) this.#parts.legs.loaded(leg);
        // AD13: its call may wait for the end that the other site had.
        else if (!this.#ports.awaitsOtherSite(now, leg)) lost.push(leg);
      }
    }
    for (const leg of lost) this.#parts.ended(now, leg, 'lost');
    // Of a call at rest nothing more may be heard for long.
    this.#parts.transfers.goOn();
  }
}

/** To a caller who was not answered, and whom the other site does not have. */
const ORIGIN_LEFT_STATUS = 480;
/** To whoever offered something to an end that was behind the dead site: it may be offered again. */
const OFFER_LOST_STATUS = 491;
