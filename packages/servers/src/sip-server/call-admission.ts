/**
 * Which calls are taken: whether there is room and no graceful shutdown, who calls (a gateway by its address, an
 * extension by its digest), what number is called, and over which trunk a number goes that is none of ours. A call that
 * comes in over a trunk never leaves over one: two sites whose trunks point at each other would pass a wrong number back
 * and forth [D14]; the exceptions are a direct call to an agent of the other site, once (peer-forward.ts), and the call of an
 * agent of ours whose phone calls from there (call-origin.ts). Calls to emergency numbers leave over a trunk whatever there is
 * against it (PQ4).
 */
import { type Millis, type Random, randomInteger } from '@holdfast/kernel';
import {
  fromOf,
  type Hashes,
  headerValue,
  parseUri,
  type SipRequest,
  type Source,
  topVia,
} from '@holdfast/sip';
import { provenOrigin } from './call-origin.ts';
import type { SipDN, SipServerConfiguration } from './configuration.ts';
import type { GatewayAddresses } from './gateway-addresses.ts';
import { SIP_PORT } from './gateway-contact.ts';
import { calledNumber, HOP_HEADER, PeerForward, type PeerForwardPorts } from './peer-forward.ts';
import { reservationIn } from './queue-pool.ts';
import { PROBE_USER } from './registrations.ts';
import { ShutdownRefusal } from './shutdown-refusal.ts';

export interface Refusal {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
}

export interface Admitted {
  /** The extension that calls; undefined when somebody from outside does. */
  readonly dn: string | undefined;
  /** Over which trunk it comes in; undefined from a phone. */
  readonly inbound: string | undefined;
  readonly ani: string;
  readonly from: { readonly dn: string } | { readonly ani: string; readonly trunk: string };
  readonly to: string;
  /** The trunk over which it leaves; undefined where a DN of this site is served here. */
  readonly trunk: string | undefined;
  readonly sdp: Uint8Array | undefined;
  /** To an emergency number (PQ4). */
  readonly isEmergency: boolean;
  /** It comes from the other site for an agent of ours who is kept for its caller (PQ1). */
  readonly reservation: ReturnType<typeof reservationIn>;
}

/** Calls to emergency numbers beyond the others (PQ4); one beyond that is answered 503 too. */
export const EMERGENCY_CALLS_MAX = 100;
/** The longest wait that is asked of whoever is refused for that, s: each time a random part, so that they do not return together. */
export const RETRY_AFTER_MAX_S = 10;

export interface AdmissionPorts extends PeerForwardPorts {
  readonly random: Random;
  readonly hashes: Hashes;
  readonly callsMax: number;
  /** Whether a new call is refused for our load (RFC 7339). */
  refusesForLoad(now: Millis, request: SipRequest, inbound: string | undefined): boolean;
  /** A graceful shutdown goes on: calls that are there go on, and none is added. */
  isShuttingDown(): boolean;
  /** Who may call from an extension: the DN when the request proves it, else the refusal to send. */
  authenticate(
    now: Millis,
    request: SipRequest,
    source: Source,
  ): { readonly dn: string } | { readonly refuse: Refusal };
}

export class CallAdmission {
  readonly #ports: AdmissionPorts;
  readonly #addresses: GatewayAddresses;
  readonly #shutdown = new ShutdownRefusal();
  readonly #forward: PeerForward;
  #dns = new Map<string, SipDN>();
  #trunks: SipDN[] = [];
  #emergencyNumbers: ReadonlySet<string> = new Set();
  #nonceKeys: SipServerConfiguration['nonceKeys'] | undefined;

  constructor(ports: AdmissionPorts, addresses: GatewayAddresses) {
    this.#ports = ports;
    this.#addresses = addresses;
    this.#forward = new PeerForward(ports);
  }

