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

import type { CentreEffect, CentreInput, PartyRelease } from '@holdfast/centre';
import { type Millis, must, type Random, randomToken } from '@holdfast/kernel';
import {
  type InviteOptions,
  type LegId,
  maxForwardsOf,
  type SipRequest,
  type SipResponse,
  type SipUserAgent,
  type Source,
  type Target,
  type UserAgentEvent,
  withBrackets,
} from '@holdfast/sip';
import { type AdmissionPorts, CallAdmission, type Refusal } from './call-admission.ts';
import type { CallRecord, LegRole, MakeCall } from './call-record.ts';
import { CallRelay } from './call-relay.ts';
import { CallSound } from './call-sound.ts';
import type { SipServerConfiguration } from './configuration.ts';
import type { SipServerEffect } from './effects.ts';
import { LegWatch } from './leg-watch.ts';
import { inactiveOffer } from './sdp.ts';

/** RFC 3261 §8.1.1.6. */
const MAX_FORWARDS_DEFAULT = 70;
/** A phone that is registered from more places than this rings at the most recent ones only. */
export const FORKS_MAX = 4;
/** Calls at once in one SIP Server; one more is answered 503. About 10 KB each. */
export const CALLS_MAX = 20_000;
/** Asked of whoever is refused for that, s. */
const RETRY_AFTER_S = 5;

/** MakeCall: who has just asked for a call picks up, or is not there. */
export const OWN_PHONE_RINGING_MAX_MS = 30_000;

type Ring = Extract<CentreEffect, { type: 'ring' }>;

/** Where a phone or gateway is called. */
export interface Contact {
  readonly uri: string;
  readonly target: Target;
}

/** What call control needs around it. */
export interface CallPorts extends AdmissionPorts {
  readonly userAgent: SipUserAgent;
  readonly random: Random;
  readonly callsMax: number;
  /** Where requests to a registered phone go, the most recent contact first; empty when out of service. */
  contactsOf(dn: string): readonly Contact[];
  /** Nobody answers at this contact of the DN [D16, D17]. */
  contactFailed(now: Millis, dn: string, contact: string): void;
  /** Performs what a user agent method answered. */
  run(output: ReturnType<SipUserAgent['receive']>): void;
  /** Tells the centre a fact; it is handled after the present input. */
  tell(input: CentreInput): void;
  emit(effect: SipServerEffect): void;
}

export class CallControl {
  readonly #ports: CallPorts;
  readonly #calls = new Map<string, CallRecord>();
  readonly #legs = new Map<LegId, LegRole>();
  readonly #admission: CallAdmission;
  readonly #sound: CallSound;
  readonly #relay: CallRelay;
  readonly #watch: LegWatch;
  /** Legs whose connection is lost. */
  readonly #adrift = new Set<LegId>();
  #configuration: SipServerConfiguration | undefined;

  constructor(ports: CallPorts) {
    this.#ports = ports;
    this.#admission = new CallAdmission(ports);
    this.#sound = new CallSound(ports);
    this.#relay = new CallRelay(ports, (leg) => this.#legs.get(leg));
    this.#watch = new LegWatch(ports);
  }

  configure(configuration: SipServerConfiguration): void {
    this.#configuration = configuration;
    this.#admission.configure(configuration);
  }

  get size(): number {
    return this.#calls.size;
  }

