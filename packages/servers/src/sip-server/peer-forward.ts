/**
 * Whether a direct call goes to the other site, where its agent works (PH3, `dr-forward`): a phone that is registered at
 * both sites may call from either, and a gateway sends its calls to either.
 *
 *     caller ──▶ this site: nobody is logged in on 7001 here ──dr-peer-trunk, hop token──▶ the other site ──▶ 7001
 *
 * A call crosses once. It carries a token, which counts on the trunk between the sites alone: a call that has crossed is
 * served or refused, also when each site believes that the other has the agent, and when the trunk leads back here [D14].
 */
import type { Because } from '@holdfast/kernel';
import { headerValue, type SipRequest } from '@holdfast/sip';
import type { Refusal } from './call-admission.ts';
import type { SipDN, SipServerConfiguration } from './configuration.ts';
import type { SipServerEffect } from './effects.ts';
import type { PeerSite } from './peer-site.ts';

/** In an INVITE over `dr-peer-trunk`; its value is the ConnID at the site that sent it, so that the two logs can be joined. */
export const HOP_HEADER = 'X-Holdfast-Hop';

export interface PeerForwardPorts {
  hasAgent(dn: string): boolean;
  contactsOf(dn: string): readonly unknown[];
  whoIsThere: PeerSite['whoIsOn'];
  emit(effect: SipServerEffect): void;
}

export class PeerForward {
  readonly #ports: PeerForwardPorts;
  #dns = new Map<string, SipDN>();
  #trunk: string | undefined;

  constructor(ports: PeerForwardPorts) {
    this.#ports = ports;
  }

  configure({ dns, peerTrunk }: Pick<SipServerConfiguration, 'dns' | 'peerTrunk'>): void {
    this.#dns = new Map(dns.map((dn) => [dn.number, dn]));
    this.#trunk = this.#dns.get(peerTrunk ?? '')?.gateway === undefined ? undefined : peerTrunk;
  }

  get trunk(): string | undefined {
    return this.#trunk;
  }

  /** `from`: the trunk over which the call comes in. */
  hasCrossed(request: SipRequest, from: string): boolean {
    return from === this.#trunk && headerValue(request, HOP_HEADER.toLowerCase()) !== undefined;
  }

  /** The trunk to the other site, when the call is to go there. */
  trunkFor(to: string): string | undefined {
    if (this.#trunk === undefined || !this.#isMissing(to)) return undefined;
    const there = this.#ports.whoIsThere(to);
    // Of a site that cannot be asked nothing is known: each serves its own.
    const isThere = this.#dns.get(to)?.forward === 'oos' ? there?.isInService : there?.person !== undefined;
    return isThere === true ? this.#trunk : undefined;
  }

  /** Of a call that has crossed; undefined when it is served here. */
  refusal(to: string, sender: string): Refusal | undefined {
    if (!this.#isMissing(to)) return undefined;
    const because = this.#because(to);
    const { rule, text } = because;
    const line = { level: 'warn', what: 'call has crossed already', because: text, dn: to } as const;
    this.#ports.emit({ type: 'log', line, sender });
    return { status: 480, headers: [['Warning', `399 holdfast "${rule}: ${text}"`]] };
  }

  /** What `dr-forward` of the DN looks at is not here. */
  #isMissing(to: string): boolean {
    switch (this.#dns.get(to)?.forward) {
      case undefined:
        return false;
      case 'no-agent':
        return !this.#ports.hasAgent(to);
      case 'oos':
        return this.#ports.contactsOf(to).length === 0;
    }
  }

  #because(to: string): Because {
    const forward = this.#dns.get(to)?.forward;
    const missing = forward === 'oos' ? 'phone is in service' : 'agent is logged in';
    const text = `No ${missing} on ${to} here, and the call comes from the other site, so that it does not go back`;
    return { rule: 'PH3', text };
  }
}
