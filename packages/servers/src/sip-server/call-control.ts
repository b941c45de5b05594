/**
 * The back-to-back user agent (RFC 7092): joins the leg of whoever calls with the leg of whoever is called, and
 * tells the contact centre what became of them. The centre decides who rings, what the caller hears and when a
 * call is over; this file only turns those decisions into SIP, and SIP into facts.
 *
 *     origin leg ──INVITE──▶ [ call ] ──INVITE──▶ party leg(s)
 *                              │  ▲
 *              callStarted … partyGone  ring, treat, withdraw, release
 *                              ▼  │
 *                            centre
 *
 * SDP passes through as it is: media flow directly between the two ends. While a caller waits with music, the
 * announcer is the other end; when somebody answers, a re-INVITE turns the caller to the answering phone.
 */

import type { CentreEffect, PartyRelease } from '@holdfast/centre';
import { type Millis, must, randomToken } from '@holdfast/kernel';
import {
  type LegId,
  type LookupAnswer,
  maxForwardsOf,
  type SipRequest,
  type SipResponse,
  type Source,
  type Target,
  type UserAgentEvent,
} from '@holdfast/sip';
import { type AdmissionPorts, CallAdmission, type Refusal } from './call-admission.ts';
import { CallHandover } from './call-handover.ts';
import { CallLegs } from './call-legs.ts';
import { CallOverload } from './call-overload.ts';
import type { CallPorts } from './call-ports.ts';
import type { CallRecord } from './call-record.ts';
import { CallRelay } from './call-relay.ts';
import { CallRinging, releaseOf } from './call-ringing.ts';
import { CallSound } from './call-sound.ts';
import { CallTransfers, type TransferEffect } from './call-transfers.ts';
import type { SipServerConfiguration } from './configuration.ts';
import { GatewayAddresses } from './gateway-addresses.ts';
import { MadeCalls } from './made-calls.ts';
import { OutboundTrunks } from './outbound-trunks.ts';
import type { Seen } from './phone-watch.ts';
import { TrunkWatch } from './trunk-watch.ts';

/** RFC 3261 §8.1.1.6. */
const MAX_FORWARDS_DEFAULT = 70;
/** Calls at once in one SIP Server; one more is answered 503. About 10 KB each. */
export const CALLS_MAX = 20_000;

type Ring = Extract<CentreEffect, { type: 'ring' }>;
export type CallEffect =
  | Ring
  | TransferEffect
  | Extract<CentreEffect, { type: 'withdraw' | 'treat' | 'release' }>;

export class CallControl {
  readonly #ports: CallPorts;
  readonly #calls = new Map<string, CallRecord>();
  /** ConnIDs of calls that are not as they were when the changes were last taken. */
  readonly #changed = new Set<string>();
  readonly #legs: CallLegs;
  readonly #addresses: GatewayAddresses;
  readonly #admission: CallAdmission;
  readonly #ringing: CallRinging;
  readonly #trunks = new OutboundTrunks();
  readonly #watch: TrunkWatch;
  readonly #sound: CallSound;
  readonly #relay: CallRelay;
  readonly overload: CallOverload;
  readonly handover: CallHandover;
  readonly transfers: CallTransfers;
  readonly made: MadeCalls;
  #configuration: SipServerConfiguration | undefined;

