/**
 * Whether a direct call goes to the other site, where its agent works (PH3, `dr-forward`): a phone that is registered at
 * both sites may call from either, and a gateway sends its calls to either.
 *
 *     caller ──▶ this site: nobody is logged in on 7001 here ──dr-peer-trunk, hop token──▶ the other site ──▶ 7001
 *
 * A gateway that follows redirections (`redirect-to-peer` of its trunk) is told to call there itself, so that no site stands
 * in the path of a call that it has nothing to do with; for every other caller the call is relayed.
 *
 * A call crosses once. It carries a token: a header on the trunk between the sites, where alone it counts, and behind the
 * number that a 302 names, since whoever follows keeps that and nothing else (RFC 3261 §8.1.3.4). A call that has crossed is
 * served or refused, also when each site believes that the other has the agent, and when the trunk leads back here [D14].
 */
import type { Because } from '@holdfast/kernel';
import { headerValue, type SipRequest } from '@holdfast/sip';
import type { Refusal } from './call-admission.ts';
import type { SipDN, SipServerConfiguration } from './configuration.ts';
import type { SipServerEffect } from './effects.ts';
import { contactAt } from './gateway-contact.ts';
import type { PeerSite } from './peer-site.ts';

/** In an INVITE over `dr-peer-trunk`; its value is the ConnID at the site that sent it, so that the two logs can be joined. */
export const HOP_HEADER = 'X-Holdfast-Hop';
/**
 * Behind the number in the Contact of a 302. It is the same each time, so that who is sent to and fro by two sites of which one
 * loses it sees the address that was tried already, and stops (RFC 3261 §8.1.3.4).
 */
export const HOP_PARAMETER = ';holdfast-hop';

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

  /** What a call that goes to the other site is answered, where it came in over a trunk whose gateway follows that. */
  redirection(to: string, from: string): Refusal | undefined {
    const gateway = this.#dns.get(this.#trunk ?? '')?.gateway;
    if (gateway === undefined || this.#dns.get(from)?.isRedirected !== true) return undefined;
    return { status: 302, headers: [['Contact', `<${contactAt(gateway, to + HOP_PARAMETER).uri}>`]] };
  }

  /** The trunk to the other site, when the call is to go there. */
  trunkFor(to: string): string | undefined {
    if (this.#trunk === undefined || !this.#isMissing(to)) return undefined;
    const there = this.#ports.whoIsThere(to);
    // Of a site that cannot be asked nothing is known: each serves its own.
    const isThere = this.#dns.get(to)?.forward === 'oos' ? there?.isInService : there?.person !== undefined;
    return isThere === true ? this.#trunk : undefined;
  }

  hasAgent(dn: string): boolean {
    return this.#ports.hasAgent(dn);
  }

  /**
   * The trunk to the other site, when the agent works there who calls from this phone (PH3). Not to an Extension that is
   * served here: the call would have to cross twice.
   */
  trunkOfCaller(dn: string, to: string): string | undefined {
    if (this.#dns.get(dn)?.forward === undefined || this.#dns.get(to)?.type === 'Extension') return undefined;
    const isThere = !this.#ports.hasAgent(dn) && this.#ports.whoIsThere(dn)?.person !== undefined;
    return isThere ? this.#trunk : undefined;
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

/** The number without the token, and whether it had one; who follows a redirection may have escaped its semicolon. */
export function calledNumber(user: string | undefined): {
  readonly to: string | undefined;
  readonly hasToken: boolean;
} {
  const to = user?.replace(TOKEN, '');
  return { to, hasToken: to !== user };
}

const TOKEN = new RegExp(`(;|%3B)${HOP_PARAMETER.slice(1)}$`);
