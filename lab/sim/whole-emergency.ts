/**
 * PQ4: a call of an extension to an emergency number is tried over a trunk, whatever else is refused at that time. What a
 * gateway then says of it, or that none is there, is no refusal of ours.
 */
import { callIdOf, cseqOf, type SipMessage, toOf } from '@holdfast/sip';

export const EMERGENCY_NUMBER = '112';
/** Calls whose answers are waited for; calls of a world at once are fewer. */
const HEARD_MAX = 1_000;
/** Who calls has to prove who it is, has hung up, or asks in a way that no call can be made of. */
const NO_REFUSAL: ReadonlySet<number> = new Set([401, 407, 481, 482, 487, 491, 500]);

/** Of one life of a SIP Server. */
export class EmergencyCalls {
  /** By request, how many such calls had left over a trunk when it came. */
  readonly #heard = new Map<string, number>();
  #left = 0;

  heard(message: SipMessage): void {
    if (!isEmergencyCall(message)) return;
    const name = nameOf(message);
    if (this.#heard.size > HEARD_MAX) this.#heard.clear();
    // A repetition is no new request.
    if (!this.#heard.has(name)) this.#heard.set(name, this.#left);
  }

  /** What is wrong with it, where it refuses such a call without having tried; `left` tells that one is tried. */
  sent(message: SipMessage, left: () => void): string | undefined {
    if (isEmergencyCall(message)) {
      this.#left += 1;
      left();
      return undefined;
    }
    if (message.kind === 'request' || message.status < 300 || NO_REFUSAL.has(message.status))
      return undefined;
    if (cseqOf(message)?.method !== 'INVITE' || this.#heard.get(nameOf(message)) !== this.#left)
      return undefined;
    return `a call to ${EMERGENCY_NUMBER} was answered ${message.status} and no trunk was tried`;
  }
}

function isEmergencyCall(message: SipMessage): boolean {
  if (message.kind !== 'request' || message.method !== 'INVITE') return false;
  return message.uri.startsWith(`sip:${EMERGENCY_NUMBER}@`) && toOf(message)?.params.has('tag') !== true;
}

function nameOf(message: SipMessage): string {
  return `${callIdOf(message)} ${cseqOf(message)?.number}`;
}
