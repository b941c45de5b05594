/**
 * Which calls are taken: who calls (a gateway by its address, an extension by its digest), what number is called,
 * and over which trunk a number goes that is none of ours. A call that comes in over a trunk never leaves over one:
 * two sites whose trunks point at each other would pass a wrong number back and forth [D14].
 */
import type { Millis } from '@holdfast/kernel';
import { fromOf, headerValue, parseUri, type SipRequest, type Source, topVia } from '@holdfast/sip';
import type { SipDN, SipServerConfiguration } from './configuration.ts';
import type { GatewayAddresses } from './gateway-addresses.ts';
import { SIP_PORT } from './gateway-contact.ts';

export interface Refusal {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
}

export interface Admitted {
  /** The extension that calls; undefined when the call comes in over a trunk. */
  readonly dn: string | undefined;
  readonly ani: string;
  readonly from: { readonly dn: string } | { readonly ani: string; readonly trunk: string };
  readonly to: string;
  /** The trunk over which it leaves; undefined for a DN of this site. */
  readonly trunk: string | undefined;
  readonly sdp: Uint8Array | undefined;
}

export interface AdmissionPorts {
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
  #dns = new Map<string, SipDN>();
  #trunks: SipDN[] = [];

  constructor(ports: AdmissionPorts, addresses: GatewayAddresses) {
    this.#ports = ports;
    this.#addresses = addresses;
  }

  configure(configuration: SipServerConfiguration): void {
    this.#dns = new Map(configuration.dns.map((dn) => [dn.number, dn]));
    this.#trunks = configuration.dns.filter((dn) => dn.gateway !== undefined);
  }

  dn(number: string): SipDN | undefined {
    return this.#dns.get(number);
  }

  /** The trunk for a number that is no DN of this site, if there is one. */
  trunkFor(number: string): string | undefined {
    return this.#dns.has(number) ? undefined : this.#trunks[0]?.number;
  }

  /** The refusal of whoever neither is a gateway nor proves to be an extension, before there is a transaction. */
  screen(now: Millis, request: SipRequest, source: Source): Refusal | undefined {
    if (this.trunkFrom(request, source) !== undefined) return undefined;
    const proof = this.#ports.authenticate(now, request, source);
    return 'refuse' in proof ? proof.refuse : undefined;
  }

  admit(now: Millis, request: SipRequest, source: Source): Admitted | Refusal {
    const to = numberIn(request.uri);
    if (to === undefined) return NOT_FOUND;
    const sdp = offerIn(request);
    const inbound = this.trunkFrom(request, source);
    if (inbound !== undefined) {
      if (!this.#dns.has(to)) return NOT_FOUND;
      const ani = numberIn(fromOf(request)?.uri ?? '') ?? 'anonymous';
      return { dn: undefined, ani, from: { ani, trunk: inbound }, to, trunk: undefined, sdp };
    }
    const proof = this.#ports.authenticate(now, request, source);
    if ('refuse' in proof) return proof.refuse;
    const { dn } = proof;
    const trunk = this.trunkFor(to);
    if (trunk === undefined && !this.#dns.has(to)) return NOT_FOUND;
    return { dn, ani: dn, from: { dn }, to, trunk, sdp };
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

/** The number in a SIP or tel URI (RFC 3966: separators mean nothing). */
export function numberIn(text: string): string | undefined {
  const uri = parseUri(text);
  if (uri?.scheme !== 'tel') return uri?.user;
  return uri.host.replace(/;.*$/, '').replace(/[-.()]/g, '');
}

function offerIn(request: SipRequest): Uint8Array | undefined {
  if (request.body.length === 0) return undefined;
  const type = headerValue(request, 'content-type');
  // A body of another kind has come this far only because it may be ignored (RFC 3261 §8.2.3).
  return type === undefined || /^application\/sdp\s*(;|$)/i.test(type) ? request.body : undefined;
}
