/**
 * What the origin of a call hears until it is joined with a party: the ringing tone of its own side, early media,
 * music or tone of the announcer; and the step that turns it to the party who has answered.
 *
 *     INVITE ──▶ 180 / 183 ──▶ 200 with the announcer's description ──▶ re-INVITE with the party's
 *                    └──────────────── 200 with the party's ─────────────────▲
 *
 * Whoever has been answered hears nothing of a 180 any more: then the announcer's tone rings.
 */
import type { Millis } from '@holdfast/kernel';
import type { LegId } from '@holdfast/sip';
import type { CallPorts } from './call-ports.ts';
import type { CallRecord, Party, Turn } from './call-record.ts';
import { continued } from './sdp.ts';

export class CallSound {
  readonly #ports: CallPorts;

  constructor(ports: CallPorts) {
    this.#ports = ports;
  }

  /** A phone that was called rings; `early` is what it lets the caller hear meanwhile. */
  alert(now: Millis, call: CallRecord, early?: { readonly leg: LegId; readonly sdp: Uint8Array }): void {
    if (call.over || call.makeCall !== undefined) return;
    const { origin } = call;
    if (origin.answered) return this.#ringInBand(call);
    if (early === undefined && call.alerted) return;
    call.alerted = true;
    if (early === undefined) {
      return this.#ports.run(this.#ports.userAgent.ring(now, origin.leg, { status: 180 }));
    }
    call.early = early.leg;
    origin.told = continued(origin.told, early.sdp);
    this.#ports.run(this.#ports.userAgent.ring(now, origin.leg, { status: 183, sdp: origin.told }));
  }

  treat(now: Millis, call: CallRecord, treatment: 'ringback' | 'music' | 'tone'): void {
    if (call.over) return;
    if (treatment === 'ringback') return this.alert(now, call);
    if (call.treatment?.kind === treatment) return;
    this.stop(call);
    this.#start(call, treatment);
  }

  /** The announcer of the server before us is gone: ours begins, and the caller is turned to it. */
  goOn(call: CallRecord): void {
    if (call.treatment !== undefined && !call.over) this.#start(call, call.treatment.kind);
  }

  #ringInBand(call: CallRecord): void {
    if (call.treatment === undefined && call.party === undefined) this.#start(call, 'tone');
  }

  #start(call: CallRecord, kind: 'music' | 'tone'): void {
    call.treatment = { kind, sdp: undefined };
    const { sdp } = call.origin;
    this.#ports.emit({
      type: 'treatmentStart',
      id: call.connId,
      kind,
      ...(sdp === undefined ? {} : { remote: sdp }),
    });
  }

  stop(call: CallRecord): void {
    if (call.treatment === undefined) return;
    call.treatment = undefined;
    this.#ports.emit({ type: 'treatmentStop', id: call.connId });
  }

  ready(now: Millis, call: CallRecord | undefined, connId: string, sdp: Uint8Array): void {
    if (call?.treatment === undefined || call.over) {
      // Served or gone while the announcer was getting ready.
      return this.#ports.emit({ type: 'treatmentStop', id: connId });
    }
    call.treatment.sdp = sdp;
    if (call.origin.answered) this.#turn(now, call, { to: 'treatment' }, sdp);
    else this.#answer(now, call, { to: 'treatment' }, sdp);
  }

  /** Without music the caller at least hears that the call is alive. */
  failed(now: Millis, call: CallRecord): void {
    call.treatment = undefined;
    // Whoever has been answered would only be sent to the same announcer again.
    if (!call.origin.answered) this.alert(now, call);
  }

  /** Brings the two ends together once the party has answered. */
  connect(now: Millis, call: CallRecord, party: Party): void {
    this.stop(call);
    const turn: Turn = { to: 'party', leg: party.leg };
    if (call.origin.answered) this.#turn(now, call, turn, party.sdp);
    else this.#answer(now, call, turn, party.sdp);
  }

  #answer(now: Millis, call: CallRecord, turn: Turn, sdp: Uint8Array): void {
    const { origin } = call;
    origin.answered = true;
    origin.told = continued(origin.told, sdp);
    // Without an offer of its own the origin takes this for one, and answers in its ACK.
    if (origin.sdp === undefined) call.offeredInAnswer = turn;
    this.#ports.run(this.#ports.userAgent.answer(now, origin.leg, { sdp: origin.told }));
    const earlier = call.early;
    // RFC 3261 §13.2.1: the first answer that the caller saw is its answer; a later one must be an offer.
    if (earlier !== undefined && !(turn.to === 'party' && turn.leg === earlier)) {
      this.#turn(now, call, turn, sdp);
    }
  }

  #turn(now: Millis, call: CallRecord, turn: Turn, sdp: Uint8Array): void {
    const { origin } = call;
    origin.told = continued(origin.told, sdp);
    call.turns.push(turn);
    this.#ports.run(this.#ports.userAgent.reinvite(now, origin.leg, origin.told));
  }
}
