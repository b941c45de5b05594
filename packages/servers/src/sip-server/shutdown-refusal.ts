/**
 * What a new call is answered during a graceful shutdown: `shutdown-sip-reject-code`, and where that is a
 * redirection, the gateway behind `dr-peer-trunk`, at which the number is tried next. A redirection to nowhere
 * would be worth less than a refusal, and one back to where the call came from would make it go round for ever.
 */
import type { SipRequest } from '@holdfast/sip';
import { numberIn, type Refusal } from './call-admission.ts';
import type { Gateway, SipServerConfiguration } from './configuration.ts';
import { contactAt } from './gateway-contact.ts';
import { calledNumber } from './peer-forward.ts';

/** RFC 3261 §21.6.2: the default of the option, and what stands in for a redirection that cannot be made. */
const DECLINE: Refusal = { status: 603, headers: [] };

export class ShutdownRefusal {
  #rejectCode = DECLINE.status;
  #peer: { readonly trunk: string; readonly gateway: Gateway } | undefined;

  configure({ shutdownRejectCode, peerTrunk, dns }: SipServerConfiguration): void {
    this.#rejectCode = shutdownRejectCode;
    const gateway = dns.find(({ number }) => number === peerTrunk)?.gateway;
    this.#peer = peerTrunk === undefined || gateway === undefined ? undefined : { trunk: peerTrunk, gateway };
  }

  /** `from`: the trunk over which the call comes in, if it does. */
  refusal(request: SipRequest, from: string | undefined): Refusal {
    const status = this.#rejectCode;
    if (status >= 400) return { status, headers: [] };
    const { to: number, hasToken } = calledNumber(numberIn(request.uri));
    // Of the 3xx only these name a place where the call is to go (RFC 3261 §21.3).
    if (status > 302 || number === undefined || hasToken) return DECLINE;
    if (this.#peer === undefined || this.#peer.trunk === from) return DECLINE;
    return { status, headers: [['Contact', `<${contactAt(this.#peer.gateway, number).uri}>`]] };
  }
}
