/**
 * What changes in a call that stands: an offer of one end is put to the other and the answer brought back
 * (RFC 3261 §14, RFC 3311), a late offer is finished, INFO passes through. Nothing here starts or ends a call.
 */
import type { Millis } from '@holdfast/kernel';
import { cseqOf, headerValue, type LegId, type SipRequest, type SipResponse } from '@holdfast/sip';
import type { CallLegs } from './call-legs.ts';
import type { CallPorts } from './call-ports.ts';
import type { CallRecord, Relay, Turn } from './call-record.ts';
import { continued, inactive, isHold, sameDescription, unrestricted } from './sdp.ts';

/** In a dialog: what may come, as answers to anything else say (RFC 3261 §8.2.1). */
export const ALLOW = 'INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, PRACK, INFO, REFER, REGISTER';

export class CallRelay {
  readonly #ports: CallPorts;
  readonly #legs: CallLegs;
  /** In-dialog requests (INFO) put through: leg that got ours → the transaction that waits for the answer. */
  readonly #passedThrough = new Map<LegId, string>();

  constructor(ports: CallPorts, legs: CallLegs) {
    this.#ports = ports;
    this.#legs = legs;
  }

  /** Requests that wait for the answer of the other side. */
  get size(): number {
    return this.#passedThrough.size;
  }

  /** The ACK to a 2xx of ours came; `sdp` when the 2xx held an offer. */
  acknowledged(now: Millis, leg: LegId, sdp: Uint8Array | undefined): void {
    const role = this.#legs.get(leg);
    if (role === undefined) return;
    const { call } = role;
    const turn = call.offeredInAnswer;
    if (role.role === 'origin' && turn !== undefined) {
      call.offeredInAnswer = undefined;
      return this.#turned(now, call, turn, sdp);
    }
    if (sdp === undefined || isParked(call, leg)) return;
    // It asked what stands (RFC 3261 §14.2) and answers with what it has; only news concern the other end.
    const known = role.role === 'origin' ? call.origin.sdp : call.party?.sdp;
    if (known === undefined || sameDescription(known, sdp)) return;
    const other = this.#otherLeg(call, leg);
    if (other !== undefined && call.relay === undefined) this.#put(now, call, leg, other, sdp);
    else if (role.role === 'origin') this.#takeOrigin(call, sdp);
  }

