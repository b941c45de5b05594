/**
 * What changes in a call that stands: an offer of one end is put to the other and the answer brought back
 * (RFC 3261 §14, RFC 3311), a late offer is finished, INFO passes through. Nothing here starts or ends a call.
 */
import type { Millis } from '@holdfast/kernel';
import { cseqOf, headerValue, type LegId, type SipRequest, type SipResponse } from '@holdfast/sip';
import type { CallPorts } from './call-control.ts';
import type { CallRecord, LegRole } from './call-record.ts';
import { isHold } from './sdp.ts';

export class CallRelay {
  readonly #ports: CallPorts;
  readonly #roleOf: (leg: LegId) => LegRole | undefined;
  /** In-dialog requests (INFO) put through: leg that got ours → the transaction that waits for the answer. */
  readonly #passedThrough = new Map<LegId, string>();

  constructor(ports: CallPorts, roleOf: (leg: LegId) => LegRole | undefined) {
    this.#ports = ports;
    this.#roleOf = roleOf;
  }

  acknowledged(now: Millis, leg: LegId, sdp: Uint8Array | undefined): void {
    const role = this.#roleOf(leg);
    if (role === undefined || sdp === undefined || role.role !== 'origin') return;
    const { call } = role;
    call.origin.sdp = sdp;
    if (call.treatment !== undefined)
      this.#ports.emit({ type: 'treatmentRemote', id: call.connId, remote: sdp });
    this.#finishLateOffer(now, call, sdp);
  }

  #finishLateOffer(now: Millis, call: CallRecord, answer: Uint8Array): void {
    if (!call.acknowledgeWithAnswer || call.party === undefined) return;
    call.acknowledgeWithAnswer = false;
    this.#ports.run(this.#ports.userAgent.acknowledge(now, call.party.leg, answer));
  }

  offer(now: Millis, leg: LegId, sdp: Uint8Array | undefined): void {
    const { userAgent } = this.#ports;
    const role = this.#roleOf(leg);
    if (role === undefined) return this.#ports.run(userAgent.rejectOffer(now, leg, 481));
    const { call } = role;
    const other = this.#otherLeg(call, leg);
    const last = role.role === 'origin' ? (call.party?.sdp ?? call.treatment?.sdp) : call.origin.sdp;
    if (sdp === undefined || other === undefined) {
      // It asks for our offer, or nobody else is there yet: what it heard last still holds (RFC 3261 §14.2).
      return this.#ports.run(
        last === undefined ? userAgent.rejectOffer(now, leg, 488) : userAgent.acceptOffer(now, leg, last),
      );
    }
    if (call.relay !== undefined) return this.#ports.run(userAgent.rejectOffer(now, leg, 491));
    call.relay = { from: leg, to: other, sdp };
    this.#ports.run(userAgent.reinvite(now, other, sdp));
  }

  offerAnswered(now: Millis, leg: LegId, status: number, sdp: Uint8Array | undefined): void {
    const role = this.#roleOf(leg);
    if (role === undefined) return;
    const { call } = role;
    const relay = call.relay;
    if (relay !== undefined && relay.to === leg) {
      call.relay = undefined;
      return this.#relayAnswered(now, call, relay, status, sdp);
    }
    if (status >= 300) {
      // The origin will not be turned to the party: without sound there is no call.
      if (call.party !== undefined)
        this.#ports.tell({ type: 'partyGone', connId: call.connId, dn: call.party.dn, why: 'lost' });
      return;
    }
    if (role.role === 'origin' && sdp !== undefined) {
      call.origin.sdp = sdp;
      if (call.treatment !== undefined)
        this.#ports.emit({ type: 'treatmentRemote', id: call.connId, remote: sdp });
      this.#finishLateOffer(now, call, sdp);
    }
  }

  #relayAnswered(
    now: Millis,
    call: CallRecord,
    relay: NonNullable<CallRecord['relay']>,
    status: number,
    sdp: Uint8Array | undefined,
  ): void {
    const { userAgent } = this.#ports;
    if (status >= 300 || sdp === undefined) {
      return this.#ports.run(userAgent.rejectOffer(now, relay.from, status >= 300 ? status : 488));
    }
    this.#ports.run(userAgent.acceptOffer(now, relay.from, sdp));
    const fromOrigin = relay.from === call.origin.leg;
    if (fromOrigin) call.origin.sdp = relay.sdp;
    else if (call.party !== undefined) call.party.sdp = relay.sdp;
    const dn = fromOrigin ? call.origin.dn : call.party?.dn;
    if (dn !== undefined)
      this.#ports.tell({ type: 'partyHeld', connId: call.connId, dn, held: isHold(relay.sdp) });
  }

  /** The leg is over: nothing waits for it any more. */
  forget(leg: LegId): void {
    this.#passedThrough.delete(leg);
  }

  /** INFO passes through (DTMF, RFC 6086); what would change the call without the centre does not. */
  passRequest(now: Millis, leg: LegId, transaction: string, request: SipRequest): void {
    const { userAgent } = this.#ports;
    const role = this.#roleOf(leg);
    const other = role === undefined ? undefined : this.#otherLeg(role.call, leg);
    // A phone asks whether the call still stands: for a leg that we know it does [C47].
    if (request.method === 'OPTIONS') return this.#ports.run(userAgent.respond(now, transaction, 200, {}));
    if (request.method !== 'INFO') {
      return this.#ports.run(userAgent.respond(now, transaction, request.method === 'REFER' ? 603 : 405, {}));
    }
    if (other === undefined || this.#passedThrough.has(other)) {
      return this.#ports.run(userAgent.respond(now, transaction, other === undefined ? 200 : 491, {}));
    }
    this.#passedThrough.set(other, transaction);
    const type = headerValue(request, 'content-type');
    const headers = type === undefined ? [] : [['Content-Type', type] as const];
    this.#ports.run(userAgent.sendInDialog(now, other, 'INFO', { headers, body: request.body }));
  }

  passResponse(now: Millis, leg: LegId, status: number, response: SipResponse | undefined): void {
    const transaction = this.#passedThrough.get(leg);
    if (transaction === undefined || (response !== undefined && cseqOf(response)?.method !== 'INFO')) return;
    this.#passedThrough.delete(leg);
    this.#ports.run(this.#ports.userAgent.respond(now, transaction, status, {}));
  }

  #otherLeg(call: CallRecord, leg: LegId): LegId | undefined {
    return leg === call.origin.leg ? call.party?.leg : call.origin.leg;
  }
}