  constructor(ports: CallPorts) {
    this.#ports = ports;
    this.#legs = new CallLegs(ports);
    this.#addresses = new GatewayAddresses(ports);
    const refusesForLoad: AdmissionPorts['refusesForLoad'] = (now, request, inbound) =>
      this.overload.refuses(now, request, inbound);
    this.#admission = new CallAdmission({ ...ports, refusesForLoad }, this.#addresses);
    this.overload = new CallOverload(ports, {
      trunks: this.#trunks,
      trunkAt: (at) => this.#addresses.trunkAt(({ host, port }) => host === at.host && port === at.port),
      trunkFrom: (request, source) => this.#admission.trunkFrom(request, source),
      calls: () => this.#calls.size,
    });
    const calling = { legs: this.#legs, trunks: this.#trunks, addresses: this.#addresses };
    this.#ringing = new CallRinging(ports, calling);
    // Its own description is of no use yet: it answers silence with silence.
    const silent = { leg: '', maxForwards: MAX_FORWARDS_DEFAULT, sdp: undefined };
    this.made = new MadeCalls(ports, {
      ...{ calls: this.#calls, admission: this.#admission, ringing: this.#ringing },
      open: (dn) => this.#open({ ...silent, dn, ani: dn }),
    });
    this.#watch = new TrunkWatch(ports, this.#trunks);
    this.#sound = new CallSound(ports);
    this.#relay = new CallRelay(ports, this.#legs);
    const common = {
      ...{ calls: this.#calls, legs: this.#legs, sound: this.#sound },
      changed: (connId: string) => void this.#changed.add(connId),
    };
    this.transfers = new CallTransfers(ports, {
      ...common,
      trunkFor: (number) => this.#admission.trunkFor(number),
      isEmergencyNumber: (number) => this.#admission.isEmergencyNumber(number),
      whereIs: (place, dn) => this.#ringing.whereIs(place, dn),
      giveUp: (now, legs) => this.#ringing.giveUp(now, legs),
      hangUp: (now, leg) => this.#hangUp(now, leg),
    });
    this.handover = new CallHandover(ports, {
      ...{ ...common, transfers: this.transfers },
      ended: (now, leg, why) => this.#ended(now, leg, why),
      drop: (now, leg) => this.#drop(now, leg),
    });
  }

  configure(now: Millis, configuration: SipServerConfiguration): void {
    this.#configuration = configuration;
    this.#addresses.configure(now, configuration);
    this.#admission.configure(configuration);
    this.#ringing.configure(configuration);
    this.overload.configure(configuration);
    this.#watch.configure(configuration);
  }

  get size(): number {
    return this.#calls.size;
  }

  /** The trunk between the sites, where it has a gateway. */
  get peerTrunk(): string | undefined {
    return this.#admission.peerTrunk;
  }

  /** Calls, legs, legs that are asked about, and requests that wait: all 0 when nobody calls. */
  sizes() {
    return {
      calls: this.#calls.size,
      ...this.#legs.sizes(),
      passedThrough: this.#relay.size + this.transfers.size,
    };
  }

  nextDeadline(): Millis | undefined {
    const never = Number.POSITIVE_INFINITY;
    let next = Math.min(this.#legs.nextDeadline() ?? never, this.#watch.nextDeadline() ?? never);
    next = Math.min(next, this.#addresses.nextDeadline() ?? never);
    return next === never ? undefined : next;
  }

  expire(now: Millis): void {
    this.#legs.expire(now);
    this.#watch.expire(now);
    this.#addresses.expire(now);
  }

  /** An answer that the addresses of gateways may wait for. */
  lookedUp(now: Millis, id: string, answer: LookupAnswer): void {
    this.#addresses.lookedUp(now, id, answer);
  }

  /** GF5. */
  trunksSeen(): Seen | undefined {
    return this.#watch.seen();
  }

  /** For checks: every call with its number of standing legs. */
  *calls(): Generator<CallRecord> {
    yield* this.#calls.values();
  }

  // ── SIP → centre ─────────────────────────────────────────────────────────────────────────────────────────

  onUserAgent(now: Millis, event: UserAgentEvent): void {
    if ('leg' in event) this.#changes(event.leg);
    this.#heard(now, event);
    this.transfers.goOn();
  }

  #heard(now: Millis, event: UserAgentEvent): void {
    switch (event.type) {
      case 'incoming':
        return this.#incoming(now, event.leg, event.request, event.source);
      case 'cancelled':
        return this.#ended(now, event.leg, 'normal');
      case 'progress':
        return this.#progress(now, event.leg, event.sdp);
      case 'answered':
        this.#legs.stands(now, event.leg);
        return this.#answered(now, event.leg, event.sdp);
      case 'failed':
        return this.#failed(now, event.leg, event.status, event.response);
      case 'acknowledged':
        this.#legs.stands(now, event.leg);
        return this.#relay.acknowledged(now, event.leg, event.sdp);
      case 'offer':
        return this.#relay.offer(now, event.leg, event.sdp);
      case 'offerWithdrawn':
        return this.#relay.offerWithdrawn(event.leg);
      case 'offerAnswered':
        return this.#relay.offerAnswered(now, event.leg, event.status, event.sdp);
      case 'inDialogRequest':
        if (event.request.method === 'REFER')
          return this.transfers.referred(now, event.leg, event.transaction, event.request);
        return this.#relay.passRequest(now, event.leg, event.transaction, event.request);
      case 'inDialogResponse':
        if (event.method !== 'INFO') return;
        return this.#relay.passResponse(now, event.leg, event.status, event.response);
      case 'ended':
        if (event.by === 'lost' && this.#ports.awaitsOtherSite(now, event.leg))
          return this.#standsWithout(now, event.leg);
        return this.#ended(now, event.leg, event.by === 'lost' ? 'lost' : 'normal');
      case 'response':
        return this.#watch.answered(event);
      case 'ringAcknowledged':
      case 'request':
      case 'superseded':
      case 'refreshAnswered':
        return;
    }
  }

  /** Whether an INVITE is refused before it is a call. */
  screen(now: Millis, request: SipRequest, source: Source): Refusal | undefined {
    return this.#admission.screen(now, request, source);
  }

  #incoming(now: Millis, leg: LegId, request: SipRequest, source: Source): void {
    if (this.#configuration === undefined) return this.#reject(now, leg, { status: 503, headers: [] });
    const admitted = this.#admission.admit(now, request, source, this.#calls.size);
    if ('status' in admitted) return this.#reject(now, leg, admitted);
    const { dn, inbound, ani, from, to, trunk, sdp, isEmergency, reservation } = admitted;
    const maxForwards = (maxForwardsOf(request) ?? MAX_FORWARDS_DEFAULT) - 1;
    const call = this.#open({ leg, dn, ani, maxForwards, sdp });
    const origin = { role: 'origin', offer: undefined, contact: undefined, over: undefined } as const;
    // At the other end of what comes in over a trunk is no phone of ours, whoever calls.
    const phone = inbound === undefined ? dn : undefined;
    this.#legs.add(leg, { call, ...origin, dn: phone, hasRung: true });
    const { connId } = call;
    const isNew = 'ani' in from && reservation === undefined;
    const waitedMs = isNew ? this.#ports.waitedElsewhere(now, from.ani, to) : undefined;
    this.#ports.tell({
      type: 'callStarted',
      connId,
      from,
      to,
      ...(trunk === undefined ? {} : { trunk }),
      userData: {},
      isEmergency,
      ...(reservation === undefined ? {} : { reservation }),
      ...(waitedMs === undefined ? {} : { waitedMs }),
    });
  }

  #open(origin: Pick<CallRecord['origin'], 'leg' | 'dn' | 'ani' | 'maxForwards' | 'sdp'>): CallRecord {
    const call: CallRecord = {
      connId: randomToken(this.#ports.random, 16),
      origin: { ...origin, answered: false, told: undefined },
      ringing: new Map(),
      party: undefined,
      treatment: undefined,
      alerted: false,
      early: undefined,
      offeredInAnswer: undefined,
      turns: [],
      relay: undefined,
      transfer: undefined,
      makeCall: undefined,
      over: false,
      moves: 0,
    };
    this.#calls.set(call.connId, call);
    this.#changed.add(call.connId);
    return call;
  }

  #reject(now: Millis, leg: LegId, { status, headers }: Refusal): void {
    this.#ports.run(this.#ports.userAgent.reject(now, leg, status, { headers }));
  }

  #progress(now: Millis, leg: LegId, sdp: Uint8Array | undefined): void {
    const role = this.#legs.get(leg);
    if (role !== undefined) role.hasRung = true;
    if (role?.role !== 'party' || role.dn === undefined) return;
    this.#ringing.heardFrom(role);
    const { call, dn } = role;
    this.#ports.tell({ type: 'partyRinging', connId: call.connId, dn });
    // Early media reach the caller only from a single phone: two at once would fight for one ear. And what is
    // no answer to an offer of ours is an offer, for which there is no room before the call is answered.
    const isOnly = call.ringing.size === 1 && call.ringing.get(dn)?.legs.size === 1;
    const early = sdp !== undefined && isOnly && role.offer !== undefined ? { leg, sdp } : undefined;
    this.#sound.alert(now, call, early);
  }

  #answered(now: Millis, leg: LegId, sdp: Uint8Array | undefined): void {
    const role = this.#legs.get(leg);
    if (role === undefined) return;
    const { call } = role;
    if (role.role === 'origin') return this.made.answered(call);
    const dn = must(role.dn, 'a called party has a DN');
    this.#ringing.heardFrom(role);
    const ringing = call.ringing.get(dn);
    // Answered in the moment in which it was withdrawn (RFC 3261 §13.2.2.4).
    if (call.over || call.party !== undefined || ringing === undefined) return this.#hangUp(now, leg);
    call.ringing.delete(dn);
    ringing.legs.delete(leg);
    this.#ringing.giveUp(now, ringing.legs);
    if (sdp === undefined) {
      // Neither answer nor offer: nobody could hear anything.
      this.#ports.tell({ type: 'partyFailed', connId: call.connId, dn, why: 'rejected' });
      return this.#hangUp(now, leg);
    }
    const { offer } = role;
    call.party = { dn, leg, sdp, told: offer, awaitsAnswer: offer === undefined };
    this.#ports.tell({ type: 'partyAnswered', connId: call.connId, dn });
    this.#sound.connect(now, call, call.party);
  }

