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
  fromOf,
  headerValue,
  type InviteOptions,
  type LegId,
  maxForwardsOf,
  parseUri,
  type SipRequest,
  type SipUserAgent,
  type Source,
  type Target,
  type UserAgentEvent,
} from '@holdfast/sip';
import type { CallRecord, LegRole, MakeCall } from './call-record.ts';
import { CallRelay } from './call-relay.ts';
import type { SipDN, SipServerConfiguration } from './configuration.ts';
import type { SipServerEffect } from './effects.ts';
import { inactiveOffer } from './sdp.ts';

/** RFC 3261 §8.1.1.6. */
const MAX_FORWARDS_DEFAULT = 70;
/** A phone that is registered from more places than this rings at the most recent ones only. */
export const FORKS_MAX = 4;
/** Calls at once in one SIP Server; one more is answered 503. About 10 KB each. */
export const CALLS_MAX = 20_000;

type Ring = Extract<CentreEffect, { type: 'ring' }>;

/** What call control needs around it. */
export interface CallPorts {
  readonly userAgent: SipUserAgent;
  readonly random: Random;
  /** Where requests to a registered phone go, the most recent contact first; empty when out of service. */
  contactsOf(dn: string): readonly { readonly uri: string; readonly target: Target }[];
  /** Who may call from an extension: the DN when the request proves it, else the refusal to send. */
  authenticate(now: Millis, request: SipRequest): { readonly dn: string } | { readonly refuse: Refusal };
  /** Performs what a user agent method answered. */
  run(output: ReturnType<SipUserAgent['receive']>): void;
  /** Tells the centre a fact; it is handled after the present input. */
  tell(input: CentreInput): void;
  emit(effect: SipServerEffect): void;
}

export interface Refusal {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
}

export class CallControl {
  readonly #ports: CallPorts;
  readonly #calls = new Map<string, CallRecord>();
  readonly #legs = new Map<LegId, LegRole>();
  readonly #relay: CallRelay;
  #configuration: SipServerConfiguration | undefined;
  #dns = new Map<string, SipDN>();
  #trunks: SipDN[] = [];

  constructor(ports: CallPorts) {
    this.#ports = ports;
    this.#relay = new CallRelay(ports, (leg) => this.#legs.get(leg));
  }

  configure(configuration: SipServerConfiguration): void {
    this.#configuration = configuration;
    this.#dns = new Map(configuration.dns.map((dn) => [dn.number, dn]));
    this.#trunks = configuration.dns.filter((dn) => dn.gateway !== undefined);
  }