  offer(now: Millis, leg: LegId, sdp: Uint8Array | undefined): void {
    const { userAgent } = this.#ports;
    const role = this.#legs.get(leg);
    if (role === undefined) return this.#ports.run(userAgent.rejectOffer(now, leg, 481));
    const { call } = role;
    // Whom it talked with is being turned to somebody else.
    if (isParked(call, leg)) return this.#ports.run(userAgent.rejectOffer(now, leg, 491));
    const told = role.role === 'origin' ? call.origin.told : call.party?.told;
    if (sdp === undefined) {
      // It asks for our offer: what it heard last still holds (RFC 3261 §14.2).
      return this.#ports.run(
        told === undefined ? userAgent.rejectOffer(now, leg, 488) : userAgent.acceptOffer(now, leg, told),
      );
    }
    const other = this.#otherLeg(call, leg);
    if (other === undefined) return this.#answerAlone(now, call, sdp);
    // AD11: the other end was behind a site that is dead, and is not here yet.
    if (userAgent.legInfo(other) === undefined) return this.#ports.run(userAgent.rejectOffer(now, leg, 480));
    const { party } = call;
    if (call.relay !== undefined || party?.awaitsAnswer === true || party?.awaitsOffer === true)
      return this.#ports.run(userAgent.rejectOffer(now, leg, 491));
    this.#put(now, call, leg, other, sdp);
  }

  /** Puts the description of one leg to the other. */
  #put(now: Millis, call: CallRecord, from: LegId | undefined, to: LegId, sdp: Uint8Array): void {
    call.relay = { from, to, sdp, withdrawn: false };
    this.#reinvite(now, call, to, sdp);
  }

  #reinvite(now: Millis, call: CallRecord, leg: LegId, sdp: Uint8Array): void {
    if (leg === call.origin.leg) call.turns.push({ to: 'relay' });
    this.#ports.run(this.#ports.userAgent.reinvite(now, leg, this.#tell(call, leg, sdp)));
  }

  /** The origin changes its media while nobody but the announcer is there. */
  #answerAlone(now: Millis, call: CallRecord, sdp: Uint8Array): void {
    const { origin } = call;
    const sound = call.treatment?.sdp ?? origin.told;
    if (sound === undefined) return this.#ports.run(this.#ports.userAgent.rejectOffer(now, origin.leg, 488));
    this.#takeOrigin(call, sdp);
    origin.told = continued(origin.told, isHold(sdp) ? inactive(sound) : sound);
    this.#ports.run(this.#ports.userAgent.acceptOffer(now, origin.leg, origin.told));
  }

  /** What the origin can be sent, from now on. */
  #takeOrigin(call: CallRecord, sdp: Uint8Array): void {
    call.origin.sdp = sdp;
    if (call.treatment !== undefined)
      this.#ports.emit({ type: 'treatmentRemote', id: call.connId, remote: sdp });
  }

  /** Whoever made the offer that is being put through has taken it back. */
  offerWithdrawn(leg: LegId): void {
    const relay = this.#legs.get(leg)?.call.relay;
    if (relay?.from === leg) relay.withdrawn = true;
  }

  /** The answer to an offer of ours: one that turned the origin, or one that was put through. */
  offerAnswered(now: Millis, leg: LegId, status: number, sdp: Uint8Array | undefined): void {
    const role = this.#legs.get(leg);
    if (role === undefined) return;
    const { call } = role;
    const answer = status < 300 ? sdp : undefined;
    if (role.role === 'origin') {
      const turn = call.turns.shift();
      if (turn !== undefined && turn.to !== 'relay') return this.#turned(now, call, turn, answer);
    }
    const { relay } = call;
    if (relay?.to !== leg) return;
    call.relay = undefined;
    this.#relayAnswered(now, call, relay, { status, sdp: answer });
  }

  #turned(now: Millis, call: CallRecord, turn: Turn, answer: Uint8Array | undefined): void {
    if (answer === undefined) {
      // The origin will not be turned to the party: without sound there is no call.
      if (turn.to === 'party' && call.party?.leg === turn.leg)
        this.#ports.tell({ type: 'partyGone', connId: call.connId, dn: call.party.dn, why: 'lost' });
      return;
    }
    this.#takeOrigin(call, answer);
    call.origin.sdp = unrestricted(answer);
    const { party } = call;
    if (turn.to !== 'party' || party?.leg !== turn.leg) return;
    if (party.awaitsOffer === true) {
      party.awaitsOffer = false;
      return this.#put(now, call, undefined, party.leg, answer);
    }
    if (!party.awaitsAnswer) return;
    party.awaitsAnswer = false;
    this.#ports.run(this.#ports.userAgent.acknowledge(now, party.leg, this.#tell(call, party.leg, answer)));
  }

  #relayAnswered(
    now: Millis,
    call: CallRecord,
    relay: Relay,
    { status, sdp }: { readonly status: number; readonly sdp: Uint8Array | undefined },
  ): void {
    const { userAgent } = this.#ports;
    const { origin, party } = call;
    const fromOrigin = relay.from === origin.leg;
    if (relay.from === undefined) return this.#joinedAnswered(call, relay.to, { status, sdp });
    if (relay.withdrawn) {
      // The other end has taken what nobody offers any more: it gets back what held before.
      const former = fromOrigin ? origin.sdp : party?.sdp;
      if (sdp !== undefined && former !== undefined) this.#reinvite(now, call, relay.to, former);
      return;
    }
    if (sdp === undefined)
      return this.#ports.run(userAgent.rejectOffer(now, relay.from, status >= 300 ? status : 488));
    this.#ports.run(userAgent.acceptOffer(now, relay.from, this.#tell(call, relay.from, sdp)));
    origin.sdp = fromOrigin ? relay.sdp : sdp;
    if (party !== undefined) party.sdp = fromOrigin ? sdp : relay.sdp;
    const dn = fromOrigin ? origin.dn : party?.dn;
    if (dn !== undefined)
      this.#ports.tell({ type: 'partyHeld', connId: call.connId, dn, held: isHold(relay.sdp) });
  }

  /** Of an end that came from another call. One that does not take it goes on sending to whoever has left. */
  #joinedAnswered(
    { connId, party }: CallRecord,
    leg: LegId,
    { status, sdp }: { readonly status: number; readonly sdp: Uint8Array | undefined },
  ): void {
    if (party?.leg !== leg) return;
    if (sdp !== undefined) {
      party.sdp = sdp;
      return;
    }
    const { dn } = party;
    const because = `${dn} will not be turned to whom it was joined with: it answered ${status}`;
    const line = { level: 'warn', what: 'call without sound ended', call: connId, dn, because } as const;
    this.#ports.emit({ type: 'log', line });
    this.#ports.tell({ type: 'partyGone', connId, dn, why: 'lost' });
  }

  /** The description as this leg is sent it, as part of the one session that it has with us. */
  #tell(call: CallRecord, leg: LegId, sdp: Uint8Array): Uint8Array {
    const end = leg === call.origin.leg ? call.origin : call.party;
    const told = continued(end?.told, sdp);
    if (end !== undefined) end.told = told;
    return told;
  }

  /** The leg is over: nothing waits for it any more. */
  forget(now: Millis, leg: LegId): void {
    const transaction = this.#passedThrough.get(leg);
    if (transaction === undefined) return;
    this.#passedThrough.delete(leg);
    this.#ports.run(this.#ports.userAgent.respond(now, transaction, 481, {}));
  }

  /** INFO passes through (DTMF, RFC 6086). */
  passRequest(now: Millis, leg: LegId, transaction: string, request: SipRequest): void {
    const { userAgent } = this.#ports;
    const role = this.#legs.get(leg);
    const other = role === undefined ? undefined : this.#otherLeg(role.call, leg);
    // A phone asks whether the call still stands: for a leg that we know it does [C47].
    if (request.method === 'OPTIONS')
      return this.#ports.run(userAgent.respond(now, transaction, role === undefined ? 481 : 200, {}));
    if (request.method !== 'INFO') {
      const headers = [['Allow', ALLOW]] as const;
      return this.#ports.run(userAgent.respond(now, transaction, 405, { headers }));
    }
    if (other === undefined || this.#passedThrough.has(other)) {
      return this.#ports.run(userAgent.respond(now, transaction, other === undefined ? 200 : 491, {}));
    }
    this.#passedThrough.set(other, transaction);
    const headers = PASSED.flatMap((name) => {
      const value = headerValue(request, name.toLowerCase());
      return value === undefined ? [] : [[name, value] as const];
    });
    this.#ports.run(userAgent.sendInDialog(now, other, 'INFO', { headers, body: request.body }));
  }

  passResponse(now: Millis, leg: LegId, status: number, response: SipResponse | undefined): void {
    const transaction = this.#passedThrough.get(leg);
    if (transaction === undefined || (response !== undefined && cseqOf(response)?.method !== 'INFO')) return;
    this.#passedThrough.delete(leg);
    this.#ports.run(this.#ports.userAgent.respond(now, transaction, status, {}));
  }

  #otherLeg(call: CallRecord, leg: LegId): LegId | undefined {
    if (isParked(call, leg)) return undefined;
    return leg === call.origin.leg ? call.party?.leg : call.origin.leg;
  }
}

function isParked({ transfer }: CallRecord, leg: LegId): boolean {
  return transfer?.parked?.leg === leg;
}

/** What makes a body of INFO understandable (RFC 6086 §5). */
const PASSED = ['Content-Type', 'Info-Package', 'Content-Disposition'] as const;