  configure(configuration: SipServerConfiguration): void {
    this.#dns = new Map(configuration.dns.map((dn) => [dn.number, dn]));
    const { dns, peerTrunk } = configuration;
    // The other site takes no call for the outside: it would come in over a trunk there, and leave over one.
    this.#trunks = dns.filter((dn) => dn.gateway !== undefined && dn.number !== peerTrunk);
    this.#forward.configure(configuration);
    this.#shutdown.configure(configuration);
    this.#emergencyNumbers = new Set(configuration.emergencyNumbers);
    this.#nonceKeys = configuration.nonceKeys;
  }

  dn(number: string): SipDN | undefined {
    return this.#dns.get(number);
  }

  /** The trunk for a number that is no DN of this site, an emergency number, or a DN whose agent is at the other site. */
  trunkFor(number: string): string | undefined {
    const isOurs = this.#dns.has(number) && !this.isEmergencyNumber(number);
    return isOurs ? this.#forward.trunkFor(number) : this.#trunks[0]?.number;
  }

  /** The trunk between the sites, where it has a gateway. */
  get peerTrunk(): string | undefined {
    return this.#forward.trunk;
  }

  isEmergencyNumber(number: string): boolean {
    return this.#emergencyNumbers.has(number);
  }

  /** Why a client may not have a call made to this number now. */
  refusalOfMakeCall(number: string, calls: number): 'shutting-down' | 'too-many' | undefined {
    const isEmergency = this.isEmergencyNumber(number);
    if (this.#ports.isShuttingDown() && !isEmergency) return 'shutting-down';
    return this.#isFull(calls, isEmergency) ? 'too-many' : undefined;
  }

  #isFull(calls: number, isEmergency: boolean): boolean {
    return calls >= this.#ports.callsMax + (isEmergency ? EMERGENCY_CALLS_MAX : 0);
  }

  /** The refusal of whoever neither is a gateway nor proves to be an extension, before there is a transaction. */
  screen(now: Millis, request: SipRequest, source: Source): Refusal | undefined {
    if (this.trunkFrom(request, source) !== undefined) return undefined;
    const proof = this.#ports.authenticate(now, request, source);
    return 'refuse' in proof ? proof.refuse : undefined;
  }