  get size(): number {
    return this.#calls.size;
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
        return this.#originGone(event.leg, 'normal');
      case 'progress':
        return this.#progress(now, event.leg, event.sdp);
      case 'answered':
        return this.#answered(now, event.leg, event.sdp);
      case 'failed':
        return this.#failed(event.leg, event.status);
      case 'acknowledged':
        return this.#relay.acknowledged(now, event.leg, event.sdp);
      case 'offer':
        return this.#relay.offer(now, event.leg, event.sdp);
      case 'offerAnswered':
        return this.#relay.offerAnswered(now, event.leg, event.status, event.sdp);
      case 'inDialogRequest':
        return this.#relay.passRequest(now, event.leg, event.transaction, event.request);
      case 'inDialogResponse':
        return this.#relay.passResponse(now, event.leg, event.status, event.response);
      case 'ended':
        return this.#ended(event.leg, event.by === 'lost' ? 'lost' : 'normal');
      case 'request':
      case 'response':
        return;
    }
  }

  #incoming(now: Millis, leg: LegId, request: SipRequest, source: Source): void {
    const configuration = this.#configuration;
    if (configuration === undefined) return this.#reject(now, leg, 503);
    if (this.#calls.size >= CALLS_MAX) return this.#reject(now, leg, 503, [['Retry-After', '5']]);
    const called = parseUri(request.uri)?.user;
    if (called === undefined) return this.#reject(now, leg, 404);
    const trunk = this.#trunkOf(request, source);
    let dn: string | undefined;
    if (trunk === undefined) {
      const proof = this.#ports.authenticate(now, request);
      if ('refuse' in proof) return this.#reject(now, leg, proof.refuse.status, proof.refuse.headers);
      dn = proof.dn;
    }
    const outbound = this.#dns.has(called) ? undefined : this.#trunks[0];
    if (!this.#dns.has(called) && (trunk !== undefined || outbound === undefined))
      return this.#reject(now, leg, 404);
    const ani = dn ?? parseUri(fromOf(request)?.uri ?? '')?.user ?? 'anonymous';
    const call = this.#open(leg, {
      dn,
      ani,
      maxForwards: (maxForwardsOf(request) ?? MAX_FORWARDS_DEFAULT) - 1,
    });
    call.origin.sdp = request.body.length > 0 ? request.body : undefined;
    this.#ports.tell({
      type: 'callStarted',
      connId: call.connId,
      from:
        trunk !== undefined
          ? { ani, trunk: trunk.number }
          : { dn: must(dn, 'an authenticated caller has a DN') },
      to: called,
      ...(outbound === undefined ? {} : { trunk: outbound.number }),
      userData: {},
    });
  }

  /** A request comes from a gateway when it comes from the gateway's address, or names it in its Via over TCP. */
  #trunkOf(request: SipRequest, source: Source): SipDN | undefined {
    return this.#trunks.find((dn) => {
      if (dn.gateway === undefined || dn.gateway.host !== source.host) return false;
      if (dn.gateway.port === source.port) return true;
      return (
        source.transport === 'TCP' &&
        headerValue(request, 'via')?.includes(`${dn.gateway.host}:${dn.gateway.port}`) === true
      );
    });
  }

  #open(leg: LegId, origin: { dn: string | undefined; ani: string; maxForwards: number }): CallRecord {
    const call: CallRecord = {
      connId: randomToken(this.#ports.random, 16),
      origin: {
        leg,
        dn: origin.dn,
        ani: origin.ani,
        answered: false,
        sdp: undefined,
        maxForwards: origin.maxForwards,
      },
      ringing: new Map(),
      party: undefined,
      treatment: undefined,
      alerted: false,
      acknowledgeWithAnswer: false,
      relay: undefined,
      makeCall: undefined,
      over: false,
    };
    this.#calls.set(call.connId, call);
    this.#legs.set(leg, { call, role: 'origin', dn: origin.dn });
    return call;
  }

  #reject(
    now: Millis,
    leg: LegId,
    status: number,
    headers: readonly (readonly [string, string])[] = [],
  ): void {
    this.#ports.run(this.#ports.userAgent.reject(now, leg, status, { headers }));
  }

  #progress(now: Millis, leg: LegId, sdp: Uint8Array | undefined): void {
    const role = this.#legs.get(leg);
    if (role === undefined || role.role === 'origin' || role.dn === undefined) return;
    const { call } = role;
    this.#ports.tell({ type: 'partyRinging', connId: call.connId, dn: role.dn });
    // Early media reach the caller only from a single called party: two at once would fight for one ear.
    const early = sdp !== undefined && call.ringing.size === 1 ? sdp : undefined;
    this.#alert(now, call, early);
  }

  #alert(now: Millis, call: CallRecord, sdp?: Uint8Array): void {
    if (call.origin.answered || call.makeCall !== undefined || (call.alerted && sdp === undefined)) return;
    call.alerted = true;
    const status = sdp === undefined ? 180 : 183;
    this.#ports.run(
      this.#ports.userAgent.ring(now, call.origin.leg, { status, ...(sdp === undefined ? {} : { sdp }) }),
    );
  }

  #answered(now: Millis, leg: LegId, sdp: Uint8Array | undefined): void {
    const role = this.#legs.get(leg);
    if (role === undefined) return;
    if (role.role === 'origin') return this.#originAnswered(now, role.call);
    const { call } = role;
    const dn = must(role.dn, 'a called party has a DN');
    if (call.over || call.party !== undefined || !call.ringing.has(dn)) {
      // Answered in the moment in which it was withdrawn (RFC 3261 §13.2.2.4).
      if (sdp !== undefined && call.origin.sdp === undefined)
        this.#ports.run(this.#ports.userAgent.acknowledge(now, leg, sdp));
      return this.#hangUp(now, leg);
    }
    const others = call.ringing.get(dn);
    call.ringing.delete(dn);
    for (const other of others ?? []) if (other !== leg) this.#giveUp(now, other);
    call.party = { dn, leg, sdp };
    this.#ports.tell({ type: 'partyAnswered', connId: call.connId, dn });
    this.#connect(now, call, sdp);
  }

  /** Brings the two ends together once the party has answered. */
  #connect(now: Millis, call: CallRecord, partySdp: Uint8Array | undefined): void {
    const { userAgent } = this.#ports;
    call.acknowledgeWithAnswer = call.origin.sdp === undefined;
    if (!call.origin.answered) {
      call.origin.answered = true;
      this.#ports.run(
        userAgent.answer(now, call.origin.leg, partySdp === undefined ? {} : { sdp: partySdp }),
      );
      return;
    }
    this.#stopTreatment(call);
    this.#ports.run(userAgent.reinvite(now, call.origin.leg, partySdp));
  }

  /** The phone for which a client made a call has answered: now the destination is called. */
  #originAnswered(_now: Millis, call: CallRecord): void {
    call.origin.answered = true;
    const asked = must(call.makeCall, 'only MakeCall calls its origin');
    call.makeCall = undefined;
    const dn = must(call.origin.dn, 'MakeCall starts at an extension');
    const outbound = this.#dns.has(asked.destination) ? undefined : this.#trunks[0];
    this.#ports.tell({
      type: 'callStarted',
      connId: call.connId,
      from: { dn },
      to: asked.destination,
      ...(outbound === undefined ? {} : { trunk: outbound.number }),
      userData: asked.userData,
    });
  }

  #failed(leg: LegId, status: number): void {
    const role = this.#legs.get(leg);
    if (role === undefined) return;
    this.#legs.delete(leg);
    const { call } = role;
    if (role.role === 'origin') {
      // The phone that a client wanted to call from did not answer: the centre has not heard of the call yet.
      call.over = true;
      return this.#forgetIfEmpty(call);
    }
    const dn = must(role.dn, 'a called party has a DN');
    const legs = call.ringing.get(dn);
    legs?.delete(leg);
    if (legs !== undefined && legs.size === 0) {
      call.ringing.delete(dn);
      this.#ports.tell({ type: 'partyFailed', connId: call.connId, dn, why: releaseOf(status) });
    }
    this.#forgetIfEmpty(call);
  }

  #originGone(leg: LegId, why: PartyRelease): void {
    const role = this.#legs.get(leg);
    if (role === undefined) return;
    this.#legs.delete(leg);
    const { call } = role;
    this.#stopTreatment(call);
    this.#ports.tell({
      type: 'partyGone',
      connId: call.connId,
      ...(call.origin.dn === undefined ? {} : { dn: call.origin.dn }),
      why,
    });
    this.#forgetIfEmpty(call);
  }

  #ended(leg: LegId, why: PartyRelease): void {
    const role = this.#legs.get(leg);
    if (role === undefined) return;
    if (role.role === 'origin') return this.#originGone(leg, why);
    this.#legs.delete(leg);
    const { call } = role;
    if (call.party?.leg === leg) {
      call.party = undefined;
      this.#ports.tell({
        type: 'partyGone',
        connId: call.connId,
        dn: must(role.dn, 'a called party has a DN'),
        why,
      });
    }
    this.#forgetIfEmpty(call);
  }

  // ── centre → SIP ─────────────────────────────────────────────────────────────────────────────────────────

  ring(now: Millis, effect: Ring): void {
    const call = this.#calls.get(effect.connId);
    const configuration = this.#configuration;
    if (call === undefined || call.over || configuration === undefined) return;
    const contacts = this.#contactsFor(effect);
    if (contacts.length === 0) {
      return this.#ports.tell({
        type: 'partyFailed',
        connId: call.connId,
        dn: effect.dn,
        why: 'unreachable',
      });
    }
    const legs = new Set<LegId>();
    call.ringing.set(effect.dn, legs);
    for (const contact of contacts) {
      const options = this.#inviteOptions(call, effect.dn, contact, configuration);
      const { leg, output } = this.#ports.userAgent.invite(now, options);
      legs.add(leg);
      this.#legs.set(leg, { call, role: 'party', dn: effect.dn });
      this.#ports.run(output);
    }
  }

  #contactsFor(effect: Ring): readonly { readonly uri: string; readonly target: Target }[] {
    if (effect.trunk === undefined) return this.#ports.contactsOf(effect.dn).slice(0, FORKS_MAX);
    const gateway = this.#dns.get(effect.trunk)?.gateway;
    if (gateway === undefined) return [];
    const { host, port, transport } = gateway;
    return [{ uri: `sip:${effect.dn}@${host}:${port}`, target: { host, port, transport } }];
  }

  #inviteOptions(
    call: CallRecord,
    dn: string,
    contact: { readonly uri: string; readonly target: Target },
    configuration: SipServerConfiguration,
  ): InviteOptions {
    return {
      uri: contact.uri,
      destination: { type: 'target', target: contact.target },
      from: `<sip:${call.origin.ani}@${configuration.realm}>`,
      to: `<sip:${dn}@${configuration.realm}>`,
      contact: this.#ports.userAgent.contactFor(contact.target.transport),
      ...(call.origin.sdp === undefined ? {} : { sdp: call.origin.sdp }),
      headers: [
        ['Max-Forwards', String(Math.max(0, call.origin.maxForwards))],
        ['X-Holdfast-ConnID', call.connId],
      ],
      ringingMax: configuration.ringingMaxMs,
    };
  }

  withdraw(now: Millis, connId: string, dn: string): void {
    const call = this.#calls.get(connId);
    const legs = call?.ringing.get(dn);
    call?.ringing.delete(dn);
    for (const leg of legs ?? []) this.#giveUp(now, leg);
    if (call?.party?.dn === dn) {
      const { leg } = call.party;
      call.party = undefined;
      this.#hangUp(now, leg);
    }
  }

  treat(now: Millis, connId: string, treatment: 'ringback' | 'music' | 'tone'): void {
    const call = this.#calls.get(connId);
    if (call === undefined || call.over) return;
    if (treatment === 'ringback') return this.#alert(now, call);
    if (call.treatment?.kind === treatment) return;
    this.#stopTreatment(call);
    call.treatment = { kind: treatment, sdp: undefined };
    const { sdp } = call.origin;
    this.#ports.emit({
      type: 'treatmentStart',
      id: connId,
      kind: treatment,
      ...(sdp === undefined ? {} : { remote: sdp }),
    });
  }

  treatmentReady(now: Millis, connId: string, sdp: Uint8Array): void {
    const call = this.#calls.get(connId);
    if (call?.treatment === undefined || call.over || call.party !== undefined) {
      // Served or gone while the announcer was getting ready.
      this.#ports.emit({ type: 'treatmentStop', id: connId });
      return;
    }
    call.treatment.sdp = sdp;
    if (call.origin.answered)
      return this.#ports.run(this.#ports.userAgent.reinvite(now, call.origin.leg, sdp));
    call.origin.answered = true;
    this.#ports.run(this.#ports.userAgent.answer(now, call.origin.leg, { sdp }));
  }

  /** Without music the caller at least hears that the call is alive. */
  treatmentFailed(now: Millis, connId: string): void {
    const call = this.#calls.get(connId);
    if (call === undefined) return;
    call.treatment = undefined;
    this.#alert(now, call);
  }

  release(now: Millis, connId: string, status: number): void {
    const call = this.#calls.get(connId);
    if (call === undefined) return;
    call.over = true;
    this.#stopTreatment(call);
    for (const legs of call.ringing.values()) for (const leg of legs) this.#giveUp(now, leg);
    call.ringing.clear();
    if (call.party !== undefined) this.#hangUp(now, call.party.leg);
    call.party = undefined;
    const { leg, answered } = call.origin;
    if (this.#legs.has(leg)) {
      if (answered) this.#hangUp(now, leg);
      else {
        this.#legs.delete(leg);
        this.#reject(now, leg, status);
      }
    }
    this.#forgetIfEmpty(call);
  }

  /** MakeCall of a client: first the phone of the DN is called, then the destination (RFC 3725 §4.4). */
  makeCall(now: Millis, dn: string, asked: MakeCall, address: string): boolean {
    const contact = this.#ports.contactsOf(dn)[0];
    if (contact === undefined || this.#configuration === undefined || this.#calls.size >= CALLS_MAX)
      return false;
    const offer = inactiveOffer(address, Math.floor(this.#ports.random() * 1e9));
    const call = this.#open('', { dn, ani: dn, maxForwards: MAX_FORWARDS_DEFAULT });
    call.makeCall = asked;
    const options = this.#inviteOptions(call, dn, contact, this.#configuration);
    const { leg, output } = this.#ports.userAgent.invite(now, { ...options, sdp: offer });
    this.#legs.delete('');
    call.origin.leg = leg;
    this.#legs.set(leg, { call, role: 'origin', dn });
    this.#ports.run(output);
    return true;
  }

  #stopTreatment(call: CallRecord): void {
    if (call.treatment === undefined) return;
    call.treatment = undefined;
    this.#ports.emit({ type: 'treatmentStop', id: call.connId });
  }

  #hangUp(now: Millis, leg: LegId): void {
    const role = this.#legs.get(leg);
    this.#legs.delete(leg);
    this.#relay.forget(leg);
    this.#ports.run(this.#ports.userAgent.bye(now, leg, {}));
    if (role !== undefined) this.#forgetIfEmpty(role.call);
  }

  #giveUp(now: Millis, leg: LegId): void {
    // The leg stays known until its INVITE has ended: it may still be answered in this moment.
    this.#ports.run(this.#ports.userAgent.cancel(now, leg));
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
  if (status === 487) return 'no-answer';
  if (status === 480) return 'no-answer';
  return 'unreachable';
}