  /** Calls, legs, legs that are asked about, and requests that wait: all 0 when nobody calls. */
  sizes() {
    const { size: watched } = this.#watch;
    const legs = this.#legs.size + this.#adrift.size;
    return { calls: this.#calls.size, legs, watched, passedThrough: this.#relay.size };
  }

  nextDeadline(): Millis | undefined {
    return this.#watch.nextDeadline();
  }

  expire(now: Millis): void {
    this.#watch.expire(now);
  }

  /** For checks: every call with its number of standing legs. */
  *calls(): Generator<CallRecord> {
    yield* this.#calls.values();
  }

  // ── SIP → centre ─────────────────────────────────────────────────────────────────────────────────────────

  onUserAgent(now: Millis, event: UserAgentEvent): void {
    switch (event.type) {
      case 'incoming':
        return this.#incoming(now, event.leg, event.request, event.source);
      case 'cancelled':
        return this.#ended(now, event.leg, 'normal');
      case 'progress':
        return this.#progress(now, event.leg, event.sdp);
      case 'answered':
        if (this.#legs.has(event.leg)) this.#watch.watch(now, event.leg);
        return this.#answered(now, event.leg, event.sdp);
      case 'failed':
        return this.#failed(now, event.leg, event.status, event.response);
      case 'acknowledged':
        // Unless it has been hung up meanwhile.
        if (this.#legs.has(event.leg)) this.#watch.watch(now, event.leg);
        return this.#relay.acknowledged(now, event.leg, event.sdp);
      case 'offer':
        return this.#relay.offer(now, event.leg, event.sdp);
      case 'offerWithdrawn':
        return this.#relay.offerWithdrawn(event.leg);
      case 'offerAnswered':
        return this.#relay.offerAnswered(now, event.leg, event.status, event.sdp);
      case 'inDialogRequest':
        return this.#relay.passRequest(now, event.leg, event.transaction, event.request);
      case 'inDialogResponse':
        if (event.method !== 'INFO') return;
        return this.#relay.passResponse(now, event.leg, event.status, event.response);
      case 'ended':
        this.#watch.forget(event.leg);
        return this.#ended(now, event.leg, event.by === 'lost' ? 'lost' : 'normal');
      case 'ringAcknowledged':
      case 'request':
      case 'response':
        return;
    }
  }

  #incoming(now: Millis, leg: LegId, request: SipRequest, source: Source): void {
    if (this.#configuration === undefined) return this.#reject(now, leg, { status: 503, headers: [] });
    if (this.#calls.size >= this.#ports.callsMax) {
      return this.#reject(now, leg, { status: 503, headers: [['Retry-After', String(RETRY_AFTER_S)]] });
    }
    const admitted = this.#admission.admit(now, request, source);
    if ('status' in admitted) return this.#reject(now, leg, admitted);
    const { dn, ani, from, to, trunk, sdp } = admitted;
    const maxForwards = (maxForwardsOf(request) ?? MAX_FORWARDS_DEFAULT) - 1;
    const call = this.#open({ leg, dn, ani, maxForwards, sdp });
    this.#legs.set(leg, { call, role: 'origin', dn, offer: undefined, contact: undefined, hasRung: true });
    const { connId } = call;
    this.#ports.tell({
      type: 'callStarted',
      connId,
      from,
      to,
      ...(trunk === undefined ? {} : { trunk }),
      userData: {},
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
      makeCall: undefined,
      over: false,
    };
    this.#calls.set(call.connId, call);
    return call;
  }

  #reject(now: Millis, leg: LegId, { status, headers }: Refusal): void {
    this.#ports.run(this.#ports.userAgent.reject(now, leg, status, { headers }));
  }

  #progress(now: Millis, leg: LegId, sdp: Uint8Array | undefined): void {
    const role = this.#legs.get(leg);
    if (role !== undefined) role.hasRung = true;
    if (role?.role !== 'party' || role.dn === undefined) return;
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
    if (role.role === 'origin') return this.#originAnswered(call, sdp);
    const dn = must(role.dn, 'a called party has a DN');
    const ringing = call.ringing.get(dn);
    // Answered in the moment in which it was withdrawn (RFC 3261 §13.2.2.4).
    if (call.over || call.party !== undefined || ringing === undefined) return this.#hangUp(now, leg);
    call.ringing.delete(dn);
    for (const other of ringing.legs) if (other !== leg) this.#giveUp(now, other);
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

  /** The phone for which a client made a call has answered: now the destination is called. */
  #originAnswered(call: CallRecord, _inactive: Uint8Array | undefined): void {
    call.origin.answered = true;
    const asked = must(call.makeCall, 'only MakeCall calls its origin');
    call.makeCall = undefined;
    const trunk = this.#admission.trunkFor(asked.destination);
    this.#ports.tell({
      type: 'callStarted',
      connId: call.connId,
      from: { dn: must(call.origin.dn, 'MakeCall starts at an extension') },
      to: asked.destination,
      ...(trunk === undefined ? {} : { trunk }),
      userData: asked.userData,
    });
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
      return this.#forgetIfEmpty(call);
    }
    this.#forkFailed(now, call, { leg, dn: must(dn, 'a called party has a DN'), status });
    this.#forgetIfEmpty(call);
  }

  /** The party has failed when none of its phones is left; the best of their reasons counts (RFC 3261 §16.7). */
  #forkFailed(now: Millis, call: CallRecord, fork: { leg: LegId; dn: string; status: number }): void {
    const { leg, dn, status } = fork;
    const ringing = call.ringing.get(dn);
    if (ringing?.legs.delete(leg) !== true) return;
    const why = releaseOf(status);
    if (RANK.indexOf(why) < RANK.indexOf(ringing.why)) ringing.why = why;
    // A 6xx speaks for the person, at whatever phone.
    if (status < 600 && ringing.legs.size > 0) return;
    call.ringing.delete(dn);
    for (const other of ringing.legs) this.#giveUp(now, other);
    this.#ports.tell({ type: 'partyFailed', connId: call.connId, dn, why: ringing.why });
  }

  #ended(now: Millis, leg: LegId, why: PartyRelease): void {
    const role = this.#legs.get(leg);
    if (role === undefined) return;
    const { call, dn } = role;
    this.#drop(now, leg);
    const isParty = call.party?.leg === leg;
    if (role.role === 'origin') this.#sound.stop(call);
    if (isParty) call.party = undefined;
    if (role.role === 'origin' || isParty) {
      this.#ports.tell({ type: 'partyGone', connId: call.connId, ...(dn === undefined ? {} : { dn }), why });
    }
    this.#forgetIfEmpty(call);
  }

  /** A connection is lost: its legs wait for their phones to come back over another [C42]. */
  flowFailed(flow: string): void {
    for (const [leg, { dn }] of this.#legs) {
      if (dn !== undefined && this.#ports.userAgent.legInfo(leg)?.source?.flow === flow)
        this.#adrift.add(leg);
    }
  }

  /** The phone of this DN is reached there: so are its legs whose connection was lost. */
  reached(dn: string, target: Target): void {
    if (this.#adrift.size === 0) return;
    for (const leg of this.#adrift) {
      if (this.#legs.get(leg)?.dn !== dn) continue;
      this.#adrift.delete(leg);
      this.#ports.userAgent.reachAt(leg, target);
    }
  }

  // ── centre → SIP ─────────────────────────────────────────────────────────────────────────────────────────

  ring(now: Millis, effect: Ring): void {
    const call = this.#calls.get(effect.connId);
    const configuration = this.#configuration;
    if (call === undefined || call.over || configuration === undefined) return;
    const { connId } = call;
    const { dn } = effect;
    const contacts = this.#contactsFor(effect);
    if (contacts.length === 0)
      return this.#ports.tell({ type: 'partyFailed', connId, dn, why: 'unreachable' });
    const legs = new Set<LegId>();
    call.ringing.set(dn, { legs, why: 'unreachable' });
    const offer = call.origin.sdp;
    for (const contact of contacts) {
      const options = this.#inviteOptions(call, { dn, contact, offer }, configuration);
      const { leg, output } = this.#ports.userAgent.invite(now, options);
      legs.add(leg);
      const registered = effect.trunk === undefined ? contact.uri : undefined;
      this.#legs.set(leg, { call, role: 'party', dn, offer, contact: registered, hasRung: false });
      this.#ports.run(output);
    }
  }

  #contactsFor(effect: Ring): readonly Contact[] {
    if (effect.trunk === undefined) return this.#ports.contactsOf(effect.dn).slice(0, FORKS_MAX);
    const gateway = this.#admission.dn(effect.trunk)?.gateway;
    if (gateway === undefined) return [];
    const { host, port, transport } = gateway;
    const parameter = transport === 'UDP' ? '' : `;transport=${transport.toLowerCase()}`;
    const uri = `sip:${effect.dn}@${withBrackets(host)}:${port}${parameter}`;
    return [{ uri, target: { host, port, transport } }];
  }

  #inviteOptions(
    call: CallRecord,
    called: {
      readonly dn: string;
      readonly contact: Contact;
      readonly offer: Uint8Array | undefined;
    },
    configuration: SipServerConfiguration,
  ): InviteOptions {
    const { dn, contact, offer } = called;
    return {
      uri: contact.uri,
      destination: { type: 'target', target: contact.target },
      from: `<sip:${call.origin.ani}@${configuration.realm}>`,
      to: `<sip:${dn}@${configuration.realm}>`,
      contact: this.#ports.userAgent.contactFor(contact.target.transport),
      ...(offer === undefined ? {} : { sdp: offer }),
      headers: [
        ['Max-Forwards', String(Math.max(0, call.origin.maxForwards))],
        ['X-Holdfast-ConnID', call.connId],
      ],
      ringingMax: configuration.ringingMaxMs,
    };
  }

  withdraw(now: Millis, connId: string, dn: string): void {
    const call = this.#calls.get(connId);
    const ringing = call?.ringing.get(dn);
    call?.ringing.delete(dn);
    for (const leg of ringing?.legs ?? []) this.#giveUp(now, leg);
    if (call?.party?.dn === dn) {
      const { leg } = call.party;
      call.party = undefined;
      this.#hangUp(now, leg);
    }
  }

  treat(now: Millis, connId: string, treatment: 'ringback' | 'music' | 'tone'): void {
    const call = this.#calls.get(connId);
    if (call !== undefined) this.#sound.treat(now, call, treatment);
  }

  treatmentReady(now: Millis, connId: string, sdp: Uint8Array): void {
    this.#sound.ready(now, this.#calls.get(connId), connId, sdp);
  }

  treatmentFailed(now: Millis, connId: string): void {
    const call = this.#calls.get(connId);
    if (call !== undefined) this.#sound.failed(now, call);
  }

  release(now: Millis, connId: string, status: number): void {
    const call = this.#calls.get(connId);
    if (call === undefined) return;
    call.over = true;
    this.#sound.stop(call);
    for (const { legs } of call.ringing.values()) for (const leg of legs) this.#giveUp(now, leg);
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

  /** MakeCall of a client: first the phone of the DN is called, then the destination (RFC 3725 §4.4). */
  makeCall(now: Millis, dn: string, asked: MakeCall, address: string): 'started' | 'no-phone' | 'too-many' {
    const contact = this.#ports.contactsOf(dn)[0];
    if (contact === undefined || this.#configuration === undefined) return 'no-phone';
    if (this.#calls.size >= this.#ports.callsMax) return 'too-many';
    const offer = inactiveOffer(address, Math.floor(this.#ports.random() * 1e9));
    // Its own description is of no use yet: it answers silence with silence.
    const call = this.#open({ leg: '', dn, ani: dn, maxForwards: MAX_FORWARDS_DEFAULT, sdp: undefined });
    call.makeCall = asked;
    call.origin.told = offer;
    const options = this.#inviteOptions(call, { dn, contact, offer }, this.#configuration);
    const ringingMax = Math.min(this.#configuration.ringingMaxMs, OWN_PHONE_RINGING_MAX_MS);
    const { leg, output } = this.#ports.userAgent.invite(now, { ...options, ringingMax });
    call.origin.leg = leg;
    this.#legs.set(leg, { call, role: 'origin', dn, offer, contact: contact.uri, hasRung: false });
    this.#ports.run(output);
    return 'started';
  }

  #hangUp(now: Millis, leg: LegId): void {
    const role = this.#legs.get(leg);
    this.#drop(now, leg);
    this.#ports.run(this.#ports.userAgent.bye(now, leg, {}));
    if (role !== undefined) this.#forgetIfEmpty(role.call);
  }

  #giveUp(now: Millis, leg: LegId): void {
    // The leg stays known until its INVITE has ended: it may still be answered in this moment.
    this.#ports.run(this.#ports.userAgent.cancel(now, leg));
  }

  #drop(now: Millis, leg: LegId): void {
    this.#watch.forget(leg);
    this.#adrift.delete(leg);
    this.#legs.delete(leg);
    this.#relay.forget(now, leg);
  }

  #forgetIfEmpty(call: CallRecord): void {
    const stands = this.#legs.has(call.origin.leg) || call.party !== undefined || call.ringing.size > 0;
    if (call.over || !stands) this.#calls.delete(call.connId);
  }
}

/** What a failure of a called party means to the centre (RFC 3261 §21). */
function releaseOf(status: number): PartyRelease {
  if (status === 486 || status === 600) return 'busy';
  if (status === 603 || status === 403 || status === 488) return 'rejected';
  if (status === 487 || status === 480) return 'no-answer';
  return 'unreachable';
}

/** What a person did says more than what a network did. */
const RANK: readonly PartyRelease[] = ['rejected', 'busy', 'no-answer', 'lost', 'normal', 'unreachable'];
