/**
 * Asks every leg that stands, about twice a minute, whether it still does (OPTIONS inside the dialog). A BYE that
 * was lost in a cut is not sent again for ever: after Timer F the other side has forgotten the call, and without
 * this question its leg would stand here until somebody counts [C47, D32]. A 481, or silence, ends the leg in the
 * user agent, and everything else follows from that.
 */
import { Deadlines, type Millis, type Random } from '@holdfast/kernel';
import type { LegId, SipUserAgent } from '@holdfast/sip';

/** With half of it as spread, so that the legs of one burst of calls are not asked as one. */
export const LEG_CHECK_EVERY_MS = 30_000;

export interface LegWatchPorts {
  readonly userAgent: SipUserAgent;
  readonly random: Random;
  run(output: ReturnType<SipUserAgent['receive']>): void;
}

export class LegWatch {
  readonly #ports: LegWatchPorts;
  readonly #due = new Deadlines<LegId>();

  constructor(ports: LegWatchPorts) {
    this.#ports = ports;
  }

  /** The leg stands: it is asked from now on. */
  watch(now: Millis, leg: LegId): void {
    this.#due.set(leg, now + LEG_CHECK_EVERY_MS * (0.75 + 0.5 * this.#ports.random()));
  }

  forget(leg: LegId): void {
    this.#due.clear(leg);
  }

  get size(): number {
    return this.#due.size;
  }

  nextDeadline(): Millis | undefined {
    return this.#due.next();
  }

  expire(now: Millis): void {
    for (let leg = this.#due.takeDue(now); leg !== undefined; leg = this.#due.takeDue(now)) {
      this.#ports.run(this.#ports.userAgent.sendInDialog(now, leg, 'OPTIONS', {}));
      this.watch(now, leg);
    }
  }
}
