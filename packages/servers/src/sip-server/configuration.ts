/**
 * What a SIP Server works by, already resolved from the configuration objects: its own numbers, who may
 * register, who may log in, and the times that govern it. Durations in ms.
 */
import type { CentreConfiguration, DNConfiguration } from '@holdfast/centre';
import type { Person } from '@holdfast/protocol';
import type { DigestAlgorithm, DigestSecrets, NonceKeys, SessionTimerOptions } from '@holdfast/sip';
import type { PeerConfiguration } from './peer-site.ts';

export interface SipServerConfiguration {
  readonly revision: string;
  readonly site: string;
  readonly application: string;
  readonly switchName: string;
  /** Digest realm, the same at both sites (PH4). */
  readonly realm: string;
  /** Shared by both sites (PH4). */
  readonly nonceKeys: NonceKeys;
  /** Offered in this order to those whose DN says nothing else, and to those who have none. */
  readonly digestAlgorithms: readonly DigestAlgorithm[];
  readonly dns: readonly SipDN[];
  readonly centre: Omit<CentreConfiguration, 'dns' | 'site'>;
  /** Enabled ones only. */
  readonly persons: readonly SipPerson[];
  readonly registrar: {
    readonly minExpiresS: number;
    readonly maxExpiresS: number;
    readonly defaultExpiresS: number;
    /** RG9, a share of the wish. */
    readonly spread: number;
  };
  /** Log-ins a second (SS80). */
  readonly loginRate: number;
  /** LL5. */
  readonly stampEveryMs: number;
  readonly leaseLengthMs: number;
  /** What a new INVITE is answered during a graceful shutdown; 300 to 302 name the gateway of `peerTrunk`. */
  readonly shutdownRejectCode: number;
  /** The other site's SIP Server; absent where the configuration names none, or more than one. */
  readonly peer?: PeerConfiguration;
  /** How many per cent of the agents one of its waves takes, where the request does not say it, and how often one goes. */
  readonly shutdownWave: { readonly percent: number; readonly everyMs: number };
  /** Calls of extensions to these leave over a trunk, whatever limit or shutdown there is (PQ4). */
  readonly emergencyNumbers: readonly string[];
  /** The Trunk that leads to the peer site, when the option names one. */
  readonly peerTrunk?: string;
  /** AD6: session timers on every leg (RFC 4028); absent: none. */
  readonly sessionTimer?: SessionTimerOptions;
  /** How often and how hard it tries whether it does its work (GF1 to GF6); absent: it does not. */
  readonly probes?: ProbeOptions;
  /** The share of a second, %, in which the process may be at work before it asks for fewer calls (OC4); absent: any. */
  readonly overloadBusyMax?: number;
  /** A call that rings longer than this anywhere is given up (an outbound call's Timer C). */
  readonly ringingMaxMs: number;
}

export interface ProbeOptions {
  readonly everyMs: number;
  /** Results in a row that change what is believed (FT1). */
  readonly inARow: number;
  /** After so long without anything from outside phones are asked (GF4). */
  readonly silenceMs: number;
}

export type Rank = Person['rank'];

export interface SipPerson {
  readonly name: string;
  readonly agentLogins: readonly string[];
  readonly rank: Rank;
  /** ID2: older tokens are refused; wall clock, ms since 1970. */
  readonly tokensNotBefore?: number;
}

export interface SipDN extends DNConfiguration {
  /** Extension: H(user:realm:password) in the algorithms allowed; absent means that the phone may not register. */
  readonly credentials?: DigestSecrets;
  /** Extension: what its phone is offered, in this order. */
  readonly digestAlgorithms?: readonly DigestAlgorithm[];
  /** Extension: when a direct call goes to the other site (`dr-forward`); absent: never. */
  readonly forward?: 'no-agent' | 'oos';
  /** Trunk: where the gateway is, and which calls are taken from that address. */
  readonly gateway?: Gateway;
  /** Trunk: its gateway follows a 302 to the other site (`redirect-to-peer`). */
  readonly isRedirected?: boolean;
  /** Trunk: how long it is tried after the others when its gateway has failed; TRUNK_ILL_MS where it is not said. */
  readonly recoveryMs?: number;
  /** Trunk: how its gateway is asked whether it is in service; absent where it is not asked (SS35). */
  readonly check?: TrunkCheck;
  /** Call Processing Port: where it is called (an announcer, an IVR); calls are not taken from there. */
  readonly contact?: Gateway;
}

export interface TrunkCheck {
  readonly everyMs: number;
  /** How long an answer is waited for; absent: until the request itself is given up (Timer F). */
  readonly giveUpMs?: number;
}

/** A name is looked up (RFC 3263 §4), and leaves to DNS what is undefined here; for an address that is 5060 and UDP. */
export interface Gateway {
  /** An address, or a name in lower case. */
  readonly host: string;
  readonly port: number | undefined;
  readonly transport: 'UDP' | 'TCP' | undefined;
}
