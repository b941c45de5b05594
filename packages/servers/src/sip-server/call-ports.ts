/** What call control and its parts are given: the user agent below, the centre above, and who is registered. */
import type { CentreInput, PartyRelease } from '@holdfast/centre';
import type { Millis } from '@holdfast/kernel';
import type { LegId, RegisteredContact, SipUserAgent } from '@holdfast/sip';
import type { AdmissionPorts } from './call-admission.ts';
import type { CallOverloadPorts } from './call-overload.ts';
import type { MakeCall } from './call-record.ts';
import type { SipServerEffect } from './effects.ts';
import type { PhoneContact } from './registrations.ts';

export interface CallPorts extends Omit<AdmissionPorts, 'refusesForLoad'>, CallOverloadPorts {
  readonly userAgent: SipUserAgent;
  /** Where requests to a registered phone go, the most recent contact first; empty when out of service. */
  contactsOf(dn: string): readonly PhoneContact[];
  /** Nobody answers at this contact of the DN [D16, D17]. */
  contactFailed(now: Millis, dn: string, contact: RegisteredContact): void;
  /** The phone for which a client makes a call has answered, or why there is no call. */
  phoneCalled(asked: MakeCall, dn: string, outcome: 'answered' | PartyRelease): void;
  /** AD7: for how long the one caller from there waited at the other site, which is gone; once. */
  waitedElsewhere(now: Millis, ani: string, dnis: string): Millis | undefined;
  /** AD11: this leg led to the other site and is dead; whether its call waits for the end that the other site had. */
  awaitsOtherSite(now: Millis, leg: LegId): boolean;
  /** AD11: this leg is hung up on; whoever the other site has behind it may have to be told from here. */
  hangsUp(now: Millis, leg: LegId): void;
  /** Performs what a user agent method answered. */
  run(output: ReturnType<SipUserAgent['receive']>): void;
  /** Tells the centre a fact; it is handled after the present input. */
  tell(input: CentreInput): void;
  emit(effect: SipServerEffect): void;
}