  #failed(now: Millis, leg: LegId, status: number, response: SipResponse | undefined): void {
    const role = this.#legs.get(leg);
    if (role === undefined) return;
    this.#drop(now, leg);
    const { call, dn, contact } = role;
    if (response === undefined && contact !== undefined && dn !== undefined && !role.hasRung)
      this.#ports.contactFailed(now, dn, contact);
    if (role.role === 'origin') {
      // The phone that a client wanted to call from did not answer: the centre has not heard of the call yet.
      call.over = true;
      const asked = must(call.makeCall, 'only MakeCall calls its origin');
      const why = status < 400 ? 'rejected' : releaseOf(status);
      this.#ports.phoneCalled(asked, must(dn, 'MakeCall starts at an extension'), why);
      return this.#forgetIfEmpty(call);
    }
    this.#ringing.failed(now, role, { leg, dn: must(dn, 'a called party has a DN'), status, response });
    this.#forgetIfEmpty(call);
  }

  #ended(now: Millis, leg: LegId, why: PartyRelease): void {
    const role = this.#legs.get(leg);
    if (role === undefined) return;
    const { call, dn } = role;
    this.#drop(now, leg);
    const isParty = call.party?.leg === leg;
    if (role.role === 'origin') this.#sound.stop(call);
    if (isParty) call.party = undefined;
    if (role.role === 'origin' || isParty || this.transfers.left(call, leg)) {
      this.#ports.tell({ type: 'partyGone', connId: call.connId, ...(dn === undefined ? {} : { dn }), why });
    }
    this.#forgetIfEmpty(call);
  }

  /** AD11: its call stands until the end that the other site had is here, or nobody waits for that any more. */
  #standsWithout(now: Millis, leg: LegId): void {
    this.#legs.unwatch(leg);
    this.#relay.forget(now, leg);
  }

  flowFailed(flow: string): void {
    this.#legs.flowFailed(flow);
  }

  reached(dn: string, target: Target): void {
    this.#legs.reached(dn, target);
  }

  // ── centre → SIP ─────────────────────────────────────────────────────────────────────────────────────────

  perform(now: Millis, effect: CallEffect): void {
    switch (effect.type) {
      case 'ring':
        return this.#ring(now, effect);
      case 'withdraw':
        return this.#withdraw(now, effect.connId, effect.dn);
      case 'treat':
        return this.#treat(now, effect.connId, effect.treatment);
      case 'release':
        return this.release(now, effect.connId, effect.status);
      default:
        return this.transfers.perform(now, effect);
    }
  }

  #ring(now: Millis, effect: Ring): void {
    const call = this.#toChange(effect.connId);
    if (call === undefined || call.over) return;
    // The other site gives its caller up where it hears nothing for 500 ms; a phone takes as long as it takes (PQ1).
    if (effect.reservation !== undefined && effect.trunk === undefined) this.#sound.alert(now, call);
    this.#ringing.ring(now, call, effect);
  }

  /** PR10: of a server at another address than its predecessor. */
  ringAgain(now: Millis): void {
    for (const call of this.#calls.values()) {
      if (call.ringing.size === 0 || call.over) continue;
      this.#changed.add(call.connId);
      this.#ringing.ringAgain(now, call);
    }
  }

  #withdraw(now: Millis, connId: string, dn: string): void {
    const call = this.#toChange(connId);
    const ringing = call?.ringing.get(dn);
    call?.ringing.delete(dn);
    this.#ringing.giveUp(now, ringing?.legs ?? []);
    if (call?.party?.dn === dn) {
      const { leg } = call.party;
      call.party = undefined;
      this.#hangUp(now, leg);
    }
  }

  #treat(now: Millis, connId: string, treatment: 'ringback' | 'music' | 'tone'): void {
    const call = this.#toChange(connId);
    if (call !== undefined) this.#sound.treat(now, call, treatment);
  }

  treatmentReady(now: Millis, connId: string, sdp: Uint8Array): void {
    this.#sound.ready(now, this.#toChange(connId), connId, sdp);
  }

  treatmentFailed(now: Millis, connId: string): void {
    const call = this.#toChange(connId);
    if (call !== undefined) this.#sound.failed(now, call);
  }

  release(now: Millis, connId: string, status: number): void {
    const call = this.#toChange(connId);
    if (call === undefined) return;
    this.transfers.ended(now, call);
    call.over = true;
    this.#sound.stop(call);
    for (const { legs } of call.ringing.values()) this.#ringing.giveUp(now, legs);
    call.ringing.clear();
    if (call.party !== undefined) this.#hangUp(now, call.party.leg);
    call.party = undefined;
    const { leg, answered } = call.origin;
    if (this.#legs.has(leg)) {
      if (answered) this.#hangUp(now, leg);
      else {
        this.#drop(now, leg);
        this.#reject(now, leg, { status, headers: [] });
      }
    }
    this.#forgetIfEmpty(call);
  }

  #hangUp(now: Millis, leg: LegId): void {
    const role = this.#legs.get(leg);
    this.#ports.hangsUp(now, leg);
    this.#drop(now, leg);
    this.#ports.run(this.#ports.userAgent.bye(now, leg, {}));
    if (role !== undefined) this.#forgetIfEmpty(role.call);
  }

  #drop(now: Millis, leg: LegId): void {
    this.#changes(leg);
    this.#legs.drop(leg);
    this.#relay.forget(now, leg);
  }

  #forgetIfEmpty(call: CallRecord): void {
    const stands = this.#legs.has(call.origin.leg) || call.party !== undefined || call.ringing.size > 0;
    if (!call.over && stands) return;
    this.transfers.over(call);
    this.#calls.delete(call.connId);
  }

  // ── what has changed, for whoever goes on with it ────────────────────────────────────────────────────────

  #toChange(connId: string): CallRecord | undefined {
    const call = this.#calls.get(connId);
    if (call !== undefined) this.#changed.add(connId);
    return call;
  }

  #changes(leg: LegId): void {
    const role = this.#legs.get(leg);
    if (role !== undefined) this.#changed.add(role.call.connId);
  }

  connIds(): Iterable<string> {
    return this.#calls.keys();
  }

  /** ConnIDs of calls that are not as they were when this was last asked, those that are over included. */
  takeChanges(): readonly string[] {
    if (this.#changed.size === 0) return [];
    const changed = [...this.#changed];
    this.#changed.clear();
    return changed;
  }
}