  /** `calls`: how many there are already. */
  admit(now: Millis, request: SipRequest, source: Source, calls: number): Admitted | Refusal {
    const inbound = this.trunkFrom(request, source);
    const to = numberIn(request.uri);
    // From outside nobody calls one: the gateway would be its own destination.
    const isEmergency = to !== undefined && inbound === undefined && this.isEmergencyNumber(to);
    const isTooMuch = !isEmergency && this.#ports.refusesForLoad(now, request, inbound);
    if (isTooMuch || this.#isFull(calls, isEmergency)) {
      const seconds = randomInteger(this.#ports.random, 1, RETRY_AFTER_MAX_S);
      return { status: 503, headers: [['Retry-After', String(seconds)]] };
    }
    if (this.#ports.isShuttingDown() && !isEmergency) return this.#shutdown.refusal(request, inbound);
    if (inbound !== undefined) return this.#admitFrom(inbound, request, source);
    if (to === undefined) return NOT_FOUND;
    const sdp = offerIn(request);
    const proof = this.#ports.authenticate(now, request, source);
    if ('refuse' in proof) return proof.refuse;
    const { dn } = proof;
    // GF1: whoever tries whether we do our work reaches nobody, here or over a trunk.
    if (dn === PROBE_USER) return NOT_FOUND;
    const trunk = (isEmergency ? undefined : this.#forward.trunkOfCaller(dn, to)) ?? this.trunkFor(to);
    if (trunk === undefined && !this.#dns.has(to)) return NOT_FOUND;
    const from = { dn };
    return { dn, inbound, ani: dn, from, to, trunk, sdp, isEmergency, reservation: undefined };
  }

  /** A call that comes in over a trunk. */
  #admitFrom(inbound: string, request: SipRequest, source: Source): Admitted | Refusal {
    const { to, hasToken } = calledNumber(numberIn(request.uri));
    if (to === undefined) return NOT_FOUND;
    const isRelayed = this.#forward.hasCrossed(request, inbound);
    const dn = isRelayed ? this.#originOf(request, to) : undefined;
    if (dn !== undefined && this.#forward.hasAgent(dn)) return this.#admitOrigin(dn, to, inbound, request);
    // The other site believes that the agent is here: it is to make the call itself (SS32), where that can be made.
    if (!this.#dns.has(to)) return dn === undefined ? NOT_FOUND : UNAVAILABLE;
    const hasCrossed = isRelayed || hasToken;
    const refusal = hasCrossed ? this.#forward.refusal(to, source.host) : undefined;
    if (refusal !== undefined) return refusal;
    const trunk = hasCrossed ? undefined : this.#forward.trunkFor(to);
    const redirection = trunk === undefined ? undefined : this.#forward.redirection(to, inbound);
    if (redirection !== undefined) return redirection;
    const ani = numberIn(fromOf(request)?.uri ?? '') ?? 'anonymous';
    const reservation = isRelayed ? reservationIn(request) : undefined;
    const from = { ani, trunk: inbound };
    const sdp = offerIn(request);
    return { dn: undefined, inbound, ani, from, to, trunk, sdp, isEmergency: false, reservation };
  }

  /** The extension for which the other site relays a call. */
  #originOf(request: SipRequest, to: string): string | undefined {
    const connId = headerValue(request, HOP_HEADER.toLowerCase());
    if (connId === undefined || this.#nonceKeys === undefined) return undefined;
    return provenOrigin(this.#ports.hashes, this.#nonceKeys, request, { connId, to });
  }

  /** A call of an agent of ours from the other site: served as if the phone had called here, but that it crosses no more. */
  #admitOrigin(dn: string, to: string, inbound: string, request: SipRequest): Admitted | Refusal {
    const isHere = this.#dns.has(to);
    const refusal = isHere ? this.#forward.refusal(to, dn) : undefined;
    if (refusal !== undefined) return refusal;
    const trunk = isHere ? undefined : this.#trunks[0]?.number;
    if (trunk === undefined && !isHere) return NOT_FOUND;
    const sdp = offerIn(request);
    const common = { isEmergency: false, reservation: undefined };
    return { dn, inbound, ani: dn, from: { dn }, to, trunk, sdp, ...common };
  }

  /** Over which trunk a request comes in: it comes from the gateway's address, or names that in its Via over TCP. */
  trunkFrom(request: SipRequest, source: Source): string | undefined {
    return this.#addresses.trunkAt(({ host, port }) => {
      if (host !== source.host) return false;
      if (port === source.port) return true;
      // A connection comes from any port; the one at which the gateway is reached stands in its Via.
      return source.transport === 'TCP' && (topVia(request)?.port ?? SIP_PORT) === port;
    });
  }
}

const NOT_FOUND: Refusal = { status: 404, headers: [] };
const UNAVAILABLE: Refusal = { status: 503, headers: [] };

/**
 * The number in a SIP or tel URI (RFC 3966: separators mean nothing). Only "#" may stand in the number of a DN and not in a
 * user (RFC 3261 §25.1): every other escape means something that is no part of a number, and stays one.
 */
export function numberIn(text: string): string | undefined {
  const uri = parseUri(text);
  if (uri?.scheme !== 'tel') return uri?.user?.replaceAll('%23', '#');
  return uri.host.replace(/;.*$/, '').replace(/[-.()]/g, '');
}

function offerIn(request: SipRequest): Uint8Array | undefined {
  if (request.body.length === 0) return undefined;
  const type = headerValue(request, 'content-type');
  // A body of another kind has come this far only because it may be ignored (RFC 3261 §8.2.3).
  return type === undefined || /^application\/sdp\s*(;|$)/i.test(type) ? request.body : undefined;
}
