/**
 * Over which trunk a call leaves: the one that was chosen for it, then the others of the switch, as RFC 3263 §4.3
 * goes from one target to the next. A gateway that has just failed is tried last for a while, so that a dead one
 * costs its wait once and not with every call; the mark ends by itself, so that none is out for ever. One that asks for
 * fewer calls (RFC 7339) is left out of so many by chance, and they take the next one.
 */
import type { Millis, Random } from '@holdfast/kernel';
import type { OverloadFeedback } from '@holdfast/sip';
import type { Gateway, SipServerConfiguration } from './configuration.ts';

/** How long a trunk that failed is tried after the others, where `recovery-timeout` does not say it. */
export const TRUNK_ILL_MS = 30_000;
/** More trunks than this are not tried for one call: by then its caller has hung up. */
export const TRUNKS_TRIED_MAX = 4;

interface OrderOptions {
  /** The number is a DN of this site. */
  readonly isOurs?: boolean;
  /** By which calls are left out that a gateway does not want; absent for one that is made in any case (PQ4). */
  readonly random?: Random | undefined;
}

export class OutboundTrunks {
  #gateways = new Map<string, Gateway>();
  #recoveryMs = new Map<string, Millis>();
  /** Leads to the other site, and no other trunk leads there. */
  #peerTrunk: string | undefined;
  readonly #illUntil = new Map<string, Millis>();
  /** What the gateways have asked for, and until when that holds. */
  readonly #spared = new Map<string, { readonly feedback: OverloadFeedback; readonly until: Millis }>();
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
    for (const trunk of this.#spared.keys()) if (!this.#gateways.has(trunk)) this.#spared.delete(trunk);
  }

  gateway(trunk: string): Gateway | undefined {
    return this.#gateways.get(trunk);
  }

  /**
   * The trunks to try for a call that was to leave over `chosen`. To a number of ours only the trunk between the sites leads;
   * a call for the outside that the other site was to make is made here if that cannot be reached (PH3).
   */
  order(now: Millis, chosen: string, { isOurs = false, random }: OrderOptions = {}): string[] {
    const all = isOurs && chosen === this.#peerTrunk ? this.#only(chosen) : this.#startingWith(chosen);
    const trunks = random === undefined ? all : all.filter((trunk) => !this.#isSpared(now, trunk, random));
    const isIll = (trunk: string) =>
      this.#outOfService.has(trunk) || now < (this.#illUntil.get(trunk) ?? Number.NEGATIVE_INFINITY);
    const well = trunks.filter((trunk) => !isIll(trunk));
    return [...well, ...trunks.filter(isIll)].slice(0, TRUNKS_TRIED_MAX);
  }

  #only(trunk: string): string[] {
    return this.#gateways.has(trunk) ? [trunk] : [];
  }

  #startingWith(chosen: string): string[] {
    const others = [...this.#gateways.keys()].filter(
      (trunk) => trunk !== chosen && trunk !== this.#peerTrunk,
    );
    return [...this.#only(chosen), ...others];
  }

  /** Its gateway asks for fewer calls, or no longer. What is not newer than what holds still is late (RFC 7339 §4.4). */
  spare(now: Millis, trunk: string, feedback: OverloadFeedback): void {
    const known = this.#spared.get(trunk);
    if (known !== undefined && now < known.until && feedback.seq <= known.feedback.seq) return;
    this.#spared.set(trunk, { feedback, until: now + feedback.validityMs });
  }

  /**
   * Whether this one call is one of those that the gateway is not to get. Reduced are the new calls, by the whole share: with
   * each of them that is not made its ACK and BYE are not sent either (RFC 7339 §7.2).
   */
  #isSpared(now: Millis, trunk: string, random: Random): boolean {
    const spared = this.#spared.get(trunk);
    return spared !== undefined && now < spared.until && 100 * random() < spared.feedback.percent;
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
