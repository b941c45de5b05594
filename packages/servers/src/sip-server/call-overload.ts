/**
 * Overload control with the gateways of trunks (RFC 7339): what they are told of our load, what we do about theirs, and
 * which calls of others are refused meanwhile. New calls alone are concerned: whatever belongs to a call that stands is never
 * refused or left out (§5.10.1), nor is a call to an emergency number (PQ4).
 *
 * The SIP Server of the other site is one more gateway, so that the two spare each other in the same way.
 */
import type { Millis, Random } from '@holdfast/kernel';
import {
  type OverloadFeedback,
  type OverloadPort,
  offersOverload,
  type SipRequest,
  type Source,
  type Target,
  topVia,
} from '@holdfast/sip';
import type { SipServerConfiguration } from './configuration.ts';
import type { SipServerEffect } from './effects.ts';
import type { OutboundTrunks } from './outbound-trunks.ts';
import { SiteLoad, wantedLessFor } from './site-load.ts';

/** What is told holds so long: a new measure comes each second, and the calls that bring it to a gateway a little later. */
export const FEEDBACK_VALID_MS = 3_000;

export interface CallOverloadPorts {
  readonly random: Random;
  readonly callsMax: number;
  wall(now: Millis): number;
  emit(effect: SipServerEffect): void;
}

export interface OverloadSurroundings {
  readonly trunks: OutboundTrunks;
  /** The trunk whose gateway has this address. */
  trunkAt(target: Pick<Target, 'host' | 'port'>): string | undefined;
  trunkFrom(request: SipRequest, source: Source): string | undefined;
  calls(): number;
}

export class CallOverload implements OverloadPort {
  readonly #ports: CallOverloadPorts;
  readonly #surroundings: OverloadSurroundings;
  readonly #load = new SiteLoad();
  #busyMax = 0;
  #isTold = false;

  constructor(ports: CallOverloadPorts, surroundings: OverloadSurroundings) {
    this.#ports = ports;
    this.#surroundings = surroundings;
  }

  configure({ overloadBusyMax = 0 }: Pick<SipServerConfiguration, 'overloadBusyMax'>): void {
    this.#busyMax = overloadBusyMax;
  }

  /** The share of the last second in which the process was at work, 0 to 1. */
  measured(now: Millis, busy: number): void {
    this.#load.measured(now, { busy, busyMax: this.#busyMax });
    const less = this.#load.wantedLess(now);
    if (less > 0 === this.#isTold) return;
    this.#isTold = less > 0;
    const [level, what] = this.#isTold
      ? (['warn', 'overload'] as const)
      : (['info', 'overload over'] as const);
    const share = `${Math.round(100 * busy)} % of the last second`;
    const because = this.#isTold
      ? `The process was at work for ${share}, more than overload-busy allows (${this.#busyMax} %): new calls are thinned out`
      : `The process was at work for ${share}: all calls are taken again`;
    this.#ports.emit({ type: 'log', line: { level, what, because } });
  }

  /** Whether a new call is refused: who obeys our feedback thins out by itself, and everybody else is thinned out here. */
  refuses(now: Millis, request: SipRequest, inbound: string | undefined): boolean {
    const less = this.#load.wantedLess(now);
    if (less === 0) return false;
    const via = topVia(request);
    // On arrival our feedback has taken the place of the offer.
    const isObeying =
      inbound !== undefined && via !== undefined && (via.params.has('oc') || offersOverload(via));
    return !isObeying && 100 * this.#ports.random() < less;
  }

  // ── the Via ──────────────────────────────────────────────────────────────────────────────────────────────

  isObeyed(target: Target): boolean {
    return this.#surroundings.trunkAt(target) !== undefined;
  }

  heard(now: Millis, target: Target, feedback: OverloadFeedback): void {
    const { trunks, trunkAt } = this.#surroundings;
    const trunk = trunkAt(target);
    if (trunk !== undefined) trunks.spare(now, trunk, feedback);
  }

  told(now: Millis, request: SipRequest, source: Source): OverloadFeedback | undefined {
    const { trunkFrom, calls } = this.#surroundings;
    if (trunkFrom(request, source) === undefined) return undefined;
    const byCalls = wantedLessFor(calls(), this.#ports.callsMax);
    const percent = Math.max(this.#load.wantedLess(now), byCalls);
    return { percent, validityMs: FEEDBACK_VALID_MS, seq: this.#ports.wall(now) / 1000 };
  }
}
