/** The words of a phone: how it is set up, what it is told, and what it does and tells. All plain data. */
import type { Millis, Random } from '@holdfast/kernel';
import type { Destination, EndpointEffect, TimerValues } from '../../endpoint-types.ts';
import type { LookupAnswer } from '../../locate/lookup.ts';
import type { SipMessage } from '../../message/message.ts';
import type { ParseFailure } from '../../message/parse-message.ts';
import type { Source, TransportName } from '../../target.ts';
import type { LegId } from '../../user-agent-types.ts';
import type { Hashes } from '../digest.ts';
import type { RegistrationOptions, RegistrationScheme } from '../registration-types.ts';
import type { MediaAddress, MediaDirection } from './sdp.ts';

/** One place to register at and to call through. */
export interface PhoneSite {
  /** Its name in facts: `north`. */
  readonly site: string;
  /** Request-URI of REGISTER, as text. */
  readonly registrar: string;
  /** Where requests to it go. */
  readonly destination: Destination;
  /** Wished for at registration there, seconds; that of the phone where absent. */
  readonly expires?: number;
}

/** A DNS name behind which the sites stand, in the order of its SRV records (RFC 3263). */
export interface PhoneService {
  /** `sip:centre.example`. */
  readonly uri: string;
  /** Asks for this transport only. */
  readonly transport?: TransportName;
  /** What a target's address is called in facts; its address and port unless named here. */
  readonly siteNames?: Readonly<Record<string, string>>;
}

export interface PhoneOptions {
  /** The user part of our address and of our Contact: `7001`. */
  readonly number: string;
  /** The domain of our address: `holdfast`. */
  readonly domain: string;
  readonly displayName?: string;
  /** User name for digest; the number unless set. */
  readonly user?: string;
  readonly password: string;
  /** `none` is a caller without registration: a party behind a trunk. */
  readonly scheme: RegistrationScheme | 'none';
  /** The preferred one first. */
  readonly sites: readonly PhoneSite[];
  /** In place of `sites`, for the schemes `single` and `active-backup`. */
  readonly service?: PhoneService;
  /** Wished for at registration, seconds. Default 60. */
  readonly expires?: number;
  readonly registration?: Partial<Omit<RegistrationOptions, 'scheme' | 'targets'>>;
  /** `urn:uuid:…`: the same after a restart (RFC 5626). */
  readonly instance?: string;
  readonly hashes: Hashes;
  readonly random: Random;
  /** Our own address for each transport: for Via and Contact. */
  readonly sentBy: (transport: TransportName) => { readonly host: string; readonly port: number };
  /** For the Contact. Default UDP. */
  readonly transport?: TransportName;
  readonly timers?: Partial<TimerValues>;
  /** Where RTP is received, one port for each line: so many calls at once, further ones get 486. */
  readonly media: { readonly host: string; readonly ports: readonly number[] };
  /** An incoming call is answered after this time, ms; null: only by command. Default null. */
  readonly answerAfterMs?: number | null;
  /** An incoming call that nobody answers is refused with 480 after this time, ms. Default 60,000. */
  readonly ringingMaxMs?: number;
  /** How long a site may leave our INVITE without a sign before the next site is tried, ms. Default 4,000. */
  readonly callAttemptMs?: number;
  /** A standing call is asked for a sign of life this often, ms; 0: never. Default 30,000. */
  readonly checkCallsEveryMs?: number;
}

export type PhoneCommand =
  | { readonly name: 'register' }
  | { readonly name: 'unregister' }
  /** Registers anew at once, wherever it is registered. */
  | { readonly name: 'refresh' }
  /** `to` is a number at our domain or a whole URI. `site` goes before the order of the sites. */
  | {
      readonly name: 'call';
      readonly to: string;
      readonly site?: string;
      readonly headers?: readonly (readonly [string, string])[];
    }
  /** Without a leg: the one that rings longest; the others likewise: the only or the oldest that it fits. */
  | { readonly name: 'answer'; readonly leg?: LegId }
  | { readonly name: 'reject'; readonly leg?: LegId; readonly status?: number }
  | { readonly name: 'hangup'; readonly leg?: LegId }
  | { readonly name: 'hold'; readonly leg?: LegId }
  | { readonly name: 'retrieve'; readonly leg?: LegId }
  /** Sends the other side to a number at our domain, or to a whole URI (RFC 3515). */
  | { readonly name: 'transfer'; readonly to: string; readonly leg?: LegId }
  /** Changes `answerAfterMs` for the calls to come. */
  | { readonly name: 'answerAfter'; readonly ms: number | null };

export type PhoneInput =
  | { readonly type: 'sip'; readonly message: SipMessage; readonly source: Source }
  | { readonly type: 'malformed'; readonly failure: ParseFailure; readonly source: Source }
  /** The shell could not send what a `transmit` named, or a connection is gone. */
  | { readonly type: 'transportFailed'; readonly transaction?: string; readonly flow?: string }
  | { readonly type: 'lookedUp'; readonly id: string; readonly answer: LookupAnswer }
  | { readonly type: 'command'; readonly command: PhoneCommand };

/** What an observer of the phone sees; `at` is the phone's own monotonic time. */
export type PhoneFact = { readonly at: Millis } & (
  | { readonly name: 'registered'; readonly site: string; readonly expiresMs: Millis }
  | { readonly name: 'lost'; readonly site: string; readonly because: string }
  | { readonly name: 'registrationFailed'; readonly site: string; readonly because: string }
  /** After `unregister`: every binding has been taken back. */
  | { readonly name: 'unregistered' }
  /** Again under another leg when the next site is tried. `port` is ours for RTP: it names the line. */
  | {
      readonly name: 'dialing';
      readonly leg: LegId;
      readonly to: string;
      readonly site: string;
      readonly port: number;
    }
  /** The other side of our call rings. */
  | { readonly name: 'progress'; readonly leg: LegId; readonly status: number }
  /** A call comes in. `from` and `to` are the user parts; `headers` those of its INVITE that begin with "X-". */
  | { readonly name: 'ringing'; readonly leg: LegId; readonly from: string; readonly to: string }
  | { readonly name: 'established'; readonly leg: LegId; readonly direction: 'in' | 'out' }
  | { readonly name: 'held' | 'retrieved'; readonly leg: LegId; readonly by: 'local' | 'remote' }
  /** Of a transfer: 100 while somebody is called, 200 when it has come about, else why not; a refusal of the REFER likewise. */
  | { readonly name: 'transferring'; readonly leg: LegId; readonly status: number }
  /** The call is over, or never came about: `status` of a refusal, 487 after CANCEL, 0 after a normal end. */
  | {
      readonly name: 'ended';
      readonly leg: LegId;
      readonly by: 'local' | 'remote' | 'lost' | 'refused';
      readonly status: number;
      readonly wasEstablished: boolean;
    }
  /** A command that does not fit the present state; nothing has changed. */
  | { readonly name: 'refusedCommand'; readonly command: PhoneCommand['name']; readonly because: string }
);

export type PhoneEffect =
  | EndpointEffect
  /** RTP of this leg: receive at `local`; send to `remote` with its payload type, or not at all when it is null. */
  | {
      readonly type: 'media';
      readonly leg: LegId;
      /** Null: the call is over, the port is free. */
      readonly local: MediaAddress | null;
      readonly remote: (MediaAddress & { readonly payload: 0 | 8 }) | null;
      readonly direction: MediaDirection;
    }
  | { readonly type: 'phone'; readonly fact: PhoneFact };
