/**
 * The legs of all calls, and what each is to its call. One that stands is asked from time to time whether it still
 * does; one whose connection is lost waits for its phone to come back over another [C42].
 */
import type { Millis } from '@holdfast/kernel';
import { isReliable, type LegId, type Target } from '@holdfast/sip';
import type { LegRole } from './call-record.ts';
import { LegWatch, type LegWatchPorts } from './leg-watch.ts';

export class CallLegs {
  readonly #ports: LegWatchPorts;
  readonly #roles = new Map<LegId, LegRole>();
  readonly #watch: LegWatch;
  /** Legs whose connection is lost. */
  readonly #adrift = new Set<LegId>();

  constructor(ports: LegWatchPorts) {
    this.#ports = ports;
    this.#watch = new LegWatch(ports);
  }

  get(leg: LegId): LegRole | undefined {
    return this.#roles.get(leg);
  }

  has(leg: LegId): boolean {
    return this.#roles.has(leg);
  }

  *of(call: LegRole['call']): Generator<LegId> {
    for (const [leg, role] of this.#roles) if (role.call === call) yield leg;
  }

  add(leg: LegId, role: LegRole): void {
    this.#roles.set(leg, role);
  }

  /** It is answered; unless it has been hung up meanwhile it is asked about from now on. */
  stands(now: Millis, leg: LegId): void {
    if (this.#roles.has(leg)) this.#watch.watch(now, leg);
  }

  /** It is dead, and its call stands without it for a while. */
  unwatch(leg: LegId): void {
    this.#watch.forget(leg);
    this.#adrift.delete(leg);
  }

  drop(leg: LegId): void {
    this.unwatch(leg);
    this.#roles.delete(leg);
  }

  /** A connection is lost: its legs wait for their phones to come back over another [C42]. */
  flowFailed(flow: string): void {
    for (const [leg, { dn }] of this.#roles) {
      if (dn !== undefined && this.#ports.userAgent.legInfo(leg)?.source?.flow === flow)
        this.#adrift.add(leg);
    }
  }

  /**
   * A leg that another server had: what connection it was spoken over ended with that one, so that its phone is waited
   * for as if the connection had been lost here [C42].
   */
  loaded(leg: LegId): void {
    const { dn } = this.#roles.get(leg) ?? {};
    const source = this.#ports.userAgent.legInfo(leg)?.source;
    if (dn !== undefined && source !== undefined && isReliable(source.transport)) this.#adrift.add(leg);
  }

  /** The phone of this DN is reached there: so are its legs whose connection was lost. */
  reached(dn: string, target: Target): void {
    if (this.#adrift.size === 0) return;
    for (const leg of this.#adrift) {
      if (this.#roles.get(leg)?.dn !== dn) continue;
      this.#adrift.delete(leg);
      this.#ports.userAgent.reachAt(leg, target);
    }
  }

  sizes(): { readonly legs: number; readonly watched: number } {
    return { legs: this.#roles.size + this.#adrift.size, watched: this.#watch.size };
  }

  nextDeadline(): Millis | undefined {
    return this.#watch.nextDeadline();
  }

  expire(now: Millis): void {
    this.#watch.expire(now);
  }
}
