/**
 * Who is logged in at the other site, and which phones are in service there: from a snapshot, then from each event. It
 * counts only while it is followed; when the link is lost it is forgotten, because a site that cannot be seen may have
 * changed in any way (PH3).
 */
import type { DNSnapshot, EventMessage, LoginEpoch } from '@holdfast/protocol';

export interface PeerLogin {
  readonly person: string;
  readonly dn: string;
  readonly epoch: LoginEpoch;
  /** Its lease was live when this was told. */
  readonly isLive: boolean;
}

/** More DNs than one switch has; what is beyond is not followed. */
export const PEER_DNS_MAX = 100_000;

export class PeerLogins {
  readonly #byDN = new Map<string, PeerLogin>();
  readonly #inService = new Set<string>();

  get size(): number {
    return this.#byDN.size;
  }

  on(dn: string): { readonly isInService: boolean; readonly person: string | undefined } {
    return { isInService: this.#inService.has(dn), person: this.#byDN.get(dn)?.person };
  }

  forget(): void {
    this.#byDN.clear();
    this.#inService.clear();
  }

  /** Everybody who is logged in there. */
  snapshot(dns: readonly DNSnapshot[]): readonly PeerLogin[] {
    this.forget();
    for (const { dn, inService, agent } of dns.slice(0, PEER_DNS_MAX)) {
      if (inService) this.#inService.add(dn);
      if (agent === undefined || agent.state === 'LoggedOut') continue;
      const { person, epoch, routable: isLive } = agent;
      this.#byDN.set(dn, { person, dn, epoch, isLive });
    }
    return [...this.#byDN.values()];
  }

  /** Whoever has just logged in there. */
  event({ name, attributes }: EventMessage): readonly PeerLogin[] {
    const { ThisDN: dn } = attributes;
    switch (name) {
      case 'EventDNBackInService':
        if (this.#inService.size < PEER_DNS_MAX) this.#inService.add(dn);
        return NOBODY;
      case 'EventDNOutOfService':
        this.#inService.delete(dn);
        return NOBODY;
      case 'EventAgentLogout':
        this.#byDN.delete(dn);
        return NOBODY;
      case 'EventAgentLogin': {
        const { Person: person, Epoch: number, Desk: desk } = attributes.Extensions ?? {};
        if (typeof person !== 'string' || typeof number !== 'number' || typeof desk !== 'string')
          return NOBODY;
        const login = { person, dn, epoch: { number, desk }, isLive: true };
        this.#byDN.set(dn, login);
        return [login];
      }
      default:
        return NOBODY;
    }
  }
}

const NOBODY: readonly PeerLogin[] = [];
