/**
 * Over which trunk a call leaves: the one that was chosen for it, then the others of the switch, as RFC 3263 §4.3
 * goes from one target to the next. A gateway that has just failed is tried last for a while, so that a dead one
 * costs its wait once and not with every call; the mark ends by itself, so that none is out for ever.
 */
import type { Millis } from '@holdfast/kernel';
import type { Gateway, SipServerConfiguration } from './configuration.ts';

/** How long a trunk that failed is tried after the others, where `recovery-timeout` does not say it. */
export const TRUNK_ILL_MS = 30_000;
/** More trunks than this are not tried for one call: by then its caller has hung up. */
export const TRUNKS_TRIED_MAX = 4;

export class OutboundTrunks {
  #gateways = new Map<string, Gateway>();
  #recoveryMs = new Map<string, Millis>();
  /** Leads to the other site, and no other trunk leads there. */
  #peerTrunk: string | undefined;
  readonly #illUntil = new Map<string, Millis>();
  /** Found so by asking (SS35). */
  readonly #outOfService = new Set<string>();

  configure({ dns, peerTrunk }: Pick<SipServerConfiguration, 'dns' | 'peerTrunk'>): void {
    this.#peerTrunk = peerTrunk;
    this.#gateways = new Map(
      dns.flatMap(({ number, gateway }) => (gateway === undefined ? [] : [[number, gateway] as const])),
    );
    this.#recoveryMs = new Map(dns.map(({ number, recoveryMs = TRUNK_ILL_MS }) => [number, recoveryMs]));
    for (const trunk of this.#illUntil.keys()) if (!this.#gateways.has(trunk)) this.#illUntil.delete(trunk);
    for (const trunk of this.#outOfService) if (!this.#gateways.has(trunk)) this.#outOfService.delete(trunk);
  }

  gateway(trunk: string): Gateway | undefined {
    return this.#gateways.get(trunk);
  }

  /**
   * The trunks to try for a call that was to leave over `chosen`. To a number of ours only the trunk between the sites leads;
   * a call for the outside that the other site was to make is made here if that cannot be reached (PH3).
   */
  order(now: Millis, chosen: string, { isOurs = false } = {}): string[] {
    if (chosen === this.#peerTrunk && isOurs) return this.#gateways.has(chosen) ? [chosen] : [];
    const others = [...this.#gateways.keys()].filter(
      (trunk) => trunk !== chosen && trunk !== this.#peerTrunk,
    );
    const trunks = this.#gateways.has(chosen) ? [chosen, ...others] : others;
    const isIll = (trunk: string) =>
      this.#outOfService.has(trunk) || now < (this.#illUntil.get(trunk) ?? Number.NEGATIVE_INFINITY);
    const well = trunks.filter((trunk) => !isIll(trunk));
    return [...well, ...trunks.filter(isIll)].slice(0, TRUNKS_TRIED_MAX);
  }

  isOutOfService(trunk: string): boolean {
    return this.#outOfService.has(trunk);
  }

  failed(now: Millis, trunk: string): void {
    this.#illUntil.set(trunk, now + (this.#recoveryMs.get(trunk) ?? TRUNK_ILL_MS));
  }

  /** Any other answer shows that it lives. */
  answered(trunk: string): void {
    this.#illUntil.delete(trunk);
    this.#outOfService.delete(trunk);
  }

  /** The gateway did not answer when it was asked; whether that is news. */
  outOfService(trunk: string): boolean {
    const isNews = !this.#outOfService.has(trunk);
    this.#outOfService.add(trunk);
    return isNews;
  }

  /** It answered; whether it was out of service before. */
  inService(trunk: string): boolean {
    return this.#outOfService.delete(trunk);
  }
}
