/**
 * Calls that a client asks for (MakeCall): first the phone of its DN is called, with a description without sound, and when that
 * has answered, the destination (RFC 3725 §4.4). The centre hears of a call only then.
 */
import { type Millis, must } from '@holdfast/kernel';
import type { Asker } from './answers.ts';
import type { CallAdmission } from './call-admission.ts';
import type { CallPorts } from './call-ports.ts';
import type { CallRecord, MakeCall } from './call-record.ts';
import type { CallRinging } from './call-ringing.ts';
import { inactiveOffer } from './sdp.ts';

/** Who has just asked for a call picks up, or is not there. */
export const OWN_PHONE_RINGING_MAX_MS = 30_000;

export type MakeCallOutcome = 'started' | 'shutting-down' | 'no-phone' | 'too-many';

export interface MadeCallParts {
  readonly calls: ReadonlyMap<string, CallRecord>;
  readonly admission: CallAdmission;
  readonly ringing: CallRinging;
  /** A call whose phone is still to be called. */
  open(dn: string): CallRecord;
}

export class MadeCalls {
  readonly #ports: CallPorts;
  readonly #parts: MadeCallParts;

  constructor(ports: CallPorts, parts: MadeCallParts) {
    this.#ports = ports;
    this.#parts = parts;
  }

  /** LG3: this very request is being carried out. */
  isMaking(asker: Asker): boolean {
    for (const { makeCall } of this.#parts.calls.values()) if (makeCall?.client === asker) return true;
    return false;
  }

  make(now: Millis, dn: string, asked: MakeCall, address: string): MakeCallOutcome {
    const { admission, calls, ringing } = this.#parts;
    const refused = admission.refusalOfMakeCall(asked.destination, calls.size);
    if (refused !== undefined) return refused;
    const contact = this.#ports.contactsOf(dn)[0];
    if (contact === undefined) return 'no-phone';
    const offer = inactiveOffer(address, Math.floor(this.#ports.random() * 1e9));
    const call = this.#parts.open(dn);
    call.makeCall = asked;
    call.origin.told = offer;
    const { registered } = contact;
    const called = { role: 'origin', dn, at: contact, offer, contact: registered, over: undefined } as const;
    const ringingMax = OWN_PHONE_RINGING_MAX_MS;
    call.origin.leg = ringing.invite(now, call, { ...called, ringingMax });
    return 'started';
  }

  /** Its phone has answered: now the destination is called. */
  answered(call: CallRecord): void {
    call.origin.answered = true;
    const dn = must(call.origin.dn, 'MakeCall starts at an extension');
    const asked = must(call.makeCall, 'only MakeCall calls its origin');
    call.makeCall = undefined;
    this.#ports.phoneCalled(asked, dn, 'answered');
    const { destination: to, userData, consultOf } = asked;
    const trunk = this.#parts.admission.trunkFor(to);
    const isEmergency = this.#parts.admission.isEmergencyNumber(to);
    this.#ports.tell({
      ...{ type: 'callStarted', connId: call.connId, from: { dn }, to, userData, isEmergency },
      ...(trunk !== undefined && { trunk }),
      ...(consultOf !== undefined && { consultOf }),
    });
  }
}
