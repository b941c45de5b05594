/** The words of the registrar: what it keeps, and what it tells its owner. All plain data. */
import type { Millis, Random } from '@holdfast/kernel';
import type { SipResponse } from '../message/message.ts';
import type { Target } from '../target.ts';

/** One contact of one address of record. */
export interface Binding {
  /** The user part of the To URI: the number of a DN, the same whichever of a site's names the phone wrote. */
  readonly aor: string;
  /** Host and port of the To URI (`domainOf`): what the phone takes for the place where numbers of this site are. */
  readonly domain: string;
  /** The Contact URI as text: the Request-URI of what is sent there. */
  readonly contact: string;
  /** Where that is sent to: the flow that the registration came over, or the Contact's own address. */
  readonly target: Target;
  /** The flow that the registration came over. */
  readonly flow: string;
  /** `+sip.instance` and `reg-id` (RFC 5626): the same pair replaces, whatever the contact [C12]. */
  readonly instance?: string;
  readonly regId?: number;
  /** From 0 to 1; 1 when none was given. */
  readonly q: number;
  readonly callId: string;
  readonly cseq: number;
  readonly registeredAt: Millis;
  readonly refreshedAt: Millis;
  readonly expiresAt: Millis;
  /** The Contact's parameters other than `expires`, as they are given back. */
  readonly params: string;
}

/** A contact, and which REGISTER has named it last. */
export type RegisteredContact = Pick<Binding, 'contact' | 'callId' | 'cseq'>;

export interface RegistrarChange {
  readonly kind: 'added' | 'refreshed' | 'removed' | 'expired';
  readonly aor: string;
  readonly contact: string;
  readonly flow: string;
  /** As it is now; for `removed` and `expired` as it was last. */
  readonly binding: Binding;
  /** Why it was removed, for the log; empty for the rest. */
  readonly because: string;
}

export interface RegistrarAnswer {
  readonly response: SipResponse;
  readonly changes: readonly RegistrarChange[];
}

export interface RegistrarOptions {
  /** Seconds. A shorter wish is refused with 423 and this as Min-Expires. Default 10. */
  readonly minExpires?: number;
  /** Seconds. A longer wish is granted with this. Default 3600. */
  readonly maxExpires?: number;
  /** Seconds, for a contact that names none. Default 1800 (`registrar-default-timeout`). */
  readonly defaultExpires?: number;
  /** Each grant differs by chance from the wish, by up to this share of it, within the two limits (RG9). Without it none does. */
  readonly spread?: { readonly share: number; readonly random: Random };
  /** Beyond it the contact that was refreshed longest ago gives way. Default `CONTACTS_MAX`. */
  readonly contactsMax?: number;
  /** Beyond it a new address is refused with 503 and a Retry-After (of random length where `spread` is set). Default `ADDRESSES_MAX`. */
  readonly addressesMax?: number;
}

/** A person has a desk phone, a softphone and perhaps a third; ten leaves room for reboots without an instance id. */
export const CONTACTS_MAX = 10;
/** About 1 kB each. */
export const ADDRESSES_MAX = 100_000;
/** The longest wait that is asked of a phone for which there is no room, s; each is told a random part of it [C16]. */
export const RETRY_AFTER_MAX_S = 60;
